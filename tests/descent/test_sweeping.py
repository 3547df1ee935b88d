"""The engine "sweep": compiled strides made from the formulas, and what must hold of them."""

import numpy as np
import pytest

from thalweg.descent import engine
from thalweg.descent.compiled.kernel import numba_is_here
from thalweg.descent.engine import SWEEP
from thalweg.descent.evaluations import Evaluations, Sheet
from thalweg.descent.method_section import Method
from thalweg.descent.spec import Spec
from thalweg.descent.sweeping.texts import activation_text, loss_text, numbers_of, rule_symbols, update_text
from thalweg.descent.sweeping.tracing import ENTRY, Untraceable, symbol, traced
from thalweg.descent.train import resolved, train, train_all
from thalweg.errors import SpecError
from thalweg.formulas.activations import ACTIVATIONS
from thalweg.formulas.losses import LOSSES
from thalweg.formulas.rules import RULES
from thalweg.problems.sections import Table

compiled = pytest.mark.skipif(not numba_is_here(), reason="Numba is not installed")
TIMELESS = slice(2, None)  # columns after t and seconds


def logistic(rule="momentum", **changes):
    spec = Spec(problem=Table(source="breast_cancer"), method=Method(rule=rule), engine="sweep")
    return spec.but(steps=100, every=25, batch_size=32, jump=0.0, rises=0).but(**changes)


def several(spec):
    """Members that differ in rate, seed, penalty and clipping, in no order."""
    changes = [{"lr": 0.3}, {"seed": 2}, {"lr": 0.01, "l2": 0.1}, {"seed": 1, "clip_norm": 0.05}, {"clip_value": 0.01}]
    return [spec.but(**change) for change in changes]


def distance(a, b):
    pairs = [(a.w, b.w), (a.best, b.best), (a.state.slots, b.state.slots)]
    pairs += [(a.steps.rows[:, TIMELESS], b.steps.rows[:, TIMELESS])]
    pairs += [(list(e.values())[4:], list(f.values())[4:]) for e, f in zip(a.evaluations, b.evaluations, strict=True)]
    return max(float(np.max(np.abs(np.subtract(*pair)), initial=0.0)) for pair in pairs)


def same_bits(a, b):
    assert a.stopped == b.stopped
    assert a.w.tobytes() == b.w.tobytes()
    assert a.state.slots.tobytes() == b.state.slots.tobytes()
    assert a.steps.rows[:, TIMELESS].tobytes() == b.steps.rows[:, TIMELESS].tobytes()


def test_every_loss_activation_and_rule_can_be_traced():
    for dtype in ("float32", "float64"):
        for loss in LOSSES.values():
            assert "def loss(" in loss_text(loss, dtype, weighted=True)[0]
        for activation in ACTIVATIONS.values():
            assert "def own_back(" in activation_text("own", activation, dtype)[0]
        for rule in RULES.values():
            assert "return total" in update_text(rule, dtype)


def test_what_depends_on_no_weight_is_computed_as_numpy_would():
    lr = np.array([[0.1], [0.2]])
    found = rule_symbols(RULES["adam"], "float64", 3.0, lr, RULES["adam"].defaults)
    rate = lr / (1 - 0.9**3.0)
    assert any(np.array_equal(value, rate) for value in numbers_of(found) if isinstance(value, np.ndarray))
    assert 1 / (1 - 0.999**3.0) ** 0.5 in [value for value in numbers_of(found) if isinstance(value, float)]


@pytest.mark.parametrize("formula", [np.sinc, lambda w: w[0], lambda w: w if w > 0 else -w, lambda w: w**3])
def test_what_cannot_be_compiled_is_refused_rather_than_guessed(formula):
    with pytest.raises(Untraceable):
        traced(lambda: formula(symbol("w", ENTRY, "float64")))


def test_an_evaluation_taken_from_a_sheet_is_the_record_that_it_stands_for():
    sheet = Sheet({"t": 3, "seconds": 0.5}, {"train_loss": np.array([1.0, 2.0])})
    entries = Evaluations([{"t": 0}])
    entries.append(sheet, 1)
    assert entries == [{"t": 0}, {"t": 3, "seconds": 0.5, "train_loss": 2.0}]
    assert entries[-1] is entries[1]
    assert entries[:1] == [{"t": 0}]


@pytest.mark.slow
@compiled
@pytest.mark.parametrize("rule", RULES)
def test_a_member_is_its_numpy_run_over_100_convex_steps_and_alone_has_the_same_bits(rule):
    specs = (
        several(logistic(rule)) if not RULES[rule].decays else [logistic(rule), logistic(rule, seed=1, clip_norm=0.1)]
    )
    for run, spec in zip(train_all(specs), specs, strict=True):
        assert run.spec.engine == "sweep"
        assert distance(run, train(spec.but(engine="numpy"))) <= 1e-10  # measured: 1.1e-13
        same_bits(run, train(spec))


