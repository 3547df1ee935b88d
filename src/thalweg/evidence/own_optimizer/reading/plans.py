"""The ways in which a learner's code could be meant to be called, the likeliest first."""

import contextlib
import copy
import inspect
import sys
import types
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from thalweg.errors import SpecError
from thalweg.evidence.own_optimizer.reading.holders import (
    ARRAY,
    D_KEYS,
    DICT,
    FLAT,
    FLOATS,
    LAYER,
    LAYERS,
    LIST,
    MODEL,
    NESTED,
    NUMBER,
    PARAMETERS,
    PARTS,
    TENSORS,
    TORCH_PARAMETERS,
    TUPLE,
    Holder,
)
from thalweg.evidence.own_optimizer.reading.methods import methods, setup_method, step_method
from thalweg.evidence.own_optimizer.reading.names import (
    BARE,
    BEGINNINGS,
    LOOK_AHEAD,
    hyper_roles,
    plain,
    words_in,
)
from thalweg.evidence.own_optimizer.reading.roles import (
    Role,
    call_roles,
    made_roles,
    parameters_of,
    switches,
    unknown_names,
)
from thalweg.evidence.own_optimizer.reading.session import Plan
from thalweg.evidence.own_optimizer.reading.slate import Slate
from thalweg.formulas.rules import RULES

# Telling values: far from every default, and no product, square or difference of one is another.
TELLING = {
    "lr": 0.031, "beta": 0.83, "rho": 0.87, "beta1": 0.83, "beta2": 0.96, "eps": 1.3e-3, "decay": 0.23, "psi": 0.004,
}  # fmt: skip
OTHER = {
    "lr": 0.017, "beta": 0.71, "rho": 0.93, "beta1": 0.74, "beta2": 0.91, "eps": 3.7e-3, "decay": 0.13, "psi": 0.006,
}  # fmt: skip
# Memories so short that even 1 - beta * t stays positive for a dozen steps.
GENTLE = {**TELLING, "beta": 0.07, "rho": 0.04, "beta1": 0.06, "beta2": 0.045}
GENTLER = {**OTHER, "beta": 0.05, "rho": 0.07, "beta1": 0.05, "beta2": 0.07}

ASKING = {"grads", "pairs", "turned pairs", "gradient function", "both function"}  # how gradients come


def hyper_of(rule: str) -> tuple[str, ...]:
    """The hyperparameters of a rule by our names, lr first."""
    return ("lr", *(name for name in RULES.named(rule).defaults if name != "ema"))


def plans(made: Any, rule: str, values: Mapping[str, float] = TELLING) -> Iterator[tuple[Plan, int]]:
    """(plan, number of arrays to try it with). Raises SpecError where a signature says nothing to us."""
    for plan in _calls(made, rule, values):
        for holder, number in _holders(plan):
            for state, begin in _beginnings(plan, made):
                yield plan.but(holder=holder, state=state, begin=begin), number


def _calls(made: Any, rule: str, values: Mapping[str, float]) -> Iterator[Plan]:
    """Plans that do not yet say how parameters are held and how state begins."""
    if inspect.isroutine(made) or isinstance(made, type(hyper_of)):
        roles = call_roles(parameters_of(made), hyper_of(rule), len(RULES[rule].slots))
        if _is_factory(made, roles):
            yield from _of_factory(made, rule, values)
            return
        yield from _of_function(made, rule, values)
    elif inspect.isclass(made):
        yield from _of_class(made, made, rule, values)
    else:
        yield from _of_class(type(made), lambda: copy.deepcopy(made), rule, values, made)


def _is_factory(made: Callable[..., Any], roles: Mapping[str, Role]) -> bool:
    """A function of hyperparameters alone, or of none; or of parameters, too, if what it returns can be called."""
    kinds = {role.kind for role in roles.values()}
    if not kinds <= {"hyper", "params"} or unknown_names(parameters_of(made), roles):
        return False
    return "params" not in kinds or callable(_tried_out(made, roles, TELLING))


def _tried_out(made: Callable[..., Any], roles: Mapping[str, Role], values: Mapping[str, float]) -> Any:
    """What it makes of hyperparameters, and of parameters held in the first way that it takes; None of none."""
    given = {name: values[role.name] for name, role in roles.items() if role.name in values}
    asked = [name for name, role in roles.items() if role.kind == "params"]
    if not asked:
        return made(**given)
    for holder in (LIST, DICT, ARRAY, FLAT, PARAMETERS):
        with contextlib.suppress(Exception):
            return made(**given, **{asked[0]: holder.hold([np.ones((2, 3))])})
    return None


