"""A table ready for training: X (N, D), y (N, K), and a notice for everything that was done to get there.

    >>> table = read_table("iris")
    >>> table.X.shape, table.task, table.classes
    ((150, 4), 'multiclass', ('setosa', 'versicolor', 'virginica'))

Two steps: `open_table` finds the target, the features and the rows that count; `prepare` fits to the training
rows what turns columns into numbers. An infinite value is refused: it is no missing measurement but the result
of a calculation that went wrong before.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from glob import glob
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from thalweg.errors import DataError
from thalweg.formulas.arrays import Array
from thalweg.formulas.registry import unknown
from thalweg.problems.bundled import BUNDLED
from thalweg.problems.checks import refuse_weights
from thalweg.problems.matching import match
from thalweg.problems.preparation import Preparation, fit_preparation, gaps_of
from thalweg.problems.roles import Roles, assign
from thalweg.problems.sections import Table as Section
from thalweg.problems.sources.columns import Columns
from thalweg.problems.sources.opening import open_source
from thalweg.problems.stacked import Stacked
from thalweg.problems.targets import Target, encode_target
from thalweg.problems.words import counted, listed


@dataclass(frozen=True, eq=False)
class Opened:
    """A table whose columns have their parts. rows (N,): the row numbers of the source that count.

    later: how many of them, the last ones, come from the file of test rows.
    """

    columns: Columns | Stacked
    section: Section
    roles: Roles
    rows: Array
    later: int
    target: Target
    weights: Array | None
    sha256: str
    test_sha256: str
    notices: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Table:
    """Rows of numbers and what they are; the arrays cannot be written to.

    source: a bundled name, a file name or a query. sha256: of what was read.
    names: D column names of X (N, D) float64, which is made from `columns` when it is asked for.
    y (N, K) float64: the quantity, 0/1, or one-hot over `classes`.
    weights (N,) or None. task: "regression", "binary" or "multiclass". notices: what was done to the data.
    preparation: how X came from the source's columns. rows (N,): the source's row of each.
    """

    source: str
    sha256: str
    names: tuple[str, ...]
    columns: Columns | Stacked = field(repr=False)
    y: Array
    weights: Array | None
    target: str
    task: str
    classes: tuple[str, ...]
    notices: tuple[str, ...]
    preparation: Preparation
    rows: Array

    def __post_init__(self) -> None:
        for array in (self.y, self.weights, self.rows):
            if array is not None:
                array.setflags(write=False)

    @cached_property
    def X(self) -> Array:  # noqa: N802  the paper's letter
        """(N, D), kept from then on."""
        X = self.features(np.arange(len(self.rows)))
        X.setflags(write=False)
        return X

    def features(self, rows: Array) -> Array:
        """X of some rows (numbers from 0 to N − 1)."""
        return self.preparation.apply(self.columns, self.rows[rows])


def read_table(source: str | Path, target: str = "", **fields: Any) -> Table:
    """A table with everything fitted on all its rows; `fields` are those of a Spec's table section."""
    opened = open_table(Section(source=str(source), target=target, **fields))
    return prepare(opened, np.arange(len(opened.rows)))


def open_table(section: Section) -> Opened:
    """Reads the source and finds target, features and the rows that count. DataError says what is wrong with it."""
    first, section = located(section)
    roles = assign(first, section)
    columns, test_sha256 = with_test_rows(first, section, roles)
    values, present = target_values(columns, roles.target)
    weights = columns.numbers(section.weights) if section.weights else None
    refuse_infinite(columns, section, roles)
    keep, dropped = rows_kept(columns, roles, section, present, weights)
    target = encoded_column(values[keep], columns, section)
    if weights is not None:
        refuse_weights(weights[keep], f"weights {section.weights!r}")
    rows = np.flatnonzero(keep)
    return Opened(
        columns, section, roles, rows, int((rows >= first.rows).sum()), target,
        None if weights is None else weights[keep], columns.sha256, test_sha256,
        (*columns.notices, *roles.notices, *dropped, *target.notices),
    )  # fmt: skip


