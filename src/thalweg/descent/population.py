"""Runs that differ only in numbers, advanced together as one population.

Each member is the run it would be alone: its batches come from its own seed, and a member that has stopped
leaves without touching the others.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from thalweg.descent.loop import descend
from thalweg.descent.run import Run
from thalweg.descent.setup import Setup
from thalweg.descent.state import State, Step, step_of
from thalweg.descent.stopping import Stopped, stopped
from thalweg.descent.trail import Evaluation, Trail
from thalweg.formulas.arrays import Array
from thalweg.problems.problem import Problem


@dataclass
class Population:
    """R runs on their way. `state` is of the active members only, `trail` and `ended` of all."""

    setup: Setup
    problem: Problem
    state: State
    trail: Trail
    active: Array
    before: float = 0.0  # seconds already spent, when resumed
    ended: dict[int, tuple[State, Stopped]] = field(default_factory=dict)

    @classmethod
    def fresh(cls, setup: Setup, problem: Problem) -> "Population":
        """At t = 0, evaluated once."""
        starts = {seed: problem.start(seed) for seed in {spec.seed for spec in setup.specs}}
        w = np.stack([starts[spec.seed] for spec in setup.specs])
        trail = Trail.fresh(problem.objective.layout, w, setup.specs[0].stop.steps)
        population = cls(setup, problem, setup.method.start(w), trail, np.arange(len(w)))
        population._evaluate(slice(0, len(w)), population.state, 0.0)
        return population

    @classmethod
    def resumed(cls, setup: Setup, run: Run) -> "Population":
        """A population of one, where `run` left off."""
        best = (run.best, run.best_value, run.best_t)
        trail = Trail.resumed(run.steps, run.evaluations, best, run.problem.objective.layout)
        spent = float(run.steps["seconds"][-1]) if len(run.steps) else 0.0
        population = cls(setup, run.problem, run.state.copy(), trail, np.arange(1), spent)
        if over := population._over(run):
            population.ended[0] = (population.state.copy(), over)
            population._leave()
        return population

    def _over(self, run: Run) -> Stopped | None:
        """Why a resumed run has nothing left to do, or None. Another [stop] may end it where it stands."""
        if run.spec == self.setup.specs[0] and not run.unfinished:
            return run.stopped
        t = run.state.t
        return self.setup.judge.verdict(self.trail, 0, t, evaluated=run.final["t"] == t) if t else None

    def advance(self) -> Iterator[Step]:
        """Step by step until every member has stopped; the population is exact at every yield."""
        begun = time.perf_counter() - self.before
        while len(self.active):
            now, members = self.setup.members(self.active), self.active
            steps = descend(now.objective, now.method, self.state, self._lr(now), now.rows)
            while len(members) == len(self.active):
                if now.stride:
                    step = self._stride(now, 1)
                else:
                    origin = self.state.w.copy()
                    step = next(steps)
                    self.trail.record(step, origin, self.active, 0.0)
                self._conclude(step.t - 1, time.perf_counter() - begun)
                yield step

    def finish(self) -> None:
        """The same to the end with nobody looking on, many updates at a time where they are compiled."""
        if not self.setup.stride:
            for _ in self.advance():
                pass
            return
        begun = time.perf_counter() - self.before
        while len(self.active):
            now, members = self.setup.members(self.active), self.active
            while len(members) == len(self.active):
                t = self.state.t
                start = self.state.copy()
                self._advance(now, self.state, slice(0, len(members)), now.until(t))
                self._conclude(t, time.perf_counter() - begun, start, now)

    def _stride(self, now: Setup, count: int) -> Step:
        """`count` updates of all active members; what the last of them looked like."""
        self._advance(now, self.state, slice(0, len(self.active)), count)
        return step_of(
            self.trail.table[self.active, self.state.t - 1], self.state.t, len(self.problem.objective.layout.shapes)
        )

    def _advance(self, now: Setup, state: State, places: slice, count: int) -> None:
        """`count` updates of the members in these places, recorded."""
        self.trail.reserve(state.t + count)
        compiled, rate = now.stride, self._lr(now)
        if compiled is None:
            raise RuntimeError("strides are for the engine sweep")
        rates = np.stack([rate(state.t + i) for i in range(count)])
        constants = compiled.constants(state.t, rates)
        for span, batches in now.shared_batches(places):
            orders, sizes = batches.some(state.t, count)
            compiled.advance(state, orders, sizes, span, rates, constants, self.trail.table, self.active)
        state.t += count
        self.trail.lengths[self.active[places]] = state.t

    def _conclude(self, begin: int, seconds: float, start: State | None = None, now: Setup | None = None) -> None:
        """After updates begin + 1 … t: those end that had to stop on the way, the others are evaluated and judged.

        With `start`, the state before these updates, a member that had to stop before the last is taken back there.
        """
        t, judge = self.state.t, self.setup.judge
        self.trail.table[self.active, begin:t, 1] = seconds
        if start is not None and now is not None and t - begin > 1:
            self._end_on_the_way(start, now, seconds)
        stay = np.arange(len(self.active))
        if self.ended:
            stay = np.flatnonzero([run not in self.ended for run in self.active.tolist()])
        evaluated = t % self.setup.every == 0 or t >= self.setup.specs[0].stop.steps
        if evaluated and len(stay) == len(self.active):
            self._evaluate(slice(0, len(self.active)), self.state, seconds)
        elif evaluated:
            for place in stay.tolist():
                self._evaluate(slice(place, place + 1), self.state, seconds)
        odd = judge.suspects(self.trail, self.active, t - 1, t, evaluated)[:, 0]
        over = judge.finished(t)
        for place in stay.tolist() if over else stay[odd[stay]].tolist():
            run = int(self.active[place])
            verdict = judge.verdict(self.trail, run, t, evaluated) if odd[place] else over
            if verdict:
                self._end(place, self.state, verdict, evaluated, seconds)
        if self.ended and self.ended.keys() & set(self.active.tolist()):
            self._leave()

    def _end_on_the_way(self, start: State, now: Setup, seconds: float) -> None:
        """Ends those that had to stop between `start` and the update before the last."""
        judge, t = self.setup.judge, self.state.t - 1
        odd = judge.suspects(self.trail, self.active, start.t, t, False)
        for place in np.flatnonzero(odd.any(1)).tolist():
            for at in (start.t + 1 + np.flatnonzero(odd[place])).tolist():
                if verdict := judge.verdict(self.trail, int(self.active[place]), at, False):
                    self._rewind(start, now, place, at - start.t)
                    self._end(place, start, verdict, False, seconds)
                    break

    def _rewind(self, start: State, now: Setup, place: int, count: int) -> None:
        """One member again from `start`, for fewer updates. The others stay there."""
        t = start.t
        self._advance(now, start, slice(place, place + 1), count)
        start.t = t

    def _lr(self, now: Setup) -> Any:
        """lr (A,) as a function of t, for the members that are active now."""
        past = [self.trail.evaluations[run] for run in self.active] if now.schedule.folds else []
        return lambda t: now.lr(t, past)

    def _leave(self) -> None:
        """Members that ended go; the rows of the others are copied together."""
        stay = np.array([run not in self.ended for run in self.active])
        self.state = self.state.members(np.flatnonzero(stay))
        self.active = self.active[stay]

    def _end(self, place: int, state: State, verdict: Stopped, evaluated: bool, seconds: float) -> None:
        own = state.members(np.array([place]))
        own.t = verdict.t
        if not evaluated:
            self._evaluate(slice(place, place + 1), State(state.w, state.slots, verdict.t), seconds)
        self.ended[int(self.active[place])] = (own, verdict)

    def _evaluate(self, places: slice, state: State, seconds: float) -> None:
        """Losses and measures of the active members in these places, recorded."""
        runs = self.active[places]
        objective, compiled = self.setup.objective, self.setup.stride
        splits = [name for name in ("train", "validation") if name in getattr(objective, "splits", {"train": 0})]
        found: dict[str, Array] = {}
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            for split in splits:
                if compiled:
                    measures = compiled.evaluate(state.w, places, split)
                else:
                    measures = objective.members(runs).evaluate(state.w[places], split)
                found |= {f"{split}_{name}": np.asarray(values, float) for name, values in measures.items()}
        shared, lr = self._stamp(runs, state.t, seconds)
        self.trail.note(runs, shared, {"lr": lr, **found}, state.w[places])

    def _stamp(self, runs: Array, t: int, seconds: float) -> tuple[Evaluation, Array]:
        """What an evaluation at t says beside its measures, and lr (A,)."""
        batches = self.setup.batches[0]
        size = batches.examples if batches.full else batches.size
        samples = min(t * size, t * size if batches.sampling == "replacement" else _seen(batches, t))
        whole = len(runs) == len(self.setup.specs)
        past = [self.trail.evaluations[run] for run in runs] if self.setup.schedule.folds else []
        lr = (self.setup if whole else self.setup.members(runs)).lr(t, past)
        return {"t": t, "epoch": samples / batches.examples, "samples": samples, "seconds": seconds}, lr

    def runs(self, pause: str = "paused") -> list[Run]:
        """All members as Runs; those still active are paused, or interrupted."""
        found = []
        for run, spec in enumerate(self.setup.specs):
            if run in self.ended:
                state, why = self.ended[run]
            else:
                state = self.state.members(np.flatnonzero(self.active == run))
                why = stopped(pause, pause, state.t)
            trail = self.trail
            found.append(
                Run(
                    spec=spec,
                    problem=self.problem,
                    state=state,
                    best=trail.best[run].copy(),
                    best_value=float(trail.best_value[run]),
                    best_t=int(trail.best_t[run]),
                    steps=trail.steps(run),
                    evaluations=trail.evaluations[run].copy(),
                    stopped=why,
                )
            )
        return found


def _seen(batches: Any, t: int) -> int:
    """Rows used up in t updates."""
    if batches.full:
        return int(t * batches.examples)
    whole, rest = divmod(t, batches.per_epoch)
    kept = batches.per_epoch * batches.size if batches.last == "drop" else batches.examples
    return int(whole * kept + min(rest * batches.size, kept))
