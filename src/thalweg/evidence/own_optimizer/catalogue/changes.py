"""Every change of one term in the lines of a rule: what a slip of the pen can do.

A term is dropped, an operator or a name exchanged, a root, a power or a factor forgotten or put where none
belongs. Each change comes with its phrase, so that a mistake that nobody has listed still has a name: the line
with the one term that is wrong.
"""

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from thalweg.evidence.own_optimizer.catalogue.lines import Form, Line, expression, names_in, shown

Rewrite = tuple[ast.expr, str]  # the changed expression, and what was changed, in words

FACTORS = (
    "lr",
    "n",
    "2",
    "k",
    "sqrt(k)",
    "sqrt(n)",
    "10",
    "100",
)  # what a term is multiplied or divided by for no reason
WORDS = {
    "n": "the number of entries",
    "sqrt(n)": "the root of the number of entries",
    "k": "the number of the step",
    "sqrt(k)": "the root of the number of the step",
}
HYPER = ("lr", "beta", "beta1", "beta2", "rho", "eps", "decay", "psi")


@dataclass(frozen=True)
class Scope:
    """The names that a slip can put in a line: arrays and hyperparameters of the rule."""

    line: str
    tree: ast.expr  # the whole line, as it should be
    arrays: tuple[str, ...]
    hyper: tuple[str, ...]

    @classmethod
    def of(cls, form: Form, line: Line) -> "Scope":
        assigned = dict.fromkeys([*(one.name for one in form.lines if one.name != "t"), "g", "w"])
        return cls(line.name, line.tree, tuple(assigned), tuple(name for name in HYPER if name in form.names))


def slips(form: Form) -> Iterator[tuple[Form, str, str]]:
    """(changed form, name of the changed line, what was changed) for every change of one term."""
    for line in form.lines:
        scope = Scope.of(form, line)
        if line.name == "t" or (line.name == "g" and shown(line.tree) == "grad(w)"):
            continue  # known mistakes say more about these
        kept = line.name in names_in(line.tree) and line.name != "w"
        cut = (_call("trunc", line.tree), "the value is cut to whole numbers: the memory has an integer dtype")
        for tree, phrase in (*_rewrites(line.tree, scope), *([cut] if kept else [])):
            yield form.but(line.name, tree), line.name, phrase


def _rewrites(node: ast.expr, scope: Scope) -> Iterator[Rewrite]:
    """All trees that differ from this one in one place."""
    yield from _here(node, scope)
    match node:
        case ast.BinOp(left, op, right):
            yield from ((ast.BinOp(new, op, right), said) for new, said in _rewrites(left, scope))
            yield from ((ast.BinOp(left, op, new), said) for new, said in _rewrites(right, scope))
        case ast.UnaryOp(op, operand):
            yield from ((ast.UnaryOp(op, new), said) for new, said in _rewrites(operand, scope))
        case ast.Call(func, args):
            for i, arg in enumerate(args):
                for new, said in _rewrites(arg, scope):
                    yield ast.Call(func, [*args[:i], new, *args[i + 1 :]], []), said


def _here(node: ast.expr, scope: Scope) -> Iterator[Rewrite]:
    match node:
        case ast.BinOp(left, ast.Add() | ast.Sub(), right):
            yield from _uphill(node, left, right, scope) or _sums(node, left, right)
        case ast.BinOp(left, ast.Mult(), right):
            yield from _products(left, right)
        case ast.BinOp(left, ast.Div(), right):
            yield from _quotients(left, right)
        case ast.BinOp(left, ast.Pow(), right):
            yield from _powers(left, right)
        case ast.Call(ast.Name("sqrt"), [inside]):
            yield inside, f"the root of {shown(inside)} is missing"
            yield ast.BinOp(inside, ast.Pow(), ast.Constant(2)), f"{shown(inside)} is squared instead of rooted"
            yield ast.BinOp(inside, ast.Div(), ast.Constant(2)), f"{shown(inside)} is halved instead of rooted"
            yield _call("mean", node), f"{shown(node)} is averaged over the entries"
            yield _call("norm", inside), f"the norm stands where the root of {shown(inside)} belongs"
        case ast.Call(ast.Name("maximum"), [left, right]):
            yield left, f"the largest so far is not kept: {shown(right)} is left out"
            yield right, f"the largest so far is not kept: {shown(left)} is left out"
            yield _call("minimum", left, right), "the smallest is kept instead of the largest"
        case ast.Name(name) if name in scope.hyper:
            yield from _hypers(name, scope)
        case ast.Name(name) if name in scope.arrays:
            yield from _arrays(name, scope)
    if not isinstance(node, ast.Constant):
        yield from _scaled(node)


