"""How parameters and gradients are held: lists, dictionaries, one array, objects with .data and .grad, and so on.

A Holder puts arrays into what the learner's code expects, and reads them back.
"""

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import Any

import numpy as np

from thalweg.formulas.arrays import Array

KEYS = ("W1", "b1", "W2", "b2", "W3", "b3")


@dataclass(frozen=True)
class Holder:
    """`hold` arrays as parameters, hold them as `grads` beside such parameters, and `read` parameters back.

    `read` gives None for what is not held in this way. `most` is how many arrays fit; 0 for any number.
    """

    words: str
    hold: Callable[[Sequence[Array]], Any]
    grads: Callable[[Any, Sequence[Array]], Any]
    read: Callable[[Any], list[Array] | None]
    most: int = 0
    inside: bool = False  # the gradients are set inside the parameters, and are no argument of their own
    shape_kept: bool = True

    def zeros(self, arrays: Sequence[Array]) -> Any:
        """State of zeros, held as the parameters are; keyed as the gradients, too, where these have other keys."""
        nothing = [np.zeros_like(array) for array in arrays]
        held, grads = self.hold(nothing), None if self.inside else self.grads(None, nothing)
        return {**held, **grads} if isinstance(held, dict) and isinstance(grads, dict) else held


def as_arrays(things: Any) -> list[Array] | None:
    """Every one a real array or number; else None."""
    found = []
    for thing in things:
        if isinstance(thing, str | bytes | list | tuple | dict | set | bool) or thing is None or callable(thing):
            return None
        array = np.asarray(detached(thing))
        if array.dtype.kind not in "fiu":
            return None
        found.append(array)
    return found


def detached(thing: Any) -> Any:
    """A PyTorch tensor as an array; anything else as it is."""
    torch = sys.modules.get("torch")
    return thing.detach().numpy() if torch is not None and isinstance(thing, torch.Tensor) else thing


def _read_list(held: Any) -> list[Array] | None:
    return as_arrays(held) if isinstance(held, list | tuple) else None


def _read_dict(held: Any) -> list[Array] | None:
    return as_arrays(held.values()) if isinstance(held, dict) else None


def _in_order(held: Any) -> list[Array] | None:
    """By key, whatever the order in which the learner put them."""
    if not isinstance(held, dict) or not set(held) <= set(KEYS):
        return None
    return as_arrays(held[key] for key in KEYS if key in held)


def _keyed(arrays: Sequence[Array]) -> dict[str, Array]:
    return dict(zip(KEYS, arrays, strict=False))


def _read_one(held: Any) -> list[Array] | None:
    return None if isinstance(held, list | tuple | dict) else as_arrays([held])


def _read_number(held: Any) -> list[Array] | None:
    one = _read_one(held)
    return one if one and one[0].ndim == 0 else None


def _with_d(_: Any, arrays: Sequence[Array]) -> dict[str, Array]:
    return {f"d{key}": array for key, array in _keyed(arrays).items()}


class Parameter:
    """An array with its gradient, under the names that people give them."""

    def __init__(self, data: Any):
        self.data = data
        self.grad: Any = None
        self.requires_grad = True
        self.name = "w"

    value = property(lambda self: self.data, lambda self, new: setattr(self, "data", new))
    gradient = property(lambda self: self.grad, lambda self, new: setattr(self, "grad", new))
    shape = property(lambda self: self.data.shape)
    size = property(lambda self: self.data.size)
    ndim = property(lambda self: self.data.ndim)
    dtype = property(lambda self: self.data.dtype)


def _set_grads(held: Any, arrays: Sequence[Array]) -> Any:
    for parameter, array in zip(held, arrays, strict=True):
        parameter.grad = array
    return held


def _read_parameters(held: Any) -> list[Array] | None:
    if not isinstance(held, list) or not all(isinstance(item, Parameter) for item in held):
        return None
    return as_arrays(item.data for item in held)


def _layer(arrays: Sequence[Array]) -> SimpleNamespace:
    """A layer as in books: weights and biases, with dweights and dbiases beside them."""
    biases = arrays[1] if len(arrays) > 1 else np.zeros((1, 3))
    return SimpleNamespace(kept=len(arrays), weights=arrays[0], biases=biases)


def _layer_grads(held: Any, arrays: Sequence[Array]) -> Any:
    held.dweights = arrays[0]
    held.dbiases = arrays[1] if len(arrays) > 1 else np.zeros((1, 3))
    return held


