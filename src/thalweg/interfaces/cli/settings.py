"""Which value every field of a Spec has, and who said so: flag > environment > TOML > default.

Each source is a Layer {field: value}; hyperparameters are fields of their own. Layers are laid over each other, the
strongest last, and make one Spec. What belongs to a choice leaves with it: another rule drops the hyperparameters
that were said for the one below, another source its target and columns.
"""

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, get_args, get_origin

import msgspec

from thalweg.descent.complaint import no_such
from thalweg.descent.method_section import OTHER_METHODS, Method, known_hyper
from thalweg.descent.spec import ALL_HYPER, Batch, Spec, Stop, with_kind
from thalweg.descent.toml_text import Text, converted
from thalweg.errors import FolderError, SpecError, ThalwegError
from thalweg.formulas.rules import RULES
from thalweg.interfaces.cli.ambient import (
    OPTIONS,
    PREFIX,
    RUNS,
    from_home,
    read_file,
    require_options,
    runs_root,
    settings_file,
)
from thalweg.problems.sections import Custom, OnSurface, Table
from thalweg.problems.words import listed

DEFAULT, FLAG = "default", "flag"
SECTIONS = {"method": Method, "batch": Batch, "stop": Stop}
PROBLEMS = (Table, OnSurface, Custom)
OF_A_SOURCE = (  # what is true of one table only
    *("query", "sha256", "target", "positive", "task", "features", "drop", "id", "weights"),
    *("test_file", "test_sha256", "time", "group", "sample"),
)
NEVER_SAID_BEFORE = ("sha256", "test_sha256")  # what a run finds out
NEVER_IN_A_FILE = ("query", *NEVER_SAID_BEFORE)  # nor code: a folder that was handed on must not run anything


@dataclass(frozen=True)
class Layer:
    """What one source says. names: {field: how it says it}, where that is more than the name of the source."""

    origin: str
    values: Mapping[str, Any]
    names: Mapping[str, str] = field(default_factory=dict)
    kind: type | None = None  # of the problem
    ambient: bool = False  # said before the command: by the environment or thalweg.toml
    file: bool = False  # a spec.toml that the command names: the hyperparameters of its rule are its own


@dataclass(frozen=True)
class Settled:
    """The Spec, and {field: where its value is from}; what is not there has its default.

    before: the fields that the environment or a settings file decides, which nobody sees on the command line.
    """

    spec: Spec
    origins: Mapping[str, str]
    before: tuple[str, ...]

    def note(self) -> str:
        """`from the environment or thalweg.toml: lr 0.1 (THALWEG_LR)`; empty where nothing was said before."""
        values = flat(msgspec.to_builtins(self.spec))
        told = [f"{name} {values.get(name)} ({self.origins[name]})" for name in self.before]
        return f"set before this command: {listed(told)}" if told else ""


def read_spec(path: Path) -> tuple[Spec, Layer]:
    """A spec.toml: the whole Spec, and what it says of it. Whatever is wrong, the message has the file and the line."""
    if not path.is_file():
        raise FolderError(f"no file {path}; give a spec.toml, a table or a bundled name")
    said = with_kind(read_file(path, str(path)))
    spec = converted(said, Spec, dict.fromkeys(ALL_HYPER, "method.hyper"))
    return spec, Layer(str(path), flat(said.plain), kind=type(spec.problem), file=True)


def settle(
    flags: Mapping[str, Any],
    file: Layer | None = None,
    *,
    defaults: Mapping[str, Any] | None = None,
    command: str = "",
    without: Iterable[str] = (),
) -> Settled:
    """The Spec that the flags, the environment, a spec.toml, thalweg.toml and the command's own defaults make.

    without: fields that the command decides by itself, which nothing said before can set.
    """
    ambient = [layer for layer in (toml_layer(), environment()) if layer]
    kinds = [layer.kind for layer in (*ambient, file) if layer and layer.kind]
    kind = Table if "source" in flags or not kinds else kinds[-1]
    known = {*fields_of(kind), *ALL_HYPER} - set(without)
    ambient = [_kept(layer, known) for layer in ambient]
    layers = [
        Layer(f"default of {command}" if command else DEFAULT, defaults or {}),
        *(layer for layer in ambient if layer.origin != "environment"),
        *([file] if file else []),
        *(layer for layer in ambient if layer.origin == "environment"),
        Layer(FLAG, flags),
    ]
    try:
        return _laid(layers, kind)
    except ThalwegError as error:
        raise _blamed(error, layers, kind) from None


