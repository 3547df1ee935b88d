"""DuckDB and SQLite database files: one table, or what a query makes of several. They are only ever read."""

import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from thalweg.errors import DataError
from thalweg.problems.sources import sqlite
from thalweg.problems.sources.engine import reason
from thalweg.problems.sources.query import query_rows, tables_named
from thalweg.problems.sources.relation import Relation
from thalweg.problems.sources.size import require_room
from thalweg.problems.sources.sql import identifier, quoted, select
from thalweg.problems.words import counted, listed

ENDINGS = (".duckdb", ".ddb", ".db", ".sqlite", ".sqlite3", ".db3")
KEYWORDS = {
    "ALL",
    "CASE",
    "CAST",
    "DEFAULT",
    "DESC",
    "FROM",
    "GROUP",
    "IN",
    "LIMIT",
    "ORDER",
    "SELECT",
    "TABLE",
    "USER",
}
SQLITE, DUCKDB = b"SQLite format 3\0", b"DUCK"


def database_rows(con: Any, path: Path, query: str, name: str, most: int) -> Relation:
    """The rows of the query's answer, or of the only table there is."""
    with path.open("rb") as file:
        head = file.read(16)
    if head == SQLITE:
        return sqlite_rows(con, path, query, name, most)
    if head[8:12] == DUCKDB:
        return duckdb_rows(con, path, query, name, most)
    raise DataError(f"{name} is no DuckDB or SQLite database by its first bytes; give it the ending that fits")


def duckdb_rows(con: Any, path: Path, query: str, name: str, most: int) -> Relation:
    """A DuckDB file, attached for reading."""
    with attached(con, path, name) as alias:
        found = con.execute(
            "SELECT schema_name, table_name FROM duckdb_tables() WHERE database_name = $1 AND NOT internal UNION ALL "
            "SELECT schema_name, view_name FROM duckdb_views() WHERE database_name = $1 AND NOT internal ORDER BY ALL",
            [alias],
        ).fetchall()
        known = [shown(table) if schema == "main" else f"{shown(schema)}.{shown(table)}" for schema, table in found]
        if query:
            return query_rows(con, query, name, typed=True, most=most, known=known)
        counts = {table: con.execute(select("count(*)", table)).fetchall()[0][0] for table in known}
        table = the_table(counts, name)
        columns = len(con.execute(f"DESCRIBE {table}").fetchall())
        require_room(min(most or counts[table], counts[table]), columns, name)
        return unordered(query_rows(con, select("*", table), name, typed=True, most=most))


def sqlite_rows(con: Any, path: Path, query: str, name: str, most: int) -> Relation:
    """A SQLite file: the tables that are needed are copied, and the query is DuckDB's."""
    with sqlite.opened(path, name) as database, attached(con, None, name) as alias:
        counts = sqlite.tables(database, name)
        if query:
            named = {table.casefold() for table in tables_named(con, query)}
            wanted = [table for table in counts if table.casefold() in named]
        else:
            the_table({shown(table): rows for table, rows in counts.items()}, name)
            wanted = list(counts)
        for table in wanted:
            sqlite.copy(database, con, f"{alias}.{identifier(table)}", table, counts[table], most, name)
        if query:
            return query_rows(con, query, name, typed=False, most=most, known=list(map(shown, counts)))
        return unordered(query_rows(con, select("*", shown(wanted[0])), name, typed=False, most=most))


@contextmanager
def attached(con: Any, path: Path | None, name: str) -> Iterator[str]:
    """A database file for reading, or (None) a new one in memory; names without a schema mean its tables."""
    import duckdb

    alias = f"source_{secrets.token_hex(6)}"
    try:
        con.execute(
            f"ATTACH {quoted(str(path.absolute()))} AS {alias} (READ_ONLY)" if path else f"ATTACH ':memory:' AS {alias}"
        )
    except duckdb.Error as problem:
        if "lock" in str(problem) or "already attached" in str(problem):
            raise DataError(
                f"{name} is in use, here or in another program, which can write to it; close it there"
            ) from None
        raise DataError(f"{name} cannot be opened as a database ({reason(problem)}); mend or copy it") from None
    try:
        con.execute(f"USE {alias}")
        yield alias
    finally:
        con.execute("USE memory")
        con.execute(f"DETACH {alias}")


def the_table(counts: dict[str, int], name: str) -> str:
    """The only table; with none or several, a refusal that lists them."""
    if not counts:
        raise DataError(f"{name} has no tables; expected one with rows to learn from")
    if len(counts) > 1:
        tables = listed((f"{table} ({counted(n, 'row')})" for table, n in counts.items()), 20)
        first = next(iter(counts))
        example = select("*", first).replace('"', '\\"')
        raise DataError(f'{name} has {len(counts)} tables: {tables}; say which with --query "{example}"')
    return next(iter(counts))


def shown(name: str) -> str:
    """A table's name as it is written in a query: in quotation marks only where it needs them."""
    return name if re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name) and name.upper() not in KEYWORDS else identifier(name)


def unordered(relation: Relation) -> Relation:
    """Without the notice on the order of rows: that of a whole table is the database's own."""
    return replace(relation, notices=())
