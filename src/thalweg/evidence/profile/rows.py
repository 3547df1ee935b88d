"""Rows that stand twice, and rows with the same features and another target."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from thalweg.evidence.profile.values import Values
from thalweg.evidence.row_ids import repeats, row_ids
from thalweg.formulas.arrays import Array


@dataclass(frozen=True)
class RowsProfile:
    """repeated: rows that equal an earlier one in every column. alike: those whose features do, whatever the rest.

    contradictory: rows that have the features of another row and another target. ceiling: what no model of these
    features can exceed on these rows: an accuracy, or for a quantity R².
    """

    rows: int
    repeated: int
    alike: int
    contradictory: int
    ceiling: float | None


def whole_rows(columns: Sequence[Values]) -> int:
    """How many rows repeat an earlier one."""
    return repeats(row_ids([column.x for column in columns])) if columns else 0


def contradictions(ids: Array, y: Array, *, quantity: bool) -> tuple[int, float]:
    """(rows, ceiling) of features ids (n,) and targets y (n,), neither missing."""
    ids = np.unique(ids, return_inverse=True)[1]
    groups = int(ids.max()) + 1
    values, codes = np.unique(y, return_inverse=True)
    pairs, rows = np.unique(ids * len(values) + codes, return_counts=True)
    group = pairs // len(values)
    different = np.bincount(group, minlength=groups)
    size = np.bincount(ids, minlength=groups)
    if not quantity:
        most = np.zeros(groups, np.intp)
        np.maximum.at(most, group, rows)
        return int(size[different > 1].sum()), float(most.sum() / len(y))
    mean = np.bincount(ids, y, minlength=groups) / size
    left, around = np.square(y - mean[ids]).sum(), np.square(y - y.mean()).sum()
    return int(size[different > 1].sum()), float(1 - left / around) if around > 0 else 1.0
