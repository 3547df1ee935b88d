"""Preflight: what must hold before training is worth its time. Each check is one function of a Problem.

From the outside in: the data, the loss at the start, the gradient, whether one small batch can be learned, and
whether shuffled labels cannot.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from thalweg.descent.run import Run
from thalweg.descent.spec import Spec
from thalweg.descent.train import train
from thalweg.evidence.check import Check
from thalweg.evidence.data_checks import check_data
from thalweg.evidence.gradcheck import check_gradient
from thalweg.formulas.arrays import Array
from thalweg.formulas.streams import Purpose, stream
from thalweg.problems.examples import Examples
from thalweg.problems.fit import Fit
from thalweg.problems.problem import Problem
from thalweg.problems.sections import Custom

SMALL = 8  # rows of the batch that must be learned by heart
BY_HEART_STEPS = 500
LEARNED = 0.05  # of the starting loss: below it the batch counts as learned
SHUFFLINGS, SHUFFLED_STEPS = 12, 200
FAR_FROM_CHANCE = 5.4  # standard errors; and since with few features gains lie near +c and −c, all must be over 0
SMALLEST_GAIN = 0.02  # a gain that no one would call learning
# Times the loss of a model that knows nothing. Networks with He's or Glorot's weights were measured to start at 0.36
# to 3.8 times for classes and 0.8 to 11 times for regression; a wrong pair of output and loss at 6 times and more.
FIRST_LOSS = {"regression": (0.25, 20.0), "binary": (0.25, 5.0), "multiclass": (0.25, 5.0)}


def preflight(spec: Spec, problem: Problem) -> Iterator[Check]:
    """The checks of a resolved Spec that fits a model to a table, one by one."""
    fit, table, split = problem.objective, problem.table, problem.split
    assert isinstance(fit, Fit)  # noqa: S101 - callers hand over tables
    assert table is not None  # noqa: S101
    assert split is not None  # noqa: S101
    yield from check_data(
        table.X, table.y, split, table.names, standardised=problem.scaler is not None, classes=table.classes
    )
    yield first_loss(spec, problem, fit)
    yield gradient(spec, problem, fit)
    yield by_heart(spec, problem, fit)
    yield shuffled_labels(spec, problem, fit)


def first_loss(spec: Spec, problem: Problem, fit: Fit) -> Check:
    """The loss at the start against that of a model that knows nothing: log C, or the variance of the target."""
    value = float(fit.evaluate(problem.start(spec.seed)[None], "train")["loss"][0])
    expected, words = _ignorant_loss(fit)
    ratio = value / expected if expected else np.inf
    low, high = FIRST_LOSS[fit.loss.task]
    sound = low <= ratio <= high
    said = f"The loss at the start is {value:.3f}; {words} gives {expected:.3f}"
    tail = "." if sound else ": check the initial weights, the pairing of output and loss, and the target's scale."
    return Check("first-loss", "Loss at the start", "ok" if sound else "warn", value, "", said + tail)


def _ignorant_loss(fit: Fit) -> tuple[float, str]:
    y = fit.splits["train"].y
    if fit.loss.task == "regression":
        half = 0.5 if fit.loss.name == "half_mse" else 1.0
        return half * float(np.mean(y * y)), "predicting 0 everywhere"
    classes = 2 if fit.loss.task == "binary" else y.shape[1]
    return float(np.log(classes)), f"equal odds for {classes} classes, log {classes},"


def gradient(spec: Spec, problem: Problem, fit: Fit) -> Check:
    """The model's gradient against central differences on a small batch, weights that are not at zero."""
    w = problem.start(spec.seed).astype(np.float64)
    w = w + 0.1 * stream(spec.seed, Purpose.PROBE, 1).normal(size=w.shape)
    rows = np.arange(min(64, fit.examples))
    small = _on_rows(fit, rows, np.float64)

    def value_and_grad(named: dict[str, Array]) -> tuple[Array, dict[str, Array]]:
        loss, grad = small.value_and_grad(small.layout.pack(named))
        return loss, small.layout.views(grad)

    found = check_gradient(value_and_grad, {k: v.copy() for k, v in small.layout.views(w).items()}, seed=spec.seed)
    sentence = found.sentence[:1].upper() + found.sentence[1:]
    worst = max((tensor.error for tensor in found.tensors), default=float("nan"))
    return Check("gradient", "Gradient", "ok" if found.passed else "fail", worst, "", sentence)


