"""Compiled updates and epochs, generated from the formulas. Numba is needed; without it NumPy does the same."""
