"""The columns as the model would get them: what is fitted on the training rows, and those columns at some rows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from thalweg.formulas.arrays import Array
from thalweg.formulas.streams import Purpose, stream
from thalweg.problems.preparation import Preparation, fit_preparation
from thalweg.problems.sources.columns import Columns
from thalweg.problems.stacked import Stacked

MOST_ROWS, MOST_CELLS = 20_000, 10_000_000


@dataclass(frozen=True, eq=False)
class Encoding:
    """X (n, D) of some of the rows fitted on; names (D,), and sources (D,), the column of the table each is from."""

    X: Array
    names: tuple[str, ...]
    sources: tuple[str, ...]
    fitted_on: int
    notices: tuple[str, ...]

    def inputs(self, column: str) -> int:
        """How many of the D come from this column."""
        return self.sources.count(column)


def encode(columns: Columns | Stacked, uses: Mapping[str, str], train: Array, levels: int) -> Encoding:
    """uses: feature -> how it is used. train: the rows of the table to fit on. DataError where nothing varies."""
    blocks, notices = fit_preparation(columns, uses, train, levels)
    preparation = Preparation("", "", (), blocks, {})
    names = preparation.names
    sources = tuple(block.part.column for block in blocks for _ in block.kept)
    return Encoding(preparation.apply(columns, some_of(train, len(names))), names, sources, len(train), notices)


def some_of(rows: Sequence[int] | Array, inputs: int) -> Array:
    """So many rows that a few seconds are enough, drawn at random, in order."""
    most = int(min(MOST_ROWS, MOST_CELLS // max(inputs, 1)))
    rows = np.asarray(rows)
    if len(rows) <= most:
        return rows
    return np.sort(stream(0, Purpose.SAMPLE, 103).choice(rows, most, replace=False))
