"""Checking the gradient of a user's function, and telling what was found."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from thalweg.errors import SpecError, ThalwegError
from thalweg.evidence.gradcheck import GradientCheck, check_gradient
from thalweg.formulas.registry import unknown
from thalweg.formulas.streams import Purpose, stream
from thalweg.interfaces.cli.check.loading import EXAMPLE, callable_in, told
from thalweg.interfaces.cli.say import say


@dataclass(frozen=True)
class Place:
    """Where to check, in the words of the flags."""

    start: tuple[float, ...]
    size: int
    at: str
    seed: int


def gradient_checked(module: ModuleType, path: Path, name: str, grad: str, place: Place) -> GradientCheck:
    """The check of the function of this name, with a gradient of its own if `grad` names one."""
    target = callable_in(module, name, path)
    if grad:
        target = joined(target, callable_in(module, grad, path))
    point = where(module, path, place.start, place.size, place.at, place.seed)
    try:
        return check_gradient(target, point, seed=place.seed)
    except ThalwegError:
        raise
    except (Exception, SystemExit) as error:
        raise SpecError(f"{path}:{name} failed: {told(error, path)}") from None


def joined(loss: Callable[..., Any], grad: Callable[..., Any]) -> Callable[[Any], tuple[Any, Any]]:
    """Two functions as one that returns (loss, gradient)."""
    return lambda params: (loss(params), grad(params))


def where(module: ModuleType, path: Path, start: tuple[float, ...], size: int, at: str, seed: int) -> Any:
    """The parameters to check at: numbers, a random vector, or what the user's file says."""
    if sum((bool(start), bool(size), bool(at))) > 1:
        raise SpecError("--start, --size and --at each say where to check; give one of them")
    if start:
        return np.array(start)
    if size > 0:
        return stream(seed, Purpose.PROBE).normal(size=size)
    for name in (at,) if at else ("start", "params"):
        if hasattr(module, name):
            found = getattr(module, name)
            return found() if callable(found) else found
    if at:
        raise unknown(f"name in {path.name}", at, [k for k in vars(module) if not k.startswith("_")])
    raise SpecError(f"where shall the gradient be checked? Say --start, --size or --at, as in {EXAMPLE}")


def tell(found: GradientCheck) -> None:
    """A line for each tensor, then the verdict."""
    if found.tensors:
        say(f"{'tensor':<16} {'entries':>8} {'error':>10} {'worst entry':>12} {'tolerated':>10}  verdict")
    for tensor in found.tensors:
        entry = f"{tensor.entry_error:.2g}" if np.isfinite(tensor.entry_error) else "–"
        numbers = f"{tensor.size:>8} {tensor.error:>10.2g} {entry:>12} {tensor.tolerance:>10.2g}"
        say(f"{tensor.name or 'w':<16} {numbers}  {tensor.verdict}")
    say(found.sentence[:1].upper() + found.sentence[1:])
