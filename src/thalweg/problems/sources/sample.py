"""A uniform sample of rows: which ones is drawn before they are read, so that any file is read in one pass."""

import numpy as np

from thalweg.errors import DataError
from thalweg.formulas.arrays import Array
from thalweg.formulas.streams import Purpose, stream

BLOCK = 1 << 20
MOST = 10**9  # rows; NumPy's hypergeometric numbers end here
FIRST = 1 << 31  # of the indices; those below belong to the samples that training is evaluated on


def chosen_rows(total: int, wanted: int, seed: int) -> Array:
    """`wanted` of the rows 0 … total − 1, in order; each set of rows is as likely as any other.

    Block by block: how many of the rows still wanted lie in the block is a hypergeometric number.

    >>> chosen_rows(10, 10, seed=0)
    array([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
    """
    if total >= MOST:
        raise DataError(f"a sample of {total:,} rows is not drawn; name fewer files, or sample with a query")
    found = []
    for i, start in enumerate(range(0, total, BLOCK)):
        rng = stream(seed, Purpose.SAMPLE, FIRST + i)
        size, after = min(BLOCK, total - start), max(0, total - start - BLOCK)
        share = int(rng.hypergeometric(size, after, wanted)) if wanted else 0
        found.append(start + np.sort(rng.choice(size, share, replace=False)))
        wanted -= share
    return np.concatenate(found)
