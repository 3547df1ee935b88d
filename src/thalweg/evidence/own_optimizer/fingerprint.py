"""Whose path is it? A learner's steps against every accepted form, every known mistake, every change of one term.

A path fits where all its points agree to rounding, for two probes with different gradients and hyperparameters.
Dozens of generic points are a fingerprint: formulas that agree on all of them are one formula, and where several
are, the one whose values are seen in the learner's variables is the one to speak of.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from thalweg.evidence.own_optimizer.case import Case, Trace, case_of
from thalweg.evidence.own_optimizer.catalogue.forms import accepted, scheduled
from thalweg.evidence.own_optimizer.catalogue.known import Mistake, with_a_number
from thalweg.evidence.own_optimizer.catalogue.lines import Form
from thalweg.evidence.own_optimizer.probes import Difference, first_difference, slack
from thalweg.evidence.own_optimizer.reading.hyper import Settings, has_multiplier
from thalweg.evidence.own_optimizer.reading.plans import hyper_of
from thalweg.evidence.own_optimizer.reading.trial import quiet
from thalweg.evidence.own_optimizer.sightings import Sightings
from thalweg.evidence.own_optimizer.suspects import Suspect
from thalweg.formulas.rules import RULES


@dataclass(frozen=True)
class Verdict:
    """What the fingerprint says: an accepted form, or mistakes that fit, or where the path leaves the right one."""

    form: Form | None = None
    suspects: tuple[Suspect, ...] = ()
    other: Form | None = None  # a form of another rule that fits
    difference: Difference | None = None
    right: Form | None = None  # the accepted form that is compared with
    factor: float = 1.0  # every step is so many times the right one
    hyper: Mapping[str, float] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def identify(case: Case) -> Verdict:
    """The verdict on what is meant to be this rule. The path must be finite."""
    with quiet():
        for search in (_accepted, _counted_from_0, _single_mistake, _their_number, _scaled, _two_mistakes):
            if verdict := search(case):
                return verdict
        return _unexplained(case)


def _accepted(case: Case) -> Verdict | None:
    for form in (*accepted(case.rule), *(scheduled(case.rule) if has_multiplier(case.made) else ())):
        if (hyper := case.fitting(form)) is not None:
            return Verdict(form=form, hyper=hyper)
    return None


def _counted_from_0(case: Case) -> Verdict | None:
    """A step that is told its number may count from 0, unless it is written as rules are here, (w, g, …, t, lr)."""
    plan = case.reading.plan
    names = tuple(parameter.name for parameter in plan.parameters)
    if "count" not in [role.kind for role in plan.called_with.values()] or plan.first == 0:
        return None
    if names[:2] == ("w", "g") and "t" in names and names[names.index("t") + 1 :][:1] == ("lr",):
        return None
    try:
        from_0 = case_of(replace(case.reading, plan=plan.but(first=0)), case.made, case.rule)
    except Exception:
        return None
    verdict = _accepted(from_0)
    note = "it counts steps from 0: its first step must be told 0, not 1"
    return verdict and replace(verdict, notes=(note,))


def _single_mistake(case: Case) -> Verdict | None:
    fits = [*case.singled_out("known"), *case.singled_out("slipped")]
    other = _other_rule(case)
    best = _most_seen(case, fits) if fits else ()
    if other and not (best and best[0].known):
        return replace(_unexplained(case), other=other)
    if not best:
        return None
    return Verdict(suspects=best, other=other, right=best[0].right)


def _most_seen(case: Case, fits: list[Suspect]) -> tuple[Suspect, ...]:
    """All that fit are one formula. Speak of the one whose values the learner's variables have, and in few signs.

    Where two known mistakes of one form are the same and nothing tells them apart, both are named.
    """
    seen = Sightings.of(case.reading, case.traces[0])
    order = [id(form) for form in accepted(case.rule)]

    def rank(one: Suspect) -> tuple[float, int, bool, int]:
        share, number = seen.share(one, case.traces[0])
        return -share, -number, not one.known, order.index(id(one.right))

    at = {id(one): i for i, one in enumerate(fits)}  # known ones in the order of the catalogue
    ranked = sorted(fits, key=lambda one: (*rank(one), at[id(one)] if one.known else one.length))
    equal = [one for one in ranked if one.known and rank(one) == rank(ranked[0])]
    return tuple({one.title: one for one in equal[::-1]}.values())[::-1] or (ranked[0],)


def _other_rule(case: Case) -> Form | None:
    """Another rule's path, exactly?"""
    for name in RULES:
        if name == case.rule:
            continue
        translated = tuple(replace(trace, settings=_translated(trace.settings, name)) for trace in case.traces)
        other = replace(case, traces=translated)
        for form in accepted(name):
            if other.fitting(form) is not None:
                return form
    return None


