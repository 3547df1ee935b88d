"""What is said before any command: variables THALWEG_NAME, and thalweg.toml here or in the nearest folder above.

Both may set every field of a Spec (see settings.py), the folder of all runs, and the options of commands listed here.
A flag wins over the environment, that over a TOML file, that over a default.
"""

import os
from collections.abc import Iterator
from contextvars import ContextVar
from pathlib import Path
from typing import Any

from thalweg.descent.toml_text import Text, read_text
from thalweg.errors import FolderError, SpecError
from thalweg.formulas.registry import unknown

FILE, PREFIX, RUNS = "thalweg.toml", "THALWEG_", "runs"
OPTIONS = {
    "report": ("rules", "seeds", "budget", "trial_rows", "final_steps"),
    "sweep": ("rules", "rates", "seeds"),
}
WRITERS = ("report", "train", "sweep", "descend")  # their --out is the folder of all runs
ARGUMENTS: ContextVar[Any] = ContextVar("ARGUMENTS", default=())  # of the command at work, for --show-config


def settings_file() -> Text | None:
    """The nearest thalweg.toml, as text that knows its lines; None where there is none."""
    try:
        here = Path.cwd()
    except OSError:  # the folder one works in was removed
        return None
    for folder in (here, *here.parents):
        if (path := folder / FILE).is_file():
            return read_file(path, path.name if folder == here else str(path))
    return None


def read_file(path: Path, name: str) -> Text:
    """A TOML file; whatever is wrong with it, the message names the file."""
    try:
        return read_text(path.read_text(encoding="utf-8"), name)
    except UnicodeDecodeError as error:
        raise SpecError(f"{name}: byte {error.start} is not text in UTF-8; save the file as UTF-8") from None
    except OSError as error:
        raise FolderError(f"{name}: cannot be read ({error.strerror}); is it a file of yours?") from None


def from_home(said: Text, path: str) -> Path:
    """A path in a settings file: relative ones start from the folder that the file is in."""
    above = Path(said.name).parent
    return Path(path).expanduser() if above == Path() else above / Path(path).expanduser()


def runs_root() -> Path:
    """Where run folders are: THALWEG_RUNS, `runs` in thalweg.toml, or ./runs."""
    return _runs()[0]


def _runs() -> tuple[Path, str]:
    if value := os.environ.get(f"{PREFIX}RUNS"):
        return Path(value).expanduser(), f"{PREFIX}RUNS"
    said = settings_file()
    if said is None or RUNS not in said.plain:
        return Path(RUNS), ""
    value = said.plain[RUNS]
    if not isinstance(value, str) or not value:
        raise said.error(f"runs is {value!r}; expected the path of a folder", (RUNS,))
    return from_home(said, value), said.name


def options(_app: Any, commands: tuple[str, ...], arguments: Any) -> None:
    """Fill in the options that were not given as flags, in place; the parser calls this after it read the flags."""
    from cyclopts import Token

    ARGUMENTS.set(arguments)
    command = commands[0] if commands else ""
    for argument in arguments:
        name = argument.name.removeprefix("--").replace("-", "_")
        if argument.tokens:
            continue
        if name == "out" and command in WRITERS:
            folder, source = _runs()
            said = [(source, str(folder))] if source else []
        else:
            said = list(_said(command, name)) if name in OPTIONS.get(command, ()) else []
        for index, (source, value) in enumerate(said):
            argument.append(Token(keyword=source, value=value, source=source, index=index))


def _said(command: str, name: str) -> Iterator[tuple[str, str]]:
    """(where it is said, value) of an option of a command, once for each of its values."""
    variable = PREFIX + name.upper()
    if variable in os.environ:
        for word in os.environ[variable].replace(",", " ").split() or [""]:
            yield variable, word
        return
    said = settings_file()
    table = said.plain.get(command) if said else None
    if said is None or not isinstance(table, dict) or name not in table:
        return
    value = table[name]
    for item in value if isinstance(value, list) else [value]:
        yield f"{said.name} line {said.lines[command, name]}", str(item)


def require_options(said: Text) -> None:
    """The tables of commands in a settings file hold their options and nothing else."""
    for command, known in OPTIONS.items():
        table = said.plain.get(command, {})
        if not isinstance(table, dict):
            raise said.error(f"{command} is {table!r}; expected a section [{command}]", (command,))
        for name in table:
            if name not in known:
                raise said.error(str(unknown(f"option of thalweg {command} here", name, known)), (command, name))
