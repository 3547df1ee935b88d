"""Do probabilities mean what they say? Rows are sorted into bins by what was predicted, and that is compared
with how often it came true.

With one output, the probability of class 1 is compared with how often class 1 occurs. With K > 1 outputs, the
probability of the class that was chosen is compared with how often that choice is right (Guo, Pleiss, Sun &
Weinberger 2017, section 2).
"""

from typing import Literal, NamedTuple

import numpy as np

from thalweg.errors import SpecError
from thalweg.formulas.arrays import Array

Bins = Literal["width", "rows"]


class Calibration(NamedTuple):
    """One entry per bin, on the last axis; bins without rows hold nan in `predicted` and `observed`."""

    predicted: Array  # (..., bins) mean probability
    observed: Array  # (..., bins) share of rows in which it came true
    weight: Array  # (..., bins) rows, or their weight
    edges: Array  # (..., bins + 1)


def claims(y, p):
    """y (B, K), p (..., B, K) -> (what was claimed (..., B), whether it came true (..., B))."""
    if p.shape[-1] == 1:
        return p[..., 0], np.broadcast_to(y[:, 0], p.shape[:-1])
    return p.max(-1), (y.argmax(-1) == p.argmax(-1)).astype(np.float64)


def calibration_curve(y, p, *, bins: int = 10, by: Bins = "width", weight=None) -> Calibration:
    """Predicted against observed, bin by bin. y (B, K), p (..., B, K), weight (B,) -> entries (..., bins).

    by="width": bins of equal width from 0 to 1. by="rows": edges at the quantiles of the predictions, so that
    bins hold equally many rows (ties may leave bins empty). A bin holds its right edge, not its left.

    >>> y, p = np.array([[0.0], [1.0], [1.0], [1.0]]), np.array([[0.3], [0.4], [0.9], [0.8]])
    >>> curve = calibration_curve(y, p, bins=2)
    >>> curve.predicted.round(2).tolist(), curve.observed.tolist(), curve.weight.tolist()
    ([0.35, 0.85], [0.5, 1.0], [2.0, 2.0])
    """
    if bins < 1 or by not in ("width", "rows"):
        raise SpecError(f"calibration has bins {bins} by {by!r}; expected 1 bin or more, by 'width' or 'rows'")
    y, p = np.asarray(y), np.asarray(p)
    claimed, came_true = claims(y, p)
    weight = np.ones(len(y)) if weight is None else np.asarray(weight, np.float64)
    lead = claimed.shape[:-1]
    sums, edges = np.empty((3, *lead, bins)), np.empty((*lead, bins + 1))
    for member in np.ndindex(*lead):
        c = claimed[member]
        edges[member] = np.linspace(0, 1, bins + 1) if by == "width" else np.quantile(c, np.linspace(0, 1, bins + 1))
        bin_of = np.searchsorted(edges[member][1:-1], c)
        for total, of in zip(sums, (c, came_true[member], 1.0), strict=True):
            total[member] = np.bincount(bin_of, weight * of, minlength=bins)
    held = np.where(sums[2] > 0, sums[2], np.nan)
    return Calibration(sums[0] / held, sums[1] / held, sums[2], edges)
