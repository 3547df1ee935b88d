"""TOML that a person wrote: read as plain data, and every complaint names the file and the line."""

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from difflib import get_close_matches
from typing import Any, TypeVar, get_args

import msgspec

from thalweg.descent.complaint import Path, complaint
from thalweg.errors import SpecError, ThalwegError

T = TypeVar("T")

SHOWN = 60  # letters of a line that cannot be read
AT = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")


@dataclass(frozen=True)
class Text:
    """name: the file's, for messages. plain: what it says. lines: {path of a key: its line, from 1}."""

    name: str
    plain: dict[str, Any]
    lines: dict[Path, int]

    def error(self, sentence: str, path: Path = ()) -> SpecError:
        """The sentence with the file and the line of the key, or of the nearest one around it."""
        while path and path not in self.lines:
            path = path[:-1]
        line = f" line {self.lines[path]}" if path else ""
        return SpecError(f"{self.name}{line}: {sentence}")


def read_text(text: str, name: str) -> Text:
    """Raises SpecError with the line where the text is no TOML."""
    try:
        plain = tomllib.loads(text := text.removeprefix("\ufeff"))
    except tomllib.TOMLDecodeError as error:
        raise _unreadable(error, text, name) from None
    except RecursionError:
        raise SpecError(f"{name}: lists or tables are nested too deep; expected settings") from None
    return Text(name, plain, dict(_line_numbers(text)))


def _unreadable(error: Exception, text: str, name: str) -> SpecError:
    said = str(error)
    place = AT.search(said)
    why = said[: place.start()] if place else said
    rows = text.splitlines()
    last = max((i for i, row in enumerate(rows, 1) if row.strip()), default=1)
    number, column = (int(place[1]), f" at column {place[2]}") if place and place[1] else (last, "")
    row = rows[number - 1].strip() if number <= len(rows) else ""
    if why == "Cannot overwrite a value":
        return SpecError(f"{name} line {number}: {_cut(row)} sets a key that was set before; keep one of them")
    if twice := re.match(r"Cannot declare \((.*?),?\) twice", why):
        header = ".".join(re.findall(r"'([^']*)'", twice[1]))
        return SpecError(f"{name} line {number}: [{header}] stands there twice; join the two")
    why = why[:1].lower() + why[1:]
    return SpecError(f"{name} line {number}: {_cut(row)} is not TOML ({why}{column}); {_advice(row)}")


def _advice(row: str) -> str:
    """What the line probably was meant to be."""
    key, equals, value = (part.strip() for part in row.partition("="))
    if equals and re.fullmatch(r"[A-Za-z_][\w./\\-]*", value) and value not in ("inf", "nan"):
        if value.lower() in ("true", "false"):
            return f"write {key} = {value.lower()}"
        return f'text stands in quotes, as in {key} = "{value}"'
    if equals and re.fullmatch(r"[+-]?\.\d+", value):
        return f"write {key} = {value.replace('.', '0.')}"
    return 'write a setting as name = value, text in quotes, as in rule = "adam"'


def _cut(row: str) -> str:
    return repr(row if len(row) <= SHOWN else f"{row[: SHOWN - 1]}…")


def _line_numbers(text: str) -> Iterator[tuple[Path, int]]:
    """The path of every header and key with its line, of a text that is known to be TOML."""
    rows = text.split("\n")
    section: Path = ()
    entries: dict[tuple[str, ...], int] = {}  # of arrays of tables: how many there are so far
    i = 0
    while i < len(rows):
        row, begin, i = rows[i].strip(), i, i + 1
        if not row or row.startswith("#"):
            continue
        if row.startswith("["):
            section = _section(row, entries)
            yield section, begin + 1
            continue
        while (found := _parsed("\n".join(rows[begin:i]))) is None and i < len(rows):
            i += 1
        yield from ((section + path, begin + 1) for path in _paths(found))


def _parsed(statement: str) -> dict[str, Any] | None:
    """A statement alone; None where it goes on in the next line."""
    try:
        return tomllib.loads(statement)
    except tomllib.TOMLDecodeError:
        return None


