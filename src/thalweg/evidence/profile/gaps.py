"""Missing values: how many rows have some, which columns miss theirs together, and whether the target differs there."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import erfc, sqrt

import numpy as np

from thalweg.evidence.profile.values import Values
from thalweg.evidence.row_ids import row_ids
from thalweg.formulas.arrays import Array

PATTERNS = 10
FEWEST = 10  # rows with a gap, and without, between which the target is compared
SURE = 0.01  # chance of such a difference in any column, if gaps were spread at random
SHARE, TIMES, SPREADS = 0.1, 2.0, 0.2  # differences worth saying: in a share, as a factor of it, in standard deviations


@dataclass(frozen=True)
class Pattern:
    """Columns that are missing in the same rows."""

    columns: tuple[str, ...]
    rows: int


@dataclass(frozen=True)
class Related:
    """The target where a column is missing and where it is not: the share of one class, or the mean.

    p: the chance of so great a difference, over all columns and classes compared.
    """

    column: str
    cls: str
    where_missing: float
    elsewhere: float
    p: float


@dataclass(frozen=True)
class Gaps:
    """rows: those with a gap in some feature, `of` the rows that count; missing: column -> its gaps, the most first.

    patterns: which columns, exactly, miss their value in a row.

    together: columns whose gaps are in exactly the same rows. related: gaps that go with the target.
    """

    rows: int
    of: int
    missing: dict[str, int]
    patterns: tuple[Pattern, ...]
    together: tuple[Pattern, ...]
    related: tuple[Related, ...]


def gaps(columns: Sequence[Values]) -> Gaps:
    """Of the features; what it has to do with the target, `related` says."""
    some = [column for column in columns if column.missing]
    if not some:
        return Gaps(0, len(columns[0].x) if columns else 0, {}, (), (), ())
    ids = row_ids([column.gaps.astype(np.float64) for column in some])
    counts = np.bincount(ids)
    first = np.unique(ids, return_index=True)[1]
    found = [
        Pattern(tuple(column.name for column in some if column.gaps[row]), int(n))
        for row, n in zip(first, counts, strict=True)
    ]
    found = sorted((p for p in found if p.columns), key=lambda p: -p.rows)
    missing = {column.name: column.missing for column in sorted(some, key=lambda column: -column.missing)}
    return Gaps(sum(p.rows for p in found), len(ids), missing, tuple(found[:PATTERNS]), together(some), ())


def together(some: Sequence[Values]) -> tuple[Pattern, ...]:
    """Groups of columns with the same gaps."""
    groups: dict[bytes, list[Values]] = {}
    for column in some:
        groups.setdefault(np.packbits(column.gaps).tobytes(), []).append(column)
    shared = [Pattern(tuple(c.name for c in group), group[0].missing) for group in groups.values() if len(group) > 1]
    return tuple(sorted(shared, key=lambda p: -p.rows))


def related(columns: Sequence[Values], y: Array, classes: Sequence[str]) -> tuple[Related, ...]:
    """Columns whose gaps go with the target. y (N,): values, or codes of classes; none missing.

    If the gaps of a column were spread at random over the rows, the mean of the target in them would spread by
    s²/m · (1 − m/N) about the mean of all (sampling without replacement, Cochran 1977): no model is needed.
    """
    columns = [column for column in columns if column.missing]
    measured = [(name, (y == k).astype(np.float64)) for k, name in enumerate(classes)] or [("", y)]
    found = []
    for column in columns:
        gap, m, n = column.gaps, column.missing, len(y)
        if min(m, n - m) < FEWEST:
            continue
        name, z, values = max(((k, *unlikely(gap, v, m)) for k, v in measured), key=lambda one: abs(one[1]))
        p = min(1.0, erfc(abs(z) / sqrt(2)) * len(columns) * len(measured))
        one = Related(column.name, name, float(values[gap].mean()), float(values[~gap].mean()), p)
        if p < SURE and notable(one, float(y.std())):
            found.append(one)
    return tuple(sorted(found, key=lambda one: one.p))


def unlikely(gap: Array, values: Array, m: int) -> tuple[float, Array]:
    """How many standard errors the mean over m rows lies from the mean of all; and the values."""
    error = sqrt(float(values.var(ddof=1)) / m * (1 - m / len(values)))
    return ((float(values[gap].mean()) - float(values.mean())) / error if error > 0 else 0.0), values


def notable(one: Related, spread: float) -> bool:
    """A difference that someone would act on."""
    apart = abs(one.where_missing - one.elsewhere)
    if not one.cls:
        return apart >= SPREADS * spread
    low, high = sorted((one.where_missing, one.elsewhere))
    return apart >= SHARE or (high >= TIMES * low and apart >= SHARE / 5)