def prepare(opened: Opened, train: Array) -> Table:
    """The table with features fitted on the rows `train` (numbers into the rows that count)."""
    columns, target, name = opened.columns, opened.target, opened.roles.target
    fitted_on = opened.rows[train]
    blocks, notices = fit_preparation(columns, opened.roles.uses, fitted_on, opened.section.levels)
    read = (name, *(block.part.column for block in blocks))
    how = {column: columns.how[column] for column in read if column in columns.how}
    preparation = Preparation(name, target.task, target.classes, blocks, how)
    return Table(
        columns.name, opened.sha256, preparation.names, columns, target.y, opened.weights, name, target.task,
        target.classes, (*opened.notices, *notices), preparation, opened.rows,
    )  # fmt: skip


def with_test_rows(first: Columns, section: Section, roles: Roles) -> tuple[Columns | Stacked, str]:
    """The table with the rows of a file of test rows under its own, and that file's sha256."""
    if not section.test_file:
        return first, ""
    later = read_source(section.test_file, stamp=stamp(section.test_file), how=tuple(first.how.items()))
    others = [name for name in (section.target, section.weights, section.time, section.group) if name]
    exact = [name for name in others if name != section.group]
    slips = match(later, {**{name: plain_use(first.kinds[name]) for name in others}, **roles.uses}, exact)
    extra = [name for name in later.names if name not in first.kinds]
    ignored = [f"columns of {later.name} alone are ignored: {listed(extra)}"] if extra else []
    read = [f"{later.name}: {notice}" for notice in later.notices]
    return Stacked(first, later, (*first.notices, *read, *slips, *ignored)), later.sha256


def plain_use(kind: str) -> str:
    """As what a column of this kind is read, when it is not learned from."""
    return {"number": "number", "boolean": "flag", "date": "date", "time": "time"}.get(kind, "category")


def located(section: Section) -> tuple[Columns, Section]:
    """The opened source; a bundled set also has its usual target and task."""
    source, asked = section.source, {"rows": section.sample, "seed": section.split_seed if section.sample else 0}
    if source in BUNDLED:
        bundled = BUNDLED[source]
        columns = read_source(str(bundled.path), query=section.query, name=source, **asked)
        usual = section.target in ("", bundled.target) and section.task == "auto" and not section.positive
        task = bundled.task if usual else section.task
        return columns, msgspec.structs.replace(section, target=section.target or bundled.target, task=task)
    path = Path(source).expanduser()
    plain = source and not source.startswith("memory:") and not any(sign in source for sign in "*?[")
    if plain and not section.query and not path.exists() and not path.suffix and path.name == source:
        problem = unknown("bundled data set or file", source, BUNDLED)
        raise DataError(f"{problem}; or give the path of a CSV or Parquet file")
    return read_source(source, query=section.query, stamp=stamp(source), **asked), section


@lru_cache(maxsize=4)
def read_source(source: str, *, stamp: Any = (), how: tuple[tuple[str, str], ...] = (), **asked: Any) -> Columns:
    """`open_source`, once for as long as `stamp` says that the files stay the same."""
    return open_source(source, how=dict(how), **asked)


def stamp(source: str) -> tuple[tuple[int, int], ...]:
    """When the files of a source were last changed, and their sizes."""
    paths = [Path(source).expanduser()]
    if any(sign in source for sign in "*?[") and not paths[0].exists():
        paths = [Path(found) for found in sorted(glob(str(paths[0]), recursive=True))]  # noqa: PTH207  of any path
    return tuple((path.stat().st_mtime_ns, path.stat().st_size) for path in paths if path.is_file())


def target_values(columns: Columns | Stacked, name: str) -> tuple[Array, Array]:
    """The target's values (N,) and a mask (N,) of the rows that have one."""
    kind = columns.kinds[name]
    if kind in ("number", "boolean"):
        values = columns.numbers(name)
        present = ~np.isnan(values)
        return (values == 1.0 if kind == "boolean" else values), present
    codes, levels = columns.codes(name)
    return np.array([*levels, None], dtype=object)[codes], codes >= 0


