"""How good are predictions? One function for each measure, and a registry that says for which tasks and which
direction is better.

Truth y (B, K): one column of 0 and 1 for two classes, one-hot for more, targets for regression. Predictions
p (..., B, K): probabilities, or predicted targets; leading axes are populations. weight (B,) counts a row so
many times. Every measure is (y, p, weight) -> (...,). Log loss is a loss and lives there.

Conventions, as scikit-learn has them with zero_division=0: a ratio without cases is 0 (precision when nothing
is called positive, recall when nothing is positive). Averages over classes are plain means ("macro") over the
classes that occur in the truth or among the choices. One class alone has no ROC curve: nan. Predictions that
are not finite, of a run that diverged, have no measure either: nan for that member of the population alone.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Literal, get_args

import numpy as np

from thalweg.errors import ShapeError, SpecError
from thalweg.formulas.arrays import Array
from thalweg.formulas.calibration import calibration_curve
from thalweg.formulas.registry import Registry

Task = Literal["binary", "multiclass", "regression"]
CLASSES: tuple[Task, ...] = ("binary", "multiclass")


@dataclass(frozen=True)
class Measure:
    """A registered measure: (y (B, K), p (..., B, K), weight (B,) or None) -> (...,)."""

    name: str
    of: Callable[..., Array]
    tasks: tuple[Task, ...]
    better: Literal["higher", "lower"]

    @property
    def doc(self) -> str:
        """The formula and its conventions."""
        return self.of.__doc__ or ""

    @property
    def sign(self) -> int:
        """+1 where higher is better, −1 where lower is: the best is the maximum of sign × value."""
        return 1 if self.better == "higher" else -1


MEASURES: Registry[Measure] = Registry("measure")


def measure(*, tasks: tuple[Task, ...], better: Literal["higher", "lower"]):
    """Register a measure under the name of its function, with its shapes checked and divergence answered."""

    def register(of):
        @wraps(of)
        def measured(y, p, weight=None):
            y, p = fitting(y, p)
            finite = np.isfinite(p)
            if finite.all():
                return of(y, p, weight)
            return np.where(finite.all((-2, -1)), of(y, np.where(finite, p, 0), weight), np.nan)

        MEASURES.add(of.__name__, Measure(of.__name__, measured, tasks, better))
        return measured

    return register


def fitting(y, p):
    """y (B, K) and p (..., B, K) as arrays; (n, 1) against (n,) would broadcast to (n, n) in silence."""
    y, p = np.asarray(y, np.float64), np.asarray(p)
    if y.ndim != 2 or p.shape[-2:] != y.shape or not y.size:
        raise ShapeError(
            f"y has shape {y.shape} and predictions have {p.shape}; expected y (B, K) and predictions "
            "(B, K) or (..., B, K) with at least one row; a single column is y[:, None]"
        )
    return y, p


def measures_for(task: Task) -> list[Measure]:
    """All measures that apply to a task, in the order in which they were registered."""
    if task not in get_args(Task):
        raise SpecError(f"no task {task!r}; have {', '.join(get_args(Task))}")
    return [m for m in MEASURES.values() if task in m.tasks]


# Shared steps


def _mean(values, weight):
    """Mean over rows: values (..., B), weight (B,) -> (...,)."""
    return values.mean(-1) if weight is None else values @ (weight / weight.sum())


def ratio(above, below):
    """above / below, 0 where there are no cases."""
    return np.divide(above, below, out=np.zeros(np.shape(below)), where=below > 0)


def chosen(p, threshold=0.5):
    """The class that probabilities p (..., B, K) choose: (..., B). K = 1: class 1 where p ≥ threshold."""
    return (p[..., 0] >= threshold).astype(np.intp) if p.shape[-1] == 1 else p.argmax(-1)


def confusion_matrix(y: Array, p: Array, weight: Array | None = None, *, threshold: float = 0.5) -> Array:
    """Rows counted by true class (down) and chosen class (across): (..., C, C), C = 2 where K = 1.

    >>> confusion_matrix(np.array([[0.0], [1.0], [1.0]]), np.array([[0.9], [0.8], [0.1]])).tolist()
    [[0.0, 1.0], [1.0, 1.0]]
    """
    y, p = fitting(y, p)
    classes = max(2, y.shape[-1])
    truth, choice = chosen(y), chosen(p, threshold)
    lead = choice.shape[:-1]
    cells = (truth * classes + choice).reshape(-1, len(y))
    counts = [np.bincount(row, weight, classes * classes) for row in cells]
    return np.array(counts, np.float64).reshape(*lead, classes, classes)


def counts(y, p, weight):
    """(true positives, false positives, false negatives), each (..., C); only class 1 where K = 1."""
    table = confusion_matrix(y, p, weight)
    right = np.diagonal(table, axis1=-2, axis2=-1)
    each = right, table.sum(-2) - right, table.sum(-1) - right
    return [c[..., 1:] for c in each] if y.shape[-1] == 1 else each


def precision_from(tp, fp, fn):
    """TP / (TP + FP)"""
    return ratio(tp, tp + fp)


def recall_from(tp, fp, fn):
    """TP / (TP + FN)"""
    return ratio(tp, tp + fn)


def f1_from(tp, fp, fn):
    """2 TP / (2 TP + FP + FN), the harmonic mean of precision and recall."""
    return ratio(2 * tp, 2 * tp + fp + fn)


def _macro(formula, y, p, weight):
    """Mean of a formula over the classes that occur in the truth or among the choices."""
    tp, fp, fn = counts(y, p, weight)
    occurs = np.ones_like(tp) if tp.shape[-1] == 1 else tp + fp + fn > 0
    return ratio((formula(tp, fp, fn) * occurs).sum(-1), occurs.sum(-1))


# Decisions


@measure(tasks=CLASSES, better="higher")
def accuracy(y, p, weight=None):
    """Share of rows whose chosen class is the true one: p ≥ ½ with one output, the largest p with several."""
    return _mean((chosen(p) == chosen(y)).astype(np.float64), weight)


@measure(tasks=CLASSES, better="higher")
def balanced_accuracy(y, p, weight=None):
    """Mean recall of the classes that occur in the truth: ½ for two classes and a constant choice."""
    table = confusion_matrix(y, p, weight)
    rows = table.sum(-1)
    recalls = ratio(np.diagonal(table, axis1=-2, axis2=-1), rows)
    return ratio(recalls.sum(-1), (rows > 0).sum(-1))


@measure(tasks=CLASSES, better="higher")
def precision(y, p, weight=None):
    """TP / (TP + FP): of what is called positive, the share that is. 0 when nothing is; macro for K > 1."""
    return _macro(precision_from, y, p, weight)


@measure(tasks=CLASSES, better="higher")
def recall(y, p, weight=None):
    """TP / (TP + FN): of what is positive, the share that is found. 0 when nothing is; macro for K > 1."""
    return _macro(recall_from, y, p, weight)


@measure(tasks=CLASSES, better="higher")
def f1(y, p, weight=None):
    """2 TP / (2 TP + FP + FN): the harmonic mean of precision and recall; macro for K > 1."""
    return _macro(f1_from, y, p, weight)


# Ranking and probabilities


def _auc(positive, score, weight):
    """Area under the ROC curve of one column: positive (B,) of 0 and 1, score (B,), weight (B,).

    The chance that a positive row scores above a negative one, ties counted half (Hanley & McNeil 1982): the
    negative weight below each score plus half of that at the same score, averaged over the positive weight.
    """
    _, level = np.unique(score, return_inverse=True)
    above = np.bincount(level, weight * positive)
    below = np.bincount(level, weight * (1 - positive))
    pairs = above.sum() * below.sum()
    return above @ (below.cumsum() - below / 2) / pairs if pairs > 0 else np.nan


@measure(tasks=CLASSES, better="higher")
def roc_auc(y, p, weight=None):
    """The chance that a positive row scores above a negative one, ties half; nan with one class alone.

    With K > 1, the mean over classes of each against the rest; nan when a class does not occur.
    """
    weight = np.ones(len(y)) if weight is None else np.asarray(weight, np.float64)
    members = p.reshape(-1, *y.shape)
    areas = [[_auc(t, s, weight) for t, s in zip(y.T, member.T, strict=True)] for member in members]
    return np.array(areas).mean(-1).reshape(p.shape[:-2])


@measure(tasks=CLASSES, better="lower")
def brier(y, p, weight=None):
    """Mean of Σₖ (pₖ − yₖ)² over rows (Brier 1950): from 0 to 1 with one output, from 0 to 2 with several."""
    return _mean(np.square(p - y).sum(-1), weight)


@measure(tasks=CLASSES, better="lower")
def calibration_error(y, p, weight=None):
    """Σ over 10 equal bins of share × |predicted − observed|: ECE (Naeini, Cooper & Hauskrecht 2015)."""
    curve = calibration_curve(y, p, bins=10, by="width", weight=weight)
    gap = np.abs(curve.weight * (curve.predicted - curve.observed))
    return np.nansum(gap, -1) / curve.weight.sum(-1)


# Regression. With several targets: the plain mean over targets.


@measure(tasks=("regression",), better="higher")
def r2(y, p, weight=None):
    """1 − Σ(y − p)² / Σ(y − ȳ)², nan with fewer than two rows.

    Targets that never change have nothing to explain: 1 where they are met exactly, else 0 (as scikit-learn).
    """
    if len(y) < 2:
        return np.full(p.shape[:-2], np.nan)
    left = _mean(np.moveaxis(np.square(y - p), -1, -2), weight)
    around = _mean(np.square(y.T - _mean(y.T, weight)[:, None]), weight)
    unchanging = np.where(left == 0, 1.0, 0.0)
    return np.where(around > 0, 1 - left / np.where(around > 0, around, 1), unchanging).mean(-1)


@measure(tasks=("regression",), better="lower")
def mae(y, p, weight=None):
    """Mean of |y − p|, in the unit of the target."""
    return _mean(np.abs(y - p).mean(-1), weight)


@measure(tasks=("regression",), better="lower")
def rmse(y, p, weight=None):
    """√ of the mean of (y − p)², in the unit of the target."""
    squares = np.moveaxis(np.square(y - p), -1, -2)
    return np.sqrt(_mean(squares, weight)).mean(-1)
