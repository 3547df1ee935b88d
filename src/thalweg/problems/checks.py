"""The shape guard at the public boundary: arrays are checked once, here, and trusted from then on.

y (N, 1) minus predictions (N,) is an (N, N) array that NumPy makes without a word, and training on it goes
quietly wrong. So y is (N, K) everywhere behind this door.
"""

from typing import Any

import numpy as np

from thalweg.errors import DataError, ShapeError
from thalweg.formulas.arrays import Array
from thalweg.problems.words import counted


def require_xy(X: Any, y: Any, weights: Any = None) -> tuple[Array, Array, Array | None]:
    """X (N, D), y (N,) or (N, K), weights (N,) or None, as float64; y comes back as (N, K), never (N,).

    >>> X, y, weights = require_xy([[1, 2], [3, 4]], [0, 1])
    >>> X.shape, y.shape, weights
    ((2, 2), (2, 1), None)
    """
    X, y = numbers(X, "X"), numbers(y, "y")
    if X.ndim != 2:
        hint = "use X.reshape(-1, 1) for one feature" if X.ndim == 1 else "use X.reshape(len(X), -1)"
        raise ShapeError(f"X has shape {X.shape}; expected (rows, features): {hint}")
    if X.shape[0] == 0 or X.shape[1] == 0:
        raise ShapeError(f"X has shape {X.shape}; expected at least one row and one feature")
    if y.ndim not in (1, 2):
        raise ShapeError(f"y has shape {y.shape}; expected (rows,) or (rows, outputs)")
    if y.ndim == 2 and y.shape[0] == 1 < len(X) == y.shape[1]:
        raise ShapeError(f"y has shape {y.shape} and X has {len(X)} rows; expected rows first: use y.T")
    same_rows(X, y, "y")
    y = y[:, None] if y.ndim == 1 else y
    finite(X, "X")
    finite(y, "y")
    return X, y, None if weights is None else require_weights(X, weights)


def require_weights(X: Array, weights: Any) -> Array:
    """Row weights (N,) that are finite, not negative and not all zero."""
    weights = numbers(weights, "weights")
    if weights.ndim == 2 and weights.shape[1] == 1:
        weights = weights[:, 0]
    if weights.ndim != 1:
        raise ShapeError(f"weights have shape {weights.shape}; expected (rows,)")
    same_rows(X, weights, "weights")
    finite(weights, "weights")
    refuse_weights(weights, "weights")
    return np.asarray(weights)


def refuse_weights(weights: Array, name: str) -> None:
    """Row weights (N,) below zero, or none above it."""
    low, high = weights.min(), weights.max()
    if low < 0 or high == 0:
        raise DataError(f"{name} go from {low:g} to {high:g}; expected none below 0 and some above it")


def numbers(values: Any, name: str) -> Array:
    """Any array-like of numbers or booleans as float64, C-contiguous."""
    if hasattr(values, "toarray"):
        raise DataError(f"{name} is a sparse matrix; expected a dense array: use {name}.toarray()")
    if np.ma.isMaskedArray(values) and np.ma.is_masked(values):
        raise DataError(f"{name} is a masked array with missing values; fill or drop them first")
    try:
        array = np.asarray(values)
    except ValueError:
        raise ShapeError(f"{name} has rows of different lengths; expected a rectangle of numbers") from None
    if array.dtype.kind == "O":
        try:
            array = array.astype(np.float64)
        except (TypeError, ValueError) as problem:
            raise DataError(f"{name} holds objects that are not numbers ({problem}); convert them first") from None
    if array.dtype.kind not in "biuf":
        raise DataError(f"{name} holds {array.dtype}; expected real numbers: convert it first")
    return np.ascontiguousarray(array, dtype=np.float64)


def same_rows(X: Array, other: Array, name: str) -> None:
    """As many rows on both sides."""
    if len(X) != len(other):
        have = "have" if name == "weights" else "has"
        raise ShapeError(f"X has {len(X)} rows but {name} {have} {len(other)}; split both with the same rows.")


def finite(array: Array, name: str) -> None:
    """No NaN and no infinity; says how many, and where the first one is."""
    bad = ~np.isfinite(array)
    if bad.any():
        where = tuple(int(i) for i in np.argwhere(bad)[0])
        place = f"row {where[0]}" + (f", column {where[1]}" if len(where) > 1 else "")
        values = counted(int(bad.sum()), "value").replace("value", "NaN or infinite value")
        raise DataError(f"{name} has {values}, the first in {place} (counted from 0); drop or fill those rows")
