"""Which parameter of a learner's function is what: its role, told by its name, its default and its place."""

import inspect
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

from thalweg.errors import SpecError
from thalweg.evidence.own_optimizer.reading.names import (
    BARE,
    BOTH_FUNCTIONS,
    BUNDLES,
    COUNTS,
    HYPER,
    LAYERS,
    LENGTHS,
    LOSS_FUNCTIONS,
    PAIRS,
    PAIRS_TURNED,
    SHAPES,
    SIZES,
    hyper_roles,
    is_gradient,
    is_gradient_function,
    is_parameters,
    plain,
)

VARIADIC = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
FLAGS = {
    "nesterov": ("nesterov", "usenesterov"),
    "amsgrad": ("amsgrad", "useamsgrad"),
    "rmsprop_centered": ("centered", "centred"),
}
DECAYS = {*HYPER["decay"], "lrdecay", "learningratedecay"}
EITHER = {"mu", "nu", "a", "b", "e", "delta", "momentum"}  # a hyperparameter or a state: the rule's slots decide


@dataclass(frozen=True)
class Role:
    """`kind` says what to hand over; `name` which one of that kind: lr of hyper, m of state."""

    kind: str
    name: str = ""


def parameters_of(function: Callable[..., Any]) -> list[inspect.Parameter]:
    """The parameters one can hand over, self left out. [] where Python does not know them."""
    try:
        return list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):
        return []


def call_roles(
    parameters: Collection[inspect.Parameter], hyper: Collection[str], slots: int, *, loop: bool = False
) -> dict[str, Role]:
    """Roles of what is called at every step, or once for a whole loop of steps."""
    named = {p.name: p.default for p in parameters if p.kind not in VARIADIC}
    parts = {} if loop else _parts(named)
    roles = parts | _by_name({name: default for name, default in named.items() if name not in parts}, loop)
    unclear = {name: default for name, default in named.items() if name not in roles}
    asked = {name: default for name, default in unclear.items() if plain(name) not in EITHER or default is not BARE}
    found = hyper_roles(asked, hyper)
    doubtful = [name for name in unclear if name not in asked]
    states = [
        name
        for name, default in asked.items()
        if name not in found and (default is BARE or (default is None and not is_gradient_function(name)))
    ]
    if doubtful and len(states) >= slots:
        more = hyper_roles(dict.fromkeys(doubtful, BARE), [role for role in hyper if role not in found.values()])
        found, doubtful = {**found, **more}, [name for name in doubtful if name not in more]
    roles |= {name: Role("hyper", role) for name, role in found.items()}
    roles |= {name: Role("state", name) for name in named if name in (*states, *doubtful)}
    return {name: roles[name] for name in named if name in roles}


def _parts(named: Mapping[str, Any]) -> dict[str, Role]:
    """Two parameters, each an argument of its own with its gradient: w and b beside dw and db; else {}."""
    flat = {plain(name): name for name, default in named.items() if default is BARE}
    pairs = [
        (name, flat[grad])
        for word, name in flat.items()
        for grad in (f"d{word}", f"grad{word}", f"{word}grad", f"g{word}")
        if grad in flat
    ]
    if len(pairs) < 2:
        return {}
    if len(pairs) > 2:
        raise SpecError(
            f"it takes {len(pairs)} parameters as arguments ({', '.join(w for w, _ in pairs)}); at most two "
            "can be checked so. Hand them over in lists or dictionaries, as step(params, grads)"
        )
    roles = {w: Role("part", str(i)) for i, (w, _) in enumerate(pairs)}
    return roles | {g: Role("part grad", str(i)) for i, (_, g) in enumerate(pairs)}


def _by_name(named: Mapping[str, Any], loop: bool) -> dict[str, Role]:
    """What the names alone say. Each kind is given once; a later one of the same kind is something else."""
    roles: dict[str, Role] = {}
    for name, default in named.items():
        kind = _loop_kind(name) if loop else _step_kind(name)
        if isinstance(default, float | bool | str) or (default is None and kind.endswith("function")):
            kind = ""
        if kind and not any(role.kind == kind for role in roles.values()):
            roles[name] = Role(kind)
    return roles


def _step_kind(name: str) -> str:
    flat = plain(name)
    kinds = (
        ("pairs", flat in PAIRS),
        ("turned pairs", flat in PAIRS_TURNED),
        ("both function", flat in BOTH_FUNCTIONS),
        ("gradient function", is_gradient_function(name)),
        ("loss function", flat in LOSS_FUNCTIONS),
        ("params", is_parameters(name)),
        ("grads", is_gradient(name)),
        ("layer", flat in LAYERS),
        ("bundle", flat in BUNDLES),
        ("count", flat in COUNTS),
    )
    return next((kind for kind, holds in kinds if holds), "")


def _loop_kind(name: str) -> str:
    flat = plain(name)
    kinds = (
        ("both function", flat in BOTH_FUNCTIONS),
        ("loss function", flat in LOSS_FUNCTIONS or flat in ("f", "func", "fn")),
        ("gradient function", is_gradient_function(name) or is_gradient(name)),
        ("params", is_parameters(name)),
        ("length", flat in LENGTHS),
    )
    return next((kind for kind, holds in kinds if holds), "")


def made_roles(parameters: Collection[inspect.Parameter], hyper: Collection[str]) -> dict[str, Role]:
    """Roles of what a class is constructed with."""
    named = {p.name: p.default for p in parameters if p.kind not in VARIADIC}
    roles: dict[str, Role] = {}
    for name, default in named.items():
        flat = plain(name)
        if flat in LENGTHS and len(flat) > 3 and type(default) is int:
            roles[name] = Role("length")
        if default is not BARE and default is not None:
            continue
        kinds = (
            ("params", is_parameters(name)),
            ("grads", is_gradient(name)),
            ("gradient function", is_gradient_function(name)),
            ("shape", flat in SHAPES),
            ("size", flat in SIZES and default is BARE),
            ("layer", flat in LAYERS),
            ("length", flat in LENGTHS and default is BARE),
        )
        if kind := next((kind for kind, holds in kinds if holds), ""):
            roles[name] = Role(kind)
    left = {name: default for name, default in named.items() if name not in roles}
    roles |= {name: Role("hyper", role) for name, role in hyper_roles(left, hyper).items()}
    return roles


def switches(parameters: Collection[inspect.Parameter], rule: str, taken: Collection[str]) -> dict[str, Role]:
    """What turns a rule into another: nesterov=False is set where Nesterov is meant, a decay is set to 0 elsewhere."""
    roles = {}
    for p in parameters:
        if p.name in taken:
            continue
        if isinstance(p.default, bool) and plain(p.name) in FLAGS.get(rule, ()):
            roles[p.name] = Role("true")
        elif isinstance(p.default, float) and p.default != 0 and plain(p.name) in DECAYS:
            roles[p.name] = Role("zero")
    return roles


def unknown_names(parameters: Collection[inspect.Parameter], roles: Mapping[str, Role]) -> list[str]:
    """What must be handed over and has no role."""
    return [p.name for p in parameters if p.default is BARE and p.kind not in VARIADIC and p.name not in roles]
