"""A sweep runs its members together; each must be the run that it would be alone."""

import numpy as np
import pytest

from thalweg.descent.method_section import Method
from thalweg.descent.optimizer import Optimizer
from thalweg.descent.population import Population
from thalweg.descent.spec import Spec
from thalweg.descent.train import train, train_all
from thalweg.formulas.rules import RULES
from thalweg.problems.objective import UserObjective
from thalweg.problems.sections import Custom, OnSurface, Table

TOLERANCE = 1e-10
HYPER = {  # what a sweep of this rule varies besides its rate
    "momentum": {"beta": 0.5, "ema": 0.0},
    "nesterov": {"beta": 0.5, "ema": 0.0},
    "adagrad": {"eps": 1e-3},
    "rmsprop": {"rho": 0.99, "eps": 1e-4},
    "rmsprop_centered": {"rho": 0.99, "eps": 1e-4},
    "adam": {"beta1": 0.5, "beta2": 0.99},
    "amsgrad": {"beta1": 0.5, "beta2": 0.9},
    "adamw": {"decay": 0.3},
    "nadam": {"psi": 0.1},
    "lion": {"beta1": 0.8, "decay": 0.1},
}


def base(rule, batch_size=32):
    """A convex problem: logistic regression, 100 steps, no stop rule that could tell runs apart."""
    spec = Spec(problem=Table(source="breast_cancer"), method=Method(rule=rule, schedule="cosine"))
    return spec.but(steps=100, every=25, batch_size=batch_size, jump=0.0, rises=0)


def sweep(rule):
    """Members that differ in everything that may differ within a population."""
    spec = base(rule)
    specs = [spec.but(lr=scale * RULES[rule].lr) for scale in (0.3, 2.0)]
    specs += [spec.but(seed=1, clip_norm=0.05), spec.but(clip_value=0.01, seed=2)]
    specs += [spec.but(**{name: value}) for name, value in HYPER.get(rule, {}).items()]
    return specs if RULES[rule].decays else [*specs, spec.but(l2=0.01), spec.but(l2=1.0, seed=3)]


def farthest(together, alone):
    """The largest difference in parameters, memory and losses."""
    pairs = [(together.w, alone.w), (together.best, alone.best), (together.loss_history, alone.loss_history)]
    pairs += [(together.grad_norm_history, alone.grad_norm_history), (together.state.slots, alone.state.slots)]
    return max(float(np.abs(a - b).max(initial=0.0)) for a, b in pairs)


@pytest.mark.few(3)
@pytest.mark.parametrize("rule", RULES)
def test_a_member_of_a_sweep_is_its_single_run_over_100_convex_steps(rule):
    specs = sweep(rule)
    together = train_all(specs)
    worst = max(farthest(run, train(spec)) for run, spec in zip(together, specs, strict=True))
    assert worst <= TOLERANCE  # measured: 0, NumPy multiplies member by member; a faster product need not
    different = len(np.unique([run.w for run in together], axis=0))
    assert different >= len(specs) - 1  # lion's signs do not see every change


@pytest.mark.parametrize("rule", RULES)
def test_the_members_of_a_sweep_do_run_together(rule, monkeypatch):
    sizes, fresh = [], Population.fresh.__func__

    def counted(cls, setup, problem):
        sizes.append(len(setup.specs))
        return fresh(cls, setup, problem)

    monkeypatch.setattr(Population, "fresh", classmethod(counted))
    specs = [spec.but(steps=1) for spec in sweep(rule)]
    train_all(specs)
    assert sizes == [len(specs)]


@pytest.mark.slow
@pytest.mark.parametrize("rule", ["gd", "adam", "momentum"])
def test_the_same_on_full_batches_and_on_rows_drawn_with_replacement(rule):
    for batch in ({"batch_size": 0}, {"batch_size": 5, "sampling": "replacement"}):
        specs = [base(rule).but(seed=seed, lr=lr, **batch) for seed, lr in ((0, 0.01), (0, 0.1), (4, 0.1))]
        for run, spec in zip(train_all(specs), specs, strict=True):
            assert farthest(run, train(spec)) <= TOLERANCE


def test_members_stop_by_themselves_when_they_would_alone():
    specs = [base("gd", 0).but(lr=lr, grad_tol=0.05, steps=300) for lr in (0.01, 0.1, 0.5, 1.0)]
    together = train_all(specs)
    for run, spec in zip(together, specs, strict=True):
        alone = train(spec)
        assert (run.stopped, run.state.t) == (alone.stopped, alone.state.t)
        assert len(run.evaluations) == len(alone.evaluations)
        assert farthest(run, alone) <= TOLERANCE
    assert len({run.state.t for run in together}) >= 3


def test_a_plateau_is_each_members_own():
    options = {"wait": 1.0, "threshold": 0.05}
    specs = [base("gd").but(schedule="plateau", schedule_options=options, lr=lr, every=5) for lr in (1e-4, 0.1, 0.3)]
    together = train_all(specs)
    for run, spec in zip(together, specs, strict=True):
        assert np.array_equal(run.steps["lr"], train(spec).steps["lr"])
    assert len({tuple(run.steps["lr"] / run.steps["lr"][0]) for run in together}) > 1


