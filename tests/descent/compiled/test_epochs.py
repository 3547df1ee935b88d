"""Compiled epochs take the steps that NumPy takes, to rounding, and the same bits whenever and however often."""

import numpy as np
import pytest

from thalweg.descent import engine
from thalweg.descent.batches import Batches
from thalweg.descent.compiled.batch_source import activation_source, loss_source
from thalweg.descent.spec import Spec
from thalweg.descent.train import begin, resolved, train, train_all
from thalweg.errors import SpecError
from thalweg.formulas.activations import ACTIVATIONS
from thalweg.formulas.losses import LOSSES
from thalweg.formulas.rules import RULES
from thalweg.problems.sections import OnSurface, Table

pytest.importorskip("numba")
pytest.importorskip("scipy")

LOGISTIC = Spec(problem=Table(source="breast_cancer", l2=0.01), engine="compiled").but(
    rule="adam", lr=0.01, batch_size=32, steps=60, every=20
)


def timeless(run):
    return np.delete(run.steps.rows, run.steps.columns.index("seconds"), axis=1)


def require_near(compiled, plain, tolerance=1e-10):
    assert (compiled.spec.engine, plain.spec.engine) == ("compiled", "numpy")
    assert compiled.stopped == plain.stopped
    np.testing.assert_allclose(compiled.w, plain.w, rtol=0, atol=tolerance)
    np.testing.assert_allclose(timeless(compiled), timeless(plain), rtol=1e3 * tolerance, atol=tolerance)
    assert [e["t"] for e in compiled.evaluations] == [e["t"] for e in plain.evaluations]


def require_same(one, other):
    assert one.w.tobytes() == other.w.tobytes()
    assert one.state.slots.tobytes() == other.state.slots.tobytes()
    assert timeless(one).tobytes() == timeless(other).tobytes()
    assert (one.stopped, one.best_t, one.best_value) == (other.stopped, other.best_t, other.best_value)


def against_numpy(spec, tolerance=1e-10):
    require_near(train(spec), train(spec.but(engine="numpy")), tolerance)


def test_a_compiled_run_takes_the_steps_of_numpy_and_has_the_same_bits_twice():
    against_numpy(LOGISTIC)
    require_same(train(LOGISTIC), train(LOGISTIC))


def test_a_compiled_run_goes_on_from_any_step_as_if_it_had_never_stopped():
    whole = train(LOGISTIC)
    for t in (1, 19, 20, 33, 59):
        paused = train(LOGISTIC, until=t)
        assert paused.state.t == t
        require_same(train(LOGISTIC, resume=paused), whole)


def test_the_length_of_a_block_changes_nothing():
    found = []
    for longest in (1, 7, 4096):
        population = begin(LOGISTIC)
        for step in population.advance(longest):
            assert step.t == population.state.t == population.trail.lengths[0]
        found.append(population.runs()[0])
    require_same(found[0], found[1])
    require_same(found[0], found[2])


@pytest.mark.parametrize(
    "changes", [{"grad_tol": 0.35}, {"step_tol": 2e-3}, {"patience": 1, "lr": 5.0}, {"jump": 1.01}]
)
def test_a_stop_rule_ends_a_compiled_run_at_the_step_where_it_ends_numpys(changes):
    spec = LOGISTIC.but(**changes)
    compiled, plain = train(spec), train(spec.but(engine="numpy"))
    assert compiled.stopped == plain.stopped
    require_near(compiled, plain, 1e-8)


def test_a_run_that_diverges_ends_at_its_last_finite_parameters():
    spec = LOGISTIC.but(rule="gd", lr=1e6, jump=0, rises=0, param_bound=0, l2=10.0)
    compiled, plain = train(spec), train(spec.but(engine="numpy"))
    assert compiled.stopped == plain.stopped
    assert compiled.stopped.rule == "nonfinite"
    assert np.isfinite(compiled.w).all()


def test_members_of_a_compiled_population_have_the_bits_of_their_single_runs_and_leave_alone():
    specs = [LOGISTIC.but(lr=lr, seed=seed, param_bound=20.0) for lr in (0.01, 3.0) for seed in (0, 1)]
    together = train_all(specs)
    assert {run.stopped.kind for run in together} == {"steps", "diverged"}
    for run, spec in zip(together, specs, strict=True):
        require_same(run, train(spec))


OTHERS = {
    "clipping": {"clip_norm": 0.2, "clip_value": 0.05},
    "groups": {"groups": {"b*": {"lr_scale": 3.0}}, "rule": "adamw", "l2": 0.0},
    "one cycle": {"schedule": "one_cycle", "warmup": 5},
    "plateau": {"schedule": "plateau", "schedule_options": {"wait": 1}},
    "replacement": {"sampling": "replacement"},
    "dropped": {"last_batch": "drop", "sampling": "frozen"},
    "batches of one": {"batch_size": 1},
    "full batch": {"batch_size": 0},
    "a column of ones": {"bias": "ones"},
    "weights": {"class_weight": "balanced"},
}


@pytest.mark.slow
@pytest.mark.parametrize("changes", OTHERS.values(), ids=OTHERS)
def test_every_setting_means_the_same(changes):
    against_numpy(LOGISTIC.but(**changes))


@pytest.mark.slow
@pytest.mark.parametrize("rule", RULES)
def test_every_rule_is_compiled_into_epochs(rule):
    against_numpy(LOGISTIC.but(rule=rule, allow_l2_with_decay=True))