def _laid(layers: Sequence[Layer], kind: type) -> Settled:
    """One layer over the other, the strongest last."""
    values: dict[str, Any] = {}
    winners: dict[str, Layer] = {}
    for layer in layers:
        for gone in _dropped(winners, layer):
            del values[gone], winners[gone]
        values |= layer.values
        winners |= dict.fromkeys(layer.values, layer)
    for gone in _of_other_rules(winners):
        del values[gone], winners[gone]
    origins = {name: layer.names.get(name, layer.origin) for name, layer in winners.items()}
    before = tuple(name for name, layer in winners.items() if layer.ambient)
    return Settled(Spec(problem=kind()).but(**values), origins, before)


def _of_other_rules(winners: Mapping[str, Layer]) -> list[str]:
    """Hyperparameters that were said before the command, and are none of the rule that it takes."""
    rule = winners["rule"].values["rule"] if "rule" in winners else Method().rule
    known = known_hyper(rule) if rule in RULES or rule in OTHER_METHODS else ALL_HYPER
    return [name for name in ALL_HYPER if name in winners and winners[name].ambient and name not in known]


def _dropped(winners: Mapping[str, Layer], layer: Layer) -> list[str]:
    """What was said for a rule, a schedule or a source that the layer replaces by another."""
    above, below = layer.values, {name: winner.values[name] for name, winner in winners.items()}
    gone: set[str] = set()
    if layer.file and "rule" in above:
        gone |= ALL_HYPER
    elif above.get("rule", below.get("rule")) != below.get("rule"):
        rule = above["rule"]
        gone |= ALL_HYPER - set(known_hyper(rule) if rule in RULES or rule in OTHER_METHODS else ())
    if above.get("schedule", below.get("schedule")) != below.get("schedule"):
        gone.add("schedule_options")
    if any(above.get(name, below.get(name)) != below.get(name) for name in ("source", "query")):
        bound = {name for name in OF_A_SOURCE if name in winners and winners[name].ambient}
        gone |= {"sha256"} | (bound if {"source", "query"} & below.keys() else set())
    return sorted(gone & below.keys())


def _kept(layer: Layer, known: set[str]) -> Layer:
    """A layer without what this problem has no field for: said before, it is not about this command."""
    return replace(layer, values={name: value for name, value in layer.values.items() if name in known})


def _blamed(error: ThalwegError, layers: Sequence[Layer], kind: type) -> ThalwegError:
    """The error with the source whose absence would heal it, where that is none that stands on the command line."""
    for layer in layers:
        if layer.origin == FLAG or not layer.values:
            continue
        for name in layer.values:
            less = replace(layer, values={k: v for k, v in layer.values.items() if k != name})
            try:
                _laid([less if other is layer else other for other in layers], kind)
            except ThalwegError:
                continue
            return SpecError(f"{layer.names.get(name, layer.origin)}: {error}")
    return error


def flat(plain: Mapping[str, Any]) -> dict[str, Any]:
    """{field: value} of a file's sections; hyperparameters by their names."""
    found = {name: value for name, value in plain.items() if name not in (*SECTIONS, "problem")}
    for section in ("problem", *SECTIONS):
        found |= plain.get(section, {})
    found.pop("kind", None)
    return {**{name: value for name, value in found.items() if name != "hyper"}, **found.get("hyper", {})}