@pytest.mark.few(3)
@pytest.mark.parametrize("rule", RULES)
def test_a_member_that_diverges_does_not_disturb_the_others(rule):
    """In the middle of the population, by an overflow that leaves neither number finite."""

    def cliff(w):
        beyond = np.abs(w).max() > 50
        return float((w * w).sum()), np.full_like(w, np.nan) if beyond else 2 * w

    objective = UserObjective(cliff, 2)
    spec = Spec(problem=Custom(start=(3.0, -4.0)), method=Method(rule=rule)).but(steps=60, param_bound=0.0, jump=0.0)
    specs = [spec.but(lr=lr) for lr in (0.01, 80.0, 0.02, 90.0)]
    together = train_all(specs, objective=objective)
    assert [run.diverged for run in together] == [False, True, False, True]
    for run, member in zip(together, specs, strict=True):
        alone = train(member, objective=objective)
        assert run.stopped == alone.stopped
        assert np.array_equal(run.w, alone.w)
        assert np.isfinite(run.w).all()
        assert np.array_equal(run.steps["loss"], alone.steps["loss"])


def test_members_that_leave_take_nothing_of_the_others_along():
    """Each of the others keeps its own rate, hyperparameters, penalty, clipping and batches."""
    spec = base("momentum").but(jump=10.0, steps=60, every=10, schedule="constant")
    leaving = [spec.but(lr=1e5, beta=0.1, seed=7), spec.but(lr=1e6, clip_value=1e3, l2=1e-3)]
    staying = [
        spec.but(beta=0.2, seed=1),
        spec.but(beta=0.8, clip_norm=0.05, seed=2),
        spec.but(l2=0.5, clip_value=0.01),
        spec.but(lr=0.02, ema=0.0, seed=3, l2=0.1),
    ]
    specs = [leaving[0], *staying[:2], leaving[1], *staying[2:]]
    together = train_all(specs)
    assert [run.diverged for run in together] == [True, False, False, True, False, False]
    for run, member in zip(together, specs, strict=True):
        alone = train(member)
        assert run.stopped == alone.stopped
        if not run.diverged:
            assert farthest(run, alone) <= TOLERANCE


def test_on_a_surface_members_are_their_single_runs_bit_for_bit():
    spec = Spec(problem=OnSurface(surface="rosenbrock"), method=Method(rule="adam")).but(steps=80)
    specs = [spec.but(lr=lr) for lr in (1e-3, 1e-2, 1e-1)]
    for run, member in zip(train_all(specs), specs, strict=True):
        assert np.array_equal(run.w, train(member).w)


def test_runs_come_back_in_the_order_of_their_specs_also_when_they_cannot_run_together():
    specs = [base("gd", b).but(rule=rule, lr=lr, steps=5) for b, rule, lr in
             ((0, "gd", 0.1), (32, "adam", 0.01), (0, "gd", 0.2), (32, "adam", 0.02), (16, "adam", 0.01))]  # fmt: skip
    runs = train_all(specs)
    assert [(r.spec.method.rule, r.spec.method.lr, r.spec.batch.batch_size) for r in runs] == [
        (s.method.rule, s.method.lr, s.batch.batch_size) for s in specs
    ]
    for run, spec in zip(runs, specs, strict=True):
        assert farthest(run, train(spec)) <= TOLERANCE


@pytest.mark.parametrize("rule", ["newton", "nesterov_lookahead"])
def test_methods_that_no_rule_makes_run_together_too(rule):
    spec = base("gd", 0).but(rule=rule, schedule="constant", steps=8, l2=0.01)
    hyper = {} if rule == "newton" else {"beta": 0.5}
    specs = [spec.but(lr=0.5), spec.but(lr=1.0), spec.but(l2=0.1), spec.but(**hyper)]
    for run, member in zip(train_all(specs), specs, strict=True):
        assert farthest(run, train(member)) <= TOLERANCE


def test_a_members_problem_is_that_of_its_own_spec():
    specs = [base("gd").but(l2=l2, steps=3) for l2 in (0.0, 0.5)]
    for run, spec in zip(train_all(specs), specs, strict=True):
        assert run.problem.objective.l2 == spec.problem.l2
        assert run.w.shape == (run.problem.objective.size,)


def test_members_of_an_optimizer_keep_their_own_hyperparameters():
    method = Optimizer.named("adam", beta1=np.array([0.1, 0.2, 0.3]), beta2=0.9)
    some = method.members(np.array([0, 2]))
    assert some.hyper["beta1"].tolist() == [0.1, 0.3]
    assert some.hyper["beta2"] == 0.9


def test_in_float32_a_hyperparameter_that_one_member_sets_leaves_the_others_their_defaults():
    spec = base("adam").but(dtype="float32", steps=20)
    specs = [spec, spec.but(eps=1e-3)]
    for run, member in zip(train_all(specs), specs, strict=True):
        assert run.w.dtype == np.float32
        assert np.abs(run.w - train(member).w).max() < 1e-6