@pytest.mark.slow
@compiled
@pytest.mark.parametrize(
    "problem",
    [
        Table(source="digits"),
        Table(source="diabetes", l2=0.01),
        Table(source="breast_cancer", bias="ones", class_weight="balanced"),
        Table(
            source="breast_cancer", model="mlp", hidden=(5,), activation="tanh", output="sigmoid",
            loss="binary_cross_entropy",
        ),
        Table(source="digits", model="mlp", hidden=(17, 9), activation="leaky_relu"),
        Table(source="iris", model="mlp", hidden=(3,), output="softmax", loss="categorical_cross_entropy"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("batch_size", [0, 7])
def test_models_losses_and_batches_agree_with_numpy(problem, batch_size):
    spec = Spec(problem=problem, engine="sweep").but(lr=0.01, steps=20, every=7, batch_size=batch_size)
    specs = [spec, spec.but(lr=0.05), spec.but(seed=4)]
    for run, member in zip(train_all(specs), specs, strict=True):
        assert distance(run, train(member.but(engine="numpy"))) <= 1e-9


@pytest.mark.slow
@compiled
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_members_that_leave_disturb_nobody_bit_for_bit(dtype):
    spec = logistic(jump=10.0, every=10, dtype=dtype)
    specs = [spec.but(lr=1e6), spec, spec.but(lr=1e5, seed=1), spec.but(seed=1), spec.but(lr=0.02)]
    together = train_all(specs)
    assert [run.diverged for run in together] == [True, False, True, False, False]
    for run, member in zip(together, specs, strict=True):
        same_bits(run, train(member))
    for run, without in zip([together[i] for i in (1, 3, 4)], train_all([specs[i] for i in (1, 3, 4)]), strict=True):
        same_bits(run, without)


@pytest.mark.slow
@compiled
@pytest.mark.parametrize(
    "stop", [{"grad_tol": 0.05}, {"loss_tol": 1e-4}, {"param_bound": 2.0}, {"patience": 2}, {"rises": 1}]
)
def test_a_member_stops_at_the_update_at_which_it_would_in_numpy(stop):
    for batch_size in (0, 32):
        spec = logistic("gd", batch_size=batch_size, steps=300, **stop)
        specs = [spec.but(lr=lr) for lr in (0.01, 0.1, 0.5, 3.0)]
        for run, member in zip(train_all(specs), specs, strict=True):
            alone = train(member.but(engine="numpy"))
            assert (run.stopped, run.state.t, len(run.steps)) == (alone.stopped, alone.state.t, len(alone.steps))
            assert len(run.evaluations) == len(alone.evaluations)
            assert distance(run, alone) <= 1e-9


@compiled
def test_an_open_engine_sweeps_from_a_stated_amount_of_work_on():
    spec = logistic().but(engine="auto", steps=SWEEP // 100)
    assert resolved(spec, members=1).engine == "compiled"
    assert resolved(spec, members=100).engine == "sweep"
    assert resolved(spec.but(steps=1000), members=100).engine == "numpy"
    large = Spec(problem=Table(source="digits", model="mlp", hidden=(64,))).but(batch_size=64, steps=1000)
    assert resolved(large, members=100).engine == "sweep"  # fewer steps, of more work


@compiled
def test_what_the_engine_took_is_what_the_runs_say(monkeypatch):
    monkeypatch.setattr(engine, "SWEEP", 10)
    specs = [logistic(steps=5).but(engine="auto", lr=lr) for lr in (0.1, 0.2)]
    monkeypatch.setattr(engine, "why_not", lambda name, *_: "" if name == "numpy" else "is not here")
    assert [run.spec.engine for run in train_all(specs)] == ["numpy", "numpy"]


@compiled
def test_an_engine_that_cannot_run_a_spec_says_so_in_a_sentence():
    spec = Spec(problem=Table(source="iris", model="mlp", hidden=(3,), batch_norm=True), engine="sweep").but(steps=2)
    with pytest.raises(SpecError, match="has no batch norm; say engine"):
        train(spec)


@pytest.mark.parametrize("name", ["sweep", "compiled"])
def test_without_numba_an_engine_that_needs_it_is_refused_and_auto_takes_numpy(monkeypatch, name):
    monkeypatch.setattr(engine, "numba_is_here", lambda: False)
    with pytest.raises(SpecError, match="needs Numba"):
        resolved(logistic().but(engine=name))
    assert resolved(logistic().but(engine="auto", steps=10**6), members=100).engine == "numpy"
