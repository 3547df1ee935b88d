"""The columns of a table, each read once: numbers, or codes of levels, with NaN for what is missing."""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, cast

import numpy as np

from thalweg.formulas.arrays import Array
from thalweg.problems.sources.columns import Columns
from thalweg.problems.stacked import Stacked


@dataclass(frozen=True, eq=False)
class Values:
    """x (N,): numbers, 0 and 1 of booleans, seconds of dates and times, else codes of the sorted levels.

    reading: "number", "flag", "date", "time", "text" or "empty": how the values are to be taken.
    """

    name: str
    kind: str
    reading: str
    x: Array
    levels: tuple[str, ...] = ()

    @cached_property
    def gaps(self) -> Array:
        """Mask (N,) of the rows without a value."""
        return np.isnan(self.x)

    @cached_property
    def missing(self) -> int:
        """How many rows have no value."""
        return int(self.gaps.sum())

    @cached_property
    def known(self) -> Array:
        """The values that are there."""
        return self.x if not self.missing else self.x[~self.gaps]

    @cached_property
    def distinct(self) -> tuple[Array, Array]:
        """(values, rows of each) from small to large."""
        values, rows = np.unique(self.known, return_counts=True)
        return values, rows

    @property
    def different(self) -> int:
        """How many different values there are."""
        return len(self.distinct[0])

    @property
    def constant(self) -> bool:
        """One value wherever there is one."""
        return self.different <= 1

    @property
    def ordered(self) -> bool:
        """Whether more and less mean something."""
        return self.reading in ("number", "date", "time")

    def at(self, rows: Array) -> "Values":
        """The same column at some rows."""
        return self if len(rows) == len(self.x) else replace(self, x=self.x[rows])

    def as_levels(self) -> "Values":
        """Numbers that stand for levels, sorted by size."""
        if self.reading == "text":
            return self
        found, codes = np.unique(self.known, return_inverse=True)
        x = np.full(len(self.x), np.nan)
        x[~self.gaps] = codes
        return replace(self, reading="text", x=x, levels=tuple(self.text(float(value)) for value in found))

    def text(self, value: float) -> str:
        """A value as people write it."""
        if self.reading == "text":
            return self.levels[int(value)]
        if self.reading == "flag":
            return "true" if value else "false"
        if self.reading == "date":
            return date_text(value)
        if self.reading == "time":
            return clock_text(value)
        return str(int(value)) if value == np.rint(value) and abs(value) < 1e15 else f"{value:.15g}"


@dataclass(frozen=True, eq=False)
class Held:
    """The columns of a table in memory. It answers what `Columns` does, without asking the source again."""

    source: Columns | Stacked
    values: dict[str, Values]

    @classmethod
    def of(cls, columns: Columns | Stacked) -> "Held":
        """Reads every column once."""
        return cls(columns, {name: one_column(columns, name) for name in columns.names})

    def as_columns(self) -> Columns:
        """For those who expect `Columns`: it has all that they ask for."""
        return cast(Columns, self)

    def __getattr__(self, name: str) -> Any:  # name, names, kinds, rows, stray, remarks, how
        return getattr(self.source, name)

    def numbers(self, name: str) -> Array:
        """(N,) float64, NaN where missing."""
        return self.values[name].x

    times = numbers

    def codes(self, name: str) -> tuple[Array, tuple[str, ...]]:
        """(N,) positions in the sorted levels, −1 where missing; and the levels."""
        column = self.values[name].as_levels()
        return np.where(column.gaps, -1, column.x).astype(np.intp), column.levels

    def texts(self, name: str, most: int | None = None) -> Array:
        """(N,) objects: str, or None where missing; of the first `most` rows, if given."""
        codes, levels = self.codes(name)
        return np.array([*levels, None], dtype=object)[codes[:most]]

    def distinct(self, name: str) -> int:
        """How many different values there are."""
        return self.values[name].different


def one_column(columns: Columns | Stacked, name: str) -> Values:
    """Text that is used as numbers is taken as numbers."""
    kind = columns.kinds[name]
    if kind == "empty":
        return Values(name, kind, "empty", np.full(columns.rows, np.nan))
    if kind in ("number", "boolean"):
        return Values(name, kind, "flag" if kind == "boolean" else "number", columns.numbers(name))
    if kind in ("date", "time"):
        return Values(name, kind, kind, columns.times(name))
    if kind == "text" and name in columns.stray:
        return Values(name, kind, "number", columns.numbers(name))
    codes, levels = columns.codes(name)
    return Values(name, kind, "text", np.where(codes < 0, np.nan, codes), levels)


def date_text(seconds: float) -> str:
    """`2013-01-31`, with the time of day where there is one."""
    day, rest = divmod(int(np.floor(seconds)), 86400)
    date = str(np.datetime64(day, "D"))
    return f"{date} {clock_text(rest)}" if rest else date


def clock_text(seconds: float) -> str:
    """`05:00`, or `05:00:07`."""
    hours, rest = divmod(int(np.floor(seconds)), 3600)
    minutes, rest = divmod(rest, 60)
    return f"{hours:02}:{minutes:02}:{rest:02}" if rest else f"{hours:02}:{minutes:02}"
