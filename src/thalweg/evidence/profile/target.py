"""The column to predict: how it is distributed, and what task was told from it."""

from dataclasses import dataclass

import numpy as np

from thalweg.evidence.profile.levels import Level
from thalweg.evidence.profile.numbers import Numbers, numbers
from thalweg.formulas.arrays import Array
from thalweg.problems.table import Opened

SKEWED = 2.0  # skewness of an exponential distribution


@dataclass(frozen=True)
class TargetProfile:
    """rows: those that count. missing: those without a target; left_out: others that were asked to be left out.

    classes: with their rows, in the order of their codes. numbers: of a quantity. told: how it was read, and how to
    override that.
    """

    name: str
    task: str
    rows: int
    missing: int
    left_out: int
    classes: tuple[Level, ...]
    positive: str
    numbers: Numbers | None
    told: tuple[str, ...]


def target_profile(opened: Opened, missing: int) -> TargetProfile:
    """Of the rows that count; missing: rows of the table without a target."""
    target = opened.target
    codes = target_codes(opened)
    counts = np.bincount(codes.astype(np.intp), minlength=len(target.classes)) if target.classes else ()
    return TargetProfile(
        name=opened.roles.target,
        task=target.task,
        rows=len(opened.rows),
        missing=missing,
        left_out=opened.columns.rows - len(opened.rows) - missing,
        classes=tuple(Level(name, int(n)) for name, n in zip(target.classes, counts, strict=True)),
        positive=target.classes[1] if target.task == "binary" else "",
        numbers=None if target.classes else numbers(codes),
        told=target.notices,
    )


def target_codes(opened: Opened) -> Array:
    """(N,) the values of a quantity, or codes of the classes."""
    y = opened.target.y
    return y[:, 0] if y.shape[1] == 1 else y.argmax(1).astype(np.float64)