ALIKE = {
    "beta": ("beta", "beta1", "rho"),
    "rho": ("rho", "beta2", "beta"),
    "beta1": ("beta1", "beta"),
    "beta2": ("beta2", "rho"),
}


def _translated(known_as: Settings, rule: str) -> Settings:
    """The same numbers under the names of another rule; what it alone has, at its default."""
    defaults = {"lr": RULES[rule].lr, **RULES[rule].defaults}

    def renamed(hyper: Mapping[str, float]) -> dict[str, float]:
        names = {name: next((a for a in ALIKE.get(name, (name,)) if a in hyper), None) for name in hyper_of(rule)}
        return {name: hyper[alike] if alike else defaults[name] for name, alike in names.items()}

    return Settings({}, {}, tuple(renamed(choice) for choice in known_as.choices), known_as.constants)


def _their_number(case: Case) -> Verdict | None:
    """A number of the learner's code where none belongs, or in the place of a hyperparameter that was handed over."""
    settings = case.traces[0].settings
    ignored = [
        Mistake(f"{name} is ignored: C is used, whatever is handed over", (f"every {name}: C",))
        for name in settings.given
    ]
    for form in accepted(case.rule):
        for mistake in (*ignored, *with_a_number()):
            for number in settings.constants:
                one = mistake.with_number(number)
                changed = one.made_in(form)
                if changed is not None and case.fitting(changed, 1) is not None:
                    return Verdict(suspects=(Suspect(changed, one.title, form),), right=form)
    return None


def _scaled(case: Case) -> Verdict | None:
    """Is every step the same number of times the right one, whatever the hyperparameters?"""
    for form in accepted(case.rule):
        hyper = [trace.settings.choices[0] for trace in case.traces]
        factors = [_factor(trace, form, choice) for trace, choice in zip(case.traces, hyper, strict=True)]
        if None not in factors and np.isclose(*factors, rtol=1e-8):  # type: ignore[call-overload]
            return Verdict(right=form, factor=float(factors[0] or 1), hyper=hyper[0])
    return None


def _factor(trace: Trace, form: Form, hyper: Mapping[str, float]) -> float | None:
    """The one number by which all steps differ, where the gradients do not depend on the path."""
    if trace.probe.field or form.ahead:
        return None
    start, theirs = trace.probe.w, form.path(hyper, trace.probe.w, trace.probe.slope)
    ways = np.array([(mine - start, next(theirs) - start) for mine in trace.path])
    mine, right = ways[:, 0], ways[:, 1]
    if not np.isfinite(ways).all() or not right.any():
        return None
    factor = float(np.sum(mine * right) / np.sum(right * right))
    return factor if (np.abs(mine - factor * right) <= slack(start + mine, start, 1e-8)).all() else None


def _two_mistakes(case: Case) -> Verdict | None:
    """Two known mistakes at once."""
    fits = case.singled_out("doubled")
    if not fits:
        return None
    best = _most_seen(case, fits)
    return Verdict(suspects=best[:1], right=best[0].right)


def _unexplained(case: Case) -> Verdict:
    """No mistake that we know: the accepted form that the path follows longest, and where it leaves it."""
    found = []
    for trace in case.traces:
        for form in accepted(case.rule):
            if form.ahead and not trace.probe.field:
                continue
            for hyper in trace.settings.choices:
                theirs = form.path(hyper, trace.probe.w, trace.probe.slope)
                if difference := first_difference(trace.path, [next(theirs) for _ in trace.path], trace.probe.w):
                    found.append(Verdict(difference=difference, right=form, hyper=hyper))
        if found:
            break
    return max(found, key=lambda one: one.difference.step if one.difference else 0)
