"""Columns of equal length as a file: CSV, TSV, Parquet, JSON or a line of JSON a row; or as CSV on stdout."""

import csv
import io
import os
import sys
from pathlib import Path
from typing import IO

import numpy as np

from thalweg.descent.files import plain_errors, write_whole
from thalweg.errors import FolderError
from thalweg.formulas.arrays import Array
from thalweg.problems.sources.engine import reason
from thalweg.problems.sources.sql import identifier, quoted

ENDINGS = (".csv", ".tsv", ".parquet", ".json", ".jsonl")


def put_rows(table: dict[str, Array]) -> None:
    """CSV on stdout, as UTF-8 like a file unless people look at it."""
    if isinstance(sys.stdout, io.TextIOWrapper) and not sys.stdout.isatty():
        sys.stdout.reconfigure(encoding="utf-8")
    try:
        as_csv(table, sys.stdout, ",")
        sys.stdout.flush()
    except BrokenPipeError:  # the reader has seen enough, as with | head
        raise
    except OSError as error:
        raise FolderError(f"cannot write to stdout: {error.strerror}; free some space, or choose a file") from None


def write_rows(table: dict[str, Array], path: Path) -> None:
    """A whole file or none, in the format that its ending names."""
    ending = path.suffix.lower()
    with plain_errors(path):
        if ending == ".parquet":
            as_parquet(table, path)
            return
        text = io.StringIO()
        if ending in (".csv", ".tsv"):
            as_csv(table, text, "\t" if ending == ".tsv" else ",")
        else:
            as_json_rows(table, text, lines=ending == ".jsonl")
        write_whole(path, text.getvalue().encode())


def as_csv(table: dict[str, Array], file: IO[str], separator: str) -> None:
    """Numbers as Python writes them, so that reading gives the same bits; nothing where there is no value."""
    writer = csv.writer(file, delimiter=separator, lineterminator="\n")
    writer.writerow(table)
    columns = [column.tolist() for column in table.values()]
    for row in zip(*columns, strict=True):
        writer.writerow(["" if value is None or value != value else value for value in row])  # noqa: PLR0124


def as_json_rows(table: dict[str, Array], file: IO[str], *, lines: bool) -> None:
    """An object for each row: an array of them, or one a line."""
    import msgspec

    names = list(table)
    columns = [column.tolist() for column in table.values()]
    rows = [msgspec.json.encode(dict(zip(names, row, strict=True))).decode() for row in zip(*columns, strict=True)]
    file.write("\n".join(rows) + "\n" if lines else "[\n" + ",\n".join(rows) + "\n]\n")


def as_parquet(table: dict[str, Array], path: Path) -> None:
    """Text and numbers in their own types."""
    import duckdb

    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    held = {f"c{i}": np.ascontiguousarray(column) for i, column in enumerate(table.values())}
    names = ", ".join(
        f"{f'CAST(c{i} AS VARCHAR)' if column.dtype == object else f'c{i}'} AS {identifier(name)}"
        for i, (name, column) in enumerate(table.items())
    )
    try:
        with duckdb.connect(config={"threads": 1, "autoinstall_known_extensions": False}) as connection:
            connection.register("held", held)
            connection.execute(f"COPY (SELECT {names} FROM held) TO {quoted(str(temporary))} (FORMAT parquet)")  # noqa: S608
        write_whole(path, temporary.read_bytes())
    except duckdb.Error as error:
        raise FolderError(f"cannot write {path}: {reason(error)}; free some space or choose another folder") from None
    finally:
        temporary.unlink(missing_ok=True)
