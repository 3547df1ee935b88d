"""Optimizers as learners write them: six rules in ten styles."""

import re
import textwrap
from typing import Any

import numpy as np

# What each rule does with one weight array w and its gradient g; {v} is where a style keeps v, {lr} where lr.
BODIES = {
    "gd": ["w = w - {lr} * g"],
    "momentum": ["{v} = {beta} * {v} + (1 - {beta}) * g", "w = w - {lr} * {v}"],
    "nesterov": ["{v} = {beta} * {v} + g", "w = w - {lr} * (g + {beta} * {v})"],
    "rmsprop": ["{s} = {rho} * {s} + (1 - {rho}) * g**2", "w = w - {lr} * g / (sqrt({s}) + {eps})"],
    "adam": [
        "{m} = {beta1} * {m} + (1 - {beta1}) * g",
        "{v} = {beta2} * {v} + (1 - {beta2}) * g**2",
        "m_hat = {m} / (1 - {beta1}**{t})",
        "v_hat = {v} / (1 - {beta2}**{t})",
        "w = w - {lr} * m_hat / (sqrt(v_hat) + {eps})",
    ],
}
BODIES["adamw"] = [*BODIES["adam"][:-1], "w = w - {lr} * (m_hat / (sqrt(v_hat) + {eps}) + {decay} * w)"]
SLOTS = {"gd": "", "momentum": "v", "nesterov": "v", "rmsprop": "s", "adam": "mv", "adamw": "mv"}
HYPER = {
    "gd": "lr=0.1",
    "momentum": "lr=0.1, beta=0.9",
    "nesterov": "lr=0.1, beta=0.9",
    "rmsprop": "lr=0.01, rho=0.9, eps=1e-8",
    "adam": "lr=0.001, beta1=0.9, beta2=0.999, eps=1e-8",
    "adamw": "lr=0.001, beta1=0.9, beta2=0.999, eps=1e-8, decay=0.01",
}
NAMES = {"gd": "SGD", "momentum": "Momentum", "nesterov": "NAG", "rmsprop": "RMSprop", "adam": "Adam", "adamw": "AdamW"}


def _body(rule: str, slot: str, hyper: str, count: str, sqrt: str = "np.sqrt") -> list[str]:
    """The lines with slots, hyperparameters and t as a style writes them."""
    words = {name: hyper.format(name) for name in re.findall(r"(\w+)=", HYPER[rule])}
    words |= {name: slot.format(name) for name in SLOTS[rule]}
    return [line.format(**words, t=count).replace("sqrt(", f"{sqrt}(") for line in BODIES[rule]]


def _in(lines: list[str], depth: int) -> str:
    return textwrap.indent("\n".join(lines), "    " * depth)


def _init(rule: str, first: str = "", keep: str = "") -> str:
    names = re.findall(r"(\w+)=", HYPER[rule])
    kept = "\n".join(f"        self.{name} = {name}" for name in names)
    return f"    def __init__(self, {first}{HYPER[rule]}):\n{kept}\n        self.t = 0\n{keep}"


def lists_in_place(rule: str) -> str:
    """A class that changes a list of arrays in place."""
    begin = "".join(f"            self.{s} = [np.zeros_like(p) for p in params]\n" for s in SLOTS[rule])
    return f"""
class {NAMES[rule]}:
{_init(rule, keep="        self.begun = False")}

    def step(self, params, grads):
        if not self.begun:
            self.begun = True
{begin}        self.t += 1
        for i in range(len(params)):
            w, g = params[i], grads[i]
{_in(_body(rule, "self.{}[i]", "self.{}", "self.t"), 3)}
            params[i] = w
"""


def dictionaries_returned(rule: str) -> str:
    """A class that returns a new dictionary."""
    begin = "".join(f"            self.state.setdefault('{s}' + k, np.zeros(params[k].shape))\n" for s in SLOTS[rule])
    return f"""
class My{NAMES[rule]}Optimizer:
{_init(rule, keep="        self.state = {}")}

    def update(self, params, grads):
        self.t = self.t + 1
        new = {{}}
        for k in sorted(params):
            w, g = params[k], grads[k]
{begin}{_in(_body(rule, "self.state['{}' + k]", "self.{}", "self.t"), 3)}
            new[k] = w
        return new
"""


def one_array(rule: str) -> str:
    """A class that is called with one array."""
    keep = "".join(f"        self.{s} = 0\n" for s in SLOTS[rule])
    return f"""
class {NAMES[rule]}:
{_init(rule, keep=keep)}
    def __call__(self, w, g):
        self.t += 1
{_in(_body(rule, "self.{}", "self.{}", "self.t"), 2)}
        return w
"""


