"""The forms of each rule that are accepted: what papers and libraries write, first the one of formulas/rules.py.

Some differ in the path they take, such as the moving average and the heavy ball; others only in how they are
written, which matters to a learner who made a mistake in one of these writings. Rules that are not written out
here are read off their formula in the registry.
"""

import ast
import inspect
import textwrap
from collections.abc import Callable
from functools import cache
from typing import Any

from thalweg.evidence.own_optimizer.catalogue.lines import Form, Line, lines_of
from thalweg.formulas.rules import RULES, Rule

# Blocks of lines, with the title of the form above; `start p = w` says that p starts as w and not as 0.
_MOMENTS = """
m = beta1 * m + (1 - beta1) * g
v = beta2 * v + (1 - beta2) * g**2"""
_CORRECTED = f"""{_MOMENTS}
m_hat = m / (1 - beta1**t)
v_hat = v / (1 - beta2**t)"""
_TOP = f"{_MOMENTS}\ntop = maximum(top, v)"
_STEP = "lr * m_hat / (sqrt(v_hat) + eps)"
_IN_THE_RATE = "a = lr * sqrt(1 - beta2**t) / (1 - beta1**t)"
_IN_BOTH = """
a = lr / (1 - beta1**t)
d = sqrt(v) / sqrt(1 - beta2**t) + eps"""
_BOTH = "with both corrections in the rate and eps beside the raw root (Kingma & Ba 2015, end of §2; TensorFlow)"

WRITTEN: dict[str, str] = {
    "gd": """
#
w = w - lr * g
""",
    "momentum": """
#
v = beta * v + (1 - beta) * g
w = w - lr * v

# the heavy ball, as PyTorch's SGD has it (Polyak 1964)
v = beta * v + g
w = w - lr * v

# the heavy ball with the rate inside the velocity
v = beta * v - lr * g
w = w + v

# the heavy ball with the rate inside the velocity, subtracted
v = beta * v + lr * g
w = w - v

# the heavy ball by the last two points (Polyak 1964)
start p = w
w = w - lr * g + beta * (w - p)
p = w_old

# the moving average with bias correction, as in Adam
v = beta * v + (1 - beta) * g
v_hat = v / (1 - beta**t)
w = w - lr * v_hat

# the moving average that starts at the first gradient, as PyTorch's SGD with dampening
v = first(g, beta * v + (1 - beta) * g)
w = w - lr * v
""",
    "nesterov": """
#
v = beta * v + (1 - beta) * g
w = w - lr * ((1 - beta) * g + beta * v)

# as PyTorch's SGD with nesterov=True has it
v = beta * v + g
w = w - lr * (g + beta * v)

# with the rate inside the velocity, as Keras has it
v = beta * v - lr * g
w = w + beta * v - lr * g

# with the rate inside the velocity and the velocity before (Bengio et al. 2013, §3)
v = beta * v - lr * g
w = w - beta * v_old + (1 + beta) * v

# by two sequences of points (Nesterov 1983)
start y = w
y = w - lr * g
w = y + beta * (y - y_old)

# with the gradient at the look-ahead point, as a moving average
g = grad(w - lr * beta * v)
v = beta * v + (1 - beta) * g
w = w - lr * v

# with the gradient at the look-ahead point
g = grad(w - lr * beta * v)
v = beta * v + g
w = w - lr * v

# with the gradient at the look-ahead point and the rate inside the velocity (Sutskever et al. 2013, §2)
g = grad(w + beta * v)
v = beta * v - lr * g
w = w + v

# with the gradient at the look-ahead point and the rate inside the velocity, subtracted
g = grad(w - beta * v)
v = beta * v + lr * g
w = w - v

# with the gradient at the look-ahead point, by two sequences of points (Nesterov 1983)
start p = w
y = w + beta * (w - p)
g = grad(y)
p = w
w = y - lr * g

# with momentum that grows as (t - 1) / (t + 2)
start p = w
y = w + (t - 1) / (t + 2) * (w - p)
g = grad(y)
p = w
w = y - lr * g
""",
    "adagrad": """
#
s = s + g**2
w = w - lr * g / (sqrt(s) + eps)

# with eps inside the root
s = s + g**2
w = w - lr * g / sqrt(s + eps)
""",
    "rmsprop": """
#
s = rho * s + (1 - rho) * g**2
w = w - lr * g / (sqrt(s) + eps)

# with eps inside the root, as TensorFlow 1 has it
s = rho * s + (1 - rho) * g**2
w = w - lr * g / sqrt(s + eps)
""",
    "adam": f"""
#
{_CORRECTED}
w = w - {_STEP}

# {_BOTH}
{_MOMENTS}
{_IN_THE_RATE}
w = w - a * m / (sqrt(v) + eps)

# with the corrections in rate and denominator, as PyTorch writes it
{_MOMENTS}
{_IN_BOTH}
w = w - a * m / d

# with the moments moved by differences
m = m + (1 - beta1) * (g - m)
v = v + (1 - beta2) * (g**2 - v)
m_hat = m / (1 - beta1**t)
v_hat = v / (1 - beta2**t)
w = w - {_STEP}
""",
    "amsgrad": f"""
#
{_TOP}
m_hat = m / (1 - beta1**t)
top_hat = top / (1 - beta2**t)
w = w - lr * m_hat / (sqrt(top_hat) + eps)

# without bias correction (Reddi, Kale & Kumar 2018, algorithm 2)
{_TOP}
w = w - lr * m / (sqrt(top) + eps)

# with the largest of the corrected moments
{_CORRECTED}
top = maximum(top, v_hat)
w = w - lr * m_hat / (sqrt(top) + eps)

# with both corrections in the rate, as TensorFlow has it
{_TOP}
{_IN_THE_RATE}
w = w - a * m / (sqrt(top) + eps)
""",
    "adamw": f"""
#
{_CORRECTED}
w = w - lr * (m_hat / (sqrt(v_hat) + eps) + decay * w)

# with the decay first
{_CORRECTED}
u = w - lr * decay * w
w = u - {_STEP}

# with the decay first, as a factor
{_CORRECTED}
u = w * (1 - lr * decay)
w = u - {_STEP}

# with the decay after the step
{_CORRECTED}
u = w - {_STEP}
w = u - lr * decay * u

# {_BOTH}
{_MOMENTS}
{_IN_THE_RATE}
w = w - a * m / (sqrt(v) + eps) - lr * decay * w

# with the decay as a factor and the corrections in rate and denominator, as PyTorch writes it
{_MOMENTS}
u = w * (1 - lr * decay)
{_IN_BOTH}
w = u - a * m / d
""",
    "nadam": f"""
# with constant momentum (Ruder 2016, §4.8)
{_CORRECTED}
w = w - lr * (beta1 * m_hat + (1 - beta1) * g / (1 - beta1**t)) / (sqrt(v_hat) + eps)
""",
}


