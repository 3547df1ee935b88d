"""A table that has been looked through: names, kinds, rows, and what was noticed; columns are fetched one by one.

The values lie in a DuckDB table t with one typed column per name (c0, c1, …), rows in the order of the source.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from thalweg.errors import DataError
from thalweg.formulas.arrays import Array
from thalweg.problems.sources.finding import READINGS
from thalweg.problems.sources.readings import NUMBER
from thalweg.problems.sources.sql import select
from thalweg.problems.sources.typed import text_of

PLAIN = ("number", "boolean")
TOGETHER = 64  # columns of one query
SMALL = 4_000_000  # cells up to which numbers are kept once they are fetched: 32 MB
PIECE = 1 << 18  # rows of a column that are fetched at once where it need not be there whole
KINDS = ("number", "boolean", "text", "date", "time", "empty", "other")


@dataclass(frozen=True, eq=False)
class Columns:
    """What a source holds, N rows of it.

    kinds: name -> one of KINDS. how: name -> the reading that was used (a key of finding.READINGS); handed to
    `open_source(…, how=…)` it reads another file the same way. remarks: name -> why a column that is mostly
    numbers is text. stray: name -> (how many values do not fit the column, the first of them, its data row
    counted from 1), for text that is mostly numbers and for columns that were read as `how` asked.
    """

    name: str
    sha256: str
    names: tuple[str, ...]
    kinds: dict[str, str]
    rows: int
    notices: tuple[str, ...]
    remarks: dict[str, str]
    how: dict[str, str]
    stray: dict[str, tuple[int, str, int]]
    connection: Any
    ids: dict[str, str]
    _kept: dict[str, Array] = field(default_factory=dict, repr=False)

    def numbers(self, name: str) -> Array:
        """(N,) float64 of numbers or booleans, NaN where missing; of text, NaN also where it is no number."""
        number = self._number(name)
        if self.kinds[name] in PLAIN and self.rows * len(self.names) <= SMALL:
            return self._together(name)
        return np.ascontiguousarray(self._fetch(number), dtype=np.float64)

    def pieces(self, name: str, *, times: bool = False) -> Iterator[tuple[int, Array]]:
        """(first row, values) of `numbers`, or of `times`, in turn: never more than PIECE rows of a large table."""
        if self.rows <= PIECE:
            yield 0, self.times(name) if times else self.numbers(name)
            return
        expression = self._time(name) if times else self._number(name)
        for start in range(0, self.rows, PIECE):
            some = f"WHERE rowid >= {start} AND rowid < {start + PIECE}"
            values = self.connection.execute(select(f"{expression} AS x", "t", some)).fetchnumpy()["x"]
            yield start, np.ascontiguousarray(values, dtype=np.float64)

    def _number(self, name: str) -> str:
        """SQL of a value as a number."""
        kind, c = self.kinds[name], self.ids[name]
        if kind in ("date", "time", "other"):
            raise DataError(f"column {name!r} of {self.name} is of the kind {kind}; expected numbers or true/false")
        reading = READINGS.get(self.how[name], NUMBER)
        strict = (reading if reading.kind == "number" else NUMBER).strict(c)
        value = strict if kind == "text" else f"CAST({c} AS DOUBLE)"
        return f"coalesce({value}, 'nan'::DOUBLE)"

    def _together(self, name: str) -> Array:
        """A number column of a small table, fetched with its neighbours and kept: a query costs more than its rows."""
        if name not in self._kept:
            plain = [other for other in self.names if self.kinds[other] in PLAIN]
            first = plain.index(name) // TOGETHER * TOGETHER
            some = plain[first : first + TOGETHER]
            asked = (f"coalesce(CAST({self.ids[n]} AS DOUBLE), 'nan'::DOUBLE) AS x{i}" for i, n in enumerate(some))
            found = self.connection.execute(select(", ".join(asked), "t")).fetchnumpy()
            for i, other in enumerate(some):
                values = np.ascontiguousarray(found[f"x{i}"], dtype=np.float64)
                values.setflags(write=False)
                self._kept[other] = values
        return self._kept[name]

    def texts(self, name: str, most: int | None = None) -> Array:
        """(N,) objects: str, or None where missing. Numbers as Python writes them, without a final .0.

        most: how many of the first rows are wanted, if not all.
        """
        column = self._fetch(self._text(name), most)
        values = np.array(np.ma.getdata(column), dtype=object)
        values[np.ma.getmaskarray(column)] = None
        return values

    def times(self, name: str) -> Array:
        """(N,) float64 seconds since 1970-01-01 UTC, or since midnight for times of day; NaN where missing."""
        return np.ascontiguousarray(self._fetch(self._time(name)), dtype=np.float64)

    def _time(self, name: str) -> str:
        """SQL of a value as seconds."""
        kind, c = self.kinds[name], self.ids[name]
        if kind not in ("date", "time", "empty"):
            raise DataError(f"column {name!r} of {self.name} is {kind}; expected dates or times")
        seconds = "CAST(NULL AS DOUBLE)" if kind == "empty" else f"epoch_us({c}) / 1e6"
        return f"coalesce({seconds}, 'nan'::DOUBLE)"

    def codes(self, name: str) -> tuple[Array, tuple[str, ...]]:
        """(N,) intp of positions in the levels, −1 where missing; and the levels, as text.

        The levels are sorted: text by code points, numbers by size, false before true, dates by time.
        """
        c = self.ids[name]
        some = f"WHERE {c} IS NOT NULL"
        # OR REPLACE: the table of levels lives until the next call.
        self.connection.execute(
            "CREATE OR REPLACE TEMP TABLE levels AS "
            + select("x, row_number() OVER (ORDER BY x) - 1 AS code", f"({select(f'DISTINCT {c} AS x', 't', some)})")
        )
        found = self.connection.execute(select("t.rowid AS row, code", f"t JOIN levels ON {c} = x")).fetchnumpy()
        codes = np.full(self.rows, -1, dtype=np.intp)
        codes[found["row"]] = found["code"]
        text = text_of(self.kinds[name], "x")
        levels = self.connection.execute(select(text, "levels", "ORDER BY code")).fetchall()
        return codes, tuple(level for (level,) in levels)

    def distinct(self, name: str) -> int:
        """How many different values there are; missing ones are not counted."""
        ((number,),) = self.connection.execute(select(f"count(DISTINCT {self.ids[name]})", "t")).fetchall()
        return int(number)

    def _text(self, name: str) -> str:
        return text_of(self.kinds[name], self.ids[name])

    def _fetch(self, expression: str, most: int | None = None) -> Any:
        # One thread and a table without deletions: rows come in the order in which they were put in.
        limit = "" if most is None else f"LIMIT {most}"
        return self.connection.execute(select(f"{expression} AS x", "t", limit)).fetchnumpy()["x"]
