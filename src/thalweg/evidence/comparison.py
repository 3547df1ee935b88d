"""Comparisons of schedules and of batch modes on the same run: which was steady early, which refined best late."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median

import numpy as np

from thalweg.descent.run import Run
from thalweg.descent.spec import Spec
from thalweg.descent.train import resolved, train_all
from thalweg.evidence.study import Note, Study, by_seed, run_study
from thalweg.evidence.trials import RunAll
from thalweg.formulas.arrays import Array
from thalweg.problems.build import build

CLOSE = 0.01  # of the best value: within it two settings are not told apart
TARGET = 1.05  # times the lowest training loss that any setting reached: the mark that is raced for


@dataclass(frozen=True)
class Entry:
    """One setting over all seeds (medians). wobble: how far the training loss rose in all, as a share of its fall."""

    name: str
    spec: Spec = field(repr=False)
    best: float  # validation loss
    final_train: float
    early_wobble: float  # over the first quarter of the run
    wobble: float
    steps: int
    samples: int
    seconds: float
    seconds_to_target: float  # infinite where it was not reached
    samples_to_target: float
    diverged: int
    runs: tuple[Run, ...] = field(repr=False)


@dataclass(frozen=True)
class Comparison:
    """Settings side by side, and what follows. `clock` is what only the clock of this run says."""

    title: str
    entries: tuple[Entry, ...]
    sentence: str
    study: Study = field(repr=False)
    clock: str = ""


def compare_schedules(base: Spec, *, seeds: Sequence[int], run_all: RunAll = train_all) -> Comparison:
    """Fixed, step, exponential, and cosine behind a warmup, on the same run. (SPEC S3.3)"""
    warmup = max(1, base.stop.steps // 20)
    changes = {
        "constant": base.but(schedule="constant", warmup=0),
        "step": base.but(schedule="step", warmup=0),
        "exponential": base.but(schedule="exponential", warmup=0),
        f"cosine, warmup {warmup}": base.but(schedule="cosine", warmup=warmup),
    }
    note = Note("the learning-rate schedule for this run", "the lowest loss at the end", "the schedule")
    study, entries = _run("schedules", note, changes, seeds, run_all)
    steady = min(entries, key=lambda e: (e.diverged, e.early_wobble))
    best = min(entries, key=lambda e: (e.diverged, e.final_train))
    rose = f"rose by {steady.early_wobble:.1%} of what it fell" if steady.early_wobble else "never rose"
    sentence = (
        f"Steadiest early: {steady.name} (its training loss {rose} in the first quarter). "
        f"Refined best late: {best.name} (training loss {best.final_train:.4g} at the end). {_best_validation(entries)}"
    )
    return Comparison("schedules", entries, sentence, study)


def compare_batches(
    base: Spec,
    *,
    seeds: Sequence[int],
    epochs: int,
    sizes: Sequence[int] = (1, 32, 0),
    run_all: RunAll = train_all,
) -> Comparison:
    """Single rows, mini-batches and the full batch at an equal number of samples seen. (SPEC S3.1)"""
    examples = build(resolved(base).problem, base.dtype).objective.examples
    changes = {}
    for size in sizes:
        shown = size or examples
        steps = epochs * -(-examples // min(shown, examples))
        name = "full batch" if shown >= examples else f"batch {shown}"
        changes[name] = base.but(batch_size=size, steps=steps, every=max(1, steps // min(epochs, 40)), warmup=0)
    note = Note("the batch size", "the lowest loss for the same samples seen", "the batch size, and with it the steps")
    study, entries = _run("batch sizes", note, changes, seeds, run_all)
    reached = [e for e in entries if np.isfinite(e.samples_to_target) and not e.diverged]
    parts, clock = [], ""
    if reached:
        thrifty = min(reached, key=lambda e: e.samples_to_target)
        parts.append(f"Fewest samples to the mark: {thrifty.name} ({thrifty.samples_to_target:,.0f}).")
        fastest = min(reached, key=lambda e: e.seconds_to_target)
        clock = f"Fastest to the mark by the clock: {fastest.name} ({fastest.seconds_to_target:.2g} s)."
    steady = min(entries, key=lambda e: (e.diverged, e.wobble))
    rose = f"rose by {steady.wobble:.1%} of its fall in all" if steady.wobble else "never rose"
    parts.append(f"Most stable: {steady.name} (its training loss {rose}).")
    return Comparison("batch sizes", entries, " ".join([*parts, _best_validation(entries)]), study, clock)


def compare_rules(settings: Mapping[str, Spec], *, seeds: Sequence[int], run_all: RunAll = train_all) -> Comparison:
    """Rules, each at its own learning rate, with the same starts and batches."""
    note = Note("the update rule", "the lowest validation loss on every seed", "the rule, each at its chosen rate")
    study, entries = _run("optimizers", note, settings, seeds, run_all)
    return Comparison("optimizers", entries, _best_validation(entries), study)


def _run(
    title: str, note: Note, changes: Mapping[str, Spec], seeds: Sequence[int], run_all: RunAll
) -> tuple[Study, tuple[Entry, ...]]:
    study = run_study(title, note, by_seed(changes, seeds), run_all)
    groups = [study.runs[i * len(seeds) : (i + 1) * len(seeds)] for i in range(len(changes))]
    lowest = min(float(np.nanmin(run.history("train_loss")[1])) for runs in groups for run in runs)
    first = median(float(run.evaluations[0]["train_loss"]) for runs in groups for run in runs)
    target = max(TARGET * lowest, lowest + (TARGET - 1) * abs(first - lowest))
    entries = tuple(_entry(name, runs, target) for name, runs in zip(changes, groups, strict=True))
    return study, entries


def _entry(name: str, runs: Sequence[Run], target: float) -> Entry:
    losses = [run.history("train_loss")[1] for run in runs]
    arrivals = [_arrival(run, target) for run in runs]
    return Entry(
        name=name,
        spec=runs[0].spec,
        best=median(run.best_value for run in runs),
        final_train=median(float(own[-1]) for own in losses),
        early_wobble=median(wobble(own[: max(2, len(own) // 4)]) for own in losses),
        wobble=median(wobble(own) for own in losses),
        steps=max(run.state.t for run in runs),
        samples=max(int(run.final["samples"]) for run in runs),
        seconds=median(float(run.final["seconds"]) for run in runs),
        seconds_to_target=median(seconds for seconds, _ in arrivals),
        samples_to_target=median(samples for _, samples in arrivals),
        diverged=sum(run.diverged for run in runs),
        runs=tuple(runs),
    )


def wobble(losses: Array) -> float:
    """How far a curve rose in all, as a share of how far it fell from its start; infinite if it never fell."""
    rises, fall = float(np.maximum(np.diff(losses), 0).sum()), float(losses[0] - np.nanmin(losses))
    return rises / fall if fall > 0 else float("inf")


def _arrival(run: Run, target: float) -> tuple[float, float]:
    """Seconds and samples until the training loss first met the target."""
    for entry in run.evaluations:
        if entry["train_loss"] <= target:
            return float(entry["seconds"]), float(entry["samples"])
    return float("inf"), float("inf")


def _best_validation(entries: Sequence[Entry]) -> str:
    """Who has the lowest validation loss, or that no difference shows: it must hold on every seed."""
    sound = [entry for entry in entries if not entry.diverged]
    if not sound:
        return "All diverged."
    best, equal = min(sound, key=lambda e: e.best), ties(entries)
    lost = [e.name for e in entries if e.diverged]
    tail = f" Diverged: {', '.join(lost)}." if lost else ""
    if equal:
        return f"In validation loss no difference is shown between {', '.join([best.name, *equal])}.{tail}"
    return f"Lowest validation loss: {best.name} ({best.best:.4g}), on every seed.{tail}"


def ties(entries: Sequence[Entry]) -> list[str]:
    """Those that the entry with the lowest validation loss is not clearly better than."""
    sound = [entry for entry in entries if not entry.diverged]
    best = min(sound, key=lambda e: e.best, default=None)
    return [e.name for e in sound if best is not None and e is not best and not _clearly_better(best, e)]


def _clearly_better(one: Entry, other: Entry) -> bool:
    """Lower on every seed, and by more than a hundredth in the median."""
    pairs = zip(one.runs, other.runs, strict=True)
    return other.best - one.best > CLOSE * abs(one.best) and all(a.best_value < b.best_value for a, b in pairs)
