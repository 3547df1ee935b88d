"""How long a report will take, before it takes it: a few real steps are timed and multiplied.

Only what is said to people comes from here; no result depends on a clock.
"""

import time
from dataclasses import dataclass
from typing import NamedTuple

from thalweg.descent.spec import Spec
from thalweg.descent.train import resolved, train_all
from thalweg.evidence.sweep import GRID
from thalweg.evidence.workup import EPOCHS_COMPARED, Request, rows_of_trials, steps_of_final
from thalweg.problems.build import build

TIMED_STEPS = 40
LOOKS = 31  # evaluations of a trial
AFTER_SWEEP = 3  # populations as large as one seed's rates that refining a sweep costs, for each rule
OTHERS = 24  # trials on every seed in comparisons, ablations and schedules
LONG = 120.0  # seconds from which on a shorter way is offered
AROUND = 4.0  # seconds for preflight, bootstrap and page


@dataclass(frozen=True)
class Estimate:
    """Seconds of the trials and of the final run, and the rows that each learns from."""

    trials: float
    final: float
    trial_rows: int
    rows: int

    @property
    def sentence(self) -> str:
        """What to expect, in words."""
        total = self.trials + self.final
        few = f"; trials learn from {self.trial_rows:,} of {self.rows:,} training rows, the final run from all"
        hint = "; --quick takes a first look" if total > LONG else ""
        return f"this will take about {spoken(total)}{few if self.trial_rows < self.rows else ''}{hint}"


def estimate(request: Request) -> Estimate:
    """Times a few steps of the sweep's population, of one run alone, and of one on all rows at each step."""
    whole = resolved(request.spec.but(rule="adam", lr=1e-3))
    problem = build(whole.problem, whole.dtype)
    examples, budget = problem.objective.examples, request.budget
    trial = resolved(whole.but(train_rows=rows_of_trials(request, problem)))
    few = build(trial.problem, trial.dtype).objective.examples
    many = [trial.but(lr=lr, seed=seed) for lr in GRID for seed in range(request.seeds)]
    population, single = cost(many), cost(many[: request.seeds])
    full = cost([spec.but(batch_size=0) for spec in many[: request.seeds]])
    batch = trial.batch.batch_size or few
    epochs = max(1, min(EPOCHS_COMPARED, budget * batch // few))
    trials = len(request.rules) * (population.of(budget, LOOKS) + AFTER_SWEEP * single.of(budget, LOOKS))
    trials += OTHERS * single.of(budget, LOOKS) + full.of(epochs, epochs) + single.of(epochs * few, epochs)
    alone = cost([whole])
    final = alone.of(steps_of_final(request, -(-examples // batch)), 100)
    return Estimate(trials, final + AROUND, few, examples)


class Cost(NamedTuple):
    """Seconds of an update and of an evaluation."""

    step: float
    look: float

    def of(self, steps: int, looks: int) -> float:
        """Seconds of so many."""
        return steps * self.step + looks * self.look


def cost(specs: list[Spec]) -> Cost:
    """Of these Specs as one population: one step and forty, each with an evaluation before and after."""
    seconds = []
    for steps in (1, 1, 1 + TIMED_STEPS):  # the first makes what is made once
        start = time.perf_counter()
        train_all([spec.but(steps=steps, every=steps, patience=0, warmup=0) for spec in specs])
        seconds.append(time.perf_counter() - start)
    _, short, long = seconds
    return Cost(max(0.0, long - short) / TIMED_STEPS, short / 2)


def spoken(seconds: float) -> str:
    """A time as people say it: 20 seconds, 3 minutes, 2 hours."""
    for size, unit in ((3600, "hour"), (60, "minute")):
        if seconds >= 1.5 * size:
            return f"{seconds / size:.0f} {unit}s"
    rounded = max(5, 5 * round(seconds / 5))
    return f"{rounded} seconds"
