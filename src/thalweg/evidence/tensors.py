"""A user's parameters, in whatever structure they come, as named tensors of one flat float64 vector.

One array, or dictionaries and lists of arrays, nested as deep as they like. float32 stays float32 for the
user's function: the flat vector holds the same numbers in float64, which is exact.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import prod
from numbers import Number
from typing import Any

import numpy as np

from thalweg.errors import DataError, ShapeError
from thalweg.formulas.arrays import Array

Names = Mapping[str, slice] | Sequence[str]


def _items(tree: Any) -> list[tuple[str, Any]] | None:
    """(name, child) of a dictionary, list or tuple; None for anything else."""
    if isinstance(tree, Mapping):
        return [(str(key), child) for key, child in tree.items()]
    if isinstance(tree, list | tuple):
        return [(str(index), child) for index, child in enumerate(tree)]
    return None


def _children(tree: Any) -> list[tuple[str, Any]] | None:
    """The same of parameters, where a plain list of numbers is one array."""
    if isinstance(tree, list | tuple) and all(isinstance(child, Number) for child in tree):
        return None
    return _items(tree)


def _below(name: str, key: str) -> str:
    return f"{name}.{key}" if name else key


def _leaves(tree: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    children = _children(tree)
    if children is None:
        yield name or "w", tree
    for key, child in children or ():
        yield from _leaves(child, _below(name, key))


def _like(tree: Any, other: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """Leaves of `other` in the order of `tree`, whose structure it has."""
    children, theirs = _children(tree), dict(_items(other) or ())
    if children is None:
        yield name or "w", other
    for key, child in children or ():
        yield from _like(child, theirs[key], _below(name, key))


def _same(tree: Any, arrays: Iterator[Array]) -> Any:
    """The structure of `tree`, its leaves replaced in order."""
    if _children(tree) is None:
        return next(arrays)
    if isinstance(tree, Mapping):
        return {key: _same(child, arrays) for key, child in tree.items()}
    children = [_same(child, arrays) for child in tree]
    return tuple(children) if isinstance(tree, tuple) else children


def mismatch(tree: Any, other: Any, name: str = "") -> str | None:
    """How the structure of `other` differs from that of `tree`, or None."""
    here = f" at {name}" if name else ""
    mine, theirs = _children(tree), _items(other)
    if mine is None:
        return f"it is a {type(other).__name__}{here}, not an array" if isinstance(other, Mapping) else None
    if theirs is None:
        return f"it is a {type(other).__name__}{here} where the parameters are a {type(tree).__name__}"
    have, want = dict(theirs), dict(mine)
    if missing := [key for key in want if key not in have]:
        return f"it lacks {', '.join(missing)}{here}"
    if extra := [key for key in have if key not in want]:
        return f"it has {', '.join(extra)}{here}, which the parameters have not"
    found = (mismatch(child, have[key], _below(name, key)) for key, child in mine)
    return next(filter(None, found), None)


@dataclass(frozen=True)
class Tensors:
    """Where each named tensor lies in the flat vector, and how to go to the user's structure and back."""

    tree: Any  # the structure; its leaves are not read again
    shapes: dict[str, tuple[int, ...]]
    dtypes: tuple[np.dtype[Any], ...]  # of the leaves of the tree
    sizes: tuple[int, ...]  # of the leaves of the tree
    leaf_shapes: tuple[tuple[int, ...], ...]

    @classmethod
    def of(cls, tree: Any, names: Names | None = None) -> tuple["Tensors", Array]:
        """The tensors of a structure and its flat vector. Numbers only: whole numbers become float64."""
        leaves = [(name, np.asarray(leaf)) for name, leaf in _leaves(tree)]
        for name, leaf in leaves:
            if leaf.dtype.kind not in "fiu":
                raise DataError(f"parameter {name} has dtype {leaf.dtype}; expected real numbers")
            if not np.isfinite(leaf).all():
                raise DataError(f"parameter {name} holds nan or inf; start from finite numbers")
        if not sum(leaf.size for _, leaf in leaves):
            raise ShapeError("start holds no parameters; expected an array, or a dictionary or list of arrays")
        dtypes = tuple(leaf.dtype if leaf.dtype.kind == "f" else np.dtype(np.float64) for _, leaf in leaves)
        shapes = _named({name: leaf.shape for name, leaf in leaves}, names)
        sizes, kept = tuple(leaf.size for _, leaf in leaves), tuple(leaf.shape for _, leaf in leaves)
        flat = np.concatenate([leaf.ravel().astype(np.float64) for _, leaf in leaves])
        return cls(tree, shapes, dtypes, sizes, kept), flat

    @property
    def spans(self) -> dict[str, slice]:
        """{name: its part of the flat vector}, empty tensors left out."""
        stops = np.cumsum([prod(shape) for shape in self.shapes.values()]).tolist()
        both = zip(self.shapes.items(), stops, strict=True)
        return {name: slice(stop - prod(shape), stop) for (name, shape), stop in both if prod(shape)}

    def build(self, flat: Array) -> Any:
        """Fresh arrays in the user's structure and dtypes."""
        parts = np.split(flat, np.cumsum(self.sizes)[:-1])
        each = zip(parts, self.leaf_shapes, self.dtypes, strict=True)
        return _same(self.tree, iter([part.reshape(shape).astype(dtype) for part, shape, dtype in each]))

    def rounded(self, flat: Array) -> Array:
        """The nearest vector that the user's dtypes can hold."""
        parts = np.split(flat, np.cumsum(self.sizes)[:-1])
        return np.concatenate(
            [part.astype(dtype).astype(np.float64) for part, dtype in zip(parts, self.dtypes, strict=True)]
        )

    def leaves(self, tree: Any) -> list[tuple[str, Array]]:
        """The named arrays of a structure like ours, in our order."""
        return [(name, np.asarray(leaf)) for name, leaf in _like(self.tree, tree)]


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
