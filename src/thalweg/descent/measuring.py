"""Norms of what a user's loop hands over: parameters, gradients, and the updates between them.

Anything that NumPy can read is an array here, tensors of other libraries too. Norms are taken over all arrays
together, and one by one for the largest 16. Parameters are copied at every step, because a loop may change them
in place: one more copy in memory, and the time that takes.
"""

from collections.abc import Iterator
from math import hypot, isfinite, nan, sqrt
from typing import Any

import numpy as np

from thalweg.descent.trail import SIGNALS, columns_of, watched
from thalweg.errors import ShapeError
from thalweg.formulas.arrays import Array
from thalweg.problems.layout import Layout
from thalweg.problems.tensors import leaves_like, mismatch, named_leaves, skeleton, ways

MOST_ARRAYS = 16  # that get norms of their own
PIECE = 1 << 16  # entries that fit a cache
Norms = tuple[float, list[float]]  # of all arrays together, and of each that is shown


def as_array(name: str, leaf: Any) -> Array:
    """A leaf of real numbers as an array, without a copy where that is possible."""
    array = leaf if type(leaf) is np.ndarray else _to_numpy(leaf)
    if array.dtype.kind not in "fiub":
        came = "None" if leaf is None else f"of type {type(leaf).__name__} and dtype {array.dtype}"
        raise ShapeError(f"{name} is {came}; expected an array of real numbers, or a dictionary or list of arrays")
    return array if array.dtype.kind == "f" else array.astype(np.float64)


def _to_numpy(leaf: Any) -> Array:
    if hasattr(leaf, "detach"):  # a tensor that belongs to a graph
        leaf = leaf.detach().cpu()
    try:
        return np.asarray(leaf)
    except (TypeError, ValueError):
        return np.asarray(leaf.double() if hasattr(leaf, "double") else None)  # bfloat16, which NumPy has not


def structure(tree: Any) -> Any:
    """The same, with iterators such as named_parameters() read into a dictionary or list."""
    if not isinstance(tree, Iterator):
        return tree
    items = list(tree)
    named = all(isinstance(item, tuple) and len(item) == 2 and isinstance(item[0], str) for item in items)
    return dict(items) if named else items


