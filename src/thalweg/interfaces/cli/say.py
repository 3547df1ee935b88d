"""Talking to people on stderr, and to programs on stdout."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from thalweg.interfaces.cli import ASKED


def say(text: str = "") -> None:
    """A line for people, on stderr so that stdout stays for --json."""
    print(text, file=sys.stderr, flush=True)


def put_json(data: Any) -> None:
    """One JSON document on stdout."""
    from thalweg.descent.folder import as_json

    print(as_json(data).decode(), end="")


@contextmanager
def progress(total: int) -> Iterator[Any]:
    """A function (name, number) that shows which part is at work: a bar on a terminal, else a line each."""
    if not sys.stderr.isatty():
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
