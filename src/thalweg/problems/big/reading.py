"""A table that stays on the disk while it is looked through: a piece of a column in memory at a time, or of all rows.

DuckDB keeps the typed values in a file of its own. What is decided about columns, rows
and target is decided by the same functions as for any table, so that it is the same; only the target of many classes is
held as one number a row rather than one for each class.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from thalweg.errors import DataError
from thalweg.formulas.arrays import Array
from thalweg.problems.big.target import target_of, values_of
from thalweg.problems.checks import refuse_weights
from thalweg.problems.roles import assign
from thalweg.problems.sections import Table as Section
from thalweg.problems.sources.columns import Columns
from thalweg.problems.sources.memory import PREFIX
from thalweg.problems.sources.size import on_disk
from thalweg.problems.sources.sql import select
from thalweg.problems.split import Split
from thalweg.problems.splitting import at_most, split_notices, whole_split
from thalweg.problems.table import Opened, located, refuse_infinite, rows_kept
from thalweg.problems.targets import throughout
from thalweg.problems.words import listed

PIECE = 1 << 15  # rows that are in memory at once
CELLS = 4_000_000  # or so many values, in a wide table


@dataclass(frozen=True, eq=False)
class BigTable:
    """An opened table and its split. keep: a mask of the source's rows, of the N that count.

    part (N,): 0 for training, 1 to choose by, 2 for the test, −1 for rows that are left out. codes (N,): the class of
    each row, None for a quantity, which opened.target.y (N, 1) holds. Each takes a byte of a row, codes sometimes two.
    """

    columns: Columns
    opened: Opened
    keep: Array
    part: Array
    codes: Array | None
    notices: tuple[str, ...]

    @property
    def counts(self) -> tuple[int, int, int]:
        """Rows of the three parts."""
        training, choosing, test = (int(np.count_nonzero(self.part == i)) for i in range(3))
        return training, choosing, test

    def rows_of(self, part: int) -> Array:
        """A mask of the source's rows."""
        mask = self.keep.copy()
        mask[self.keep] = self.part == part
        return mask


def open_big(section: Section) -> BigTable:
    """Reads the source to the disk and finds target, features, the rows that count and their split."""
    refuse_unstreamable(section)
    with on_disk():
        columns, section = located(section)
    roles = assign(columns, section)
    values = values_of(columns, roles.target)
    weights = columns.numbers(section.weights) if section.weights else None
    refuse_infinite(columns, section, roles)
    keep, dropped = rows_kept(columns, roles, section, values.present, weights)
    if not keep.any():
        raise DataError(f"no row of {columns.name} has a target {roles.target!r}; choose another target")
    target, codes = target_of(values, keep, columns, section)
    del values
    if weights is not None:
        refuse_weights(weights[keep], f"weights {section.weights!r}")
    opened = Opened(
        columns, section, roles, np.empty(0, np.intp), 0, target, None if weights is None else weights[keep],
        columns.sha256, "", (*columns.notices, *roles.notices, *dropped, *target.notices),
    )  # fmt: skip
    part, found = parts_of(opened, keep, codes)
    refuse_one_class(opened, part, codes)
    if codes is not None:  # only the split asked for the labels
        opened = replace(opened, target=replace(target, y=np.empty((0, 1))))
    return BigTable(columns, opened, keep, part, codes, found)


def parts_of(opened: Opened, keep: Array, codes: Array | None) -> tuple[Array, tuple[str, ...]]:
    """The part (N,) of each row that counts, and what is to be said about the split.

    Where all rows are trained on, without their numbers, which take more memory than anything else.
    """
    section = opened.section
    part = np.zeros(int(np.count_nonzero(keep)), np.int8)
    if not (section.validation or section.test or section.time or section.group or section.train_rows):
        return part, ()
    opened = replace(opened, rows=small(np.flatnonzero(keep)))
    split = at_most(whole_split(opened), section)
    split = Split(small(split.train), small(split.validation), small(split.test))
    part[:] = -1
    for i, rows in enumerate((split.train, split.validation, split.test)):
        part[rows] = i
    return part, big_notices(opened, split, codes)


def small(rows: Array) -> Array:
    """Row numbers in half the memory, where they fit."""
    return rows.astype(np.int32) if len(rows) and rows.max() < 2**31 else rows


def refuse_unstreamable(section: Section) -> None:
    """What cannot be streamed, and what to do instead."""
    if section.source.startswith(PREFIX):
        raise DataError("data in memory are there already; leave out stream, or write them to a Parquet file")
    if section.test_file:
        raise DataError(
            "a streamed table takes its test rows from itself; leave out test_file, and measure on it with "
            "thalweg predict"
        )


def refuse_one_class(opened: Opened, part: Array, codes: Array | None) -> None:
    """Training rows in which the target never changes."""
    values = (opened.target.y[:, 0] if codes is None else codes)[part == 0]
    if values.min() == values.max():
        value = f"{values[0]:g}" if codes is None else repr(opened.target.classes[int(values[0])])
        raise DataError(
            f"target {opened.section.target!r} is {value} {throughout(len(values), 'training row')}; there is nothing "
            "to learn from that: split in another way, or train on more rows"
        )


def big_notices(opened: Opened, split: Split, codes: Array | None) -> tuple[str, ...]:
    """How the rows were split, and classes of which none is trained on."""
    found = split_notices(replace(opened, target=replace(opened.target, task="")), split)
    if codes is None or opened.target.task != "multiclass":
        return found
    counts = np.bincount(codes[split.train], minlength=len(opened.target.classes))
    never = [name for name, count in zip(opened.target.classes, counts, strict=True) if not count]
    return (*found, f"no training row is of class {listed(never)}: it cannot be predicted") if never else found


def pieces(columns: Columns) -> Iterator[tuple[int, Columns]]:
    """(first row, the columns of so many rows from there on), through the whole table. One at a time."""
    size = max(2048, min(PIECE, CELLS // len(columns.names)))
    con = columns.connection
    con.execute("ALTER TABLE t RENAME TO whole")
    try:
        for start in range(0, columns.rows, size):
            count = min(size, columns.rows - start)
            where = f"WHERE rowid >= {start} AND rowid < {start + count}"
            con.execute(f"CREATE OR REPLACE TEMP TABLE t AS {select('*', 'whole', where)}")
            yield start, replace(columns, rows=count, _kept={})
    finally:
        con.execute("DROP TABLE IF EXISTS t")
        con.execute("ALTER TABLE whole RENAME TO t")
