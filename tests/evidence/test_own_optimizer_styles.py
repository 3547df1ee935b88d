"""Laws of the optimizer check in other people's styles: right ones pass, and single mistakes in them are named."""

import re

import pytest
from found_style_mistakes import STYLE_MISTAKES
from found_styles import FOUND_STYLES
from own_optimizers import made

from thalweg.errors import SpecError
from thalweg.evidence.own_optimizer.check import check_optimizer

slow = pytest.mark.slow
QUICK = ("state in and out", "a base class with slots")


@pytest.mark.parametrize("style", [pytest.param(style, marks=() if style in QUICK else slow) for style in FOUND_STYLES])
def test_a_right_optimizer_in_another_style_passes(style):
    rule, source = FOUND_STYLES[style]
    found = check_optimizer(made(source))
    assert found.passed, found.sentence
    assert found.rule == rule


@slow
@pytest.mark.parametrize(("style", "old", "new", "name"), STYLE_MISTAKES)
def test_a_single_mistake_in_another_style_is_named(style, old, new, name):
    _, source = FOUND_STYLES[style]
    assert old in source
    found = check_optimizer(made(source.replace(old, new)))
    assert any(re.search(name, one.name) for one in found.findings), found.sentence


@slow
def test_of_two_parameters_that_second_one_is_told_in_which_the_mistake_is():
    _, source = FOUND_STYLES["w and b by name"]
    (one,) = check_optimizer(made(source.replace("b = b - lr * vb", "b = b - vb"))).findings
    assert one.sentence.startswith("in what is done with the second of two parameters, lr is missing")
    assert source.split("\n")[one.line - 1] == "    b = b - lr * vb"


def test_a_loop_that_leaves_a_parameter_out_is_found_though_one_alone_never_moves():
    source = "class SGD:\n    def __init__(self, lr=0.1):\n        self.lr = lr\n    def step(self, params, grads):\n"
    source += "        for i in range(len(params) - 1):\n            params[i] -= self.lr * grads[i]\n"
    assert [one.name for one in check_optimizer(made(source)).findings] == ["only the first parameter moves"]


def test_more_than_two_parameters_as_arguments_are_refused_with_what_to_do():
    with pytest.raises(SpecError, match=r"3 parameters as arguments \(w, b, c\).*step\(params, grads\)"):
        check_optimizer(made("def sgd(w, b, c, dw, db, dc, lr=0.1):\n    return w - lr * dw, b - lr * db, c - lr * dc"))


@slow
def test_what_is_not_finite_is_told_with_the_line_and_the_reason():
    _, source = FOUND_STYLES["PyTorch's param_groups"]
    never = check_optimizer(made(source.replace('st["step"] += 1', "pass"))).findings[0]
    assert re.search(r"line \d+ divides by 0", never.sentence)
    assert "mhat = " in source.split("\n")[never.line - 1]
    root = check_optimizer(made(source.replace("grad * grad", "grad"))).findings
    assert [one.name for one in root] == ["g is not squared in v", "not finite"]
    assert "the root of a negative number" in root[1].sentence


@slow
def test_a_decay_without_lr_passes_only_beside_the_schedule_multiplier_of_the_paper():
    _, source = FOUND_STYLES["with the paper's schedule multiplier"]
    assert check_optimizer(made(source)).passed
    without = source.replace(", eta=1.0", "").replace("lam, eta\n", "lam, 1.0\n")
    assert check_optimizer(made(without)).findings[0].name.startswith("the decay is not multiplied by lr")
