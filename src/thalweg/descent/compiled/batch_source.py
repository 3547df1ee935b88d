"""Losses and activations as loops over a batch, made from the text of their formulas.

A formula on arrays (B, K) becomes one loop per statement over buffers of B·K numbers; a sum or maximum over the last
axis becomes a number for each row. Exponentials are polynomials, so that a loop over them runs in vectors: the result
is that of NumPy to rounding, not to the bit.
"""

import ast
import inspect
import textwrap
from collections.abc import Callable
from dataclasses import dataclass, field
from types import FunctionType
from typing import Any, NamedTuple

import numpy as np

from thalweg.descent.compiled.translate import NotTranslatable

NUMBER, ROW, ENTRY = 0, 1, 2  # one for the batch, one for each row, one for each row and output
ONE: dict[Any, str] = {np.exp: "exp", np.tanh: "tanh", np.log: "log", np.log1p: "log1p", np.abs: "abs", np.sqrt: "sqrt"}
TWO: dict[Any, str] = {np.maximum: "larger", np.minimum: "smaller"}


class Value(NamedTuple):
    """Code for one entry, and whether it is one for the batch, each row or each entry."""

    code: str
    kind: int


@dataclass
class Loops:
    """Grows line by line. `entries` and `rows` are the buffers that the lines need."""

    formula: Callable[..., Any]
    known: dict[str, Value]
    dtype: str
    weighted: bool = False
    lines: list[str] = field(default_factory=list)
    entries: list[str] = field(default_factory=list)
    rows: list[str] = field(default_factory=list)
    depth: int = 0

    def statements(self, body: list[ast.stmt]) -> ast.expr:
        """All statements up to the return, whose value is given back."""
        for statement in body:
            if isinstance(statement, ast.Return) and statement.value:
                return statement.value
            if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
                name = statement.targets[0].id
                self.known[name] = self.kept(self.value(statement.value), name)
            elif not isinstance(statement, ast.Expr):
                raise NotTranslatable(f"its line {ast.unparse(statement)!r} is no assignment")
        raise NotTranslatable("it returns nothing")

    def value(self, node: ast.expr) -> Value:
        """The code of an expression; loops that it needs first are written."""
        found = self.leaf(node) or self.arithmetic(node)
        if found is None and isinstance(node, ast.Call):
            found = self.call(node)
        if found is None:
            raise NotTranslatable(f"{ast.unparse(node)!r} has no equal in compiled arithmetic")
        return found

    def leaf(self, node: ast.expr) -> Value | None:
        """A name, a number, or a length."""
        text = ast.unparse(node)
        if ".dtype" in text:
            given = {name: np.empty((2, 2), self.dtype) for name, value in self.known.items() if value.kind == ENTRY}
            return Value(f"F({float(eval(text, {'np': np}, given))!r})", NUMBER)  # noqa: S307 - our own formula
        if isinstance(node, ast.Name):
            return self.known.get(node.id)
        if isinstance(node, ast.Constant) and isinstance(node.value, int | float):
            return Value(f"F({node.value!r})", NUMBER)
        if isinstance(node, ast.Subscript) and ast.unparse(node.value).endswith(".shape"):
            return Value({"-2": "rows", "-1": "outputs"}[ast.unparse(node.slice)], NUMBER)
        return None

    def arithmetic(self, node: ast.expr) -> Value | None:
        """+ − × ÷ and comparisons, which count as 1 and 0."""
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
            inner = self.value(node.operand)
            return Value(f"(-{inner.code})", inner.kind)
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Sub | ast.Mult | ast.Div):
            left, right = self.value(node.left), self.value(node.right)
            sign = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/"}[type(node.op)]
            return Value(f"({left.code} {sign} {right.code})", max(left.kind, right.kind))
        if isinstance(node, ast.Compare) and len(node.ops) == 1:
            left, right = self.value(node.left), self.value(node.comparators[0])
            sign = ast.unparse(ast.Compare(ast.Name("a"), node.ops, [ast.Name("b")])).split()[1]
            return Value(f"(F(1) if {left.code} {sign} {right.code} else F(0))", max(left.kind, right.kind))
        return None

    def call(self, node: ast.Call) -> Value:
        """A function of NumPy, a reduction, or another formula, which is taken in."""
        if isinstance(node.func, ast.Attribute) and node.func.attr in ("sum", "max"):
            return self.reduction(node, node.func)
        function = self.named(node.func)
        if getattr(function, "__name__", "") == "_spread":
            value = self.value(node.args[0])
            return Value(f"({value.code} * weight[i])", max(value.kind, ROW)) if self.weighted else value
        args = [self.value(arg) for arg in node.args]
        kind = max((arg.kind for arg in args), default=NUMBER)
        codes = ", ".join(arg.code for arg in args)
        for table in (ONE, TWO):
            if any(function is known for known in table):
                return Value(f"{table[function]}({codes})", kind)
        if function is np.clip and len(args) == 3:
            return Value(f"smaller(larger({args[0].code}, {args[1].code}), {args[2].code})", kind)
        if function is np.where and len(args) == 3:
            return Value(f"({args[1].code} if {args[0].code} else {args[2].code})", kind)
        if isinstance(function, FunctionType):
            return self.taken_in(function, args)
        raise NotTranslatable(f"it calls {ast.unparse(node.func)}")

    def reduction(self, node: ast.Call, how: ast.Attribute) -> Value:
        """x.sum(-1, keepdims=True) or x.max(…), a number for each row; x.sum((-2, -1)), one for the batch."""
        axis = ast.unparse(node.args[0]) if node.args else ""
        keeps = any(key.arg == "keepdims" for key in node.keywords)
        inner = self.value(how.value)
        name = self.fresh("s")
        if axis == "-1" and keeps:
            self.rows.append(name)
            start = "F(0)" if how.attr == "sum" else "F(-np.inf)"
            more = f"total + {inner.code}" if how.attr == "sum" else f"larger({inner.code}, total)"
            self.lines += ["for i in range(rows):", f"    total = {start}", *self.inner(f"total = {more}")]
            self.lines.append(f"    {name}[i] = total")
            return Value(f"{name}[i]", ROW)
        if axis == "(-2, -1)" and how.attr == "sum":
            self.lines.append(f"{name} = 0.0")
            self.loop(f"{name} += {inner.code}", inner.kind)
            return Value(name, NUMBER)
        raise NotTranslatable(f"{ast.unparse(node)!r} is a reduction over other axes")

    def taken_in(self, function: FunctionType, args: list[Value]) -> Value:
        """Another formula's value, for these arguments."""
        definition = definition_of(function)
        inner = Loops(function, {}, self.dtype, self.weighted, self.lines, self.entries, self.rows, self.depth + 1)
        for arg, value in zip(definition.args.args, args, strict=True):
            inner.known[arg.arg] = inner.kept(value, arg.arg)
        return inner.value(inner.statements(definition.body))

    def kept(self, value: Value, name: str) -> Value:
        """The value in a buffer of its own."""
        if value.code.replace("[q]", "").replace("[i]", "").isidentifier() and value.kind != NUMBER:
            return value
        name = self.fresh(name)
        if value.kind == NUMBER:
            self.lines.append(f"{name} = F({value.code})")
            return Value(name, NUMBER)
        (self.entries if value.kind == ENTRY else self.rows).append(name)
        place = f"{name}[q]" if value.kind == ENTRY else f"{name}[i]"
        self.loop(f"{place} = {value.code}", value.kind)
        return Value(place, value.kind)

    def loop(self, line: str, kind: int) -> None:
        """One line for every entry, or every row."""
        if kind == ENTRY and "[i]" not in line:
            self.lines += ["for q in range(rows * outputs):", f"    {line}"]
        elif kind == ENTRY:
            self.lines += ["for i in range(rows):", *self.inner(line)]
        else:
            self.lines += ["for i in range(rows):", f"    {line}"]

    def inner(self, line: str) -> list[str]:
        return ["    for q in range(i * outputs, (i + 1) * outputs):", f"        {line}"]

    def fresh(self, name: str) -> str:
        used = {
            *self.entries,
            *self.rows,
            *(line.split(" ")[0] for line in self.lines),
            "z",
            "y",
            "dz",
            "weight",
            "rows",
        }
        return next(one for i in range(1, 1000) if (one := f"{name}{i}") not in used)

    def named(self, function: ast.expr) -> Any:
        names = ast.unparse(function).split(".")
        found = self.formula.__globals__.get(names[0])
        for name in names[1:]:
            found = getattr(found, name, None)
        return found


