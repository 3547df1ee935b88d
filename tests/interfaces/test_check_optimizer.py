"""Laws of `thalweg check FILE.py:CLASS`: which check is meant, the exit code, one line for each mistake, JSON."""

import json
from pathlib import Path

import pytest

from thalweg.interfaces.cli import FAILED, FINE, WRONG_USE, run

ADAM = """import numpy as np

class Adam:
    def __init__(self, lr=0.001, beta1=0.9, beta2=0.999, eps=1e-8):
        self.lr, self.beta1, self.beta2, self.eps = lr, beta1, beta2, eps
        self.m, self.v, self.t = {}, {}, 0

    def step(self, params, grads):
        self.t += 1
        for k in params:
            self.m[k] = self.beta1 * self.m.get(k, 0) + (1 - self.beta1) * grads[k]
            self.v[k] = self.beta2 * self.v.get(k, 0) + (1 - self.beta2) * grads[k] ** 2
            m_hat = self.m[k] / (1 - self.beta1 ** self.t)
            v_hat = self.v[k] / (1 - self.beta2 ** self.t)
            params[k] -= self.lr * m_hat / (np.sqrt(v_hat) + self.eps)
"""
MORE = """
def sgd(w, g, lr=0.1):
    return w - lr * g

def loss_and_grad(w):
    return w @ w, 2 * w

class Mine:
    def step(self, w, g):
        return w - g ** 3

class Empty:
    pass

class Crash:
    def step(self, params, grads):
        return params - 1 / 0
"""


@pytest.fixture(autouse=True)
def _desk(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("mine.py").write_text(ADAM + MORE)


def told(capsys, *arguments):
    """(exit code, stdout, stderr) of a command."""
    code = run(["check", *arguments])
    out, err = capsys.readouterr()
    return code, out, err


def test_a_right_optimizer_is_accepted_with_its_source(capsys):
    code, out, err = told(capsys, "mine.py:Adam")
    assert (code, out) == (FINE, "")
    assert "Read as adam, by its name; step(params, grads) on a dictionary of arrays; lr=0.031" in err
    assert "Nothing speaks against this adam (Kingma & Ba 2015, algorithm 1)." in err


@pytest.mark.slow
def test_a_mistake_fails_with_its_name_its_line_and_what_to_write(capsys):
    Path("mine.py").write_text(ADAM.replace("(1 - self.beta2 ** self.t)", "(1 - self.beta2)"))
    code, out, err = told(capsys, "mine.py:Adam")
    assert (code, out) == (FAILED, "")
    assert "1. the correction of v uses beta2 instead of beta2**t." in err
    assert "Write `v_hat = v / (1 - beta2**t)`." in err
    assert "mine.py:14: v_hat = self.v[k] / (1 - self.beta2)" in err


@pytest.mark.slow
def test_json_is_one_document_and_people_are_told_all_the_same(capsys):
    code, out, err = told(capsys, "mine.py:sgd", "--json")
    found = json.loads(out, parse_constant=pytest.fail)
    assert (code, found["passed"], found["rule"], found["findings"]) == (FINE, True, "gd", [])
    assert found["sentence"][1:] in err


def test_a_class_and_a_step_are_optimizers_and_a_loss_is_not(capsys):
    assert "Read as gd" in told(capsys, "mine.py:sgd")[2]
    assert "agrees with central differences" in told(capsys, "mine.py:loss_and_grad", "--size", "3")[2]
    assert "where shall the gradient be checked?" in told(capsys, "mine.py:loss_and_grad")[2]


@pytest.mark.slow
def test_a_rule_that_is_said_wins_over_the_name(capsys):
    code, _, err = told(capsys, "mine.py:sgd", "--rule", "momentum")
    assert code == FAILED
    assert "so that it is gd" in err
    assert "as you say" in err


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        pytest.param(["mine.py:Mine"], "say so with --rule, one of adagrad, adam", marks=pytest.mark.slow),
        (["mine.py:Empty", "--rule", "adam"], "Empty has no method step"),
        (["mine.py:Adam", "--rule", "adma"], "did you mean adam?"),
        (["mine.py:Adam", "--rule", "adam", "--size", "3"], "give one or the other"),
        (["mine.py:Admm"], "did you mean Adam?"),
        (["nothing.py:Adam"], "no file nothing.py"),
    ],
)
def test_wrong_use_is_one_sentence(words, sentence, capsys):
    code, out, err = told(capsys, *words)
    assert (code, out) == (WRONG_USE, "")
    assert sentence in err
    assert err.count("\n") == 1
    assert "Traceback" not in err


def test_an_error_of_the_learners_is_told_with_its_line(capsys):
    code, _, err = told(capsys, "mine.py:Crash", "--rule", "gd")
    assert code == FAILED
    line = (ADAM + MORE).split("\n").index("        return params - 1 / 0") + 1
    assert f"a step fails, line {line}: ZeroDivisionError" in err
    assert f"mine.py:{line}: return params - 1 / 0" in err