# Accepted of code that takes the paper's schedule multiplier beside lr: then lr has no part in the decay.
SCHEDULED: dict[str, str] = {
    "adamw": f"""
# with the decay times the schedule multiplier, here 1, and not times lr
{_CORRECTED}
w = w - {_STEP} - decay * w

# with the decay first, times the schedule multiplier, here 1, and not times lr
{_CORRECTED}
u = w * (1 - decay)
w = u - {_STEP}
""",
}


@cache
def scheduled(rule: str) -> tuple[Form, ...]:
    """The forms of a rule for code that takes a schedule multiplier."""
    return tuple(_block(rule, text) for text in SCHEDULED.get(rule, "").split("#")[1:])


@cache
def accepted(rule: str) -> tuple[Form, ...]:
    """The accepted forms of a rule, that of the registry first. Raises UnknownName."""
    registered = RULES.named(rule)
    forms = tuple(_block(rule, text) for text in WRITTEN.get(rule, "").split("#")[1:])
    return forms if forms and not forms[0].title else (derived(registered), *forms)


def _block(rule: str, text: str) -> Form:
    title, _, body = text.partition("\n")
    start, lines = {}, []
    for line in body.split("\n"):
        if line.startswith("start "):
            name, _, begin = line.removeprefix("start ").partition(" = ")
            start[name] = begin
        else:
            lines.append(line)
    return Form(rule, lines_of("\n".join(lines)), title.strip(), start)


def derived(rule: Rule) -> Form:
    """The form of a registered rule, read off the text of its formula."""
    body = ast.parse(textwrap.dedent(inspect.getsource(rule.formula))).body[0]
    if not isinstance(body, ast.FunctionDef):
        raise TypeError(f"rule {rule.name} is no plain function")
    *assigned, answer = (node for node in body.body if not isinstance(node, ast.Expr))
    if not isinstance(answer, ast.Return) or not isinstance(answer.value, ast.Tuple):
        raise TypeError(f"rule {rule.name} does not end with return w, …")
    text = [ast.unparse(node) for node in assigned]
    text += [
        f"{name} = {ast.unparse(tree)}"
        for name, tree in zip(("w", *rule.slots), answer.value.elts, strict=True)
        if not (isinstance(tree, ast.Name) and tree.id == name)
    ]
    return Form(rule.name, lines_of("\n".join(text)), outside=_called(rule))


def _called(rule: Rule) -> dict[str, Callable[..., Any]]:
    """The functions that the formula calls by name."""
    return {name: thing for name, thing in rule.formula.__globals__.items() if callable(thing)}


def told(line: Line) -> str:
    """The line as a learner would write it: what stands for the loop is put in words."""
    words = {"t = k": "t = t + 1", "g = grad(w)": "g = gradient at w"}
    if line.text in words:
        return words[line.text]
    counted = " (k counts the steps from 1)" if "k" in line.names else ""
    return line.text.replace(" - -", " + ") + counted
