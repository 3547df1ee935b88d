"""Which rows of a table are equal: a number for each row, the same for rows that are equal to the last bit.

Each row is hashed to 64 bits, column by column, so that a column is looked at once and no row is built; equal
hashes are then compared, so that the answer is exact.
"""

from collections.abc import Sequence

import numpy as np

from thalweg.formulas.arrays import Array

MISSING = np.uint64(0x7FF8_0000_0000_0000)  # every NaN counts as the same


def row_ids(columns: Sequence[Array]) -> Array:
    """columns: D arrays (N,) of numbers -> (N,) whole numbers from 0, in the order in which rows first appear.

    −0 equals 0, and NaN equals NaN.

        >>> row_ids([np.array([1.0, 2.0, 1.0]), np.array([0.0, 0.0, -0.0])]).tolist()
        [0, 1, 0]
    """
    hashes = np.zeros(len(columns[0]), np.uint64)
    for column in columns:
        hashes = mixed(hashes ^ words(column))
    ids, first = numbered(hashes)
    if all(np.array_equal(w, w[first[ids]]) for w in map(words, columns)):
        return ids
    return compared(columns)  # two different rows had one hash: once in 2⁶⁴ pairs


def words(column: Array) -> Array:
    """(N,) numbers as 64-bit words that are equal where the numbers are."""
    x = np.asarray(column, np.float64) + 0.0  # −0 becomes 0
    return np.where(np.isnan(x), MISSING, x.view(np.uint64))


def mixed(z: Array) -> Array:
    """Every bit of a word spread over all of it: the finish of SplitMix64 (Steele, Lea & Flood 2014)."""
    z = z + np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray(z ^ (z >> np.uint64(31)))


def numbered(values: Array) -> tuple[Array, Array]:
    """(ids (N,), first (G,)): equal values share an id, from 0 by first appearance, and the row of that."""
    _, first, ids = np.unique(values, return_index=True, return_inverse=True)
    order = np.argsort(first)
    rank = np.empty_like(order)
    rank[order] = np.arange(len(order))
    return rank[ids], first[order]


def compared(columns: Sequence[Array]) -> Array:
    """The same ids by comparing whole rows."""
    seen: dict[tuple[int, ...], int] = {}
    rows = zip(*(words(column).tolist() for column in columns), strict=True)
    return np.fromiter((seen.setdefault(row, len(seen)) for row in rows), np.intp)


def repeats(ids: Array) -> int:
    """How many rows repeat an earlier one."""
    return len(ids) - int(ids.max(initial=-1)) - 1
