"""The median of more values than memory holds: exact, by counting instead of sorting."""

from collections.abc import Callable, Iterator

import numpy as np

from thalweg.formulas.arrays import Array

Pieces = Callable[[], Iterator[Array]]  # the values, a piece at a time, as often as they are asked for
ROOM = 1 << 19  # values that may be in memory at once
BITS = 16  # of a value, by which it is counted in one pass


def median(pieces: Pieces, count: int) -> float:
    """Of `count` values of which none is missing; the mean of two huge values stays finite.

    >>> median(lambda: iter([np.array([3.0, 1.0]), np.array([2.0])]), 3)
    2.0
    """
    low = high = ranked(pieces, (count - 1) // 2, count)
    if count % 2 == 0 and sum(int(np.count_nonzero(values <= low)) for values in pieces()) <= count // 2:
        high = min(float(values[values > low].min(initial=np.inf)) for values in pieces())
    return low + 0.0 if low == high else 2 * (low / 4 + high / 4)


def ranked(pieces: Pieces, rank: int, count: int) -> float:
    """The value with `rank` of the `count` values below it.

    A pass counts the values by the first 16 bits of their order, the next one those that share the bits of the one
    looked for by the next 16, and so on, until the values that are left fit in memory: four passes at most.
    """
    prefix, shift = 0, 64
    while count > ROOM and shift:
        shift -= BITS
        tally = np.zeros(1 << BITS, np.int64)
        for values in pieces():
            keys = ordered(values)
            keys = keys[keys >> np.uint64(shift + BITS) == prefix] if prefix or shift < 64 - BITS else keys
            tally += np.bincount((keys >> np.uint64(shift) & np.uint64(0xFFFF)).astype(np.intp), minlength=1 << BITS)
        bin_ = int(np.searchsorted(np.cumsum(tally), rank, "right"))
        rank, count, prefix = rank - int(tally[:bin_].sum()), int(tally[bin_]), prefix << BITS | bin_
    if not shift:
        return float(restored(np.array([prefix], np.uint64))[0])
    found = [values if shift == 64 else values[ordered(values) >> np.uint64(shift) == prefix] for values in pieces()]
    return float(np.partition(np.concatenate(found), rank)[rank])


def ordered(values: Array) -> Array:
    """Whole numbers (N,) uint64 that are in the order of the float64 values; 0 and −0 are one."""
    bits = (values + 0.0).view(np.uint64)
    top = np.uint64(1 << 63)
    return np.where(bits & top, ~bits, bits | top)


def restored(keys: Array) -> Array:
    """The values of these numbers."""
    top = np.uint64(1 << 63)
    return np.where(keys & top, keys & ~top, ~keys).view(np.float64)
