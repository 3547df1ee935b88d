"""Laws of the learning-rate sweep, on least squares where the largest stable rate is known: 2 / λmax."""

import copy

import numpy as np
import pytest

from thalweg.descent.spec import Spec
from thalweg.descent.train import resolved, train
from thalweg.errors import SpecError
from thalweg.evidence.sweep import AS_GOOD, WIDEN, choose, sweep
from thalweg.formulas.surfaces import named_surface
from thalweg.problems.sections import OnSurface, Table


def quadratic(condition=10.0, dims=2, **changes):
    """A quadratic and the rate above which gradient descent diverges on it."""
    surface = named_surface("quadratic", size=dims, condition=condition)
    steepest = float(np.linalg.eigvalsh(surface.hessian(np.zeros(dims))).max())
    spec = Spec(problem=OnSurface(surface="quadratic", dims=dims, condition=condition))
    return spec.but(**{"steps": 200, "every": 5, **changes}), 2 / steepest


def least_squares(table_of, **changes):
    """A regression on all training rows at once, and its 2 / λmax."""
    spec = Spec(problem=Table(source=table_of("regression"), target="y"))
    spec = resolved(spec.but(**{"steps": 200, "every": 5, **changes}))
    fit = train(spec.but(steps=1)).problem.objective
    return spec, 2 / float(np.linalg.eigvalsh(fit.hessian(np.zeros(fit.size))).max())


def verdicts(found):
    return {rate.lr: rate.verdict for rate in found.rates}


@pytest.mark.few(1)
@pytest.mark.parametrize("case", ["quadratic", "steep quadratic", "least squares"])
def test_rates_are_stable_exactly_below_two_over_the_largest_curvature(case, table_of):
    cases = {"quadratic": quadratic, "steep quadratic": lambda: quadratic(100.0, 4)}
    base, limit = least_squares(table_of) if case == "least squares" else cases[case]()
    shares = (0.05, 0.2, 0.5, 0.8, 0.95, 1.05, 1.5, 4.0)
    found = sweep(base, "gd", seeds=[0, 1], grid=[share * limit for share in shares])
    for lr, verdict in verdicts(found).items():
        stable = verdict in ("fast", "slow")
        assert stable == (lr < limit), (lr / limit, verdict)
    assert found.chosen.lr < limit
    assert found.chosen.verdict == "fast"
    assert not found.at_edge
    failed = min(lr for lr in verdicts(found) if lr > found.chosen.lr and lr > limit)
    assert f"; {failed:.3g} was {verdicts(found)[failed]}" in found.sentence


def test_a_rate_that_diverges_late_is_not_called_stable():
    base, limit = quadratic()
    found = sweep(base, "gd", seeds=[0], grid=[0.5 * limit, 1.002 * limit])
    assert verdicts(found)[1.002 * limit] in ("diverged", "unstable")


@pytest.mark.parametrize(
    "rule",
    ["gd", "adam", *(pytest.param(r, marks=pytest.mark.slow) for r in ("momentum", "nesterov", "rmsprop", "lion"))],
)
def test_what_is_chosen_is_the_largest_fast_rate_that_is_as_good_as_the_best(rule, table_of):
    base = Spec(problem=Table(source=table_of("binary"), target="y")).but(steps=60, every=3, batch_size=16)
    found = sweep(base, rule, seeds=[0, 1])
    stable = [rate for rate in found.rates if rate.verdict in ("fast", "slow")]
    best = min(rate.value for rate in stable)
    assert found.chosen in stable
    larger = [rate for rate in stable if rate.lr > found.chosen.lr and rate.verdict == "fast"]
    assert all(rate.value > best * (1 + AS_GOOD) for rate in larger)
    assert choose(found.rates) == found.chosen
    assert {found.chosen.lr / 2, found.chosen.lr * 2} & {rate.lr for rate in found.rates}  # it was refined


def test_a_grid_that_is_too_low_is_widened_and_if_that_does_not_do_the_edge_is_named():
    base, limit = quadratic()
    found = sweep(base, "gd", seeds=[0], grid=[limit / 30, limit / 10])
    assert found.rates[-1].lr > limit / 10
    assert not found.at_edge  # widening reached the other side
    low = sweep(base, "gd", seeds=[0], grid=[limit * 1e-9, limit * 3e-9])
    assert low.at_edge
    assert "lies on the edge of all that were tried" in low.sentence
    assert "none tried up to" in low.sentence
    assert 2 < len(low.rates) <= 2 + WIDEN + 2


def test_a_grid_that_is_too_high_is_widened_downwards_only_if_something_was_stable():
    base, limit = quadratic()
    found = sweep(base, "gd", seeds=[0], grid=[limit * 1e3, limit * 1e4])
    assert (found.chosen, found.at_edge) == (None, False)
    assert found.sentence.startswith("No suggestion for gd, because every rate from")
    assert found.sentence.endswith("was diverged.")


def test_one_rate_is_judged_and_refined():
    base, limit = quadratic()
    found = sweep(base, "gd", seeds=[0], grid=[limit / 2])
    assert {limit / 4, limit / 2, limit} <= set(verdicts(found))


def test_the_callers_spec_and_data_are_left_as_they_were(table_of):
    base, _ = least_squares(table_of)
    before, X = copy.deepcopy(base), train(base.but(steps=1)).problem.objective.splits["train"].X.copy()
    sweep(base, "adam", seeds=[3], grid=[0.01, 0.1])
    assert base == before
    assert np.array_equal(train(base.but(steps=1)).problem.objective.splits["train"].X, X)


def test_every_rate_has_a_run_of_every_seed_and_none_is_run_twice():
    base, limit = quadratic()
    found = sweep(base, "gd", seeds=[4, 7, 9], grid=[limit / 4, limit / 2, limit / 2, limit / 4])
    assert all([run.spec.seed for run in rate.runs] == [4, 7, 9] for rate in found.rates)
    pairs = [(run.spec.method.lr, run.spec.seed) for run in found.study.runs]
    assert len(pairs) == len(set(pairs)) == 3 * len(found.rates)
    assert len(set(found.study.names)) == len(found.study.names)


def test_the_order_of_the_grid_does_not_matter(table_of):
    base = Spec(problem=Table(source=table_of("binary"), target="y")).but(steps=20, every=2, batch_size=16)
    up, down = (sweep(base, "gd", seeds=[0], grid=grid) for grid in ([0.01, 0.1, 1.0], [1.0, 0.1, 0.01]))
    assert verdicts(up) == verdicts(down)
    assert up.sentence == down.sentence


@pytest.mark.slow
def test_a_rates_numbers_are_those_of_training_with_it_alone(table_of):
    """A member of a population agrees with its single run to rounding. (100 convex steps)"""
    base = Spec(problem=Table(source=table_of("binary"), target="y", l2=0.01)).but(steps=100, every=10, batch_size=16)
    for rate in sweep(base, "adam", seeds=[0, 1], grid=[0.003, 0.03]).rates:
        for number, run in enumerate(rate.runs):
            alone = train(run.spec)
            assert np.abs(alone.w - run.w).max() <= 1e-10
            assert abs(alone.final["train_loss"] - rate.final_train[number]) <= 1e-10


@pytest.mark.parametrize(("grid", "seeds"), [([], [0]), ([0.1], [])])
def test_a_sweep_of_nothing_is_refused(grid, seeds):
    with pytest.raises(SpecError, match="at least one of both"):
        sweep(quadratic()[0], "gd", seeds=seeds, grid=grid)