def _uphill(node: ast.BinOp, left: ast.expr, right: ast.expr, scope: Scope) -> list[Rewrite]:
    """The changes of w - step; [] for other sums."""
    if node is not scope.tree or scope.line != "w" or shown(left) not in ("w", "u"):
        return []
    a, b, added = shown(left), shown(right), isinstance(node.op, ast.Add)
    done = "subtracted instead of added" if added else "added instead of subtracted"
    minus = ast.UnaryOp(ast.USub(), right)
    found: list[Rewrite] = [
        (left, f"the step {b} is left out"),
        (right if added else minus, f"{a} is missing: the step is put in place of the weights"),
        (minus if added else right, f"{a} is missing, and the sign of {b} is wrong"),
        (ast.BinOp(left, ast.Sub() if added else ast.Add(), right), f"the step goes uphill: {b} is {done}"),
        (ast.BinOp(right, ast.Sub(), left), f"{shown(node)} is turned round"),
    ]
    match right:
        case ast.BinOp(above, ast.Div(), ast.BinOp(first, ast.Add(), second)):  # w - a / b + c
            split = ast.BinOp(ast.BinOp(left, node.op, ast.BinOp(above, ast.Div(), first)), ast.Add(), second)
            found.append((split, f"the brackets round {shown(right.right)} are missing"))
    return found


def _sums(node: ast.BinOp, left: ast.expr, right: ast.expr) -> Iterator[Rewrite]:
    added = isinstance(node.op, ast.Add)
    a, b = shown(left), shown(right)
    other = ast.Sub() if added else ast.Add()
    if _is_one(left) and not added:  # 1 - beta
        yield right, f"{b} stands where 1 - {b} belongs"
        yield left, f"the factor 1 - {b} is missing"
        yield ast.BinOp(left, other, right), f"1 + {b} stands where 1 - {b} belongs"
        return
    yield left, f"{b} is missing"
    yield right, f"{a} is missing"
    turned = "subtracted instead of added" if added else "added instead of subtracted"
    yield ast.BinOp(left, other, right), f"{b} is {turned}"
    if not added:
        yield ast.BinOp(right, ast.Sub(), left), f"{shown(node)} is turned round"
    else:
        yield ast.BinOp(right, ast.Sub(), left), f"{a} is subtracted instead of added"
        yield ast.BinOp(left, ast.Mult(), right), f"{a} and {b} are multiplied instead of added"
    if isinstance(left, ast.Call) and shown(left.func) == "sqrt" and added:
        yield from _beside_a_root(left.args[0], right)


def _beside_a_root(inside: ast.expr, eps: ast.expr) -> Iterator[Rewrite]:
    """sqrt(s) + eps with eps elsewhere."""
    b, both = shown(eps), ast.BinOp(inside, ast.Add(), eps)
    root = _call("sqrt", inside)
    squared = ast.BinOp(eps, ast.Pow(), ast.Constant(2))
    yield _call("sqrt", both), f"{b} is inside the root"
    yield ast.BinOp(_call("sqrt", both), ast.Add(), eps), f"{b} is added twice, inside the root and outside"
    yield _call("sqrt", ast.BinOp(inside, ast.Add(), squared)), f"{b} is squared inside the root"
    yield _call("maximum", root, eps), f"the larger of the root and {b} stands where their sum belongs"
    yield _call("sqrt", _call("maximum", inside, eps)), f"the larger of {shown(inside)} and {b} is rooted"
    yield both, f"the root of {shown(inside)} is missing"


def _products(left: ast.expr, right: ast.expr) -> Iterator[Rewrite]:
    a, b = shown(left), shown(right)
    yield left, f"the factor {b} is missing"
    yield right, f"the factor {a} is missing"
    yield ast.BinOp(left, ast.Div(), right), f"{b} divides instead of multiplying"
    yield ast.BinOp(right, ast.Div(), left), f"{a} divides instead of multiplying"
    yield ast.BinOp(left, ast.Add(), right), f"{a} and {b} are added instead of multiplied"
    yield ast.BinOp(left, ast.Sub(), right), f"{b} is subtracted from {a} instead of multiplied by it"
    if isinstance(right, ast.BinOp) and isinstance(right.op, ast.Pow) and isinstance(right.right, ast.Constant):
        product = ast.BinOp(left, ast.Mult(), right.left)
        yield ast.BinOp(product, ast.Pow(), right.right), f"the square covers {a}, too"


