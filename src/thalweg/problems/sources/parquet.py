"""A Parquet file as rows that DuckDB reads; it keeps its own types, and text in it stays text."""

from pathlib import Path
from typing import Any

from thalweg.errors import DataError
from thalweg.problems.sources import size
from thalweg.problems.sources.csv_text import refuse_twice
from thalweg.problems.sources.engine import plain
from thalweg.problems.sources.relation import Relation
from thalweg.problems.sources.sql import file, identifier, select


def parquet_rows(con: Any, path: Path, name: str, most: int, used: int) -> Relation:
    """The file's rows. most: rows that are wanted (0: all), of `used` columns (0: all)."""
    source = f"read_parquet({file(path)}, hive_partitioning=false)"
    described = fetched(con, f"DESCRIBE {select('*', source)}", name)
    read = [(column, type_) for column, type_, *_ in described]
    names = column_names(con, path, name, len(read))
    (rows,) = fetched(con, select("count(*)", source), name)[0]
    size.require_room(min(most or rows, rows), used or len(names), name)
    chosen = ", ".join(f"{identifier(column)} AS c{i}" for i, (column, _) in enumerate(read))
    return Relation(
        sql=f"({select(chosen, source)})",
        names=names,
        types=tuple(type_ for _, type_ in read),
        name=name,
        rows=rows,
        sentence=broken,
    )


def column_names(con: Any, path: Path, name: str, expected: int) -> tuple[str, ...]:
    """As the file has them: DuckDB renames the second of two that are equal but for their case."""
    schema = fetched(con, select("name, num_children", f"parquet_schema({file(path)})"), name)
    names, at = [], 1
    while at < len(schema):
        names.append(schema[at][0])
        at = after(schema, at)
    refuse_twice(names, name)
    if len(names) != expected:
        raise DataError(f"{name} has columns that cannot be told apart; give each its own name")
    return tuple(names)


def after(schema: list[tuple[Any, ...]], at: int) -> int:
    """The place behind a column and all that is nested in it."""
    children, at = schema[at][1] or 0, at + 1
    for _ in range(children):
        at = after(schema, at)
    return at


def fetched(con: Any, sql: str, name: str) -> list[tuple[Any, ...]]:
    """All rows of an answer about the file."""
    import duckdb

    try:
        return con.execute(sql).fetchall()
    except duckdb.Error as problem:
        raise broken(problem, name) from None


def broken(problem: Exception, name: str) -> DataError:
    """What DuckDB says about a Parquet file."""
    return plain(problem, f"{name} is not a whole Parquet file", "write it again, or name text .csv")
