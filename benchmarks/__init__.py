"""Measurements of thalweg, each against a stated goal or a peer. `python -m benchmarks NAME`."""
