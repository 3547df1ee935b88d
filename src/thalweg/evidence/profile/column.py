"""One column: what it is, how it is used, what it holds."""

from dataclasses import dataclass

import numpy as np

from thalweg.evidence.profile.levels import Level, top_levels
from thalweg.evidence.profile.numbers import Numbers, numbers
from thalweg.evidence.profile.uses import FEATURES, Use
from thalweg.evidence.profile.values import Values

COMMON = 0.05  # the share of rows from which on a single number is worth naming


@dataclass(frozen=True)
class ColumnProfile:
    """kind: as read (number, boolean, text, date, time, empty, other). use: see `Use`, `reason` where it is left out.

    range: smallest, median and largest value as text, of numbers, dates and times. numbers: of dates in seconds
    since 1970. inputs: how many columns the model gets from it. tells: how well this column alone tells the
    target (see scores.py), where there is one.
    """

    name: str
    kind: str
    use: str
    reason: str
    why: str
    remark: str
    missing: int
    different: int
    top: tuple[Level, ...]
    range: tuple[str, str, str] | None
    numbers: Numbers | None
    inputs: int
    tells: float | None

    @property
    def learned(self) -> bool:
        """Whether the model gets something from it."""
        return self.use in FEATURES


def describe(values: Values, use: Use, inputs: int, tells: float | None) -> ColumnProfile:
    """All that is said about one column."""
    found = numbers(values.known) if values.reading in ("number", "flag", "date", "time") else None
    ends = (found.min, found.median, found.max) if found and values.ordered else None
    return ColumnProfile(
        name=values.name, kind=values.kind, use=use.part, reason=use.reason, why=use.why, remark=use.remark,
        missing=values.missing, different=values.different, top=frequent(values),
        range=(values.text(ends[0]), values.text(ends[1]), values.text(ends[2])) if ends else None,
        numbers=found, inputs=inputs, tells=tells,
    )  # fmt: skip


def frequent(values: Values) -> tuple[Level, ...]:
    """The most frequent levels; of numbers and dates those that stand in many rows."""
    if values.reading == "text":
        return top_levels(values.x, values.levels) if values.different < len(values.known) else ()
    found, rows = values.distinct
    order = np.argsort(-rows, kind="stable")[:8]
    least = 1 if values.reading == "flag" else max(2, COMMON * len(values.known))
    return tuple(Level(values.text(float(found[i])), int(rows[i])) for i in order if rows[i] >= least)