def _read_layer(held: Any) -> list[Array] | None:
    if not isinstance(held, SimpleNamespace) or not hasattr(held, "kept"):
        return None
    return as_arrays([held.weights, held.biases][: held.kept])


def _model(arrays: Sequence[Array]) -> SimpleNamespace:
    """A model as in courses: dictionaries params and grads."""
    return SimpleNamespace(params=_keyed(arrays), grads={})


def _model_grads(held: Any, arrays: Sequence[Array]) -> Any:
    held.grads.update(_keyed(arrays))
    return held


def _read_model(held: Any) -> list[Array] | None:
    return _in_order(held.params) if isinstance(held, SimpleNamespace) and hasattr(held, "params") else None


def _nested(arrays: Sequence[Array]) -> dict[str, dict[str, Array]]:
    return {"layer1": dict(zip(("W", "b"), arrays, strict=False))}


def _read_nested(held: Any) -> list[Array] | None:
    if not isinstance(held, dict) or not all(isinstance(part, dict) for part in held.values()):
        return None
    return as_arrays(array for part in held.values() for array in part.values())


def _layers(arrays: Sequence[Array]) -> list[dict[str, Array]]:
    return [*_nested(arrays).values()]


def _read_layers(held: Any) -> list[Array] | None:
    return _read_nested(dict(enumerate(held))) if isinstance(held, list) else None


def _flat(arrays: Sequence[Array]) -> list[float]:
    return [float(number) for number in np.ravel(arrays[0])]


def _read_floats(held: Any) -> list[Array] | None:
    if not isinstance(held, list | tuple) or not held:
        return None
    arrays = as_arrays(held)
    if arrays is None or any(array.ndim for array in arrays):
        return None
    return [np.array(arrays)]


def _same(hold: Callable[[Sequence[Array]], Any]) -> Callable[[Any, Sequence[Array]], Any]:
    return lambda _, arrays: hold(arrays)


LIST = Holder("a list of arrays", list, _same(list), _read_list)
TUPLE = Holder("a tuple of arrays", tuple, _same(tuple), _read_list)
DICT = Holder("a dictionary of arrays", _keyed, _same(_keyed), _in_order)
D_KEYS = Holder("a dictionary of arrays, W1 beside dW1", _keyed, _with_d, _in_order)
ARRAY = Holder("one array", lambda arrays: arrays[0], _same(lambda arrays: arrays[0]), _read_one, 1)
FLOATS = Holder("a list of numbers", _flat, _same(_flat), _read_floats, 1, shape_kept=False)
FLAT = Holder("one flat array", lambda a: np.ravel(a[0]).copy(), _same(lambda a: np.ravel(a[0])), _read_one, 1,
              shape_kept=False)  # fmt: skip
NESTED = Holder("dictionaries of arrays in a dictionary", _nested, _same(_nested), _read_nested, 2)
LAYERS = Holder("a list of dictionaries of arrays", _layers, _same(_layers), _read_layers, 2)
NUMBER = Holder("one number", lambda a: float(a[0].flat[0]), _same(lambda a: float(a[0].flat[0])), _read_number, 1)
PARTS = Holder("two arrays, each an argument of its own", tuple, _same(tuple), _read_list, 2)
PARAMETERS = Holder(
    "a list of objects with .data and .grad",
    lambda arrays: [Parameter(array) for array in arrays],
    _set_grads,
    _read_parameters,
    inside=True,
)
LAYER = Holder("a layer with weights, biases, dweights, dbiases", _layer, _layer_grads, _read_layer, 2, inside=True)
MODEL = Holder("a model with dictionaries params and grads", _model, _model_grads, _read_model, inside=True)


def turned(holder: Holder) -> Holder:
    """The same with the last parameter first, for a look at it."""
    return replace(
        holder,
        hold=lambda arrays: holder.hold(arrays[::-1]),
        grads=lambda held, arrays: holder.grads(held, arrays[::-1]),
        read=lambda held: None if (found := holder.read(held)) is None else found[::-1],
    )


def _tensors(arrays: Sequence[Array]) -> list[Any]:
    import torch

    return [torch.tensor(np.asarray(array)) for array in arrays]


def _read_tensors(held: Any) -> list[Array] | None:
    found = _read_list(held)
    return None if found is None else [array.copy() for array in found]


TENSORS = Holder("a list of PyTorch tensors", _tensors, _same(_tensors), _read_tensors)
TORCH_PARAMETERS = Holder(
    "a list of PyTorch tensors with .grad",
    _tensors,
    lambda held, arrays: _set_grads(held, _tensors(arrays)),
    _read_tensors,
    inside=True,
)
