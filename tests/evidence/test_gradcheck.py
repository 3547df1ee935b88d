import doctest
from collections import Counter

import numpy as np
import pytest

from thalweg.errors import DataError, ShapeError, SpecError
from thalweg.evidence import gradcheck
from thalweg.evidence.gradcheck import check_gradient, gate
from thalweg.formulas.surfaces import SURFACES

SEEDS = range(4)


# Right gradients: (value_and_grad, start) of a seed, each a different trap for a checker


def rows(seed, features=6, count=40):
    rng = np.random.default_rng(seed)
    return rng, rng.normal(size=(count, features)), rng.normal(size=count)


def quadratic(seed, scale=1.0, dtype=np.float64):
    rng, X, y = rows(seed)
    X, y = X.astype(dtype), (scale * y).astype(dtype)

    def value_and_grad(w):
        r = X @ w["w"] + w["b"] - y
        return dtype(0.5) * np.mean(r * r), {"w": X.T @ r / dtype(len(y)), "b": np.mean(r, keepdims=True)}

    return value_and_grad, {"w": (scale * rng.normal(size=6)).astype(dtype), "b": np.zeros(1, dtype)}


def logistic(seed, scale=1.0):
    rng, X, y = rows(seed)
    y = (y > 0).astype(float)

    def value_and_grad(w):
        z = X @ w
        return np.mean(np.logaddexp(0, z) - y * z), X.T @ (0.5 * (1 + np.tanh(z / 2)) - y) / len(y)

    return value_and_grad, scale * rng.normal(size=6)


