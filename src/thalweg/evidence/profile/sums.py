"""A target that is a sum of multiples of other columns, exactly: total = adults + children.

No column of such a sum need tell the target by itself, yet together they hold the answer. The columns are found one
by one, each time the one that goes best with what is left (orthogonal matching pursuit; Pati et al. 1993).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from thalweg.evidence.data_checks import unit_columns
from thalweg.evidence.profile.values import Values
from thalweg.formulas.arrays import Array
from thalweg.formulas.streams import Purpose, stream

MOST_TERMS = 12  # the months of a year
MOST_ROWS = 5_000
ROWS_PER_TERM = 10  # with fewer rows anything is nearly a sum
EXACT = 1e-5  # of the target's length: what rounding leaves over


@dataclass(frozen=True)
class Term:
    """A column and how many times it is taken."""

    column: str
    times: float


def sum_of(columns: Sequence[Values], y: Array, rows: Array) -> tuple[Term, ...]:
    """The terms of y (n,), the target of the rows (n,) of the table; none unless two columns or more make it up."""
    plain = [column for column in columns if column.reading in ("number", "flag")]
    known = np.flatnonzero(~np.logical_or.reduce([column.gaps[rows] for column in plain])) if plain else np.arange(0)
    if len(known) > MOST_ROWS:
        known = np.sort(stream(0, Purpose.SAMPLE, 105).choice(known, MOST_ROWS, replace=False))
    if len(plain) < 2 or len(known) < 2 * ROWS_PER_TERM or np.ptp(y[known]) == 0:
        return ()
    X, y = np.stack([column.x[rows[known]] for column in plain], axis=1), y[known]
    if not np.isfinite(X).all():
        return ()
    chosen = pursued(X, y)
    if len(chosen) < 2:
        return ()
    used = X[:, chosen] - X[:, chosen].mean(0)
    weights = np.linalg.lstsq(used, y - y.mean(), rcond=None)[0]
    return tuple(Term(plain[j].name, float(weight)) for j, weight in zip(chosen, weights, strict=True))


def pursued(X: Array, y: Array) -> list[int]:
    """The columns of X (n, D) that y (n,) is made of, in the order in which they were found; [] if it is not."""
    Z, varying = unit_columns(X)
    rest = y - y.mean()
    rest = rest / np.linalg.norm(rest)
    whole, chosen = rest.copy(), np.zeros(len(varying), dtype=bool)
    order: list[int] = []
    while len(order) < min(MOST_TERMS, len(varying), len(y) // ROWS_PER_TERM):
        share = np.where(chosen, -1.0, np.abs(rest @ Z))
        best = int(share.argmax())
        chosen[best] = True
        order.append(best)
        rest = whole - Z[:, order] @ np.linalg.lstsq(Z[:, order], whole, rcond=None)[0]
        if np.linalg.norm(rest) < EXACT:
            return [int(varying[j]) for j in order]
    return []
