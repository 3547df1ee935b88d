"""Which values turn up in the learner's variables, and after which line of their file?

One step is run under Python's tracer. After each line of the learner's file its variables are noted. A formula whose
intermediate values turn up there is the learner's formula, and the line after which a value turns up is its line.
"""

import inspect
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from types import FrameType
from typing import Any

import numpy as np

from thalweg.evidence.own_optimizer.case import Trace
from thalweg.evidence.own_optimizer.catalogue.lines import Form
from thalweg.evidence.own_optimizer.reading.holders import FLOATS, NUMBER, detached
from thalweg.evidence.own_optimizer.reading.trial import Reading, quiet
from thalweg.evidence.own_optimizer.suspects import Suspect

STEP = 3  # far enough for t, and for memory


@dataclass(frozen=True)
class Sightings:
    """(line, value) for each array or number that turned up in the learner's variables in one step, in order."""

    seen: tuple[tuple[int, Any], ...] = ()

    @classmethod
    def of(cls, reading: Reading, trace: Trace) -> "Sightings":
        """What turns up in step 3; nothing where the code is not run step by step on arrays."""
        if reading.plan.loop or reading.plan.holder in (FLOATS, NUMBER):
            return cls()
        arrays = [trace.probe.w] if reading.one else [trace.probe.w, np.full((2, 1), 0.5)]
        with quiet():
            session = reading.start(arrays)
            for slopes in trace.probe.slopes[: STEP - 1]:
                session.step(slopes)
            watch = _Watch(reading.file)
            before = sys.gettrace()
            sys.settrace(watch.follow)
            try:
                session.step(trace.probe.slopes[STEP - 1])
            finally:
                sys.settrace(before)
        return cls(tuple(watch.seen))

    def line_of(self, target: Any) -> int | None:
        """The line after which this value turned up for the first time."""
        return next((line for line, value in self.seen if _equal(target, value)), None)

    def share(self, suspect: Suspect, trace: Trace) -> tuple[float, int]:
        """Which part of the suspect's lines turned up in the learner's variables, of those that say something."""
        values = [value for value in values_of(suspect.form, trace).values() if not _trivial(value, trace)]
        found = [value for value in values if self.line_of(value) is not None]
        return (len(found) / len(values) if values else 0.0), len(found)


class _Watch:
    def __init__(self, file: str):
        self.file, self.seen = file, list[tuple[int, Any]]()
        self.last: dict[FrameType, int] = {}

    def follow(self, frame: FrameType, event: str, _: Any) -> Any:
        if frame.f_code.co_filename != self.file:
            return None
        if frame in self.last:
            line = self.last[frame]
            self.seen.extend((line, value) for value in _around(frame))
        self.last[frame] = frame.f_lineno
        return self.follow


def line_of(suspect: Suspect, reading: Reading, trace: Trace) -> int | None:
    """The line where the wrong value arises: of a mistake in one line of the formula, where its value is seen."""
    if len(suspect.changed) != 1:
        return None
    seen = Sightings.of(reading, trace)
    with quiet():
        values = values_of(suspect.form, trace)
        target = values.pop(suspect.changed[0][0].name, None)
        if target is None or _trivial(target, trace) or any(_equal(target, other) for other in values.values()):
            return None
        return seen.line_of(target)


def values_of(form: Form, trace: Trace) -> dict[str, Any]:
    """What the formula gives to each of its names in the step."""
    run = form.run(trace.settings.choices[0], trace.probe.w, trace.probe.slope)
    for _ in range(STEP - 1):
        next(run)
    env = next(run)
    return {line.name: env[line.name] for line in form.lines if line.name != "t"}


def _trivial(value: Any, trace: Trace) -> bool:
    """The raw gradient and the weights turn up in any code."""
    before = trace.path[STEP - 2]
    known = (trace.probe.slope(STEP, before), before, *trace.settings.choices[0].values())
    return any(_equal(value, other) for other in known)


def _around(frame: FrameType) -> Iterator[Any]:
    """Arrays and numbers in the variables of a frame, in the objects among them, in their lists and dictionaries."""
    for value in list(frame.f_locals.values()):
        yield from _inside(value, 3)


def _inside(value: Any, depth: int) -> Iterator[Any]:
    value = detached(value)
    if isinstance(value, np.ndarray):
        yield value.copy()
    elif isinstance(value, float | np.floating):
        yield float(value)
    elif depth and isinstance(value, dict):
        for part in list(value.values()):
            yield from _inside(part, depth - 1)
    elif depth and isinstance(value, list | tuple):
        for part in value:
            yield from _inside(part, depth - 1)
    elif depth and hasattr(value, "__dict__") and not isinstance(value, type) and not inspect.isroutine(value):
        for part in list(vars(value).values()):
            yield from _inside(part, depth - 1)


def _equal(target: Any, value: Any) -> bool:
    if np.shape(value) == (np.size(target),):  # a learner's flat array
        target = np.ravel(target)
    return np.shape(target) == np.shape(value) and np.allclose(value, target, rtol=1e-9, atol=0)