def by_heart(spec: Spec, problem: Problem, fit: Fit) -> Check:
    """A few rows must be learnable by heart; if they are not, something between data and update is broken."""
    rows = _different_rows(fit)
    title = "One small batch by heart"
    if len(rows) < 2:
        return Check("by-heart", title, "notice", float("nan"), "", "Not applicable, because fewer than 2 rows differ.")
    small = replace(_on_rows(fit, rows, fit.splits["train"].X.dtype), l2=0.0)
    run = _train(spec, problem, small, BY_HEART_STEPS, lr=0.05)
    losses = run.history("train_loss")[1]
    share = float(np.nanmin(losses) / losses[0]) if losses[0] > 0 else 0.0
    learned = share <= LEARNED
    sentence = f"{len(rows)} rows were learned to {share:.1%} of their starting loss in {run.state.t} steps"
    if not learned:
        sentence += ": if so few rows cannot be learned, look at the target, the loss and the model before training"
    return Check("by-heart", title, "ok" if learned else "warn", share, "of the starting loss", sentence + ".")


def _different_rows(fit: Fit) -> Array:
    """A few training rows with different features, from all over the table; as many as a linear model can fit."""
    X, y, _ = fit.splits["train"]
    most = min(SMALL, X.shape[1] + 1) if fit.model.convex else SMALL
    spread = np.unique(np.linspace(0, len(X) - 1, 1000).astype(int))  # neighbours in a table are often alike
    _, first = np.unique(X[spread], axis=0, return_index=True)
    order = spread[np.sort(first)]
    if fit.loss.task != "regression":  # take classes in turn, so that there is something to learn
        labels = y[order].argmax(1) if y.shape[1] > 1 else y[order, 0]
        turn = np.empty(len(order), int)
        for label in np.unique(labels):
            turn[labels == label] = np.arange((labels == label).sum())
        order = order[np.argsort(turn, kind="stable")]
    return np.sort(order[:most])


def shuffled_labels(spec: Spec, problem: Problem, fit: Fit) -> Check:
    """With the training labels shuffled nothing can be learned: a validation measure beyond chance is a leak.

    One shuffling may hit the truth, or its opposite, by luck; so several are judged together by a t statistic.
    """
    title = "Shuffled labels teach nothing"
    if "validation" not in fit.splits:
        return Check("shuffled", title, "notice", float("nan"), "", "Not applicable, because no rows are held out.")
    gains = np.array([_gain(spec, problem, fit, i) for i in range(SHUFFLINGS)])
    mean, error = float(gains.mean()), float(gains.std(ddof=1)) / np.sqrt(SHUFFLINGS)
    sound = mean <= FAR_FROM_CHANCE * error or mean <= SMALLEST_GAIN or bool((gains <= 0).any())
    name = "correlation with the target" if fit.loss.task == "regression" else "accuracy beyond chance"
    sentence = (
        f"Over {SHUFFLINGS} shufflings of the training labels, {name} on validation rows is {mean:+.3f} ± {error:.3f}"
    )
    if not sound:
        sentence += ": the validation rows know the labels some other way; look for leakage or duplicates"
    return Check("shuffled", title, "ok" if sound else "fail", mean, "", sentence + ".")


def _gain(spec: Spec, problem: Problem, fit: Fit, index: int) -> float:
    """What one shuffling taught of the validation rows: correlation, or accuracy minus that of blind guesses."""
    X, y, weight = fit.splits["train"]
    order = stream(spec.seed, Purpose.LABELS, index).permutation(len(y))
    splits = {"train": Examples(X, y[order], None if weight is None else weight[order])}
    run = _train(spec, problem, replace(fit, splits=splits), SHUFFLED_STEPS, lr=0.01)
    X, y, _ = fit.splits["validation"]
    p = fit.predict(run.w[None], X)[0]
    if fit.loss.task == "regression":
        return float(np.corrcoef(p[:, 0], y[:, 0])[0, 1]) if p[:, 0].std() > 0 and y[:, 0].std() > 0 else 0.0
    labels = y if y.shape[1] > 1 else np.concatenate([1 - y, y], 1)
    guesses = p if p.shape[1] > 1 else np.concatenate([1 - p, p], 1)
    guessed = np.eye(labels.shape[1])[guesses.argmax(1)]
    # Guesses that are made in these shares, but know nothing of the rows, hit this often.
    blind = float(guessed.mean(0) @ labels.mean(0))
    return float((guessed * labels).sum(1).mean()) - blind


def _train(spec: Spec, problem: Problem, fit: Fit, steps: int, lr: float) -> Run:
    """A short run of Adam on a changed objective, from the usual start."""
    start = tuple(float(v) for v in problem.start(spec.seed))
    batch = 0 if fit.examples <= 256 else 64
    changed = Spec(problem=Custom(label="preflight", start=start), seed=spec.seed, dtype=spec.dtype)
    return train(changed.but(rule="adam", lr=lr, steps=steps, batch_size=batch, every=100), objective=fit)


def _on_rows(fit: Fit, rows: Array, dtype: Any) -> Fit:
    """The objective on some of the training rows only."""
    X, y, weight = fit.splits["train"]
    own = None if weight is None else weight[rows].astype(dtype)
    return replace(fit, splits={"train": Examples(X[rows].astype(dtype), y[rows].astype(dtype), own)}, samples={})