def fields_of(kind: type) -> dict[str, Any]:
    """{field: its type} of a Spec with this kind of problem."""
    structs = (Spec, kind, *SECTIONS.values())
    found = {f.name: f.type for struct in structs for f in msgspec.structs.fields(struct)}
    return {name: type_ for name, type_ in found.items() if name not in (*SECTIONS, "problem", "hyper")}


def toml_layer() -> Layer | None:
    """thalweg.toml: parts of a Spec as in spec.toml, `runs`, and sections of commands."""
    said = settings_file()
    if said is None:
        return None
    require_options(said)
    runs_root()  # says what is wrong with it
    others = (RUNS, *OPTIONS)
    spec_part = {name: value for name, value in said.plain.items() if name not in others}
    part = with_kind(Text(said.name, spec_part, said.lines))
    spec = converted(part, Spec, {**dict.fromkeys(ALL_HYPER, "method.hyper"), **dict.fromkeys(others, "")})
    values = flat(part.plain)
    for name in NEVER_IN_A_FILE:
        if values.get(name):
            raise said.error(f"{name} is not taken from here; give it to the command", ("problem", name))
    if isinstance(spec.problem, Custom):
        raise said.error("a custom problem is not taken from here; give its spec.toml to the command", ("problem",))
    for name in ("source", "test_file"):
        if (value := values.get(name)) and from_home(said, value).exists():
            values[name] = str(from_home(said, value).absolute())
    if "hidden" in values:
        values.setdefault("model", "mlp" if values["hidden"] else "linear")
    kind = type(spec.problem) if "problem" in spec_part else None
    lines = {path[-1]: f"{said.name} line {line}" for path, line in said.lines.items()}
    return Layer(said.name, values, {name: lines[name] for name in values if name in lines}, kind, ambient=True)


def environment() -> Layer | None:
    """The fields and hyperparameters in THALWEG_ variables; those that nothing knows are told."""
    from thalweg.interfaces.cli.flags import data_source, test_rows

    types = {name: type_ for kind in PROBLEMS for name, type_ in fields_of(kind).items()}
    types |= dict.fromkeys(ALL_HYPER, float)
    values: dict[str, Any] = {}
    names: dict[str, str] = {}
    for variable, text in sorted(os.environ.items()):
        name = variable.removeprefix(PREFIX).lower()
        if variable.startswith(PREFIX) and name in types and name not in NEVER_SAID_BEFORE:
            said = {name: _value(types[name], text)}
            said = data_source(text) if name == "source" else test_rows(text) if name == "test" else said
            values |= said
            names |= dict.fromkeys(said, variable)
    if "hidden" in values and "model" not in values:
        values["model"], names["model"] = ("mlp" if values["hidden"] else "linear"), names["hidden"]
    return Layer("environment", values, names, ambient=True) if values else None


def unknown_variables() -> list[str]:
    """A sentence for each THALWEG_ variable that stands for nothing."""
    known = {*ALL_HYPER, *(name for kind in PROBLEMS for name in fields_of(kind)), RUNS}
    known |= {name for names in OPTIONS.values() for name in names}
    strange = [v for v in sorted(os.environ) if v.startswith(PREFIX) and v.removeprefix(PREFIX).lower() not in known]
    variables = [PREFIX + name.upper() for name in known]
    return [no_such("setting", variable, variables) for variable in strange]


def _value(type_: Any, text: str) -> Any:
    """The text of a variable as a field takes it: lists by spaces or commas, numbers and switches as TOML has them."""
    kinds = {type_, *get_args(type_)}
    if any(get_origin(kind) is tuple for kind in kinds) and not text.lstrip().startswith("["):
        words = text.replace(",", " ").split()
        return [_plain(word) for word in words] if str not in get_args(type_) else words
    if str in kinds:
        return text
    if bool in kinds and text.lower() in ("1", "yes", "on", "0", "no", "off"):
        return text.lower() in ("1", "yes", "on")
    return _plain(text)


def _plain(text: str) -> Any:
    """A TOML value where it is one, else the text."""
    try:
        return msgspec.toml.decode(f"x = {text}")["x"]
    except msgspec.DecodeError:
        return text
