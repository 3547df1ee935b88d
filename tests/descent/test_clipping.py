"""Clipping: by norm exactly c/‖g‖, by value entry by entry, and nothing below the bounds."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from thalweg.descent.loop import descend
from thalweg.descent.optimizer import Optimizer
from thalweg.descent.train import train
from thalweg.formulas.rules import RULES
from thalweg.problems.objective import UserObjective

finite = st.floats(-1e6, 1e6, allow_subnormal=False)


def stepped(grad, **clip):
    """The gradient that reached the rule: one step of gd with lr 1 from 0, for each row of grad (R, P)."""
    grad = np.atleast_2d(grad).astype(float)
    rows = iter(grad.copy())
    objective = UserObjective(lambda w: (0.0, next(rows)), grad.shape[1])
    method = Optimizer(RULES["gd"], **clip)
    state = method.start(np.zeros_like(grad))
    step = next(descend(objective, method, state, lr=1.0))
    return -state.w, step


@settings(max_examples=100)
@given(arrays(float, (3, 4), elements=finite), st.floats(1e-3, 1e3))
def test_a_longer_gradient_gets_exactly_the_norm_and_keeps_its_direction(grad, c):
    clipped, step = stepped(grad, clip_norm=c)
    for row, was, recorded in zip(clipped, grad, step.grad_norm, strict=True):
        norm = np.linalg.norm(was)
        assert recorded == pytest.approx(norm)  # what is recorded is the norm before clipping
        if norm > c * (1 + 1e-12):
            assert np.linalg.norm(row) == pytest.approx(c, rel=1e-12)
            assert np.allclose(row, was * (c / norm), rtol=1e-12)
        elif norm < c * (1 - 1e-12):
            assert np.array_equal(row, was)


def test_a_gradient_of_exactly_the_bound_is_untouched():
    assert stepped([3.0, 4.0], clip_norm=5.0)[0].tolist() == [[3.0, 4.0]]
    assert stepped([3.0, 4.0], clip_norm=np.nextafter(5.0, 0))[0].tolist() != [[3.0, 4.0]]


def test_clipping_by_value_clips_every_entry():
    clipped, _ = stepped([[5.0, -0.5, -3.0], [0.1, 0.2, 0.3]], clip_value=1.0)
    assert clipped.tolist() == [[1.0, -0.5, -1.0], [0.1, 0.2, 0.3]]


def test_the_norm_is_clipped_before_the_values():
    assert stepped([30.0, 40.0], clip_norm=5.0, clip_value=3.5)[0].tolist() == [[3.0, 3.5]]


def test_each_member_has_its_own_bounds():
    grad = np.tile([3.0, 4.0], (4, 1))
    bounds = np.array([np.inf, 5.0, 2.5, 0.5])
    assert np.allclose(np.linalg.norm(stepped(grad, clip_norm=bounds)[0], axis=1), [5, 5, 2.5, 0.5])
    assert stepped(grad, clip_value=bounds)[0].tolist() == [[3, 4], [3, 4], [2.5, 2.5], [0.5, 0.5]]


def test_without_bounds_nothing_is_touched():
    grad = np.array([[1e100, -1e-200]])
    assert np.array_equal(stepped(grad)[0], grad)


def test_a_gradient_with_an_infinite_entry_is_not_clipped_into_a_finite_one():
    clipped, step = stepped([[np.inf, 1.0], [3.0, 4.0]], clip_norm=1.0, clip_value=1.0)
    assert clipped[0].tolist() == [0.0, 0.0]
    assert np.allclose(clipped[1], [0.6, 0.8])
    assert step.finite.tolist() == [False, True]


@pytest.mark.parametrize("rule", RULES)
def test_a_loose_bound_changes_no_bit_of_a_run(small, rule):
    spec = small.but(rule=rule, lr=None)
    plain, loose = train(spec), train(spec.but(clip_norm=1e6, clip_value=1e6))
    assert np.array_equal(plain.w, loose.w)


def test_a_tight_bound_limits_every_step_of_gradient_descent(small):
    run = train(small.but(rule="gd", lr=0.5, clip_norm=1e-3))
    assert np.allclose(run.step_norm_history, 0.5 * 1e-3, rtol=1e-9)
    assert (run.grad_norm_history > 1e-3).all()
