"""How well one column alone tells the target, on rows that were not used to find out how.

    quantity, by a number   1 − σ²/s²: the share of the target's variance that any smooth function of x explains.
                            σ², what is left, comes from each three neighbours in the order of x: how far the
                            middle one lies off the line through the others (Gasser, Sroka & Jennen-Steinmetz 1986)
    quantity, by levels     R² of the levels' means
    two classes             area under the ROC curve, of x itself or of the shares of its levels
    more classes            balanced accuracy of the class that is likeliest at x, or of x's nearest neighbour

Shares, means and neighbours come from other rows than they are tried on: five folds. Numbers with many values are
put into levels of equal size. A missing value is a level; a quantity is judged where x is known. A score says what
is there, whatever the model: it finds a copy of the target behind any bend or code.
"""

from dataclasses import dataclass

import numpy as np

from thalweg.formulas.arrays import Array
from thalweg.formulas.streams import Purpose, stream

FOLDS = 5
MOST_LEVELS, ROWS_PER_LEVEL = 64, 10
MOST_COUNTS = 1_000_000
PROMISING = 0.5  # of the way to certainty: from here on neighbours, which cost more, are asked too
MEASURES = {"regression": "R²", "binary": "AUC", "multiclass": "balanced accuracy"}


@dataclass(frozen=True, eq=False)
class Truth:
    """The target of some rows: y (n,) values, or codes of `classes` classes (0: a quantity); folds (n,)."""

    y: Array
    task: str
    classes: int
    folds: Array

    @classmethod
    def of(cls, y: Array, task: str, classes: int) -> "Truth":
        """With folds dealt out at random."""
        folds = stream(0, Purpose.SAMPLE, 101).permutation(len(y)) % FOLDS
        return cls(y if classes == 0 else y.astype(np.intp), task, classes, folds)

    def shuffled(self, index: int) -> "Truth":
        """The same values in an order that has nothing to do with the rows."""
        order = stream(0, Purpose.LABELS, 1000 + index).permutation(len(self.y))
        return Truth(self.y[order], self.task, self.classes, self.folds)

    @property
    def chance(self) -> float:
        """The score of a column that knows nothing."""
        return {"regression": 0.0, "binary": 0.5, "multiclass": 1 / max(self.classes, 1)}[self.task]


def score(x: Array, truth: Truth, *, ordered: bool) -> float:
    """x (n,) with NaN where missing; `ordered` numbers, or codes of levels. From chance, which is less, to 1."""
    x = np.where(np.isfinite(x), x, np.nan)
    if not len(x) or np.isnan(x).all():
        return truth.chance
    if truth.task == "regression":
        found = smooth_r2(x, truth.y) if ordered else levels_r2(x, truth)
    else:
        levels = in_levels(x) if ordered else codes_of(x, most_levels(truth.classes))
        found = shares_score(levels, truth)
        if ordered and truth.task == "binary":
            found = max(found, ranks_auc(x, truth.y))
        elif ordered and skill(found, truth.chance) > PROMISING:
            found = max(found, neighbours_accuracy(x, truth))
    return float(max(truth.chance, found if np.isfinite(found) else truth.chance))


def skill(value: float, chance: float) -> float:
    """A score as a share of the way from chance to certainty."""
    return (value - chance) / (1 - chance) if chance < 1 else 0.0


# Levels


