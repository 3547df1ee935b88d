"""Where to cut: under class imbalance the best threshold on a probability is seldom ½.

Every distinct prediction is a possible cut; all of them are tried in one sorted pass. Choose on validation
rows, never on the rows that are reported.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from thalweg.errors import DataError, ShapeError
from thalweg.formulas.arrays import Array
from thalweg.formulas.measures import f1_from, precision_from, ratio, recall_from
from thalweg.formulas.registry import Registry


@dataclass(frozen=True)
class Threshold:
    """Class 1 is chosen where p ≥ threshold; value is what the measure then is."""

    measure: str
    threshold: float
    value: float


# {name: (true positives, false positives, false negatives, true negatives) -> value}
CUTS: Registry[Callable[[Array, Array, Array, Array], Array]] = Registry("measure of a threshold")
CUTS.add("f1", lambda tp, fp, fn, tn: f1_from(tp, fp, fn))
CUTS.add("precision", lambda tp, fp, fn, tn: precision_from(tp, fp, fn))
CUTS.add("recall", lambda tp, fp, fn, tn: recall_from(tp, fp, fn))
CUTS.add("accuracy", lambda tp, fp, fn, tn: (tp + tn) / (tp + fp + fn + tn))
CUTS.add("balanced_accuracy", lambda tp, fp, fn, tn: (ratio(tp, tp + fn) + ratio(tn, tn + fp)) / 2)


def cuts(y, p, weight=None):
    """Every way to cut p (B,): (thresholds (C,), tp, fp, fn, tn), from "all are class 1" to "none is".

    A threshold lies halfway between neighbouring predictions, so that nearly equal new
    rows are told the same.
    """
    y, p = np.asarray(y, np.float64).ravel(), np.asarray(p, np.float64).ravel()
    weight = np.ones(len(y)) if weight is None else np.asarray(weight, np.float64)
    levels, level = np.unique(p, return_inverse=True)
    positive, negative = (np.bincount(level, weight * t) for t in (y, 1 - y))
    halfway = levels[:-1] + np.diff(levels) / 2
    halfway = np.where(halfway > levels[:-1], halfway, levels[1:])
    thresholds = np.concatenate([levels[:1], halfway, [np.nextafter(levels[-1], np.inf)]])
    fn, tn = (np.concatenate([[0.0], side.cumsum()]) for side in (positive, negative))
    return thresholds, fn[-1] - fn, tn[-1] - tn, fn, tn


def best_threshold(y, p, measure: str = "f1", weight=None) -> Threshold:
    """The threshold that is best by a measure, exact over all distinct predictions.

    y (B,) or (B, 1) of 0 and 1, p the same shape, weight (B,). Among equally good ones, the nearest to ½.

    >>> best_threshold(np.array([0, 0, 0, 1, 1]), np.array([0.1, 0.2, 0.25, 0.3, 0.4])).threshold
    0.275
    """
    formula = CUTS.named(measure)
    if np.size(y) != np.size(p) or np.shape(p) not in {(np.size(p),), (np.size(p), 1)} or not np.size(p):
        raise ShapeError(
            f"y has shape {np.shape(y)} and p has {np.shape(p)}; a threshold is chosen for two classes: "
            "expected (B,) or (B, 1) for both, one probability for each row and at least one row"
        )
    if not np.isfinite(p).all():
        raise DataError("p holds nan or inf; choose a threshold on the predictions of a run that did not diverge")
    thresholds, *table = cuts(y, p, weight)
    values = formula(*table)
    best = np.flatnonzero(values == values.max())
    at = best[np.abs(thresholds[best] - 0.5).argmin()]
    return Threshold(measure, float(thresholds[at]), float(values[at]))
