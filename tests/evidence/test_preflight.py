"""Laws of preflight: quiet on healthy problems whatever the seed, loud where something was broken on purpose."""

from dataclasses import dataclass, replace

import numpy as np
import pytest

from thalweg.descent.spec import Spec
from thalweg.descent.train import resolved
from thalweg.evidence.preflight import by_heart, first_loss, gradient, preflight, shuffled_labels
from thalweg.problems.build import build
from thalweg.problems.bundled import BUNDLED
from thalweg.problems.examples import Examples
from thalweg.problems.fit import Fit
from thalweg.problems.sections import Table

TRAINED = ("first-loss", "gradient", "by-heart", "shuffled")


def posed(section, **changes):
    """(spec, problem, objective) of a section."""
    spec = resolved(Spec(problem=section).but(**changes))
    problem = build(spec.problem, spec.dtype)
    return spec, problem, problem.objective


def spoiled(kind, fit):
    """The same objective as another class."""
    return kind(fit.model, fit.loss, fit.splits, fit.l2, fit.samples)


@dataclass(frozen=True)
class Backwards(Fit):
    """Its gradient has the wrong sign."""

    def value_and_grad(self, w, rows=slice(None)):
        value, grad = super().value_and_grad(w, rows)
        return value, -grad


@dataclass(frozen=True)
class Doubled(Fit):
    """Its gradient is twice too large."""

    def value_and_grad(self, w, rows=slice(None)):
        value, grad = super().value_and_grad(w, rows)
        return value, 2 * grad


@dataclass(frozen=True)
class Stuck(Fit):
    """Its weights never get a gradient, only its biases do."""

    def value_and_grad(self, w, rows=slice(None)):
        value, grad = super().value_and_grad(w, rows)
        grad[..., : self.layout.undecayed] = 0
        return value, grad


TRUTH: dict[str, np.ndarray] = {}


@dataclass(frozen=True)
class Knowing(Fit):
    """Learns the true labels whatever labels it is given: the shuffling did not reach it."""

    def value_and_grad(self, w, rows=slice(None)):
        X, _, weight = self.splits["train"]
        honest = Fit(self.model, self.loss, {"train": Examples(X, TRUTH["y"], weight)}, self.l2)
        return honest.value_and_grad(w, rows)


@pytest.mark.slow
@pytest.mark.parametrize(
    "source", ["iris", *(pytest.param(s, marks=pytest.mark.slow) for s in ("breast_cancer", "diabetes"))]
)
def test_a_bundled_set_passes_what_is_asked_by_training(source):
    spec, problem, _ = posed(Table(source=source))
    found = {check.code: check for check in preflight(spec, problem)}
    assert all(found[code].status == "ok" for code in TRAINED), found
    assert all(check.sentence.endswith(".") for check in found.values())


@pytest.mark.slow
@pytest.mark.parametrize("source", BUNDLED)
@pytest.mark.parametrize("model", [{}, {"model": "mlp", "hidden": (8,)}], ids=["linear", "mlp"])
def test_no_seed_raises_a_false_alarm(source, model):
    alarms = []
    for seed in range(5):  # and the rows split anew each time
        posing = posed(Table(source=source, split_seed=seed, **model), seed=seed)
        found = [check(*posing) for check in (first_loss, gradient, by_heart, shuffled_labels)]
        alarms += [(seed, check.code, check.sentence) for check in found if check.status != "ok"]
    assert alarms == []


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["binary", "multiclass", "regression"])
def test_shuffled_labels_teach_nothing_on_any_of_thirty_seeds(kind, table_of):
    spec, problem, fit = posed(Table(source=table_of(kind), target="y"))
    loud = [seed for seed in range(30) if shuffled_labels(spec.but(seed=seed), problem, fit).status != "ok"]
    assert loud == []


@pytest.mark.slow
@pytest.mark.parametrize(
    "kind", ["binary", *(pytest.param(k, marks=pytest.mark.slow) for k in ("multiclass", "regression"))]
)
def test_labels_that_are_learned_although_they_were_shuffled_are_a_leak(kind, table_of):
    spec, problem, fit = posed(Table(source=table_of(kind), target="y"))
    TRUTH["y"] = fit.splits["train"].y
    found = shuffled_labels(spec, problem, spoiled(Knowing, fit))
    assert found.status == "fail"
    assert "leakage" in found.sentence


@pytest.mark.slow
def test_a_start_that_has_seen_the_labels_is_a_leak(table_of):
    spec, problem, fit = posed(Table(source=table_of("binary"), target="y", model="mlp", hidden=(4,)))
    X, y, _ = fit.splits["validation"]
    direction = np.linalg.lstsq(X, y - 0.5, rcond=None)[0][:, 0]

    def informed(seed):
        views = fit.layout.views(np.zeros(fit.size))
        views = {name: array.copy() for name, array in views.items()}
        first, last = [name for name in views if views[name].ndim == 2]
        views[first][:, 0], views[first][:, 1] = 30 * direction, -30 * direction
        views[last][0], views[last][1] = 30, -30
        return fit.layout.pack(views)

    assert shuffled_labels(spec, replace(problem, start=informed), fit).status == "fail"


