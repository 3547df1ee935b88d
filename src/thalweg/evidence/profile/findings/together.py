"""Columns that say the same, and what that does to descent."""

from collections.abc import Iterator

import numpy as np

from thalweg.evidence.check import Check, Status
from thalweg.evidence.data_checks import CONDITION_INDEX, HOPELESS_INDEX, PAIR_LIMIT
from thalweg.evidence.profile.record import Profile
from thalweg.evidence.profile.together import Pair, Together, harmful, steps_needed
from thalweg.evidence.profile.wording import brief, named
from thalweg.problems.words import counted, listed


def findings(found: Profile) -> Iterator[Check]:
    """Twins, pairs, and dependence among many."""
    both = found.together
    if both is None:
        return
    if both.same:
        said = listed((f"{s.column} = {s.like}{'' if s.exact else ' under other names'}" for s in both.same), 6)
        sentence = (
            f"columns that say the same in every row: {said}. Their weights cannot be told apart; leave one of each "
            "out with --drop."
        )
        yield Check("duplicate-columns", "Duplicate columns", "warn", len(both.same), "columns", sentence)
    yield from pairs(both)
    yield from inflation(both)
    if found.plan is not None or found.target is None:
        yield from conditioning(both)


def pairs(both: Together) -> Iterator[Check]:
    """Correlations so high that they do damage, or else worth a look."""
    strong, near = [p for p in both.pairs if harmful(p)], [p for p in both.pairs if not harmful(p)]
    if strong:
        sentence = (
            f"pairs that say nearly the same: {listed(map(pair, strong), 4)}. From |r| = {PAIR_LIMIT:.4f} on, a pair "
            f"alone makes a condition number of {CONDITION_INDEX**2:.0f} (Belsley, Kuh & Welsch 1980); keep one of "
            "each, or add --l2."
        )
        yield Check("collinear-columns", "Collinear columns", "warn", len(strong), "pairs", sentence)
    if near:
        sentence = f"pairs that move together: {listed(map(pair, near), 4)}; their weights are hard to tell apart."
        yield Check("collinear-columns", "Collinear columns", "notice", len(near), "pairs", sentence)


def pair(one: Pair) -> str:
    return f"{one.first} and {one.second} (r\u00a0{one.r:.4f})"


def inflation(both: Together) -> Iterator[Check]:
    """Columns that the others explain together, though no single one does."""
    paired = {name for p in both.pairs for name in (p.first, p.second)}
    alone = [one for one in both.inflation if one.column not in paired and np.isfinite(one.factor)]
    if alone:
        said = listed((f"{one.column} ({brief(one.factor, 3)})" for one in alone), 4)
        sentence = (
            f"other columns together explain these, 1/(1 − R²) being 10 or more (Marquardt 1970): {said}; read their "
            "weights with care."
        )
        yield Check("inflation", "Variance inflation", "notice", alone[0].factor, "largest", sentence)


def conditioning(both: Together) -> Iterator[Check]:
    """What κ means for the number of steps."""
    if both.condition is None or both.rank is None:
        return
    if not np.isfinite(both.condition):
        few = both.rows <= both.inputs
        why = "there are no more rows than columns" if few else f"among {named(both.dependent, 8)}"
        sentence = (
            f"{counted(both.inputs, 'input column')} span only {both.rank} dimensions ({why}): infinitely many weights "
            "fit equally well; leave out dependent columns, or add --l2."
        )
        yield Check("conditioning", "Conditioning", "warn", np.inf, "κ", sentence)
        return
    index = np.sqrt(both.condition)
    if index < CONDITION_INDEX:
        return
    plain, momentum = steps_needed(both.condition)
    status: Status = "warn" if index >= HOPELESS_INDEX else "notice"
    sentence = (
        f"{condition_words(both)}. To a millionth of its error gradient descent needs up to κ/2 · ln(1/ε) = "
        f"{brief(plain, 2)} steps at its best rate (Nesterov 2004, thm 2.1.15), momentum √κ/2 · ln(1/ε) = "
        f"{brief(momentum, 2)} (Polyak 1964), Newton a handful; fewer columns or --l2 lower κ."
    )
    yield Check("conditioning", "Conditioning", status, both.condition, "κ", sentence)


def condition_words(both: Together) -> str:
    """`condition number κ = 9.6e4 standardised, 1.4e12 raw`."""
    raw = "" if both.condition_raw is None else f", {brief(both.condition_raw, 2)} raw"
    assert both.condition is not None  # noqa: S101 - asked for where it is known
    return f"the condition number κ of the input columns is {brief(both.condition, 2)} standardised{raw}"
