"""Everything that has a registered name: what it is, its settings, and the source of its formula.

The registries are read, so whatever is registered, also by a user, is here.
"""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import msgspec

from thalweg.descent.complaint import no_such
from thalweg.descent.lookahead import NesterovLookahead
from thalweg.descent.method_section import OTHER_METHODS, default_lr, known_hyper
from thalweg.descent.newton import Newton
from thalweg.descent.spec import Stop
from thalweg.descent.spec_text import as_toml, schedule_options
from thalweg.descent.spec_words import WORDS, choices
from thalweg.descent.stopping import CHECKS
from thalweg.errors import UnknownName
from thalweg.formulas.activations import ACTIVATIONS
from thalweg.formulas.initializers import INITIALIZERS
from thalweg.formulas.losses import LOSSES
from thalweg.formulas.measures import MEASURES
from thalweg.formulas.rules import RULES
from thalweg.formulas.schedules import SCHEDULES
from thalweg.formulas.surfaces import FAMILIES, SURFACES
from thalweg.problems.bundled import BUNDLED

CLASSES = {"newton": Newton, "nesterov_lookahead": NesterovLookahead}


@dataclass(frozen=True)
class Entry:
    """One name. doc: its docstring. facts: settings with defaults, and what it goes with. source: of its formula."""

    kind: str
    name: str
    doc: str
    facts: Mapping[str, Any] = field(default_factory=dict)
    source: str = ""
    use: str = ""

    @property
    def line(self) -> str:
        """The first line of its docstring."""
        return self.doc.strip().partition("\n")[0]


def _source(thing: Any) -> str:
    """The text of a formula; empty where it was not written in a file."""
    try:
        return inspect.getsource(inspect.unwrap(thing))
    except (OSError, TypeError):
        return ""


def _doc(thing: Any) -> str:
    return inspect.getdoc(inspect.unwrap(thing)) or ""


def _rule(name: str) -> Entry:
    use = f"thalweg train iris --rule {name}"
    facts = {"learning rate": default_lr(name), **known_hyper(name)}
    if name in OTHER_METHODS:
        made = CLASSES[name]
        module = inspect.getmodule(made)
        return Entry("rule", name, (module and module.__doc__) or _doc(made), facts, _source(made), use)
    found = RULES[name]
    remembers = {"remembers": ", ".join(found.slots) or "nothing"}
    return Entry("rule", name, found.doc, facts | remembers, _source(found.formula), use)


def _loss(name: str) -> Entry:
    found = LOSSES[name]
    facts = {"task": found.task, "takes": found.takes}
    return Entry("loss", name, inspect.cleandoc(found.doc), facts, _source(found.formula), f"--loss {name}")


def _activation(name: str) -> Entry:
    use = f"--hidden 16 --activation {name}"
    return Entry("activation", name, _doc(ACTIVATIONS[name]), {}, _source(ACTIVATIONS[name]), use)


def _initializer(name: str) -> Entry:
    return Entry("initializer", name, _doc(INITIALIZERS[name]), {}, _source(INITIALIZERS[name]), f"--init {name}")


def _schedule(name: str) -> Entry:
    found, known = SCHEDULES[name], schedule_options(name)
    options = ", ".join(f"{key} = {as_toml(value)}" for key, value in known.items())
    use = f"--schedule {name}" + (f" --set 'schedule_options={{{options}}}'" if options else "")
    return Entry("schedule", name, _doc(found), known, _source(found), use)


def _surface(name: str) -> Entry:
    found = SURFACES[name]
    made = FAMILIES.get(name) or inspect.getclosurevars(found.value).nonlocals.get("formula", found.value)
    facts = {"parameters": found.size, "start": found.start.tolist(), "minimisers": found.minimisers.tolist()}
    return Entry("surface", name, found.doc, facts, _source(made), f"thalweg descend {name}")


def _measure(name: str) -> Entry:
    found = MEASURES[name]
    facts = {"tasks": ", ".join(found.tasks), "better": found.better}
    return Entry("measure", name, inspect.cleandoc(found.doc), facts, _source(found.of))


def _data(name: str) -> Entry:
    found = BUNDLED[name]
    facts = {"target": found.target, "task": found.task}
    return Entry("data set", name, found.doc, facts, "", f"thalweg report {name}")


def _stop(name: str) -> Entry:
    found = CHECKS[name]
    facts = {"default": getattr(Stop(), name), "means": found.kind}
    return Entry("stop rule", name, _doc(found.asks), facts, _source(found.asks), f"--set {name}=VALUE")


def _setting(name: str) -> Entry:
    """A field of the Spec."""
    for struct, words in WORDS.items():
        if name in words:
            meaning, span = words[name]
            made = next((f for f in msgspec.structs.fields(struct) if f.name == name), None)
            usual = made.default if made and made.default is not msgspec.NODEFAULT else None
            facts = {"section": _section(struct), "range": span or " | ".join(choices(struct, name)), "default": usual}
            return Entry("setting", name, meaning, {k: v for k, v in facts.items() if v not in ("", None)})
    raise KeyError(name)


def _section(struct: Any) -> str:
    return {"Table": "problem", "OnSurface": "problem", "Custom": "problem", "Phase": "method.phases", "Spec": ""}.get(
        struct.__name__, struct.__name__.lower()
    )


def _settings() -> list[str]:
    return list(dict.fromkeys(name for words in WORDS.values() for name in words))


KINDS: dict[str, tuple[Callable[[], list[str]], Callable[[str], Entry]]] = {
    "rules": (lambda: [*RULES, *OTHER_METHODS], _rule),
    "losses": (partial(list, LOSSES), _loss),
    "activations": (partial(list, ACTIVATIONS), _activation),
    "schedules": (partial(list, SCHEDULES), _schedule),
    "initializers": (partial(list, INITIALIZERS), _initializer),
    "surfaces": (partial(list, SURFACES), _surface),
    "measures": (partial(list, MEASURES), _measure),
    "datasets": (partial(list, BUNDLED), _data),
    "stops": (partial(list, CHECKS), _stop),
    "settings": (_settings, _setting),
}
OTHER_WORDS = {
    **{"optimizers": "rules", "optimisers": "rules", "initialisers": "initializers", "metrics": "measures"},
    **{
        "data": "datasets",
        "datasets": "datasets",
        "data_sets": "datasets",
        "stop_rules": "stops",
        "fields": "settings",
    },
}


def kind_of(word: str) -> str:
    """The registry that a word names, in the singular or plural; empty where it names none."""
    plain = word.lower().replace("-", "_").replace(" ", "_")
    for name in (plain, f"{plain}s", f"{plain}es"):
        if name in KINDS or name in OTHER_WORDS:
            return OTHER_WORDS.get(name, name)
    return ""


def entries(kind: str) -> list[Entry]:
    """All of a registry."""
    names, make = KINDS[kind]
    return [make(name) for name in names()]


def named(word: str) -> list[Entry]:
    """All that bear this name; a setting only where nothing else does. UnknownName with the nearest one for others."""
    plain = word.lower().replace("-", "_")
    found = [make(plain) for kind, (names, make) in KINDS.items() if kind != "settings" and plain in names()]
    if not found and plain in _settings():
        found = [_setting(plain)]
    if not found:
        known = [name for names, _ in KINDS.values() for name in names()]
        raise UnknownName(f"{no_such('run or name', word, [*known, *KINDS], most=0)}")
    return found
