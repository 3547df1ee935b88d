"""A user's function and what it must return: one number, and a gradient built like the parameters.

The function sees fresh arrays in the user's own structure, so nothing that it does to them can do harm. What it
returns is looked at in one place, for the gradient check and for descent alike.
"""

import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from thalweg.errors import ShapeError, SpecError, ThalwegError
from thalweg.formulas.arrays import Array
from thalweg.problems.layout import Layout
from thalweg.problems.objective import ALL, Rows
from thalweg.problems.tensors import Tensors, mismatch

Leaves = list[tuple[str, Array]]
RETURN = "end it with `return loss, gradient`"


class ContractError(ShapeError):
    """What was returned is no loss with its gradient; `kind` in one word, the message in a sentence."""

    def __init__(self, kind: str, sentence: str):
        super().__init__(sentence)
        self.kind = kind


class FunctionFailed(ThalwegError, RuntimeError):
    """A function of the user's raised an exception, which is the `__cause__` of this one."""


def answered(tensors: Tensors, answer: Any) -> tuple[Array, Leaves]:
    """(loss, gradient) as returned -> the loss () and the gradient's arrays in the right shapes; nan may be there."""
    if answer is None:
        raise ContractError("structure", f"the function returned a NoneType; expected (loss, gradient); {RETURN}")
    if not isinstance(answer, tuple | list):
        alone = np.ndim(answer) == 0 and not isinstance(answer, Mapping)
        hint = "hand the gradient's own function over as grad=" if alone else RETURN
        raise ContractError(
            "structure", f"the function returned {a(type(answer).__name__)}; expected (loss, gradient); {hint}"
        )
    if len(answer) != 2:
        raise ContractError("structure", f"the function returned {len(answer)} things; expected (loss, gradient)")
    try:
        return _loss(answer[0]), _grads(tensors, answer[1])
    except ContractError:
        if _exchanged(tensors, *answer):
            raise ContractError(
                "structure", "the function returned (gradient, loss); expected (loss, gradient), exchange the two"
            ) from None
        raise


def _loss(loss: Any) -> Array:
    if isinstance(loss, Mapping | list | tuple):
        raise ContractError("shape", f"the loss is {a(type(loss).__name__)}; expected one number")
    value = np.asarray(loss)
    if value.dtype.kind not in "fiu" or value.size != 1:
        raise ContractError(
            "shape",
            f"the loss is {type(loss).__name__} of shape {value.shape}; "
            "expected one number, such as the mean over rows",
        )
    return value.reshape(())


def _grads(tensors: Tensors, grad: Any) -> Leaves:
    if grad is None:
        raise ContractError("structure", f"the gradient is None; expected one built like the parameters; {RETURN}")
    if differs := mismatch(tensors.tree, grad):
        raise ContractError("structure", f"the gradient is not built like the parameters: {differs}")
    leaves = tensors.leaves(grad)
    for (name, leaf), shape in zip(leaves, tensors.leaf_shapes, strict=True):
        if leaf.dtype == object and leaf.ndim == 0 and leaf.item() is None:
            raise ContractError("structure", f"the gradient of {name} is None; expected an array of shape {shape}")
        if leaf.shape != shape:
            raise ContractError(
                "shape", f"the gradient of {name} has shape {leaf.shape}; expected {shape}, the shape of {name}"
            )
        if leaf.dtype.kind != "f":
            raise ContractError(
                "dtype", f"the gradient of {name} has dtype {leaf.dtype}; expected real numbers (float)"
            )
    return leaves


def _exchanged(tensors: Tensors, grad: Any, loss: Any) -> bool:
    """Would it be right the other way round?"""
    try:
        _loss(loss), _grads(tensors, grad)
    except ContractError:
        return False
    return True


def name_of(function: Any) -> str:
    """What a function, or an object that is called like one, is known by."""
    return str(getattr(function, "__name__", type(function).__name__))


def failed(call: str, error: Exception) -> FunctionFailed:
    """The user's exception as a sentence, with the line of their file that it came from. `call` is as in f(params)."""
    told = f"{type(error).__name__}: {' '.join(str(error).split())}".rstrip(": ")
    here = Path(__file__).parents[1]
    frames = [f for f in traceback.extract_tb(error.__traceback__) if here not in Path(f.filename).parents]
    own = [f for f in frames if "site-packages" not in f.filename] or frames
    if not own:  # it was never entered
        return FunctionFailed(f"it cannot be called as {call}: {told}")
    return FunctionFailed(f"{call} failed in {Path(own[-1].filename).name}, line {own[-1].lineno}: {told}")