def _of_function(made: Callable[..., Any], rule: str, values: Mapping[str, float]) -> Iterator[Plan]:
    parameters, hyper = parameters_of(made), hyper_of(rule)
    for loop in (True, False):
        roles = call_roles(parameters, hyper, 0 if loop else len(RULES[rule].slots), loop=loop)
        kinds = [role.kind for role in roles.values()]
        if loop and not ({"params", "length"} <= set(kinds) and {"gradient function", "both function"} & set(kinds)):
            continue
        if not loop:
            roles = _by_place(roles, parameters)
        roles |= switches(parameters, rule, roles)
        _refuse_unknown(made.__name__, parameters, roles)
        config = {} if Role("hyper", "lr") in roles.values() else _settings(made, hyper)
        yield _plan(None, {}, made, roles, parameters, values, Slate(made), loop=loop, config=config)


def _by_place(roles: dict[str, Role], parameters: Sequence[inspect.Parameter]) -> dict[str, Role]:
    """What no name tells, the place does: parameters first, then gradients."""
    roles = dict(roles)
    for kind in ("params", "grads"):
        given = {role.kind for role in roles.values()}
        if given & {kind, "part", "pairs", "turned pairs", "layer"} or (
            kind == "grads" and given & {"gradient function", "both function"}
        ):
            continue
        free = [p.name for p in parameters if roles.get(p.name, Role("state")).kind == "state" and p.default is BARE]
        if free:
            roles[free[0]] = Role(kind)
    return {p.name: roles[p.name] for p in parameters if p.name in roles}


def _of_class(
    kind: type, make: Callable[..., Any], rule: str, values: Mapping[str, float], instance: Any = None
) -> Iterator[Plan]:
    hyper = hyper_of(rule)
    parameters = parameters_of(kind) if instance is None else []
    made_with = made_roles(parameters, hyper) | _keywords(kind, parameters, hyper)
    made_with |= switches(parameters, rule, made_with)
    _refuse_unknown(kind.__name__, parameters, made_with)
    yield from _of_methods(kind, make, made_with, rule, values, Slate(kind if instance is None else instance))


def _of_methods(
    kind: Any,
    make: Callable[..., Any],
    made_with: Mapping[str, Role],
    rule: str,
    values: Mapping[str, float],
    slate: Slate,
) -> Iterator[Plan]:
    """The plans of an object with methods: `kind` is its class, or the object itself."""
    name = step_method(kind)
    parameters = [p for p in parameters_of(getattr(kind, name)) if p.name != "self"]
    held = {"params", "layer"} & {role.kind for role in made_with.values()}
    for loop in (False, True):
        roles = call_roles(parameters, hyper_of(rule), 0, loop=loop)
        kinds = {role.kind for role in roles.values()} | {role.kind for role in made_with.values()}
        if loop and not ({"params", "length"} <= kinds and {"gradient function", "both function"} & kinds):
            continue
        if not loop:
            roles = _by_place(roles, parameters) if not held and len(roles) > 1 else _grads_alone(roles, parameters)
        _refuse_unknown(name, parameters, roles)
        around = tuple(one for one in methods(kind) if plain(one) in ("preupdateparams", "postupdateparams"))
        ahead = next((one for one in methods(kind) if plain(one) in LOOK_AHEAD), "")
        states = {"state", "bundle"} & {role.kind for role in roles.values()}
        ways = {"around": around, "look_ahead": ahead, "setup": "" if states or held else setup_method(kind)}
        yield _plan(make, made_with, name, roles, parameters, values, slate, loop=loop, **ways)


def _grads_alone(roles: dict[str, Role], parameters: Sequence[inspect.Parameter]) -> dict[str, Role]:
    """step(x) of an object that has the parameters already, or returns what to add: x is the gradient."""
    told = {role.kind for role in roles.values()}
    free = [name for name, role in roles.items() if role.kind in ("state", "params")]
    if told & {"grads", "part", "pairs", "turned pairs", "layer", "gradient function", "both function"} or not free:
        return roles
    return {**roles, free[0]: Role("grads")}


def _of_factory(made: Callable[..., Any], rule: str, values: Mapping[str, float]) -> Iterator[Plan]:
    """A function that makes the optimizer: an object, a function of a step, or (init, update)."""
    roles = made_roles(parameters_of(made), hyper_of(rule))
    roles |= switches(parameters_of(made), rule, roles)

    def make(**arguments: Any) -> Any:
        thing = made(**arguments)
        if isinstance(thing, tuple) and len(thing) == 3 and all(callable(part) for part in thing):
            return _of_three(*thing)
        if isinstance(thing, tuple) and len(thing) == 2 and all(callable(part) for part in thing):
            return types.SimpleNamespace(init=thing[0], update=thing[1])
        return types.SimpleNamespace(step=thing) if inspect.isroutine(thing) else thing

    one = _tried_out(make, roles, values)
    yield from _of_methods(one, make, roles, rule, values, Slate(made))


