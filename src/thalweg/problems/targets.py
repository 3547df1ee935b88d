"""Turns the column to predict into y (N, K): quantities, 0/1 for two classes, one-hot for more."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from thalweg.errors import DataError, ShapeError
from thalweg.formulas.arrays import Array
from thalweg.problems.checks import finite, numbers, same_rows
from thalweg.problems.words import listed

TASKS = ("auto", "regression", "binary", "multiclass")
FEW = 20  # distinct whole numbers up to which a numeric target can mean classes
PER_CLASS = 5  # rows per class, on average, below which whole numbers are counts rather than classes
MOST = 1000  # classes


@dataclass(frozen=True, eq=False)
class Target:
    """y (N, K) float64; the task; the classes in the order of their codes (none for regression)."""

    y: Array
    task: str
    classes: tuple[str, ...]
    notices: tuple[str, ...]


def encode_target(values: Array, name: str, task: str = "auto") -> Target:
    """values (N,): float64, bool or str without missing ones. task "auto" decides by `means_classes`."""
    if task not in TASKS:
        raise DataError(f"task is {task!r}; expected one of {listed(TASKS)}")
    if task == "regression" or (task == "auto" and not means_classes(values)):
        return as_numbers(values, name, task)
    return as_classes(values, name, task)


def means_classes(values: Array) -> bool:
    """Text and booleans are classes; so are 0/1, and up to 20 whole numbers with 5 rows each on average.

    Anything else is a quantity: it has fractions, or too many values, or too few rows of each to be a class.
    """
    if values.dtype.kind != "f":
        return True
    distinct = np.unique(values)
    if np.array_equal(distinct, [0.0, 1.0]):
        return True
    whole = np.array_equal(distinct, np.rint(distinct))
    return whole and 2 <= len(distinct) <= FEW and len(values) >= PER_CLASS * len(distinct)


def as_numbers(values: Array, name: str, task: str) -> Target:
    """y (N, 1) as it is."""
    if values.dtype.kind not in "fb":
        raise DataError(
            f"target {name!r} is text (for example {str(values[0])!r}); regression expects numbers: "
            "choose another target or task='multiclass'"
        )
    y = values.astype(np.float64)[:, None]
    notices = []
    if task == "auto":
        notices.append(f"target {name!r} is read as a quantity: regression; task='multiclass' would make it classes")
    if y.min() == y.max():
        notices.append(f"target {name!r} is {y[0, 0]:g} in every row; there is nothing to learn from it")
    return Target(y, "regression", (), tuple(notices))


def as_classes(values: Array, name: str, task: str) -> Target:
    """Codes in sorted order: numbers by size, text by alphabet. Two classes: y is 1 for the second."""
    distinct, codes = np.unique(values, return_inverse=True)
    check_classes(distinct, len(values), name, task)
    classes = tuple(label(value) for value in distinct)
    if task == "auto":
        task = "binary" if len(classes) == 2 else "multiclass"
        how = f"target {name!r} is read as {len(classes)} classes ({listed(classes)}): {task}"
        notices = [how if values.dtype.kind != "f" else f"{how}; task='regression' would make it a quantity"]
    else:
        notices = []
    if task == "binary":
        notices.append(f"the positive class of {name!r} is {classes[1]!r}")
    single = [c for c, n in zip(classes, np.bincount(codes), strict=True) if n == 1]
    if single:
        notices.append(f"classes with a single row, too few to learn: {listed(single)}")
    y = codes.astype(np.float64)[:, None] if task == "binary" else np.eye(len(classes))[codes]
    return Target(y, task, classes, tuple(notices))


def check_classes(distinct: Array, rows: int, name: str, task: str) -> None:
    """One class, too many classes, or not two where two were asked for."""
    number = len(distinct)
    if number == 1:
        raise DataError(f"target {name!r} is {label(distinct[0])!r} in all {rows} rows; expected at least two classes")
    if task == "binary" and number != 2:
        raise DataError(
            f"target {name!r} has {number} classes ({listed(map(label, distinct))}); binary expects two: "
            "use task='multiclass'"
        )
    if number > MOST or (number > FEW and 2 * number > rows):
        raise DataError(
            f"target {name!r} has {number} different values in {rows} rows, too many for classes; "
            "choose another target, or task='regression' if it is a quantity"
        )


def label(value: object) -> str:
    """A class as text: `7` for 7.0, `true` for True."""
    if isinstance(value, bool | np.bool_):
        return "true" if value else "false"
    if isinstance(value, float):
        return str(int(value)) if value == int(value) else repr(float(value))
    return str(value)


def encode_array(y: Any, X: Array, name: str, task: str) -> Target:
    """y (N,) or (N, 1) like a column of a file; y (N, K) as one-hot rows or K quantities. X has N rows."""
    y = y if hasattr(y, "toarray") or np.ma.isMaskedArray(y) else np.asarray(y)
    if y.ndim == 2 and y.shape[1] == 1:
        y = y[:, 0]
    if y.ndim not in (1, 2) or len(y) == 0:
        raise ShapeError(f"{name} has shape {y.shape}; expected (rows,) or (rows, outputs), with rows")
    same_rows(X, y, name)
    return encode_target(column_values(y, name), name, task) if y.ndim == 1 else encode_matrix(y, name, task)


def column_values(y: Any, name: str) -> Array:
    """y (N,) as bool, as str objects, or as finite float64."""
    kinds = {type(value) for value in y} if y.dtype.kind == "O" else set()
    if y.dtype.kind == "U" or kinds == {str}:
        return np.asarray(y, dtype=object)
    if y.dtype.kind == "b" or (kinds and kinds <= {bool, np.bool_}):
        return np.asarray(y, dtype=bool)
    values = numbers(y, name)
    finite(values, name)
    return values


def encode_matrix(y: Any, name: str, task: str) -> Target:
    """y (N, K): classes 0 … K−1 where every row is a single 1 among 0, else K quantities."""
    y = numbers(y, name)
    finite(y, name)
    one_hot = bool(np.isin(y, (0.0, 1.0)).all() and (y.sum(axis=1) == 1.0).all())
    if task not in TASKS:
        raise DataError(f"task is {task!r}; expected one of {listed(TASKS)}")
    if task == "binary" or (task == "multiclass" and not one_hot):
        raise ShapeError(f"{name} has shape {y.shape} and the task is {task}; expected labels (rows,) or one-hot rows")
    if one_hot and task != "regression":
        return Target(y, "multiclass", tuple(str(k) for k in range(y.shape[1])), ())
    return Target(y, "regression", (), ())
