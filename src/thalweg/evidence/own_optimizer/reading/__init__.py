"""How a learner's class or function wants to be called, found out by its names and by trying."""
