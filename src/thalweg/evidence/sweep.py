"""The learning-rate sweep: which rates diverge, wobble, crawl or serve, and the one to take.

A log grid from 1e-5 to 1, several seeds, a short budget, all of one rule as one population. The rules of
judgement are stated below and printed with the result; an answer is never missing: "no suggestion, because …"
is one. (The range test is Smith 2017, "Cyclical learning rates", §3.3; here each rate has runs of its own.)
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median

import numpy as np

from thalweg.descent.run import Run
from thalweg.descent.spec import Spec
from thalweg.descent.train import train_all
from thalweg.errors import SpecError
from thalweg.evidence.study import Note, Study, by_seed, run_study
from thalweg.evidence.trials import RunAll
from thalweg.problems.words import counted

GRID = (1e-5, 3e-5, 1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 1e-1, 3e-1, 1.0)
WIDEN = 2  # how many more rates are tried beyond an edge where the best one lies

UNSTABLE = 0.1  # rises of the training loss, as a share of its fall
FAST = 0.9  # of the deepest fall that any rate reached
AS_GOOD = 0.05  # of the validation loss: rates within it count as equally good

JUDGEMENT = (
    "diverged: a run of this rate diverged or ended above its starting loss",
    f"unstable: the training loss rose by more than {UNSTABLE:.0%} of what it fell in all",
    f"fast: stable, and it fell at least {FAST:.0%} as far as the best rate of this rule",
    "slow: stable, but it fell less than that within the budget",
    f"chosen: the largest fast rate whose validation loss is within {AS_GOOD:.0%} of the best one's, "
    "tried again at twice and half",
)


@dataclass(frozen=True)
class Rate:
    """One learning rate of one rule, over all seeds."""

    lr: float
    verdict: str
    final_train: tuple[float, ...]
    best_validation: tuple[float, ...]
    best_step: tuple[int, ...]
    runs: tuple[Run, ...] = field(repr=False)

    @property
    def value(self) -> float:
        """Median over the seeds of the best validation loss; infinite where a run diverged."""
        return float("inf") if self.verdict == "diverged" else median(self.best_validation)


@dataclass(frozen=True)
class Sweep:
    """The sweep of one rule. `chosen` is None where no rate can be recommended; `sentence` says why."""

    rule: str
    rates: tuple[Rate, ...]
    chosen: Rate | None
    at_edge: bool
    sentence: str
    study: Study = field(repr=False)


def sweep(
    base: Spec, rule: str, *, seeds: Sequence[int], grid: Sequence[float] = GRID, run_all: RunAll = train_all
) -> Sweep:
    """Sweep `rule` on the problem, batch and budget of `base`. Nothing of the caller's is changed."""
    if not grid or not seeds:
        raise SpecError(f"{len(grid)} rates and {len(seeds)} seeds; a sweep needs at least one of both")
    studies = [_study(base, rule, sorted(set(grid)), seeds, run_all)]
    rates = judged(studies)
    for _ in range(WIDEN):
        best = _best(rates)
        if best is None or best.lr not in (rates[0].lr, rates[-1].lr) or len(rates) == 1:
            break
        beyond = best.lr * np.sqrt(10) if best is rates[-1] else best.lr / np.sqrt(10)
        studies.append(_study(base, rule, [float(f"{beyond:.0e}")], seeds, run_all))
        rates = judged(studies)
    chosen = choose(rates)
    if chosen is not None:
        refined = [lr for lr in (chosen.lr / 2, chosen.lr * 2) if lr not in {rate.lr for rate in rates}]
        studies.append(_study(base, rule, refined, seeds, run_all))
        rates = judged(studies)
        chosen = choose(rates)
    best = _best(rates)
    at_edge = best is not None and best in (rates[0], rates[-1])
    return Sweep(rule, rates, chosen, at_edge, _sentence(rule, rates, chosen, at_edge), _joined(rule, studies))


def _study(base: Spec, rule: str, grid: Sequence[float], seeds: Sequence[int], run_all: RunAll) -> Study:
    settings = {f"{rule}-lr{lr!r}".replace("+", ""): base.but(rule=rule, lr=lr) for lr in grid}
    named = by_seed(settings, seeds)
    return run_study(f"learning-rate sweep of {rule}", _note(rule), named, run_all)


