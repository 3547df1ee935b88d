"""Do what a document says, as its reader would: from the top, in one folder, Python and commands alike.

A `python` block is run; if its first line is `# NAME.py`, it is also saved under that name. A `toml` block whose
first line is `# NAME.toml` is saved. The lines of an `sh` block are run if they begin with `thalweg`; one that is
meant to fail says so behind it: `# exit code 1`. A `text` block right under either shows what was printed; a line
`…` in it stands for lines left out.

    python docs/running.py FILE.md …        runs documents and writes what they printed into their text blocks
"""

import contextlib
import io
import os
import re
import shlex
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

BLOCK = re.compile(r"^```(python|sh|toml)\n(.*?)^```\n(?:\n```text\n(?P<shown>.*?)^```\n)?", re.DOTALL | re.MULTILINE)
NAMED = re.compile(r"# (\S+\.(?:py|toml))\n")
EXIT = re.compile(r"\s+# exit code (\d+)$")
LEFT_OUT = "…\n"
NUMBER = re.compile(r"[-+]?\d[\d,]*(?:\.\d+)?(?:e[-+]?\d+)?")
TIME = re.compile(
    r"\d{4}-\d\d-\d\d[ T][\d:]+|\d+:\d\d(?::\d\d)?"  # a date, a time of day
    r"|\d[\d,.]* (?:ms|s|seconds|minutes)\b|\bseconds(?: +[\d.]+)+"  # a duration
)
WIDTH = "84"  # columns of the terminal that documents speak of: what the site shows without wrapping
CLOSE = 0.01  # relative: another processor may round otherwise, and training magnifies it


@dataclass(frozen=True)
class Block:
    """A block of a document: what to do, what is shown of it (None if nothing), and where that stands."""

    language: str
    body: str
    shown: str | None
    place: tuple[int, int]


def blocks_of(text: str) -> list[Block]:
    """All that can be done, in order."""
    return [Block(m[1], m[2], m["shown"], m.span("shown")) for m in BLOCK.finditer(text)]


def commands_of(block: Block) -> Iterator[tuple[list[str], int]]:
    """The `thalweg` lines of an sh block: arguments and the exit code that is due."""
    for line in block.body.replace("\\\n", " ").splitlines():
        if line.startswith("thalweg "):
            code = EXIT.search(line)
            yield shlex.split(EXIT.sub("", line))[1:], int(code[1]) if code else 0


def done(block: Block, namespace: dict[str, Any]) -> str:
    """Run one block in the current folder and return what it printed. Raises where a command ends otherwise."""
    said = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True)  # as a terminal of today
    named = NAMED.match(block.body)
    if named:
        Path(named[1]).write_text(block.body, encoding="utf-8")
    if block.language == "python":
        with contextlib.redirect_stdout(said):
            exec(compile(block.body, named[1] if named else "document", "exec"), namespace)  # noqa: S102 - our own text
    elif block.language == "sh":
        from thalweg.interfaces.cli import run

        for arguments, due in commands_of(block):
            with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
                code = run(arguments)
            if code != due:
                command = shlex.join(["thalweg", *arguments])
                raise AssertionError(f"{command} ended with {code}, not {due}:\n{_text(said)}")
    return _text(said)


def _text(said: io.TextIOWrapper) -> str:
    said.seek(0)
    return said.read()


def agree(shown: str, printed: str) -> bool:
    """Is this what was printed, apart from lines left out, times, and the last digits of numbers?"""
    pieces = [piece.splitlines() for piece in re.split(rf"^{LEFT_OUT}", shown, flags=re.MULTILINE)]
    lines = printed.splitlines()
    if len(pieces) == 1:
        return _same(pieces[0], lines)
    first, *middle, last = pieces
    return (
        _same(first, lines[: len(first)])
        and _same(last, lines[len(lines) - len(last) :])
        and all(any(_same(m, lines[i : i + len(m)]) for i in range(len(lines))) for m in middle)
    )


def _same(shown: list[str], printed: list[str]) -> bool:
    """Line by line: the words alike, the numbers within a hundredth of one another."""
    a, b = (TIME.sub("TIME", "\n".join(lines)) for lines in (shown, printed))
    words = [re.sub(r"\s+", " ", NUMBER.sub("#", text)) for text in (a, b)]
    if words[0] != words[1] or len(shown) != len(printed):
        return False
    one, other = ([float(found.replace(",", "")) for found in NUMBER.findall(text)] for text in (a, b))
    return np.allclose(one, other, rtol=CLOSE, atol=1e-9)


def excerpt(shown: str, printed: str) -> str:
    """What was printed, with lines left out where the document left them out."""
    if LEFT_OUT not in shown:
        return printed
    first, *_, last = (piece.count("\n") for piece in re.split(rf"^{LEFT_OUT}", shown, flags=re.MULTILINE))
    lines = printed.splitlines(keepends=True)
    return "".join([*lines[:first], LEFT_OUT, *lines[len(lines) - last :]])


def lay_out(folder: Path) -> None:
    """The table of a reader's own that documents speak of: houses.csv."""
    rng = np.random.default_rng(1)
    rows = ["street,area,rooms,age,distance,price"]
    for i in range(400):
        area, age, distance = rng.uniform(40, 220), rng.integers(0, 90), rng.gamma(2, 4)
        rooms = int(np.clip(np.rint(area / 28 + rng.normal(0, 0.8)), 1, 8))
        price = 20 + 1.9 * area + 9 * rooms - 0.5 * age - 3 * distance + rng.normal(0, 18)
        shown = "" if i in (7, 60) else rooms
        rows.append(f"{('oak', 'elm', 'ash')[i % 3]},{area:.0f},{shown},{age},{distance:.1f},{price:.1f}")
    (folder / "houses.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")


def pasted(text: str) -> str:
    """The document with what it prints now, run in a folder of its own."""
    namespace: dict[str, Any] = {}
    parts, end = [], 0
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        lay_out(Path(folder))
        for block in blocks_of(text):
            printed = done(block, namespace)
            if block.shown is not None:
                parts += [text[end : block.place[0]], excerpt(block.shown, printed)]
                end = block.place[1]
    return "".join([*parts, text[end:]])


if __name__ == "__main__":
    os.environ["COLUMNS"] = WIDTH
    for name in sys.argv[1:]:
        path = Path(name).resolve()
        before = path.read_text(encoding="utf-8")
        after = pasted(before)
        print(f"{name}: {'as it was' if before == after else 'changed'}")
        path.write_text(after, encoding="utf-8")
