"""Losses: values by their formula, gradients by differences, n divided once, no overflow."""

import numpy as np
import pytest

from thalweg.formulas.activations import logistic, softmax_of
from thalweg.formulas.losses import LOSSES

every_loss = pytest.mark.parametrize("known", LOSSES.values(), ids=lambda known: known.name)
B, K = 7, 3


def case(known, *lead, rows=B, seed=0, k=K):
    """z (…, B, K) within the loss's domain, targets (B, K) of its task, weights (B,) of mean 1."""
    rng = np.random.default_rng(seed)
    z = rng.normal(size=(*lead, rows, k))
    if known.takes == "probabilities":
        z = softmax_of(z) if known.task == "multiclass" else logistic(z)
    if known.task == "regression":
        y = rng.normal(size=(rows, k))
    elif known.task == "binary":
        y = rng.integers(0, 2, (rows, k)).astype(float)
    else:
        y = np.eye(k)[rng.integers(0, k, rows)]
    weight = rng.uniform(0.2, 2.0, rows)
    return z, y, weight / weight.mean()


def direct(known, z, y, weight):
    """The loss as on paper, row by row; probabilities from z where it takes logits."""
    weight = np.ones(len(z)) if weight is None else weight
    p = z if known.takes == "probabilities" else logistic(z) if known.task == "binary" else softmax_of(z)
    if known.task == "regression":
        rows, n = ((z - y) ** 2).sum(-1), z.size
        rows = rows / 2 if known.name == "half_mse" else rows
    elif known.task == "binary":
        rows, n = -(y * np.log(p) + (1 - y) * np.log(1 - p)).sum(-1), z.size
    else:
        rows, n = -(y * np.log(p)).sum(-1), len(z)
    return (weight * rows).sum() / n


def test_the_losses_of_the_specification_are_all_there():
    assert {"mse", "half_mse", "logistic_cross_entropy", "softmax_cross_entropy"} <= set(LOSSES)


@pytest.mark.parametrize("weighted", [False, True])
@every_loss
def test_values_are_those_of_the_formula(known, weighted):
    z, y, weight = case(known)
    weight = weight if weighted else None
    assert known(z, y, weight)[0] == pytest.approx(direct(known, z, y, weight), rel=1e-12)


@pytest.mark.parametrize("weighted", [False, True])
@every_loss
def test_gradients_match_central_differences(known, weighted):
    z, y, weight = case(known, seed=1)
    weight, h = (weight if weighted else None), 1e-6
    shifts = h * np.eye(z.size).reshape(z.size, *z.shape)
    numeric = (known(z + shifts, y, weight)[0] - known(z - shifts, y, weight)[0]) / (2 * h)
    assert np.allclose(known(z, y, weight)[1].ravel(), numeric, rtol=1e-7, atol=1e-9)


@every_loss
def test_the_curvature_is_the_slope_of_one_rows_gradient(known):
    if known.curvature is None:
        assert known.takes == "probabilities"  # not a function of one convex argument; Newton is not for it
        return
    z, y, _ = case(known, seed=2)
    h = 1e-6
    for row, target, curvature in zip(z, y, known.curvature(z), strict=True):
        up, down = (np.array([known((row + s * h * e)[None], target[None])[1][0] for e in np.eye(K)]) for s in (1, -1))
        assert np.allclose(curvature, (up - down) / (2 * h), rtol=1e-6, atol=1e-9)


@every_loss
def test_a_population_is_its_members(known):
    z, y, weight = case(known, 4, seed=3)
    own = np.stack([np.roll(y, r, axis=0) for r in range(4)])
    for targets in (y, own):
        values, dz = known(z, targets, weight)
        assert values.shape == (4,)
        assert dz.shape == z.shape
        for r in range(4):
            value, slope = known(z[r], targets if targets.ndim == 2 else targets[r], weight)
            assert values[r] == pytest.approx(value, rel=1e-14)
            assert np.allclose(dz[r], slope, rtol=1e-14, atol=0)


@every_loss
def test_weights_of_one_change_nothing(known):
    z, y, _ = case(known)
    for plain, ones in zip(known(z, y), known(z, y, np.ones(B)), strict=True):
        assert np.array_equal(plain, ones)