def _quotients(left: ast.expr, right: ast.expr) -> Iterator[Rewrite]:
    a, b = shown(left), shown(right)
    yield left, f"the division by {b} is missing"
    yield ast.BinOp(left, ast.Mult(), right), f"{b} multiplies instead of dividing"
    yield ast.BinOp(right, ast.Div(), left), f"{a} / ({b}) is upside down"
    yield ast.BinOp(left, ast.FloorDiv(), right), f"{a} // ({b}) rounds down to whole numbers"
    if isinstance(right, ast.BinOp) and isinstance(right.op, ast.Add | ast.Sub):  # brackets forgotten: a / b + c
        split = ast.BinOp(ast.BinOp(left, ast.Div(), right.left), right.op, right.right)
        yield split, f"the brackets round {b} are missing"


def _square(base: ast.expr) -> Iterator[Rewrite]:
    a, square = shown(base), ast.BinOp(base, ast.Pow(), ast.Constant(2))
    yield base, f"{a} is not squared"
    yield _call("abs", base), f"the absolute value of {a} stands where its square belongs"
    yield _call("mean", square), f"the square of {a} is averaged over the entries"
    yield _call("total", square), f"the square of {a} is summed over the entries"
    yield _call("largest", square), f"the largest square of {a} stands for all"
    yield _call("norm", base), f"the norm of {a} stands where its square belongs"
    yield ast.BinOp(base, ast.Pow(), ast.Constant(3)), f"{a} is cubed instead of squared"
    yield ast.BinOp(base, ast.Mult(), ast.Constant(2)), f"{a} is doubled instead of squared"
    yield _call("sqrt", _call("abs", base)), f"{a} is rooted instead of squared"


def _powers(left: ast.expr, right: ast.expr) -> Iterator[Rewrite]:
    if isinstance(right, ast.Constant):
        yield from _square(left)
        return
    a, b = shown(left), shown(right)
    yield left, f"{a} stands where {a} to the power of {b} belongs"
    yield ast.BinOp(left, ast.Mult(), right), f"{a} times {b} stands where {a} to the power of {b} belongs"
    for other, said in ((f"{b} - 1", "one too low"), (f"{b} + 1", "one too high"), (f"2 * {b}", "twice as high")):
        yield ast.BinOp(left, ast.Pow(), expression(other)), f"the power of {a} is {said}"
    yield ast.BinOp(right, ast.Pow(), left), f"{shown(ast.BinOp(left, ast.Pow(), right))} is turned round"


def _hypers(name: str, scope: Scope) -> Iterator[Rewrite]:
    if name != "eps":
        yield expression(f"1 - {name}"), f"1 - {name} stands where {name} belongs"
    yield expression(f"{name} * {name}"), f"{name} is squared"
    yield _call("sqrt", ast.Name(name)), f"the root of {name} is taken"
    for other in scope.hyper:
        if other != name:
            yield ast.Name(other), f"{other} stands where {name} belongs"


def _arrays(name: str, scope: Scope) -> Iterator[Rewrite]:
    for other in scope.arrays:
        if other != name:
            yield ast.Name(other), f"{other} stands where {name} belongs"
    for other in scope.arrays:
        if other not in ("g", "w", scope.line):
            yield (
                ast.Name(f"{other}_old"),
                (f"{other} of the step before stands where {'the new one' if other == name else name} belongs"),
            )
    if scope.line != "w" and name == "w":
        return
    yield ast.BinOp(ast.Name(name), ast.Mult(), ast.Name(name)), f"{name} is squared"
    for function, said in (
        ("sqrt", f"the root of {name} is taken"),
        ("abs", f"the absolute value of {name} is taken"),
        ("sign", f"only the sign of {name} is used"),
        ("mean", f"{name} is averaged over the entries"),
        ("norm", f"the norm of {name} stands where {name} belongs"),
    ):
        yield _call(function, ast.Name(name)), said


def _scaled(node: ast.expr) -> Iterator[Rewrite]:
    text = shown(node)
    yield ast.UnaryOp(ast.USub(), node), f"the sign of {text} is wrong"
    for factor in FACTORS:
        tree = expression(factor)
        word = WORDS.get(factor, factor)
        if factor not in ("10", "100"):
            yield ast.BinOp(node, ast.Mult(), tree), f"{text} is multiplied by {word}"
        yield ast.BinOp(node, ast.Div(), tree), f"{text} is divided by {word}"


def _is_one(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value == 1


def _call(function: str, *args: ast.expr) -> ast.expr:
    return ast.Call(ast.Name(function), list(args), [])
