"""A prediction belongs to its row: the same bits beside any other rows, in any order, in any number."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from thalweg.formulas.activations import ACTIVATIONS
from thalweg.formulas.losses import LOSSES
from thalweg.problems import predictor as predictor_module
from thalweg.problems.linear import Linear
from thalweg.problems.mlp import MLP
from thalweg.problems.predictor import Predictor
from thalweg.problems.standardiser import Standardiser

LOSS = {"regression": "mse", "binary": "logistic_cross_entropy", "multiclass": "softmax_cross_entropy"}
MODELS = ("linear", "ones", "mlp", "batch norm")
N = 1000


def predictor(model="linear", task="regression", dtype="float64", d=12, k=3, seed=0, **settings):
    """With parameters and statistics at random, and rows X (1000, d) of different scales."""
    rng = np.random.default_rng(seed)
    k = 1 if task == "binary" else k
    X = rng.normal(size=(N, d)) * 10.0 ** rng.integers(-3, 4, d)
    if model in ("linear", "ones"):
        net = Linear(d + (model == "ones"), k, ones=model == "ones")
    else:
        net = MLP((d, 16, 11, k), batch_norm=model == "batch norm", **settings)
    statistics = ()
    if model == "batch norm":
        statistics = tuple(
            (rng.normal(size=(1, h)).astype(dtype), rng.uniform(0.5, 2, (1, h)).astype(dtype)) for h in (16, 11)
        )
    w = rng.normal(size=net.layout.size).astype(dtype)
    target = Standardiser.fit(rng.normal(5, 9, (50, k))) if task == "regression" else None
    return Predictor(net, LOSSES[LOSS[task]], w, Standardiser.fit(X), target, model == "ones", statistics), X


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("task", LOSS)
@pytest.mark.parametrize("model", MODELS)
def test_any_rows_in_any_number_and_order_keep_every_bit(model, task, dtype):
    """In float32 a matrix product rounds a row differently by its place among 256 others; here nothing may."""
    made, X = predictor(model, task, dtype)
    whole = made.predict(X)
    rng = np.random.default_rng(1)
    for count in (0, 1, 2, 3, 7, 63, 256, 257, 999):
        rows = rng.integers(0, N, count)
        assert made.predict(X[rows]).tobytes() == whole[rows].tobytes()
    assert np.isfinite(whole).all()


@settings(max_examples=15)
@given(
    st.sampled_from(MODELS), st.sampled_from(list(LOSS)), st.sampled_from(["float64", "float32"]),
    st.integers(1, 130), st.integers(2, 33), st.lists(st.integers(0, N - 1), min_size=1, max_size=N), st.integers(0, 9),
)  # fmt: skip
def test_whatever_the_sizes(model, task, dtype, d, k, rows, seed):
    made, X = predictor(model, task, dtype, d, k, seed)
    together = made.predict(X[rows])
    for i in (0, len(rows) // 2, len(rows) - 1):
        assert made.predict(X[rows[i]][None]).tobytes() == together[i : i + 1].tobytes()


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_with_any_activation(activation):
    made, X = predictor("mlp", "multiclass", "float32", activation=activation)
    assert made.predict(X[::-3]).tobytes() == made.predict(X)[::-3].tobytes()


def test_the_layout_of_the_rows_in_memory_changes_nothing():
    for model in MODELS:
        made, X = predictor(model, "multiclass")
        whole = made.predict(X)
        for same in (np.asfortranarray(X), np.repeat(X, 2, axis=0)[::2], np.repeat(X, 2, axis=1)[:, ::2], X.tolist()):
            assert made.predict(same).tobytes() == whole.tobytes()


def test_rows_are_taken_in_pieces_without_a_seam(monkeypatch):
    made, X = predictor("mlp", "multiclass")
    whole = made.predict(X)
    monkeypatch.setattr(predictor_module, "PIECE", 7)
    assert made.predict(X).tobytes() == whole.tobytes()


@pytest.mark.parametrize("task", LOSS)
@pytest.mark.parametrize("model", MODELS)
def test_it_is_the_model_on_standardised_rows_in_the_targets_own_units(model, task):
    made, X = predictor(model, task)
    Z = (X - X.mean(0)) / X.std(0)
    Z = np.concatenate([Z, np.ones((N, 1))], axis=1) if model == "ones" else Z
    z = made.model.forward(made.model.layout.views(made.w), Z, made.statistics or None)[0]
    if task == "regression":
        expected = z * made.target_scaler.scale + made.target_scaler.mean
    elif task == "binary":
        expected = 1 / (1 + np.exp(-np.clip(z, -700, 700)))
    else:
        e = np.exp(z - z.max(1, keepdims=True))
        expected = e / e.sum(1, keepdims=True)
    assert np.allclose(made.predict(X), expected, rtol=1e-9, atol=1e-12)


def test_no_rows_give_no_predictions():
    made, X = predictor("linear", "multiclass")
    assert made.predict(X[:0]).shape == (0, 3)
