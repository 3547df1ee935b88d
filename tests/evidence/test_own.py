"""Laws of minimize: nobody descends on a wrong gradient unawares, and the header says whether it was checked."""

import doctest

import numpy as np
import pytest

from thalweg.descent.header import header
from thalweg.errors import SpecError
from thalweg.evidence import own
from thalweg.evidence.own import WrongGradient, minimize

A = np.array([[3.0, 1.0], [1.0, 2.0]])
B = np.array([1.0, -1.0])


def quadratic(w):
    return 0.5 * w @ A @ w - B @ w, A @ w - B


WRONG = {
    "sign": lambda w: (quadratic(w)[0], -quadratic(w)[1]),
    "factor": lambda w: (quadratic(w)[0], 2 * quadratic(w)[1]),
    "one entry": lambda w: (quadratic(w)[0], quadratic(w)[1] + [0, 0.1]),
    "transposed": lambda w: (w @ np.array([[1.0, 5.0], [0.0, 1.0]]) @ w, 2 * np.array([[1.0, 5.0], [0.0, 1.0]]) @ w),
    "zero": lambda w: (quadratic(w)[0], 0 * w),
    "shape": lambda w: (quadratic(w)[0], quadratic(w)[1][:, None]),
    "only a loss": lambda w: quadratic(w)[0],
    "not finite": lambda w: (quadratic(w)[0], w * np.nan),
}


@pytest.mark.parametrize("rule", ["gd", "momentum", "adam", "nadam"])
def test_the_minimum_of_a_quadratic_is_found(rule):
    run = minimize(quadratic, [5.0, -5.0], rule=rule, lr=0.1, steps=3000, grad_tol=1e-9)
    assert np.allclose(run.w, np.linalg.solve(A, B), atol=1e-6)
    assert run.spec.method.rule == rule


@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG.keys())
def test_a_wrong_gradient_is_refused_before_the_first_step(wrong):
    with pytest.raises(WrongGradient, match="Mend the gradient, or say check=False") as refused:
        minimize(wrong, [1.0, 2.0], steps=5)
    assert len(str(refused.value)) > 60


def test_the_gate_costs_a_few_calls_and_can_be_left_open():
    def counted(**settings):
        calls = []
        minimize(lambda w: calls.append(1) or quadratic(w), [1.0, 2.0], lr=0.1, steps=5, **settings)
        return len(calls)

    assert counted(check=False) < counted() <= counted(check=False) + 30


def test_the_header_says_whether_the_gradient_was_checked():
    for check, words in ((True, "quadratic, gradient checked"), (False, "quadratic, gradient not checked")):
        run = minimize(quadratic, [1.0, 2.0], lr=0.1, steps=2, check=check)
        assert run.spec.problem.label == words
        assert header(run.spec, run.problem)["problem"]["label"] == words


def test_a_wrong_gradient_may_be_descended_on_by_who_says_so():
    run = minimize(WRONG["sign"], [1.0, 2.0], lr=0.1, steps=500, check=False)
    assert run.diverged


def test_the_start_is_the_callers_and_stays_as_it_was():
    start = np.array([5.0, -5.0])
    run = minimize(quadratic, start, lr=0.1, steps=10)
    assert start.tolist() == [5.0, -5.0]
    assert run.theta_history[0].tolist() == [5.0, -5.0]


@pytest.mark.parametrize("start", [[[1.0, 2.0]], 3.0])
def test_a_start_that_is_no_vector_is_refused(start):
    with pytest.raises(SpecError, match="expected a flat vector"):
        minimize(quadratic, start)


def test_a_callable_object_has_a_name_too():
    class Bowl:
        def __call__(self, w):
            return w @ w, 2 * w

    assert minimize(Bowl(), [1.0], lr=0.1, steps=2).spec.problem.label == "Bowl, gradient checked"


def test_the_examples_in_the_docstrings_run():
    assert doctest.testmod(own).failed == 0
