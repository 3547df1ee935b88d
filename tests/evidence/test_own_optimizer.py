"""Laws of the optimizer check: right ones pass, every single mistake is named, and nothing is ever guessed."""

import itertools
import random
import re

import numpy as np
import own_optimizers
import pytest
from optimizer_mistakes import MISTAKES, edited
from own_optimizers import BODIES, STYLES, made

from thalweg.evidence.own_optimizer.case import case_of
from thalweg.evidence.own_optimizer.catalogue.changes import slips
from thalweg.evidence.own_optimizer.catalogue.forms import accepted
from thalweg.evidence.own_optimizer.check import check_optimizer
from thalweg.evidence.own_optimizer.explain import source
from thalweg.evidence.own_optimizer.fingerprint import identify
from thalweg.evidence.own_optimizer.probes import probe
from thalweg.evidence.own_optimizer.reading.plans import TELLING, hyper_of
from thalweg.evidence.own_optimizer.reading.trial import quiet, read
from thalweg.evidence.own_optimizer.suspects import known_suspects
from thalweg.formulas.rules import RULES

slow = pytest.mark.slow


# Right ones


@pytest.mark.parametrize(
    ("rule", "style"),
    [
        pytest.param(rule, style, marks=() if (i + j) % 9 == 0 else slow)
        for i, rule in enumerate(BODIES)
        for j, style in enumerate(STYLES)
    ],
)
def test_a_right_optimizer_passes_in_every_style(rule, style):
    found = check_optimizer(made(STYLES[style](rule)))
    assert found.passed, found.sentence
    assert (found.rule, found.source) == (rule, source(rule))


@pytest.mark.parametrize("rule", RULES)
def test_the_first_accepted_form_of_a_rule_is_its_formula(rule):
    steps, hyper = 8, {"lr": 0.1, **RULES[rule].defaults}
    asked = probe(0, steps, field=False)
    w, slots = asked.w, [np.zeros_like(asked.w) for _ in RULES[rule].slots]
    form = accepted(rule)[0].path({**hyper, "beta": 0.9}, w, asked.slope)
    for k in range(1, steps + 1):
        w, *slots = RULES[rule].formula(w, asked.slope(k, w), *slots, float(k), **hyper)
        np.testing.assert_allclose(next(form), w, rtol=1e-12)


# Mistakes


def mistaken(rule, old, new, style, monkeypatch):
    monkeypatch.setitem(own_optimizers.BODIES, rule, edited(rule, old, new))
    return made(STYLES[style](rule))


def _named(found, name):
    counted_by_caller = any("counts steps from 0" in remark for remark in found.remarks)
    names = [one.name for one in found.findings]
    return any(re.search(name, one) for one in names) or (counted_by_caller and "too high" in name)


ROTATED = [
    pytest.param(*mistake, [*STYLES][i % 6], marks=() if mistake[0] in ("gd", "momentum") and i % 4 == 1 else slow)
    for i, mistake in enumerate(MISTAKES)
]


@pytest.mark.parametrize(("rule", "old", "new", "name", "style"), ROTATED)
def test_a_single_mistake_is_named(rule, old, new, name, style, monkeypatch):
    found = check_optimizer(mistaken(rule, old, new, style, monkeypatch))
    assert _named(found, name), found


@slow
@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("rule", BODIES)
def test_every_mistake_is_named_in_every_style(rule, style, monkeypatch):
    """But where the code stops with an error of Python's, or leaves for infinity: then that is told."""
    for other, old, new, name in MISTAKES:
        if other == rule:
            with monkeypatch.context() as patch:
                found = check_optimizer(mistaken(rule, old, new, style, patch))
            told = {one.name for one in found.findings} & {"raises an error", "not finite"}
            assert _named(found, name) or (told and style in ("plain_numbers", "whole_loop")), (old, new, found)


def test_a_named_mistake_comes_with_its_line_the_right_formula_and_the_numbers(monkeypatch):
    text = edited("momentum", "{beta} * {v} + (1 - {beta})", "(1 - {beta}) * {v} + {beta}")
    monkeypatch.setitem(own_optimizers.BODIES, "momentum", text)
    code = STYLES["lists_in_place"]("momentum")
    (one,) = check_optimizer(made(code)).findings
    assert one.right == ("v = beta * v + (1 - beta) * g",)
    assert one.yours == ("v = (1 - beta) * v + beta * g",)
    assert "(1 - self.beta) * self.v[i]" in code.split("\n")[one.line - 1]
    assert re.search(r"Seen: step 1 moves w\[\d, \d\] by \S+ instead of", one.sentence)


