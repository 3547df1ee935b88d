"""Ablations: from a baseline, one change at a time, the same seeds for all, and what each change did."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from thalweg.descent.run import Run
from thalweg.descent.spec import Spec
from thalweg.descent.train import train_all
from thalweg.errors import SpecError
from thalweg.evidence.study import Note, Study, by_seed, run_study
from thalweg.evidence.trials import RunAll

SAME = 0.01  # of the baseline's loss: an effect within it is called none
BASELINE = "baseline"


@dataclass(frozen=True)
class Effect:
    """What one change did. differences: best validation loss minus the baseline's, seed by seed; below 0 is better."""

    name: str
    changed: dict[str, Any]
    values: tuple[float, ...]
    differences: tuple[float, ...]
    diverged: int
    verdict: str  # better, worse, no difference shown, mixed, diverged
    runs: tuple[Run, ...] = field(repr=False)

    @property
    def effect(self) -> float:
        """Median over the seeds."""
        return median(self.differences)


@dataclass(frozen=True)
class Ablation:
    """The baseline's values, one for each seed, and an Effect for every change."""

    baseline: tuple[float, ...]
    baseline_runs: tuple[Run, ...] = field(repr=False)
    effects: tuple[Effect, ...]
    sentence: str
    study: Study = field(repr=False)

    @property
    def best(self) -> Effect | None:
        """The change that helped most, if any was better on every seed."""
        return min((e for e in self.effects if e.verdict == "better"), key=lambda e: e.effect, default=None)


def ablate(
    base: Spec,
    changes: Mapping[str, Mapping[str, Any]],
    *,
    seeds: Sequence[int],
    title: str = "ablation",
    run_all: RunAll = train_all,
) -> Ablation:
    """Run the baseline and each named change of it on every seed."""
    if not seeds or not changes:
        raise SpecError("an ablation needs at least one seed and one change")
    if BASELINE in changes:
        raise SpecError(f"{BASELINE!r} is the name of the unchanged run; call the change something else")
    variants = {BASELINE: base, **{name: base.but(**change) for name, change in changes.items()}}
    named = by_seed(variants, seeds)
    note = Note(
        objective=f"what each change does to {base.method.rule}",
        success=f"lower validation loss on every seed, by more than {SAME:.0%} in the median",
        changed="one thing at a time: " + ", ".join(changes),
    )
    study = run_study(title, note, named, run_all)
    groups = {name: study.runs[i * len(seeds) : (i + 1) * len(seeds)] for i, name in enumerate(variants)}
    baseline = tuple(run.best_value for run in groups[BASELINE])
    effects = tuple(_effect(name, dict(change), groups[name], baseline) for name, change in changes.items())
    return Ablation(baseline, groups[BASELINE], effects, _sentence(effects, len(seeds)), study)


def _effect(name: str, change: dict[str, Any], runs: Sequence[Run], baseline: Sequence[float]) -> Effect:
    values = tuple(run.best_value for run in runs)
    differences = tuple(value - base for value, base in zip(values, baseline, strict=True))
    diverged = sum(run.diverged for run in runs)
    verdict = "diverged" if diverged else _verdict(differences, median(baseline))
    return Effect(name, change, values, differences, diverged, verdict, tuple(runs))


def _verdict(differences: Sequence[float], baseline: float) -> str:
    if abs(median(differences)) <= SAME * abs(baseline):
        return "no difference shown"
    if all(d < 0 for d in differences):
        return "better"
    return "worse" if all(d > 0 for d in differences) else "mixed"


def _sentence(effects: Sequence[Effect], seeds: int) -> str:
    better = [e for e in effects if e.verdict == "better"]
    worse = [e for e in effects if e.verdict in ("worse", "diverged")]
    parts = []
    if better:
        best = min(better, key=lambda e: e.effect)
        parts.append(
            f"{best.name} helped most: validation loss {best.effect:+.3g} against the baseline, "
            f"lower on all {seeds} seeds"
        )
        if also := [e for e in better if e is not best]:
            parts.append(f"also better: {_names(also)}")
    if worse:
        parts.append(f"worse: {_names(worse)}")
    if mixed := [e for e in effects if e.verdict == "mixed"]:
        parts.append(f"better on some seeds and worse on others: {_names(mixed)}")
    if same := [e for e in effects if e.verdict == "no difference shown"]:
        parts.append(f"no difference shown for {_names(same)}")
    text = "; ".join(parts)
    return text[:1].upper() + text[1:] + "."


def _names(effects: Sequence[Effect]) -> str:
    return ", ".join(effect.name for effect in effects)
