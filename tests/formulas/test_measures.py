import doctest

import numpy as np
import pytest
from sklearn import metrics
from sklearn.calibration import calibration_curve as sklearn_curve

from thalweg.errors import DataError, ShapeError, SpecError, UnknownName
from thalweg.formulas import calibration, measures, threshold
from thalweg.formulas.calibration import calibration_curve
from thalweg.formulas.measures import MEASURES, confusion_matrix, measures_for
from thalweg.formulas.threshold import CUTS, best_threshold

CLOSE = {"rtol": 1e-12, "atol": 1e-12}


def binary(seed, rows=83, ties=True):
    rng = np.random.default_rng(seed)
    y = (rng.random((rows, 1)) < 0.3).astype(float)
    p = np.clip(0.3 * y + 0.7 * rng.random((rows, 1)), 0, 1)
    return y, p.round(1) if ties else p, rng.integers(0, 4, rows) + rng.random(rows)


def multiclass(seed, rows=90, classes=4):
    rng = np.random.default_rng(seed)
    y = np.eye(classes)[rng.integers(0, classes, rows)]
    p = rng.dirichlet(np.ones(classes), rows) + y * rng.random((rows, 1))
    return y, p / p.sum(1, keepdims=True), rng.random(rows) + 0.1


def regression(seed, rows=60, targets=3):
    rng = np.random.default_rng(seed)
    y = rng.normal(size=(rows, targets)) * [1.0, 10.0, 0.1] + 5
    return y, y + rng.normal(size=y.shape), rng.random(rows) + 0.1


MAKE = {"binary": binary, "multiclass": multiclass, "regression": regression}


def label_measure(of, **settings):
    """A scikit-learn measure of labels, for y and p as thalweg has them."""

    def measured(y, p, weight):
        binary = y.shape[1] == 1
        truth, choice = (y[:, 0], p[:, 0] >= 0.5) if binary else (y.argmax(1), p.argmax(1))
        average = {} if not settings else {**settings, "average": "binary" if binary else "macro"}
        return of(truth.astype(int), choice.astype(int), sample_weight=weight, **average)

    return measured


def sklearn_brier(y, p, weight):
    if y.shape[1] == 1:
        return metrics.brier_score_loss(y[:, 0], p[:, 0], sample_weight=weight)
    return metrics.brier_score_loss(y, p, sample_weight=weight, scale_by_half=False)


PEERS = {
    "accuracy": label_measure(metrics.accuracy_score),
    "balanced_accuracy": label_measure(metrics.balanced_accuracy_score),
    "precision": label_measure(metrics.precision_score, zero_division=0),
    "recall": label_measure(metrics.recall_score, zero_division=0),
    "f1": label_measure(metrics.f1_score, zero_division=0),
    "roc_auc": lambda y, p, weight: metrics.roc_auc_score(y, p, sample_weight=weight),
    "brier": sklearn_brier,
    "r2": lambda y, p, weight: metrics.r2_score(y, p, sample_weight=weight),
    "mae": lambda y, p, weight: metrics.mean_absolute_error(y, p, sample_weight=weight),
    "rmse": lambda y, p, weight: metrics.root_mean_squared_error(y, p, sample_weight=weight),
}
EACH = [(name, task) for name, m in MEASURES.items() for task in m.tasks]


@pytest.mark.few(8)
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(("name", "task"), [pair for pair in EACH if pair[0] in PEERS])
def test_every_measure_equals_scikit_learn(name, task, weighted):
    for seed in range(20):
        y, p, weight = MAKE[task](seed)
        weight = weight if weighted else None
        np.testing.assert_allclose(MEASURES[name].of(y, p, weight), PEERS[name](y, p, weight), **CLOSE)


def test_only_the_calibration_error_has_no_peer_here():
    assert set(MEASURES) - set(PEERS) == {"calibration_error"}


@pytest.mark.parametrize(("name", "task"), EACH)
def test_a_population_equals_its_members(name, task):
    y, p, weight = MAKE[task](0)
    others = np.stack([p, p[::-1], 0.5 * p, 0.9 * p + 0.05, p**2, np.sqrt(np.abs(p))])
    together = MEASURES[name].of(y, others.reshape(2, 3, *p.shape), weight)
    single = [MEASURES[name].of(y, member, weight) for member in others]
    assert together.shape == (2, 3)
    np.testing.assert_allclose(together.ravel(), single, rtol=1e-13, atol=1e-15)


@pytest.mark.parametrize(("name", "task"), EACH)
def test_a_whole_number_as_weight_is_a_repeated_row(name, task):
    y, p, _ = MAKE[task](1)
    times = np.random.default_rng(5).integers(1, 4, len(y))
    weighted = MEASURES[name].of(y, p, times)
    np.testing.assert_allclose(weighted, MEASURES[name].of(y.repeat(times, 0), p.repeat(times, 0)), **CLOSE)


