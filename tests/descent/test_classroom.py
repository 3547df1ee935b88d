"""Known ground: the values that a classroom knows by heart, and every way in which a run ends."""

import numpy as np
import pytest

from thalweg.descent.loop import descend
from thalweg.descent.method_section import Method
from thalweg.descent.optimizer import Optimizer
from thalweg.descent.spec import Spec
from thalweg.descent.stopping import CHECKS
from thalweg.descent.train import train
from thalweg.formulas.rules import RULES
from thalweg.formulas.surfaces import SURFACES
from thalweg.problems.objective import OnSurface as Objective
from thalweg.problems.objective import UserObjective
from thalweg.problems.sections import Custom, OnSurface


def on(surface, lr, steps=50, rule="gd", start=(), **stop):
    spec = Spec(problem=OnSurface(surface=surface, start=start), method=Method(rule=rule, lr=lr))
    return train(spec.but(steps=steps, **stop))


# (x − 3)²


def test_on_the_parabola_lr_one_half_lands_in_one_step():
    run = on("parabola", 0.5, steps=5)
    assert run.theta_history[:, 0].tolist() == [0.0, 3.0, 3.0, 3.0, 3.0, 3.0]
    assert run.loss_history.tolist() == [9.0, 0.0, 0.0, 0.0, 0.0]


def test_on_the_parabola_lr_one_swings_for_ever():
    run = on("parabola", 1.0, steps=200)
    assert run.theta_history[:, 0].tolist() == [0.0, 6.0] * 100 + [0.0]
    assert run.stopped.kind == "steps"


@pytest.mark.parametrize("lr", [0.1, 0.25, 0.7, 0.9])
def test_on_the_parabola_every_step_shrinks_the_distance_by_one_minus_two_lr(lr):
    distance = on("parabola", lr, steps=20).theta_history[:, 0] - 3
    assert np.allclose(distance, -3 * (1 - 2 * lr) ** np.arange(21), rtol=1e-9, atol=1e-12)


# (x − 1)² + 5(y + 2)²


def test_on_the_bowl_gradient_descent_diverges_above_0_2():
    assert on("bowl", 0.2001, steps=20_000).stopped.kind == "diverged"
    assert on("bowl", 0.21, steps=1000).diverged


def test_on_the_bowl_0_2_is_the_border_itself():
    run = on("bowl", 0.2, steps=300)
    assert np.abs(run.theta_history[:, 1] + 2).tolist() == [4.0] * 301
    assert run.stopped.kind == "steps"


def test_on_the_bowl_gradient_descent_converges_below_0_2():
    run = on("bowl", 0.195, steps=1000, grad_tol=1e-8)
    assert run.stopped.kind == "converged"
    assert np.allclose(run.w, [1, -2], atol=1e-8)


# x² − y²


def test_the_saddle_holds_whoever_comes_along_its_ridge():
    run = on("saddle", 0.1, start=(1.0, 0.0), steps=500, grad_tol=1e-9)
    assert run.stopped.rule == "grad_tol"
    assert np.allclose(run.w, [0, 0], atol=1e-9)


def test_the_saddle_is_left_by_whoever_is_a_little_beside_it():
    run = on("saddle", 0.1, start=(1.0, 1e-6), steps=2000)
    assert run.stopped.kind == "diverged"
    assert abs(run.w[1]) > 1e3 * abs(run.w[0])


# The loop


def test_the_loop_can_be_stopped_printed_and_plotted_step_by_step():
    method = Optimizer.named("gd")
    state, seen = method.start(np.zeros(1)), []
    for step in descend(Objective(SURFACES["parabola"]), method, state, lr=0.25):
        seen.append((step.t, float(step.loss[0]), float(state.w[0, 0])))
        if step.loss[0] < 0.1:
            break
    assert seen[:3] == [(1, 9.0, 1.5), (2, 2.25, 2.25), (3, 0.5625, 2.625)]
    assert state.t == len(seen)


def test_histories_say_what_happened_on_step_37():
    run = on("bowl", 0.05, steps=60, every=37)
    w, norms = run.theta_history, SURFACES["bowl"].gradient
    gradient = norms(w[36])
    said = run.happened(37)
    assert said["t"] == 37
    assert said["loss"] == SURFACES["bowl"].value(w[36])
    assert said["grad_norm"] == pytest.approx(np.linalg.norm(gradient), rel=1e-15)
    assert said["update_norm"] == pytest.approx(0.05 * np.linalg.norm(gradient), rel=1e-12)
    assert said["param_norm"] == pytest.approx(np.linalg.norm(w[36]), rel=1e-15)
    assert said["train_loss"] == SURFACES["bowl"].value(w[37])
    assert (said["theta[0]"], said["theta[1]"]) == tuple(w[36])
    assert np.allclose(run.step_norm_history, 0.05 * run.grad_norm_history, rtol=1e-12)
    with pytest.raises(IndexError, match="step 61 was not run; this run has steps 1 to 60"):
        run.steps.at(61)


