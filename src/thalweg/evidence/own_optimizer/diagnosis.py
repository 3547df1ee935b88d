"""From a learner's path to the finding, also where the path ends in nan: then why it does."""

import types
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from thalweg.evidence.own_optimizer.case import Case, Trace, case_of
from thalweg.evidence.own_optimizer.catalogue.lines import Form
from thalweg.evidence.own_optimizer.explain import finding
from thalweg.evidence.own_optimizer.fingerprint import Verdict, identify
from thalweg.evidence.own_optimizer.laws.finding import Finding
from thalweg.evidence.own_optimizer.reading.holders import turned
from thalweg.evidence.own_optimizer.reading.plans import OTHER, TELLING
from thalweg.evidence.own_optimizer.reading.trial import Reading, last_line, quiet
from thalweg.evidence.own_optimizer.sightings import line_of


def diagnosed(case: Case) -> tuple[Verdict | None, list[Finding]]:
    """What the path says of the formula; no verdict where it holds no numbers and nothing explains why."""
    if case.finite:
        return _explained(case)
    broken = _not_finite(case)
    count = _counted_late(case)
    if count:
        return count[0], [count[1], broken]
    gentle = case_of(case.reading, case.made, case.rule, gentle=True)
    if not gentle.finite:
        return None, [broken]
    verdict, found = _explained(gentle, case)
    return verdict, [*(one for one in found if one.name != "differs"), broken]


def diagnosed_gently(reading: Reading, made: Any, rule: str) -> list[Finding]:
    """The named mistakes of a code that works with positive gradients only."""
    case = case_of(reading, made, rule, gentle=True)
    return [one for one in _explained(case)[1] if one.name != "differs"] if case.finite else []


def _explained(case: Case, broken: Case | None = None) -> tuple[Verdict, list[Finding]]:
    """The verdict and its finding; of what is one on this path, that which breaks down where `broken` does."""
    verdict = identify(case)
    if broken and (breaking := tuple(one for one in verdict.suspects if _breaks_down(one.form, broken))):
        verdict = replace(verdict, suspects=breaking)
    trace = case.traces[0]
    line = line_of(verdict.suspects[0], case.reading, trace) if verdict.suspects else None
    found = finding(verdict, case.traces, case.rule, line)
    return verdict, [found] if found else []


def _breaks_down(form: Form, case: Case) -> bool:
    with quiet():
        for trace in case.traces:
            path = form.path(trace.settings.choices[0], trace.probe.w, trace.probe.slope)
            if not trace.finite and not all(np.isfinite(next(path)).all() for _ in trace.path):
                return True
    return False


def _not_finite(case: Case) -> Finding:
    trace = next(trace for trace in case.traces if not trace.finite)
    k, point = next((k, point) for k, point in enumerate(trace.path, 1) if not np.isfinite(point).all())
    number = point[~np.isfinite(point)][0]
    said, line = _first_error(case, trace, k)
    look = "look for a division by 0, such as by 1 - beta**t with t = 0, and for a root of a negative number"
    if "divide" in said:
        counted = "; is it 1 - beta**t with t still 0? Then count t before it is used" if case.counts else ""
        look = f"line {line} divides by 0{counted}"
    elif "sqrt" in said or "power" in said:
        look = f"line {line} takes the root of a negative number; the squares of gradients are never negative"
    sentence = f"after step {k} with ordinary gradients the weights hold {number}: {look}"
    return Finding("not finite", sentence, line)


def _first_error(case: Case, trace: Trace, k: int) -> tuple[str, int | None]:
    """What NumPy says of the first arithmetic that gave no number, and the learner's line of it."""
    reading = case.reading
    arrays = [trace.probe.w] if reading.one else [trace.probe.w, np.full((2, 1), 0.5)]
    tuned = reading.plan.but(hyper=(TELLING, OTHER)[trace.number])
    try:
        with quiet():
            session = replace(reading, plan=tuned).start(arrays)
            with np.errstate(divide="raise", invalid="raise"):
                for slopes in trace.probe.slopes[:k]:
                    session.step(slopes)
    except FloatingPointError as error:
        return str(error), last_line(error, reading.file)
    except Exception:  # noqa: S110 - then there is nothing to tell
        pass
    return "", None


def diagnosed_second(case: Case) -> list[Finding]:
    """The named mistakes in what is done with the second of two parameters."""
    plan = case.reading.plan
    there = replace(case.reading, plan=plan.but(holder=turned(plan.holder)), one=False)
    found = diagnosed(case_of(there, case.made, case.rule))[1]
    return [one for one in found if one.name not in ("differs", "not finite")]


def _counted_late(case: Case) -> tuple[Verdict, Finding] | None:
    """Is it that t is 0 when it is used first? It is, if all goes well with the count one higher."""
    if case.reading.plan.make is None or case.reading.plan.loop:
        return None
    for name, start in _counts(case):
        ahead = replace(case.reading, plan=case.reading.plan.but(make=_one_ahead(case.reading.plan.make, name)))
        try:
            moved = case_of(ahead, case.made, case.rule)
        except Exception:  # noqa: S112 - then this is not the count
            continue
        if not moved.finite:
            continue
        verdict, found = _explained(moved)
        never = any(suspect.title.startswith("t never advances") for suspect in verdict.suspects)
        if not found or never:
            return verdict, _late(name, start, never)
    return None


def _late(name: str, start: int, never: bool) -> Finding:
    why = (
        f"self.{name} never advances: it stays {start}"
        if never
        else f"self.{name} is 0 when the moments are corrected for the first time"
    )
    return Finding(
        "t never advances" if never else "t starts at 0 in the correction",
        f"{why}, and 1 - beta**0 is 0, by which nothing can be divided. Begin with self.{name} = 0 and write "
        f"self.{name} += 1 as the first line of each step",
    )


def _counts(case: Case) -> Iterator[tuple[str, int]]:
    """Whole numbers that a fresh object keeps, as a count of its steps would be."""
    trace = case.traces[0]
    thing = case.reading.start([trace.probe.w] if case.reading.one else [trace.probe.w, np.full((2, 1), 0.5)]).object
    for name, value in getattr(thing, "__dict__", {}).items():
        if type(value) is int and value <= 0:
            yield name, value


def _one_ahead(make: Any, name: str) -> Any:
    def made(**arguments: Any) -> Any:
        thing = make(**arguments)
        if not isinstance(thing, types.SimpleNamespace):
            setattr(thing, name, getattr(thing, name) + 1)
        return thing

    return made
