"""Which method of a learner's class makes a step, and which prepares for steps."""

import inspect
from typing import Any

from thalweg.errors import SpecError
from thalweg.evidence.own_optimizer.reading.names import (
    BEGINNINGS,
    LOOK_AHEAD,
    MODEL_METHODS,
    SETUPS,
    STEPS,
    is_parameters,
    plain,
)
from thalweg.evidence.own_optimizer.reading.roles import parameters_of


def methods(kind: Any) -> list[str]:
    """The public methods of a class or an object."""
    return [name for name in dir(kind) if not name.startswith("_") and callable(getattr(kind, name))]


def step_method(kind: Any) -> str:
    """The name of the method that makes a step."""
    found = methods(kind)
    if "__call__" in vars(kind if inspect.isclass(kind) else type(kind)):
        found.append("__call__")
    by_name = {plain(name): name for name in found}
    for name in STEPS:
        if name in by_name:
            return by_name[name]
    left = [name for name in found if plain(name) not in (*BEGINNINGS, *LOOK_AHEAD, *MODEL_METHODS)]
    if len(left) == 1:
        return left[0]
    have = f"has {', '.join(found)}" if found else "has no methods"
    title = kind.__name__ if inspect.isclass(kind) else type(kind).__name__
    raise SpecError(f"{title} has no method step; it {have}. Give it step(params, grads), or name a function instead")


def setup_method(kind: Any) -> str:
    """The method that is told the parameters before the first step, and nothing else; "" where there is none."""
    for name in methods(kind):
        asked = [p for p in parameters_of(getattr(kind, name)) if p.name != "self"]
        if plain(name) in (*SETUPS, *BEGINNINGS) and len(asked) == 1 and is_parameters(asked[0].name):
            return name
    return ""