def rule_function(rule: str) -> str:
    """A function of weights, gradient, state and t that returns the new weights and state."""
    slots = [*SLOTS[rule]]
    return f"""
def {NAMES[rule].lower()}_step({", ".join(["theta", "grad", *slots, "t"])}, {HYPER[rule]}):
    w, g = theta, grad
{_in(_body(rule, "{}", "{}", "t"), 1)}
    return {", ".join(["w", *slots])},
"""


def objects_with_grad(rule: str) -> str:
    """As in PyTorch: the constructor takes the parameters, which hold their gradients."""
    keep = "".join(f"        self.{s} = [np.zeros_like(p.data) for p in self.params]\n" for s in SLOTS[rule])
    return f"""
class {NAMES[rule]}:
{_init(rule, "params, ", "        self.params = list(params)" + chr(10) + keep)}
    def step(self):
        self.t += 1
        for i, p in enumerate(self.params):
            w, g = p.data, p.grad
{_in(_body(rule, "self.{}[i]", "self.{}", "self.t"), 3)}
            p.data = w
"""


def state_passed(rule: str) -> str:
    """A function that is given its state as a dictionary and returns it."""
    begin = "".join(f"    state.setdefault('{s}', np.zeros_like(w))\n" for s in SLOTS[rule])
    return f"""
def {NAMES[rule].lower()}(w, g, state, {HYPER[rule]}):
    state["t"] = state.get("t", 0) + 1
{begin}{_in(_body(rule, "state['{}']", "{}", "state['t']"), 1)}
    return w, state
"""


def closure(rule: str) -> str:
    """A function that makes the function of a step."""
    slots = [*SLOTS[rule], "t"]
    return f"""
def make_{NAMES[rule].lower()}({HYPER[rule]}):
    {" = ".join(slots)} = 0
    def step(w, g):
        nonlocal {", ".join(slots)}
        t += 1
{_in(_body(rule, "{}", "{}", "t"), 2)}
        return w
    return step
"""


def plain_numbers(rule: str) -> str:
    """Without NumPy: lists of numbers, changed in place."""
    keep = "".join(f"        self.{s} = {{}}\n" for s in SLOTS[rule])
    begin = "".join(f"            self.{s}.setdefault(i, 0.0)\n" for s in SLOTS[rule])
    return f"""
import math
class {NAMES[rule]}:
{_init(rule, keep=keep)}
    def step(self, params, grads):
        self.t += 1
        for i in range(len(params)):
            w, g = float(params[i]), float(grads[i])
{begin}{_in(_body(rule, "self.{}[i]", "self.{}", "self.t", "math.sqrt"), 3)}
            params[i] = w
"""


def course(rule: str) -> str:
    """As in courses: dictionaries W1, b1 beside dW1, db1."""
    slots = [*SLOTS[rule]]
    passed = ", ".join(["parameters", "grads", *slots, "t"])
    return f"""
def update_parameters_with_{NAMES[rule].lower()}({passed}, {HYPER[rule]}):
    for l in range(1, len(parameters) // 2 + 1):
        for kind in ("W", "b"):
            name = kind + str(l)
            w, g = parameters[name], grads["d" + name]
{_in(_body(rule, "{}['d' + name]", "{}", "t"), 3)}
            parameters[name] = w
    return {", ".join(["parameters", *slots])},
"""


def whole_loop(rule: str) -> str:
    """A function that does all its steps and asks for the gradients itself."""
    begin = "".join(f"    {s} = np.zeros_like(w)\n" for s in SLOTS[rule])
    return f"""
def {NAMES[rule].lower()}(grad_f, x0, {HYPER[rule]}, n_steps=100):
    w = x0.copy()
{begin}    path = []
    for t in range(1, n_steps + 1):
        g = grad_f(w)
{_in(_body(rule, "{}", "{}", "t"), 2)}
        path.append(w)
    return w, path
"""


STYLES = {
    style.__name__: style
    for style in (
        lists_in_place, dictionaries_returned, one_array, rule_function, objects_with_grad, state_passed, closure,
        plain_numbers, course, whole_loop,
    )
}  # fmt: skip


def made(source: str, name: str = "") -> Any:
    """The last class or function of a source text, or that of this name, as if it came from a file."""
    scope: dict[str, Any] = {"np": np, "__name__": "mine"}
    exec(compile(textwrap.dedent(source), "mine.py", "exec"), scope)  # noqa: S102 - our own text
    own = [thing for thing in scope.values() if callable(thing) and getattr(thing, "__module__", "") == "mine"]
    return scope[name] if name else own[-1]
