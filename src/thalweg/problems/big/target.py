"""The target of a table on the disk: of few different values, a small number a row instead of the values."""

from dataclasses import dataclass

import numpy as np

from thalweg.errors import DataError
from thalweg.formulas.arrays import Array
from thalweg.problems.sections import Table as Section
from thalweg.problems.sources.columns import Columns
from thalweg.problems.table import target_values
from thalweg.problems.targets import Target, as_numbers, coded_values, few_whole

FEW = 255  # different values up to which a byte says which


@dataclass(frozen=True, eq=False)
class Values:
    """places (N,): where in `distinct` (V,), which is in order, the value of each row is; V where it is missing."""

    places: Array
    distinct: Array

    @property
    def present(self) -> Array:
        """A mask of the rows that have one."""
        return np.asarray(self.places < len(self.distinct))


def values_of(columns: Columns, name: str) -> Values:
    """The values of a column that is to be predicted."""
    if columns.kinds[name] not in ("number", "boolean"):
        codes, levels = columns.codes(name)
        size = np.min_scalar_type(len(levels))
        return Values(np.where(codes < 0, len(levels), codes).astype(size), np.array(levels, dtype=object))
    distinct = few_numbers(columns, name)
    if distinct is None:
        values, present = target_values(columns, name)
        distinct, own = np.unique(values[present], return_inverse=True)
        places = np.full(len(values), len(distinct), np.min_scalar_type(len(distinct)))
        places[present] = own
        return Values(places, distinct)
    places = np.full(columns.rows, len(distinct), np.uint8)
    for at, values in columns.pieces(name):
        known = ~np.isnan(values)
        places[at : at + len(values)][known] = np.searchsorted(distinct, values[known])
    return Values(places, distinct == 1.0 if columns.kinds[name] == "boolean" else distinct)


def few_numbers(columns: Columns, name: str) -> Array | None:
    """The different values in order, or None where there are more than `FEW`."""
    distinct = np.empty(0)
    for _, values in columns.pieces(name):
        distinct = np.union1d(distinct, values[~np.isnan(values)])
        if len(distinct) > FEW:
            return None
    return distinct


def target_of(values: Values, keep: Array, columns: Columns, section: Section) -> tuple[Target, Array | None]:
    """The target of the rows that are kept, with a number a row, and the class of each row."""
    name, task, positive = section.target, section.task, section.positive
    places = values.places[keep]
    # bincount makes eight bytes of each place.
    cuts = range(0, len(places), 1 << 18)
    counts = np.zeros(len(values.distinct), np.intp)
    for at in cuts:
        counts += np.bincount(places[at : at + (1 << 18)], minlength=len(counts))
    there = np.flatnonzero(counts)
    distinct, quantity = values.distinct[there], values.distinct.dtype.kind == "f"
    try:
        few = quantity and few_whole(distinct, len(places))
        if task == "regression" or (task == "auto" and not positive and quantity and not few):
            return as_numbers(values.distinct[places], name, task), None
        own, found, classes, notices = coded_values(distinct, counts[there], name, task, positive)
    except DataError as problem:
        raise DataError("; ".join([str(problem), *filter(None, [columns.remarks.get(name)])])) from None
    codes = np.zeros(len(counts), np.min_scalar_type(len(classes)))
    codes[there] = own
    codes = codes[places]
    # A split takes classes in the order of their one-hot rows, in which the last class comes first.
    labels = codes if found == "binary" else len(classes) - 1 - codes
    return Target(labels[:, None], found, classes, notices), codes