MODELS = {
    "regression": {"source": "diabetes"},
    "half": {"source": "diabetes", "loss": "half_mse"},
    "softmax": {"source": "iris"},
    "relu": {"source": "iris", "model": "mlp", "hidden": (7, 5)},
    "leaky_relu": {"source": "iris", "model": "mlp", "hidden": (8,), "activation": "leaky_relu"},
    "sigmoid": {"source": "diabetes", "model": "mlp", "hidden": (6,), "activation": "sigmoid"},
    "probabilities": {"source": "breast_cancer", "model": "mlp", "hidden": (4,), "activation": "tanh",
                      "output": "sigmoid", "loss": "binary_cross_entropy"},
    "large": {"source": "digits", "model": "mlp", "hidden": (33, 20), "activation": "tanh"},
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("section", MODELS.values(), ids=MODELS)
def test_every_model_loss_and_activation_is_compiled_from_its_formula(section, dtype):
    spec = Spec(problem=Table(**section), dtype=dtype, engine="compiled")
    spec = spec.but(rule="momentum", lr=0.05, batch_size=16, steps=40, every=20)
    against_numpy(spec, 1e-9 if dtype == "float64" else 2e-4)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("name", LOSSES)
def test_the_source_of_a_loss_is_python_that_gives_its_value_and_gradient(name, weighted):
    """Run as plain Python, the loops are the formula."""
    rng = np.random.default_rng(0)
    rows, outputs = 5, 1 if LOSSES[name].task == "binary" else 3
    z = rng.normal(size=(rows, outputs))
    if LOSSES[name].takes == "probabilities":
        z = np.exp(z) / (1 + np.exp(z).sum(1, keepdims=True))
    y = np.eye(3)[rng.integers(0, 3, rows)][:, :outputs]
    weight = rng.uniform(0.5, 1.5, rows) if weighted else None
    text, entries, by_row = loss_source(LOSSES[name].formula, "float64", weighted)
    space = {"F": float, "np": np, "larger": np.maximum, "smaller": np.minimum}
    space |= {f: getattr(np, f) for f in ("exp", "tanh", "log", "log1p", "sqrt")}
    exec(text, space)  # noqa: S102 - what is tested
    dz = np.empty(z.size)
    buffers = [np.empty(z.size) for _ in entries] + [np.empty(rows) for _ in by_row]
    found = space["loss"](z.ravel(), y.ravel(), weight, dz, rows, outputs, *buffers)
    value, slope = LOSSES[name](z, y, weight)
    np.testing.assert_allclose(found, value, rtol=1e-12)
    np.testing.assert_allclose(dz, slope.ravel(), rtol=1e-12)


@pytest.mark.parametrize("name", [name for name in ACTIVATIONS if name != "softmax"])
def test_the_source_of_an_activation_is_python_that_gives_its_value_and_slope(name):
    space = {"F": float, "np": np, "larger": max, "smaller": min, "tanh": np.tanh, "njit": lambda **_: lambda f: f}
    exec(activation_source(ACTIVATIONS[name], name, "float64"), space | {"INNER": {}}, space)  # noqa: S102
    for a in (-2.0, -0.3, 0.0, 0.7):
        value, pullback = ACTIVATIONS[name](np.array([a]))
        h = space[f"{name}_forward"](a)
        assert h == pytest.approx(value[0], rel=1e-12)
        assert space[f"{name}_backward"](1.7, a, h) == pytest.approx(pullback(np.array([1.7]))[0], rel=1e-12)


@pytest.mark.parametrize("sampling", ["reshuffled", "frozen", "replacement", "sequential"])
@pytest.mark.parametrize("last", ["keep", "drop"])
@pytest.mark.parametrize("size", [0, 1, 3, 10])
def test_batches_taken_at_once_are_those_taken_one_by_one(sampling, last, size):
    batches = Batches(10, size, sampling, last, seed=3)
    for t, count in ((0, 1), (2, 9), (5, 17)):
        rows, bounds = batches.several(t, count)
        for s in range(count):
            expected = np.arange(10)[batches(t + s)]
            assert rows[bounds[s] : bounds[s + 1]].tolist() == expected.tolist()


def test_auto_takes_compiled_epochs_for_long_runs_on_small_batches():
    long = Spec(problem=Table(source="breast_cancer")).but(batch_size=32, steps=engine.FEWEST_STEPS)
    assert resolved(long).engine == "compiled"
    assert resolved(resolved(long)).engine == "compiled"
    for changes in ({"batch_size": 65}, {"batch_size": 0}, {"steps": engine.FEWEST_STEPS - 1}, {"engine": "numpy"}):
        assert resolved(long.but(**changes)).engine == "numpy"
    normed = Table(source="iris", model="mlp", hidden=(4,), batch_norm=True)
    assert resolved(long.but(problem=normed)).engine == "numpy"


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"problem": OnSurface(surface="parabola")}, "is for models fitted to a table"),
        ({"problem": Table(source="iris", model="mlp", hidden=(4,), batch_norm=True)}, "has no batch norm"),
        ({"rule": "newton"}, "takes one elementwise rule, not newton"),
        ({"phases": [{"begin": 3, "rule": "gd"}]}, "not phases"),
        ({"problem": Table(source="iris", model="mlp", hidden=(4,), output="softmax",
                           loss="categorical_cross_entropy")}, "outputs depend on one another"),
    ],
)  # fmt: skip
def test_what_cannot_be_compiled_is_refused_where_it_was_asked_for(changes, why):
    with pytest.raises(SpecError, match=why):
        resolved(LOGISTIC.but(**changes))


def test_without_numba_compiled_epochs_are_refused_and_auto_takes_numpy(monkeypatch):
    monkeypatch.setattr(engine, "numba_is_here", lambda: False)
    with pytest.raises(SpecError, match=r"needs Numba and SciPy \(pip install 'thalweg\[fast\]'\)"):
        resolved(LOGISTIC)
    assert resolved(LOGISTIC.but(engine="auto", steps=10**6)).engine == "numpy"
