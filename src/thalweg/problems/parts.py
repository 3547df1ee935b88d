"""What one column of a table becomes: columns of numbers, by what was fitted on the training rows.

    number    x  → x, gaps filled with the median               + a column that marks the gaps
    flag      x  → 0 or 1, gaps filled with the more frequent   + the same
    category  x  → a 0/1 column for each level but the usual one (which is 0 in all) and "other" for the rare
    date      x  → days since 1970; month, weekday and hour as points on a circle
    time      x  → the hour as a point on a circle

A level less than there are levels: all of them would sum to one, which the bias already says.
"""

from collections.abc import Callable
from typing import Any, Literal

import msgspec
import numpy as np

from thalweg.formulas.arrays import Array
from thalweg.problems.sources.columns import Columns
from thalweg.problems.stacked import Stacked

OTHER = "other"
DAY = 86400.0
# How far round the circle a moment (seconds since 1970-01-01, a Thursday) is, as a share.
CIRCLES: dict[str, Callable[[Array], Array]] = {
    "month": lambda s: month(s) / 12,
    "weekday": lambda s: np.floor(s / DAY + 3) % 7 / 7,
    "hour": lambda s: s % DAY / DAY,
}


class Filled(msgspec.Struct, frozen=True, tag_field="part", tag="number"):
    """A number or flag: x where it is there, `fill` where it is not, and 1 in a second column if `marks`."""

    column: str
    use: Literal["number", "flag"]
    fill: float
    marks: bool

    @property
    def names(self) -> tuple[str, ...]:
        return (self.column, *marked(self))

    def read(self, columns: Columns | Stacked) -> Array:
        """(N,) float64, NaN where missing."""
        return columns.numbers(self.column)

    def bounded(self, i: int) -> bool:
        """Does column i hold nothing but 0 and 1?"""
        return self.use == "flag" or i == 1

    def apply(self, values: Array) -> Array:
        """values (N,) -> (N, 1 or 2)."""
        gaps = np.isnan(values)
        return with_marks(np.where(gaps, self.fill, values)[:, None], gaps, self.marks)


class Category(msgspec.Struct, frozen=True, tag_field="part", tag="category"):
    """A 0/1 column for each of `levels`, one for all others if `other`; `usual` is 0 in all of them."""

    column: str
    usual: str
    levels: tuple[str, ...]
    other: bool
    marks: bool
    use: Literal["category"] = "category"

    @property
    def names(self) -> tuple[str, ...]:
        shown = (*self.levels, OTHER) if self.other else self.levels
        return (*(f"{self.column}={level}" for level in shown), *marked(self))

    def read(self, columns: Columns | Stacked) -> Array:
        """(N,) codes: NaN missing, −1 the usual level, 0 … the levels, len(levels) any other.

        Where training saw no "other", a level that it never saw counts as the usual one.
        """
        return self.places(*columns.codes(self.column))

    def places(self, codes: Array, found: tuple[str, ...]) -> Array:
        """The same from codes (N,) of the levels that were found."""
        rest = float(len(self.levels)) if self.other else -1.0
        known = {self.usual: -1.0} | {level: float(i) for i, level in enumerate(self.levels)}
        places = np.array([*(known.get(level, rest) for level in found), np.nan])
        return places[codes]

    def bounded(self, i: int) -> bool:
        """All of them hold nothing but 0 and 1."""
        return True

    def apply(self, values: Array) -> Array:
        """values (N,) codes -> (N, levels + other + marks)."""
        wide = len(self.levels) + self.other
        return with_marks((values[:, None] == np.arange(wide)).astype(np.float64), np.isnan(values), self.marks)

    def unseen(self, columns: Columns | Stacked) -> dict[str, int]:
        """{level: rows} of the levels that training never saw by name and now share a column or none."""
        codes, found = columns.codes(self.column)
        known = {self.usual, *self.levels}
        counts = np.bincount(codes[codes >= 0], minlength=len(found))
        return {level: int(n) for level, n in zip(found, counts, strict=True) if n and level not in known}


class Moment(msgspec.Struct, frozen=True, tag_field="part", tag="moment"):
    """A date or a time of day: gaps filled with the median moment; pieces of it, circles as sine and cosine."""

    column: str
    use: Literal["date", "time"]
    fill: float
    pieces: tuple[str, ...]
    marks: bool

    @property
    def names(self) -> tuple[str, ...]:
        return (*(f"{self.column} {piece}{way}" for piece, way in self.ways), *marked(self))

    @property
    def ways(self) -> tuple[tuple[str, str], ...]:
        """(piece, "" or " sin" or " cos") of each column but the mark."""
        return tuple((piece, way) for piece in self.pieces for way in ([""] if piece == "days" else [" sin", " cos"]))

    def read(self, columns: Columns | Stacked) -> Array:
        """(N,) seconds, NaN where missing."""
        return columns.times(self.column)

    def bounded(self, i: int) -> bool:
        """All but the days: points on a circle, and the mark of gaps."""
        return self.pieces[0] != "days" or i > 0

    def apply(self, values: Array) -> Array:
        """values (N,) seconds -> (N, columns)."""
        gaps = np.isnan(values)
        seconds = np.where(gaps, self.fill, values)
        found: list[Array] = []
        for piece in self.pieces:
            if piece == "days":
                found.append(seconds / DAY)
            else:
                angle = 2 * np.pi * CIRCLES[piece](seconds)
                found += [np.sin(angle).round(12), np.cos(angle).round(12)]  # sin π is no 1e-16: it is 0
        return with_marks(np.stack(found, axis=1), gaps, self.marks)


Part = Filled | Category | Moment


def with_marks(columns: Array, gaps: Array, marks: bool) -> Array:
    """columns (N, k), and a last one that is 1 where the value was missing."""
    return np.concatenate([columns, gaps[:, None]], axis=1) if marks else columns


def marked(part: Any) -> tuple[str, ...]:
    """The name of the column that marks gaps, if there is one."""
    return (f"{part.column} missing",) if part.marks else ()


def month(seconds: Array) -> Array:
    """The month, 0 … 11, of seconds since 1970."""
    days = np.floor(seconds / DAY).astype("datetime64[D]")
    return days.astype("datetime64[M]").astype(np.int64) % 12.0
