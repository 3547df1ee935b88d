"""A Spec is a text file: it reads back as itself, and whatever is wrong in it is said plainly."""

import pickle
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from thalweg.descent.method_section import OTHER_METHODS, Method, Phase, known_hyper
from thalweg.descent.spec import Batch, Spec, Stop
from thalweg.descent.train import resolved, train
from thalweg.errors import ThalwegError, UnknownName
from thalweg.formulas.activations import ACTIVATIONS
from thalweg.formulas.rules import RULES
from thalweg.formulas.schedules import SCHEDULES
from thalweg.problems.sections import Custom, OnSurface, Table

rates = st.floats(1e-300, 1e300, allow_nan=False)
shares = st.floats(0, 0.9999)
names = st.text(max_size=12)
hypers = {"beta": shares, "beta1": shares, "beta2": shares, "rho": shares, "ema": st.floats(-1, 2)}


@st.composite
def hyper_of(draw, rule):
    known = draw(st.lists(st.sampled_from(sorted(known_hyper(rule)) or [""]), unique=True))
    return {name: draw(hypers.get(name, st.floats(0, 10))) for name in known if name}


@st.composite
def methods(draw):
    rule = draw(st.sampled_from([*RULES, *OTHER_METHODS]))
    begins = sorted(draw(st.sets(st.integers(1, 10**6), max_size=3)))
    phases = []
    for begin in begins:
        other = draw(st.sampled_from(list(RULES)))
        phases.append(Phase(begin=begin, rule=other, lr=draw(st.none() | rates), hyper=draw(hyper_of(other))))
    return Method(
        rule=rule,
        lr=draw(st.none() | rates),
        hyper=draw(hyper_of(rule)),
        schedule=draw(st.sampled_from(list(SCHEDULES))),
        warmup=draw(st.integers(0, 10**9)),
        clip_norm=draw(st.just(0.0) | rates) if rule in RULES else 0.0,
        groups={draw(names): {"lr_scale": draw(shares)}} if rule in RULES and draw(st.booleans()) else {},
        phases=tuple(phases),
        allow_l2_with_decay=True,
    )


tables = st.builds(
    Table,
    source=st.text(min_size=1, max_size=12),
    target=names,
    drop=st.lists(names, max_size=3).map(tuple),
    validation=st.floats(0, 0.49),
    test=st.floats(0, 0.49),
    split_seed=st.integers(0, 2**63 - 1),
    scale_target=st.none() | st.booleans(),
    activation=st.sampled_from(list(ACTIVATIONS)),
    l2=st.floats(0, 1e10),
    model=st.just("mlp"),
    hidden=st.lists(st.integers(1, 9), min_size=1, max_size=3).map(tuple),
)
surfaces = st.builds(OnSurface, start=st.lists(st.floats(allow_nan=False), max_size=3).map(tuple))
customs = st.builds(Custom, label=names, start=st.lists(st.floats(allow_nan=False), max_size=3).map(tuple))
specs = st.builds(
    Spec,
    problem=tables | surfaces | customs,
    method=methods(),
    batch=st.builds(Batch, batch_size=st.integers(0, 10**9), sampling=st.sampled_from(["frozen", "replacement"])),
    stop=st.builds(Stop, steps=st.integers(1, 10**12), min_delta=rates, jump=st.just(0.0) | st.floats(1.1, 1e9)),
    seed=st.integers(0, 2**63 - 1),
    dtype=st.sampled_from(["float64", "float32"]),
)


@settings(max_examples=40)
@given(specs)
def test_a_spec_reads_back_as_itself_from_toml_and_from_a_pickle(spec):
    text = spec.to_toml()
    assert Spec.from_toml(text) == spec
    assert Spec.from_toml(text).to_toml() == text
    assert pickle.loads(pickle.dumps(spec)) == spec  # noqa: S301 - our own; workers get Specs this way


def test_an_empty_file_is_the_default_spec():
    assert Spec.from_toml("") == Spec()


def test_a_part_written_by_hand_leaves_the_rest_as_it_is():
    text = '[problem]\nkind = "surface"\nsurface = "saddle"\n[method]\nlr = 1\n[stop]\nsteps = 7\n'
    assert Spec.from_toml(text) == Spec(problem=OnSurface(surface="saddle")).but(lr=1.0, steps=7)


def test_no_two_sections_share_the_name_of_a_field():
    hyper = {name for rule in [*RULES, *OTHER_METHODS] for name in known_hyper(rule)}
    for problem in (Table, OnSurface, Custom):
        sections = [set(kind.__struct_fields__) for kind in (Spec, problem, Method, Batch, Stop)]
        for one, other in combinations([*sections, hyper], 2):
            assert not one & other