def definition_of(formula: Callable[..., Any]) -> ast.FunctionDef:
    """The syntax tree of a formula."""
    try:
        (found,) = ast.parse(textwrap.dedent(inspect.getsource(formula))).body
    except (OSError, TypeError, SyntaxError, ValueError):
        raise NotTranslatable("its source cannot be read") from None
    if not isinstance(found, ast.FunctionDef):
        raise NotTranslatable("it is not a plain function")
    return found


def loss_source(formula: Callable[..., Any], dtype: str, weighted: bool) -> tuple[str, list[str], list[str]]:
    """A function loss(z, y, weight, dz, rows, outputs, *buffers) -> value, and its buffers by entry and by row.

    z, y and dz are flat, B·K numbers; dz is written.
    """
    definition = definition_of(formula)
    z, y = (arg.arg for arg in definition.args.args[:2])
    loops = Loops(formula, {z: Value("z[q]", ENTRY), y: Value("y[q]", ENTRY)}, dtype, weighted)
    result = loops.statements(definition.body)
    if not isinstance(result, ast.Tuple) or len(result.elts) != 2:
        raise NotTranslatable("it does not return a value and its gradient")
    value = loops.value(result.elts[0])
    if value.kind != NUMBER:
        raise NotTranslatable("its value is no single number")
    slope = loops.value(result.elts[1])
    loops.loop(f"dz[q] = {slope.code}", ENTRY)
    buffers = [*loops.entries, *loops.rows]
    head = f"def loss({', '.join(['z', 'y', 'weight', 'dz', 'rows', 'outputs', *buffers])}):"
    body = [f"    {line}" for line in [*loops.lines, f"return {value.code}"]]
    return "\n".join([head, *body]), loops.entries, loops.rows


