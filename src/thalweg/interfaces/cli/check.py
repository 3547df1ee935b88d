"""thalweg check: is a user's gradient the gradient of their loss?"""

import importlib.util
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Annotated, Any

import msgspec
import numpy as np
from cyclopts import Parameter

from thalweg.errors import SpecError, ThalwegError
from thalweg.evidence.gradcheck import GradientCheck, check_gradient
from thalweg.formulas.registry import unknown
from thalweg.formulas.streams import Purpose, stream
from thalweg.interfaces.cli import FAILED, FINE
from thalweg.interfaces.cli.flags import Json
from thalweg.interfaces.cli.say import put_json, say

EXAMPLE = "thalweg check mine.py:loss_and_grad --start 0.5 -1.2 2"


def check(
    function: str,
    *,
    start: Annotated[tuple[float, ...], Parameter(consume_multiple=True, allow_leading_hyphen=True)] = (),
    size: int = 0,
    at: str = "",
    grad: str = "",
    seed: int = 0,
    json: Json = False,
) -> int:
    """Check the gradient of a function of your own against central differences.

    Example: thalweg check mine.py:loss_and_grad --start 0.5 -1.2 2

    The function takes parameters (an array, or dictionaries and lists of arrays) and returns (loss, gradient).

    Parameters
    ----------
    function
        FILE.py:FUNCTION.
    start
        The parameters to check at, for a function of one flat vector.
    size
        Or how many parameters there are: a random start is drawn.
    at
        Or the name in FILE.py of the parameters, or of a function that makes them.
    grad
        The name in FILE.py of the gradient's own function, where FUNCTION returns the loss alone.
    seed
        Seed of the random points and directions.
    json
        Print the check as JSON on stdout.
    """
    path, name = located(function)
    module = load(path)
    target = callable_in(module, name, path)
    if grad:
        target = joined(target, callable_in(module, grad, path))
    point = where(module, path, start, size, at, seed)
    try:
        found = check_gradient(target, point, seed=seed)
    except ThalwegError:
        raise
    except (Exception, SystemExit) as error:
        raise SpecError(f"{function} failed: {told(error, path)}") from None
    if json:
        put_json(msgspec.to_builtins(found, enc_hook=str))
    tell(found)
    return FINE if found.passed else FAILED


def located(function: str) -> tuple[Path, str]:
    """FILE.py:FUNCTION in its two parts."""
    file, colon, name = function.rpartition(":")
    if not colon or not name or not file.endswith(".py"):
        raise SpecError(f"{function!r} is not FILE.py:FUNCTION; write it as in {EXAMPLE}")
    path = Path(file).expanduser()
    if not path.is_file():
        raise SpecError(f"no file {file}; give the path of a Python file, as in {EXAMPLE}")
    return path, name


def load(path: Path) -> ModuleType:
    """Run the user's file. Its own mistakes come back as a sentence with the line."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise SpecError(f"{path} cannot be imported; expected a Python file")
    module = importlib.util.module_from_spec(spec)
    sys.path.insert(0, str(path.parent.absolute()))
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        raise SpecError(f"{path} does not run: {told(error, path)}") from None
    finally:
        sys.path.pop(0)
    return module


def told(error: BaseException, path: Path) -> str:
    """The error in a line, with the line of the user's file where it was raised."""
    if isinstance(error, SyntaxError):
        return f"line {error.lineno}: {error.msg}"
    lines = [f.lineno for f in traceback.extract_tb(error.__traceback__) if Path(f.filename).name == path.name]
    place = f"line {lines[-1]}: " if lines else ""
    return f"{place}{type(error).__name__}: {error}"


def callable_in(module: ModuleType, name: str, path: Path) -> Callable[..., Any]:
    """The function of this name in the user's file."""
    found = getattr(module, name, None)
    if not callable(found):
        own = [k for k, v in vars(module).items() if callable(v) and getattr(v, "__module__", "") == module.__name__]
        raise unknown(f"function in {path.name}", name, own or ["none"])
    function: Callable[..., Any] = found
    return function


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