def called(call: str, function: Callable[..., Any], *arguments: Any) -> Any:
    """function(*arguments); an exception becomes one sentence."""
    try:
        return function(*arguments)
    except ThalwegError:
        raise
    except Exception as error:
        raise failed(call, error) from error


@dataclass(frozen=True)
class OwnFunction:
    """function(params) -> (loss, gradient), as a function of one flat vector (P,).

    With `grad`, function(params) is the loss alone. With `examples` rows to draw from, each is called as
    (params, rows), rows (B,) being indices.
    """

    function: Callable[..., Any]
    tensors: Tensors
    grad: Callable[..., Any] | None = None
    examples: int = 0

    @property
    def name(self) -> str:
        return name_of(self.function) + (f" with {name_of(self.grad)}" if self.grad else "")

    @property
    def call(self) -> str:
        """How it is called, for messages."""
        return f"{self.name}({'params, rows' if self.examples else 'params'})"

    @property
    def layout(self) -> Layout:
        return self.tensors.layout

    def params(self, w: Array) -> Any:
        """w (P,) as fresh arrays in the user's structure."""
        views = self.layout.views(w)
        return self.tensors.filled(views.get(name, np.empty(0)) for name in self.tensors.names)

    def answer(self, params: Any, rows: Array | None = None) -> Any:
        """What the user's function says to `params` in their structure, as it says it."""
        with_rows = () if rows is None else (rows.copy(),)
        if self.grad is None:
            return self.function(params, *with_rows)
        loss = self.function(params, *with_rows)
        if isinstance(loss, tuple | list) and len(loss) == 2:
            raise ContractError("structure", "grad= is given, but the function returns a pair itself; leave grad= out")
        return loss, self.grad(params, *with_rows)

    def __call__(self, w: Array, rows: Rows = ALL) -> tuple[Array, Array]:
        """Loss () and gradient (P,) at w (P,), on these rows."""
        chosen = np.arange(self.examples)[rows] if self.examples else None
        loss, grads = answered(self.tensors, called(self.call, self.answer, self.params(w), chosen))
        return loss, self.layout.pack({name: leaf for name, leaf in grads if leaf.size})


@dataclass(frozen=True)
class OwnMeasures:
    """function(params) -> {name: number}, as the measures of a split.

    Names that begin with train_ or validation_ say where they belong; all others are of the validation split.
    """

    function: Callable[[Any], Any]
    params: Callable[[Array], Any]
    _latest: dict[bytes, dict[str, float]] = field(default_factory=dict, repr=False, compare=False)  # one, a cache

    def __call__(self, w: Array, split: str) -> dict[str, float]:
        """w (P,) -> the measures of train or validation, without the split in their names."""
        if (key := w.tobytes()) not in self._latest:
            found = self._asked(w)
            self._latest.clear()
            self._latest[key] = found
        parts = [(name.startswith("train_"), name, value) for name, value in self._latest[key].items()]
        return {
            name.removeprefix(f"{split}_"): value
            for of_training, name, value in parts
            if of_training == (split == "train")
        }

    def _asked(self, w: Array) -> dict[str, float]:
        name = name_of(self.function)
        found = called(f"{name}(params)", self.function, self.params(w))
        if not isinstance(found, Mapping):
            raise SpecError(
                f"{name} returned {a(type(found).__name__)}; expected a dictionary of numbers, "
                "as in {'loss': 0.3, 'accuracy': 0.9}"
            )
        return {str(k): number(f"{k} of {name}", value) for k, value in found.items()}


def number(what: str, value: Any) -> float:
    """A Python float out of anything that holds one real number: an array of one entry, a tensor of any library."""
    if type(value) is float:
        return value
    if hasattr(value, "detach"):  # a tensor that belongs to a graph
        value = value.detach().cpu()
    try:
        array = np.asarray(value)
    except (TypeError, ValueError, RuntimeError):
        array = np.asarray(None)
    if array.size != 1 or array.dtype.kind not in "fiub":
        came = f"of shape {array.shape}" if array.dtype.kind in "fiub" else f"{value!r}"
        raise SpecError(f"{what} is {a(type(value).__name__)} {came}; expected one number")
    return float(array.reshape(()))


def a(noun: str) -> str:
    """The noun with its article."""
    return f"{'an' if noun[:1].lower() in 'aeiou' or noun == 'ndarray' else 'a'} {noun}"
