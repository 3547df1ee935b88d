"""Formulas with one mistake: which of them take a first step as the learner's code does?

There are thousands for a rule. Their first steps with the same hyperparameters are worked out once and kept, so
that a look at the first step leaves a handful to follow further.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from itertools import combinations

import numpy as np

from thalweg.evidence.own_optimizer.catalogue.changes import slips
from thalweg.evidence.own_optimizer.catalogue.forms import accepted
from thalweg.evidence.own_optimizer.catalogue.known import known
from thalweg.evidence.own_optimizer.catalogue.lines import Form, Line
from thalweg.evidence.own_optimizer.probes import Probe, probe, slack
from thalweg.formulas.arrays import Array


@dataclass(frozen=True, eq=False)
class Suspect:
    """A form with a mistake in it: what the mistake is called, and the form as it should be."""

    form: Form
    title: str
    right: Form
    known: bool = True

    @cached_property
    def changed(self) -> list[tuple[Line, Line | None]]:
        """(the line as it is, the line as it should be) where they differ."""
        pairs = []
        for i, line in enumerate(self.form.lines):
            proper = self.right.lines[i] if i < len(self.right.lines) else None
            if proper is None or proper.text != line.text:
                pairs.append((line, proper))
        return pairs

    @property
    def length(self) -> int:
        """How many signs it takes to say the mistake."""
        return sum(len(line.text) for line, _ in self.changed)


@cache
def known_suspects(rule: str, field: bool) -> tuple[Suspect, ...]:
    """Every known mistake in every accepted form of the rule."""
    made = (
        Suspect(changed, mistake.title, form)
        for form in _usable(rule, field)
        for mistake in known(rule)
        if (changed := mistake.made_in(form)) is not None
    )
    return tuple(suspect for suspect in made if field or not suspect.form.ahead)


@cache
def slipped_suspects(rule: str, field: bool) -> tuple[Suspect, ...]:
    """Every change of one term in every accepted form of the rule."""
    return tuple(
        Suspect(changed, f"in the line of {name}, {phrase}", form, known=False)
        for form in _usable(rule, field)
        for changed, name, phrase in slips(form)
        if field or not changed.ahead
    )


@cache
def doubled_suspects(rule: str, field: bool) -> tuple[Suspect, ...]:
    """Every two known mistakes at once that change different lines of one form."""
    return tuple(_doubled(rule, field))


def _doubled(rule: str, field: bool) -> Iterator[Suspect]:
    usable = _usable(rule, field)
    for form in [form for form in usable if form.ahead] or usable[:4]:
        single = [(mistake, changed) for mistake in known(rule) if (changed := mistake.made_in(form)) is not None]
        for (one, first), (two, second) in combinations(single, 2):
            if _names(one.changes) & _names(two.changes):
                continue
            both = two.made_in(first)
            if both is not None and both.names == second.names | first.names:
                yield Suspect(both, f"{one.title}; and {two.title}", form)


def _names(changes: tuple[str, ...]) -> set[str]:
    """What a mistake changes: lines, beginnings, hyperparameters."""
    words = [change.split(" ") for change in changes if not change.startswith("where")]
    return {(parts[1] if parts[0] in ("then", "start", "every") else parts[0]).rstrip(":") for parts in words}


def _usable(rule: str, field: bool) -> list[Form]:
    """Forms that look ahead need a gradient function to look with."""
    return [form for form in accepted(rule) if field or not form.ahead]


SETS = {"known": known_suspects, "slipped": slipped_suspects, "doubled": doubled_suspects}


def likely(which: str, rule: str, asked: Probe, number: int, hyper: Mapping[str, float], first: Array) -> list[Suspect]:
    """The suspects of a set whose first step leads to `first` (2, 3)."""
    steps = _first_steps(which, rule, asked.field, asked.gentle, number, tuple(sorted(hyper.items())))
    with np.errstate(all="ignore"):
        near = np.abs(steps - first) <= slack(first, asked.w)
    return [SETS[which](rule, asked.field)[i] for i in np.flatnonzero(near.all(axis=(1, 2)))]


@lru_cache(maxsize=64)
def _first_steps(
    which: str, rule: str, field: bool, gentle: bool, number: int, hyper: tuple[tuple[str, float], ...]
) -> Array:
    """Where the first step of each suspect leads, (suspects, 2, 3); nan where to no numbers."""
    asked = probe(number, 2, field=field, gentle=gentle)
    suspects = SETS[which](rule, field)
    found = np.full((len(suspects), *asked.w.shape), np.nan)
    with np.errstate(all="ignore"):
        for i, suspect in enumerate(suspects):
            step = next(suspect.form.path(dict(hyper), asked.w, asked.slope))
            if np.shape(step) == asked.w.shape:
                found[i] = step
    return found
