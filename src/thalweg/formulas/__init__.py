"""Pure functions on arrays, NumPy only: what is taught, readable as in the paper."""