# Stop rules


@pytest.mark.parametrize("rule", ["loss_tol", "step_tol", "update_tol"])
def test_a_false_plateau_is_throttled_not_converged(rule):
    """Flat only because the steps are tiny, on a slope of 41."""
    run = on("bowl", 1e-9, steps=50, **{rule: 1e-5})
    assert (run.stopped.kind, run.stopped.rule) == ("throttled", rule)
    assert run.stopped.t < 5
    assert "throttled by the learning rate" in run.stopped.sentence


@pytest.mark.parametrize("rule", ["loss_tol", "step_tol", "update_tol", "grad_tol"])
def test_at_the_bottom_every_tolerance_means_converged(rule):
    run = on("bowl", 0.1, steps=1000, **{rule: 1e-7})
    assert (run.stopped.kind, run.stopped.rule) == ("converged", rule)
    assert np.allclose(run.w, [1, -2], atol=1e-2)
    assert run.stopped.t < 1000


def alternating(period):
    """The loss rises a little with every call, `period` calls in a row, then falls back."""
    calls = []

    def climb(w):
        calls.append(1)
        return 1.0 + 0.01 * (len(calls) % period), np.zeros_like(w)

    return UserObjective(climb, 1)


STOPS = {  # rule -> (surface, lr, what sets it off)
    "nonfinite": ("flat", 1e3, {}),
    "jump": ("bowl", 1.0, {"jump": 10.0}),
    "rises": ("bowl", 0.21, {"rises": 5}),
    "param_bound": ("saddle", 0.1, {"param_bound": 100.0}),
    "grad_tol": ("bowl", 0.1, {"grad_tol": 1e-3}),
    "loss_tol": ("bowl", 0.1, {"loss_tol": 1e-6}),
    "step_tol": ("bowl", 0.1, {"step_tol": 1e-4}),
    "update_tol": ("bowl", 0.1, {"update_tol": 1e-4}),
    "patience": ("parabola", 1.0, {"patience": 4}),
}
OFF = {"nonfinite": False, "jump": 0.0, "rises": 0, "param_bound": 0.0}


def test_every_stop_rule_is_tried_here():
    assert set(STOPS) == set(CHECKS)


@pytest.mark.parametrize("rule", STOPS)
def test_a_stop_rule_stops_and_can_be_switched_off(rule):
    surface, lr, setting = STOPS[rule]
    alone = OFF | ({"nonfinite": True} if rule == "nonfinite" else setting)
    stopped = on(surface, lr, steps=150, every=1, **alone)
    assert stopped.stopped.rule == rule
    assert stopped.stopped.kind == CHECKS[rule][0]
    assert stopped.stopped.t == stopped.state.t == len(stopped.steps) < 150
    assert str(stopped.stopped.t) in stopped.stopped.sentence or rule == "patience"
    on_and_on = on(surface, lr, steps=150, every=1, **OFF)
    assert (on_and_on.stopped.kind, on_and_on.state.t) == ("steps", 150)


def test_rises_must_be_in_a_row():
    calm = Spec(problem=Custom(start=(0.0,))).but(steps=60, rises=5, jump=0.0, every=60)
    assert train(calm, objective=alternating(5)).stopped.kind == "steps"
    assert train(calm, objective=alternating(6)).stopped.rule == "rises"


def listed(values):
    """An objective whose loss at update t is values[t]: gd with lr 1 counts w upwards."""
    return UserObjective(lambda w: (values[min(int(w[0]), len(values) - 1)], -np.ones(1)), 1)


def counted(values, **stop):
    spec = Spec(problem=Custom(start=(0.0,)), method=Method(rule="gd", lr=1.0))
    stop = {"steps": len(values) - 1, "every": 1, "jump": 0.0, "rises": 0} | stop
    return train(spec.but(**stop), objective=listed(values))


def test_ten_times_the_loss_is_no_divergence_as_long_as_it_is_below_the_start():
    """A run may bounce at the bottom; what counts is that it is worse than where it began."""
    assert counted([100.0, 1e-3, 1.0, 50.0, 1.0], jump=10.0).stopped.kind == "steps"
    assert counted([100.0, 1e-3, 1.0, 101.0, 1.0], jump=10.0).stopped.rule == "jump"


