"""What can be named in a Spec, from the registries: a new rule, loss or surface appears by itself."""

import inspect
from collections.abc import Callable, Mapping
from typing import Any

from _site.markdown import code, escaped, fenced, first_paragraph, prose, table
from thalweg.descent import lookahead, newton
from thalweg.descent.method_section import OTHER_METHODS, default_lr, known_hyper
from thalweg.formulas.activations import ACTIVATIONS
from thalweg.formulas.initializers import INITIALIZERS
from thalweg.formulas.losses import LOSSES
from thalweg.formulas.measures import MEASURES
from thalweg.formulas.rules import RULES
from thalweg.formulas.schedules import SCHEDULES
from thalweg.formulas.surfaces import FAMILIES, SURFACES

OTHER_TEXTS = {"newton": newton.__doc__, "nesterov_lookahead": lookahead.__doc__}  # methods that no formula makes


def docstring(thing: Any) -> str:
    """Of a registered thing: its own `doc`, or that of the function."""
    doc = getattr(thing, "doc", None)
    return inspect.cleandoc(doc if isinstance(doc, str) else inspect.getdoc(thing) or "")


def rules() -> str:
    """A section for each rule: what it is, its hyperparameters, its formula as it runs."""
    return "\n".join(_rule(name) for name in [*RULES, *OTHER_METHODS])


def _rule(name: str) -> str:
    defaults = ", ".join(f"`{key}` {number(value)}" for key, value in known_hyper(name).items())
    numbers = f"`lr` {number(default_lr(name))}" + (f", {defaults}" if defaults else "")
    if name not in RULES:
        return f"### {name}\n\n{prose(OTHER_TEXTS.get(name))}\nDefaults: {numbers}.\n"
    rule = RULES[name]
    slots = f" Remembers {', '.join(map(code, rule.slots))}." if rule.slots else " Remembers nothing."
    return f"### {name}\n\n{prose(rule.doc)}\nDefaults: {numbers}.{slots}\n\n{fenced(body(rule.formula), 'python')}"


def number(value: float) -> str:
    """As one would write it: 1e-8, not 1e-08."""
    return f"{value:g}".replace("e-0", "e-")


def body(formula: Callable[..., Any]) -> str:
    """The source of a formula without its decorator and docstring."""
    lines = inspect.getsource(formula).splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith("def "))
    doc = formula.__doc__ or ""
    text = "\n".join(lines[start:])
    return text.replace(f'    """{doc}"""\n', "", 1)


def listed(registry: Mapping[str, Any]) -> str:
    """A table of names and first paragraphs."""
    rows = [(code(name), escaped(first_paragraph(docstring(thing)))) for name, thing in registry.items()]
    return table(("name", "what it is"), rows)


def losses() -> str:
    rows = [(code(name), loss.task, loss.takes, escaped(first_paragraph(loss.doc))) for name, loss in LOSSES.items()]
    return table(("name", "task", "takes", "formula and gradient"), rows)


def schedules() -> str:
    return table(("name", "options", "multiplier of lr"), [_schedule(name) for name in SCHEDULES])


def _schedule(name: str) -> tuple[str, str, str]:
    parameters = inspect.signature(SCHEDULES[name]).parameters.values()
    options = [f"{code(p.name)} {number(p.default)}" for p in parameters if p.default is not p.empty]
    return code(name), ", ".join(options), escaped(first_paragraph(SCHEDULES[name].__doc__))


def surfaces() -> str:
    rows = [_surface(name) for name in SURFACES]
    return table(("name", "parameters", "what it is", "minima known"), rows)


def _surface(name: str) -> tuple[str, str, str, str]:
    found = SURFACES[name]
    size = "any" if name in FAMILIES else str(found.size)
    known = str(len(found.minimisers)) if len(found.minimisers) else "none"
    return code(name), size, escaped(" ".join(found.doc.split())), known


def measures() -> str:
    rows = [(code(name), ", ".join(m.tasks), m.better, escaped(first_paragraph(m.doc))) for name, m in MEASURES.items()]
    return table(("name", "tasks", "better", "what it is"), rows)


PARTS: dict[str, Callable[[], str]] = {
    "rules": rules,
    "losses": losses,
    "schedules": schedules,
    "surfaces": surfaces,
    "measures": measures,
    "activations": lambda: listed(ACTIVATIONS),
    "initializers": lambda: listed(INITIALIZERS),
}
