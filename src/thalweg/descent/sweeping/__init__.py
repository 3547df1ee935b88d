"""Sweeps as one computation: many runs of one table, advanced by compiled strides made from the formulas."""
