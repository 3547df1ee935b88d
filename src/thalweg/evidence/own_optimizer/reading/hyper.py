"""Which values the hyperparameters have in a learner's code, where we cannot hand over our own."""

import inspect
import itertools
import types
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from thalweg.evidence.own_optimizer.reading.names import hyper_roles, plain
from thalweg.evidence.own_optimizer.reading.plans import hyper_of
from thalweg.evidence.own_optimizer.reading.roles import parameters_of
from thalweg.evidence.own_optimizer.reading.trial import WEIGHTS, Reading, quiet
from thalweg.formulas.rules import RULES

MOST = 48  # combinations of numbers in the code that are tried where nothing says which is which


@dataclass(frozen=True)
class Settings:
    """Hyperparameters by our names: `given` by us, `found` in the object, and what else they may be."""

    given: Mapping[str, float]
    found: Mapping[str, float]
    guessed: tuple[Mapping[str, float], ...]  # each fills up what is neither given nor found
    constants: tuple[float, ...]  # numbers written in the learner's code

    @property
    def choices(self) -> list[dict[str, float]]:
        """Every full set of hyperparameters that may be in force."""
        return [{**rest, **self.found, **self.given} for rest in self.guessed]

    def words(self, in_force: Mapping[str, float]) -> str:
        """`lr=0.031, beta=0.9 (its own)`; `in_force` says what is used where nothing was given or found."""
        parts = [f"{name}={number:g}" for name, number in self.given.items()]
        own = {**{name: number for name, number in in_force.items() if name not in self.given}, **self.found}
        parts += [f"{name}={number:g} (its own)" for name, number in own.items()]
        return ", ".join(parts)


def has_multiplier(made: Any) -> bool:
    """Does it take a schedule multiplier of 1 beside the rate, as AdamW's paper does?"""
    names = ("eta", "etat", "schedule", "schedulemultiplier", "lrmultiplier", "multiplier", "lrscale")
    defaults = {plain(p.name): p.default for p in parameters_of(made)}
    return any(defaults.get(name) == 1 for name in names)


def settings(reading: Reading, made: Any, rule: str) -> Settings:
    """What is in force for this rule when the learner's code is called by this reading."""
    plan, wanted = reading.plan, hyper_of(rule)
    roles = [role.name for role in (*plan.made_with.values(), *plan.called_with.values()) if role.kind == "hyper"]
    roles += plan.config.values()
    names = {name for role in roles for name in (("beta1", "beta2") if role == "betas" else (role,))}
    given = {name: plan.hyper[name] for name in wanted if name in names}
    found = _attributes(reading, [name for name in wanted if name not in given])
    constants = tuple(sorted(set(_numbers(made))))
    missing = [name for name in wanted if name not in given and name not in found]
    return Settings(given, found, tuple(_guesses(rule, missing, constants)), constants)


def unusual_defaults(reading: Reading, made: Any) -> str | None:
    """A remark on defaults that nobody uses: a memory below a half, a beta1 above beta2, a rate of 1 or more."""
    plan = reading.plan
    roles = {**plan.made_with, **plan.called_with}
    try:
        signature = inspect.signature(made).parameters
    except (TypeError, ValueError):
        return None
    defaults: dict[str, float] = {}
    for name, parameter in signature.items():
        default, role = parameter.default, roles.get(name)
        if role is None or role.kind != "hyper":
            continue
        if role.name == "betas" and isinstance(default, tuple | list):
            defaults |= dict(zip(("beta1", "beta2"), default, strict=False))
        elif isinstance(default, float):
            defaults[role.name] = default
    odd = [name for name in ("beta", "beta1", "beta2", "rho") if 0 < defaults.get(name, 1) < 0.5]
    odd += ["lr"] if defaults.get("lr", 0) > 1 else []
    odd += ["beta1", "beta2"] if defaults.get("beta1", 0) > defaults.get("beta2", 1) else []
    if not odd:
        return None
    said = ", ".join(f"{name}={defaults[name]:g}" for name in dict.fromkeys(odd))
    return f"{said} by default is unusual; usual are beta=0.9, beta1=0.9, beta2=0.999, rho=0.9, lr=0.1 or less"


def _attributes(reading: Reading, wanted: Sequence[str]) -> dict[str, float]:
    """Hyperparameters that the object keeps under a name we know."""
    if reading.plan.make is None or not wanted:
        return {}
    with quiet():
        thing = reading.start([*WEIGHTS][: 2 if reading.several else 1]).object
    kept = {**_floats(vars(type(thing))), **_floats(getattr(thing, "__dict__", {}))}
    roles = hyper_roles(kept, wanted)
    found: dict[str, float] = {}
    for name, role in roles.items():
        if role == "betas":
            found["beta1"], found["beta2"] = (float(number) for number in kept[name])
        else:
            found[role] = float(kept[name])
    return found


def _floats(names: Mapping[str, Any]) -> dict[str, Any]:
    def numeric(value: Any) -> bool:
        if isinstance(value, tuple | list) and len(value) == 2:
            return all(isinstance(part, float) for part in value)
        return isinstance(value, int | float | np.number) and not isinstance(value, bool)

    return {name: value for name, value in names.items() if numeric(value) and not name.startswith("__")}


def _guesses(rule: str, missing: Sequence[str], constants: Sequence[float]) -> Iterator[dict[str, float]]:
    defaults = {"lr": RULES[rule].lr, **RULES[rule].defaults}
    fits = {
        "lr": [number for number in constants if 0 < number <= 1],
        "eps": [number for number in constants if 0 < number <= 1e-2],
        "decay": [number for number in constants if 0 < number < 1],
    }
    memory = [number for number in constants if 0.5 <= number < 1]
    options = [[*dict.fromkeys([*fits.get(name, memory), defaults[name]])] for name in missing]
    for chosen in itertools.islice(itertools.product(*options), MOST):
        yield dict(zip(missing, chosen, strict=True))


def _numbers(made: Any) -> Iterator[float]:
    """Numbers in the learner's code: constants, defaults, and globals that it reads."""
    kind = made if inspect.isclass(made) or inspect.isroutine(made) else type(made)
    functions = [kind] if inspect.isroutine(kind) else [f for f in vars(kind).values() if inspect.isfunction(f)]
    for function in functions:
        if not isinstance(function, types.FunctionType):
            continue
        defaults = (*(function.__defaults__ or ()), *(function.__kwdefaults__ or {}).values())
        read = (function.__globals__.get(name) for name in function.__code__.co_names)
        for value in (*_constants(function.__code__), *defaults, *read):
            for number in value if isinstance(value, tuple | list) else (value,):
                if isinstance(number, int | float) and not isinstance(number, bool) and number > 0:
                    yield float(number)


def _constants(code: types.CodeType) -> Iterator[Any]:
    for const in code.co_consts:
        if isinstance(const, types.CodeType):
            yield from _constants(const)
        else:
            yield const
