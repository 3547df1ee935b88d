"""A rule's formula, taken apart: what is one number for all weights, and what each weight does with it.

    m = beta1 * m + (1 - beta1) * g        becomes        m = beta1 * m + c1 * g,   c1 = 1 - beta1

Numbers are worked out once per step, in Python, by the formula's own text and with the formula's own arguments; so
they are what NumPy sees, in float64 where NumPy has Python floats. The rest is arithmetic on one weight, of which
IEEE 754 fixes every bit: + − × ÷, square root, comparisons. What is not (powers, exponentials) is not translated.
"""

import ast
import inspect
import textwrap
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from types import CodeType, FunctionType, ModuleType
from typing import Any

import numpy as np

from thalweg.formulas.rules import Rule

UNARY: dict[Any, str] = {np.sqrt: "np.sqrt", np.sign: "np.sign", np.abs: "abs", abs: "abs", np.square: "np.square"}
BINARY: dict[Any, str] = {np.maximum: "np.maximum", np.minimum: "np.minimum"}
ARITHMETIC = (ast.Add, ast.Sub, ast.Mult, ast.Div)


class NotTranslatable(Exception):
    """Why a formula stays with NumPy, as the end of a sentence."""


@dataclass(frozen=True)
class Translation:
    """constants are named in the order in which `numbers` returns them; `meaning` is their text in the formula.

    numbers(t, lr, *hyper) -> their values; numbers_text is its source. lines are statements on one weight, result
    what it returns.
    """

    rule: Rule
    constants: tuple[str, ...]
    meaning: tuple[str, ...]
    lines: tuple[str, ...]
    result: tuple[str, ...]
    numbers_text: str
    plain: bool  # do the numbers need nothing but arithmetic?
    numbers: Callable[..., tuple[Any, ...]] = field(compare=False, repr=False)


def translated(rule: Rule) -> Translation:
    """Read a rule's formula. Raises NotTranslatable."""
    reader = _Reader(rule, _definition(rule.formula))
    for statement in reader.definition.body:
        reader.read(statement)
    if len(reader.result) != 1 + len(rule.slots):
        raise NotTranslatable("it does not end with return w and its slots")
    definition = reader.numbers()
    code = _compiled(definition)
    return Translation(
        rule,
        constants=tuple(reader.named.values()),
        meaning=tuple(reader.named),
        lines=tuple(reader.lines),
        result=tuple(reader.result),
        numbers_text=ast.unparse(ast.fix_missing_locations(definition)),
        plain=set(code.co_names) <= {"np", "sqrt"},
        numbers=FunctionType(code, rule.formula.__globals__, f"numbers of {rule.name}"),
    )


def _definition(formula: Callable[..., Any]) -> ast.FunctionDef:
    """The formula's syntax tree, if its source is what runs."""
    if not isinstance(formula, FunctionType):
        raise NotTranslatable("it is not a plain function")
    if formula.__code__.co_freevars:
        raise NotTranslatable(f"it uses {', '.join(formula.__code__.co_freevars)} of the function around it")
    try:
        text = textwrap.dedent(inspect.getsource(formula))
        (found,) = ast.parse(text).body
    except (OSError, TypeError, SyntaxError, ValueError):
        raise NotTranslatable("its source cannot be read") from None
    if not isinstance(found, ast.FunctionDef):
        raise NotTranslatable("it is not a plain function")
    found.decorator_list = []
    modules = [name for name, value in formula.__globals__.items() if isinstance(value, ModuleType)]
    if not any(_same(_compiled(found, imported), formula.__code__) for imported in (modules, [])):
        raise NotTranslatable("its source has changed since it was read")
    return found


def _compiled(definition: ast.FunctionDef, imported: Sequence[str] = ()) -> CodeType:
    """Its code. Python calls functions of modules that the same text imports in another way."""
    body: list[ast.stmt] = [ast.Import([ast.alias(name)]) for name in imported if name.isidentifier()]
    module = ast.fix_missing_locations(ast.Module([*body, definition], []))
    outer = compile(module, "<rule>", "exec", dont_inherit=True)
    return next(part for part in outer.co_consts if isinstance(part, CodeType))


def _same(one: CodeType, other: CodeType) -> bool:
    """Do both do the same?"""
    parts = ("co_code", "co_names", "co_varnames", "co_consts")
    return all(getattr(one, part) == getattr(other, part) for part in parts)