def test_but_changes_what_is_named_and_nothing_else():
    spec = Spec(method=Method(rule="adam"))
    other = spec.but(lr=0.5, steps=9, batch_size=4, seed=3, hidden=(4,), model="mlp", dtype="float32", beta1=0.8)
    assert other.method == Method(rule="adam", lr=0.5, hyper={"beta1": 0.8})
    assert (other.stop, other.batch) == (Stop(steps=9), Batch(batch_size=4))
    assert (other.seed, other.dtype) == (3, "float32")
    assert other.problem == Table(model="mlp", hidden=(4,))
    assert spec == Spec(method=Method(rule="adam"))


def test_but_takes_names_with_their_section_in_front():
    dotted = {"method.lr": 0.5, "stop.steps": 9, "batch.batch_size": 4, "problem.l2": 0.1, "hyper.beta": 0.5}
    spec = Spec(method=Method(rule="momentum")).but(**dotted)
    assert spec == Spec(method=Method(rule="momentum")).but(lr=0.5, steps=9, batch_size=4, l2=0.1, beta=0.5)
    assert spec == spec.but(**{"method.hyper.beta": 0.5})


def test_but_without_changes_is_the_same_spec():
    assert Spec().but() == Spec()


def test_another_rule_drops_the_hyperparameters_that_it_does_not_have():
    spec = Spec(method=Method(rule="adam", hyper={"beta1": 0.8, "eps": 1e-6}))
    assert spec.but(rule="rmsprop").method.hyper == {"eps": 1e-6}
    assert spec.but(rule="nesterov_lookahead", beta=0.5).method.hyper == {"beta": 0.5}


def test_but_looks_names_up_in_the_sections_that_it_is_given():
    assert Spec().but(problem=OnSurface(), surface="saddle").problem == OnSurface(surface="saddle")
    assert Spec().but(method=Method(rule="adam"), beta1=0.5).method == Method(rule="adam", hyper={"beta1": 0.5})


def test_a_hyperparameter_that_the_rule_does_not_have_is_never_dropped_silently():
    with pytest.raises(UnknownName, match="no hyperparameter of adam 'beta7'; did you mean beta2"):
        Spec(method=Method(rule="adam")).but(hyper={"beta7": 1.0})
    with pytest.raises(UnknownName, match="no setting 'beta7'"):
        Spec(method=Method(rule="adam")).but(beta7=1.0)


WRONG = [
    ({"lr": 0}, "lr is 0.0; expected a number over 0"),
    ({"lr": float("nan")}, "lr is nan; expected a number over 0"),
    ({"lr": float("inf")}, "lr is inf; expected a number over 0"),
    ({"lr": "fast"}, "lr is 'fast'; expected a number"),
    ({"rule": "adma"}, "no rule 'adma'; did you mean adam\\? have adagrad"),
    ({"rule": "adam", "beta1": 1.0}, "beta1 of adam is 1; expected 0 or more and less than 1"),
    ({"rule": "adam", "eps": -1e-8}, "eps of adam is -1e-08; expected 0 or more"),
    ({"schedule": "cosin"}, "no schedule 'cosin'; did you mean cosine"),
    (
        {"schedule": "cosine", "schedule_options": {"flor": 0.1}},
        "no option of schedule cosine 'flor'; did you mean floor",
    ),
    ({"warmup": -1}, "warmup is -1; expected 0 or more updates"),
    ({"clip_norm": -1}, "clip_norm is -1.0; expected a number over 0, or 0 for off"),
    ({"groups": {"W": {"beta": 1}}}, "no setting of group 'W' 'beta'"),
    ({"rule": "adam", "groups": {"W": {"beta1": 2}}}, "beta1 of group 'W' is 2; expected 0 or more and less than 1"),
    ({"phases": [{"begin": 0, "rule": "gd"}]}, "a phase begins at 0; expected 1 or more"),
    (
        {"phases": [{"begin": 5, "rule": "gd"}, {"begin": 5, "rule": "adam"}]},
        r"phases begin at \[5, 5\]; expected growing numbers",
    ),
    ({"batch_size": -1}, "batch_size is -1; expected 1 or more, or 0 for the full batch"),
    ({"batch_size": 2.5}, "batch_size is 2.5; expected a whole number"),
    (
        {"sampling": "shuffled"},
        "sampling is 'shuffled'; expected reshuffled, frozen, replacement, sequential or blocks",
    ),
    ({"steps": 0}, "steps is 0; expected 1 or more"),
    ({"steps": -5}, "steps is -5; expected 1 or more"),
    ({"jump": 0.5}, "jump is 0.5; expected a factor over 1, or 0 for off"),
    ({"grad_tol": float("nan")}, "grad_tol is nan; expected 0 \\(off\\) or more"),
    ({"seed": -1}, "seed is -1; expected a whole number from 0 to"),
    ({"seed": 2**63}, "seed is 9223372036854775808; expected a whole number from 0 to"),
    ({"threads": 0}, "threads is 0; expected 1 or more"),
    ({"dtype": "float16"}, "dtype is 'float16'; expected float64 or float32"),
    ({"l2": -0.1}, "l2 is -0.1; expected a number of 0 or more"),
    ({"l2": float("inf")}, "l2 is inf; expected a number of 0 or more"),
    ({"hidden": (3,)}, "model linear has no hidden layers"),
    ({"model": "mlp"}, "model mlp needs hidden layers; give their widths"),
    ({"validation": 0.6, "test": 0.5}, "leave no rows to train on; use less than 1 together"),
    ({"activation": "rely"}, "no activation 'rely'; did you mean relu"),
    ({"method": "adam"}, "method is 'adam'; expected a table of settings"),
    ({"problem": "iris"}, "problem is of type str; expected Table, OnSurface or Custom"),
    ({"l2": "x"}, "l2 is 'x'; expected a number"),
    ({"seed": "x"}, "seed is 'x'; expected a whole number"),
    ({"steps": None}, "steps is nothing; expected a whole number"),
    ({"hidden": 3}, "hidden is 3; expected a list"),
    ({"learning_rate": 1}, "no setting 'learning_rate'; have"),
    ({"stop.lr": 1}, "no setting 'stop.lr'"),
    ({"rule": "adamw", "l2": 0.1}, "l2 0.1 and decoupled decay 0.01 both shrink the weights; set one to 0"),
    (
        {"l2": 0.1, "phases": [{"begin": 3, "rule": "adamw"}]},
        "l2 0.1 and decoupled decay 0.01 both shrink the weights",
    ),
]


