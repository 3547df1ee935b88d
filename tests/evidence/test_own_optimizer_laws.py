"""Laws that hold for every optimizer, whatever its rule: each way of breaking one has its name."""

import re

import pytest
from own_optimizers import STYLES, made

from thalweg.evidence.own_optimizer.check import check_optimizer

slow = pytest.mark.slow

CLASS = """
SHARED = {}
class Momentum:
    shared = {}

    def __init__(self, lr=0.1, beta=0.9):
        self.lr, self.beta, self.v = lr, beta, {}
        self.t = 0

    def step(self, params, grads):
        self.t += 1
        for i in range(len(params)):
            self.v[i] = self.beta * self.v.get(i, 0) + (1 - self.beta) * grads[i]
            params[i] -= self.lr * self.v[i]
"""
STRUCTURAL = {
    "state leaks between instances": [
        ("self.lr, self.beta, self.v = lr, beta, {}", "self.lr, self.beta, self.v = lr, beta, Momentum.shared"),
        ("lr, beta, {}", "lr, beta, SHARED"),
    ],
    "the parameters never change": [
        ("params[i] -= self.lr", "p = params[i] - self.lr"),
        ("self.lr * self.v[i]", "0 * self.v[i]"),
    ],
    "changes the gradient": [("self.v[i] = self.beta", "grads[i] *= 1.0000001; self.v[i] = self.beta")],
    "keeps the caller's gradient": [
        ("(1 - self.beta) * grads[i]", "(1 - self.beta) * self.g.setdefault(i, grads[i])"),
    ],
    "one memory for all parameters": [("self.v[i]", "self.v[0]"), ("self.v.get(i, 0)", "self.v.get(0, 0)")],
    "only the first parameter moves": [("* self.v[i]\n", "* self.v[i]\n            return\n")],
    "every parameter moves by the gradient of the first": [("grads[i]", "grads[0]")],
    "changes the dtype": [
        ("params[i] -= self.lr * self.v[i]", "params[i] = np.float32(params[i] - self.lr * self.v[i])")
    ],
    "a hyperparameter changes": [("self.t += 1", "self.lr *= 0.999")],
    "not repeatable": [("self.t += 1", "self.lr = np.random.rand()")],
    "raises an error": [("self.beta *", "self.bta *"), ("self.t += 1", "self.count += 1")],
    "depends on the shape": [("grads[i]", "grads[i] * grads[i].shape[0]")],
}


@pytest.mark.parametrize(
    ("name", "edits"),
    [
        pytest.param(name, edits, id=name, marks=slow if i % 3 or "caller" in name else ())
        for i, (name, edits) in enumerate(STRUCTURAL.items())
    ],
)
def test_a_broken_contract_is_named(name, edits):
    together = name == "one memory for all parameters"
    for chosen in [edits] if together else [[edit] for edit in edits]:
        code = CLASS.replace("self.t = 0", "self.g = {}; self.t = 0")
        for old, new in chosen:
            assert old in code
            code = code.replace(old, new)
        found = check_optimizer(made(code))
        assert name in [one.name for one in found.findings], found


def test_t_counted_for_each_parameter_is_named(monkeypatch):
    code = STYLES["lists_in_place"]("adam").replace("        self.t += 1\n", "")
    code = code.replace("            w, g = params[i]", "            self.t += 1\n            w, g = params[i]")
    assert [one.name for one in check_optimizer(made(code)).findings] == ["t is counted once per parameter"]


@pytest.mark.parametrize(
    ("old", "new", "name"),
    [
        ("self.t = 0", "self.t = -1", "t starts at 0 in the correction"),
        pytest.param("self.t += 1", "pass", "t never advances", marks=slow),
        pytest.param("self.t = 0", "self.t = 1", "t is one too high", marks=slow),
        pytest.param("self.t += 1", "self.t += 2", "t advances twice", marks=slow),
    ],
)
def test_a_wrong_count_is_named(old, new, name):
    code = STYLES["lists_in_place"]("adam").replace(old, new)
    first = check_optimizer(made(code)).findings[0]
    assert name in f"{first.name} {first.sentence}"


SAVED = """
class Adam:
    def __init__(self, lr=0.1, beta1=0.9, beta2=0.999, eps=1e-8):
        self.lr, self.beta1, self.beta2, self.eps = lr, beta1, beta2, eps
        self.m, self.v, self.t = 0, 0, 0

    def step(self, w, g):
        self.t += 1
        self.m = self.beta1 * self.m + (1 - self.beta1) * g
        self.v = self.beta2 * self.v + (1 - self.beta2) * g**2
        m_hat, v_hat = self.m / (1 - self.beta1**self.t), self.v / (1 - self.beta2**self.t)
        return w - self.lr * m_hat / (np.sqrt(v_hat) + self.eps)

    def state_dict(self):
        return {"m": self.m, "v": self.v, "t": self.t}

    def load_state_dict(self, state):
        self.m, self.v, self.t = state["m"], state["v"], state["t"]

    def reset(self):
        self.m = self.v = self.t = 0
"""


def test_resuming_is_checked_where_it_is_offered():
    assert check_optimizer(made(SAVED)).passed
    loads = 'self.m, self.v, self.t = state["m"], state["v"], state["t"]'
    forgets = check_optimizer(made(SAVED.replace(loads, 'self.m, self.v = state["m"], state["v"]')))
    assert [one.name for one in forgets.findings] == ["resuming forgets state"]
    assert "t did not come back" in forgets.sentence
    keeps = check_optimizer(made(SAVED.replace("self.m = self.v = self.t = 0", "self.m = self.v = 0")))
    assert [one.name for one in keeps.findings] == ["reset keeps state"]


def test_dictionaries_are_paired_by_name():
    code = CLASS.replace("for i in range(len(params)):", "for (i, p), g in zip(params.items(), grads.values()):")
    code = code.replace("grads[i]", "g")
    assert [one.name for one in check_optimizer(made(code)).findings] == ["pairs parameters and gradients by position"]


UNKNOWN = [
    "self.v[i] = np.round(self.v[i], 3)",
    "self.v[i] = np.tanh(self.v[i])",
    "self.v[i] = np.where(np.abs(self.v[i]) > 0.7, 0, self.v[i])",
    "self.v[i] = self.v[i] + 0.013 * np.sin(self.t)",
    "self.v[i] = np.sort(self.v[i])",
]


@pytest.mark.slow
@pytest.mark.parametrize("line", UNKNOWN)
def test_a_mistake_that_nobody_knows_gets_no_name_but_its_first_difference(line):
    code = CLASS.replace("            params[i] -=", f"            {line}\n            params[i] -=")
    last = check_optimizer(made(code)).findings[-1]
    assert last.name == "differs"
    assert re.search(r"[Ss]tep \d+ moves w\[\d, \d\] by \S+ instead of \S+", last.sentence)
