"""Rows of plain values for people and programs: an aligned table, CSV, Markdown or JSON."""

import csv
import io
import shutil
import sys
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Literal

from thalweg.interfaces.cli.say import put_json, say

Format = Literal["table", "csv", "markdown", "json"]
WIDEST = 48  # letters of a cell of a table


def put_table(columns: Sequence[str], rows: Iterable[Sequence[Any]], form: Format = "table") -> None:
    """Print rows on stdout. A table on a terminal is cut at its width, and says so."""
    rows = [list(row) for row in rows]
    if form == "json":
        put_json([dict(zip(columns, map(plain, row), strict=True)) for row in rows])
    elif form == "csv":
        print(as_csv(columns, rows), end="")
    elif form == "markdown":
        print(as_markdown(columns, rows), end="")
    else:
        put_aligned(columns, rows)


def put_aligned(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Columns under each other, numbers to the right."""
    cells = [[shown(value, widest=WIDEST) for value in row] for row in rows]
    widths = [max(len(name), *(len(row[i]) for row in cells)) if cells else len(name) for i, name in enumerate(columns)]
    right = [all(_number(row[i]) for row in rows) and bool(rows) for i in range(len(columns))]
    lines = [_line(columns, widths, right), *(_line(row, widths, right) for row in cells)]
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else 0
    wide = width and any(len(line) > width for line in lines)
    for line in lines:
        print(f"{line[: width - 1]}…" if wide and len(line) > width else line)
    if wide:
        say("note: cut at the width of this terminal; --format csv gives all in full")


def _line(cells: Sequence[str], widths: Sequence[int], right: Sequence[bool]) -> str:
    parts = (cell.rjust(w) if r else cell.ljust(w) for cell, w, r in zip(cells, widths, right, strict=True))
    return "  ".join(parts).rstrip()


def _number(value: Any) -> bool:
    return value is None or (isinstance(value, int | float) and not isinstance(value, bool))


def shown(value: Any, widest: int = 0) -> str:
    """A value in a line: numbers to five digits, times to the minute, nothing where there is none."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return f"{value:.5g}"
    text = f"{value:%Y-%m-%d %H:%M}" if isinstance(value, datetime) else " ".join(str(value).split())
    return f"{text[: widest - 1]}…" if widest and len(text) > widest else text


def plain(value: Any) -> Any:
    """A value as JSON has it; numbers that are not finite as text."""
    if isinstance(value, float) and value - value != 0:
        return str(value)
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value if isinstance(value, str | int | float) or value is None else str(value)


def as_csv(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """Numbers in full, nothing where there is none."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerows([columns, *([_cell(value) for value in row] for row in rows)])
    return out.getvalue()


def _cell(value: Any) -> Any:
    return (
        value.isoformat(" ")
        if isinstance(value, datetime)
        else str(value).lower()
        if isinstance(value, bool)
        else value
    )


def as_markdown(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """A table for a document."""
    lines = [columns, ["---"] * len(columns), *([shown(value).replace("|", "\\|") for value in row] for row in rows)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