@pytest.mark.parametrize(
    ("changes", "sentence"), WRONG, ids=lambda part: "" if isinstance(part, str) else str(part)[:40]
)
def test_a_setting_that_makes_no_sense_is_refused_with_what_came_and_what_was_expected(changes, sentence):
    with pytest.raises(ThalwegError, match=sentence):
        Spec().but(**changes)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[method]\nlrr = 1", "mine.toml line 2: no field 'lrr' in \\[method\\]; did you mean lr\\?$"),
        ("[method]\nlr = -1", "mine.toml line 2: lr is -1.0; expected a number over 0$"),
        ("seed = 'x'", "mine.toml line 1: seed is 'x'; expected a whole number$"),
        ("seed = ", "mine.toml line 1: 'seed =' is not TOML \\(invalid value"),
        ("[problem]\nkind = 'cloud'", "mine.toml line 2: kind is 'cloud'; expected table, surface or custom$"),
        ("[method]\nrule = 'adma'", "no rule 'adma'; did you mean adam"),
    ],
)
def test_a_file_that_makes_no_sense_is_refused_by_file_and_key(text, sentence):
    with pytest.raises(ThalwegError, match=sentence):
        Spec.from_toml(text, "mine.toml")


def test_both_l2_and_decay_run_where_that_is_asked_for():
    spec = Spec(problem=OnSurface(), method=Method(rule="adamw"))
    both = Spec(problem=Table(l2=0.1), method=Method(rule="adamw", allow_l2_with_decay=True))
    assert both.method.decay == 0.01
    assert spec.but(rule="adam").method.decay == 0.0


def test_resolving_twice_changes_nothing_and_leaves_nothing_open(small):
    for spec in (small, small.but(phases=[{"begin": 3, "rule": "adam"}]), Spec(problem=OnSurface())):
        once = resolved(spec)
        assert resolved(once) == once
        assert once.engine != "auto"
        assert once.stop.every > 0
        assert once.method.lr is not None
        assert all(phase.lr is not None for phase in once.method.phases)
        assert Spec.from_toml(once.to_toml()) == once


def test_a_resolved_spec_is_the_same_run(small, assert_same_run):
    assert_same_run(train(small), train(resolved(small)))
    assert_same_run(train(small), train(Spec.from_toml(train(small).spec.to_toml())))


def test_the_default_rate_is_the_rules_own():
    for rule in (*RULES, *OTHER_METHODS):
        lr = Method(rule=rule).default_lr
        assert lr == (RULES[rule].lr if rule in RULES else OTHER_METHODS[rule])