@pytest.mark.parametrize(("name", "task"), EACH)
def test_true_predictions_are_the_best_there_are(name, task):
    y, p, weight = MAKE[task](2)
    perfect = MEASURES[name].of(y, y, weight)
    assert perfect == pytest.approx(1.0 if MEASURES[name].better == "higher" else 0.0, abs=1e-15)
    assert MEASURES[name].sign * perfect >= MEASURES[name].sign * MEASURES[name].of(y, p, weight)


@pytest.mark.parametrize(("name", "task"), EACH)
@pytest.mark.parametrize("what", [np.nan, np.inf])
def test_a_member_that_diverged_is_nan_and_leaves_the_others_alone(name, task, what):
    y, p, weight = MAKE[task](3)
    broken = p.copy()
    broken[4, 0] = what
    found = MEASURES[name].of(y, np.stack([p, broken]), weight)
    assert np.isnan(found[1])
    np.testing.assert_allclose(found[0], MEASURES[name].of(y, p, weight), rtol=1e-13)


@pytest.mark.parametrize(("name", "task"), EACH)
def test_shapes_that_would_broadcast_in_silence_are_refused(name, task):
    y, p, _ = MAKE[task](0)
    for wrong_y, wrong_p in ((y[:, 0], p), (y, p[:, 0]), (y, p[:-1]), (y[:0], p[:0]), (y, np.hstack([p, p]))):
        with pytest.raises(ShapeError, match="expected y"):
            MEASURES[name].of(wrong_y, wrong_p)


def test_without_positives_or_positive_calls_ratios_are_zero():
    y, p = np.zeros((4, 1)), np.full((4, 1), 0.2)
    for name in ("precision", "recall", "f1"):
        assert MEASURES[name].of(y, p) == 0
        assert MEASURES[name].of(y + 1, p) == 0
    assert MEASURES["accuracy"].of(y, p) == 1


def test_one_class_alone_has_no_roc_curve():
    p = np.random.default_rng(0).random((6, 1))
    assert np.isnan(MEASURES["roc_auc"].of(np.zeros((6, 1)), p))
    assert np.isnan(MEASURES["roc_auc"].of(np.ones((6, 1)), p))
    assert np.isnan(MEASURES["roc_auc"].of(np.eye(3)[[0, 1, 0]], np.full((3, 3), 1 / 3)))


def test_auc_counts_ties_half_and_reads_only_the_order():
    y, p, weight = binary(7)
    area = MEASURES["roc_auc"].of
    assert area(y, np.full_like(p, 0.5)) == 0.5
    assert area(y, p, weight) == pytest.approx(area(y, np.exp(5 * p), weight), abs=1e-15)
    assert area(y, p, weight) == pytest.approx(1 - area(y, -p, weight), abs=1e-14)


def test_classes_that_never_occur_do_not_lower_a_macro_average():
    y = np.eye(4)[[0, 1, 1, 2, 2, 2]]
    p = np.eye(4)[[0, 1, 2, 2, 2, 1]]
    for name in ("precision", "recall", "f1"):
        np.testing.assert_allclose(MEASURES[name].of(y, p), PEERS[name](y, p, None), **CLOSE)
        assert MEASURES[name].of(y, p) == pytest.approx(MEASURES[name].of(y[:, :3], p[:, :3]))


def test_the_confusion_matrix_equals_scikit_learn():
    for task in ("binary", "multiclass"):
        y, p, weight = MAKE[task](0)
        truth = y[:, 0] if task == "binary" else y.argmax(1)
        choice = p[:, 0] >= 0.5 if task == "binary" else p.argmax(1)
        np.testing.assert_allclose(
            confusion_matrix(y, p, weight),
            metrics.confusion_matrix(truth, choice, sample_weight=weight),
            **CLOSE,
        )
        assert confusion_matrix(y, np.stack([p] * 5)).shape == (5, *confusion_matrix(y, p).shape)


def test_the_threshold_moves_the_confusion_matrix():
    y, p, _ = binary(0)
    assert confusion_matrix(y, p, threshold=0.0)[:, 0].tolist() == [0, 0]
    assert confusion_matrix(y, p, threshold=1.1)[:, 1].tolist() == [0, 0]


def test_r2_of_a_constant_target_is_one_if_met_and_zero_if_not_and_nan_for_one_row():
    y = np.ones((5, 1))
    assert MEASURES["r2"].of(y, y) == 1
    assert MEASURES["r2"].of(y, y + 1) == metrics.r2_score(y, y + 1) == 0
    assert np.isnan(MEASURES["r2"].of(y[:1], y[:1]))


@pytest.mark.parametrize("bins", [1, 2, 5, 8, 16])
@pytest.mark.parametrize(("by", "strategy"), [("width", "uniform"), ("rows", "quantile")])
@pytest.mark.parametrize("ties", [False, True])
def test_calibration_curves_equal_scikit_learn(bins, by, strategy, ties):
    y, p, _ = binary(4, 400, ties)
    curve = calibration_curve(y, p, bins=bins, by=by)
    observed, predicted = sklearn_curve(y[:, 0], p[:, 0], n_bins=bins, strategy=strategy)
    filled = curve.weight > 0
    np.testing.assert_allclose(curve.observed[filled], observed, **CLOSE)
    np.testing.assert_allclose(curve.predicted[filled], predicted, **CLOSE)
    assert np.isnan(curve.observed[~filled]).all()
    assert curve.weight.sum() == len(y)
    assert np.all(np.diff(curve.edges) >= 0)


