"""The command line. Commands are imported when they are called, so that --help needs neither NumPy nor data.

Exit codes: 0 fine, 1 the final run diverged or a check failed, 2 wrong use, 130 interrupted.
"""

import os
import re
import sys
from collections.abc import Sequence
from contextvars import ContextVar
from typing import Any

from thalweg.errors import ThalwegError

COMMANDS = {
    "report": "From a table to a training report: sweep, ablate, compare, train, test. The main job.",
    "train": "Train one setting, from flags or a spec.toml; --resume goes on where a run stopped.",
    "sweep": "Sweep the learning rate of some rules and say which rate to take, and why.",
    "descend": "Walk a rule down a surface with known minima, and draw the path.",
    "check": "Check the gradient of a function of your own: FILE.py:FUNCTION.",
}
EPILOGUE = (
    "Start with: thalweg report        (bundled data, about half a minute)\n\n"
    "Then: thalweg report DATA.csv --target COLUMN"
)
THREADS = ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS")
FINE, FAILED, WRONG_USE, INTERRUPTED = 0, 1, 2, 130
ASKED: ContextVar[tuple[str, ...]] = ContextVar("ASKED", default=())  # the arguments of the command at work


def main(arguments: Sequence[str] | None = None) -> None:
    """The `thalweg` command."""
    sys.exit(run(sys.argv[1:] if arguments is None else arguments))


def run(arguments: Sequence[str]) -> int:
    """Parse, do, and return the exit code."""
    for variable in THREADS:  # one thread per run: a product summed by two differs in its last bits
        os.environ.setdefault(variable, "1")
    asked = ASKED.set(tuple(arguments))
    try:
        return _done(arguments)
    except ThalwegError as error:
        return complain(str(error))
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FINE
    except KeyboardInterrupt:
        print("\ninterrupted", file=sys.stderr)
        return INTERRUPTED
    finally:
        ASKED.reset(asked)


def _done(arguments: Sequence[str]) -> int:
    from cyclopts import CycloptsError

    try:
        app = application(*arguments[:1])
        return int(app(list(arguments), exit_on_error=False, print_error=False) or FINE)
    except CycloptsError as error:
        return complain(plain(error))


def application(called: str = "") -> Any:
    """The parser: a name, a line of help, and a place to import from, for every command.

    The command that is called is imported anyway: its help is its docstring, which shows an example.
    """
    from cyclopts import App, Parameter

    from thalweg import __version__

    app = App(
        name="thalweg",
        help="A gradient-descent workbench: trains from scratch, watches every run, and shows why.",
        help_epilogue="" if called in COMMANDS else EPILOGUE,
        version=__version__,
        default_parameter=Parameter(negative_iterable=(), show_default=_default),
        result_action="return_value",
        suppress_keyboard_interrupt=False,
    )
    for name, line in COMMANDS.items():
        app.command(f"thalweg.interfaces.cli.{name}:{name}", help=None if name == called else line)
    return app


def _default(value: Any) -> str | None:
    """A default as one would type it; none where nothing is the default."""
    if value in (None, "", (), False):
        return None
    values = value if isinstance(value, tuple) else (value,)
    return " ".join(f"{item:g}" if isinstance(item, float) else str(item) for item in values)


def complain(message: str) -> int:
    """One sentence on stderr."""
    print(f"thalweg: {message}", file=sys.stderr)
    return WRONG_USE


def plain(error: Exception) -> str:
    """The parser's message in one line."""
    text = " ".join(str(error).split())
    text = re.sub(r"^Unused Tokens: \[(.*)\]\.$", r"These words mean nothing here: \1.", text)
    return f"{text} See thalweg --help." if text else "wrong use; see thalweg --help"