def encoded_column(values: Array, columns: Columns | Stacked, section: Section) -> Target:
    """The target for training; a refusal also says what kept the column from being numbers."""
    name = section.target
    if not len(values):
        raise DataError(f"no row of {columns.name} has a target {name!r}; choose another target")
    try:
        return encode_target(values, name, section.task, section.positive)
    except DataError as problem:
        raise DataError("; ".join([str(problem), *filter(None, [columns.remarks.get(name)])])) from None


def refuse_infinite(columns: Columns | Stacked, section: Section, roles: Roles) -> None:
    """An infinite feature, target or weight, with its column and rows (counted from 1 under the header)."""
    others = [name for name in (section.target, section.weights, section.time) if name]
    numeric = [name for name in others if columns.kinds[name] == "number"]
    numeric += [name for name, use in roles.uses.items() if use == "number"]
    for table in (columns.first, columns.later) if isinstance(columns, Stacked) else (columns,):
        refuse_infinite_values(table, dict.fromkeys(numeric))


def refuse_infinite_values(columns: Columns, names: Iterable[str]) -> None:
    """For columns that are read as numbers."""
    for name in names:
        found = [start + np.flatnonzero(np.isinf(values)) for start, values in columns.pieces(name)]
        rows = np.concatenate(found) + 1
        if len(rows):
            raise DataError(
                f"column {name!r} of {columns.name} is infinite in {counted(len(rows), 'data row')} "
                f"({listed(rows, 5)}); expected finite numbers: mend them, write NA for missing, "
                "or leave the column out with drop"
            )


def rows_kept(
    columns: Columns | Stacked, roles: Roles, section: Section, present: Array, weights: Array | None
) -> tuple[Array, list[str]]:
    """A mask (N,) of the rows that count, and a notice with the count for each reason that others do not."""
    keep, notices = present.copy(), []
    if without := int((~present).sum()):
        notices.append(f"dropped {counted(without, 'row')} in which the target {roles.target!r} is missing")
    for name, gaps in (
        ("a weight", None if weights is None else np.isnan(weights)),
        (f"a {section.time!r} to be put in order by", order_gaps(columns, section)),
    ):
        if gaps is not None and (lost := int((keep & gaps).sum())):
            notices.append(f"dropped {counted(lost, 'row')} without {name}")
            keep &= ~gaps
    if section.missing != "impute":
        notices += without_gaps(columns, roles, section, keep)
    return keep, notices


def order_gaps(columns: Columns | Stacked, section: Section) -> Array | None:
    """Mask (N,) of the rows that cannot be put in order of time."""
    if not section.time:
        return None
    kind = columns.kinds[section.time]
    if kind not in ("date", "number", "time"):
        raise DataError(f"time {section.time!r} is {kind}; expected dates or numbers that order the rows")
    return gaps_of(columns, section.time, kind)


def without_gaps(columns: Columns | Stacked, roles: Roles, section: Section, keep: Array) -> list[str]:
    """Drops rows with a missing feature from the mask, in place, or refuses them."""
    gaps = {name: gaps_of(columns, name, use) & keep for name, use in roles.uses.items()}
    some = {name: int(mask.sum()) for name, mask in gaps.items() if mask.any()}
    if not some:
        return []
    worst = listed(f"{name} ({some[name]:,})" for name in sorted(some, key=lambda name: -some[name]))
    if section.missing == "refuse":
        raise DataError(
            f"{columns.name} misses values in {worst}, and missing is refuse; mend them, leave these columns out "
            "with drop, or say --missing impute"
        )
    before = int(keep.sum())
    for mask in gaps.values():
        keep &= ~mask
    if not keep.any():
        raise DataError(
            f"every row of {columns.name} misses a value, by column: {worst}; leave out the emptiest columns "
            "with drop, or say --missing impute"
        )
    return [f"dropped {counted(before - int(keep.sum()), 'row')} with missing values, by column: {worst}"]
