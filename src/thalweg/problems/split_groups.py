"""Rows of one group (a patient, a customer, a machine) on one side of the split.

Rows of a group resemble each other; with some of them in training, a test on the others is a test of memory.
"""

import numpy as np

from thalweg.errors import DataError
from thalweg.formulas.arrays import Array
from thalweg.formulas.streams import Purpose, stream
from thalweg.problems.split import Split, check_fractions


def split_by_group(groups: Array, *, validation: float = 0.2, test: float = 0.2, seed: int = 0) -> Split:
    """groups (N,) whole numbers, one for each group; each row with −1 is a group of its own.

    Groups in random order, the largest first where sizes differ much, go to the part that lacks most rows.

    >>> parts = split_by_group(np.repeat(np.arange(10), 3))
    >>> [len(part) for part in (parts.train, parts.validation, parts.test)]
    [18, 6, 6]
    """
    check_fractions(validation, test, len(groups))
    own = groups.copy()
    own[groups < 0] = groups.max(initial=0) + 1 + np.arange((groups < 0).sum())
    _, codes, sizes = np.unique(own, return_inverse=True, return_counts=True)
    wanted = np.array([1 - validation - test, validation, test]) * len(groups)
    parts = int((wanted > 0).sum())
    if len(sizes) < parts:
        raise DataError(f"the rows form {len(sizes)} groups, too few for {parts} parts; set validation or test to 0")
    shuffled = stream(seed, Purpose.SPLIT).permutation(len(sizes))
    part_of = np.empty(len(sizes), np.intp)
    filled, taken = np.zeros(3), np.zeros(3, bool)
    for place, group in enumerate(shuffled[np.argsort(-sizes[shuffled], kind="stable")]):
        lacking = np.where(wanted > 0, wanted - filled, -np.inf)
        empty = (wanted > 0) & ~taken
        if len(sizes) - place <= empty.sum():  # the last groups go to parts that have none
            lacking[~empty] = -np.inf
        part = int(lacking.argmax())
        part_of[group] = part
        filled[part] += sizes[group]
        taken[part] = True
    return Split(*(np.flatnonzero(part_of[codes] == p).astype(np.intp) for p in range(3)))
