"""Activations: the pullback is the transposed derivative of the value beside it."""

import numpy as np
import pytest

from thalweg.formulas.activations import ACTIVATIONS, logistic, softmax_of

every_activation = pytest.mark.parametrize("name", ACTIVATIONS)


def points(*shape, seed=0):
    """Away from the kink at 0."""
    a = np.random.default_rng(seed).normal(size=shape)
    return a + 0.05 * np.sign(a)


def test_the_activations_of_the_specification_are_all_there():
    assert {"linear", "relu", "leaky_relu", "sigmoid", "tanh", "softmax"} <= set(ACTIVATIONS)


@every_activation
def test_the_pullback_is_the_transposed_derivative_by_differences(name):
    a, h = points(6, 4), 1e-6
    dh = np.random.default_rng(1).normal(size=a.shape)
    found = ACTIVATIONS[name](a)[1](dh)
    numeric = np.empty_like(a)
    for k in range(4):
        shift = h * np.eye(4)[k]
        numeric[:, k] = ((ACTIVATIONS[name](a + shift)[0] - ACTIVATIONS[name](a - shift)[0]) / (2 * h) * dh).sum(-1)
    assert np.allclose(found, numeric, rtol=1e-8, atol=1e-9)


@every_activation
def test_a_population_is_its_members(name):
    a = points(3, 5, 4)
    h, pullback = ACTIVATIONS[name](a)
    for r in range(3):
        own, own_pullback = ACTIVATIONS[name](a[r])
        assert np.array_equal(h[r], own)
        assert np.array_equal(pullback(2 * a)[r], own_pullback(2 * a[r]))


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@every_activation
def test_huge_inputs_overflow_nothing_and_keep_their_dtype(name, dtype):
    a = np.array([[1e4, -1e4, 0.0], [-1e4, -1e4, -1e4]], dtype)
    with np.errstate(over="raise", divide="raise", invalid="raise"):
        h, pullback = ACTIVATIONS[name](a)
        da = pullback(np.ones_like(a))
    assert h.dtype == da.dtype == a.dtype
    assert np.isfinite(h).all()
    assert np.isfinite(da).all()


@every_activation
def test_inputs_are_left_as_they_were(name):
    a = points(2, 3)
    kept, dh = a.copy(), np.ones((2, 3))
    ACTIVATIONS[name](a)[1](dh)
    assert np.array_equal(a, kept)
    assert np.array_equal(dh, np.ones((2, 3)))


@pytest.mark.parametrize("name", ["relu", "leaky_relu"])
def test_values_left_and_right_of_the_kink(name):
    h, pullback = ACTIVATIONS[name](np.array([-2.0, 0.0, 3.0]))
    left = {"relu": 0.0, "leaky_relu": 0.01}[name]
    assert h.tolist() == [-2.0 * left, 0.0, 3.0]
    assert pullback(np.ones(3)).tolist() == [left, left, 1.0]


def test_the_logistic_function_is_its_formula():
    a = np.linspace(-30, 30, 601)
    assert np.allclose(logistic(a), 1 / (1 + np.exp(-a)), rtol=0, atol=1e-15)
    assert np.allclose(logistic(a) + logistic(-a), 1, rtol=0, atol=1e-15)


def test_softmax_is_a_distribution_and_ignores_a_shift():
    a = points(5, 4)
    p = softmax_of(a)
    assert np.allclose(p.sum(-1), 1, rtol=1e-14)
    assert np.allclose(p, np.exp(a) / np.exp(a).sum(-1, keepdims=True), rtol=1e-13)
    assert np.allclose(softmax_of(a + 700), p, rtol=1e-12)


def test_softmax_of_two_is_the_logistic_function_of_their_difference():
    a = points(5, 2)
    assert np.allclose(softmax_of(a)[:, 0], logistic(a[:, 0] - a[:, 1]), rtol=1e-13)
