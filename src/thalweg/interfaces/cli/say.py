"""Talking to people on stderr, and to programs on stdout."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any

from cyclopts import Parameter

from thalweg.interfaces.cli import ASKED, LOUD, PLAIN

Json = Annotated[bool, Parameter(negative=())]  # the flag that every command has


def say(text: str = "") -> None:
    """A line for people, on stderr so that stdout stays for --json; nothing under --quiet."""
    if LOUD.get() >= PLAIN:
        print(text, file=sys.stderr, flush=True)


def put_json(data: Any) -> None:
    """One JSON document on stdout."""
    from thalweg.descent.folder import as_json

    print(as_json(data).decode(), end="")


def live(stream: Any) -> bool:
    """May a line on this stream be drawn over? Only on a terminal that can move its cursor."""
    return bool(stream.isatty()) and os.environ.get("TERM", "") not in ("dumb", "unknown")


@contextmanager
def progress(total: int) -> Iterator[Any]:
    """A function (name, number) that shows which part is at work: a bar on a terminal, else a line each."""
    if LOUD.get() < PLAIN or not live(sys.stderr):
        yield lambda name, number: say(f"[{number}/{total}] {name}")
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description:<32}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=total)
        yield lambda name, number: bar.update(task, description=name, completed=number - 1)


def command() -> str:
    """The command that is at work, as it can be pasted."""
    return quoted(["thalweg", *ASKED.get()])


def quoted(arguments: list[str]) -> str:
    """A command line that can be pasted."""
    import shlex

    return shlex.join(arguments)