def test_patience_counts_evaluations_without_a_gain_and_keeps_the_best():
    run = counted([5.0, 4.0, 3.0, 3.5, 3.2, 3.1, 2.0, 1.0], patience=3)
    assert (run.stopped.kind, run.stopped.t) == ("patience", 5)
    assert (run.best_t, run.best_value, run.best.tolist()) == (2, 3.0, [2.0])
    assert run.w.tolist() == [5.0]
    assert run.best_evaluation["t"] == 2


def test_of_equal_losses_the_first_is_the_best():
    run = counted([5.0, 4.0, 4.0, 4.0, 4.5])
    assert (run.best_t, run.best.tolist()) == (1, [1.0])
    assert run.best_evaluation["t"] == 1


@pytest.mark.parametrize("lr", [0.1, 0.21])
def test_wherever_a_run_ends_its_end_is_evaluated_and_may_be_the_best(lr):
    """Also between two evaluations."""
    run = on("bowl", lr, steps=200, every=150, grad_tol=1e-3)
    assert run.state.t % 150
    assert [entry["t"] for entry in run.evaluations] == [0, run.state.t]
    assert run.final["train_loss"] == SURFACES["bowl"].value(run.w)
    assert run.best_t == (0 if run.diverged else run.state.t)


def test_a_gain_starts_patience_anew():
    assert counted([5.0, 6.0, 6.0, 4.0, 6.0, 6.0, 3.0, 3.0], patience=3).stopped.kind == "steps"


def test_gains_up_to_min_delta_do_not_count():
    falling = [5.0 - 0.1 * k for k in range(12)]
    assert counted(falling, patience=3).stopped.kind == "steps"
    assert counted(falling, patience=3, min_delta=0.35).stopped.t == 3
    assert counted(falling, patience=3, min_delta=0.25).stopped.kind == "steps"  # the third is well under the best


def test_patience_counts_evaluations_not_updates():
    assert counted([1.0] * 41, patience=3, every=5).stopped.t == 15


def test_losses_that_are_not_finite_are_never_the_best():
    run = counted([5.0, 4.0, float("nan"), float("inf"), 6.0, 7.0], nonfinite=False)
    assert (run.best_t, run.best_value) == (1, 4.0)


@pytest.mark.parametrize("rule", [*RULES, "nesterov_lookahead"])
@pytest.mark.parametrize("broken", [np.nan, np.inf, -np.inf])
def test_a_gradient_that_is_not_finite_stops_the_run_and_leaves_every_weight_finite(rule, broken):
    def breaks(w):
        calls.append(1)
        return float((w * w).sum()), 2 * w if len(calls) != 6 else np.array([2 * w[0], broken])

    calls = []
    spec = Spec(problem=Custom(start=(1.0, 2.0)), method=Method(rule=rule)).but(steps=9, every=100)
    run = train(spec, objective=UserObjective(breaks, 2))
    assert (run.stopped.rule, run.stopped.t) == ("nonfinite", 5)  # one call evaluates the start
    assert np.isfinite(run.w).all()
    assert np.isfinite(run.state.slots).all()
    assert run.w.tolist() == run.theta_history[4].tolist()
    calls = []
    further = train(spec.but(nonfinite=False), objective=UserObjective(breaks, 2))
    assert further.stopped.kind == "steps"
    assert np.isfinite(further.w).all()
    assert not np.array_equal(further.w, run.w)


@pytest.mark.parametrize("broken", [np.nan, np.inf])
def test_a_run_whose_first_loss_is_not_finite_ends_without_a_traceback_or_a_warning(broken):
    spec = Spec(problem=Custom(start=(1.0, 2.0))).but(steps=9)
    run = train(spec, objective=UserObjective(lambda w: (broken, np.full(2, np.nan)), 2))
    assert (run.stopped.rule, run.stopped.t) == ("nonfinite", 1)
    assert run.w.tolist() == run.best.tolist() == [1.0, 2.0]
    assert run.best_value == np.inf


@pytest.mark.parametrize(("surface", "rule", "lr"), [("bowl", "adam", 0.3), ("himmelblau", "momentum", 0.01)])
def test_known_minima_are_found(surface, rule, lr):
    run = on(surface, lr, steps=3000, rule=rule, grad_tol=1e-6)
    assert run.stopped.rule == "grad_tol"
    assert np.abs(SURFACES[surface].minimisers - run.w).max(-1).min() < 1e-5


def test_random_starts_lie_in_the_box_and_follow_the_seed():
    spec = Spec(problem=OnSurface(surface="himmelblau", random_start=True)).but(steps=1)
    starts = np.array([train(spec.but(seed=seed)).theta_history[0] for seed in range(8)])
    low, high = SURFACES["himmelblau"].box.T
    assert ((starts >= low) & (starts <= high)).all()
    assert len(np.unique(starts)) == 16
