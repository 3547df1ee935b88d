"""`import thalweg as tw`: every public name with its signature and docstring, so that a new one appears by itself."""

import inspect
import re
from collections.abc import Iterator, Mapping
from types import ModuleType
from typing import Any

import thalweg
from _site.markdown import code, escaped, fenced, first_paragraph, prose
from thalweg import errors, testing

WIDEST = 88  # letters of a signature on one line
SHOWN: dict[type, str] = {}  # classes whose members were listed, and under which name
MODULE = re.compile(r"\b(?:thalweg|numpy|collections|typing|pathlib)(?:\.\w+)*\.(?=\w)")
CHAPTERS = {  # by the package or module that a name lives in
    "descent": "Specs and training",
    "evidence": "Evidence",
    "problems": "Problems",
    "formulas": "Formulas",
    "interfaces": "Interfaces",
    "descent.classic": "A loop of your own",
    "problems.classic": "A loop of your own",
    "interfaces.recorder": "A loop of your own",
}
ARRAY = re.compile(r"ndarray\[tuple\[Any, \.\.\.\], dtype\[\w+\]\]")
FIELDS = dict.fromkeys(("Spec", "Batch", "Stop", "Method", "Phase", "Table", "OnSurface", "Custom"), "../spec.md")


def names() -> str:
    """A chapter for each package, a section for each name."""
    chapters: dict[str, list[str]] = {title: [] for title in CHAPTERS.values()}
    for name, home in thalweg._PLACES.items():
        package = home.partition(".")[0]
        chapters.setdefault(CHAPTERS.get(home) or CHAPTERS.get(package, package), []).append(name)
    return "\n".join(
        "\n".join([f"## {title}\n", *(section(name, getattr(thalweg, name)) for name in found)])
        for title, found in chapters.items()
        if found
    )


def section(name: str, thing: Any, prefix: str = "tw.") -> str:
    """One public name: heading, signature, docstring, members."""
    known = f"```{{py:data}} thalweg.{name}\n:no-typesetting:\n```\n" if prefix == "tw." else ""
    fields = f"[Every field and its range]({FIELDS[name]}).\n" if name in FIELDS else ""
    parts = [f"### {name}\n", known, fenced(signature(prefix + name, thing), "python")]
    return "\n".join([*parts, prose(docstring(thing)), fields, *members(thing)])


def docstring(thing: Any) -> str:
    """Its own, not one that a library's class hands down."""
    return inspect.getdoc(thing) or "" if callable(thing) else inspect.getdoc(type(thing)) or ""


def signature(name: str, thing: Any) -> str:
    """How it is called, or what it is where it cannot be called."""
    try:
        found = inspect.signature(thing)
    except (TypeError, ValueError):
        return name
    parameters = [_parameter(p) for p in found.parameters.values()]
    answer = "" if inspect.isclass(thing) else _annotated(" -> ", found.return_annotation)
    parts = list(_with_markers(found.parameters.values(), parameters))
    line = f"{name}({', '.join(parts)}){answer}"
    return line if len(line) <= WIDEST else f"{name}(\n    " + ",\n    ".join(parts) + f",\n){answer}"


def _with_markers(found: Any, written: list[str]) -> Iterator[str]:
    """The bare * before what must be given by name."""
    marked = False
    for parameter, text in zip(found, written, strict=True):
        if parameter.kind is parameter.KEYWORD_ONLY and not marked:
            yield "*"
        marked |= parameter.kind in (parameter.KEYWORD_ONLY, parameter.VAR_POSITIONAL)
        yield text


def _parameter(parameter: inspect.Parameter) -> str:
    stars = "*" * ((parameter.kind is parameter.VAR_POSITIONAL) + 2 * (parameter.kind is parameter.VAR_KEYWORD))
    text = stars + parameter.name + _annotated(": ", parameter.annotation)
    if parameter.default is parameter.empty:
        return text
    return f"{text} = {_value(parameter.default)}"


def _annotated(before: str, annotation: Any) -> str:
    if annotation is inspect.Signature.empty:
        return ""
    written = annotation if isinstance(annotation, str) else inspect.formatannotation(annotation)
    return before + ARRAY.sub("ndarray", MODULE.sub("", written))


def _value(value: Any) -> str:
    """A default as one would write it; what cannot be is ...."""
    text = repr(value.__name__ if inspect.isroutine(value) else value)
    return "..." if "<" in text or " at 0x" in text or len(text) > 40 or inspect.isroutine(value) else text


def members(thing: Any) -> Iterator[str]:
    """Its own public methods and properties, one line each."""
    if not inspect.isclass(thing):
        return
    for kind in (kind for kind in thing.__mro__ if kind.__module__.startswith("thalweg")):
        own = {name: found for name, found in vars(kind).items() if not name.startswith("_")}
        first = SHOWN.setdefault(kind, thing.__name__)
        if own and first != thing.__name__:
            yield f"{', '.join(map(code, own))}: as in [{first}](#{first.lower()}).\n"
        else:
            yield from _lines(own)


def _lines(own: Mapping[str, Any]) -> Iterator[str]:
    """Properties and methods with the first paragraph of their docstrings."""
    for name, found in own.items():
        if isinstance(found, property):
            yield f"- `{name}`: {_said(found)}"
        elif inspect.isroutine(found) or isinstance(found, classmethod | staticmethod):
            plain = found.__func__ if isinstance(found, classmethod | staticmethod) else found
            call = re.sub(r"\((?:self|cls)(?:, )?", "(", signature(name, plain).replace("\n    ", " "), count=1)
            yield f"- `{call}`: {_said(plain)}"


def _said(found: Any) -> str:
    return escaped(first_paragraph(inspect.getdoc(found))) or escaped("as its name says.")


def module(found: ModuleType) -> str:
    """A module's docstring and its public functions and classes."""
    own = {name: thing for name, thing in vars(found).items() if getattr(thing, "__module__", "") == found.__name__}
    public = {name: thing for name, thing in own.items() if not name.startswith("_") and inspect.getdoc(thing)}
    parts = [section(name, thing, "") for name, thing in public.items() if not inspect.isclass(thing)]
    return "\n".join([prose(found.__doc__), *parts])


PARTS = {
    "python": names,
    "testing": lambda: module(testing),
    "errors": lambda: module(errors),
}
