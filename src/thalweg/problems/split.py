"""Rows into training, validation and test: a function of labels, fractions and the split's own seed.

Stratified: each class gives each part its share to within one row, the parts have their exact sizes, and
a class of three rows or more is in every part that is not empty. Where these cannot all hold (classes of
a few rows), the last one holds first and sizes and shares give way.
"""

from dataclasses import dataclass

import numpy as np

from thalweg.errors import DataError
from thalweg.formulas.arrays import Array
from thalweg.formulas.streams import Purpose, stream
from thalweg.problems.words import counted

NOISE = 1e-9  # 150 · 0.2 may come out just under 30


@dataclass(frozen=True, eq=False)
class Split:
    """Row numbers of the three parts, each sorted; together every row once."""

    train: Array
    validation: Array
    test: Array


def split_rows(
    labels: Array,
    *,
    validation: float = 0.2,
    test: float = 0.2,
    seed: int = 0,
    stratify: bool = True,
) -> Split:
    """labels (N,) or (N, K), where equal rows are one class. Regression: stratify=False, any rows anywhere.

    >>> parts = split_rows(np.repeat([0, 1], 50), validation=0.1, test=0.2)
    >>> len(parts.train), len(parts.validation), len(parts.test)
    (70, 10, 20)
    """
    codes = class_codes(np.asarray(labels), stratify)
    fractions = np.array([1.0 - validation - test, validation, test])
    check_fractions(validation, test, len(codes))
    rng = stream(seed, Purpose.SPLIT)
    rows, classes = rng.permutation(len(codes)), rng.permutation(int(codes.max()) + 1)
    counts = np.empty((len(classes), 3), dtype=np.intp)
    # Ties between classes are settled by their shuffled order, or the first classes would always gain.
    counts[classes] = apportion(np.bincount(codes)[classes], fractions)
    part = part_of_rows(codes, rows, counts)
    return Split(*(np.flatnonzero(part == p).astype(np.intp) for p in range(3)))


def class_codes(labels: Array, stratify: bool) -> Array:
    """Whole numbers (N,) from 0, equal for rows with equal labels; all 0 without stratification."""
    if labels.ndim not in (1, 2) or len(labels) == 0:
        raise DataError(f"labels have shape {labels.shape}; expected (rows,) or (rows, outputs) with rows")
    if not stratify:
        return np.zeros(len(labels), dtype=np.intp)
    if labels.dtype.kind == "f" and np.isnan(labels).any():
        raise DataError("labels contain NaN; drop those rows before the split")
    flat = labels[:, 0] if labels.ndim == 2 and labels.shape[1] == 1 else labels
    codes = np.unique(flat, axis=0 if flat.ndim == 2 else None, return_inverse=True)[1]
    return np.asarray(codes.reshape(-1), dtype=np.intp)


def check_fractions(validation: float, test: float, rows: int) -> None:
    """Each fraction in [0, 1), training left over, and a row for every part that is wanted."""
    for name, fraction in (("validation", validation), ("test", test)):
        if not 0 <= fraction < 1:
            raise DataError(f"{name} is {fraction:g}; expected a fraction from 0 to less than 1")
    if validation + test >= 1 - NOISE:
        raise DataError(f"validation {validation:g} and test {test:g} leave nothing to train on; take less than 1")
    wanted = 1 + (validation > 0) + (test > 0)
    if rows < wanted:
        raise DataError(f"{counted(rows, 'row')} cannot fill {wanted} parts; set validation or test to 0")


def apportion(sizes: Array, fractions: Array) -> Array:
    """Rows of each class in each part (C, 3), from class sizes (C,) and fractions (3,)."""
    goal = largest_remainder(int(sizes.sum()), fractions)
    share = sizes[:, None] * fractions
    counts = np.floor(share + NOISE).astype(np.intp)
    # A class of three rows or more is seen in every part: its largest part gives the row.
    counts[(counts == 0) & (sizes >= 3)[:, None] & (fractions > 0)] = 1
    while (over := counts.sum(axis=1) > sizes).any():
        counts[over, counts[over].argmax(axis=1)] -= 1
    remainder = np.where((share - counts > NOISE) & (fractions > 0), share - counts, -np.inf)
    extra = first_extras(remainder, sizes - counts.sum(axis=1))
    settle(extra, remainder, goal - counts.sum(axis=0))
    return counts + extra


def largest_remainder(rows: int, fractions: Array) -> Array:
    """Sizes of the parts: whole shares, then a row each to the largest remainders; at least one row each."""
    share = rows * fractions
    sizes = np.floor(share + NOISE).astype(np.intp)
    order = np.argsort(-(share - sizes), kind="stable")
    sizes[order[: rows - sizes.sum()]] += 1
    for part in np.flatnonzero((sizes == 0) & (fractions > 0)):
        sizes[sizes.argmax()] -= 1
        sizes[part] = 1
    return sizes


def first_extras(remainder: Array, left: Array) -> Array:
    """Each class gives its `left` (C,) rows without a place to its largest remainders (C, 3)."""
    rank = np.argsort(np.argsort(-remainder, axis=1, kind="stable"), axis=1)
    return (rank < left[:, None]).astype(np.intp)


def settle(extra: Array, remainder: Array, wanted: Array) -> None:
    """Moves extras (C, 3), in place, until each part has as many as `wanted` (3,) or no move helps.

    This is controlled rounding (Cox 1987): with three parts a surplus goes to a shortage directly or by way
    of the third part. Every round shrinks the surplus, so it ends. A remainder of −∞ takes no extra.
    """
    moved = True
    while moved:
        surplus = extra.sum(axis=0) - wanted
        pairs = [(a, b) for a in range(3) for b in range(3) if surplus[a] > 0 > surplus[b]]
        moved = any(move(extra, remainder, (a, b), int(min(surplus[a], -surplus[b]))) for a, b in pairs) or any(
            movable(extra, remainder, (3 - a - b, b)).any()
            and move(extra, remainder, (a, 3 - a - b), 1)
            and move(extra, remainder, (3 - a - b, b), 1)
            for a, b in pairs
        )


def movable(extra: Array, remainder: Array, way: tuple[int, int]) -> Array:
    """Mask (C,) of the classes with an extra at the start of the way and room for it at its end."""
    a, b = way
    return np.asarray((extra[:, a] == 1) & (extra[:, b] == 0) & (remainder[:, b] > 0))


def move(extra: Array, remainder: Array, way: tuple[int, int], amount: int) -> int:
    """Moves up to `amount` extras along the way, in place, where least is lost; how many were moved."""
    a, b = way
    able = np.flatnonzero(movable(extra, remainder, way))
    chosen = able[np.argsort(remainder[able, a] - remainder[able, b], kind="stable")[:amount]]
    extra[chosen, a] = 0
    extra[chosen, b] = 1
    return len(chosen)


def part_of_rows(codes: Array, rows: Array, counts: Array) -> Array:
    """The part (N,) of each row: the shuffled rows of a class fill training, then validation, then test."""
    grouped = rows[np.argsort(codes[rows], kind="stable")]
    part = np.empty(len(codes), dtype=np.intp)
    part[grouped] = np.repeat(np.tile([0, 1, 2], len(counts)), counts.ravel())
    return part