# Never guessing


class Following:
    """An optimizer that does what a form's lines say, as a learner's class would."""

    def __new__(cls, form, rule):
        names = hyper_of(rule)

        def begin(self, **hyper):
            self.hyper, self.runs, self.k = {**TELLING, **hyper}, None, 0

        def step(self, params, grads):
            self.runs = self.runs or [form.beginning(self.hyper, p.copy()) for p in params]
            self.k += 1
            for i, env in enumerate(self.runs):
                env["w"] = params[i]
                form.step(env, self.k, lambda _, g=grads[i]: g)
                params[i] = env["w"]

        text = f"def __init__(self, {', '.join(f'{n}=0.1' for n in names)}): begin(self, "
        scope = {"begin": begin}
        exec(text + ", ".join(f"{n}={n}" for n in names) + ")", scope)  # noqa: S102 - our own text
        return type("Mine", (), {"__init__": scope["__init__"], "step": step})


def claimed(form, rule):
    """The formula that the check says this form is: None where it does not say."""
    mine = Following(form, rule)
    with quiet():
        case = case_of(read(mine, rule, ""), mine, rule)
        if not case.finite:
            return None, "not finite"
        verdict = identify(case)
    if verdict.form or verdict.other:
        return verdict.form, "accepted"
    return (verdict.suspects[0].form, "named") if verdict.suspects else (None, "differs")


def third_path(form):
    """The path of a form under conditions that the check has not seen."""
    asked = probe(0, 30, field=False)
    hyper = {"lr": 0.023, "beta": 0.77, "rho": 0.81, "beta1": 0.79, "beta2": 0.88, "eps": 2e-3, "decay": 0.31}
    rng = np.random.default_rng(5)
    grads = rng.normal(size=(30, 2, 3)) * np.array([[2.0, 0.5, 0.05], [0.9, 4.0, 3e-3]])
    with quiet():
        return np.array([*itertools.islice(form.path(hyper, asked.w, lambda k, _: grads[k - 1]), 30)])


def wrongly_changed(rule, number, terms, seed=0):
    """Accepted forms with some terms changed at random."""
    rng = random.Random(seed)
    forms = [form for form in accepted(rule) if not form.ahead]
    for _ in range(number):
        form = rng.choice(forms)
        for _ in range(terms):
            form = rng.choice([changed for changed, _, _ in slips(form) if not changed.ahead])
        yield form


@pytest.mark.parametrize("terms", [1, pytest.param(2, marks=slow)])
@pytest.mark.parametrize(
    "rule", [pytest.param(rule, marks=() if rule == "gd" else slow) for rule in (*BODIES, "adagrad", "amsgrad")]
)
def test_what_is_said_of_a_formula_with_random_mistakes_is_true_under_other_conditions(rule, terms):
    said = []
    for form in wrongly_changed(rule, 6 if rule == "gd" else 25, terms):
        claim, word = claimed(form, rule)
        said.append(word)
        if claim is not None:
            mine, theirs = third_path(form), third_path(claim)
            both = np.isfinite(mine) & np.isfinite(theirs)
            np.testing.assert_allclose(mine[both], theirs[both], rtol=1e-6, atol=1e-9)
    assert terms == 2 or "differs" not in said  # a single change of a term always has a name


@pytest.mark.parametrize(
    "rule", [pytest.param(rule, marks=() if rule in ("gd", "rmsprop") else slow) for rule in BODIES]
)
def test_any_two_formulas_of_a_rule_are_one_or_far_apart(rule):
    """Paths of known mistakes and accepted forms: the same to 1e-9 of the way gone, which is rounding, or far apart."""
    asked = probe(0, 12, field=False)
    forms = [form for form in accepted(rule) if not form.ahead]
    forms += [one.form for one in known_suspects(rule, False) if "float32" not in one.title]  # near by nature
    with quiet():
        paths = np.array([[*itertools.islice(form.path(TELLING, asked.w, asked.slope), 12)] for form in forms])
        paths = paths[np.isfinite(paths).all(axis=(1, 2, 3))]
        for i, path in enumerate(paths):
            way = np.abs(path - asked.w) + 1e-5 * np.abs(asked.w) + 1e-9  # a shorter way drowns in the rounding of w
            apart = (np.abs(paths[:i] - path) / way).max(axis=(1, 2, 3))
            between = apart[(apart > 1e-9) & (apart < 1e-6)]
            assert not between.size, (forms[i].lines[-1].text, between)
