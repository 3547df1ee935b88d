"""Two tables, one under the other: rows to learn from, and a file of test rows with the same columns."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from thalweg.formulas.arrays import Array
from thalweg.problems.sources.columns import Columns


@dataclass(frozen=True, eq=False)
class Stacked:
    """Columns of the first table with the rows of both. It answers what `Columns` does.

    A column that the second one lacks, or that holds no value there, is missing in its rows.
    """

    first: Columns
    later: Columns
    notices: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return self.first.name

    @property
    def sha256(self) -> str:
        return self.first.sha256

    @property
    def names(self) -> tuple[str, ...]:
        return self.first.names

    @property
    def kinds(self) -> dict[str, str]:
        return self.first.kinds

    @property
    def rows(self) -> int:
        return self.first.rows + self.later.rows

    @property
    def remarks(self) -> dict[str, str]:
        return self.first.remarks

    @property
    def how(self) -> dict[str, str]:
        return self.first.how

    @property
    def stray(self) -> dict[str, tuple[int, str, int]]:
        return self.first.stray

    def numbers(self, name: str) -> Array:
        """(N,) float64, NaN where missing."""
        return self._both(name, "numbers", np.nan)

    def times(self, name: str) -> Array:
        """(N,) seconds, NaN where missing."""
        return self._both(name, "times", np.nan)

    def texts(self, name: str, most: int | None = None) -> Array:
        """(N,) objects: str or None; of the first `most` rows, if given."""
        if most is not None and most <= self.first.rows:
            return self.first.texts(name, most)
        return self._both(name, "texts", None)[:most]

    def codes(self, name: str) -> tuple[Array, tuple[str, ...]]:
        """(N,) positions in the levels of both, −1 where missing; those of the first table come first."""
        codes, levels = self.first.codes(name)
        if name not in self.later.kinds:
            return np.concatenate([codes, np.full(self.later.rows, -1)]), levels
        later, found = self.later.codes(name)
        places = {level: i for i, level in enumerate(dict.fromkeys((*levels, *found)))}
        own = np.array([*(places[level] for level in found), -1], dtype=np.intp)
        return np.concatenate([codes, own[later]]), tuple(places)

    def distinct(self, name: str) -> int:
        """How many different values there are in both."""
        return len(self.codes(name)[1])

    def _both(self, name: str, read: str, missing: Any) -> Array:
        """Values of the first table over those of the second."""
        found: list[Array] = []
        for table in (self.first, self.later):
            there = table.kinds.get(name, "empty") != "empty"
            found.append(getattr(table, read)(name) if there else np.full(table.rows, missing))
        return np.concatenate(found)