class Measurer:
    """Made for one structure of arrays; every later step must have the same. Keeps the parameters of the last step."""

    def __init__(self, what: str, tree: Any):
        self.what, self.tree = what, skeleton(tree)
        leaves = list(named_leaves(tree))
        arrays = {name: as_array(self._called(what, name), leaf) for name, leaf in leaves}
        if len(arrays) < len(leaves):
            raise ShapeError(f"two of the {what} have the same name, such as a.b and b in a; rename one")
        sizes = {name: array.size for name, array in arrays.items() if array.size}
        if not sizes:
            raise ShapeError(f"{what} hold no numbers; expected an array, or a dictionary or list of arrays")
        self._ways = list(ways(self.tree))
        self.shapes = {name: array.shape for name, array in arrays.items()}
        layout = Layout({name: self.shapes[name] or (1,) for name in sizes}, {})
        largest = sorted(sizes, key=lambda name: -sizes[name])[:MOST_ARRAYS]
        self.shown = [name for name in sizes if name in largest]
        few = columns_of(Layout({name: layout.shapes[name] for name in self.shown}, {}))
        theta = columns_of(layout)[len(SIGNALS) + 3 * len(sizes) :]
        self.columns = (*few[: len(SIGNALS) + 3 * len(self.shown)], *theta)
        many = len(sizes) > MOST_ARRAYS
        self.sentence = f"the {MOST_ARRAYS} largest of {len(sizes)} arrays" if many else "every array"
        self.broken = ""  # what was not finite at the last step
        self._picks = [_place(layout, i) for i in watched(layout.size)]
        self._kept: dict[str, Array] = {}  # parameters of the step before
        self._nothing = [nan] * len(self.shown)

    def row(self, params: Any, grads: Any) -> tuple[Norms, list[float]]:
        """(norms of the update since the step before, the row of this step from grad_norm on).

        The row's own update norms are nan until the next step tells them; so is what was not given.
        """
        flat = {} if params is None else self._flat("params", params)
        slopes = {} if grads is None else self._flat("grads", grads)
        with np.errstate(all="ignore"):  # here divergence is data
            grad, each_grad = self._norms(slopes)
            param, each_param = self._norms(flat)
            update = self._updated(flat)
        self.broken = "the gradient is" if slopes and not isfinite(grad) else ""
        if flat and not isfinite(param):
            self.broken = "the parameters are"
        theta = [float(flat[name][i]) for name, i in self._picks] if flat else [nan] * len(self._picks)
        return update, [grad, nan, param, *each_grad, *self._nothing, *each_param, *theta]

    def _flat(self, what: str, tree: Any) -> dict[str, Array]:
        """The arrays of a structure like the first, flat. A gradient may be None: it is left out."""
        leaves = self._leaves(tree)
        if leaves is None:
            if differs := mismatch(self.tree, tree):
                differs = differs.replace("the parameters", f"the {self.what}")
                raise ShapeError(
                    f"{what} are not built like the {self.what} of the first step: {differs}; "
                    "record one model, under the same names"
                )
            leaves = [leaf for _, leaf in leaves_like(self.tree, tree)]
        found: dict[str, Array] = {}
        for (name, shape), leaf in zip(self.shapes.items(), leaves, strict=True):
            if leaf is None and what == "grads":
                continue
            array = as_array(self._called(what, name), leaf)
            if array.shape != shape:
                called = self._called(what, name)
                raise ShapeError(f"{called} has shape {array.shape}; expected {shape}, as at the first step")
            found[name] = array.ravel()
        return found

    def _called(self, what: str, name: str) -> str:
        return what if self.tree is None else f"{name} of {what}"

    def _leaves(self, tree: Any) -> list[Any] | None:
        """The leaves, by the keys that led to them at the first step: quick. None where that leads nowhere."""
        leaves = []
        try:
            for way, count in self._ways:
                node = tree
                for key in way:
                    node = node[key]
                if count is None:
                    leaves.append(node)
                elif len(node) != count:
                    return None
        except (LookupError, TypeError):
            return None
        return leaves

    def _norms(self, flat: dict[str, Array]) -> Norms:
        if not flat:
            return nan, self._nothing
        lengths = {name: _length(array) for name, array in flat.items() if array.size}
        return hypot(*lengths.values()), [lengths.get(name, nan) for name in self.shown]

    def _updated(self, flat: dict[str, Array]) -> Norms:
        """Norms of the step from the kept parameters to these, which are kept then."""
        if not flat or not self._kept:
            self._kept = {name: array.copy() for name, array in flat.items()}
            return nan, self._nothing
        for name, array in flat.items():
            np.subtract(array, self._kept[name], out=self._kept[name])
        update = self._norms(self._kept)
        for name, array in flat.items():
            np.copyto(self._kept[name], array)
        return update


def _place(layout: Layout, i: int) -> tuple[str, int]:
    """(array, index in it) of place i in the flat vector."""
    name, span = next((name, span) for name, span in layout.spans.items() if span.start <= i < span.stop)
    return name, i - span.start


def _length(array: Array) -> float:
    """‖array‖ in float64; not finite only where an entry is not."""
    square = float(array @ array) if array.dtype == np.float64 else sum(float(p @ p) for p in _pieces(array))
    if isfinite(square) and square > 0:
        return sqrt(square)
    largest = float(np.abs(array).max())
    if not isfinite(largest) or largest == 0:
        return largest
    return largest * sqrt(sum(float(np.square(piece / largest).sum()) for piece in _pieces(array)))


def _pieces(array: Array) -> Iterator[Array]:
    """The array in float64, piece by piece, so that no second copy of it is needed."""
    return (array[i : i + PIECE].astype(np.float64) for i in range(0, len(array), PIECE))
