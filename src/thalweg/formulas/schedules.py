"""Learning-rate schedules: plain functions of the step that give a multiplier of lr.

    multiplier = schedule(t, evaluations)       t counts updates from 0: the first update has t = 0

A schedule runs over `total` updates. The first update never has multiplier 0, and warmup joins the schedule
behind it without a jump. Most ignore `evaluations`; drop-on-plateau folds the validation losses so far.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from inspect import signature
from math import ceil, cos, pi

from thalweg.formulas.registry import Registry, unknown

Schedule = Callable[[int, Sequence[float]], float]  # evaluations: the watched losses so far, oldest first

SCHEDULES: Registry[Callable[..., float]] = Registry("schedule")


def schedule(formula: Callable[..., float]) -> Callable[..., float]:
    """Register (t, total, **options) or (t, total, evaluations, **options) -> multiplier under its name."""
    return SCHEDULES.add(formula.__name__, formula)


@schedule
def constant(t, total):
    """1."""
    return 1.0


@schedule
def step(t, total, factor=0.1, drops=2):
    """× factor at each of `drops` equally spaced updates. (He et al. 2016, §3.4, drops by 10 twice)"""
    return factor ** min(drops, int(t * (drops + 1) / total))


@schedule
def exponential(t, total, last=0.01):
    """last^(t/total): the same factor every step, from 1 down to `last`."""
    return last ** (t / total)


@schedule
def cosine(t, total, floor=0.01):
    """floor + (1 − floor)·½(1 + cos πt/total). (Loshchilov & Hutter 2017, equation 5, one cycle)"""
    return floor + (1 - floor) * 0.5 * (1 + cos(pi * min(1.0, t / total)))


@schedule
def one_cycle(t, total, rise=0.3, start=0.04, last=1e-4):
    """From `start` up to 1 over the first `rise` share, then down to `last`, both by cosine.

    (Smith & Topin 2018; cosine halves and 1/25 as in PyTorch's OneCycleLR)
    """
    peak = max(1.0, rise * total)
    if t < peak:
        return 1 + (start - 1) * 0.5 * (1 + cos(pi * t / peak))
    return last + (1 - last) * 0.5 * (1 + cos(pi * min(1.0, (t - peak) / max(1.0, total - peak))))


@schedule
def plateau(t, total, evaluations, factor=0.5, wait=5, threshold=1e-4, floor=1e-3):
    """× factor whenever `wait` evaluations in a row brought no relative gain over `threshold`."""
    multiplier, best, idle = 1.0, float("inf"), 0
    for value in evaluations:
        if value < best - threshold * abs(best) or best == float("inf"):
            best, idle = value, 0
            continue
        idle += 1
        if idle >= wait:
            multiplier, idle = max(floor, multiplier * factor), 0
    return multiplier


@cache
def _parameters(name: str) -> tuple[str, ...]:
    """What a schedule reads: its signature says it."""
    return tuple(signature(SCHEDULES.named(name)).parameters)


@dataclass(frozen=True)
class Scheduled:
    """A named schedule over `total` updates, behind `warmup` updates of linear rise.

    Update number k of the warmup (from 1) has the share k / (warmup + 1) of the multiplier with which the
    schedule starts, so that neither the first update is 0 nor is there a jump where the two join.
    """

    name: str = "constant"
    total: int = 1
    warmup: int = 0
    options: tuple[tuple[str, float], ...] = ()

    def __post_init__(self) -> None:
        known = [name for name in _parameters(self.name) if name not in ("t", "total", "evaluations")]
        for option, _ in self.options:
            if option not in known:
                raise unknown(f"option of schedule {self.name}", option, known or ["none"])

    @property
    def folds(self) -> bool:
        """Does the multiplier depend on the evaluations, and so differ from run to run?"""
        return "evaluations" in _parameters(self.name)

    def __call__(self, t: int, evaluations: Sequence[float] = ()) -> float:
        behind = max(1, ceil(self.total - self.warmup))
        formula = SCHEDULES[self.name]
        rise = min(1.0, (t + 1) / (self.warmup + 1))
        after = min(max(0, t - self.warmup), behind)
        past = {"evaluations": evaluations} if self.folds else {}
        return rise * formula(after, behind, **past, **dict(self.options))
