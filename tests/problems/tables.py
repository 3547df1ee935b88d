"""What the tests of tables share: files made from text or columns, and whether something was said."""

import csv
from pathlib import Path

from thalweg.problems.build import build, resolve
from thalweg.problems.sections import Table
from thalweg.problems.sources.opening import open_source


def written(folder: Path, text: str | bytes, name: str = "data.csv") -> Path:
    """A file with this text."""
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def csv_of(folder: Path, columns: dict, name: str = "data.csv") -> str:
    """A CSV file of columns of equal length; None is a gap."""
    path = folder / name
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        writer.writerows(["" if v is None else v for v in row] for row in zip(*columns.values(), strict=True))
    return str(path)


def columns_of(folder: Path, columns: dict, name: str = "data.csv"):
    """The opened source of such a file."""
    return open_source(csv_of(folder, columns, name))


def problem_of(folder: Path, columns: dict, name: str = "data.csv", **fields):
    """The problem of such a file, with its target in the column y unless said otherwise."""
    section = Table(**{"source": csv_of(folder, columns, name), "target": "y", **fields})
    return build(resolve(section))


def said(notices, *words: str) -> bool:
    """Whether one notice holds all the words."""
    return any(all(word in notice for word in words) for notice in notices)
