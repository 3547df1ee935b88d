"""Laws of the standardiser: unit columns, exact constants, no unit too large or too small."""

import doctest
import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from thalweg.errors import DataError, ShapeError
from thalweg.problems import standardiser as standardiser_module
from thalweg.problems.standardiser import Standardiser

UNITS = [1e-200, 1e-12, 1.0, 1e9, 1e200]


def normal(*args, **kwargs):
    """The same draws in every test."""
    return np.random.default_rng(3).normal(*args, **kwargs)


@settings(max_examples=80)
@given(arrays(np.float64, (7, 3), elements=st.floats(-1e307, 1e307)))
def test_undo_takes_apply_back_on_the_rows_it_was_fitted_on(X):
    s = Standardiser.fit(X)
    size = np.abs(X).max(axis=0)
    assert (np.abs(s.undo(s.apply(X)) - X) <= 1e-14 * size + 1e-300).all()


@settings(max_examples=80)
@given(arrays(np.float64, (9, 2), elements=st.floats(-1e308, 1e308)))
def test_columns_come_out_finite_and_with_mean_0_and_deviation_1_or_exactly_0(X):
    s = Standardiser.fit(X)
    Z = s.apply(X)
    assert np.isfinite(Z).all()
    assert (Z[:, s.constant] == 0).all()
    kept = Z[:, ~s.constant & (s.scale > 1e-290)]
    assert np.allclose(kept.mean(axis=0), 0, atol=1e-3)
    assert np.allclose(kept.std(axis=0), 1, atol=1e-3)


@pytest.mark.parametrize("unit", UNITS)
def test_the_unit_of_a_column_makes_no_difference(unit):
    X = normal(3.0, 2.0, size=(50, 4))
    expected = Standardiser.fit(X).apply(X)
    assert np.allclose(Standardiser.fit(X * unit).apply(X * unit), expected, rtol=1e-12, atol=1e-13)


def test_it_is_the_formula_x_minus_mean_over_deviation_plus_eps():
    X, eps = normal(size=(40, 3)), 0.25
    s = Standardiser.fit(X, eps=eps)
    assert np.allclose(s.apply(X), (X - X.mean(axis=0)) / (X.std(axis=0) + eps), rtol=1e-13, atol=1e-15)


def test_a_large_offset_costs_no_accuracy():
    noise = normal(size=(10_000, 1))
    X = 1e9 + noise
    exact = X - 1e9
    s = Standardiser.fit(X)
    assert abs(s.scale[0] - exact.std()) < 1e-12
    assert abs((s.mean[0] - 1e9) - exact.mean()) <= np.spacing(1e9)
    assert not s.constant[0]


def test_the_mean_is_the_true_mean_to_the_last_bit_or_its_neighbour():
    X = 1e9 + normal(size=(100_003, 1)) * 1e5
    true = math.fsum(X[:, 0].tolist()) / len(X)
    assert abs(Standardiser.fit(X).mean[0] - true) <= np.spacing(true)


def test_values_at_the_end_of_the_range_do_not_overflow():
    X = np.array([[1.7e308], [-1.7e308], [-1.7e308], [-1.7e308]])
    s = Standardiser.fit(X)
    assert np.allclose(s.apply(X)[:, 0], np.array([3, -1, -1, -1]) / np.sqrt(3), rtol=1e-14)
    assert np.allclose(s.undo(s.apply(X)) / 1e308, X / 1e308, rtol=1e-14)


def test_a_column_that_is_constant_up_to_rounding_becomes_exact_zeros():
    base = np.full(30, 0.1)
    nearly = base.copy()
    nearly[::2] = np.nextafter(0.1, 1)
    X = np.column_stack([base, nearly, np.zeros(30), np.full(30, 1e300), 1.0 + 1e-9 * np.arange(30)])
    s = Standardiser.fit(X)
    assert s.constant.tolist() == [True, True, True, True, False]
    assert (s.apply(X)[:, :4] == 0).all()
    assert (s.apply(X + 5)[:, :4] == 0).all()


def test_the_statistics_are_those_of_the_rows_it_was_given_and_of_no_other():
    X = normal(size=(60, 3))
    train = np.arange(40)
    s = Standardiser.fit(X[train])
    spoiled = X.copy()
    spoiled[40:] = 1e12
    again = Standardiser.fit(spoiled[train])
    assert np.array_equal(s.mean, again.mean)
    assert np.array_equal(s.scale, again.scale)
    assert np.allclose(s.mean, X[:40].mean(axis=0), rtol=0, atol=1e-15)


def test_identity_changes_no_bit():
    X = normal(size=(5, 3)) * 1e300
    s = Standardiser.identity(3)
    assert np.array_equal(s.apply(X), X)
    assert np.array_equal(s.undo(X), X)


def test_it_comes_back_from_its_dict_bit_for_bit_also_by_way_of_json():
    X = normal(size=(20, 3)) * [1e-9, 1.0, 0.0]
    s = Standardiser.fit(X, eps=1e-8)
    stored = s.to_dict()
    text = json.dumps({key: np.asarray(value).tolist() for key, value in stored.items()})
    for again in (Standardiser.from_dict(stored), Standardiser.from_dict(json.loads(text))):
        assert np.array_equal(again.apply(X), s.apply(X))
        assert np.array_equal(again.undo(X), s.undo(X))


def test_leading_axes_are_populations():
    X = normal(size=(4, 6, 3))
    s = Standardiser.fit(X[0])
    assert np.array_equal(s.apply(X)[2], s.apply(X[2]))


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: Standardiser.fit([1.0, 2.0]), ShapeError, r"shape \(2,\)"),
        (lambda: Standardiser.fit(np.empty((0, 2))), ShapeError, "at least one"),
        (lambda: Standardiser.fit([[np.nan], [1.0]]), DataError, "NaN"),
        (lambda: Standardiser.fit([[1.0], [2.0]], eps=-1.0), DataError, "eps is -1"),
        (lambda: Standardiser.identity(3).apply([[1.0, 2.0]]), ShapeError, "expected 3 columns"),
        (lambda: Standardiser.from_dict({"mean": [0.0]}), DataError, "lacks constant, eps, scale"),
        (
            lambda: Standardiser.from_dict({"mean": [0.0], "scale": [1.0, 2.0], "eps": 0, "constant": [False]}),
            ShapeError,
            "one number per column",
        ),
    ],
)
def test_bad_calls_are_one_plain_sentence(call, error, words):
    with pytest.raises(error, match=words):
        call()


def test_the_example_in_the_docstring_holds():
    assert doctest.testmod(standardiser_module).failed == 0
