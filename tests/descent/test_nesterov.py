"""Nesterov's two faces: the look-ahead that is taught, and the rule that is run.

With c = 1 − ema·β the look-ahead form keeps w and asks for the gradient at ŵ = w − η β v:
    v ← β v + c g(ŵ),  w ← w − η v.
Put ŵₜ = wₜ − ηₜ β vₜ. Then ŵₜ₊₁ = ŵₜ − ηₜ c g − ηₜ₊₁ β vₜ₊₁. The rule walks ŵ with ηₜ in both places, so the two
are one path at constant η, and under a schedule when the rule's look-ahead takes the next step's η.
"""

import numpy as np
import pytest

from thalweg.descent.lookahead import NesterovLookahead
from thalweg.descent.loop import descend
from thalweg.descent.optimizer import Optimizer
from thalweg.formulas.schedules import Scheduled
from thalweg.formulas.surfaces import SURFACES, named_surface
from thalweg.problems.objective import OnSurface

STEPS, BETA = 100, 0.8
objectives = pytest.mark.parametrize(
    ("surface", "lr"), [(SURFACES["bowl"], 0.05), (named_surface("quadratic", size=6, condition=100.0), 0.3)]
)


def looked_ahead(surface, rate, ema):
    """Where the look-ahead form asked for its gradients (T + 1, P)."""
    method = NesterovLookahead(BETA, ema)
    state, asked = method.start(surface.start), []
    steps = descend(OnSurface(surface), method, state, rate)
    for t in range(STEPS + 1):
        asked.append(state.w[0] - rate(t) * BETA * state.slots[0, 0])
        next(steps)
    return np.array(asked)


def ruled(surface, rate, ema, next_rate=False):
    """Where the rule walked (T + 1, P); with `next_rate` its look-ahead takes the next step's η."""
    method = Optimizer.named("nesterov", beta=BETA, ema=ema)
    state, path = method.start(surface.start), [surface.start]
    steps = descend(OnSurface(surface), method, state, rate)
    for t in range(STEPS):
        next(steps)
        if next_rate:
            state.w -= (rate(t + 1) - rate(t)) * BETA * state.slots[0]
        path.append(state.w[0].copy())
    return np.array(path)


@pytest.mark.parametrize("ema", [0.0, 0.5, 1.0])
@objectives
def test_the_two_are_one_path_at_constant_lr(surface, lr, ema):
    a, b = (walk(surface, lambda t: lr, ema) for walk in (looked_ahead, ruled))
    assert np.abs(a - b).max() <= 1e-12
    assert np.abs(a[-1] - a[0]).max() > 0.5


@pytest.mark.parametrize("name", ["cosine", "exponential", "step"])
@objectives
def test_under_a_schedule_they_part(surface, lr, name):
    schedule = Scheduled(name, STEPS)
    a, b = (walk(surface, lambda t: lr * schedule(t), 1.0) for walk in (looked_ahead, ruled))
    assert np.abs(a - b).max() > 1e-4


@pytest.mark.parametrize("ema", [0.0, 1.0])
@pytest.mark.parametrize("name", ["cosine", "exponential", "step", "one_cycle"])
@objectives
def test_under_a_schedule_they_agree_when_the_look_ahead_takes_the_next_steps_lr(surface, lr, name, ema):
    schedule = Scheduled(name, STEPS, 7)

    def rate(t):
        return lr * (1 - BETA if ema == 0 else 1) * schedule(t)

    assert np.abs(looked_ahead(surface, rate, ema) - ruled(surface, rate, ema, next_rate=True)).max() <= 1e-12
