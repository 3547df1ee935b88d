"""Runs that differ only in numbers, advanced together as one population.

Each member is the run it would be alone: its batches come from its own seed, and a member that has stopped
leaves without touching the others.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from thalweg.descent.evaluations import Evaluation
from thalweg.descent.loop import descend
from thalweg.descent.run import Run
from thalweg.descent.setup import Setup
from thalweg.descent.state import State, Step
from thalweg.descent.stopping import Stopped, stopped
from thalweg.descent.stretches import advance_in_stretches
from thalweg.descent.trail import Trail
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
        population.evaluate(slice(0, len(w)), population.state, 0.0)
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

    def advance(self, longest: int = 1, until: int | None = None) -> Iterator[Step]:
        """Step by step until every member has stopped; the population is exact at every yield.

        Compiled engines go up to `longest` steps from one yield to the next, and yield at `until`.
        """
        if self.setup.specs[0].engine != "numpy":
            yield from advance_in_stretches(self, longest, until)
            return
        begun = time.perf_counter() - self.before
        while len(self.active):
            now, members = self.setup.members(self.active), self.active
            steps = descend(now.objective, now.method, self.state, self._lr(now), now.rows)
            while len(members) == len(self.active):
                origin = self.state.w.copy()
                step = next(steps)
                self.trail.record(step, origin, self.active, 0.0)
                self.conclude(step.t - 1, time.perf_counter() - begun)
                yield step

    def conclude(self, begin: int, seconds: float) -> None:
        """After updates begin + 1 … t: members still here are evaluated where it is time, and judged; then they leave.

        `seconds` are those spent so far, spread over the updates.
        """
        t, judge = self.state.t, self.setup.judge
        before = self.trail.table[self.active[0], begin - 1, 1] if begin else self.before
        shares = seconds if t == begin + 1 else np.linspace(before, seconds, t - begin + 1)[1:]
        self.trail.table[self.active, begin:t, 1] = shares
        stay = np.arange(len(self.active))
        if self.ended:
            stay = np.flatnonzero([run not in self.ended for run in self.active.tolist()])
        evaluated = t % self.setup.every == 0 or t >= self.setup.specs[0].stop.steps
        if evaluated and len(stay) == len(self.active):
            self.evaluate(slice(0, len(self.active)), self.state, seconds)
        elif evaluated:
            for place in stay.tolist():
                self.evaluate(slice(place, place + 1), self.state, seconds)
        odd = judge.suspects(self.trail, self.active, t - 1, t, evaluated)[:, 0]
        over = judge.finished(t)
        for place in stay.tolist() if over else stay[odd[stay]].tolist():
            run = int(self.active[place])
            verdict = judge.verdict(self.trail, run, t, evaluated) if odd[place] else over
            if verdict:
                self.end(place, self.state, verdict, evaluated, seconds)
        if self.ended and self.ended.keys() & set(self.active.tolist()):
            self._leave()

    def _lr(self, now: Setup) -> Any:
        """lr (A,) as a function of t, for the members that are active now."""
        past = [self.trail.evaluations[run] for run in self.active] if now.schedule.folds else []
        return lambda t: now.lr(t, past)

    def _leave(self) -> None:
        """Members that ended go; the rows of the others are copied together."""
        stay = np.array([run not in self.ended for run in self.active])
        self.state = self.state.members(np.flatnonzero(stay))
        self.active = self.active[stay]

    def end(self, place: int, state: State, verdict: Stopped, evaluated: bool, seconds: float) -> None:
        own = state.members(np.array([place]))
        own.t = verdict.t
        if not evaluated:
            self.evaluate(slice(place, place + 1), State(state.w, state.slots, verdict.t), seconds)
        self.ended[int(self.active[place])] = (own, verdict)

    def evaluate(self, places: slice, state: State, seconds: float) -> None:
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
