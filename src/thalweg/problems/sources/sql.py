"""SQL made of parts: our own column names c0, c1, …, and texts and names of others, which are quoted here."""

import glob
from pathlib import Path

from thalweg.errors import DataError


def select(what: str, source: str, rest: str = "") -> str:
    """SELECT what FROM source rest."""
    return f"SELECT {what} FROM {source} {rest}".rstrip()  # noqa: S608  parts are ours, or quoted below


def quoted(text: str) -> str:
    """A text as SQL text."""
    return "'" + text.replace("'", "''") + "'"


def identifier(name: str) -> str:
    """A name as an SQL name."""
    return '"' + name.replace('"', '""') + '"'


def file(path: Path) -> str:
    """A path as SQL text that means this one file: DuckDB takes a[1].csv for a pattern, which a1.csv fits.

    Absolute, so that neither ~ nor what looks like the name of a protocol comes first.
    """
    text = str(path.absolute())
    if "\\" in text and text != glob.escape(text):
        raise DataError(f"the path {text} holds both a backslash and one of * ? [, which cannot be read; rename it")
    return quoted(glob.escape(text))