def test_without_validation_rows_the_question_does_not_apply(table_of):
    spec, problem, fit = posed(Table(source=table_of("binary"), target="y", validation=0.0))
    found = shuffled_labels(spec, problem, fit)
    assert (found.status, found.ok) == ("notice", True)
    assert found.sentence.startswith("Not applicable, because")


@pytest.mark.parametrize(("kind", "expected"), [("binary", np.log(2)), ("multiclass", np.log(3)), ("regression", 1.0)])
def test_a_model_of_zeros_starts_at_the_loss_of_knowing_nothing(kind, expected, table_of):
    spec, problem, fit = posed(Table(source=table_of(kind), target="y"))
    found = first_loss(spec, problem, fit)
    assert found.status == "ok"
    assert found.value == pytest.approx(expected)


UNSOUND_STARTS = {
    "probabilities from an output that gives none": {"loss": "binary_cross_entropy", "output": "linear"},
    "hidden units with weights far too large": {"model": "mlp", "hidden": (8,), "init": "he_normal"},
}


@pytest.mark.parametrize("changes", UNSOUND_STARTS.values(), ids=UNSOUND_STARTS.keys())
def test_a_start_far_from_knowing_nothing_is_a_warning(changes, table_of):
    spec, problem, fit = posed(Table(source=table_of("binary"), target="y", **changes))
    if changes.get("model") == "mlp":
        honest = problem.start
        problem = replace(problem, start=lambda seed: 30 * honest(seed))
    found = first_loss(spec, problem, fit)
    assert found.status == "warn"
    assert "check the initial weights, the pairing of output and loss" in found.sentence


@pytest.mark.parametrize("broken", [Backwards, Doubled, Stuck])
@pytest.mark.parametrize("kind", ["binary", "regression"])
def test_a_wrong_gradient_fails(broken, kind, table_of):
    spec, problem, fit = posed(Table(source=table_of(kind), target="y", l2=0.1))
    assert gradient(spec, problem, fit).status == "ok"
    assert gradient(spec, problem, spoiled(broken, fit)).status == "fail"


@pytest.mark.parametrize(
    "kind", ["binary", *(pytest.param(k, marks=pytest.mark.slow) for k in ("multiclass", "regression"))]
)
def test_a_few_rows_are_learned_by_heart_unless_the_gradient_is_broken(kind, table_of):
    spec, problem, fit = posed(Table(source=table_of(kind), target="y"))
    assert by_heart(spec, problem, fit).status == "ok"
    for broken in (Backwards, Stuck):
        found = by_heart(spec, problem, spoiled(broken, fit))
        assert found.status == "warn"
        assert "if so few rows cannot be learned" in found.sentence


def test_a_penalty_does_not_keep_a_few_rows_from_being_learned(table_of):
    spec, problem, fit = posed(Table(source=table_of("binary"), target="y", l2=10.0))
    assert by_heart(spec, problem, fit).status == "ok"


def test_rows_that_do_not_differ_cannot_be_asked(table_of):
    spec, problem, fit = posed(Table(source=table_of("binary"), target="y"))
    X, y, _ = fit.splits["train"]
    same = replace(fit, splits={"train": Examples(np.ones_like(X), y)})
    assert by_heart(spec, problem, same).sentence == "Not applicable, because fewer than 2 rows differ."


@pytest.mark.slow
def test_scales_far_apart_are_no_trouble_where_the_model_sees_them_standardised():
    for standardise, status in ((True, "notice"), (False, "warn")):
        spec, problem, _ = posed(Table(source="breast_cancer", standardise=standardise))
        (found,) = [check for check in preflight(spec, problem) if check.code == "scale-spread"]
        assert found.status == status
        assert ("here they are standardised" in found.sentence) == standardise


@pytest.mark.slow
def test_preflight_leaves_the_problem_as_it_was(table_of):
    spec, problem, fit = posed(Table(source=table_of("binary"), target="y"))
    before = [array.copy() for split in fit.splits.values() for array in split[:2]]
    list(preflight(spec, problem))
    after = [array for split in fit.splits.values() for array in split[:2]]
    assert all(np.array_equal(a, b) for a, b in zip(before, after, strict=True))


@pytest.mark.slow
def test_the_same_seed_gives_the_same_answers(table_of):
    spec, problem, fit = posed(Table(source=table_of("multiclass"), target="y"))
    assert shuffled_labels(spec, problem, fit) == shuffled_labels(spec, problem, fit)
