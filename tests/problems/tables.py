"""What the tests of tables share: files made from text or columns, columns in memory, whether something was said."""

import csv
from pathlib import Path

import numpy as np

from thalweg.problems.build import build, resolve
from thalweg.problems.preparation import Preparation, fit_preparation
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


class Typed:
    """Columns in memory, as far as a preparation asks for them: no file, and fast enough for hypothesis."""

    name = "typed"

    def __init__(self, **columns):
        self.columns = columns
        self.rows = len(next(iter(columns.values())))

    def numbers(self, name):
        return np.array([np.nan if v is None else float(v) for v in self.columns[name]])

    def times(self, name):
        return np.array([np.nan if v is None else seconds(v) for v in self.columns[name]])

    def codes(self, name):
        levels = tuple(sorted({v for v in self.columns[name] if v is not None}))
        return np.array([-1 if v is None else levels.index(v) for v in self.columns[name]], dtype=np.intp), levels

    def distinct(self, name):
        return len(self.codes(name)[1])


def seconds(value):
    """Of a number, 2020-01-31, 2020-01-31 08:00 or 08:00."""
    if isinstance(value, str):
        day = value if "-" in value else f"1970-01-01 {value}"
        return float(np.datetime64(day.replace(" ", "T"), "s").astype(int))
    return float(value)


def fitted(columns, uses, train=None, levels=20):
    """(preparation, X of all rows, notices) fitted on some rows."""
    table = Typed(**columns)
    rows = np.arange(table.rows) if train is None else np.asarray(train)
    blocks, notices = fit_preparation(table, uses, rows, levels)
    preparation = Preparation("y", "regression", (), blocks, {})
    return preparation, preparation.apply(table), notices