def _of_three(init: Callable[..., Any], update: Callable[..., Any], params_of: Callable[..., Any]) -> Any:
    """(init, update, get_params), as JAX's optimizers are: update(i, grads, state), i from 0."""
    kept: list[Any] = []  # the number of the step and the state

    def step(params: Any, grads: Any) -> Any:
        kept[:] = kept or [0, init(params)]
        kept[:] = [kept[0] + 1, update(kept[0], grads, kept[1])]
        return params_of(kept[1])

    return types.SimpleNamespace(step=step)


def _plan(
    make: Callable[..., Any] | None,
    made_with: Mapping[str, Role],
    call: Callable[..., Any] | str,
    called_with: Mapping[str, Role],
    parameters: Sequence[inspect.Parameter],
    values: Mapping[str, float],
    slate: Slate,
    **more: Any,
) -> Plan:
    return Plan(make, made_with, call, called_with, tuple(parameters), LIST, values, slate, **more)


def _refuse_unknown(title: str, parameters: Sequence[inspect.Parameter], roles: Mapping[str, Role]) -> None:
    if unknown := unknown_names(parameters, roles):
        raise SpecError(
            f"{title} asks for {', '.join(unknown)}, which no known name tells; give it a default, or call it "
            "as the field does: params, grads, lr, beta, beta1, beta2, rho, eps, weight_decay, t"
        )


def _settings(function: Any, hyper: Sequence[str]) -> dict[str, str]:
    """Keys under which a function looks for hyperparameters in a dictionary of settings."""
    keys = [key for key in words_in(function) if key.isidentifier()]
    return hyper_roles(dict.fromkeys(keys, BARE), hyper)


def _keywords(kind: type, parameters: Sequence[inspect.Parameter], hyper: Sequence[str]) -> dict[str, Role]:
    """What a constructor with **kwargs looks for in it."""
    if not any(p.kind is inspect.Parameter.VAR_KEYWORD for p in parameters):
        return {}
    return {name: Role("hyper", role) for name, role in _settings(vars(kind).get("__init__"), hyper).items()}


def _holders(plan: Plan) -> Iterator[tuple[Holder, int]]:
    """How parameters could be held, with how many arrays to try."""
    kinds = {role.kind for role in (*plan.called_with.values(), *plan.made_with.values())}
    if "part" in kinds:
        several, one = [PARTS], []
    elif "layer" in kinds:
        several = one = [LAYER, MODEL]
    elif not kinds & ASKING and ("params" in kinds or plan.setup):
        several = one = [PARAMETERS]
    else:
        several, one = [LIST, DICT, D_KEYS, TUPLE, NESTED, LAYERS], [LIST, DICT, ARRAY, FLOATS, FLAT, NUMBER]
    if "torch" in sys.modules and "part" not in kinds:
        several = [*several, TORCH_PARAMETERS] if several == [PARAMETERS] else [*several, TENSORS]
        one = [*one, TORCH_PARAMETERS] if one == [PARAMETERS] else [*one, TENSORS]
    yield from ((holder, 2) for holder in several)
    yield from ((holder, 1) for holder in one)


def _beginnings(plan: Plan, made: Any) -> Iterator[tuple[str, Callable[..., Any] | str | None]]:
    """How state could begin."""
    roles = {name: role for name, role in plan.called_with.items() if role.kind in ("state", "bundle")}
    if not roles:
        yield "zeros", None
        return
    if begin := _begin(plan, made):
        yield "made", begin
    if plan.config:
        yield "empty", None
        return
    if all(p.default is not BARE for p in plan.parameters if p.name in roles):
        yield "default", None
    bundled = any(role.kind == "bundle" for role in roles.values())
    order = ("empty", "none", "keys", "slots", "zeros") if bundled else ("zeros", "empty", "none", "keys")
    yield from ((state, None) for state in order)


def _begin(plan: Plan, made: Any) -> Callable[..., Any] | str | None:
    """The learner's own beginning of the state, of the object or beside the function."""
    if isinstance(plan.call, str):
        kind = made if inspect.isclass(made) else None
        names = methods(kind) if kind is not None else ["init"]
        return next((name for name in names if plain(name) in BEGINNINGS), None) if kind or plan.make else None
    near = getattr(plan.call, "__globals__", {})
    return next((thing for name, thing in near.items() if inspect.isroutine(thing) and plain(name) in BEGINNINGS), None)