def test_calibration_of_several_classes_is_that_of_the_chosen_one():
    y, p, weight = multiclass(0)
    hit = (y.argmax(1) == p.argmax(1)).astype(float)[:, None]
    found, wanted = (calibration_curve(a, b, weight=weight) for a, b in ((y, p), (hit, p.max(1, keepdims=True))))
    for one, other in zip(found, wanted, strict=True):
        np.testing.assert_array_equal(one, other)


def test_the_calibration_error_is_the_average_gap_between_claim_and_truth():
    y = np.array([[0.0], [1.0], [0.0], [1.0]])
    assert MEASURES["calibration_error"].of(y, np.full((4, 1), 0.5)) == 0
    assert MEASURES["calibration_error"].of(y, np.full((4, 1), 0.9)) == pytest.approx(0.4)
    assert MEASURES["calibration_error"].of(y, 1 - y) == 1


def test_a_calibrated_forecaster_has_a_small_error_and_an_overconfident_one_a_large_one():
    rng = np.random.default_rng(0)
    p = rng.random((20_000, 1))
    y = (rng.random(p.shape) < p).astype(float)
    error = MEASURES["calibration_error"].of
    assert error(y, p) < 0.02
    assert error(y, (p > 0.5).astype(float)) > 0.1


@pytest.mark.parametrize("settings", [{"bins": 0}, {"by": "depth"}])
def test_bins_that_cannot_be_made_are_refused(settings):
    with pytest.raises(SpecError, match="by 'width' or 'rows'"):
        calibration_curve(np.ones((2, 1)), np.ones((2, 1)), **settings)


@pytest.mark.few(3)
@pytest.mark.parametrize("measure", list(CUTS))
@pytest.mark.parametrize("weighted", [False, True])
def test_the_best_threshold_is_found_and_delivers_what_it_says(measure, weighted):
    for seed in range(30):
        y, p, weight = binary(seed, rows=40, ties=seed % 2 == 0)
        weight = weight if weighted else None
        best = best_threshold(y, p, measure, weight)

        def at(cut, y=y, p=p, weight=weight):
            return MEASURES[measure].of(y, (p >= cut).astype(float), weight)

        assert at(best.threshold) == pytest.approx(best.value, abs=1e-14)
        tried = [at(cut) for cut in [*np.unique(p), np.inf]]
        assert best.value == pytest.approx(max(tried), abs=1e-14)


def test_neighbouring_floats_can_be_told_apart():
    y, p = np.array([0.0, 1.0]), np.array([0.3, np.nextafter(0.3, 1)])
    assert best_threshold(y, p).threshold == p[1]


def test_under_imbalance_the_best_f1_threshold_beats_one_half():
    rng = np.random.default_rng(1)
    y = (rng.random(5000) < 0.05).astype(float)
    p = 1 / (1 + np.exp(-(rng.normal(size=5000) + 2 * y - 4)))
    half = MEASURES["f1"].of(y[:, None], p[:, None])
    best = best_threshold(y, p)
    assert best.threshold < 0.5
    assert best.value > half + 0.1


def test_of_equally_good_thresholds_the_nearest_to_one_half_is_taken():
    found = best_threshold(np.zeros(3), np.array([0.2, 0.46, 0.9]), "f1")
    assert (found.threshold, found.value) == (pytest.approx(0.33), 0.0)
    found = best_threshold(np.array([1.0, 1.0]), np.array([0.2, 0.9]), "precision")
    assert (found.threshold, found.value) == (pytest.approx(0.55), 1.0)


def test_questions_without_an_answer_are_refused():
    with pytest.raises(ShapeError, match="for two classes"):
        best_threshold(np.ones((3, 2)), np.ones((3, 2)))
    with pytest.raises(ShapeError, match="one probability for each row"):
        best_threshold(np.ones(3), np.ones(2))
    with pytest.raises(DataError, match="did not diverge"):
        best_threshold(np.ones(2), np.array([0.1, np.nan]))
    with pytest.raises(UnknownName, match="have accuracy, balanced_accuracy, f1"):
        best_threshold(np.ones(2), np.ones(2), "f2")
    with pytest.raises(SpecError, match="have binary, multiclass, regression"):
        measures_for("ranking")


def test_every_task_has_measures_and_every_measure_says_what_it_is():
    assert [m.name for m in measures_for("regression")] == ["r2", "mae", "rmse"]
    assert measures_for("binary") == measures_for("multiclass")
    assert all(m.doc.strip() for m in MEASURES.values())


@pytest.mark.parametrize("module", [measures, calibration, threshold])
def test_the_examples_in_the_docstrings_run(module):
    assert doctest.testmod(module).failed == 0