class _Reader:
    """Goes through a formula once. `moving` are the names that differ from weight to weight at this point."""

    def __init__(self, rule: Rule, definition: ast.FunctionDef):
        self.rule, self.definition = rule, definition
        self.moving = {"w", "g", *rule.slots}
        self.taken = {node.id for node in ast.walk(definition) if isinstance(node, ast.Name)} | {rule.name}
        self.prologue: list[ast.stmt] = []
        self.named: dict[str, str] = {}  # text of a number -> its name in the kernel
        self.settled: dict[str, str] = {}  # the same, until one of its names is given another value
        self.lines: list[str] = []
        self.result: list[str] = []

    def read(self, statement: ast.stmt) -> None:
        """One statement."""
        if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant):
            return
        if self.result:
            raise NotTranslatable("it goes on after its return")
        if isinstance(statement, ast.Return):
            values = statement.value.elts if isinstance(statement.value, ast.Tuple) else []
            self.result = [ast.unparse(self.weight(value)) for value in values]
        elif isinstance(statement, ast.Assign) and len(statement.targets) == 1:
            self.assign(statement, statement.targets[0])
        else:
            raise NotTranslatable(f"its line {ast.unparse(statement).splitlines()[0]!r} is no assignment")

    def assign(self, statement: ast.Assign, target: ast.expr) -> None:
        """NAME = VALUE, of numbers or of weights."""
        if not isinstance(target, ast.Name):
            raise NotTranslatable(f"it assigns to {ast.unparse(target)!r}, which is no name")
        if self.is_number(statement.value):
            self.prologue.append(statement)
            self.moving.discard(target.id)
        else:
            self.lines.append(f"{target.id} = {ast.unparse(self.weight(statement.value))}")
            self.moving.add(target.id)
        self.settled = {text: name for text, name in self.settled.items() if target.id not in _names(text)}

    def is_number(self, node: ast.expr) -> bool:
        """Is it the same for all weights?"""
        return not any(isinstance(part, ast.Name) and part.id in self.moving for part in ast.walk(node))

    def weight(self, node: ast.expr) -> ast.expr:
        """The expression for one weight, with its numbers named."""
        if self.is_number(node):
            return ast.Name(self.constant(node))
        if isinstance(node, ast.Name):
            return node
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
            return ast.UnaryOp(node.op, self.weight(node.operand))
        if isinstance(node, ast.BinOp) and isinstance(node.op, ARITHMETIC):
            return ast.BinOp(self.weight(node.left), node.op, self.weight(node.right))
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow) and ast.unparse(node.right) in ("2", "2.0"):
            return _call("np.square", [self.weight(node.left)])  # which is what NumPy does with a square
        if isinstance(node, ast.Call) and not node.keywords:
            return self.call(node)
        raise NotTranslatable(f"{ast.unparse(node)!r} has no equal in compiled arithmetic")

    def call(self, node: ast.Call) -> ast.expr:
        """A function of NumPy that is exact on one weight."""
        function = self._object(node.func)
        if function is np.where and len(node.args) == 3:
            return ast.IfExp(self.condition(node.args[0]), self.weight(node.args[1]), self.weight(node.args[2]))
        for table, size in ((UNARY, 1), (BINARY, 2)):
            if any(function is known for known in table) and len(node.args) == size:
                return _call(table[function], [self.weight(arg) for arg in node.args])
        raise NotTranslatable(f"it calls {ast.unparse(node.func)}, whose last bits differ in compiled code")

    def condition(self, node: ast.expr) -> ast.expr:
        """a < b, of weights."""
        if isinstance(node, ast.Compare) and len(node.ops) == 1:
            return ast.Compare(self.weight(node.left), node.ops, [self.weight(node.comparators[0])])
        raise NotTranslatable(f"{ast.unparse(node)!r} is no plain comparison")

    def constant(self, node: ast.expr) -> str:
        """The name of a number in the kernel; its own where it has one."""
        text = ast.unparse(node)
        if text not in self.settled:
            plain = isinstance(node, ast.Name) and node.id not in self.named.values()
            name = text if plain else self._free()
            self.taken.add(name)
            self.named[text if text not in self.named else f"{text}  (again)"] = self.settled[text] = name
            self.prologue.append(ast.Assign([ast.Name(f"{name}__", ast.Store())], node))
        return self.settled[text]

    def _free(self) -> str:
        return next(name for i in range(1, 1000) if (name := f"c{i}") not in self.taken)

    def _object(self, function: ast.expr) -> Any:
        """What a name such as np.sqrt stands for, where the formula was written."""
        names = ast.unparse(function).split(".")
        found = self.rule.formula.__globals__.get(names[0], abs if names[0] == "abs" else None)
        for name in names[1:]:
            found = getattr(found, name, None)
        return found

    def numbers(self) -> ast.FunctionDef:
        """The function of t, lr and the hyperparameters that works out the constants."""
        values: list[ast.expr] = [ast.Name(f"{name}__", ast.Load()) for name in self.named.values()]
        end = ast.Return(ast.Tuple(values, ast.Load()))
        names = [ast.arg(name) for name in ("t", "lr", *self.rule.defaults)]
        arguments = ast.arguments([], names, None, [], [], None, [])
        return ast.FunctionDef("numbers", arguments, [*self.prologue, end], [])


def _names(text: str) -> set[str]:
    return {node.id for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Name)}


def _call(function: str, args: list[ast.expr]) -> ast.expr:
    return ast.Call(ast.parse(function, mode="eval").body, args, [])
