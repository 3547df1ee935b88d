"""A Spec as a spec.toml that explains itself: every field with its value, what it means and its range.

The text reads back as the same Spec. What is open, and what a rule or schedule would take by default, is commented out.
"""

from collections.abc import Iterator, Mapping
from inspect import Parameter, signature
from typing import Any

import msgspec

from thalweg.descent.method_section import Method, Phase, default_lr, known_hyper
from thalweg.descent.spec import Batch, Spec, Stop
from thalweg.descent.spec_words import WORDS, comment
from thalweg.formulas.schedules import SCHEDULES

TABLES = ("hyper", "schedule_options", "groups", "phases")  # of [method]: sections of their own
COLUMN = 34  # where comments begin
DEFAULT = "default"


def commented(spec: Spec, heading: str = "") -> str:
    """The text of a spec.toml."""
    lines = ["# " + "".join(c if c.isprintable() else "?" for c in line) for line in heading.splitlines()]
    lines += [
        "# What is marked default may be left out. thalweg show rules (losses, schedules, …) lists the names.",
        "",
    ]
    lines += _fields(spec, Spec, ("problem", "method", "batch", "stop"))
    problem = spec.problem
    lines += ["", "[problem]", _line("kind", msgspec.toml.encode({"x": _tag(problem)}).decode()[4:], "")]
    lines += _fields(problem, type(problem))
    lines += ["", "[method]", *_fields(spec.method, Method, TABLES), *_tables(spec.method)]
    lines += ["", "[batch]", *_fields(spec.batch, Batch), "", "[stop]", *_fields(spec.stop, Stop)]
    return "\n".join(line.rstrip() for line in lines) + "\n"


def _tag(problem: Any) -> str:
    return str(problem.__struct_config__.tag)


def _fields(record: Any, struct: Any, without: tuple[str, ...] = ()) -> Iterator[str]:
    """`name = value  # what it means (its range); default`."""
    usual = struct() if struct is not Phase else None
    for name in WORDS[struct] | dict.fromkeys(struct.__struct_fields__):
        if name in without:
            continue
        value = getattr(record, name)
        told = comment(struct, name)
        if value is None:
            open_ = f": {default_lr(record.rule):g}" if name == "lr" else ""
            yield _line(f"# {name}", "…", f"{told}; open{open_}")
        else:
            same = usual is not None and value == getattr(usual, name)
            yield _line(name, as_toml(value), f"{told}; {DEFAULT}" if same else told)


def _line(name: str, value: str, told: str) -> str:
    text = f"{name} = {value.strip()}"
    return f"{text:<{COLUMN}} # {told}" if told else text


def as_toml(value: Any) -> str:
    """A value as it stands behind `name = `, in one line."""
    plain = msgspec.to_builtins(value)
    if isinstance(plain, Mapping):
        pairs = ", ".join(f"{_key(key)} = {as_toml(item)}" for key, item in plain.items() if item is not None)
        return f"{{ {pairs} }}" if pairs else "{}"
    if isinstance(plain, list | tuple):
        return f"[{', '.join(as_toml(item) for item in plain)}]"
    return msgspec.toml.encode({"x": plain}).decode()[4:].strip()


def _key(name: str) -> str:
    """A key, in quotes where it needs them."""
    return msgspec.toml.encode({name: 0}).decode().rpartition(" = ")[0]


def _tables(method: Method) -> Iterator[str]:
    """[method.hyper], [method.schedule_options], [method.groups.…] and [[method.phases]]."""
    yield from ("", f"[method.hyper]{'':<20} # {comment(Method, 'hyper')}")
    yield from _options(method.hyper, known_hyper(method.rule), method.rule)
    yield from ("", f"[method.schedule_options]{'':<9} # {comment(Method, 'schedule_options')}")
    yield from _options(method.schedule_options, schedule_options(method.schedule), method.schedule)
    yield from ("", f"[method.groups]{'':<19} # {comment(Method, 'groups')}")
    yield from (_line(_key(pattern), as_toml(changes), "") for pattern, changes in method.groups.items())
    for phase in method.phases:
        yield from ("", f"[[method.phases]]{'':<17} # {comment(Method, 'phases')}")
        yield from _fields(phase, Phase)


def schedule_options(schedule: str) -> dict[str, float]:
    """The options of a schedule with their defaults."""
    known = signature(SCHEDULES[schedule]).parameters
    return {name: p.default for name, p in known.items() if p.default is not Parameter.empty}


def _options(given: Mapping[str, float], known: Mapping[str, float], of: str) -> Iterator[str]:
    """What is given, and commented out what keeps its default."""
    for name, value in {**known, **given}.items():
        if name in given:
            yield _line(_key(name), as_toml(value), f"{known[name]:g} is the default of {of}")
        else:
            yield _line(f"# {name}", as_toml(value), f"{DEFAULT} of {of}")
