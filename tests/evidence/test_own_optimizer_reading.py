"""Laws of reading a learner's code: however people write an optimizer, it is called as it is meant to be."""

import pytest
from found_classes import CLASSES
from found_functions import FUNCTIONS, IN_TORCH
from found_library_classes import LIBRARY_CLASSES
from own_optimizers import STYLES, made

from thalweg.errors import SpecError, UnknownName
from thalweg.evidence.own_optimizer.check import check_optimizer, takes_a_step
from thalweg.evidence.own_optimizer.naming import rule_by_name

FOUND = {**CLASSES, **LIBRARY_CLASSES, **FUNCTIONS}
QUICK = list(FOUND)[::8]


@pytest.mark.parametrize(
    "kind", [pytest.param(kind, marks=() if kind in QUICK else pytest.mark.slow) for kind in FOUND]
)
def test_a_right_optimizer_is_accepted_however_it_is_written(kind):
    rule, source = FOUND[kind]
    found = check_optimizer(made(source))
    assert found.passed, found.sentence
    assert found.rule == rule


@pytest.mark.slow
@pytest.mark.torch
@pytest.mark.parametrize("kind", IN_TORCH)
def test_a_right_optimizer_in_pytorch_is_accepted(kind):
    pytest.importorskip("torch")
    rule, source = IN_TORCH[kind]
    found = check_optimizer(made(source))
    assert found.passed, found.sentence
    assert found.rule == rule


@pytest.mark.parametrize(
    ("name", "rule"),
    {
        "Adam": "adam", "MyAdam2": "adam", "AdamWOptimizer": "adamw", "AdamWithBias": "adam", "adam_step": "adam",
        "SGDMomentum": "momentum", "MomentumSGD": "momentum", "SGD": "gd", "GradientDescent": "gd", "NAG": "nesterov",
        "SGDNesterovMomentum": "nesterov", "RMSprop": "rmsprop", "RMSProp": "rmsprop", "update_rms": "rmsprop",
        "NAdam": "nadam", "AMSGrad": "amsgrad", "AdaGrad": "adagrad", "Optimizer": None, "Adamax": None, "RAdam": None,
        "update_parameters_with_adam": "adam", "adamopt": "adam",
    }.items(),
)  # fmt: skip
def test_a_rule_is_told_by_its_name(name, rule):
    assert rule_by_name(type(name, (), {})) == rule


@pytest.mark.slow
def test_without_a_telling_name_the_path_tells_the_rule():
    _, source = FOUND["t given at each step"]
    found = check_optimizer(made(source.replace("Adam", "Mine")))
    assert (found.passed, found.rule) == (True, "adam")
    assert "by the path it takes" in found.understood


def test_an_instance_and_a_function_that_makes_one_are_checked_with_their_own_numbers():
    adam = made(STYLES["lists_in_place"]("adam"))
    for thing in (adam(lr=0.05), lambda: adam(beta1=0.8)):
        found = check_optimizer(thing, "adam")
        assert found.passed, found.sentence
        assert "(its own)" in found.understood


def test_a_flag_for_nesterov_is_set_where_nesterov_is_meant():
    _, source = FOUND["flags in a NumPy SGD"]
    assert check_optimizer(made(source)).rule == "momentum"
    assert check_optimizer(made(source), "nesterov").passed
    assert check_optimizer(made(source), "gd").passed


def test_a_count_from_0_is_accepted_and_told():
    _, source = FOUND["t given at each step, from 0"]
    assert any("counts steps from 0" in remark for remark in check_optimizer(made(source)).remarks)


def test_code_that_cannot_be_called_is_refused_with_what_to_do():
    for source, words in {
        "class Adam:\n    pass": "no method step",
        "class Adam:\n    def __init__(self, foo): pass\n    def step(self, p, g): pass": "asks for foo",
        "class Adamax:\n    def step(self, w, g): return w - g": "adamax, which cannot be checked",
        "class Mine:\n    def step(self, w, g): return w - g**3": "say so with --rule",
    }.items():
        with pytest.raises(SpecError, match=words):
            check_optimizer(made(source))
    with pytest.raises(UnknownName, match="did you mean adam"):
        check_optimizer(made(STYLES["one_array"]("adam")), "adma")


def test_a_step_is_told_from_a_loss():
    assert takes_a_step(lambda params, grads: None)
    assert takes_a_step(lambda w, grad_fn, lr=0.1: None)
    assert takes_a_step(lambda grad_f, x0, n_steps=10: None)
    assert not takes_a_step(lambda w: None)
    assert not takes_a_step(lambda w, X, y: None)
    assert not takes_a_step(lambda params, seed=0: None)


def test_what_the_check_runs_leaves_the_learners_globals_and_defaults_as_they_were():
    source = "calls = 0\nmemory = {}\ndef sgd(w, g, seen=[], lr=0.1):\n    global calls\n    calls += 1\n"
    sgd = made(source + "    memory['v'] = g\n    seen.append(1)\n    return w - lr * g")
    check_optimizer(sgd)
    assert (sgd.__globals__["calls"], sgd.__globals__["memory"], sgd.__defaults__) == (0, {}, ([], 0.1))


def test_what_the_learner_prints_is_not_in_the_way(capsys):
    check_optimizer(made("def sgd(w, g, lr=0.1):\n    print('step')\n    return w - lr * g"))
    assert capsys.readouterr().out == ""