@every_loss
def test_a_weight_of_two_is_the_row_twice(known):
    """n counts rows, not weights: with the weights 2, 1, 1… of the mean (B+1)/B the sum is over B+1 rows."""
    z, y, _ = case(known)
    weight = np.where(np.arange(B) == 0, 2.0, 1.0)
    value, dz = known(z, y, weight)
    twice, dz_twice = known(np.concatenate([z, z[:1]]), np.concatenate([y, y[:1]]))
    assert value * B == pytest.approx(twice * (B + 1), rel=1e-12)
    assert np.allclose(dz[1:] * B, dz_twice[1:B] * (B + 1), rtol=1e-12)
    assert np.allclose(dz[0] * B, 2 * dz_twice[0] * (B + 1), rtol=1e-12)


@every_loss
def test_n_is_divided_by_exactly_once(known):
    """All rows twice: the mean stays, and each row's gradient halves, so dz·n stays."""
    z, y, weight = case(known)
    value, dz = known(z, y, weight)
    again, dz_again = known(np.tile(z, (2, 1)), np.tile(y, (2, 1)), np.tile(weight, 2))
    assert again == pytest.approx(value, rel=1e-12)
    assert np.allclose(dz_again * 2, np.tile(dz, (2, 1)), rtol=1e-12)


def test_mse_has_2_over_n_in_its_gradient_and_half_mse_has_1_over_n():
    z, y = np.array([[3.0], [1.0]]), np.array([[1.0], [1.0]])  # residual = prediction − target = 2, 0
    assert [part.tolist() for part in LOSSES["mse"](z, y)] == [2.0, [[2.0], [0.0]]]
    assert [part.tolist() for part in LOSSES["half_mse"](z, y)] == [1.0, [[1.0], [0.0]]]


def test_the_untrained_loss_is_log_c():
    assert LOSSES["logistic_cross_entropy"](np.zeros((4, 1)), np.eye(2)[:, :1].repeat(2, 0))[0] == pytest.approx(
        np.log(2)
    )
    assert LOSSES["softmax_cross_entropy"](np.zeros((5, 5)), np.eye(5))[0] == pytest.approx(np.log(5))


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("size", [1e2, 1e4])
@every_loss
def test_outputs_as_large_as_ten_thousand_overflow_nothing(known, size, dtype):
    z, y, weight = (part.astype(dtype) for part in case(known))
    z = (np.sign(z - z.mean()) * size).astype(dtype)
    if known.takes == "probabilities":
        z = (z > 0).astype(dtype)  # exactly 0 and 1, also where the target says the opposite
    with np.errstate(over="raise", divide="raise", invalid="raise"):
        value, dz = known(z, y, weight)
    assert np.isfinite(value)
    assert np.isfinite(dz).all()


@pytest.mark.parametrize("known", [k for k in LOSSES.values() if k.takes == "logits"], ids=lambda known: known.name)
def test_far_from_the_border_cross_entropy_is_the_margin(known):
    """A logit wrong by 1e4 costs 1e4, right by 1e4 costs 0."""
    size = 1e4
    right = np.array([[size, 0.0]]) if known.task == "multiclass" else np.array([[size]])
    y = np.array([[1.0, 0.0]]) if known.task == "multiclass" else np.array([[1.0]])
    assert known(right, y)[0] == 0
    assert known(-right, y)[0] == pytest.approx(size, rel=1e-12)


@every_loss
def test_float32_stays_float32(known):
    z, y, weight = (part.astype("float32") for part in case(known))
    for given in (None, weight):
        value, dz = known(z, y, given)
        assert value.dtype == dz.dtype == np.float32


@every_loss
def test_inputs_are_left_as_they_were(known):
    given = case(known)
    kept = [part.copy() for part in given]
    known(*given)
    assert all(np.array_equal(a, b) for a, b in zip(given, kept, strict=True))


@pytest.mark.parametrize(
    ("logits", "probabilities"),
    [("logistic_cross_entropy", "binary_cross_entropy"), ("softmax_cross_entropy", "categorical_cross_entropy")],
)
def test_a_loss_from_logits_is_the_loss_from_their_probabilities(logits, probabilities):
    z, y, weight = case(LOSSES[logits])
    p = LOSSES[logits].predict(z)
    assert LOSSES[logits](z, y, weight)[0] == pytest.approx(LOSSES[probabilities](p, y, weight)[0], rel=1e-12)
    assert np.array_equal(LOSSES[probabilities].predict(p), p)


def test_softmax_cross_entropy_does_not_care_about_a_shift_of_all_logits():
    z, y, weight = case(LOSSES["softmax_cross_entropy"])
    known = LOSSES["softmax_cross_entropy"]
    assert known(z + 50, y, weight)[0] == pytest.approx(known(z, y, weight)[0], rel=1e-12)


@every_loss
def test_the_docstring_states_the_convention(known):
    assert "dL/d" in known.doc
    assert "n" in known.doc
