"""A user's Python file: found, run, and asked for one of its functions or classes."""

import importlib.util
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

from thalweg.errors import SpecError
from thalweg.formulas.registry import unknown

EXAMPLE = "thalweg check mine.py:loss_and_grad --start 0.5 -1.2 2"


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
