"""Mistakes that learners make often enough to have a name, as changes of the lines of a rule.

Under a title stand the changes, all of them made at once:

    v_hat = v               this line instead of the one of that name; the form must have one
    then m = m_hat          one more line at the end
    every lr: lr / t        another expression wherever the name is read
    start s = 1             another beginning
    where w = w - lr * v    only in forms that have this line; above the first title, for all that follow

They are tried in every accepted form. A block that a form has no lines for is passed over.
"""

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache

from thalweg.evidence.own_optimizer.catalogue.lines import FUNCTIONS, Form, Line, expression, names_in, replaced
from thalweg.evidence.own_optimizer.catalogue.mistakes_any import ANY, WITH_A_NUMBER
from thalweg.evidence.own_optimizer.catalogue.mistakes_decay import DECOUPLED, DECOUPLED_FIRST
from thalweg.evidence.own_optimizer.catalogue.mistakes_moments import (
    ADAM_STEP,
    IN_BOTH,
    IN_THE_RATE,
    MOMENTS,
)
from thalweg.evidence.own_optimizer.catalogue.mistakes_squares import SQUARES, SQUARES_STEP, SUMS
from thalweg.evidence.own_optimizer.catalogue.mistakes_velocity import (
    MOMENTUM,
    NESTEROV,
    PLAIN,
    RATE_INSIDE_STEP,
    VELOCITIES,
)

BY_RULE = {
    "gd": (PLAIN,),
    "momentum": (*VELOCITIES, MOMENTUM, RATE_INSIDE_STEP),
    "nesterov": (*NESTEROV, *VELOCITIES),
    "rmsprop": (SQUARES, SQUARES_STEP),
    "rmsprop_centered": (SQUARES,),
    "adagrad": (SUMS,),
    "adam": (MOMENTS, ADAM_STEP, IN_THE_RATE, IN_BOTH),
    "amsgrad": (MOMENTS, IN_THE_RATE),
    "nadam": (MOMENTS,),
    "adamw": (DECOUPLED, DECOUPLED_FIRST, MOMENTS, IN_THE_RATE, IN_BOTH),
}


@dataclass(frozen=True)
class Mistake:
    """A title and the changes it stands for."""

    title: str
    changes: tuple[str, ...]

    def made_in(self, form: Form) -> Form | None:
        """The form with this mistake, or None where it has no such lines."""
        texts = {line.text for line in form.lines}
        every = {}
        for change in self.changes:
            word, _, rest = change.partition(" ")
            if word == "where" and rest not in texts:
                return None
            if word == "every":
                name, _, text = rest.partition(": ")
                every[name] = expression(text)
            elif word != "where":
                changed = _changed(form, change)
                if changed is None:
                    return None
                form = changed
        if not every:
            return form
        return _replaced(form, every) if set(every) <= form.names else None

    def with_number(self, number: float) -> "Mistake":
        """The same with a number of the learner's in place of C."""
        return Mistake(
            re.sub(r"\bC\b", f"{number:g}", self.title),
            tuple(re.sub(r"\bC\b", repr(number), change) for change in self.changes),
        )


@cache
def with_a_number() -> tuple[Mistake, ...]:
    """Mistakes that hold some number C, which only the learner's code can tell."""
    return tuple(_mistakes(WITH_A_NUMBER))


@cache
def known(rule: str) -> tuple[Mistake, ...]:
    """The known mistakes of a rule, those of its own first."""
    return tuple(mistake for text in (*BY_RULE.get(rule, ()), ANY) for mistake in _mistakes(text))


def _mistakes(text: str) -> Iterator[Mistake]:
    always, *blocks = text.split("#")
    conditions = [line for line in always.split("\n") if line.strip()]
    for block in blocks:
        title, *changes = (line for line in block.split("\n") if line.strip())
        yield Mistake(title.strip(), (*conditions, *changes))


def _changed(form: Form, change: str) -> Form | None:
    for word in ("start ", "then "):
        if change.startswith(word):
            name, _, text = change.removeprefix(word).partition(" = ")
            if name not in form.names:
                return None
            if word == "start ":
                return replace(form, start={**form.start, name: text}) if form.line(name) else None
            return replace(form, lines=(*form.lines, Line(name, expression(text)))) if _reads(form, text) else None
    name, _, text = change.partition(" = ")
    old = form.line(name)
    return form.but(name, expression(text)) if old and old.text != change and _reads(form, text) else None


def _reads(form: Form, text: str) -> bool:
    """Does the form know every name of this expression?"""
    always = {*FUNCTIONS, "k", "n", "rows", "w", "g", "grad", "first", *(f"{name}_old" for name in form.names)}
    return names_in(expression(text)) <= form.names | always


def _replaced(form: Form, by: Mapping[str, ast.expr]) -> Form:
    """Every reading of these names replaced."""
    lines = (
        line if by.keys().isdisjoint(line.names) else Line(line.name, replaced(line.tree, by)) for line in form.lines
    )
    return replace(form, lines=tuple(lines))
