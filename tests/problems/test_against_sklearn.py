"""At the optimum a fit of ours has the loss of scikit-learn's fit, to 1e-6: conventions and penalty matched.

Ours is a mean over rows + ½ λ ‖W‖²; scikit-learn's logistic regression is C · a sum + ½ ‖W‖², so C = 1/(n λ),
and its ridge a sum of squares + α ‖W‖², so α = n λ with half_mse and n λ / 2 with mse.
"""

import numpy as np
import pytest
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge

from thalweg.descent.method_section import Method
from thalweg.descent.spec import Spec
from thalweg.descent.train import train
from thalweg.formulas.losses import LOSSES
from thalweg.problems.examples import Examples
from thalweg.problems.fit import Fit
from thalweg.problems.linear import Linear
from thalweg.problems.sections import Custom, Table

NEWTON = Spec(method=Method(rule="newton")).but(steps=30, grad_tol=1e-10)


def training_rows(source, standardise):
    problem = train(NEWTON.but(source=source, standardise=standardise, steps=1)).problem
    return problem.objective.splits["train"]


def weights_for(rows, weighted):
    if not weighted:
        return None
    weight = np.random.default_rng(5).uniform(0.2, 3.0, len(rows.y))
    return weight / weight.mean()


def ours(rows, weight, loss, l2, steps=30):
    """The optimum by Newton's method, and the objective to measure any other point with."""
    objective = Fit(Linear(rows.X.shape[1], rows.y.shape[1]), LOSSES[loss], {"train": Examples(*rows[:2], weight)}, l2)
    start = (0.0,) * objective.size
    run = train(NEWTON.but(problem=Custom(start=start), steps=steps), objective=objective)
    return run, objective


def theirs(fitted, objective):
    """scikit-learn's coefficients in our layout."""
    coefficients, intercept = np.atleast_2d(fitted.coef_), np.atleast_1d(fitted.intercept_)
    return objective.layout.pack({"W": coefficients.T, "b": intercept})


def assert_same_optimum(run, objective, fitted):
    mine, other = (float(objective.value_and_grad(w)[0]) for w in (run.w, theirs(fitted, objective)))
    assert abs(mine - other) <= 1e-6 * max(1.0, abs(other))
    assert mine <= other + 1e-9 * max(1.0, abs(other))  # and ours is no worse


@pytest.mark.parametrize("weighted", [False, True], ids=["plain", "weighted"])
@pytest.mark.parametrize("standardise", [False, True], ids=["raw", "standardised"])
@pytest.mark.parametrize(("loss", "share"), [("mse", 0.5), ("half_mse", 1.0)])
@pytest.mark.parametrize("l2", [0.0, 0.1])
def test_linear_regression_and_ridge(loss, share, l2, standardise, weighted):
    rows = training_rows("diabetes", standardise)
    weight = weights_for(rows, weighted)
    run, objective = ours(rows, weight, loss, l2)
    kind = Ridge(alpha=share * len(rows.y) * l2, solver="cholesky", tol=1e-12) if l2 else LinearRegression()
    assert_same_optimum(run, objective, kind.fit(rows.X, rows.y, sample_weight=weight))


@pytest.mark.few(4)
@pytest.mark.parametrize("weighted", [False, True], ids=["plain", "weighted"])
@pytest.mark.parametrize(
    ("source", "standardise", "l2"),
    [
        ("breast_cancer", True, 0.01),
        ("breast_cancer", True, 1.0),
        ("breast_cancer", False, 0.01),
        ("wine", True, 0.01),
        ("wine", False, 0.1),
        ("iris", True, 0.001),
        ("iris", False, 0.01),
        ("penguins", True, 0.01),
    ],
)
def test_logistic_and_softmax_regression(source, standardise, l2, weighted):
    rows = training_rows(source, standardise)
    weight = weights_for(rows, weighted)
    loss = "logistic_cross_entropy" if rows.y.shape[1] == 1 else "softmax_cross_entropy"
    run, objective = ours(rows, weight, loss, l2)
    labels = rows.y[:, 0] if rows.y.shape[1] == 1 else rows.y.argmax(1)
    kind = LogisticRegression(C=1 / (len(labels) * l2), solver="newton-cholesky", tol=1e-10, max_iter=1000)
    if standardise:
        assert run.stopped.rule == "grad_tol"
    assert_same_optimum(run, objective, kind.fit(rows.X, labels, sample_weight=weight))


@pytest.mark.slow
def test_softmax_regression_on_digits():
    rows = Examples(*(part[:400] for part in training_rows("digits", True)[:2]))
    run, objective = ours(rows, None, "softmax_cross_entropy", 0.1, steps=10)
    kind = LogisticRegression(C=1 / (len(rows.y) * 0.1), tol=1e-9, max_iter=5000)
    assert_same_optimum(run, objective, kind.fit(rows.X, rows.y.argmax(1)))


@pytest.mark.parametrize("class_weight", ["none", "balanced"])
def test_class_weights_are_scikit_learns(class_weight):
    """Balanced weights have mean 1 already, so the penalty needs no other scale."""
    section = Table(source="breast_cancer", class_weight=class_weight, l2=0.01)
    run = train(NEWTON.but(problem=section))
    rows = run.problem.objective.splits["train"]
    kind = LogisticRegression(
        C=1 / (len(rows.y) * 0.01),
        class_weight=None if class_weight == "none" else "balanced",
        solver="newton-cholesky",
        tol=1e-10,
    )
    assert_same_optimum(run, run.problem.objective, kind.fit(rows.X, rows.y[:, 0]))


def test_without_penalty_the_normal_equations_are_solved_though_columns_repeat():
    """H is singular; the pseudo-inverse finds one of the optima, with the loss of them all."""
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(50, 3)), rng.normal(size=(50, 1))
    rows = Examples(np.concatenate([X, X[:, :2]], axis=1), y)
    run, objective = ours(rows, None, "half_mse", 0.0)
    assert_same_optimum(run, objective, LinearRegression().fit(rows.X, y))


def test_predictions_in_the_targets_own_units_are_scikit_learns():
    """Scaling features and target and undoing it is the same regression."""
    run = train(NEWTON.but(source="diabetes"))
    table, split = run.problem.table, run.problem.split
    fitted = LinearRegression().fit(table.X[split.train], table.y[split.train])
    assert np.allclose(run.problem.predict(run.w, table.X[split.test]), fitted.predict(table.X[split.test]), rtol=1e-6)


def test_probabilities_are_scikit_learns():
    run = train(NEWTON.but(source="wine", l2=0.01))
    rows = run.problem.objective.splits["train"]
    kind = LogisticRegression(C=1 / (len(rows.y) * 0.01), solver="newton-cholesky", tol=1e-10)
    fitted = kind.fit(rows.X, rows.y.argmax(1))
    table, test = run.problem.table, run.problem.split.test
    mine = run.problem.predict(run.w, table.X[test])
    assert np.allclose(mine, fitted.predict_proba(run.problem.objective.splits["test"].X), atol=1e-5)
