"""The main job: everything one should know before believing a model trained on a table.

    data → preflight → learning-rate sweeps → rules on fresh seeds → ablations → schedules → batch sizes
         → the chosen setting alone, with early stopping → the test rows, once

`work_up` is a generator: it yields a Stage before each part, and returns the Workup.
"""

from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from math import isfinite
from typing import Any, NamedTuple

import msgspec

from thalweg.descent.run import Run
from thalweg.descent.spec import Spec
from thalweg.descent.train import resolved, train_all
from thalweg.errors import SpecError
from thalweg.evidence.ablation import Ablation, ablate
from thalweg.evidence.check import Check
from thalweg.evidence.comparison import Comparison, Entry, compare_batches, compare_rules, compare_schedules, ties
from thalweg.evidence.criterion import FastAndStable, fast_and_stable, suggest_clip
from thalweg.evidence.held_out import HeldOut, chosen_threshold, hold_out
from thalweg.evidence.preflight import preflight
from thalweg.evidence.sweep import Sweep, sweep
from thalweg.evidence.trials import RunAll
from thalweg.formulas.rules import RULES
from thalweg.problems.build import build
from thalweg.problems.fit import Fit
from thalweg.problems.problem import Problem
from thalweg.problems.sections import Table

RULES_COMPARED = ("gd", "momentum", "nesterov", "rmsprop", "adam")
FRESH = 1000  # added to the seeds: rules are compared on seeds that no learning rate was chosen on
EPOCHS_COMPARED = 20
FINAL_STEPS = (3000, 30_000)


