"""Copies tables of a SQLite file to DuckDB, with Python's own sqlite3: DuckDB's reader would be a download.

A SQLite column holds values of any type. It becomes whole numbers, numbers or text, by what is in it; text is
looked at as in a CSV file, since SQLite has no dates and an import often leaves everything text.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np

from thalweg.errors import DataError
from thalweg.formulas.arrays import Array
from thalweg.problems.sources.csv_text import refuse_twice
from thalweg.problems.sources.size import require_room
from thalweg.problems.sources.sql import identifier, select

BLOCK = 50_000  # rows copied at a time


@contextmanager
def opened(path: Path, name: str) -> Iterator[sqlite3.Connection]:
    """The database, for reading; what is wrong with it is one sentence."""
    connection = None
    try:
        connection = sqlite3.connect(f"file:{quote(str(path.resolve()))}?mode=ro", uri=True)
        yield connection
    except sqlite3.Error as problem:
        raise DataError(f"{name} cannot be read as a SQLite database ({problem}); mend or copy it") from None
    finally:
        if connection is not None:
            connection.close()


def tables(database: sqlite3.Connection, name: str) -> dict[str, int]:
    """Tables and views with their numbers of rows."""
    sql = "SELECT name FROM sqlite_schema WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"
    names = [table for (table,) in database.execute(f"{sql} ORDER BY name")]
    refuse_twice([table.casefold() for table in names], name)
    return {t: database.execute(select("count(*)", identifier(t))).fetchone()[0] for t in names}


def copy(database: sqlite3.Connection, con: Any, to: str, table: str, rows: int, most: int, name: str) -> None:
    """Makes the DuckDB table `to` of a SQLite table."""
    names = [row[1] for row in database.execute(f"PRAGMA table_info({identifier(table)})")]
    require_room(min(most or rows, rows), len(names), f"table {table} of {name}")
    types = {column: type_of(database, table, column) for column in names}
    definition = ", ".join(f"{identifier(column)} {type_}" for column, type_ in types.items())
    con.execute(f"CREATE TABLE {to} ({definition})")
    chosen = ", ".join(f"hex({identifier(c)})" if t == "BLOB" else identifier(c) for c, t in types.items())
    answer = database.execute(select(chosen, identifier(table)))
    while block := answer.fetchmany(BLOCK):
        columns = zip(*block, strict=True)
        arrays = {f"c{i}": array_of(c, t) for i, (c, t) in enumerate(zip(columns, types.values(), strict=True))}
        con.register("block", arrays)
        con.execute(f"INSERT INTO {to} {select('*', 'block')}")
        con.unregister("block")


def type_of(database: sqlite3.Connection, table: str, column: str) -> str:
    """The narrowest of BIGINT, DOUBLE, VARCHAR that holds every value; BLOB where any is binary."""
    sql = select(f"DISTINCT typeof({identifier(column)})", identifier(table))
    types = {type_ for (type_,) in database.execute(sql)} - {"null"}
    if "blob" in types:
        return "BLOB"
    if "text" in types or not types:
        return "VARCHAR"
    return "DOUBLE" if "real" in types else "BIGINT"


def array_of(values: tuple[Any, ...], type_: str) -> Array:
    """(N,) values of one type; missing ones are NaN, masked or None."""
    if type_ == "DOUBLE":
        return np.array(values, dtype=np.float64)
    if type_ == "BIGINT":
        gaps = [value is None for value in values]
        whole = np.array([0 if value is None else value for value in values], dtype=np.int64)
        return np.ma.masked_array(whole, gaps)
    texts = np.empty(len(values), dtype=object)
    texts[:] = [None if value is None else str(value) for value in values]
    return texts
