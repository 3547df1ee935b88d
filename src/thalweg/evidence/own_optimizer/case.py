"""What a learner's code did: its paths on two probes, with the hyperparameters that may be in force."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from thalweg.evidence.own_optimizer.catalogue.forms import accepted
from thalweg.evidence.own_optimizer.catalogue.lines import Form
from thalweg.evidence.own_optimizer.probes import Probe, agrees, probe
from thalweg.evidence.own_optimizer.reading.holders import NUMBER
from thalweg.evidence.own_optimizer.reading.hyper import Settings, settings
from thalweg.evidence.own_optimizer.reading.plans import GENTLE, GENTLER, OTHER, TELLING
from thalweg.evidence.own_optimizer.reading.trial import Reading, quiet
from thalweg.evidence.own_optimizer.suspects import Suspect, likely
from thalweg.formulas.arrays import Array

STEPS = (12, 100)  # of the two probes
FIELD_STEPS = (12, 24)  # and where the gradient follows the path, so that a wrong one may leave for infinity
ENOUGH = 5  # steps before infinity that still are a fingerprint
CHOICES = {"known": 48, "slipped": 3, "doubled": 1}  # sets of hyperparameters that are tried with each set of suspects


@dataclass(frozen=True, eq=False)
class Trace:
    """What the learner's code did on one probe: its path (T, 2, 3), and the hyperparameters that may be in force."""

    number: int
    probe: Probe
    path: tuple[Array, ...]
    settings: Settings

    @property
    def finite(self) -> bool:
        return all(np.isfinite(point).all() for point in self.path)

    def fits(self, form: Form, hyper: Mapping[str, float]) -> bool:
        """Is this the form's path?"""
        start = self.probe.w
        theirs = form.path(hyper, start, self.probe.slope)
        return all(agrees(mine, next(theirs), start) for mine in self.path)


@dataclass(frozen=True)
class Case:
    """A learner's code, what it is meant to be, and what it did."""

    reading: Reading
    made: Any
    rule: str
    traces: tuple[Trace, ...]

    @property
    def finite(self) -> bool:
        return all(trace.finite for trace in self.traces)

    @property
    def counts(self) -> bool:
        """Does the rule count its steps?"""
        return any("t" in form.names for form in accepted(self.rule))

    def fitting(self, form: Form, most: int = 48) -> dict[str, float] | None:
        """The hyperparameters with which both paths are this form's, or None."""
        first, second = self.traces
        if form.ahead and not first.probe.field:
            return None
        for hyper, again in list(zip(first.settings.choices, second.settings.choices, strict=True))[:most]:
            if first.fits(form, hyper) and second.fits(form, again):
                return hyper
        return None

    def singled_out(self, which: str) -> list[Suspect]:
        """The suspects of a set that fit."""
        first, found = self.traces[0], {}
        for hyper in first.settings.choices[: CHOICES[which]]:
            for suspect in likely(which, self.rule, first.probe, first.number, hyper, first.path[0]):
                if id(suspect) not in found and self.fitting(suspect.form) is not None:
                    found[id(suspect)] = suspect
        return list(found.values())


def case_of(reading: Reading, made: Any, rule: str, *, gentle: bool = False) -> Case:
    """The learner's paths on both probes."""
    found = []
    values = (GENTLE, GENTLER) if gentle else (TELLING, OTHER)
    with quiet():
        field = reading.plan.takes_function
        lengths = (12, 12) if gentle else FIELD_STEPS if field else STEPS
        for number, (steps, hyper) in enumerate(zip(lengths, values, strict=True)):
            tuned = replace(reading, plan=reading.plan.but(hyper=hyper))
            asked = probe(number, steps, field=field, gentle=gentle)
            path = _path(tuned, asked)
            found.append(Trace(number, asked, _before_infinity(path) if field else path, settings(tuned, made, rule)))
    return Case(reading, made, rule, tuple(found))


def _before_infinity(path: tuple[Array, ...]) -> tuple[Array, ...]:
    """The finite beginning of a path that leaves for infinity, if it is long enough."""
    finite = [bool(np.isfinite(point).all() and np.abs(point).max() < 1e100) for point in path]
    end = finite.index(False) if False in finite else len(path)
    return path[:end] if end >= ENOUGH else path


def _path(reading: Reading, asked: Probe) -> tuple[Array, ...]:
    """Where the learner's code goes on a probe; for single numbers, one run for each entry."""
    if reading.plan.holder is not NUMBER:
        arrays = [asked.w] if reading.one else [asked.w, np.full((2, 1), 0.5)]
        return tuple(points[0] for points in reading.path(arrays, asked.slopes))
    paths = []
    for at in np.ndindex(asked.w.shape):
        slopes = [partial(_one_entry, asked, k, at) for k in range(1, len(asked.grads) + 1)]
        paths.append([points[0] for points in reading.path([np.asarray(asked.w[at])], slopes)])
    return tuple(np.reshape([path[k] for path in paths], asked.w.shape) for k in range(len(asked.grads)))


def _one_entry(asked: Probe, k: int, at: tuple[int, ...], points: list[Array]) -> list[Array]:
    """The gradient of one entry of the weights at step k, where the others do not matter."""
    return [asked.slope(k, np.full(asked.w.shape, points[0]))[at]]
