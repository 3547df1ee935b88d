"""A population advanced a stretch of updates at a time, by whichever engine makes them.

History, evaluations and stop rules see what they would see update by update. Where a rule ends a member inside a
stretch, that member alone is computed again from where the stretch began, up to that update: it has the same bits, so
nothing is lost but time.
"""

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Protocol

import numpy as np

from thalweg.descent.compiled_advance import ByEpochs
from thalweg.descent.setup import Setup
from thalweg.descent.state import State, Step, step_of
from thalweg.descent.sweeping.strides import ByStrides
from thalweg.formulas.arrays import Array

if TYPE_CHECKING:
    from thalweg.descent.population import Population

LONGEST = 4096  # updates of a stretch where nobody looks on; an engine may take fewer


class Engine(Protocol):
    """What makes the updates of a stretch."""

    longest: int

    def advance(self, now: Setup, state: State, places: slice, rates: Array) -> int:
        """At most len(rates) updates of the active members in `places`, in place and recorded; how many.

        `now` is the Setup of all active members (A,), rates (T, A) their lr.
        """
        ...


def engine_for(population: "Population") -> Engine:
    """That of the population's Specs."""
    return ByEpochs(population) if population.setup.specs[0].engine == "compiled" else ByStrides(population)


def advance_in_stretches(population: "Population", longest: int = 1, until: int | None = None) -> Iterator[Step]:
    """Yields the last Step of each stretch of at most `longest`; the population is exact at every yield."""
    begun, engine = time.perf_counter() - population.before, engine_for(population)
    arrays = len(population.problem.objective.layout.shapes)
    while len(population.active):
        now, members = population.setup.members(population.active), population.active
        while len(members) == len(population.active):
            state = population.state
            start = state.copy()
            count = min(longest, engine.longest, _ahead(now, state.t, until))
            made = engine.advance(now, state, slice(0, len(members)), _rates(population, now, state.t, count))
            population.trail.lengths[members] = state.t
            step = step_of(population.trail.table[members, state.t - 1], state.t, arrays)
            seconds = time.perf_counter() - begun
            if made > 1:
                _end_on_the_way(population, engine, now, start, seconds)
            population.conclude(start.t, seconds)
            yield step


def _ahead(now: Setup, t: int, until: int | None) -> int:
    """Updates to the next evaluation, to `until` or to the end of the run, whichever comes first."""
    last = now.specs[0].stop.steps
    return max(1, min(now.every - t % now.every, last - t, until - t if until is not None and until > t else last))


def _rates(population: "Population", now: Setup, t: int, count: int) -> Array:
    """lr (T, A): evaluations do not change within a stretch."""
    past = [population.trail.evaluations[run] for run in population.active] if now.schedule.folds else []
    if now.schedule.name == "constant" and not now.schedule.warmup:
        return np.tile(now.lr(t, past), (count, 1))
    return np.stack([now.lr(t + s, past) for s in range(count)])


def _end_on_the_way(population: "Population", engine: Engine, now: Setup, start: State, seconds: float) -> None:
    """Ends those that had to stop between `start` and the update before the last."""
    judge, trail, last = population.setup.judge, population.trail, population.state.t - 1
    odd = judge.suspects(trail, population.active, start.t, last, False)
    for place in np.flatnonzero(odd.any(1)).tolist():
        for at in (start.t + 1 + np.flatnonzero(odd[place])).tolist():
            if verdict := judge.verdict(trail, int(population.active[place]), at, False):
                again = start.copy()
                engine.advance(now, again, slice(place, place + 1), _rates(population, now, start.t, at - start.t))
                trail.lengths[population.active[place]] = at
                population.end(place, again, verdict, False, seconds)
                break
