"""Columns that may have learned the answer: they tell the target nearly perfectly, or are named after it.

A suspicion, never a verdict: only someone who knows how the data came about can say whether a column is known before
the target is. What chance would reach is measured: the same scores of all columns against shuffled targets, the best
of all of them, so that many columns have many chances there too (Westfall & Young 1993).
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from thalweg.evidence.profile.naming import named_after
from thalweg.evidence.profile.scores import MEASURES, Truth, score, skill
from thalweg.evidence.profile.values import Values
from thalweg.formulas.arrays import Array
from thalweg.formulas.streams import Purpose, stream
from thalweg.problems.recognise import FEW

NEARLY_PERFECT = {"regression": 0.98, "binary": 0.99, "multiclass": 0.99}
NAMED = 0.5  # of the way from chance to certainty: with a name like the target's that is enough to ask
MOST_ROWS, MOST_CELLS = 20_000, 5_000_000  # on which columns are scored
MARGIN = 3  # times nearer to certainty than the best that chance brought in a few tries
SHUFFLED_ROWS, SHUFFLED_CELLS, SHUFFLES = 2_000, 2_000_000, 20


@dataclass(frozen=True)
class Suspect:
    """why: "perfect" or "name". score in `measure`; chance: the best that any column reaches on shuffled targets.

    groups: how many values it has, where each stands in several rows and may name what these are about; else 0.
    """

    column: str
    why: str
    measure: str
    score: float
    chance: float
    groups: int


@dataclass(frozen=True, eq=False)
class Scored:
    """Scores of all columns by name, over `rows` rows."""

    scores: dict[str, float]
    truth: Truth
    rows: Array


def scored(values: Sequence[Values], y: Array, rows: Array, task: str, classes: int) -> Scored:
    """y (n,): the target of the rows (n,) of the table; each column is scored on some of them, or all."""
    some = stream(0, Purpose.SAMPLE, 104).permutation(chosen_rows(y, classes, most_rows(len(values))))
    # In random order: rows with one value of x must not stay neighbours because they were neighbours in the table.
    truth = Truth.of(y[some], task, classes)
    return Scored({v.name: score(v.x[rows[some]], truth, ordered=v.ordered) for v in values}, truth, rows[some])


def most_rows(columns: int) -> int:
    """Rows on which so many columns can be scored in a few seconds."""
    return int(min(MOST_ROWS, max(1000, MOST_CELLS // max(columns, 1))))


def chosen_rows(y: Array, classes: int, most: int) -> Array:
    """Positions, in order. Of classes as many of each as there are: the scores do not depend on their shares."""
    if len(y) <= most:
        return np.arange(len(y))
    shuffled = stream(0, Purpose.SAMPLE, 102).permutation(len(y))
    if not classes:
        return np.sort(shuffled[:most])
    codes = y[shuffled].astype(np.intp)
    order = np.argsort(codes, kind="stable")
    counts = np.bincount(codes, minlength=classes)
    turn = np.empty(len(y), np.intp)  # the how-manieth of its class a row is
    turn[order] = np.arange(len(y)) - np.repeat(counts.cumsum() - counts, counts)
    return np.sort(shuffled[np.argsort(turn, kind="stable")[:most]])


def suspects(
    found: Scored, values: Mapping[str, Values], features: Sequence[str], target: str, explained: Collection[str]
) -> tuple[Suspect, ...]:
    """Of the columns that are learned from. A lone column is no suspect: it is all there is to learn from.

    explained: columns of time, which tell whatever moves slowly, and columns that name whoever a row is about.
    """
    if len(features) < 2:
        return ()
    truth = found.truth
    perfect = {n for n in features if found.scores[n] >= NEARLY_PERFECT[truth.task] and n not in explained}
    named = {
        n for n in features
        if n not in perfect and named_after(n, target) and skill(found.scores[n], truth.chance) >= NAMED
    }  # fmt: skip
    if not perfect | named:
        return ()
    chance = best_by_chance([values[n] for n in features], found)
    return tuple(
        Suspect(
            name,
            "perfect" if name in perfect else "name",
            MEASURES[truth.task],
            found.scores[name],
            chance,
            groups_of(values[name]),
        )
        for name in sorted(perfect | named, key=lambda n: -found.scores[n])
        if 1 - found.scores[name] < (1 - chance) / MARGIN
    )


def groups_of(column: Values) -> int:
    """More than a few values, whole or words, each in three rows or more on average."""
    whole = column.reading == "text" or bool((column.known == np.rint(column.known)).all())
    repeats = FEW < column.different <= len(column.known) / 3
    return column.different if whole and repeats else 0


def best_by_chance(columns: Sequence[Values], found: Scored) -> float:
    """The highest score of any column against targets that were shuffled, several times."""
    truth, rows = found.truth, found.rows
    codes = truth.y.astype(np.float64)
    some = chosen_rows(codes, truth.classes, int(min(SHUFFLED_ROWS, max(500, SHUFFLED_CELLS // len(columns)))))
    truth, rows = Truth(truth.y[some], truth.task, truth.classes, truth.folds[some]), rows[some]
    times = int(np.clip(SHUFFLED_CELLS / (len(columns) * len(rows)), 3, SHUFFLES))
    return max(
        score(column.x[rows], truth.shuffled(i), ordered=column.ordered) for i in range(times) for column in columns
    )
