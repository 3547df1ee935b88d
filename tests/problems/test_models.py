"""Models and their objectives: gradients by differences in every combination, biases free, dtypes kept."""

from itertools import product

import numpy as np
import pytest
from sklearn.utils.class_weight import compute_sample_weight

from thalweg.descent.method_section import Method
from thalweg.descent.spec import Spec
from thalweg.descent.train import train
from thalweg.formulas.activations import ACTIVATIONS
from thalweg.formulas.losses import LOSSES
from thalweg.formulas.rules import RULES
from thalweg.problems.build import build, resolve
from thalweg.problems.examples import Examples
from thalweg.problems.fit import Fit
from thalweg.problems.layout import Layout
from thalweg.problems.linear import Linear
from thalweg.problems.mlp import MLP
from thalweg.problems.sections import Table

N, D, K = 9, 3, 2
LINK = {"binary": "sigmoid", "multiclass": "softmax"}


def data(task="regression", weighted=False, dtype="float64", seed=0, ones=False):
    """Rows of a task: X (N, D), y (N, K), weights (N,) of mean 1 or None."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(N, D))
    X = np.concatenate([X, np.ones((N, 1))], axis=1) if ones else X
    y = rng.normal(size=(N, K))
    if task == "binary":
        y = (y > 0).astype(float)
    elif task == "multiclass":
        y = np.eye(K)[(y[:, 0] > 0).astype(int)]
    weight = rng.uniform(0.2, 2, N)
    return Examples(X.astype(dtype), y.astype(dtype), (weight / weight.mean()).astype(dtype) if weighted else None)


def fit(model, loss="half_mse", weighted=False, l2=0.0, dtype="float64", ones=False):
    known = LOSSES[loss]
    return Fit(model, known, {"train": data(known.task, weighted, dtype, ones=ones)}, l2=l2)


def population(size, runs=3, seed=1):
    return np.random.default_rng(seed).normal(scale=0.7, size=(runs, size))


def differences(objective, w, rows):
    """The gradient at w (P,) by central differences, all 2P points as one population."""
    h = 1e-6
    shifts = h * np.eye(w.size)
    return (objective.value_and_grad(w + shifts, rows)[0] - objective.value_and_grad(w - shifts, rows)[0]) / (2 * h)


def assert_gradients(objective, seed=1):
    """On all rows, on a batch, and on a batch of its own for each member."""
    rng, w = np.random.default_rng(seed), population(objective.size, seed=seed)
    for rows in (slice(None), rng.permutation(N)[:5], rng.integers(0, N, (3, 5))):
        losses, grads = objective.value_and_grad(w, rows)
        for r in range(3):
            own = rows[r] if isinstance(rows, np.ndarray) and rows.ndim > 1 else rows
            loss, grad = objective.value_and_grad(w[r], own)
            assert losses[r] == pytest.approx(loss, rel=1e-12)
            assert np.allclose(grads[r], grad, rtol=1e-10, atol=1e-13)
            numeric = differences(objective, w[r], own)
            assert np.abs(grads[r] - numeric).max() <= 2e-7 * max(1e-2, np.abs(numeric).max())


@pytest.mark.few(9)
@pytest.mark.parametrize("batch_norm", [False, True], ids=["plain", "batch-norm"])
@pytest.mark.parametrize("output", ACTIVATIONS)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_every_pair_of_activations_has_a_right_gradient(activation, output, batch_norm):
    for weighted, l2 in ((False, 0.0), (True, 0.3)):
        model = MLP((D, 4, 3, K), activation=activation, output=output, batch_norm=batch_norm)
        assert_gradients(fit(model, "mse", weighted, l2))


@pytest.mark.parametrize("ones", [False, True], ids=["separate-bias", "column-of-ones"])
@pytest.mark.parametrize("loss", [name for name, known in LOSSES.items() if known.takes != "probabilities"])
def test_every_loss_has_a_right_gradient_through_a_linear_model(loss, ones):
    for weighted, l2 in product((False, True), (0.0, 0.3)):
        assert_gradients(fit(Linear(D + ones, K, ones=ones), loss, weighted, l2, ones=ones))


@pytest.mark.parametrize("loss", LOSSES)
def test_every_loss_has_a_right_gradient_through_a_network(loss):
    known = LOSSES[loss]
    output = LINK[known.task] if known.takes == "probabilities" else "linear"
    for weighted in (False, True):
        assert_gradients(fit(MLP((D, 4, K), activation="tanh", output=output), loss, weighted, 0.1))


@pytest.mark.parametrize("output", ["sigmoid", "softmax", "tanh"])
@pytest.mark.parametrize("loss", ["logistic_cross_entropy", "softmax_cross_entropy"])
def test_an_unsuitable_pair_of_output_and_loss_can_be_run_and_has_a_right_gradient(loss, output):
    assert_gradients(fit(MLP((D, 4, K), activation="tanh", output=output), loss))


def test_each_member_of_a_population_may_have_its_own_l2():
    l2 = np.array([0.0, 0.1, 5.0])
    model = Linear(D, K)
    together, w = fit(model, l2=l2), population(model.layout.size)
    losses, grads = together.value_and_grad(w)
    for r in range(3):
        loss, grad = fit(model, l2=float(l2[r])).value_and_grad(w[r])
        assert losses[r] == pytest.approx(loss, rel=1e-13)
        assert np.allclose(grads[r], grad, rtol=1e-13)
        own = together.members(np.array([r]))
        assert own.value_and_grad(w[r : r + 1])[0][0] == pytest.approx(loss, rel=1e-13)
        assert np.allclose(own.hessian(w[r]), fit(model, l2=float(l2[r])).hessian(w[r]), rtol=1e-13)


MODELS = {
    "linear": (Linear(D, K), ["b"]),
    "ones": (Linear(D + 1, K, ones=True), ["b"]),
    "mlp": (MLP((D, 4, K)), ["b1", "b2"]),
    "batch-norm": (MLP((D, 4, K), batch_norm=True), ["gamma1", "beta1", "b2"]),
}


@pytest.mark.parametrize("name", MODELS)
def test_l2_adds_half_lambda_times_the_squared_weights_and_nothing_for_biases(name):
    (model, biases), lam = MODELS[name], 0.7
    w = population(model.layout.size)
    plain, penalised = (fit(model, l2=l2, ones=name == "ones").value_and_grad(w) for l2 in (0.0, lam))
    extra = model.layout.views(penalised[1] - plain[1])
    named = model.layout.views(w)
    squared = sum((named[key] ** 2).sum((-2, -1)) for key in named if key not in biases)
    assert np.allclose(penalised[0] - plain[0], 0.5 * lam * squared, rtol=1e-12)
    for key in named:
        assert np.allclose(extra[key], 0 if key in biases else lam * named[key], rtol=1e-9, atol=1e-14)


@pytest.mark.parametrize("loss", ["mse", "logistic_cross_entropy", "softmax_cross_entropy"])
def test_a_column_of_ones_is_a_separate_bias(loss):
    apart, together = fit(Linear(D, K), loss, True, 0.2), fit(Linear(D + 1, K, ones=True), loss, True, 0.2, ones=True)
    w = population(apart.size)
    for a, b in zip(apart.value_and_grad(w), together.value_and_grad(w), strict=True):
        assert np.allclose(a, b, rtol=0, atol=1e-12)
    assert np.allclose(apart.hessian(w[0]), together.hessian(w[0]), rtol=0, atol=1e-12)


@pytest.mark.parametrize(("rule", "lr", "l2"), [("gd", 0.3, 0.05), ("adamw", 0.01, 0.0), ("momentum", 0.1, 0.0)])
def test_training_with_a_column_of_ones_walks_as_with_a_separate_bias(rule, lr, l2):
    """Standardisation, penalty and decay leave the bias alone either way."""
    spec = Spec(problem=Table(source="breast_cancer"), method=Method(rule=rule, lr=lr)).but(l2=l2, steps=40)
    apart, together = train(spec), train(spec.but(bias="ones"))
    assert np.abs(apart.w - together.w).max() <= 1e-12
    assert np.abs(apart.w[-1]) > 1e-3
    X = apart.problem.table.X[:20]
    assert np.allclose(apart.problem.predict(apart.w, X), together.problem.predict(together.w, X), rtol=0, atol=1e-12)


@pytest.mark.parametrize("lead", [(), (4,), (2, 3)])
def test_views_are_no_copies(lead):
    layout = Layout({"W": (3, 2), "V": (2, 2)}, {"b": (2,)})
    flat = np.arange(np.prod((*lead, layout.size)), dtype=float).reshape(*lead, layout.size)
    views = layout.views(flat)
    for name, shape in layout.shapes.items():
        assert views[name].shape == (*lead, *shape)
        assert np.shares_memory(views[name], flat)
        views[name][...] = 7.0
    assert (flat == 7.0).all()


def test_pack_is_the_opposite_of_views():
    layout = Layout({"W": (3, 2)}, {"b": (2,)})
    flat = np.random.default_rng(0).normal(size=layout.size)
    assert np.array_equal(layout.pack(layout.views(flat)), flat)
    assert layout.undecayed == 6
    assert layout.starts.tolist() == [0, 6]


@pytest.mark.parametrize("name", MODELS)
def test_biases_start_at_zero_and_batch_norm_scales_at_one(name):
    model, biases = MODELS[name]
    named = model.layout.views(model.init(np.random.default_rng(0)))
    for key in biases:
        assert (named[key] == key.startswith("gamma")).all()


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("loss", ["mse", "half_mse", "logistic_cross_entropy", "softmax_cross_entropy"])
def test_the_hessian_is_the_slope_of_the_gradient_on_any_rows(loss, weighted):
    objective, h = fit(Linear(D, K), loss, weighted, 0.3), 1e-6
    w = population(objective.size)[0]
    for rows in (slice(None), np.array([1, 4, 4, 7])):
        shifts = h * np.eye(w.size)
        up, down = (objective.value_and_grad(w + s * shifts, rows)[1] for s in (1, -1))
        assert np.allclose(objective.hessian(w, rows), (up - down) / (2 * h), rtol=1e-6, atol=1e-8)


def test_a_network_has_no_hessian_and_says_so():
    objective = fit(MLP((D, 4, K)))
    assert not objective.convex
    with pytest.raises(TypeError, match="only linear models"):
        objective.hessian(population(objective.size)[0])


@pytest.mark.parametrize("batch_norm", [False, True], ids=["plain", "batch-norm"])
@pytest.mark.parametrize("loss", LOSSES)
def test_float32_stays_float32_in_value_gradient_and_measures(loss, batch_norm):
    known = LOSSES[loss]
    output = LINK[known.task] if known.takes == "probabilities" else "linear"
    for activation in ACTIVATIONS:
        model = MLP((D, 4, K), activation=activation, output=output, batch_norm=batch_norm)
        for l2 in (0.0, 0.1, np.array([0.1, 0.2, 0.3])):
            objective = fit(model, loss, True, l2, dtype="float32")
            w = population(objective.size).astype("float32")
            value, grad = objective.value_and_grad(w)
            assert value.dtype == grad.dtype == np.float32
            assert objective.evaluate(w)["loss"].dtype == np.float32
            assert objective.predict(w, objective.splits["train"].X).dtype == np.float32


@pytest.mark.parametrize("rule", [*RULES, "nesterov_lookahead", "newton"])
def test_float32_stays_float32_through_every_rule(rule):
    section = Table(source="iris", l2=0.0 if rule == "adamw" else 0.01)
    spec = Spec(problem=section, method=Method(rule=rule, schedule="cosine", warmup=2), dtype="float32").but(steps=6)
    for chosen in (spec, spec.but(batch_size=16)) if rule != "newton" else (spec,):
        run = train(chosen)
        assert run.state.w.dtype == run.state.slots.dtype == run.best.dtype == np.float32
        assert np.isfinite(run.w).all()
        double = train(chosen.but(dtype="float64"))
        assert np.abs(run.w - double.w).max() < 1e-3


def test_float32_stays_float32_with_clipping_groups_and_phases():
    method = Method(rule="adamw", clip_norm=0.1, clip_value=0.05, groups={"W*": {"lr_scale": 0.5, "decay": 0.1}})
    spec = Spec(problem=Table(source="iris", model="mlp", hidden=(4,)), method=method, dtype="float32").but(steps=6)
    phased = spec.but(phases=[{"begin": 3, "rule": "momentum"}])
    for run in (train(spec), train(phased)):
        assert run.state.w.dtype == run.state.slots.dtype == np.float32


def csv(path, X, y, **columns):
    """A table with the columns x0, x1, …, y and any others."""
    names = [*(f"x{i}" for i in range(X.shape[1])), "y", *columns]
    rows = zip(*X.T.tolist(), list(y), *columns.values(), strict=True)
    path.write_text("\n".join([",".join(names), *(",".join(map(str, row)) for row in rows)]) + "\n")
    return str(path)


def test_the_standardiser_knows_the_training_rows_only(tmp_path):
    """Other rows may change as they like: the statistics and what training sees keep every bit."""
    rng = np.random.default_rng(0)
    X, y = rng.normal(5, 3, size=(60, 2)), rng.normal(size=60)
    first = build(resolve(Table(source=csv(tmp_path / "a.csv", X, y), target="y")))
    others = np.setdiff1d(np.arange(60), first.split.train)
    X[others] *= 100
    y[others] += 1000
    second = build(resolve(Table(source=csv(tmp_path / "b.csv", X, y), target="y")))
    assert np.array_equal(first.split.train, second.split.train)
    assert np.allclose(first.scaler.mean, X[first.split.train].mean(0), rtol=1e-14)
    for one, two in ((first.scaler, second.scaler), (first.target_scaler, second.target_scaler)):
        assert np.array_equal(one.mean, two.mean)
        assert np.array_equal(one.scale, two.scale)
    assert np.array_equal(first.objective.splits["train"].X, second.objective.splits["train"].X)
    assert np.abs(second.objective.splits["test"].X).max() > 50


def imbalanced(tmp_path, classes, **columns):
    rng = np.random.default_rng(1)
    y = np.repeat(["a", "b", "c"][:classes], [60, 20, 10][:classes])
    return csv(tmp_path / "t.csv", rng.normal(size=(len(y), 2)), y, **columns), y


@pytest.mark.parametrize("classes", [2, 3])
def test_balanced_class_weights_are_scikit_learns_on_the_training_rows(tmp_path, classes):
    source, y = imbalanced(tmp_path, classes)
    problem = build(resolve(Table(source=source, target="y", class_weight="balanced")))
    weight, expected = (
        problem.objective.splits["train"].weight,
        compute_sample_weight("balanced", y[problem.split.train]),
    )
    assert np.allclose(weight, expected / expected.mean(), rtol=1e-12)
    sums = [weight[y[problem.split.train] == label].sum() for label in np.unique(y)]
    assert np.allclose(sums, sums[0], rtol=1e-12)


def test_row_weights_and_class_weights_multiply(tmp_path):
    importance = np.random.default_rng(2).uniform(0.5, 2, 80).round(3)
    source, y = imbalanced(tmp_path, 2, importance=importance)
    section = Table(source=source, target="y", weights="importance", class_weight="balanced")
    problem = build(resolve(section))
    train_rows = problem.split.train
    expected = importance[train_rows] * compute_sample_weight("balanced", y[train_rows])
    assert np.allclose(problem.objective.splits["train"].weight, expected / expected.mean(), rtol=1e-12)
    assert problem.objective.splits["train"].X.shape[1] == 2  # the weights are no feature


def test_evaluation_is_the_loss_without_penalty_and_the_share_of_hits():
    objective = fit(Linear(D, K), "softmax_cross_entropy", True, l2=3.0)
    w = population(objective.size)
    X, y, weight = objective.splits["train"]
    for r, found in enumerate(zip(*objective.evaluate(w).values(), strict=True)):
        W, b = w[r][: D * K].reshape(D, K), w[r][D * K :]
        z = X @ W + b
        assert found[0] == pytest.approx(float(LOSSES["softmax_cross_entropy"](z, y, weight)[0]), rel=1e-12)
        assert found[1] == (z.argmax(1) == y.argmax(1)).mean()


def test_r2_of_the_mean_is_0_and_of_the_target_1():
    objective = fit(Linear(D, K), "mse")
    X, y, _ = objective.splits["train"]
    mean = np.concatenate([np.zeros(D * K), y.mean(0)])
    assert objective.evaluate(mean)["r2"] == pytest.approx(1 - N * y.var(0).sum() / ((y - y.mean(0)) ** 2).sum())
    exact = Fit(Linear(D, K), LOSSES["mse"], {"train": Examples(X, X @ np.ones((D, K)))})
    assert exact.evaluate(np.concatenate([np.ones(D * K), np.zeros(K)]))["r2"] == pytest.approx(1.0)


def test_batch_norm_in_evaluation_uses_the_training_rows_whatever_rows_are_asked_about():
    objective = fit(MLP((D, 4, K), batch_norm=True))
    w = population(objective.size)
    X = objective.splits["train"].X
    for points in (w, w[0]):
        together = objective.predict(points, X)
        one_by_one = np.concatenate([objective.predict(points, row[None]) for row in X], axis=-2)
        assert np.allclose(together, one_by_one, rtol=1e-12)
        assert np.allclose(together, objective.model.forward(objective.layout.views(points), X)[0], rtol=1e-12)


def test_batch_norm_forgets_the_scale_of_what_it_normalises():
    objective = fit(MLP((D, 4, K), batch_norm=True))
    w = population(objective.size)[0]
    scaled = w.copy()
    objective.layout.views(scaled)["W1"][...] *= 1e3
    assert objective.value_and_grad(scaled)[0] == pytest.approx(objective.value_and_grad(w)[0], rel=1e-4)


@pytest.mark.parametrize("weighted", [False, True])
def test_large_splits_are_evaluated_on_a_fixed_sample(weighted):
    rows = data(weighted=weighted)
    sample = np.array([0, 3, 4])
    objective = Fit(Linear(D, K), LOSSES["mse"], {"train": rows, "test": rows}, samples={"train": rows.some(sample)})
    w = population(objective.size)[0]
    few = Examples(*(None if part is None else part[sample] for part in rows))
    assert objective.evaluate(w)["loss"] == Fit(Linear(D, K), LOSSES["mse"], {"train": few}).evaluate(w)["loss"]
    assert objective.evaluate(w, "test")["loss"] == objective.value_and_grad(w)[0]
