"""A registry is a dictionary that answers an unknown name with the nearest known ones."""

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Generic, TypeVar

from thalweg.errors import UnknownName

T = TypeVar("T")


def unknown(kind: str, name: object, known: Iterable[str]) -> UnknownName:
    """The error for `name`, naming its nearest neighbour and all that exists."""
    names = sorted(known)
    near = get_close_matches(str(name), names, n=1)
    hint = f"; did you mean {near[0]}?" if near else ";"
    return UnknownName(f"no {kind} {str(name)!r}{hint} have {', '.join(names)}")


class Registry(dict[str, T], Generic[T]):
    """{name: thing} of one kind. `named` is a lookup for names that a person typed."""

    def __init__(self, kind: str):
        super().__init__()
        self.kind = kind

    def named(self, name: str) -> T:
        if name not in self:
            raise unknown(self.kind, name, self)
        return self[name]

    def add(self, name: str, thing: T) -> T:
        """Register under a name that is still free."""
        if name in self:
            raise ValueError(f"{self.kind} {name!r} is registered already; choose another name")
        self[name] = thing
        return thing
