"""An update rule as lines of text, each `name = expression`, run by a small interpreter.

    m = beta1 * m + (1 - beta1) * g
    w = w - lr * m

Names keep their values from step to step, so m on the right of its own line is the m of the step before; m_old
is that of the step before in every line. Two lines stand before these unless written out: `g = grad(w)`, the
gradient at a point, and `t = k`, where k counts the steps from 1. What a step reads before it was assigned starts
at 0. Expressions are trees, so that a change of one term is another tree.
"""

import ast
import operator
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache, cached_property, partial
from typing import Any

import numpy as np

from thalweg.formulas.arrays import Array

Slope = Callable[[int, Any], Array]  # (k, point) -> the gradient there at step k, counted from 1

OPERATORS: dict[type, Callable[..., Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Pow: operator.pow,
    ast.USub: operator.neg,
}
FUNCTIONS: dict[str, Any] = {
    "sqrt": np.sqrt,
    "abs": np.abs,
    "sign": np.sign,
    "square": np.square,
    "maximum": np.maximum,
    "minimum": np.minimum,
    "mean": np.mean,
    "total": np.sum,
    "largest": np.max,
    "norm": lambda x: np.sqrt(np.sum(np.square(x))),
    "trunc": np.trunc,
    "mean_of_rows": lambda x: np.mean(x, axis=0, keepdims=True) + 0 * x,
    "float32": lambda x: np.float64(np.float32(x)) if np.ndim(x) == 0 else x.astype(np.float32).astype(np.float64),
}


@dataclass(frozen=True)
class Line:
    """`name = tree`."""

    name: str
    tree: ast.expr

    @cached_property
    def text(self) -> str:
        return f"{self.name} = {shown(self.tree)}"

    @cached_property
    def names(self) -> frozenset[str]:
        """Every name that it reads or assigns."""
        return names_in(self.tree) | {self.name}

    @cached_property
    def ahead(self) -> bool:
        """Does it ask for the gradient elsewhere than at w?"""
        return "grad" in self.names and any(shown(point) != "w" for point in _asked(self.tree))


@dataclass(frozen=True, eq=False)
class Form:
    """One way to write a rule down. `title` says which, for a learner; the house form has none."""

    rule: str
    lines: tuple[Line, ...]
    title: str = ""
    start: Mapping[str, str] = field(default_factory=dict)  # what does not start at 0: "w" or a number
    outside: Mapping[str, Any] = field(default_factory=dict)  # other functions that the lines call

    @cached_property
    def names(self) -> frozenset[str]:
        """Every name that the lines read or assign."""
        return frozenset().union(*(line.names for line in self.lines))

    @cached_property
    def ahead(self) -> bool:
        """Does it ask for the gradient elsewhere than at w? Then it needs a gradient function to be told apart."""
        return any(line.ahead for line in self.lines)

    def line(self, name: str) -> Line | None:
        """The last line of this name."""
        return next((line for line in reversed(self.lines) if line.name == name), None)

    def but(self, name: str, tree: ast.expr) -> "Form":
        """The same with another expression in the last line of this name."""
        at = max(i for i, line in enumerate(self.lines) if line.name == name)
        return replace(self, lines=(*self.lines[:at], Line(name, tree), *self.lines[at + 1 :]))

    def path(self, hyper: Mapping[str, float], w: Array, slope: Slope) -> Iterator[Array]:
        """w after each step, without end. w (...) of any shape; the arrays yielded are never changed later."""
        for env in self.run(hyper, w, slope):
            yield env["w"]

    def run(self, hyper: Mapping[str, float], w: Array, slope: Slope) -> Iterator[dict[str, Any]]:
        """All names and their values after each step."""
        env, k = self.beginning(hyper, w), 0
        while True:
            k += 1
            self.step(env, k, partial(slope, k))
            yield env

    def beginning(self, hyper: Mapping[str, float], w: Array) -> dict[str, Any]:
        """All names and their values before the first step."""
        env: dict[str, Any] = {**FUNCTIONS, **self.outside, **hyper, "w": w, "n": float(w.size)}
        env["rows"] = float(w.shape[0] if w.ndim else 1)
        for line in self.lines:
            if line.name not in env:
                env[line.name] = value(expression(self.start.get(line.name, "0.0")), env)
        return env

    def step(self, env: dict[str, Any], k: int, grad: Callable[[Any], Array]) -> None:
        """One step, in place in `env`, counted as number k."""
        env["k"], env["grad"] = float(k), grad
        env["first"] = lambda once, later: once if k == 1 else later
        for line in self.lines:
            env[f"{line.name}_old"] = env[line.name]
        for line in self.lines:
            env[line.name] = value(line.tree, env)


def value(node: ast.expr, env: Mapping[str, Any]) -> Any:
    """What an expression is worth where names mean what `env` says."""
    match node:
        case ast.Name():
            return env[node.id]
        case ast.Constant():
            return node.value
        case ast.BinOp():
            return _combined(node, env)
        case ast.UnaryOp():
            return OPERATORS[type(node.op)](value(node.operand, env))
        case ast.Call():
            return value(node.func, env)(*(value(arg, env) for arg in node.args))
    raise TypeError(f"{ast.unparse(node)}: a line of a rule holds names, numbers, + - * / ** and calls only")


def _combined(node: ast.BinOp, env: Mapping[str, Any]) -> Any:
    left, right = value(node.left, env), value(node.right, env)
    try:
        return OPERATORS[type(node.op)](left, right)
    except ArithmeticError:  # Python's own numbers raise where NumPy's go on with inf and nan
        return OPERATORS[type(node.op)](np.float64(left), np.float64(right))


@cache
def expression(text: str) -> ast.expr:
    """The tree of one expression."""
    return ast.parse(text, mode="eval").body


def shown(tree: ast.expr) -> str:
    """The expression as text, powers close together as people write them."""
    return ast.unparse(tree).replace(" ** ", "**")


def names_in(tree: ast.expr) -> frozenset[str]:
    """Every name that an expression reads, functions among them."""
    return frozenset(node.id for node in _nodes(tree) if isinstance(node, ast.Name))


def _nodes(tree: ast.expr) -> Iterator[ast.expr]:
    yield tree
    match tree:
        case ast.BinOp():
            yield from _nodes(tree.left)
            yield from _nodes(tree.right)
        case ast.UnaryOp():
            yield from _nodes(tree.operand)
        case ast.Call():
            for part in (tree.func, *tree.args):
                yield from _nodes(part)


def _asked(tree: ast.expr) -> Iterator[ast.expr]:
    """The points at which an expression asks for the gradient."""
    for node in _nodes(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "grad":
            yield from node.args


def replaced(tree: ast.expr, by: Mapping[str, ast.expr]) -> ast.expr:
    """The expression with other expressions in place of these names, all at once."""
    match tree:
        case ast.Name():
            return by.get(tree.id, tree)
        case ast.BinOp():
            return ast.BinOp(replaced(tree.left, by), tree.op, replaced(tree.right, by))
        case ast.UnaryOp():
            return ast.UnaryOp(tree.op, replaced(tree.operand, by))
        case ast.Call():
            return ast.Call(tree.func, [replaced(arg, by) for arg in tree.args], [])
    return tree


def lines_of(text: str) -> tuple[Line, ...]:
    """The lines of a block of text, with the gradient and the count in front where it has none of its own."""
    statements = ast.parse(text).body
    found = []
    for statement in statements:
        if not isinstance(statement, ast.Assign) or not isinstance(statement.targets[0], ast.Name):
            raise TypeError(f"{ast.unparse(statement)}: expected name = expression")
        found.append(Line(statement.targets[0].id, _plain(statement.value)))
    return _complete(tuple(found))


def _complete(lines: tuple[Line, ...]) -> tuple[Line, ...]:
    """With the two lines in front that every rule has."""
    read = frozenset().union(*(names_in(line.tree) for line in lines))
    assigned = {line.name for line in lines}
    front = []
    if "t" in read and "t" not in assigned:
        front.append(Line("t", expression("k")))
    if "g" not in assigned:
        front.append(Line("g", expression("grad(w)")))
    return (*front, *lines)


class _Plain(ast.NodeTransformer):
    """np.sqrt(x) as sqrt(x), and a * g * g as a * g**2."""

    def visit_Attribute(self, node: ast.Attribute) -> ast.expr:
        if isinstance(node.value, ast.Name) and node.value.id == "np":
            return ast.Name(node.attr)
        raise TypeError(f"{ast.unparse(node)}: a line of a rule holds no attributes but NumPy's")

    def visit_BinOp(self, node: ast.BinOp) -> ast.expr:
        left, right = self.visit(node.left), self.visit(node.right)
        if isinstance(node.op, ast.Mult):
            square = ast.BinOp(right, ast.Pow(), ast.Constant(2))
            if shown(left) == shown(right):
                return square
            if isinstance(left, ast.BinOp) and isinstance(left.op, ast.Mult) and shown(left.right) == shown(right):
                return ast.BinOp(left.left, ast.Mult(), square)
        return ast.BinOp(left, node.op, right)


def _plain(tree: ast.expr) -> ast.expr:
    plain: ast.expr = _Plain().visit(tree)
    return plain
