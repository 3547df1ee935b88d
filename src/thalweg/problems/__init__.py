"""What is minimised: named parameters, models, objectives, and the data behind them."""
