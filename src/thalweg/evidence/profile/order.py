"""Does the order of the rows mean something? Sorted or drifting targets, columns of time, rows of one and the same.

A random split of rows that know their neighbours, or stand for the same person, tests memory.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from thalweg.evidence.profile.naming import names_someone, names_time
from thalweg.evidence.profile.values import Values
from thalweg.formulas.arrays import Array
from thalweg.problems.recognise import FEW, named_like_id

ALIKE = 0.5  # share of the target's variation that neighbours have in common, from which on it is said
FEWEST = 20  # rows


@dataclass(frozen=True)
class Order:
    """kind: "sorted" by the target, "alike": neighbouring rows have more in common than chance brings, or "".

    alike: of a quantity 1 − von Neumann's ratio: what neighbours have in common of its variance (von Neumann 1941);
    of classes the share of changes from row to row that a random order would have and this one has not.
    column: one whose values each stand in one run of rows, as country in a table of countries and years; or "".
    """

    kind: str
    alike: float
    changes: int
    expected: float
    column: str = ""


@dataclass(frozen=True)
class TimeHint:
    """A column of time: the first and last moment, and how well it tells the target."""

    column: str
    earliest: str
    latest: str
    tells: float | None


@dataclass(frozen=True)
class GroupHint:
    """A column that names whatever several rows are about: how many there are, and rows of each on average."""

    column: str
    groups: int
    rows_each: float
    tells: float | None


def order_of(y: Array, classes: int, columns: Sequence[Values]) -> Order:
    """y (n,) in the order of the rows, codes where there are classes; columns of the same rows."""
    n = len(y)
    if n < 3:
        return Order("", 0.0, 0, 0.0)
    steps = np.diff(y)
    if classes:
        changes = int((steps != 0).sum())
        counts = np.bincount(y.astype(np.intp))
        expected = n - float(np.square(counts).sum()) / n
        alike = 1 - changes / expected if expected else 0.0
        in_order = changes == np.count_nonzero(counts) - 1
    else:
        changes, expected = 0, 0.0
        alike = float(1 - np.square(steps).mean() / (2 * y.var())) if y.var() > 0 else 0.0
        in_order = bool((steps >= 0).all() or (steps <= 0).all())
    by_chance = 5 / np.sqrt(n)  # five standard errors of either figure
    kind = "sorted" if in_order else "alike" if alike >= max(ALIKE, by_chance) else ""
    kind = kind if n >= FEWEST and alike > by_chance else ""
    return Order(kind, alike, changes, expected, in_runs(columns) if kind == "alike" else "")


def in_runs(columns: Sequence[Values]) -> str:
    """The column with the most values of which each stands in rows one after the other, several on average."""
    found = [
        (column.different, column.name)
        for column in columns
        if column.reading in ("text", "number") and column.different > 2 and 2 * column.different <= len(column.x)
        if not column.missing and np.count_nonzero(np.diff(column.x)) == column.different - 1
    ]
    return max(found, default=(0, ""))[1]


def time_hints(values: Mapping[str, Values], tells: Mapping[str, float]) -> tuple[TimeHint, ...]:
    """Dates, and numbers that are years by name and size."""
    found = []
    for name, column in values.items():
        year = column.reading == "number" and names_time(name) and years(column)
        if (column.reading == "date" or year) and column.different > 2:
            first, last = column.text(float(column.known.min())), column.text(float(column.known.max()))
            found.append(TimeHint(name, first, last, tells.get(name)))
    return tuple(found)


def years(column: Values) -> bool:
    """Whole numbers from 1500 to 2200."""
    known = column.known
    return bool(len(known) and known.min() >= 1500 and known.max() <= 2200 and (known == np.rint(known)).all())


def group_hints(values: Mapping[str, Values], tells: Mapping[str, float]) -> tuple[GroupHint, ...]:
    """Columns that name someone, by their name, and name them again."""
    found = []
    for name, column in values.items():
        if column.reading not in ("text", "number") or not (named_like_id(name) or names_someone(name)):
            continue
        whole = column.reading == "text" or bool((column.known == np.rint(column.known)).all())
        if whole and column.different > FEW and 2 * column.different <= len(column.known):
            each = len(column.known) / column.different
            found.append(GroupHint(name, column.different, each, tells.get(name)))
    return tuple(found)
