"""Lines of text with a style each: colours on a terminal, plain text elsewhere, and signs that its encoding has."""

import os
import shutil
import sys
import textwrap
from collections.abc import Iterable, Iterator
from typing import NamedTuple
from unicodedata import combining, east_asian_width

WIDEST = 110  # of running text
BARS, PLAIN_BARS = "▁▂▃▄▅▆▇█", "_.-~=+*#"
PLAIN_SIGNS = str.maketrans({
    "±": "+-", "–": "-", "−": "-", "…": "..", "·": "*", "✗": "x", "×": "x", "²": "^2", "√": "sqrt ", "κ": "kappa",
    "ε": "eps", "η": "eta", "σ": "sigma", "‖": "|", "≥": ">=", "≤": "<=", "Σ": "sum", "½": "1/2", "\u00a0": " ",
    **dict(zip(BARS, PLAIN_BARS, strict=True)),
})  # fmt: skip


# What stands in a table may hold escape sequences; a terminal must not act on them.
CONTROLS = dict.fromkeys([*range(32), *range(127, 160)], "\ufffd")


class Line(NamedTuple):
    """A line and how it looks on a terminal: a style of rich, or ""."""

    text: str
    style: str = ""


def wrapped(text: str, room: int, *, first: str = "", rest: str = "", style: str = "") -> Iterator[Line]:
    """A paragraph in lines that fit."""
    room = min(room, WIDEST)
    made = textwrap.wrap(text, room, initial_indent=first, subsequent_indent=rest, break_on_hyphens=False)
    yield from (Line(line, style) for line in made)


def breadth(text: str) -> int:
    """Columns that it takes on a terminal: letters of East Asia take two, accents of their own none."""
    if text.isascii():
        return len(text)
    return sum(0 if combining(c) else 2 if east_asian_width(c) in "WF" else 1 for c in text)


def padded(text: str, room: int, *, right: bool) -> str:
    """Filled with blanks on one side."""
    blanks = " " * (room - breadth(text))
    return blanks + text if right else text + blanks


def width() -> int:
    """Columns of the terminal, 80 where there is none; COLUMNS in the environment overrules both."""
    return max(40, shutil.get_terminal_size((80, 24)).columns)


def put_lines(lines: Iterable[Line]) -> None:
    """On stdout: with rich on a terminal, which knows NO_COLOR; else as plain text."""
    sign = str if speaks_unicode() else plain
    lines = [Line(sign(line.text.translate(CONTROLS)), line.style) for line in lines]
    if not sys.stdout.isatty() or os.environ.get("TERM") in ("dumb", "unknown"):
        for line in lines:
            print(bars_as_text(line.text).rstrip())
        return
    from rich.console import Console
    from rich.text import Text

    console = Console(highlight=False, soft_wrap=True)
    for line in lines:
        console.print(Text(line.text, style=line.style))


def speaks_unicode() -> bool:
    """Whether the encoding of stdout has the signs that are used."""
    try:
        "▁█±–²κ✗·".encode(sys.stdout.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def plain(text: str) -> str:
    """The same in ASCII, but for what the table itself holds."""
    return text.translate(PLAIN_SIGNS)


def bars_as_text(text: str) -> str:
    """Bars as signs that any font and pager shows."""
    return text.translate(str.maketrans(BARS, PLAIN_BARS))
