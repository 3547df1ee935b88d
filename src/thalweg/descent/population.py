"""Runs that differ only in numbers, advanced together as one population.

Each member is the run it would be alone: its batches come from its own seed, and a member that has stopped
leaves without touching the others.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from thalweg.descent.blocks import advance_in_blocks
from thalweg.descent.loop import descend
from thalweg.descent.run import Run
from thalweg.descent.setup import Setup
from thalweg.descent.state import State, Step
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
        w = np.stack([problem.start(spec.seed) for spec in setup.specs])
        trail = Trail.fresh(problem.objective.layout, w)
        population = cls(setup, problem, setup.method.start(w), trail, np.arange(len(w)))
        population.evaluate(population.active, 0.0)
        return population

    @classmethod
    def resumed(cls, setup: Setup, run: Run) -> "Population":
        """A population of one, where `run` left off."""
        trail = Trail(
            columns=run.steps.columns,
            table=np.concatenate([run.steps.rows, np.empty((64, len(run.steps.columns)))])[:, None],
            lengths=np.array([len(run.steps)]),
            evaluations=[list(run.evaluations)],
            best=run.best[None].copy(),
            best_value=np.array([run.best_value]),
            best_t=np.array([run.best_t]),
            picked=Trail.fresh(run.problem.objective.layout, run.best[None]).picked,
        )
        spent = float(run.steps["seconds"][-1]) if len(run.steps) else 0.0
        population = cls(setup, run.problem, run.state.copy(), trail, np.arange(1), spent)
        if over := population._over(run):
            population.ended[0] = (population.state.copy(), over)
            population.leave()
        return population

    def _over(self, run: Run) -> Stopped | None:
        """Why a resumed run has nothing left to do, or None. Another [stop] may end it where it stands."""
        if run.spec == self.setup.specs[0] and not run.unfinished:
            return run.stopped
        t = run.state.t
        return self.setup.judge.verdict(self.trail, 0, t, evaluated=run.final["t"] == t) if t else None

    def advance(self, longest: int = 1, until: int | None = None) -> Iterator[Step]:
        """Step by step until every member has stopped; the population is exact at every yield.

        Compiled epochs go up to `longest` steps from one yield to the next, and yield at `until`.
        """
        if self.setup.specs[0].engine == "compiled":
            yield from advance_in_blocks(self, longest, until)
            return
        begun = time.perf_counter() - self.before
        judge = self.setup.judge
        while len(self.active):
            now, members = self.setup.members(self.active), self.active
            steps = descend(now.objective, now.method, self.state, self._lr(now), now.rows)
            while len(members) == len(self.active):
                origin = self.state.w.copy()
                step = next(steps)
                seconds = time.perf_counter() - begun
                self.trail.record(step, origin, self.active, seconds)
                evaluated = step.t % self.setup.every == 0 or step.t >= self.setup.specs[0].stop.steps
                if evaluated:
                    self.evaluate(self.active, seconds)
                for run in judge.suspects(self.trail, self.active, step.t, evaluated):
                    if verdict := judge.verdict(self.trail, int(run), step.t, evaluated):
                        self.end(int(run), verdict, evaluated, seconds)
                if self.ended.keys() & set(members.tolist()):
                    self.leave()
                yield step

    def _lr(self, now: Setup) -> Any:
        """lr (A,) as a function of t, for the members that are active now."""
        members = self.active
        return lambda t: now.lr(t, [self.trail.evaluations[run] for run in members])

    def leave(self) -> None:
        """Members that ended go; the rows of the others are copied together."""
        stay = np.array([run not in self.ended for run in self.active])
        self.state = self.state.members(np.flatnonzero(stay))
        self.active = self.active[stay]

    def end(self, run: int, verdict: Stopped, evaluated: bool, seconds: float) -> None:
        place = np.flatnonzero(self.active == run)
        if not evaluated:
            self.evaluate(self.active[place], seconds)
        self.ended[run] = (self.state.members(place), verdict)

    def evaluate(self, runs: Array, seconds: float) -> None:
        """Losses and measures of these members, recorded one by one."""
        places = np.searchsorted(self.active, runs)
        w = self.state.w[places]
        objective = self.setup.objective.members(runs)
        splits = [name for name in ("train", "validation") if name in getattr(objective, "splits", {"train": 0})]
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            found = {f"{split}_{k}": v for split in splits for k, v in objective.evaluate(w, split).items()}
        for place, run in enumerate(runs):
            measures = {name: float(values[place]) for name, values in found.items()}
            self.trail.note(int(run), self._stamp(int(run), seconds) | measures, w[place])

    def _stamp(self, run: int, seconds: float) -> Evaluation:
        batches, t = self.setup.batches[run], self.state.t
        size = batches.examples if batches.full else batches.size
        samples = min(t * size, t * size if batches.sampling == "replacement" else _seen(batches, t))
        lr = float(self.setup.members(np.array([run])).lr(t, [self.trail.evaluations[run]])[0])
        return {"t": t, "epoch": samples / batches.examples, "samples": samples, "seconds": seconds, "lr": lr}

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
                    evaluations=tuple(trail.evaluations[run]),
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
