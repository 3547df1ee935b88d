"""The command line. Commands are imported when they are called, so that --help needs neither NumPy nor data.

Exit codes: 0 fine, 1 the final run diverged or a check failed, 2 wrong use, 130 interrupted.
"""

import os
import sys
from collections.abc import Callable, Sequence
from contextvars import ContextVar
from typing import Any

from thalweg.errors import ThalwegError

COMMANDS = {
    "report": "From a table to a training report: sweep, ablate, compare, train, test. The main job.",
    "data": "What is in a table: types, gaps, outliers, leaks, and what thalweg would do with it.",
    "predict": "Predict new rows with a trained model, from its folder alone.",
    "train": "Train one setting, from flags or a spec.toml; --resume goes on where a run stopped.",
    "sweep": "Sweep the learning rate of some rules and say which rate to take, and why.",
    "descend": "Walk a rule down a surface with known minima, and draw the path.",
    "check": "Check a gradient or an optimizer of your own: FILE.py:FUNCTION or FILE.py:CLASS.",
    "runs": "List the runs in a folder; compare some of them; what happened on step 37; the tuning log.",
    "sql": "Ask all run folders with SQL: one row a run, an evaluation, or a step.",
    "show": "Show a run, or what a rule, loss, schedule, … is: its formula, source and settings.",
    "spec": "Print a commented spec.toml for these flags: every field, its meaning and range.",
    "completion": "Print the script that makes a shell complete thalweg's words, or install it.",
}
EPILOGUE = (
    "Start with: thalweg report        (bundled data, about half a minute)\n\n"
    "Then: thalweg report DATA.csv --target COLUMN\n\n"
    "Every command takes --json (its result on stdout for programs), -q or --quiet (errors only) and --verbose. "
    "What you always say can stand in thalweg.toml or in variables such as THALWEG_LR=0.1; --show-config tells "
    "which value is from where. --install-completion teaches your shell these words."
)
THREADS = ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS")
FINE, FAILED, WRONG_USE, INTERRUPTED = 0, 1, 2, 130
QUIET, PLAIN, VERBOSE = 0, 1, 2
LOUDNESS = {"-q": QUIET, "--quiet": QUIET, "--verbose": VERBOSE}
ASKED: ContextVar[tuple[str, ...]] = ContextVar("ASKED", default=())  # the arguments of the command at work
LOUD: ContextVar[int] = ContextVar("LOUD", default=PLAIN)  # how much it tells people


class Answered(Exception):
    """A question was asked instead of work; `show` prints the answer, as JSON or for people."""

    def __init__(self, show: Callable[[bool], None]):
        super().__init__("answered")
        self.show = show


def main(arguments: Sequence[str] | None = None) -> None:
    """The `thalweg` command."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # formulas on a terminal that knows ASCII only
    sys.exit(run(sys.argv[1:] if arguments is None else arguments))


def run(arguments: Sequence[str]) -> int:
    """Parse, do, and return the exit code."""
    for variable in THREADS:  # one thread per run: a product summed by two differs in its last bits
        os.environ.setdefault(variable, "1")
    words, loud = said_plainly(arguments)
    asked, before = ASKED.set(words), LOUD.set(loud)
    try:
        return _done(words)
    except Answered as answer:
        answer.show("--json" in words)
        return FINE
    except ThalwegError as error:
        return complain(str(error))
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FINE
    except (OSError, MemoryError) as error:
        return complain(trouble(error))
    except KeyboardInterrupt:
        print("\ninterrupted", file=sys.stderr)
        return INTERRUPTED
    finally:
        ASKED.reset(asked)
        LOUD.reset(before)


def said_plainly(arguments: Sequence[str]) -> tuple[tuple[str, ...], int]:
    """The arguments as the parser knows them, and how much to tell; `help X` is `X --help`."""
    words, loud, ended = [], PLAIN, False
    for word in arguments:
        ended = ended or word == "--"
        if word in LOUDNESS and not ended:
            loud = LOUDNESS[word]
        else:
            words.append(word)
    if words[:1] == ["help"]:
        words = [*words[1:], "--help"]
    if words[:1] == ["--install-completion"]:
        words = ["completion", *words[1:], "--install"]
    return tuple(words), loud


def _done(words: Sequence[str]) -> int:
    from cyclopts import CycloptsError

    app = application(*words[:1])
    try:
        code = int(app(list(words), exit_on_error=False, print_error=False) or FINE)
        sys.stdout.flush()  # here, where a reader that went away is no error
        return code
    except CycloptsError as error:
        from thalweg.interfaces.cli.wrong_words import sentence

        return complain(sentence(error, words))


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
        config=_options_said_before,
        default_parameter=Parameter(negative_iterable=(), show_default=_default),
        result_action="return_value",
        suppress_keyboard_interrupt=False,
    )
    for name, line in COMMANDS.items():
        app.command(f"thalweg.interfaces.cli.{name}:{name}", help=None if name == called else line)
    return app


def _options_said_before(app: Any, commands: tuple[str, ...], arguments: Any) -> None:
    """What the environment and thalweg.toml say of the options that were not given; then all values are looked at."""
    from thalweg.interfaces.cli.ambient import options
    from thalweg.interfaces.cli.wrong_words import require_values

    options(app, commands, arguments)
    require_values(arguments)


def _default(value: Any) -> str | None:
    """A default as one would type it; none where nothing is the default."""
    if value in (None, "", (), False):
        return None
    values = value if isinstance(value, tuple) else (value,)
    return " ".join(f"{item:g}" if isinstance(item, float) else str(item) for item in values)


def trouble(error: OSError | MemoryError) -> str:
    """What the system refused, where no part of thalweg knew better."""
    if isinstance(error, MemoryError):
        return f"not enough memory ({error or 'none is left'}); take fewer rows, or a smaller model"
    return f"{error.filename or 'the system'}: {error.strerror or error}"


def complain(message: str) -> int:
    """One sentence on stderr."""
    print(f"thalweg: {' '.join(message.split())}", file=sys.stderr)
    return WRONG_USE
