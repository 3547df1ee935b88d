"""When a run stops, and what that means. Each rule is one function of what was recorded; each can be switched off.

Losses are compared like for like: those of the steps where every step sees the same rows, otherwise those of
the training split at the evaluations, so that the noise of batches is never taken for convergence or divergence.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from thalweg.descent.evaluations import Evaluation
from thalweg.descent.trail import watched_losses
from thalweg.formulas.arrays import Array

# Dennis & Schnabel 1983, §7.2: the gradient relative to the sizes of θ and L; converged is 6e-6, this is far from it
LARGE_GRADIENT = 1e-3
STILL_STEEP = 0.1  # of the steepest gradient seen: where a run has hardly moved


@dataclass(frozen=True)
class Stopped:
    """Why a run ended. kind: converged, diverged, throttled, patience, steps, paused or interrupted."""

    kind: str
    rule: str
    t: int
    sentence: str


@dataclass(frozen=True)
class Past:
    """What a stop rule may look at, of one run. losses are like for like, oldest first."""

    signals: dict[str, Array]  # column -> (n,): the updates of the last epoch
    losses: Array
    evaluations: Sequence[Evaluation]
    fresh: bool  # has `losses` a new entry since the last look?
    min_delta: float = 0.0  # for patience: a gain is more than this

    def largest(self, name: str) -> float:
        """The largest value over the last epoch: one quiet batch is no convergence."""
        return float(np.max(self.signals[name]))


class Check(NamedTuple):
    """A registered stop rule: what its stop means, the question, and its sentence with {value} for the threshold."""

    kind: str  # diverged, converged, patience
    asks: Callable[[Past, float], bool]
    because: str


CHECKS: dict[str, Check] = {}  # in the order in which they are asked


def check(kind: str, because: str) -> Callable[[Callable[[Past, float], bool]], Callable[[Past, float], bool]]:
    """Register a stop rule under its name, which is also its field in the Spec."""

    def register(asks: Callable[[Past, float], bool]) -> Callable[[Past, float], bool]:
        CHECKS[asks.__name__] = Check(kind, asks, because)
        return asks

    return register


@check("diverged", "the loss or its gradient is no longer finite")
def nonfinite(past: Past, on: float) -> bool:
    """The loss or the gradient is no longer finite."""
    return not (np.isfinite(past.signals["loss"][-1]) and np.isfinite(past.signals["grad_norm"][-1]))


@check("diverged", "the loss grew more than {value:g}-fold in one go")
def jump(past: Past, factor: float) -> bool:
    """The loss grew by this factor in one go, to above where it began."""
    losses = past.losses
    if not past.fresh or len(losses) < 2 or not np.isfinite(losses[-1]):
        return past.fresh and len(losses) > 1
    return bool(losses[-1] > factor * abs(losses[-2]) and losses[-1] > losses[0])


@check("diverged", "the loss rose {value:g} times in a row")
def rises(past: Past, count: float) -> bool:
    """The loss rose this many times in a row."""
    latest = past.losses[-int(count) - 1 :]
    return past.fresh and len(latest) > count and bool((np.diff(latest) > 0).all())


@check("diverged", "the parameters grew beyond a norm of {value:g}")
def param_bound(past: Past, bound: float) -> bool:
    """‖θ‖ is over its bound."""
    return bool(past.signals["param_norm"][-1] > bound)


@check("converged", "the gradient norm is at most {value:g}")
def grad_tol(past: Past, tolerance: float) -> bool:
    """‖g‖ is under its tolerance."""
    return past.largest("grad_norm") <= tolerance


@check("converged", "the loss changes by at most {value:g}")
def loss_tol(past: Past, tolerance: float) -> bool:
    """|ΔL| is under its tolerance."""
    losses = past.losses
    return past.fresh and len(losses) > 1 and bool(abs(losses[-1] - losses[-2]) <= tolerance)


@check("converged", "lr times the gradient norm is at most {value:g}")
def step_tol(past: Past, tolerance: float) -> bool:
    """‖lr·g‖ is under its tolerance."""
    return float(np.max(past.signals["lr"] * past.signals["grad_norm"])) <= tolerance


@check("converged", "the update norm is at most {value:g}")
def update_tol(past: Past, tolerance: float) -> bool:
    """‖Δθ‖ is under its tolerance."""
    return past.largest("update_norm") <= tolerance


@check("patience", "{value:g} evaluations in a row brought no better loss")
def patience(past: Past, waits: float) -> bool:
    """This many evaluations in a row without a gain over min_delta."""
    best, idle = np.inf, 0
    for value in watched_losses(past.evaluations):
        if value < best - past.min_delta or (best == np.inf and value < np.inf):
            best, idle = value, 0
        else:
            idle += 1
    return idle >= waits


def throttled(past: Past, steepest: float) -> bool:
    """Flat only because the steps are tiny: the gradient is large, and about as steep as it ever was."""
    last = {name: float(column[-1]) for name, column in past.signals.items()}
    relative = last["grad_norm"] * max(1.0, last["param_norm"]) / max(1.0, abs(last["loss"]))
    return relative > LARGE_GRADIENT and last["grad_norm"] >= STILL_STEEP * steepest


BEGINNINGS = {"diverged": "diverged", "converged": "converged", "patience": "stopped early"}
OTHERS = {
    "throttled": "throttled by the learning rate at step {t}: the loss is flat while the gradient is still steep",
    "steps": "ran all its {t} steps",
    "paused": "paused at step {t}",
    "interrupted": "interrupted at step {t}",
}


def stopped(kind: str, rule: str, t: int, value: float = 0.0) -> Stopped:
    """The record of a stop, with its sentence."""
    if kind in OTHERS:
        return Stopped(kind, rule, t, OTHERS[kind].format(t=t))
    because = CHECKS[rule].because.format(value=value)
    return Stopped(kind, rule, t, f"{BEGINNINGS[kind]} at step {t}: {because}")
