"""A user's parameters, in whatever structure they come, as named tensors of one flat float64 vector.

One array, or dictionaries, lists and tuples of arrays, nested as deep as they like. float32 stays float32 for
the user's function: the flat vector holds the same numbers in float64, which is exact.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import repeat
from math import prod
from numbers import Number
from typing import Any

import numpy as np

from thalweg.errors import DataError, ShapeError
from thalweg.formulas.arrays import Array
from thalweg.problems.layout import Layout
from thalweg.problems.words import listed

Names = Mapping[str, slice] | Sequence[str]
BIAS = re.compile(r"b\d*|b_\w+|(\w+_)?bias\w*|(\w+_)?intercept\w*")  # the last part of a name


def _items(tree: Any) -> list[tuple[str, Any]] | None:
    """(name, child) of a dictionary, list or tuple; None for anything else."""
    if isinstance(tree, Mapping):
        return [(str(key), child) for key, child in tree.items()]
    if isinstance(tree, list | tuple):
        return list(zip(getattr(tree, "_fields", map(str, range(len(tree)))), tree, strict=True))
    return None


def _children(tree: Any) -> list[tuple[str, Any]] | None:
    """The same of parameters, where a plain list of numbers is one array."""
    plain = isinstance(tree, list | tuple) and not hasattr(tree, "_fields")
    return None if plain and all(isinstance(child, Number) for child in tree) else _items(tree)


def _below(name: str, key: str) -> str:
    return f"{name}.{key}" if name else key


def named_leaves(tree: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """(name, leaf) of a structure, a name being the way to it as in layers.0.W; w where the tree is a leaf."""
    children = _children(tree)
    if children is None:
        yield name or "w", tree
    for key, child in children or ():
        yield from named_leaves(child, _below(name, key))


def ways(tree: Any, way: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], int | None]]:
    """(the keys that lead there, number of children) of every part of a structure; None for a leaf."""
    children = _children(tree)
    yield way, None if children is None else len(children)
    keys = tree if isinstance(tree, Mapping) else range(len(children or ()))
    for key in keys if children else ():
        yield from ways(tree[key], (*way, key))


def leaves_like(tree: Any, other: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """Leaves of `other` in the order of `tree`, whose structure it has."""
    children, theirs = _children(tree), dict(_items(other) or ())
    if children is None:
        yield name or "w", other
    for key, child in children or ():
        yield from leaves_like(child, theirs[key], _below(name, key))


def _same(tree: Any, arrays: Iterator[Any]) -> Any:
    """The structure of `tree`, its leaves replaced in order."""
    if _children(tree) is None:
        return next(arrays)
    if isinstance(tree, Mapping):
        return {key: _same(child, arrays) for key, child in tree.items()}
    children = [_same(child, arrays) for child in tree]
    if hasattr(tree, "_fields"):
        return type(tree)(*children)
    return tuple(children) if isinstance(tree, tuple) else children


def skeleton(tree: Any) -> Any:
    """The structure alone, with None for every leaf: to compare others with, without keeping arrays alive."""
    return _same(tree, repeat(None))


def mismatch(tree: Any, other: Any, name: str = "") -> str | None:
    """How the structure of `other` differs from that of `tree`, or None."""
    here = f" at {name}" if name else ""
    mine, theirs = _children(tree), _items(other)
    if mine is None:
        return f"it is a {type(other).__name__}{here}, not an array" if isinstance(other, Mapping) else None
    if theirs is None:
        return f"it is a {type(other).__name__}{here} where the parameters are a {type(tree).__name__}"
    have, want = dict(theirs), dict(mine)
    missing, extra = [key for key in want if key not in have], [key for key in have if key not in want]
    if missing:
        return f"it lacks {listed(missing)}{here}" + (f" and has {listed(extra)} instead" if extra else "")
    if extra:
        return f"it has {listed(extra)}{here}, which the parameters have not"
    found = (mismatch(child, have[key], _below(name, key)) for key, child in mine)
    return next(filter(None, found), None)


def _as_numbers(what: str, leaf: Any) -> Array:
    """A leaf as an array of finite real numbers."""
    if leaf is None or isinstance(leaf, str) or callable(leaf):
        came = "None" if leaf is None else f"the text {leaf!r}" if isinstance(leaf, str) else "a function"
        raise DataError(f"{what} is {came}; expected an array, or a dictionary or list of arrays")
    try:
        array = np.asarray(leaf)
    except ValueError as error:  # rows of different lengths
        raise DataError(f"{what} is no array ({error}); expected numbers in rows of one length") from None
    if array.dtype.kind not in "fiu":
        raise DataError(f"{what} has dtype {array.dtype}; expected real numbers")
    if not np.isfinite(array).all():
        raise DataError(f"{what} holds nan or inf; start from finite numbers")
    return array


@dataclass(frozen=True)
class Tensors:
    """Where each named tensor lies in the flat vector, and how to go to the user's structure and back."""

    tree: Any  # the structure; its leaves are not read again
    shapes: dict[str, tuple[int, ...]]
    names: tuple[str, ...]  # of the leaves of the tree
    dtypes: tuple[np.dtype[Any], ...]  # of the leaves of the tree
    leaf_shapes: tuple[tuple[int, ...], ...]

    @classmethod
    def of(cls, tree: Any, names: Names | None = None) -> tuple["Tensors", Array]:
        """The tensors of a structure and its flat vector. Numbers only: whole numbers become float64."""
        alone = _children(tree) is None
        leaves = [
            (name, _as_numbers("start" if alone else f"parameter {name}", leaf)) for name, leaf in named_leaves(tree)
        ]
        known = tuple(name for name, _ in leaves)
        if len(set(known)) < len(known):
            twice = next(name for name in known if known.count(name) > 1)
            raise DataError(f"two parameters are called {twice}; expected different names, rename one")
        if not sum(leaf.size for _, leaf in leaves):
            raise ShapeError("start holds no parameters; expected an array, or a dictionary or list of arrays")
        dtypes = tuple(leaf.dtype if leaf.dtype.kind == "f" else np.dtype(np.float64) for _, leaf in leaves)
        shapes = _named({name: leaf.shape for name, leaf in leaves}, names)
        flat = np.concatenate([leaf.ravel().astype(np.float64) for _, leaf in leaves])
        return cls(tree, shapes, known, dtypes, tuple(leaf.shape for _, leaf in leaves)), flat

    @property
    def spans(self) -> dict[str, slice]:
        """{name: its part of the flat vector}, empty tensors left out."""
        stops = np.cumsum([prod(shape) for shape in self.shapes.values()]).tolist()
        both = zip(self.shapes.items(), stops, strict=True)
        return {name: slice(stop - prod(shape), stop) for (name, shape), stop in both if prod(shape)}

    @cached_property
    def layout(self) -> Layout:
        """Weights, then what is named like a bias (b, b1, bias, …); single numbers as (1,), empty arrays left out."""
        shapes = {name: shape or (1,) for name, shape in zip(self.names, self.leaf_shapes, strict=True) if prod(shape)}
        biases = {name: shape for name, shape in shapes.items() if BIAS.fullmatch(name.rpartition(".")[2].lower())}
        return Layout({name: shape for name, shape in shapes.items() if name not in biases}, biases)

    def cast(self, dtype: Any) -> "Tensors":
        """The same with arrays of this dtype."""
        return replace(self, dtypes=(np.dtype(dtype),) * len(self.dtypes))

    def build(self, flat: Array) -> Any:
        """Fresh arrays in the user's structure and dtypes."""
        return self.filled(self._parts(flat))

    def filled(self, parts: Iterable[Array]) -> Any:
        """Fresh arrays in the user's structure, shapes and dtypes, out of the numbers of each leaf in our order."""
        each = zip(parts, self.leaf_shapes, self.dtypes, strict=True)
        return _same(self.tree, iter([part.reshape(shape).astype(dtype) for part, shape, dtype in each]))

    def packed(self, flat: Array) -> Array:
        """The flat vector in the order of the layout."""
        named = zip(self.names, self._parts(flat), self.leaf_shapes, strict=True)
        return self.layout.pack({name: part.reshape(shape) for name, part, shape in named if part.size})

    def rounded(self, flat: Array) -> Array:
        """The nearest vector that the user's dtypes can hold."""
        both = zip(self._parts(flat), self.dtypes, strict=True)
        return np.concatenate([part.astype(dtype).astype(np.float64) for part, dtype in both])

    def _parts(self, flat: Array) -> list[Array]:
        return np.split(flat, np.cumsum([prod(shape) for shape in self.leaf_shapes])[:-1])

    def leaves(self, tree: Any) -> list[tuple[str, Array]]:
        """The named arrays of a structure like ours, in our order."""
        return [(name, np.asarray(leaf)) for name, leaf in leaves_like(self.tree, tree)]


def _named(shapes: dict[str, tuple[int, ...]], names: Names | None) -> dict[str, tuple[int, ...]]:
    """The tensors' names as the user wants them: a name for each, or slices of the one flat array."""
    if names is None:
        return shapes
    if isinstance(names, Mapping):
        (shape,) = shapes.values() if len(shapes) == 1 else ((-1,),)
        spans = sorted((*span.indices(prod(shape))[:2], name) for name, span in names.items())
        stops = [0, *(stop for _, stop, _ in spans)]
        if [start for start, _, _ in spans] != stops[:-1] or stops[-1] != prod(shape):
            raise ShapeError(f"names {dict(names)} do not divide the flat array {shape} from end to end")
        return {name: (stop - start,) for start, stop, name in spans}
    if len(set(names)) != len(shapes) or len(names) != len(shapes):
        raise ShapeError(f"{len(names)} names for {len(shapes)} tensors; expected one name for each, all different")
    return dict(zip(names, shapes.values(), strict=True))
