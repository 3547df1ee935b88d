"""From what was named to its columns: picks the reader by the ending, the database or the query."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from thalweg.errors import DataError
from thalweg.problems.sources import database, engine
from thalweg.problems.sources.columns import Columns
from thalweg.problems.sources.csv_file import csv_rows, require_room_for_all
from thalweg.problems.sources.digest import combined, contents_hash
from thalweg.problems.sources.json_file import json_rows
from thalweg.problems.sources.loading import load
from thalweg.problems.sources.memory import PREFIX, held_rows
from thalweg.problems.sources.parquet import parquet_rows
from thalweg.problems.sources.query import query_rows
from thalweg.problems.sources.relation import Relation
from thalweg.problems.sources.several import paths_of, stacked
from thalweg.problems.sources.sql import identifier, select
from thalweg.problems.words import listed

CSV_ENDINGS = (".csv", ".tsv", ".txt", ".data", ".csv.gz", ".tsv.gz", ".txt.gz")
PARQUET_ENDINGS = (".parquet", ".pq")
JSON_ENDINGS = (".json", ".jsonl", ".ndjson", ".json.gz", ".jsonl.gz", ".ndjson.gz")
FORMATS = {
    **dict.fromkeys(CSV_ENDINGS, "csv"),
    **dict.fromkeys(PARQUET_ENDINGS, "parquet"),
    **dict.fromkeys(JSON_ENDINGS, "json"),
    **dict.fromkeys(database.ENDINGS, "database"),
}


def open_source(
    source: str,
    *,
    query: str = "",
    rows: int = 0,
    seed: int = 0,
    name: str = "",
    only: Sequence[str] = (),
    how: Mapping[str, str] | None = None,
) -> Columns:
    """The columns of what was named; DataError says in one sentence what is wrong with it.

    source: the path of a CSV, TSV, JSON (each also .gz), Parquet, DuckDB or SQLite file; a glob of several
    files of one format; "memory:…" for data that `hold` was given; or "" when the query names its own files.
    query: SQL that DuckDB runs over the source; a file that is no database is its table `data`. rows: a uniform
    sample of so many rows, the same for the same seed, in the order of the source (0: all). name: what notices
    call the table, if not by its file name. only: the columns that are needed, if not all; the others cost no
    memory. how: readings by column name, as in `Columns.how`: those columns are read in this way, whatever their
    values look like (see `Columns.stray`).
    """
    if rows < 0:
        raise DataError(f"rows is {rows}; expected how many rows to sample, or 0 for all")
    con = engine.cursor()
    relation = rows_of(con, source, query, name, rows, len(only))
    columns = load(con, relation.only(tuple(only)), how=how or {}, rows=rows, seed=seed)
    return columns if columns.sha256 else replace(columns, sha256=contents_hash(columns, query))


def rows_of(con: Any, source: str, query: str, name: str, most: int, used: int) -> Relation:
    """The rows of the source, or of the query over it; nothing of them is read yet that need not be."""
    if not source:
        if not query:
            raise DataError("no data are named; give a file, or a query that names its own")
        return query_rows(con, query, name or "the query", typed=False, most=most)
    if "://" in source:
        raise DataError(f"{source} is an address; expected a file: download it first, nothing is fetched here")
    if source.startswith(PREFIX):
        return over_columns(con, replace(held_rows(source), name=name or source), query, most)
    paths = paths_of(source)
    formats = {path: format_of(path) for path in paths}
    name = name or (paths[0].name if len(paths) == 1 else Path(source).name)
    if formats[paths[0]] == "database" and len(paths) == 1:
        return database.database_rows(con, paths[0], query, name, most)
    if len(set(formats.values())) > 1 or "database" in formats.values():
        raise DataError(f"{source} fits files of several formats, or databases ({listed(paths, 4)}); name one kind")
    read = file_rows(con, paths, formats[paths[0]], name, 0 if query else most, 0 if query else used)
    return over_columns(con, read, query, most)


def file_rows(con: Any, paths: Sequence[Path], format_: str, name: str, most: int, used: int) -> Relation:
    """The rows of one or several files of a format."""
    sha256 = combined([hash_of(path) for path in paths])
    if format_ == "json":
        found = json_rows(con, paths, name, most)
    elif format_ == "csv":
        if len(paths) > 1:
            require_room_for_all(paths, name, most, used)
        found = one_or_several(paths, name, lambda path, label: csv_rows(path, label, most, used))
    else:
        found = one_or_several(paths, name, lambda path, label: parquet_rows(con, path, label, most, used))
    return replace(found, sha256=sha256)


def one_or_several(paths: Sequence[Path], name: str, read: Any) -> Relation:
    """read(path, label) of the only path, or of all."""
    return read(paths[0], name) if len(paths) == 1 else stacked(paths, name, read)


def over_columns(con: Any, relation: Relation, query: str, most: int) -> Relation:
    """The relation itself, or the answer of a query that calls it `data`, with its columns as they are read."""
    if not query:
        return relation
    columns = load(con, relation, how={})
    chosen = ", ".join(f"{c} AS {identifier(name)}" for name, c in columns.ids.items())
    if len({name.casefold() for name in columns.names}) < len(columns.names):
        raise DataError(f"{relation.name} has columns whose names differ by case alone; a query cannot tell them apart")
    con.execute(f"CREATE OR REPLACE TEMP TABLE data AS {select(chosen, 't')}")
    con.execute("DROP TABLE t")
    answer = query_rows(con, query, relation.name, typed=True, most=most)
    con.execute("DROP TABLE data")
    return replace(answer, notices=(*columns.notices, *answer.notices))


def format_of(path: Path) -> str:
    """How to read the file, by its ending, once it is there and readable."""
    try:
        path.stat()
    except FileNotFoundError:
        raise DataError(f"there is no file {path}; check the path") from None
    except (OSError, ValueError) as problem:
        reason = getattr(problem, "strerror", None) or problem
        raise DataError(
            f"{str(path)[:200]!r} cannot be opened ({reason}); check the path and its permissions"
        ) from None
    if path.is_dir():
        raise DataError(f"{path} is a folder; expected a file: name one in it, or several as {path.name}/*.csv")
    if not path.is_file():
        raise DataError(f"{path} is no ordinary file; expected one that can be read twice: save it first")
    lower = path.name.lower()
    ending = next((ending for ending in FORMATS if lower.endswith(ending)), None)
    if ending is None:
        known = ".csv, .tsv, .json, .jsonl (also .gz), .parquet, .duckdb or .sqlite"
        advice = ": save the sheet as CSV" if lower.endswith((".xls", ".xlsx", ".ods")) else ""
        advice = ": unpack it first" if lower.endswith((".zip", ".bz2", ".xz", ".zst", ".7z", ".tar.gz")) else advice
        raise DataError(f"{path.name} ends in {path.suffix or 'nothing'}; expected {known}{advice}")
    try:
        path.open("rb").close()
    except OSError as problem:
        raise DataError(f"{path} cannot be opened ({problem.strerror}); check its permissions") from None
    return FORMATS[ending]


def hash_of(path: Path) -> str:
    """sha256 of the file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