def _section(header: str, entries: dict[tuple[str, ...], int]) -> Path:
    """The path of a [header], with the place in the list for [[header]] and what stands below one."""
    names = []
    inside: Any = tomllib.loads(header)
    while isinstance(inside, dict) and inside:
        ((name, inside),) = inside.items()
        names.append(name)
    if isinstance(inside, list):
        entries[tuple(names)] = entries.get(tuple(names), 0) + 1
    path: list[str | int] = []
    for n, name in enumerate(names, 1):
        path.append(name)
        if count := entries.get(tuple(names[:n])):
            path.append(count - 1)
    return tuple(path)


def _paths(plain: Any, path: Path = ()) -> Iterator[Path]:
    pairs = plain.items() if isinstance(plain, dict) else enumerate(plain) if isinstance(plain, list) else ()
    for key, value in pairs:
        yield (*path, key)
        yield from _paths(value, (*path, key))


def converted(text: Text, kind: type[T], elsewhere: Mapping[str, str] | None = None) -> T:
    """The Struct `kind` that the text says. elsewhere: {key: section} of keys that people put in the wrong place."""
    homes = dict(elsewhere or {}) | {name: path for path, struct in _sections(kind) for name in _fields(struct)}
    _require_known(text, text.plain, kind, (), homes)
    try:
        return msgspec.convert(text.plain, kind, builtin_types=(datetime, date, time), str_keys=True)
    except (msgspec.ValidationError, ThalwegError) as error:
        raise text.error(*complaint(error, text.plain, kind)) from None


def _require_known(text: Text, plain: Any, kind: Any, path: Path, homes: dict[str, str]) -> None:
    """Every key is a field of the Struct that it stands in."""
    if isinstance(plain, list):
        for i, item in enumerate(plain):
            _require_known(text, item, kind, (*path, i), homes)
    struct = _struct_of(plain, kind)
    if struct is None or not isinstance(plain, dict):
        return
    known = {field.name: field.type for field in msgspec.structs.fields(struct)}
    for key, value in plain.items():
        if key in known:
            _require_known(text, value, known[key], (*path, key), homes)
        elif key != struct.__struct_config__.tag_field:
            raise text.error(_surplus(key, path, list(known), homes), (*path, key))


def _surplus(key: str, path: Path, known: list[str], homes: dict[str, str]) -> str:
    section = ".".join(str(part) for part in path if isinstance(part, str))
    said = f"no field {key!r} {f'in [{section}]' if section else 'outside the sections'}"
    if near := get_close_matches(key, known, n=1):
        return f"{said}; did you mean {near[0]}?"
    if key in homes:
        return f"{said}; it belongs {f'in [{homes[key]}]' if homes[key] else 'before the first section'}"
    if near := get_close_matches(key, homes, n=1):
        home = homes[near[0]]
        return f"{said}; did you mean {near[0]}{f' in [{home}]' if home else ', before the first section'}?"
    return f"{said}; have {', '.join(known)}"


def _struct_of(plain: Any, kind: Any) -> Any:
    """The Struct that a table is to become, of a type, a union or a list of them."""
    structs = _direct(kind)
    if len(structs) > 1 and isinstance(plain, dict):
        config = structs[0].__struct_config__
        return next((s for s in structs if s.__struct_config__.tag == plain.get(config.tag_field)), None)
    return structs[0] if structs else None


def _direct(kind: Any) -> list[Any]:
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return [kind]
    return [struct for part in get_args(kind) for struct in _direct(part)]


def _sections(kind: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """(name of the section, Struct), inner ones first: where two have a field of the same name, the outer one wins."""
    for struct in _direct(kind):
        for field in msgspec.structs.fields(struct):
            yield from _sections(field.type, f"{name}.{field.name}".strip("."))
        yield name, struct


def _fields(struct: Any) -> list[str]:
    return [field.name for field in msgspec.structs.fields(struct)]
