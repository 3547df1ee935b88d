"""Fewer points, the same picture: the lowest and the highest point of every column of pixels stay.

A line drawn through them covers the same pixels as the full one, so no peak is lost (Jugel et al. 2014, M4,
without the first and last point of each column, which only matter to joins narrower than a pixel).
"""

import numpy as np

from thalweg.formulas.arrays import Array

COLUMNS = 280


def thinned_line(u: Array, v: Array, columns: int = COLUMNS) -> Array:
    """Indices to keep of a line through (u, v), both finite (N,), u ascending in [0, 1]; all if few."""
    if len(u) <= 2 * columns:
        return np.arange(len(u))
    where = np.clip((u * columns).astype(int), 0, columns - 1)
    by_height = np.lexsort((v, where))
    starts = np.flatnonzero(np.diff(where[by_height], prepend=-1))
    ends = np.append(starts[1:], len(u)) - 1
    return np.unique(np.concatenate([[0, len(u) - 1], by_height[starts], by_height[ends]]))


def thinned_cloud(v: Array, most: int) -> Array:
    """Indices to keep of a cloud of points: at most `most`, evenly spread, and both extremes of v."""
    if len(v) <= most:
        return np.arange(len(v))
    evenly = np.linspace(0, len(v) - 1, most - 2).round().astype(int)
    return np.unique(np.concatenate([evenly, [v.argmin(), v.argmax()]]))


def thinned_rows(count: int, most: int = 30) -> Array:
    """At most `most` row numbers out of `count`, evenly spread, first and last among them."""
    return np.unique(np.linspace(0, max(0, count - 1), min(count, most)).round().astype(int))
