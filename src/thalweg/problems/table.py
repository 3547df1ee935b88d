"""A table ready for training: X (N, D), y (N, K), and a notice for everything that was done to get there.

    >>> table = read_table("iris")
    >>> table.X.shape, table.task, table.classes
    ((150, 4), 'multiclass', ('setosa', 'versicolor', 'virginica'))

Numbers and booleans (as 0/1) become features; columns of any other kind are left out, rows with a missing
value are dropped, and both are said. An infinite value is refused: it is no missing measurement but the
result of a calculation that went wrong before.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from thalweg.errors import DataError
from thalweg.formulas.arrays import Array
from thalweg.formulas.registry import unknown
from thalweg.problems.bundled import BUNDLED
from thalweg.problems.checks import numbers, refuse_weights, require_xy
from thalweg.problems.choosing import Choice, choose
from thalweg.problems.reading import Columns, read_columns
from thalweg.problems.targets import Target, encode_array, encode_target
from thalweg.problems.words import counted, listed


@dataclass(frozen=True, eq=False)
class Table:
    """Rows of numbers and what they are; the arrays cannot be written to.

    source: a bundled name, a file name or "arrays". sha256: of the file's bytes, or of the arrays'.
    names: D column names of X (N, D) float64. y (N, K) float64: the quantity, 0/1, or one-hot over `classes`.
    weights (N,) or None. task: "regression", "binary" or "multiclass". notices: what was done to the data.
    """

    source: str
    sha256: str
    names: tuple[str, ...]
    X: Array
    y: Array
    weights: Array | None
    target: str
    task: str
    classes: tuple[str, ...]
    notices: tuple[str, ...]

    def __post_init__(self) -> None:
        for array in (self.X, self.y, self.weights):
            if array is not None:
                array.setflags(write=False)

    @classmethod
    def from_arrays(
        cls,
        X: Any,
        y: Any,
        *,
        weights: Any = None,
        names: Sequence[str] | None = None,
        task: str = "auto",
        target: str = "y",
    ) -> "Table":
        """X (N, D) and y (N,) or (N, K) of your own. NaN and infinity are refused, not dropped.

        y (N,) or (N, 1) is read like a column of a file: text and few whole numbers are classes unless `task`
        says otherwise. y (N, K) with a single 1 in each row and else 0 has classes 0 … K−1; any other
        y (N, K) is K quantities.

            >>> Table.from_arrays([[1.0], [2.0], [3.0], [4.0]], ["no", "yes", "no", "yes"]).classes
            ('no', 'yes')
        """
        X = numbers(X, "X")
        encoded = encode_array(y, X, target, task)
        X, encoded_y, weights = require_xy(X, encoded.y, weights)
        names = tuple(names) if names is not None else tuple(f"x{i}" for i in range(1, X.shape[1] + 1))
        if len(names) != X.shape[1] or len(set(names)) != len(names):
            raise DataError(f"names are {listed(names)}; expected {X.shape[1]} different names, one per column of X")
        notices = (*encoded.notices, *constant_notices(X, names))
        sha256 = hash_of(encoded.classes, X, encoded_y, *([] if weights is None else [weights]))
        return cls(
            "arrays", sha256, names, X.copy(), encoded_y.copy(),
            None if weights is None else weights.copy(), target, encoded.task, encoded.classes, notices,
        )  # fmt: skip


def read_table(
    source: str | Path,
    target: str | None = None,
    *,
    task: str = "auto",
    features: Sequence[str] = (),
    drop: Sequence[str] = (),
    weights: str = "",
) -> Table:
    """Reads a bundled set by name, or a CSV, TSV (also .gz) or Parquet file by path.

    target: the column to predict (a bundled set knows its own). task: "regression", "binary", "multiclass"
    or "auto", which takes text, booleans and few whole numbers for classes (see `targets.means_classes`).
    features: the columns to learn from, in this order (default: all that are numbers or booleans).
    drop: columns to leave out. weights: the column of row weights.
    """
    columns, target, task = located(source, target, task)
    choice = choose(columns, target, features, drop, weights)
    X = feature_matrix(columns, choice.features)
    values, present = target_values(columns, choice.target)
    row_weights = columns.numbers(weights) if weights else None
    refuse_infinite(X, values, row_weights, choice, columns.name)
    keep, dropped = rows_kept(X, present, row_weights, choice, columns.name)
    encoded = encoded_column(values[keep], choice.target, task, columns.remarks)
    if weights:
        refuse_weights(row_weights[keep], f"weights {weights!r}")  # type: ignore[index]
    notices = (*columns.notices, *choice.notices, *dropped, *encoded.notices)
    X = X if keep.all() else X[keep]
    return Table(
        columns.name, columns.sha256, choice.features, X, encoded.y,
        None if row_weights is None else row_weights[keep], choice.target, encoded.task, encoded.classes,
        notices + constant_notices(X, choice.features),
    )  # fmt: skip


def located(source: str | Path, target: str | None, task: str) -> tuple[Columns, str | None, str]:
    """The opened table; for a bundled set also its usual target and task. A Path is never a bundled name."""
    if isinstance(source, str) and source in BUNDLED:
        bundled = BUNDLED[source]
        columns = read_columns(bundled.path, name=source)
        if task == "auto" and target in (None, bundled.target):
            task = bundled.task
        return columns, target or bundled.target, task
    text = str(source)
    if "://" in text:
        raise DataError(f"{text} is an address; expected a file: download it first, nothing is fetched here")
    path = Path(source).expanduser()
    if isinstance(source, str) and not path.exists() and not path.suffix and path.name == source:
        problem = unknown("bundled data set or file", source, BUNDLED)
        raise DataError(f"{problem}; or give the path of a CSV or Parquet file")
    return read_columns(path), target, task


def feature_matrix(columns: Columns, names: Sequence[str]) -> Array:
    """X (N, D) of the named columns, NaN where a value is missing."""
    X = np.empty((columns.rows, len(names)))
    for i, name in enumerate(names):
        X[:, i] = columns.numbers(name)
    return X


def target_values(columns: Columns, name: str) -> tuple[Array, Array]:
    """The target's values (N,) and a mask (N,) of the rows that have one."""
    kind = columns.kinds[name]
    if kind in ("number", "boolean"):
        values = columns.numbers(name)
        present = ~np.isnan(values)
        if kind == "boolean":
            return values == 1.0, present
        return values, present
    values = columns.texts(name)
    return values, np.array([value is not None for value in values], dtype=bool)


