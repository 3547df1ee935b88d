"""What is wrong with a record of settings, in a plain sentence, and which of its keys is to blame.

msgspec says "Expected `int`, got `str` - at `$.stop.steps`"; a person is told "steps is 'a'; expected a whole number".
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from typing import Any, Literal, get_args, get_origin

import msgspec

from thalweg.problems.words import listed

Path = tuple[str | int, ...]  # keys and places in lists, from the outside in

EXPECTED = {
    "int": "a whole number",
    "float": "a number",
    "str": "text",
    "bool": "true or false",
    "array": "a list",
    "object": "a table of settings",
}
TYPES = re.compile(r"Expected `([^`]+)`, got `([^`]+)`")
LACKING = re.compile(r"Object missing required field `(\w+)`")
SURPLUS = re.compile(r"Object contains unknown field `(\w+)`")
PLACE = re.compile(r" - at `(?:key in )?\$\.?([^`]*)`$")


def complaint(error: Exception, plain: Any, kind: Any) -> tuple[str, Path]:
    """The sentence, and the path of the key it is about, for an error in converting `plain` to the Struct `kind`."""
    text = str(error.args[0]) if error.args else str(error)
    place = PLACE.search(text)
    said = text[: place.start()] if place else text
    path = _found(_path(place[1]), plain) if place else ()
    if types := TYPES.match(said):
        return _wrong_type(path, plain, types[1]), path
    if lacking := LACKING.match(said):
        return f"{lacking[1]} is missing in {_called(path) or 'the settings'}; give it a value", path
    if surplus := SURPLUS.match(said):
        return f"no setting {surplus[1]!r} in {_called(path) or 'the settings'}", (*path, surplus[1])
    if said.startswith(("Invalid enum value", "Invalid value")):
        known = _choices(kind, str(path[-1]))
        return f"{_called(path)} is {_shown(_at(plain, path))}; {expected_one(str(_at(plain, path)), known)}", path
    return said, _blamed(said, path, plain)


def expected_one(came: str, known: list[str]) -> str:
    """`expected a, b or c`, with the nearest one named."""
    near = get_close_matches(came, known, n=1)
    return f"expected {_either(known)}" + (f"; did you mean {near[0]}?" if near else "")


def no_such(kind: str, name: str, known: Iterable[str], most: int = 12) -> str:
    """`no column 'lrr'; did you mean lr?`, and all that there are, unless they are many."""
    names = sorted(known)
    near = get_close_matches(name, names, n=1)
    hint = f"; did you mean {near[0]}?" if near else ";"
    listing = f" have {', '.join(names)}" if 0 < len(names) <= most else ""
    return f"no {kind} {name!r}{hint}{listing}".rstrip(";")


def _either(names: list[str]) -> str:
    return f"{', '.join(names[:-1])} or {names[-1]}" if len(names) > 1 else listed(names)


def _wrong_type(path: Path, plain: Any, types: str) -> str:
    wanted = " or ".join(EXPECTED.get(name, name) for name in types.split(" | ") if name != "null")
    return f"{_called(path)} is {_shown(_at(plain, path))}; expected {wanted}"


def _path(text: str) -> Path:
    """`method.phases[0].begin` as ("method", "phases", 0, "begin")."""
    found = re.findall(r"(\w+)|\[(\d+|\.\.\.)\]", text)
    return tuple(name or (int(place) if place.isdecimal() else place) for name, place in found)


def _found(path: Path, plain: Any) -> Path:
    """The path with the key of a dictionary of numbers that holds none; msgspec only says `hyper[...]`."""
    for i, key in enumerate(path):
        inside = _at(plain, path[:i])
        if key == "..." and isinstance(inside, Mapping):
            path = (*path[:i], next((k for k, value in inside.items() if _no_number(value)), key), *path[i + 1 :])
    return path


def _no_number(value: Any) -> bool:
    if isinstance(value, Mapping):
        return any(_no_number(item) for item in value.values())
    return isinstance(value, bool) or not isinstance(value, int | float)


def _at(plain: Any, path: Path) -> Any:
    """The value at a path; None where it leads nowhere."""
    for key in path:
        try:
            plain = plain[key]
        except (KeyError, IndexError, TypeError):
            return None
    return plain


def _called(path: Path) -> str:
    """The key by its name; `item 2 of hidden` in a list."""
    if not path:
        return ""
    return f"item {path[-1] + 1} of {_called(path[:-1])}" if isinstance(path[-1], int) else str(path[-1])


def _shown(value: Any) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return str(value).lower()
    text = repr(value) if isinstance(value, str | int | float | list | tuple) else str(value)
    return text if len(text) <= 60 else f"{text[:57]}…"


def _choices(kind: Any, name: str) -> list[str]:
    """The texts that a field of this name may have, of a Struct or of one that stands in it."""
    for struct in _structs(kind):
        if struct.__struct_config__.tag_field == name:
            return [s.__struct_config__.tag for s in _structs(kind) if s.__struct_config__.tag_field == name]
        for field in msgspec.structs.fields(struct):
            if field.name == name:
                options = [field.type, *get_args(field.type)]
                return [str(c) for option in options if get_origin(option) is Literal for c in get_args(option)]
    return []


def _structs(kind: Any) -> Iterator[Any]:
    """A Struct and all that stand in it, or in a union."""
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        yield kind
        for field in msgspec.structs.fields(kind):
            yield from _structs(field.type)
    else:
        for part in get_args(kind):
            yield from _structs(part)


def _blamed(said: str, path: Path, plain: Any) -> Path:
    """The key that a sentence of our own is about: the one it begins with or quotes, or whose value it quotes."""
    inside = list(_leaves(_at(plain, path), path))
    tests = (
        lambda key, value: said.startswith((f"{key} is ", f"{key} of ", f"{key} ")),
        lambda key, value: repr(key) in said,
        lambda key, value: isinstance(value, str) and value and repr(value) in said,
        lambda key, value: re.search(rf"\b{re.escape(str(key))}\b", said),
    )
    for test in tests:
        for found, value in inside:
            if test(found[-1], value):
                return found
    return path


def _leaves(plain: Any, path: Path) -> Iterator[tuple[Path, Any]]:
    """Every key below a path with its value, the outer ones first."""
    inside = plain.items() if isinstance(plain, Mapping) else enumerate(plain) if isinstance(plain, list) else ()
    pairs = list(inside)
    yield from (((*path, key), value) for key, value in pairs if isinstance(key, str))
    for key, value in pairs:
        yield from _leaves(value, (*path, key))