def most_levels(classes: int) -> int:
    """Levels whose counts, for each fold and class, take a few megabytes."""
    return max(MOST_LEVELS, MOST_COUNTS // (FOLDS * max(classes, 1)))


def codes_of(x: Array, most: int) -> Array:
    """(n,) whole numbers from 0; a missing value is a level. Levels of one row, and the rarest over `most`, share one.

    A level that stands in one row is never seen in other folds, so nothing is lost with it.
    """
    _, codes, rows = np.unique(x, return_inverse=True, return_counts=True, equal_nan=True)
    order = np.argsort(-rows, kind="stable")
    kept = order[:most][rows[order[:most]] > 1]
    place = np.full(len(rows), len(kept), np.intp)
    place[kept] = np.arange(len(kept))
    return place[codes]


def in_levels(x: Array) -> Array:
    """Numbers in levels: their own values where these are few, else of equal size; missing ones are the last."""
    known = ~np.isnan(x)
    values, codes = np.unique(x[known], return_inverse=True)
    most = int(np.clip(len(codes) / ROWS_PER_LEVEL, 2, MOST_LEVELS))
    if len(values) > most:
        below = np.concatenate([[0], np.bincount(codes).cumsum()[:-1]])  # rows below each value: ties stay together
        codes = (below * most // len(codes))[codes]
    found = np.full(len(x), -1, np.intp)
    found[known] = codes
    return np.unique(found, return_inverse=True)[1]


# Classes


def shares_score(levels: Array, truth: Truth) -> float:
    """Each row gets the shares of the classes in its level, counted in the other folds."""
    classes, count = truth.classes, int(levels.max()) + 1
    cells = (truth.folds * count + levels) * classes + truth.y
    counts = np.bincount(cells, minlength=FOLDS * count * classes).reshape(FOLDS, count, classes).astype(np.float64)
    others = counts.sum(0) - counts  # (folds, levels, classes)
    prior = others.sum(1, keepdims=True)
    prior /= np.maximum(prior.sum(-1, keepdims=True), 1)
    shares = (others + prior) / (others.sum(-1, keepdims=True) + 1)
    if truth.task == "binary":
        return area(shares[truth.folds, levels, 1], truth.y)
    chosen = np.divide(shares, prior, out=np.zeros_like(shares), where=prior > 0).argmax(-1)
    return mean_recall(chosen[truth.folds, levels], truth)


def mean_recall(guess: Array, truth: Truth) -> float:
    """The share of each class that is guessed, averaged over the classes that occur."""
    there = np.bincount(truth.y, minlength=truth.classes)
    right = np.bincount(truth.y[guess == truth.y], minlength=truth.classes)
    return float((right[there > 0] / there[there > 0]).mean())


def ranks_auc(x: Array, y: Array) -> float:
    """Area under the ROC curve of x or of −x, missing values counted lowest or highest."""
    gaps = np.isnan(x)
    known = x[~gaps]
    ends = (known.min() - 1, known.max() + 1) if gaps.any() else (0.0,)
    areas = [area(np.where(gaps, end, x), y) for end in ends]
    return max(max(found, 1 - found) for found in areas)


def area(scores: Array, y: Array) -> float:
    """The chance that a row of class 1 has a higher score than one of class 0, ties half."""
    _, level = np.unique(scores, return_inverse=True)
    above = np.bincount(level, y)
    below = np.bincount(level, 1 - y)
    pairs = above.sum() * below.sum()
    return float(above @ (below.cumsum() - below / 2) / pairs) if pairs else 0.5


def neighbours_accuracy(x: Array, truth: Truth) -> float:
    """Balanced accuracy of the nearest other value's most frequent class; of the same value's, where it repeats."""
    values, place = np.unique(np.where(np.isnan(x), np.inf, x), return_inverse=True)
    counts = np.bincount(place * truth.classes + truth.y, minlength=len(values) * truth.classes)
    counts = counts.reshape(len(values), truth.classes)
    with np.errstate(invalid="ignore"):
        gap = np.diff(values, prepend=-np.inf, append=np.inf)
    beside = np.arange(len(values)) + np.where(gap[:-1] <= gap[1:], -1, 1)
    nearest = counts[np.clip(beside, 0, len(values) - 1)]
    own = counts[place]
    own[np.arange(len(place)), truth.y] -= 1
    return mean_recall(np.where(own.any(1, keepdims=True), own, nearest[place]).argmax(1), truth)


# Quantities


def levels_r2(x: Array, truth: Truth) -> float:
    """1 − Σ(y − mean of its level in the other folds)² / Σ(y − ȳ)²."""
    levels = codes_of(x, most_levels(1))
    count = int(levels.max()) + 1
    cells = truth.folds * count + levels
    shape, size = (FOLDS, count), FOLDS * count
    rows = np.bincount(cells, minlength=size).reshape(shape)
    sums = np.bincount(cells, truth.y, minlength=size).reshape(shape)
    rows, sums = rows.sum(0) - rows, sums.sum(0) - sums
    everywhere = sums.sum(1, keepdims=True) / np.maximum(rows.sum(1, keepdims=True), 1)
    means = (sums + everywhere) / (rows + 1)
    left = np.square(truth.y - means[truth.folds, levels]).mean()
    return float(1 - left / truth.y.var()) if truth.y.var() > 0 else 0.0


def smooth_r2(x: Array, y: Array) -> float:
    """1 − σ²/s² where x is known; needs half of the rows, and ten."""
    known = ~np.isnan(x)
    n = int(known.sum())
    if n < 10 or 2 * n < len(x):
        return 0.0
    order = np.argsort(x[known], kind="stable")
    x, y = x[known][order], y[known][order]
    before, after = x[1:-1] - x[:-2], x[2:] - x[1:-1]
    whole = before + after
    a = np.divide(after, whole, out=np.full(n - 2, 0.5), where=whole > 0)  # the weight of the neighbour before
    off = a * y[:-2] + (1 - a) * y[2:] - y[1:-1]
    left = np.square(off) / (a**2 + (1 - a) ** 2 + 1)
    return float(1 - left.mean() / y.var(ddof=1)) if y.var() > 0 else 0.0
