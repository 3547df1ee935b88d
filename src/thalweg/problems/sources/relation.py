"""Rows somewhere that DuckDB can read: in a file, in several, in a table. What every kind of source becomes."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from thalweg.errors import DataError
from thalweg.problems.sources.sql import select
from thalweg.problems.words import no_column


def general(problem: Exception, name: str) -> DataError:
    """One sentence for what DuckDB says while it reads."""
    from thalweg.problems.sources.engine import plain

    return plain(problem, f"{name} cannot be read", "mend it or save it again")


@dataclass(frozen=True)
class Relation:
    """sql: what stands after FROM, with columns c0, c1, … for names of any sign and case.

    types: DuckDB's, or `typed.WRITTEN` for text that is to be looked at. rows: how many there are, if known.
    separator: of a CSV file. blanks: what may stand around a written value beside the space. passing: a table of
    the cursor that is of no use once its rows are kept.
    sentence(problem, name): what to say when the rows cannot be read.
    """

    sql: str
    names: tuple[str, ...]
    types: tuple[str, ...]
    name: str
    sha256: str = ""
    rows: int | None = None
    separator: str = ""
    blanks: str = ""
    notices: tuple[str, ...] = ()
    passing: str = ""
    sentence: Callable[[Exception, str], DataError] = general

    @property
    def ids(self) -> list[str]:
        """The columns' names in SQL."""
        return [f"c{i}" for i in range(len(self.names))]

    def only(self, wanted: tuple[str, ...]) -> "Relation":
        """With the wanted columns alone, in the order of the source."""
        if not wanted:
            return self
        for name in wanted:
            if name not in self.names:
                raise DataError(no_column(name, self.names, self.name))
        kept = [i for i, name in enumerate(self.names) if name in set(wanted)]
        chosen = ", ".join(f"c{i} AS c{new}" for new, i in enumerate(kept))
        return replace(
            self,
            sql=f"({select(chosen, self.sql)})",
            names=tuple(self.names[i] for i in kept),
            types=tuple(self.types[i] for i in kept),
        )


def ask(con: Any, relation: Relation, sql: str) -> tuple[Any, ...]:
    """The first row of an answer about a relation; what goes wrong while it is read is one sentence."""
    return run(con, relation, sql).fetchall()[0]


def run(con: Any, relation: Relation, sql: str) -> Any:
    """Runs SQL that reads a relation; what goes wrong is one sentence."""
    import duckdb

    try:
        return con.execute(sql)
    except duckdb.Error as problem:
        raise relation.sentence(problem, relation.name) from None
