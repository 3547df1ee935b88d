"""Turns the column to predict into y (N, K): quantities, 0/1 for two classes, one-hot for more."""

from dataclasses import dataclass

import numpy as np

from thalweg.errors import DataError
from thalweg.formulas.arrays import Array
from thalweg.problems.words import counted, listed, nearest

TASKS = ("auto", "regression", "binary", "multiclass")
FEW = 20  # distinct whole numbers up to which a numeric target can mean classes
PER_CLASS = 5  # rows per class, on average, below which whole numbers are counts rather than classes
MOST = 1000  # classes
MOST_ASKED = 50  # whole values of a quantity, up to which a person may have meant classes


@dataclass(frozen=True, eq=False)
class Target:
    """y (N, K) float64; the task; the classes in the order of their codes (none for regression)."""

    y: Array
    task: str
    classes: tuple[str, ...]
    notices: tuple[str, ...]


def encode_target(values: Array, name: str, task: str = "auto", positive: str = "") -> Target:
    """values (N,): float64, bool or str without missing ones. task "auto" decides by `means_classes`.

    positive: of two classes the one that y counts as 1; the second in order unless given.
    """
    if task not in TASKS:
        raise DataError(f"task is {task!r}; expected one of {listed(TASKS)}")
    if task == "regression" or (task == "auto" and not positive and not means_classes(values)):
        if positive:
            raise DataError(f"positive is {positive!r}, but a quantity has no classes; leave it out, or task='binary'")
        return as_numbers(values, name, task)
    return as_classes(values, name, task, positive)


def means_classes(values: Array) -> bool:
    """Text and booleans are classes; so are 0/1, and up to 20 whole numbers with 5 rows each on average.

    Anything else is a quantity: it has fractions, or too many values, or too few rows of each to be a class.
    """
    return values.dtype.kind != "f" or few_whole(np.unique(values), len(values))


def few_whole(distinct: Array, rows: int) -> bool:
    """The same of numbers, from their different values in order."""
    if np.array_equal(distinct, [0.0, 1.0]):
        return True
    whole = np.array_equal(distinct, np.rint(distinct))
    return whole and 2 <= len(distinct) <= FEW and rows >= PER_CLASS * len(distinct)


def as_numbers(values: Array, name: str, task: str) -> Target:
    """y (N, 1) as it is."""
    if values.dtype.kind not in "fb":
        raise DataError(
            f"target {name!r} is text (for example {str(values[0])!r}); regression expects numbers: "
            "choose another target or task='multiclass'"
        )
    y = values.astype(np.float64)[:, None]
    if y.min() == y.max():
        raise DataError(f"target {name!r} is {y[0, 0]:g} {throughout(len(y))}; there is nothing to learn from it")
    few = np.array_equal(values, np.rint(values)) and len(np.unique(values)) <= MOST_ASKED
    hint = "; --task multiclass would make it classes" if few else ""
    return Target(y, "regression", (), (f"target {name!r} is read as a quantity: regression{hint}",))


def as_classes(values: Array, name: str, task: str, positive: str = "") -> Target:
    """Codes in sorted order: numbers by size, text by alphabet. Two classes: y is 1 for the positive one."""
    codes, task, classes, notices = coded(values, name, task, positive)
    y = codes.astype(np.float64)[:, None] if task == "binary" else np.eye(len(classes))[codes]
    return Target(y, task, classes, notices)


def coded(
    values: Array, name: str, task: str, positive: str = ""
) -> tuple[Array, str, tuple[str, ...], tuple[str, ...]]:
    """The class of each row (N,), the task, the classes, and notices."""
    distinct, codes, counts = np.unique(values, return_inverse=True, return_counts=True)
    own, task, classes, notices = coded_values(distinct, counts, name, task, positive)
    return own[codes], task, classes, notices


def coded_values(
    distinct: Array, counts: Array, name: str, task: str, positive: str = ""
) -> tuple[Array, str, tuple[str, ...], tuple[str, ...]]:
    """The same, but the class of each different value (V,), which so many rows have (V,)."""
    check_classes(distinct, int(counts.sum()), name, task)
    own = np.arange(len(distinct))
    classes = tuple(label(value) for value in distinct)
    if positive and task == "multiclass":
        raise DataError(
            f"positive is {positive!r}, but in a multiclass task no class is; leave it out, or task='binary'"
        )
    if positive and positive_code(classes, positive, name) == 0:
        classes, counts, own = classes[::-1], counts[::-1], 1 - own
    if task == "auto":
        task = "binary" if len(classes) == 2 else "multiclass"
    hint = "; --task regression would make it a quantity" if distinct.dtype.kind == "f" else ""
    notices = [f"target {name!r} is read as {len(classes)} classes ({listed(classes)}): {task}{hint}"]
    if task == "binary":
        notices.append(f"the positive class of {name!r} is {classes[1]!r}; --positive chooses")
    single = [c for c, n in zip(classes, counts, strict=True) if n == 1]
    if single:
        notices.append(f"classes with a single row, too few to learn: {listed(single)}")
    return own, task, classes, tuple(notices)


def positive_code(classes: tuple[str, ...], positive: str, name: str) -> int:
    """Which of the two classes is the positive one."""
    if len(classes) != 2:
        raise DataError(f"positive is for two classes; target {name!r} has {len(classes)} ({listed(classes)})")
    if positive not in classes:
        hint = f"; did you mean {near!r}?" if (near := nearest(positive, classes)) else ";"
        raise DataError(f"positive is {positive!r}, which is no class of {name!r}{hint} have {listed(classes)}")
    return classes.index(positive)


def check_classes(distinct: Array, rows: int, name: str, task: str) -> None:
    """One class, too many classes, or not two where two were asked for."""
    number = len(distinct)
    if number == 1:
        raise DataError(f"target {name!r} is {label(distinct[0])!r} {throughout(rows)}; expected at least two classes")
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


def throughout(rows: int, what: str = "row") -> str:
    """`in all 20 rows`, `in the only row`."""
    return f"in the only {what}" if rows == 1 else f"in all {counted(rows, what)}"


def label(value: object) -> str:
    """A class as text: `7` for 7.0, `true` for True."""
    if isinstance(value, bool | np.bool_):
        return "true" if value else "false"
    if isinstance(value, float):
        return str(int(value)) if value == int(value) else repr(float(value))
    return str(value)