def _note(rule: str) -> Note:
    return Note(
        objective=f"the largest learning rate at which {rule} is stable and fast",
        success="no divergence, and a validation loss within 5% of the best rate's",
        changed="the learning rate, and the seed",
    )


def _joined(rule: str, studies: Sequence[Study]) -> Study:
    return Study(
        f"learning-rate sweep of {rule}",
        _note(rule),
        tuple(name for study in studies for name in study.names),
        tuple(spec for study in studies for spec in study.specs),
        tuple(run for study in studies for run in study.runs),
    )


def judged(studies: Sequence[Study]) -> tuple[Rate, ...]:
    """Every rate with its verdict, smallest first."""
    by_rate: dict[float, list[Run]] = {}
    for study in studies:
        for run in study.runs:
            by_rate.setdefault(float(run.spec.method.lr or 0), []).append(run)
    deepest = max((_fall(runs) for runs in by_rate.values() if not _failed(runs)), default=0.0)
    return tuple(_rate(lr, runs, deepest) for lr, runs in sorted(by_rate.items()))


def _rate(lr: float, runs: list[Run], deepest: float) -> Rate:
    return Rate(
        lr=lr,
        verdict=_verdict(runs, deepest),
        final_train=tuple(float(run.final["train_loss"]) for run in runs),
        best_validation=tuple(run.best_value for run in runs),
        best_step=tuple(run.best_t for run in runs),
        runs=tuple(runs),
    )


def _failed(runs: Sequence[Run]) -> bool:
    """Did a run diverge, or end above where it began?"""
    losses = [run.history("train_loss")[1] for run in runs]
    return any(run.diverged for run in runs) or any(not own[-1] <= own[0] for own in losses)


def _fall(runs: Sequence[Run]) -> float:
    """How far the training loss fell from its start, the median over the seeds."""
    return median(float(own[0] - np.nanmin(own)) for own in (run.history("train_loss")[1] for run in runs))


def _verdict(runs: list[Run], deepest: float) -> str:
    if _failed(runs):
        return "diverged"
    for run in runs:
        losses = run.history("train_loss")[1]
        rises = float(np.maximum(np.diff(losses), 0).sum())
        if rises > UNSTABLE * float(losses[0] - losses.min()):
            return "unstable"
    return "fast" if _fall(runs) >= FAST * deepest else "slow"


def _best(rates: Sequence[Rate]) -> Rate | None:
    """The stable rate with the lowest validation loss."""
    stable = [rate for rate in rates if rate.verdict in ("fast", "slow")]
    return min(stable, key=lambda rate: rate.value, default=None)


def choose(rates: Sequence[Rate]) -> Rate | None:
    """The largest fast rate that is as good as the best; the best stable one where that one is slow."""
    best = _best(rates)
    if best is None:
        return None
    good = [rate for rate in rates if rate.verdict == "fast" and rate.value <= best.value * (1 + AS_GOOD)]
    return max(good, key=lambda rate: rate.lr, default=best)


def _sentence(rule: str, rates: Sequence[Rate], chosen: Rate | None, at_edge: bool) -> str:
    span = f"from {rates[0].lr:.3g} to {rates[-1].lr:.3g}"
    if chosen is None:
        worst = sorted({rate.verdict for rate in rates})
        return f"No suggestion for {rule}, because every rate {span} was {' or '.join(worst)}."
    above = [rate for rate in rates if rate.lr > chosen.lr and rate.verdict in ("diverged", "unstable")]
    limit = f"; {above[0].lr:.3g} was {above[0].verdict}" if above else f"; none tried up to {rates[-1].lr:.3g} failed"
    seeds = counted(len(chosen.runs), "seed")
    text = (
        f"{rule}: learning rate {chosen.lr:.3g}, the largest that was stable, fast and as good as the best "
        f"(validation loss {chosen.value:.4g}, median of {seeds}){limit}."
    )
    if chosen.verdict != "fast":
        text = (
            f"{rule}: learning rate {chosen.lr:.3g} has the lowest validation loss ({chosen.value:.4g}), "
            f"though others fit the training rows further{limit}."
        )
    edge = f" The best rate still lies on the edge of all that were tried, {span}: there may be a better one beyond."
    return text + (edge if at_edge else "")
