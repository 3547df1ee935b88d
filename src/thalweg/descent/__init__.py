"""How it is minimised: methods, the loop, stopping, histories, checkpoints. A Run is a function of its Spec."""
