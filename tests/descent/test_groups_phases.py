"""Parameter groups and phases: biases never decay, a phase starts with an empty memory, the run's t goes on."""

import numpy as np
import pytest

from thalweg.descent.loop import descend
from thalweg.descent.method_section import Method, Phase, default_lr
from thalweg.descent.optimizer import Optimizer
from thalweg.descent.spec import Spec
from thalweg.descent.train import train
from thalweg.errors import UnknownName
from thalweg.formulas.rules import RULES
from thalweg.problems.layout import Layout
from thalweg.problems.objective import UserObjective
from thalweg.problems.sections import Table

LAYOUT = Layout({"W1": (2, 2), "W2": (2,)}, {"b1": (2,), "b2": (1,)})
DECAYING = [name for name, rule in RULES.items() if rule.decays]


def still(grad=0.0):
    return UserObjective(lambda w: (0.0, np.full_like(w, grad)), LAYOUT.size, named=LAYOUT)


def stepped(method, objective, steps=1, lr=0.1, start=None):
    state = method.start(np.ones(LAYOUT.size) if start is None else start)
    for _, _ in zip(range(steps), descend(objective, method, state, lr), strict=False):
        pass
    return LAYOUT.views(state.w[0])


def test_there_are_rules_with_decay():
    assert set(DECAYING) >= {"adamw", "lion"}


@pytest.mark.parametrize("groups", [{}, {"*": {"decay": 0.9}}, {"b*": {"decay": 0.9}}], ids=["none", "all", "biases"])
@pytest.mark.parametrize("rule", DECAYING)
def test_biases_never_decay_whatever_the_groups_say(rule, groups):
    named = stepped(Optimizer.named(rule, decay=0.5).on(LAYOUT, groups), still(), steps=5)
    for name, values in named.items():
        assert (values == 1.0).all() if name.startswith("b") else (values < 1.0).all()


@pytest.mark.parametrize("rule", DECAYING)
def test_in_a_trained_network_without_gradient_only_weights_shrink(rule):
    """Through the Spec: the scales and shifts of batch norm are as free as biases."""
    section = Table(source="iris", model="mlp", hidden=(4,), batch_norm=True)
    spec = Spec(problem=section, method=Method(rule=rule, lr=0.01, hyper={"decay": 3.0})).but(steps=1)
    with_decay, without = train(spec), train(spec.but(decay=0.0))
    layout, start = with_decay.problem.objective.layout, with_decay.problem.start(0)
    extra = layout.views(with_decay.w - without.w)
    named = layout.views(start)
    for name in layout.shapes:
        expected = -0.01 * 3.0 * named[name] if name.startswith("W") else 0 * named[name]
        assert np.allclose(extra[name], expected, rtol=1e-9, atol=1e-15)


def test_the_last_pattern_that_matches_wins():
    groups = {"W*": {"decay": 0.1}, "W2": {"decay": 0.2}}
    named = stepped(Optimizer.named("adamw").on(LAYOUT, groups), still())
    assert np.allclose(named["W1"], 1 - 0.1 * 0.1)
    assert np.allclose(named["W2"], 1 - 0.1 * 0.2)


def test_a_group_has_a_rate_of_its_own():
    groups = {"W1": {"lr_scale": 0.0}, "b*": {"lr_scale": 10.0}}
    named = stepped(Optimizer.named("gd").on(LAYOUT, groups), still(grad=1.0))
    expected = {"W1": 1.0, "W2": 0.9, "b1": 0.0, "b2": 0.0}
    assert all(np.allclose(values, expected[name], atol=1e-15) for name, values in named.items())


def test_a_group_has_a_memory_of_its_own():
    groups = {"W2": {"beta": 0.0}}
    grouped = stepped(Optimizer.named("momentum").on(LAYOUT, groups), still(grad=1.0), steps=4)
    plain, forgetful = (
        stepped(Optimizer.named("momentum", beta=beta), still(grad=1.0), steps=4) for beta in (0.9, 0.0)
    )
    assert np.array_equal(grouped["W1"], plain["W1"])
    assert np.array_equal(grouped["W2"], forgetful["W2"])


@pytest.mark.parametrize("rule", RULES)
def test_groups_that_change_nothing_change_no_bit(rule):
    method = Optimizer.named(rule)
    rng = np.random.default_rng(0)
    H, start = np.diag(rng.uniform(0.1, 1, LAYOUT.size)), rng.normal(size=LAYOUT.size)
    objective = UserObjective(lambda w: (0.5 * float(w @ H @ w), H @ w), LAYOUT.size, named=LAYOUT)
    same = method.on(LAYOUT, {"W1": {"lr_scale": 1.0}, **{n: dict(RULES[rule].defaults) for n in ("W2",)}})
    free = {"decay": 0.0} if RULES[rule].decays else {}
    same = Optimizer(
        same.rule, {**same.hyper, **free}, blocks=tuple(b._replace(hyper=b.hyper | free) for b in same.blocks)
    )
    walks = [stepped(m, objective, 20, start=start) for m in (Optimizer.named(rule, **free), same)]
    assert all(np.array_equal(walks[0][name], walks[1][name]) for name in LAYOUT.shapes)


