"""The parts of the site that are made when it is built: references from the code, pictures from runs.

A page asks for a part by a fenced block, `{generated} rules` say, which is replaced by Markdown before the page
is read; so what is generated has headings, links and tables like anything written by hand.
"""

import re
from collections.abc import Callable
from typing import Any

from _site import commands, pictures, python_names, registries, root_pages

ASKED = re.compile(r"^```\{generated\} ([\w-]+)\n```$", re.MULTILINE)
MADE: dict[str, Callable[[], str]] = {**registries.PARTS, **commands.PARTS, **python_names.PARTS, **root_pages.PARTS}


def fill(app: Any, page: str, source: list[str]) -> None:
    """Replace every `{generated}` block of a page by what was asked for."""
    source[0] = filled(source[0])


def filled(text: str) -> str:
    """A page's Markdown with its generated parts in place."""
    return ASKED.sub(lambda asked: MADE[asked[1]](), text)


def setup(app: Any) -> dict[str, bool]:
    """What Sphinx calls."""
    app.connect("source-read", fill)
    pictures.connect(app)
    return {"parallel_read_safe": False, "parallel_write_safe": True}
