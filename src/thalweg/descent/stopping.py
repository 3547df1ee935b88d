"""When a run stops, and what that means. Each rule is one function of what was recorded; each can be switched off.

Losses are compared like for like: those of the steps where every step sees the same rows, otherwise those of
the training split at the evaluations, so that the noise of batches is never taken for convergence or divergence.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from thalweg.descent.trail import Evaluation, watched_losses
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


Check = Callable[[Past, float], bool]
CHECKS: dict[str, tuple[str, Check]] = {}  # rule -> (kind, check), in the order in which they are asked


def check(kind: str) -> Callable[[Check], Check]:
    """Register a stop rule under its name, which is also its field in the Spec."""

    def register(look: Check) -> Check:
        CHECKS[look.__name__] = (kind, look)
        return look

    return register


@check("diverged")
def nonfinite(past: Past, on: float) -> bool:
    """The loss or the gradient is no longer finite."""
    return not (np.isfinite(past.signals["loss"][-1]) and np.isfinite(past.signals["grad_norm"][-1]))


@check("diverged")
def jump(past: Past, factor: float) -> bool:
    """The loss grew by this factor in one go, to above where it began."""
    losses = past.losses
    if not past.fresh or len(losses) < 2 or not np.isfinite(losses[-1]):
        return past.fresh and len(losses) > 1
    return bool(losses[-1] > factor * abs(losses[-2]) and losses[-1] > losses[0])


@check("diverged")
def rises(past: Past, count: float) -> bool:
    """The loss rose this many times in a row."""
    latest = past.losses[-int(count) - 1 :]
    return past.fresh and len(latest) > count and bool((np.diff(latest) > 0).all())


@check("diverged")
def param_bound(past: Past, bound: float) -> bool:
    """‖θ‖ is over its bound."""
    return bool(past.signals["param_norm"][-1] > bound)


@check("converged")
def grad_tol(past: Past, tolerance: float) -> bool:
    """‖g‖ is under its tolerance."""
    return past.largest("grad_norm") <= tolerance


@check("converged")
def loss_tol(past: Past, tolerance: float) -> bool:
    """|ΔL| is under its tolerance."""
    losses = past.losses
    return past.fresh and len(losses) > 1 and bool(abs(losses[-1] - losses[-2]) <= tolerance)


@check("converged")
def step_tol(past: Past, tolerance: float) -> bool:
    """‖lr·g‖ is under its tolerance."""
    return float(np.max(past.signals["lr"] * past.signals["grad_norm"])) <= tolerance


@check("converged")
def update_tol(past: Past, tolerance: float) -> bool:
    """‖Δθ‖ is under its tolerance."""
    return past.largest("update_norm") <= tolerance


@check("patience")
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


SENTENCES = {
    "nonfinite": "diverged at step {t}: the loss or its gradient is no longer finite",
    "jump": "diverged at step {t}: the loss grew more than {value:g}-fold in one go",
    "rises": "diverged at step {t}: the loss rose {value:g} times in a row",
    "param_bound": "diverged at step {t}: the parameters grew beyond a norm of {value:g}",
    "grad_tol": "converged at step {t}: the gradient norm is at most {value:g}",
    "loss_tol": "converged at step {t}: the loss changes by at most {value:g}",
    "step_tol": "converged at step {t}: lr times the gradient norm is at most {value:g}",
    "update_tol": "converged at step {t}: the update norm is at most {value:g}",
    "patience": "stopped early at step {t}: {value:g} evaluations in a row brought no better loss",
    "throttled": "throttled by the learning rate at step {t}: the loss is flat while the gradient is still steep",
    "steps": "ran all its {t} steps",
    "paused": "paused at step {t}",
    "interrupted": "interrupted at step {t}",
}


def stopped(kind: str, rule: str, t: int, value: float = 0.0) -> Stopped:
    """The record of a stop, with its sentence."""
    return Stopped(kind, rule, t, SENTENCES["throttled" if kind == "throttled" else rule].format(t=t, value=value))
