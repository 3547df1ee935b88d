"""Checking a user's own optimizer, and telling what was found."""

import inspect
from pathlib import Path
from types import ModuleType
from typing import Any

from thalweg.errors import SpecError, ThalwegError
from thalweg.evidence.own_optimizer.check import OptimizerCheck, check_optimizer, ended, takes_a_step
from thalweg.interfaces.cli.check.loading import callable_in, told
from thalweg.interfaces.cli.say import say


def is_optimizer(module: ModuleType, path: Path, name: str) -> bool:
    """A class, or a function whose parameters are those of an update: weights and gradients."""
    thing: Any = callable_in(module, name, path)
    return inspect.isclass(thing) or takes_a_step(thing)


def optimizer_checked(module: ModuleType, path: Path, name: str, rule: str) -> OptimizerCheck:
    """The check of the class or function of this name."""
    thing = callable_in(module, name, path)
    try:
        return check_optimizer(thing, rule or None)
    except ThalwegError:
        raise
    except (Exception, SystemExit) as error:
        raise SpecError(f"{path}:{name} failed: {told(error, path)}") from None


def tell(found: OptimizerCheck, path: Path) -> None:
    """How it was read, then every mistake with its line, then the verdict."""
    if found.understood:
        say(f"Read as {found.understood}.")
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    for number, one in enumerate(found.findings, 1):
        say(f"{number}. {ended(one.sentence)}")
        if one.line and one.line <= len(lines):
            say(f"   {path.name}:{one.line}: {lines[one.line - 1].strip()}")
    for remark in found.remarks:
        say(f"Note: {remark}.")
    if found.passed:
        say(found.sentence[:1].upper() + found.sentence[1:])
