"""Text of the code as Markdown: docstrings keep their paragraphs, formulas and examples."""

import inspect
import re
from collections.abc import Iterable, Sequence

SPECIAL = re.compile(r"([\\*_\[\]<>|#~$])")
QUOTED = re.compile(r"(`[^`]+`)")


def escaped(text: str) -> str:
    """Plain text as Markdown that shows it; what stands in backticks stays code."""
    parts = QUOTED.split(text)
    return "".join(part if i % 2 else SPECIAL.sub(r"\\\1", part) for i, part in enumerate(parts))


def code(text: str) -> str:
    """A piece of code inside a line, whatever backticks it holds."""
    return f"``{text} ``" if text.endswith("`") else f"`{text}`"


def fenced(text: str, language: str = "text") -> str:
    """A code block. Three backticks in the text would end it, so a longer fence is taken."""
    fence = "`" * max(3, 1 + max((len(run) for run in re.findall("`+", text)), default=0))
    return f"{fence}{language}\n{text.rstrip()}\n{fence}\n"


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table of cells that are Markdown already."""
    lines = [header, ["---"] * len(header), *rows]
    return "".join(f"| {' | '.join(cell.replace(chr(10), ' ') for cell in line)} |\n" for line in lines)


def first_paragraph(text: str | None) -> str:
    """The first paragraph of a docstring in one line, as it stands."""
    return " ".join(inspect.cleandoc(text or "").split("\n\n")[0].split())


def prose(docstring: str | None) -> str:
    """A docstring as Markdown: paragraphs escaped, indented lines as text blocks, doctests as console blocks."""
    text = inspect.cleandoc(docstring or "")
    return "\n".join(_block(lines) for paragraph in re.split(r"\n\s*\n", text) for lines in _runs(paragraph))


def _runs(paragraph: str) -> list[list[str]]:
    """The lines of a paragraph, cut where indentation begins or ends; a doctest stays whole."""
    lines = paragraph.splitlines()
    if lines and lines[0].lstrip().startswith(">>>"):
        return [lines]
    runs: list[list[str]] = []
    for line in lines:
        if runs and line.startswith(" ") == runs[-1][0].startswith(" "):
            runs[-1].append(line)
        else:
            runs.append([line])
    return runs


def _block(lines: list[str]) -> str:
    if lines[0].lstrip().startswith(">>>"):
        return fenced(inspect.cleandoc("\n".join(lines)), "pycon")
    if lines[0].startswith(" "):
        return fenced(inspect.cleandoc("\n" + "\n".join(lines)))
    return escaped("\n".join(lines)) + "\n"
