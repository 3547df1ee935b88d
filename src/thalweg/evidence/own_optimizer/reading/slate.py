"""What a learner's code remembers outside its objects: class attributes, default arguments, globals.

Such memory makes one run depend on the run before. A Slate remembers how it was and wipes it clean, so that
every run of a check starts the same, and tells which of it a run has changed.
"""

import copy
import inspect
import types
from collections import deque
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np

from thalweg.evidence.own_optimizer.reading.holders import detached

DATA = (bool, int, float, list, dict, set, deque, np.ndarray, np.number)


class Slate:
    """The outside memory of a class, a function, or the class of an object."""

    def __init__(self, made: Any):
        self.places = list(_places(made, set()))
        self.clean = [(words, read, write, copy.deepcopy(read())) for words, read, write in self.places]

    def wipe(self) -> None:
        """Everything as it was at first."""
        for _, _, write, value in self.clean:
            write(copy.deepcopy(value))

    def changed(self) -> list[str]:
        """Which places are not as they were at first, in words."""
        return [words for words, read, _, value in self.clean if not same(read(), value)]


def same(a: Any, b: Any) -> bool:
    """Equal in every part, arrays by value."""
    a, b = detached(a), detached(b)
    if isinstance(a, np.ndarray) or isinstance(b, np.ndarray):
        return isinstance(a, np.ndarray) and isinstance(b, np.ndarray) and np.array_equal(a, b)
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(same(a[key], b[key]) for key in a)
    if isinstance(a, list | tuple | deque) and isinstance(b, list | tuple | deque):
        return len(a) == len(b) and all(same(x, y) for x, y in zip(a, b, strict=True))
    try:
        return bool(type(a) is type(b) and a == b)
    except Exception:
        return False


Place = tuple[str, Callable[[], Any], Callable[[Any], None]]


def _places(made: Any, seen: set[int]) -> Iterator[Place]:
    kind = made if inspect.isclass(made) or inspect.isroutine(made) else type(made)
    if not inspect.isclass(kind):
        yield from _of_function(kind, seen)
        return
    for owner in kind.__mro__:
        if owner.__module__ != kind.__module__ or id(owner) in seen:
            continue
        seen.add(id(owner))
        for name, value in list(vars(owner).items()):
            function = inspect.unwrap(value) if inspect.isroutine(value) else value
            function = getattr(function, "__func__", function)
            if isinstance(function, types.FunctionType):
                yield from _of_function(function, seen)
            elif isinstance(value, DATA) and not name.startswith("__"):
                yield f"the class attribute {name}", partial(vars(owner).get, name), partial(setattr, owner, name)


def _of_function(function: Any, seen: set[int]) -> Iterator[Place]:
    """Defaults, cells and globals that a function reads; and those of the functions and classes it uses."""
    if not isinstance(function, types.FunctionType) or id(function.__code__) in seen:
        return
    seen.add(id(function.__code__))
    names = [p.name for p in inspect.signature(function).parameters.values() if p.default is not p.empty]
    if any(isinstance(value, DATA[3:]) for value in function.__defaults__ or ()):
        yield (
            f"a default argument of {function.__name__} ({', '.join(names)})",
            partial(getattr, function, "__defaults__"),
            partial(setattr, function, "__defaults__"),
        )
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        if name != "__class__" and isinstance(_content(cell), DATA):
            yield f"the outer variable {name}", partial(_content, cell), partial(setattr, cell, "cell_contents")
    for name in sorted(_read_names(function.__code__)):
        value = function.__globals__.get(name)
        if getattr(value, "__module__", None) == function.__module__ and not isinstance(value, DATA):
            yield from _places(value, seen)
        elif isinstance(value, DATA):
            read, write = function.__globals__.get, function.__globals__.__setitem__
            yield f"the global {name}", partial(read, name), partial(write, name)


def _read_names(code: types.CodeType) -> set[str]:
    """Global names that a function reads, also in the functions inside it."""
    inner = (const for const in code.co_consts if isinstance(const, types.CodeType))
    return set(code.co_names).union(*(_read_names(one) for one in inner))


def _content(cell: types.CellType) -> Any:
    try:
        return cell.cell_contents
    except ValueError:  # empty so far
        return None
