"""A formula as the list of its operations, found by calling it with symbols in place of arrays.

The text of the formula is never read: NumPy hands every operation on a Symbol to the Symbol. What depends on no
symbol (1 − β₁ᵗ, say) is computed at once, as NumPy would, and becomes a constant.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

# How far a value extends: one number, one for each row, one for each entry (row and output), a sum over the batch
UNIFORM, ROW, ENTRY, TOTAL = range(4)
UFUNCS = {
    np.add: "+", np.subtract: "-", np.multiply: "*", np.divide: "/", np.negative: "neg", np.absolute: "abs",
    np.maximum: "larger", np.minimum: "smaller", np.sqrt: "sqrt", np.exp: "exp", np.log: "log", np.log1p: "log1p",
    np.tanh: "tanh", np.sign: "sign", np.square: "square", np.greater: ">", np.less: "<", np.greater_equal: ">=",
    np.less_equal: "<=",
}  # fmt: skip
LOGICAL = (">", "<", ">=", "<=")


class Untraceable(TypeError):
    """The formula does something that the compiled strides cannot; NumPy runs it instead."""


class Symbol:
    """One value of a formula: an input, a constant, or an operation on others. `dtype` is that of the arrays."""

    __slots__ = ("args", "dtype", "extent", "op", "sizes", "value")

    def __init__(self, op: str, args: tuple["Symbol", ...], extent: int, dtype: Any, sizes: Any = (), value: Any = 0.0):
        self.op, self.args, self.extent, self.dtype, self.sizes, self.value = op, args, extent, dtype, sizes, value

    @property
    def shape(self) -> tuple[Any, ...]:
        """(rows, outputs), each a Symbol."""
        return tuple(self.sizes)

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> "Symbol":
        if method != "__call__" or options or ufunc not in UFUNCS:
            raise Untraceable(f"{ufunc.__name__} is no operation of the compiled strides")
        return self._made(UFUNCS[ufunc], *inputs)

    def __array_function__(self, function: Any, types: Any, args: Any, options: Any) -> "Symbol":
        if function is np.where and len(args) == 3:
            return self._made("where", *args)
        if function is np.clip and len(args) == 3 and not options:
            return self._made("smaller", self._made("larger", args[0], args[1]), args[2])
        raise Untraceable(f"{function.__name__} is no operation of the compiled strides")

    def _made(self, op: str, *inputs: Any) -> "Symbol":
        args = tuple(one if isinstance(one, Symbol) else constant(one, self.dtype) for one in inputs)
        extent = max(one.extent for one in args)
        if extent == TOTAL and (op not in ("*", "/", "neg") or any(one.extent in (ROW, ENTRY) for one in args)):
            raise Untraceable("a sum over the batch may only be scaled: a batch is summed in parts")
        sizes = next((one.sizes for one in args if one.extent == extent and one.sizes), ())
        return Symbol(op, args, extent, self.dtype, sizes)

    def sum(self, axis: Any = None, keepdims: bool = False) -> "Symbol":
        return self._reduced("sum", axis, keepdims)

    def max(self, axis: Any = None, keepdims: bool = False) -> "Symbol":
        return self._reduced("max", axis, keepdims)

    def _reduced(self, op: str, axis: Any, keepdims: bool) -> "Symbol":
        axes = (axis,) if isinstance(axis, int) else tuple(sorted(axis or ()))
        if axes == (-1,) and keepdims:
            return Symbol(op, (self,), ROW, self.dtype, self.sizes)
        if axes == (-2, -1) and not keepdims and op == "sum":
            return Symbol("total", (self,), TOTAL, self.dtype)
        raise Untraceable(f"{op} over {axis} is no operation of the compiled strides")

    def __getitem__(self, key: Any) -> "Symbol":
        if key == (..., None) and self.extent == ROW:
            return self  # (B,) as (B, 1)
        raise Untraceable("indexing is no operation of the compiled strides")

    def __bool__(self) -> bool:
        raise Untraceable("a formula that branches on its values cannot be compiled")

    def __add__(self, other: Any) -> "Symbol":
        return self._made("+", self, other)

    def __radd__(self, other: Any) -> "Symbol":
        return self._made("+", other, self)

    def __sub__(self, other: Any) -> "Symbol":
        return self._made("-", self, other)

    def __rsub__(self, other: Any) -> "Symbol":
        return self._made("-", other, self)

    def __mul__(self, other: Any) -> "Symbol":
        return self._made("*", self, other)

    def __rmul__(self, other: Any) -> "Symbol":
        return self._made("*", other, self)

    def __truediv__(self, other: Any) -> "Symbol":
        return self._made("/", self, other)

    def __rtruediv__(self, other: Any) -> "Symbol":
        return self._made("/", other, self)

    def __neg__(self) -> "Symbol":
        return self._made("neg", self)

    def __abs__(self) -> "Symbol":
        return self._made("abs", self)

    def __pow__(self, power: Any) -> "Symbol":
        if isinstance(power, int | float) and power == 2:
            return self._made("square", self)
        raise Untraceable("only squares are operations of the compiled strides; write out other powers")

    def __gt__(self, other: Any) -> "Symbol":
        return self._made(">", self, other)

    def __lt__(self, other: Any) -> "Symbol":
        return self._made("<", self, other)

    def __ge__(self, other: Any) -> "Symbol":
        return self._made(">=", self, other)

    def __le__(self, other: Any) -> "Symbol":
        return self._made("<=", self, other)


def symbol(name: str, extent: int, dtype: Any, sizes: Any = ()) -> Symbol:
    """An input of a formula."""
    return Symbol(name, (), extent, np.dtype(dtype), sizes)


def constant(value: Any, dtype: Any) -> Symbol:
    """A number, or an array of one number for each member."""
    if not isinstance(value, int | float | np.ndarray | np.generic):
        raise Untraceable(f"{type(value).__name__} is no operand of the compiled strides")
    return Symbol("constant", (), UNIFORM, dtype, value=value)


def traced(call: Callable[[], Any]) -> Any:
    """What `call` returns, any failure to take symbols told as Untraceable."""
    try:
        return call()
    except (TypeError, AttributeError, ValueError, NotImplementedError) as error:
        raise Untraceable(str(error)) from None


def ordered(outputs: tuple[Symbol, ...]) -> list[Symbol]:
    """Every symbol that the outputs need, operands first, each once, in an order that depends on nothing else."""
    found: dict[int, Symbol] = {}

    def visit(one: Symbol) -> None:
        if id(one) not in found:
            for arg in one.args:
                visit(arg)
            found[id(one)] = one

    for output in outputs:
        visit(output)
    return list(found.values())