def test_neighbours_with_the_same_settings_are_one_block():
    assert len(Optimizer.named("adam").on(LAYOUT).blocks) == 1
    assert len(Optimizer.named("adamw").on(LAYOUT).blocks) == 2
    assert len(Optimizer.named("adam").on(LAYOUT, {"W2": {"beta1": 0.5}}).blocks) == 3


def test_an_unknown_hyperparameter_is_named():
    with pytest.raises(UnknownName, match="no hyperparameter of adam 'beta'; did you mean beta"):
        Optimizer.named("adam", beta=0.5)


# Phases


def phased(small, *phases, **changes):
    return small.but(phases=[{"begin": begin, "rule": rule, **more} for begin, rule, more in phases], **changes)


@pytest.mark.parametrize("second", ["adam", "momentum", "amsgrad", "nadam", "lion"])
def test_a_phase_is_a_run_of_its_own_from_where_the_first_one_ended(small, second):
    """Its memory starts at zero and its rule counts t from 1: as if begun anew at the weights reached."""
    both = train(phased(small, (5, second, {"lr": 0.01}), rule="adam"))
    first = train(small.but(rule="adam", steps=5))
    assert np.array_equal(both.theta_history[5], first.theta_history[5])
    state = Optimizer.named(second).start(first.w)
    method = Optimizer.named(second, **({"decay": 0.0} if RULES[second].decays else {}))
    for _, _ in zip(range(7), descend(both.problem.objective, method, state, 0.01), strict=False):
        pass
    assert np.array_equal(both.w, state.w[0])
    assert np.array_equal(both.state.slots, state.slots)


def test_the_runs_t_goes_on_through_a_phase(small):
    run = train(phased(small, (5, "gd", {})))
    assert run.steps["t"].tolist() == list(range(1, 13))
    assert run.state.t == 12
    assert run.state.slots.shape[0] == 0


def test_a_phase_has_its_own_rate_under_the_same_schedule(small):
    run = train(phased(small, (4, "adam", {}), (8, "gd", {"lr": 0.5}), schedule="exponential"))
    multiplier = 0.01 ** (np.arange(12) / 12)
    base = np.repeat([0.05, default_lr("adam"), 0.5], 4)
    assert np.allclose(run.steps["lr"], base * multiplier, rtol=1e-12)


def test_without_phases_nothing_changes_before_the_first_one_begins(small):
    plain, later = train(small), train(phased(small, (12, "adam", {})))
    assert np.array_equal(plain.w, later.w)
    assert not np.array_equal(plain.w, train(phased(small, (11, "adam", {}))).w)


def test_the_batches_of_a_phase_are_those_the_run_would_have_had(small):
    spec = small.but(rule="gd", batch_size=7)
    same = spec.but(phases=[Phase(begin=5, rule="gd", lr=0.05)])
    assert np.array_equal(train(spec).w, train(same).w)


def test_hyperparameters_of_a_phase_are_its_own(small):
    one = train(phased(small, (5, "momentum", {"hyper": {"beta": 0.5}, "lr": 0.05}), beta=0.0))
    two = train(phased(small, (5, "momentum", {"lr": 0.05}), beta=0.0))
    assert not np.array_equal(one.w, two.w)
    assert np.array_equal(one.theta_history[:6], two.theta_history[:6])


def test_a_group_may_speak_of_hyperparameters_that_only_one_phase_has(small):
    spec = phased(small, (5, "momentum", {"lr": 0.05}), rule="adam", groups={"W1": {"beta1": 0.5, "lr_scale": 0.5}})
    run = train(spec)
    assert run.stopped.kind == "steps"
    scales = train(spec.but(groups={"W1": {"lr_scale": 0.5}}))
    assert not np.array_equal(run.w, scales.w)


def test_each_member_of_a_population_goes_through_its_phases(small):
    from thalweg.descent.train import train_all

    specs = [
        phased(small, (5, "momentum", {"lr": 0.01}), rule="adam", lr=lr, seed=s) for lr, s in ((0.01, 0), (0.1, 1))
    ]
    for run, spec in zip(train_all(specs), specs, strict=True):
        assert np.abs(run.w - train(spec).w).max() <= 1e-12