def activation_source(formula: Callable[..., Any], name: str, dtype: str) -> str:
    """Functions NAME_forward(a) -> h and NAME_backward(dh, a, h) -> da, of one entry."""
    definition = definition_of(formula)
    (a,) = (arg.arg for arg in definition.args.args)
    lines: list[str] = []
    known: dict[str, Value] = {a: Value("a", ENTRY)}
    loops = Loops(formula, known, dtype)
    result = None
    for statement in definition.body:
        if isinstance(statement, ast.Return):
            result = statement.value
        elif isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
            known[statement.targets[0].id] = _one(loops, statement.value)
    if not isinstance(result, ast.Tuple) or not isinstance(result.elts[1], ast.Lambda):
        raise NotTranslatable("it does not return a value and its pullback")
    forward, pullback = result.elts[0], result.elts[1]
    value = _one(loops, forward)
    if isinstance(forward, ast.Name):
        known[forward.id] = Value("h" if forward.id != a else "a", ENTRY)
    known[pullback.args.args[0].arg] = Value("dh", ENTRY)
    back = _one(loops, pullback.body)
    lines += [f"def {name}_forward(a):", f"    return {value.code}", "", "", "@njit(**INNER)"]
    lines += [f"def {name}_backward(dh, a, h):", f"    return {back.code}"]
    return "\n".join(lines)


def _one(loops: Loops, node: ast.expr) -> Value:
    """An expression without reductions, which needs no loops of its own."""
    function = loops.named(node.func) if isinstance(node, ast.Call) else None
    if isinstance(node, ast.Call) and isinstance(
        function, FunctionType
    ):  # another formula: its only statement is its return
        definition = definition_of(function)
        given = {arg.arg: loops.value(value) for arg, value in zip(definition.args.args, node.args, strict=True)}
        inner = Loops(function, given, loops.dtype)
        return _one(inner, inner.statements(definition.body))
    value = loops.value(node)
    if loops.lines:
        raise NotTranslatable("its outputs depend on one another")
    return value