def encoded_column(values: Array, name: str, task: str, remarks: dict[str, str]) -> Target:
    """The target for training; a refusal also says what kept the column from being numbers."""
    try:
        return encode_target(values, name, task)
    except DataError as problem:
        raise DataError("; ".join([str(problem), *filter(None, [remarks.get(name)])])) from None


def refuse_infinite(X: Array, values: Array, weights: Array | None, choice: Choice, where: str) -> None:
    """An infinite feature, target or weight, with its column and rows (counted from 1 under the header)."""
    used = [(name, X[:, i]) for i, name in enumerate(choice.features)]
    used += [(choice.target, values)] if values.dtype.kind == "f" else []
    used += [(choice.weights, weights)] if weights is not None else []
    for name, column in used:
        rows = np.flatnonzero(np.isinf(column)) + 1
        if len(rows):
            raise DataError(
                f"column {name!r} of {where} is infinite in {counted(len(rows), 'data row')} "
                f"({listed(rows, 5)}); expected finite numbers: mend them, write NA for missing, "
                "or leave the column out with drop"
            )


def rows_kept(X: Array, present: Array, weights: Array | None, choice: Choice, where: str) -> tuple[Array, list[str]]:
    """A mask (N,) of the rows without missing values, and a notice with the count for each reason."""
    notices = []
    without = int((~present).sum())
    if without:
        notices.append(f"dropped {counted(without, 'row')} in which the target {choice.target!r} is missing")
    keep = present
    if weights is not None and np.isnan(weights[keep]).any():
        notices.append(f"dropped {counted(int(np.isnan(weights[keep]).sum()), 'row')} without a weight")
        keep = keep & ~np.isnan(weights)
    gaps = np.isnan(X)
    whole = ~gaps.any(axis=1)
    lost = int((keep & ~whole).sum())
    if lost:
        causes = {name: int(n) for name, n in zip(choice.features, gaps[keep].sum(axis=0), strict=True) if n}
        worst = [f"{name} ({causes[name]:,})" for name in sorted(causes, key=lambda name: -causes[name])]
        notices.append(f"dropped {counted(lost, 'row')} with missing values, by column: {listed(worst)}")
        if not (keep & whole).any():
            raise DataError(
                f"every row of {where} misses a value, by column: {listed(worst)}; "
                "leave out the emptiest columns with drop, or name complete ones in features"
            )
    if not (keep & whole).any():
        raise DataError(f"no row of {where} has a target {choice.target!r}; choose another target")
    return keep & whole, notices


def hash_of(classes: tuple[str, ...], *arrays: Array) -> str:
    """sha256 of the shapes, the class names and the values, the same on every machine."""
    digest = hashlib.sha256(repr((classes, *(array.shape for array in arrays))).encode())
    for array in arrays:
        digest.update(np.ascontiguousarray(array, dtype="<f8").tobytes())
    return digest.hexdigest()


def constant_notices(X: Array, names: Sequence[str]) -> tuple[str, ...]:
    """Names the columns that are the same in every row; the standardiser turns them into zeros."""
    same = [name for name, low, high in zip(names, X.min(axis=0), X.max(axis=0), strict=True) if low == high]
    return (f"constant, so of no use to a model: {listed(same)}",) if same else ()
