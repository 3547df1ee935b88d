"""Laws of held-out measures: scikit-learn's numbers, in the target's own units, with intervals that repeat."""

import numpy as np
import pytest
from sklearn.metrics import (
    accuracy_score,
    brier_score_loss,
    confusion_matrix,
    f1_score,
    log_loss,
    r2_score,
    roc_auc_score,
)

from thalweg.descent.spec import Spec
from thalweg.descent.train import train
from thalweg.evidence.held_out import chosen_threshold, hold_out
from thalweg.problems.sections import Table


@pytest.fixture(scope="module")
def runs(table_of):
    def trained(kind):
        return train(Spec(problem=Table(source=table_of(kind), target="y")).but(steps=60, lr=0.1))

    return {kind: trained(kind) for kind in ("binary", "multiclass", "regression")}


@pytest.fixture(scope="module")
def measured(runs):
    """Each run's test rows, measured once."""
    return {kind: hold_out(run, "test") for kind, run in runs.items()}


@pytest.mark.slow
def test_binary_measures_are_scikit_learns(measured):
    held = measured["binary"]
    y, p = held.truth[:, 0], held.predictions[:, 0]
    assert held.measures["loss"] == pytest.approx(log_loss(y, p))
    assert held.measures["accuracy"] == accuracy_score(y, p >= 0.5)
    assert held.measures["f1"] == pytest.approx(f1_score(y, p >= 0.5))
    assert held.measures["roc_auc"] == pytest.approx(roc_auc_score(y, p))
    assert held.measures["brier"] == pytest.approx(brier_score_loss(y, p))
    assert held.confusion.tolist() == confusion_matrix(y, p >= 0.5).tolist()
    assert held.rows == len(y) == held.confusion.sum()


def test_multiclass_measures_are_scikit_learns(measured):
    held = measured["multiclass"]
    y, guess = held.truth.argmax(1), held.predictions.argmax(1)
    assert held.measures["accuracy"] == accuracy_score(y, guess)
    assert held.measures["loss"] == pytest.approx(log_loss(y, held.predictions))
    assert held.confusion.tolist() == confusion_matrix(y, guess).tolist()
    assert np.allclose(held.predictions.sum(1), 1)


def test_regression_is_measured_in_the_targets_own_units(runs, measured):
    run = runs["regression"]
    held, table, rows = measured["regression"], run.problem.table, run.problem.split.test
    assert np.allclose(held.truth, table.y[rows])
    assert np.allclose(held.predictions, run.problem.predict(run.best, table.X[rows]))
    assert held.measures["r2"] == pytest.approx(r2_score(held.truth, held.predictions))
    assert held.measures["mae"] == pytest.approx(np.abs(held.truth - held.predictions).mean())
    assert (held.confusion, held.calibration) == (None, None)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["binary", "multiclass", "regression"])
def test_intervals_hold_the_value_and_come_back_to_the_last_bit(kind, runs, measured):
    one, two = measured[kind], hold_out(runs[kind], "test")
    assert one.intervals == two.intervals
    assert one.measures == two.measures
    for name, (low, high) in one.intervals.items():
        assert low <= high
        if name != "calibration_error":  # resampled rows are calibrated worse, always
            assert low - 1e-9 <= one.measures[name] <= high + 1e-9


@pytest.mark.slow
def test_it_is_the_best_weights_that_are_judged(runs):
    run = runs["binary"]
    assert hold_out(run, "validation").measures["loss"] == pytest.approx(run.best_value, rel=1e-12)


def uneven(path, share, rows=400):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(rows, 2))
    score = X @ [1.0, 1.0] + rng.normal(size=rows)
    y = (score > np.quantile(score, 1 - share)).astype(int)
    path.write_text("a,b,y\n" + "".join(f"{a:.5f},{b:.5f},{v}\n" for (a, b), v in zip(X, y, strict=True)))
    return train(Spec(problem=Table(source=str(path), target="y")).but(steps=100, lr=0.5))


def test_even_classes_keep_one_half(tmp_path):
    assert chosen_threshold(uneven(tmp_path / "t.csv", 0.5)) == 0.5


@pytest.mark.few(1)
@pytest.mark.parametrize("share", [0.1, *(pytest.param(s, marks=pytest.mark.slow) for s in (0.2, 0.9))])
def test_uneven_classes_get_the_cut_with_the_best_f1_on_validation_rows(share, tmp_path):
    run = uneven(tmp_path / "t.csv", share)
    cut = chosen_threshold(run)
    held = hold_out(run, "validation", threshold=cut)
    y, p = held.truth[:, 0], held.predictions[:, 0]
    best = max(f1_score(y, p >= candidate, zero_division=0.0) for candidate in [0.5, *p])
    assert f1_score(y, p >= cut) == pytest.approx(best)
    assert held.confusion.sum() == held.rows


def test_other_tasks_and_runs_without_validation_rows_keep_one_half(runs, table_of):
    assert chosen_threshold(runs["regression"]) == chosen_threshold(runs["multiclass"]) == 0.5
    alone = Table(source=table_of("binary"), target="y", validation=0.0)
    assert chosen_threshold(train(Spec(problem=alone).but(steps=5))) == 0.5


@pytest.mark.slow
def test_weights_of_rows_weigh_in_every_measure(tmp_path):
    rng = np.random.default_rng(1)
    X, w = rng.normal(size=(120, 2)), rng.uniform(0.1, 5, 120)
    y = (X.sum(1) + rng.normal(size=120) > 0).astype(int)
    rows = [f"{a:.5f},{b:.5f},{v:.5f},{t}" for (a, b), v, t in zip(X, w, y, strict=True)]
    (tmp_path / "t.csv").write_text("a,b,w,y\n" + "\n".join(rows))
    run = train(Spec(problem=Table(source=str(tmp_path / "t.csv"), target="y", weights="w")).but(steps=40, lr=0.3))
    held, weight = hold_out(run, "test"), run.problem.objective.splits["test"].weight
    guess = held.predictions[:, 0] >= 0.5
    assert held.measures["accuracy"] == pytest.approx(accuracy_score(held.truth[:, 0], guess, sample_weight=weight))
    low, high = held.intervals["accuracy"]
    assert low <= held.measures["accuracy"] <= high