class Request(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is asked: the problem and batch size come from `spec`, the rest says how thoroughly to look."""

    spec: Spec
    rules: tuple[str, ...] = RULES_COMPARED
    seeds: int = 3
    budget: int = 300  # updates of each trial
    final_steps: int = 0  # updates of the final run, at most; 0: enough for three epochs, between 3,000 and 30,000
    patience: int = 20  # evaluations
    trial_rows: int = 20_000  # training rows of a trial, at most; 0: all. The final run always sees all

    def __post_init__(self) -> None:
        for rule in self.rules:
            RULES.named(rule)
        for name in ("seeds", "budget", "patience"):
            if getattr(self, name) < 1:
                raise SpecError(f"{name} is {getattr(self, name)}; expected 1 or more")
        for name, none in (("trial_rows", "all"), ("final_steps", "three epochs")):
            if getattr(self, name) < 0:
                raise SpecError(f"{name} is {getattr(self, name)}; expected 1 or more, or 0 for {none}")
        if not self.rules:
            raise SpecError("rules is empty; name at least one, as in --rules adam")
        if not isinstance(self.spec.problem, Table):
            raise SpecError("a report is about a table; for a surface use thalweg descend")
        if not self.spec.problem.validation or not (self.spec.problem.test or self.spec.problem.test_file):
            raise SpecError("a report needs validation and test rows; give both a share over 0")


@dataclass(frozen=True)
class Stage:
    """A part that begins now."""

    name: str
    number: int
    of: int


class Trials(NamedTuple):
    """Everything that was tried before a setting was chosen."""

    sweeps: tuple[Sweep, ...]
    optimizers: Comparison
    ablation: Ablation
    schedules: Comparison
    batches: Comparison


@dataclass(frozen=True)
class Workup:
    """All that was found."""

    request: Request
    problem: Problem = field(repr=False)
    checks: tuple[Check, ...]
    sweeps: tuple[Sweep, ...]
    optimizers: Comparison
    ablation: Ablation
    schedules: Comparison
    batches: Comparison
    why: str
    run: Run
    criterion: FastAndStable
    validation: HeldOut
    test: HeldOut


STAGES = (
    "preflight",
    "learning-rate sweeps",
    "optimizers on fresh seeds",
    "ablations",
    "schedules",
    "batch sizes",
    "the chosen setting, alone",
    "the test rows, once",
)


def work_up(request: Request, run_all: RunAll = train_all) -> Generator[Stage, None, Workup]:
    """Do it all. Raises what reading the data raises; divergence is recorded, not raised."""
    stages = iter(Stage(name, i, len(STAGES)) for i, name in enumerate(STAGES, 1))
    whole = resolved(_trial(request))
    problem = build(whole.problem, whole.dtype)
    yield next(stages)
    checks = tuple(preflight(whole, problem))
    base = resolved(whole.but(train_rows=rows_of_trials(request, problem)))
    trials = yield from _try_out(request, base, stages, run_all)
    yield next(stages)
    chosen, why = _chosen(request, trials, problem.objective.examples)
    (run,) = run_all([chosen])
    yield next(stages)
    threshold = chosen_threshold(run)
    return Workup(
        request=request,
        problem=problem,
        checks=checks,
        **trials._asdict(),
        why=why,
        run=run,
        criterion=fast_and_stable(run, request.budget),
        validation=hold_out(run, "validation", threshold=threshold),
        test=hold_out(run, "test", threshold=threshold),
    )


def _try_out(request: Request, base: Spec, stages: Iterator[Stage], run_all: RunAll) -> Generator[Stage, None, Trials]:
    """Sweep every rule, compare the rules on fresh seeds, then vary the best one."""
    seeds = [base.seed + i for i in range(request.seeds)]
    yield next(stages)
    sweeps = tuple(sweep(base, rule, seeds=seeds, run_all=run_all) for rule in request.rules)
    ready = {s.rule: base.but(rule=s.rule, lr=s.chosen.lr) for s in sweeps if s.chosen}
    if not ready:
        raise SpecError("no rule trains at any rate tried: " + " ".join(s.sentence for s in sweeps))
    yield next(stages)
    fresh = [seed + FRESH for seed in seeds]
    optimizers = compare_rules(ready, seeds=fresh, run_all=run_all)
    winner = best_entry(optimizers)
    setting = winner.spec
    yield next(stages)
    ablation = ablate(setting, changes_of(setting, winner.runs[0]), seeds=fresh, title="ablations", run_all=run_all)
    yield next(stages)
    schedules = compare_schedules(setting, seeds=fresh, run_all=run_all)
    yield next(stages)
    batches = compare_batches(setting, seeds=fresh, epochs=_epochs(request, base), run_all=run_all)
    return Trials(sweeps, optimizers, ablation, schedules, batches)


def best_entry(comparison: Comparison) -> Entry:
    """The entry with the lowest validation loss, those that diverged last."""
    return min(comparison.entries, key=lambda entry: (entry.diverged, entry.best))


def _trial(request: Request) -> Spec:
    """The Spec of a trial: the request's budget, looked at thirty times, nothing stopped early but divergence."""
    steps = request.budget
    return request.spec.but(rule="gd", lr=None, steps=steps, every=max(1, steps // 30), patience=0, warmup=0)


def rows_of_trials(request: Request, problem: Problem) -> int:
    """How many training rows a trial sees: 0, all of them, where they are few."""
    asked = getattr(request.spec.problem, "train_rows", 0)
    return request.trial_rows if request.trial_rows < problem.objective.examples else asked


def _epochs(request: Request, base: Spec) -> int:
    """Epochs of the batch comparison: as many samples as a trial sees, so that single rows stay affordable."""
    examples = build(base.problem, base.dtype).objective.examples
    seen = request.budget * (request.spec.batch.batch_size or examples)
    return max(1, min(EPOCHS_COMPARED, seen // examples))


def changes_of(setting: Spec, run: Run) -> dict[str, dict[str, Any]]:
    """What is ablated: batch size (for the same samples), schedule, L2 or decay, clipping, half and twice the rate."""
    lr, steps, warmup = float(setting.method.lr or 0), setting.stop.steps, max(1, setting.stop.steps // 20)
    examples = run.problem.objective.examples
    batch = setting.batch.batch_size or examples
    changes: dict[str, dict[str, Any]] = {}
    for size in (batch // 4, batch * 4):
        if 1 <= size < examples and size != batch:
            longer = max(1, round(steps * batch / size))
            changes[f"batch {size}"] = {"batch_size": size, "steps": longer, "every": max(1, longer // 30)}
    changes["cosine schedule"] = {"schedule": "cosine", "warmup": warmup}
    changes["exponential schedule"] = {"schedule": "exponential"}
    decays = setting.method.decay > 0
    shrink = {"decay": (0.0, 0.1)} if decays else {"l2": (1e-4, 1e-3, 1e-2, 1e-1)}
    for name, values in shrink.items():
        for value in values:
            changes[f"{name} {value:g}"] = {name: value}
    if isfinite(clip := suggest_clip(run)) and clip > 0:
        changes[f"clip at {clip:.3g}"] = {"clip_norm": clip}
    for rate in (lr / 2, lr * 2):
        changes[f"rate {rate:.3g}"] = {"lr": rate}
    return changes


def _chosen(request: Request, trials: Trials, examples: int) -> tuple[Spec, str]:
    """The setting of the final run, and why: the winning rule with the one change that helped most, if any did."""
    optimizers, ablation = trials.optimizers, trials.ablation
    setting = best_entry(optimizers).spec
    rule, lr = setting.method.rule, float(setting.method.lr or 0)
    why = f"{rule} had the lowest validation loss of the rules compared, on fresh seeds"
    if ties(optimizers.entries):
        why += ", though no difference to others is shown"
    best, changed = ablation.best, {}
    if best is not None:
        changed = {name: value for name, value in best.changed.items() if name not in ("steps", "every", "warmup")}
        extra = "" if "lr" in changed else f" and {best.name}"
        lr = changed.get("lr", lr)
        why = f"{rule} at learning rate {lr:.3g}{extra}: {why}, and {best.name} helped most in the ablations"
    else:
        why = f"{rule} at learning rate {lr:.3g}: {why}, and no change in the ablations was better on every seed"
    all_rows = {"train_rows": getattr(request.spec.problem, "train_rows", 0), "seed": request.spec.seed}
    final = setting.but(**changed, **all_rows, patience=request.patience)
    epoch = -(-examples // (final.batch.batch_size or examples))
    steps = steps_of_final(request, epoch)
    warmup = max(1, steps // 20) if "schedule" in changed and final.method.schedule == "cosine" else final.method.warmup
    return final.but(steps=steps, warmup=warmup, every=max(1, min(epoch, steps // 100))), why + "."


def steps_of_final(request: Request, epoch: int) -> int:
    """Updates of the final run, at most; `epoch` updates are one epoch."""
    fewest, most = FINAL_STEPS
    return request.final_steps or max(fewest, min(3 * epoch, most))


def fit_of(workup: Workup) -> Fit:
    """The objective of the workup's problem."""
    objective = workup.problem.objective
    assert isinstance(objective, Fit)  # noqa: S101 - a Request is about a table
    return objective
