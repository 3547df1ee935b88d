"""What can be drawn at all: every chart passes its input through here first.

Nothing a caller hands over may raise a warning or put a NaN into a path, so the numbers are made float64,
infinities become NaN (a gap), and magnitudes are held within 1e-290 … 1e300, where sums and logarithms of
a few of them can neither overflow nor vanish.
"""

import base64
from collections.abc import Iterable

import numpy as np
from numpy.typing import ArrayLike

from thalweg.formulas.arrays import Array

LARGEST = 1e300
SMALLEST = 1e-290


def numbers(values: ArrayLike) -> Array:
    """`values` of any shape as float64 of the same shape; what is not finite becomes NaN."""
    with np.errstate(all="ignore"):
        found: Array = np.array(values, dtype=np.float64)
        found[~np.isfinite(found)] = np.nan
        found = np.asarray(np.clip(found, -LARGEST, LARGEST))
        found[np.abs(found) < SMALLEST] = 0.0
    return found


def column(values: ArrayLike) -> Array:
    """`values` as one flat column of drawable numbers (N,)."""
    return numbers(values).ravel()


def finite(*columns: Array) -> Array:
    """All finite numbers of the columns in one."""
    merged = np.concatenate([np.zeros(0), *(np.ravel(c) for c in columns)])
    return merged[np.isfinite(merged)]


def rows_that_fit(columns: Iterable[Array]) -> int:
    """How many rows the columns have in common; longer ones are cut, never refused."""
    return min((len(c) for c in columns), default=0)


def packed(values: Array) -> str:
    """Numbers for the script: little-endian floats in base64, after their type.

    Four bytes each unless a magnitude needs eight; hovering shows four digits and float32 has seven.
    """
    known = np.abs(values[np.isfinite(values) & (values != 0)])
    small_enough = known.size == 0 or (known.max() < 1e38 and known.min() > 1e-37)
    kind = "f4" if small_enough else "f8"
    return kind + base64.b64encode(values.astype("<" + kind).tobytes()).decode("ascii")