def mlp(seed, dtype=np.float64, zeros=False, act="relu", hidden=12):
    rng, X, y = rows(seed)
    X, y = X.astype(dtype), y.astype(dtype)[:, None]
    if zeros:
        X[: len(X) // 2] = 0  # with zero biases, half of the rows sit exactly on the kink

    def value_and_grad(p):
        a = X @ p["W1"] + p["b1"]
        h = np.maximum(a, 0) if act == "relu" else np.tanh(a)
        r = h @ p["W2"] + p["b2"] - y
        q = 2 * r / dtype(len(y))
        da = q @ p["W2"].T * ((a > 0) if act == "relu" else 1 - h * h)
        return np.mean(r * r), {"W1": X.T @ da, "b1": da.sum(0), "W2": h.T @ q, "b2": q.sum(0)}

    return value_and_grad, {
        "W1": (rng.normal(size=(6, hidden)) / 2).astype(dtype),
        "b1": np.zeros(hidden, dtype) if zeros else (0.3 * rng.normal(size=hidden)).astype(dtype),
        "W2": (rng.normal(size=(hidden, 1)) / 2).astype(dtype),
        "b2": np.zeros(1, dtype),
    }


def in_single_precision(seed):
    """float64 parameters, but a function that works in float32 within, as a GPU does."""
    value_and_grad, start = mlp(seed, np.float32)

    def cast(p):
        loss, grad = value_and_grad({k: v.astype(np.float32) for k, v in p.items()})
        return float(loss), {k: v.astype(np.float64) for k, v in grad.items()}

    return cast, {k: v.astype(np.float64) for k, v in start.items()}


def absolute_values(seed):
    """Kinks in plenty, one of them exactly at the start: Σ|Xw − y|/n + Σ|w|."""
    rng, X, y = rows(seed)

    def value_and_grad(w):
        r = X @ w - y
        return np.abs(r).mean() + np.abs(w).sum(), X.T @ np.sign(r) / len(y) + np.sign(w)

    return value_and_grad, np.where(rng.random(6) < 0.5, 0, rng.normal(size=6))


def domain_edge(seed):
    rng = np.random.default_rng(seed)
    return lambda w: (np.sum(w - np.log(w)), 1 - 1 / w), rng.uniform(1e-3, 2, 5)


def fine_ripples(seed):
    """Curved on a scale of 1e-6, far below the usual step."""
    rng = np.random.default_rng(seed)
    return lambda w: (np.sin(1e6 * w).sum() * 1e-6, np.cos(1e6 * w)), rng.normal(size=5)


def solver_noise(seed):
    """A loss that is only good to 1e-9, like the result of an iteration."""
    rng = np.random.default_rng(seed)

    def value_and_grad(w):
        wobble = 1e-9 * np.sin(1e12 * w.sum())
        return (w @ w) * (1 + wobble), 2 * w

    return value_and_grad, rng.normal(size=5)


def surface(name):
    known = SURFACES[name]
    return lambda seed: (lambda w: (known.value(w), known.gradient(w)), known.start)


RIGHT = {
    "quadratic": quadratic,
    "quadratic of large parameters": lambda seed: quadratic(seed, 1e3),
    "quadratic in float32": lambda seed: quadratic(seed, dtype=np.float32),
    "logistic": logistic,
    "saturated logistic": lambda seed: logistic(seed, 30.0),
    "logistic x1000": lambda seed: logistic(seed, 1e3),
    "ReLU network": mlp,
    "ReLU network in float32": lambda seed: mlp(seed, np.float32),
    "ReLU network on its kinks": lambda seed: mlp(seed, zeros=True),
    "wide ReLU network": lambda seed: mlp(seed, hidden=200),
    "tanh network": lambda seed: mlp(seed, act="tanh"),
    "float32 within": in_single_precision,
    "absolute values": absolute_values,
    "domain edge": domain_edge,
    "fine ripples": fine_ripples,
    "solver noise": solver_noise,
    **{name: surface(name) for name in SURFACES},
}
every_right = pytest.mark.parametrize("make", RIGHT.values(), ids=RIGHT.keys())


def scaled(value_and_grad, factor):
    def times(w):
        loss, grad = value_and_grad(w)
        return loss * factor, {k: v * factor for k, v in grad.items()} if isinstance(grad, dict) else grad * factor

    return times


@pytest.mark.few(8)
@every_right
@pytest.mark.parametrize("factor", [1.0, 1e6, 1e-6])
def test_a_right_gradient_is_never_accused(make, factor):
    for seed in SEEDS:
        value_and_grad, start = make(seed)
        found = check_gradient(scaled(value_and_grad, factor), start, seed=seed)
        assert found.passed, found.sentence
        assert (found.fault, found.first) == (None, None)
        quick = gate(scaled(value_and_grad, factor), start, seed=seed)
        assert quick.passed, quick.sentence


@pytest.mark.slow
@every_right
def test_a_right_gradient_is_not_accused_once_in_a_hundred_checks(make):
    for seed in range(100, 200):
        found = check_gradient(*make(seed), seed=seed)
        assert found.passed, found.sentence


@pytest.mark.parametrize("make", [quadratic, logistic, mlp, lambda s: mlp(s, act="tanh")])
def test_passing_costs_about_twenty_evaluations_per_tensor_and_the_gate_half(make):
    for seed in SEEDS:
        value_and_grad, start = make(seed)
        calls = Counter()

        def counted(w, value_and_grad=value_and_grad, calls=calls):
            calls["all"] += 1
            return value_and_grad(w)

        tensors = len(start) if isinstance(start, dict) else 1
        found = check_gradient(counted, start, seed=seed)
        assert found.evaluations == calls["all"] <= 20 * tensors
        assert gate(value_and_grad, start, seed=seed).evaluations <= 9 + 4 * tensors


@pytest.mark.parametrize("make", [quadratic, logistic, lambda s: mlp(s, act="tanh")])
def test_in_float64_errors_of_a_right_gradient_are_under_one_in_ten_million(make):
    for seed in SEEDS:
        for row in check_gradient(*make(seed), seed=seed).tensors:
            assert row.error <= row.tolerance < 1e-6
            assert row.error < 1e-7
            assert row.entry_error < 1e-7 or row.size == 0
            assert row.verdict == "agree"


def test_in_float32_the_tolerance_is_one_in_ten_thousand_of_the_gradient_and_what_rounding_adds():
    for seed in SEEDS:
        for row in check_gradient(*mlp(seed, np.float32, act="tanh"), seed=seed).tensors:
            assert 1e-5 < row.tolerance < 2e-3
            assert row.error <= row.tolerance


def test_a_start_on_a_kink_is_named_a_kink():
    verdicts = Counter()
    for seed in SEEDS:
        found = check_gradient(*mlp(seed, zeros=True), seed=seed)
        verdicts.update(row.verdict for row in found.tensors if row.name == "b1")
        assert all(row.verdict == "agree" for row in found.tensors if row.name == "b2")
    assert verdicts["kink"] >= len(SEEDS) // 2
    assert "a kink in b1" in check_gradient(*mlp(0, zeros=True), seed=0).sentence


# Wrong gradients


def changed(value_and_grad, name, change):
    """value_and_grad with the gradient of one tensor, or of all, changed."""

    def wrong(w):
        loss, grad = value_and_grad(w)
        return loss, {k: change(v) if name in (k, "all") else v for k, v in grad.items()}

    return wrong


def one_entry(by):
    def change(g):
        g = g.copy()
        g.flat[g.size // 2] += by * np.abs(g).max()
        return g

    return change


WRONG = {
    "sign": ("all", lambda g: -g),
    "sign of a bias": ("b2", lambda g: -g),
    "factor two": ("all", lambda g: 2 * g),
    "1/n": ("W1", lambda g: g / 40),
    "zero": ("W2", np.zeros_like),
    "one entry": ("W1", one_entry(1.0)),
    "rolled": ("b1", lambda g: np.roll(g, 1)),
    "transposed by reshaping": ("W1", lambda g: g.T.reshape(g.shape)),
    "clipped": ("W1", lambda g: np.clip(g, -0.01, 0.01)),
}
SLIGHT = {
    "one in a million too long": ("W2", lambda g: (1 + 1e-6) * g),
    "one entry a little": ("W1", one_entry(1e-4)),
    "two entries exchanged": ("b1", lambda g: np.concatenate([g[1::-1], g[2:]])),
}


def accused(found):
    return {row.name for row in found.tensors if row.verdict == "differ"}


@pytest.mark.slow
@pytest.mark.parametrize(("name", "change"), (WRONG | SLIGHT).values(), ids=(WRONG | SLIGHT).keys())
@pytest.mark.parametrize("factor", [1.0, 1e6, 1e-6])
def test_a_wrong_gradient_never_passes_and_its_tensor_is_named(name, change, factor):
    for seed in range(2):
        value_and_grad, start = mlp(seed)
        wrong = scaled(changed(value_and_grad, name, change), factor)
        for found in (check_gradient(wrong, start, seed=seed), gate(wrong, start, seed=seed)):
            assert not found.passed, found.sentence
            assert found.fault == "differs"
            assert accused(found) == ({"W1", "b1", "W2", "b2"} if name == "all" else {name})
            assert found.first.tensor in accused(found)
            assert all((row.error > row.tolerance) == (row.name in accused(found)) for row in found.tensors)


@pytest.mark.few(4)
@pytest.mark.parametrize(("name", "change"), WRONG.values(), ids=WRONG.keys())
@pytest.mark.parametrize("factor", [1.0, 1e6, 1e-6])
def test_a_wrong_gradient_in_float32_never_passes(name, change, factor):
    for seed in range(2):
        value_and_grad, start = mlp(seed, np.float32, act="tanh")
        wrong = scaled(changed(value_and_grad, name, change), np.float32(factor))
        for found in (check_gradient(wrong, start, seed=seed), gate(wrong, start, seed=seed)):
            assert not found.passed, found.sentence
            assert accused(found) == ({"W1", "b1", "W2", "b2"} if name == "all" else {name})


@pytest.mark.slow
@pytest.mark.parametrize("fault", ["sign", "factor two", "1/n", "zero"])
def test_a_gross_fault_shows_in_float32_although_kinks_lie_inside_every_step(fault):
    name, change = WRONG[fault]
    for seed in SEEDS:
        value_and_grad, start = mlp(seed, np.float32)
        assert not check_gradient(changed(value_and_grad, name, change), start, seed=seed).passed


@pytest.mark.parametrize("size", [1, 2, 3, 1000, 20_000])
def test_the_first_wrong_entry_is_found_in_tensors_of_any_size(size):
    rng = np.random.default_rng(size)
    start, c = rng.normal(size=(size, 3)), rng.uniform(0.5, 2, (size, 3))
    wrong_at = sorted(rng.choice(3 * size, min(3, size), replace=False).tolist())

    def value_and_grad(w):
        grad = c * w["W"]
        grad.flat[wrong_at] += 0.5
        return 0.5 * (c * w["W"] ** 2).sum(), {"W": grad}

    found = check_gradient(value_and_grad, {"W": start}, seed=size)
    assert found.first.index == np.unravel_index(wrong_at[0], start.shape)
    assert found.first.analytic - found.first.numeric == pytest.approx(0.5, abs=1e-4)
    assert found.first.numeric == pytest.approx((c * start)[found.first.index], abs=1e-4)
    assert found.evaluations < 400


def test_a_gradient_of_the_parameters_before_is_found():
    value_and_grad, start = mlp(0, act="tanh")

    def stale():
        seen = [start]

        def of_before(w):
            seen.append(w)
            return value_and_grad(w)[0], value_and_grad(seen[-2])[1]

        return of_before

    assert check_gradient(stale(), start).fault == "differs"
    assert gate(stale(), start).fault == "differs"


def test_a_penalty_that_is_zero_at_a_start_of_zeros_is_missed_there_by_nobody():
    X, y = rows(0)[1:]

    def forgotten(w):
        r = X @ w - y
        return r @ r / 80 + w @ w, X.T @ r / 40

    assert not gate(forgotten, np.zeros(6)).passed
    assert not check_gradient(forgotten, np.zeros(6)).passed


def test_the_measures_are_those_of_the_field():
    found = check_gradient(lambda w: (w @ w, -2 * w), np.array([3.0, 4.0]), starts=1, entries=2)
    assert found.tensors[0].entry_error == pytest.approx(16 / 8, rel=1e-5)  # |8 − (−8)| / max(1, 8, 8)
    tiny = check_gradient(lambda w: (1e-3 * w @ w, np.zeros(2)), np.array([3.0, 4.0]), starts=1)
    assert tiny.tensors[0].entry_error == pytest.approx(8e-3, rel=1e-4)  # over 1, not over 8e-3
    assert not tiny.passed


# The contract


def broken(change):
    """(loss, grad) of a small quadratic after `change`."""
    return lambda w: change(float(w["a"] @ w["a"]), {"a": 2 * w["a"], "b": 0 * w["b"]})


START = {"a": np.array([1.0, 2.0]), "b": np.zeros((2, 3))}
BROKEN = {
    "nothing": (lambda loss, g: None, "structure", "returned a NoneType; expected \\(loss, gradient\\)"),
    "only a loss": (lambda loss, g: loss, "structure", "returned a float"),
    "losses by row": (lambda loss, g: (np.ones(5), g), "shape", r"shape \(5,\).*the mean over rows"),
    "loss in words": (lambda loss, g: ("low", g), "shape", "the loss is str"),
    "loss nan": (lambda loss, g: (np.nan, g), "not finite", "the loss is nan"),
    "flat gradient": (lambda loss, g: (loss, g["a"]), "structure", "a ndarray where the parameters are a dict"),
    "missing tensor": (lambda loss, g: (loss, {"a": g["a"]}), "structure", "it lacks b"),
    "unknown tensor": (lambda loss, g: (loss, g | {"c": 0.0}), "structure", "it has c, which"),
    "transposed": (lambda loss, g: (loss, g | {"b": g["b"].T}), "shape", r"of b has shape \(3, 2\); .*\(2, 3\)"),
    "column": (lambda loss, g: (loss, g | {"a": g["a"][:, None]}), "shape", r"\(2, 1\); expected \(2,\)"),
    "whole numbers": (lambda loss, g: (loss, g | {"a": np.array([2, 4])}), "dtype", "dtype int64"),
    "gradient nan": (lambda loss, g: (loss, g | {"a": g["a"] * np.nan}), "not finite", "of a holds nan"),
}


@pytest.mark.parametrize(("change", "fault", "sentence"), BROKEN.values(), ids=BROKEN.keys())
def test_what_is_no_loss_with_its_gradient_is_refused_in_plain_words(change, fault, sentence):
    for found in (check_gradient(broken(change), START), gate(broken(change), START)):
        assert (found.passed, found.fault, found.tensors) == (False, fault, ())
        with pytest.raises(AssertionError, match=sentence):
            raise AssertionError(found.sentence)


def test_two_answers_to_one_question_are_refused():
    rng, X, y = rows(0)

    def dropout(w):
        r = X * (rng.random(X.shape) > 0.2) @ w - y
        return r @ r, 2 * X.T @ r

    assert check_gradient(dropout, np.ones(6)).fault == "nondeterministic"

    total = np.zeros(6)

    def adds_up(w):
        total.__iadd__(2 * w)
        return w @ w, total

    found = check_gradient(adds_up, np.ones(6))
    assert found.fault == "nondeterministic"
    assert "equal losses" in found.sentence


def test_a_function_that_changes_its_parameters_is_refused():
    def steps(w):
        grad = 2 * w["a"]
        w["a"] -= 0.1 * grad
        return float(w["a"] @ w["a"]), {"a": grad, "b": 0 * w["b"]}

    found = check_gradient(steps, START)
    assert (found.fault, found.evaluations) == ("mutates", 1)
    assert "changed a in place" in found.sentence


def test_the_users_own_arrays_are_never_handed_out_or_changed():
    start = {"a": np.array([1.0, 2.0])}

    def value_and_grad(w):
        assert w["a"] is not start["a"]
        return float(w["a"] @ w["a"]), {"a": 2 * w["a"]}

    assert check_gradient(value_and_grad, start).passed
    assert start["a"].tolist() == [1, 2]


def test_one_gradient_buffer_used_again_is_no_error():
    buffer = np.empty(3)
    assert check_gradient(lambda w: (w @ w, np.multiply(2, w, out=buffer)), np.arange(3.0)).passed


def test_errors_of_the_users_function_at_its_own_start_come_through():
    def fails(w):
        raise ValueError("no rows")

    with pytest.raises(ValueError, match="no rows"):
        check_gradient(fails, np.ones(2))


@pytest.mark.parametrize(
    "start",
    [
        [1.0, 2.0],
        np.array([1, 2]),
        np.ones((2, 3)),
        2.0,
        {"layers": [{"W": np.ones((2, 2)), "b": np.zeros(2)}, {"W": np.ones((2, 1)), "b": 0.5}], "scale": [1.0]},
        (np.ones(2), {"x": np.ones(3)}),
        {"empty": np.zeros((0, 4)), "w": np.ones(2)},
    ],
)
def test_parameters_may_be_nested_as_deep_as_one_likes(start):
    def square(tree):
        if isinstance(tree, dict):
            parts = {k: square(v) for k, v in tree.items()}
            return sum(loss for loss, _ in parts.values()), {k: g for k, (_, g) in parts.items()}
        if isinstance(tree, list | tuple):
            parts = [square(v) for v in tree]
            return sum(loss for loss, _ in parts), [g for _, g in parts]
        return float(np.sum(tree**2)), 2 * tree

    assert check_gradient(square, start).passed


def test_tensors_are_named_by_their_place():
    start = {"layers": [{"W": np.ones((2, 2)), "b": np.zeros(2)}], "scale": np.ones(())}
    found = check_gradient(
        lambda p: (
            float(np.sum(p["layers"][0]["W"] ** 2) + p["scale"] ** 2),
            {"layers": [{"W": 2 * p["layers"][0]["W"], "b": np.zeros(2)}], "scale": 3 * p["scale"]},
        ),
        start,
    )
    assert [row.name for row in found.tensors] == ["layers.0.W", "layers.0.b", "scale"]
    assert (found.first.tensor, found.first.index) == ("scale", ())
    assert str(found.first).startswith("scale: analytic 3, numeric 2")


def test_a_flat_array_may_be_divided_into_named_tensors():
    def wrong_bias(w):
        return w @ w, np.concatenate([2 * w[:4], w[4:]])

    names = {"W": slice(0, 4), "b": slice(4, 6)}
    found = check_gradient(wrong_bias, np.arange(1.0, 7.0), names=names)
    assert [(row.name, row.verdict) for row in found.tensors] == [("W", "agree"), ("b", "differ")]
    assert (found.first.tensor, found.first.index) == ("b", (0,))
    assert check_gradient(wrong_bias, np.ones(6), names=["theta"]).tensors[0].name == "theta"


@pytest.mark.parametrize(
    ("start", "settings", "error"),
    [
        (np.array(["a"]), {}, DataError),
        (np.array([1 + 2j]), {}, DataError),
        (np.array([True]), {}, DataError),
        (np.array([np.nan]), {}, DataError),
        ({}, {}, ShapeError),
        (np.zeros(0), {}, ShapeError),
        (np.ones(3), {"names": {"a": slice(0, 2)}}, ShapeError),
        (np.ones(3), {"names": {"a": slice(0, 2), "b": slice(1, 3)}}, ShapeError),
        ([np.ones(3), np.ones(2)], {"names": ["a"]}, ShapeError),
        (np.ones(3), {"starts": 0}, SpecError),
        (np.ones(3), {"entries": 0}, SpecError),
        (np.ones(3), {"eps": 0.0}, SpecError),
    ],
)
def test_what_cannot_be_a_start_or_a_setting_is_refused(start, settings, error):
    with pytest.raises(error, match=r"expected|start from|names"):
        check_gradient(lambda w: (w @ w, 2 * w), start, **settings)


def test_the_same_seed_asks_the_same_questions():
    asked = []

    def value_and_grad(w):
        asked.append(w)
        return w @ w, 2 * w

    results = [check_gradient(value_and_grad, np.ones(4), seed=seed) for seed in (3, 3, 4)]
    assert results[0] == results[1]
    third = len(asked) // 3
    assert np.array_equal(asked[:third], asked[third : 2 * third])
    assert not np.array_equal(asked[:third], asked[2 * third :])


def test_a_slope_lost_in_rounding_is_called_unknown_and_not_right():
    found = check_gradient(lambda w: (1e9 + 1e-9 * (w @ w), -2e-9 * w), np.ones(3))
    assert found.passed
    assert found.tensors[0].verdict == "too small to tell"
    assert "too small to tell" in found.sentence


def test_a_function_defined_at_its_start_alone_is_answered_and_not_judged():
    def only_here(w):
        if not np.array_equal(w, [1.0, 2.0]):
            raise ValueError("outside the domain")
        return w @ w, -w

    for found in (check_gradient(only_here, [1.0, 2.0]), gate(only_here, [1.0, 2.0])):
        assert (found.passed, found.points) == (True, 1)
        assert found.sentence.startswith("nothing speaks against the gradient")
        assert found.tensors[0].verdict == "too rough to tell"


def test_the_examples_in_the_docstrings_run():
    assert doctest.testmod(gradcheck).failed == 0
