"""The page of a report: sections of blocks in one HTML file that needs nothing from outside.

A content security policy forbids every request and every script but the page's own, so even a mistake in
escaping could neither load nor run anything.
"""

import base64
import hashlib
import re
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from thalweg.interfaces.report import blocks
from thalweg.interfaces.report.blocks import Block

if TYPE_CHECKING:
    from jinja2 import Template

_HERE = Path(__file__).parent


class Section(NamedTuple):
    """A heading, the name its links use, and its blocks. A plain tuple of the three serves as well."""

    title: str
    anchor: str
    blocks: Sequence[Block]


def render_page(
    title: str,
    subtitle: str,
    sections: Iterable[Section | tuple[str, str, Sequence[Block]]],
    *,
    command: str,
    generated: str,
) -> str:
    """The page as a string. `command` reproduces it; `generated` says when and by which version it was made."""
    script = _asset("charts/charts.js") + _asset("report.js")
    return _template().render(
        title=title,
        subtitle=subtitle,
        sections=_with_anchors(Section(*section) for section in sections),
        command=blocks.Code(command),
        generated=generated,
        style=_asset("report.css"),
        script=script,
        script_hash=_fingerprint(script),
    )


@cache
def _asset(name: str) -> str:
    return (_HERE / name).read_text(encoding="utf-8")


def _fingerprint(script: str) -> str:
    """The script's hash as a content security policy names it."""
    return "sha256-" + base64.b64encode(hashlib.sha256(script.encode()).digest()).decode("ascii")


@cache
def _template() -> "Template":
    from jinja2 import Environment, FileSystemLoader, StrictUndefined
    from markupsafe import Markup

    environment = Environment(
        loader=FileSystemLoader(_HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["kind"] = blocks.kind
    environment.filters["shown"] = blocks.shown
    environment.filters["prose"] = lambda words: Markup(blocks.prose(words))  # noqa: S704 - escaped by markup.text
    return environment.get_template("page.html.j2")


def _with_anchors(sections: Iterable[Section]) -> list[Section]:
    """Sections whose anchors are plain words, each used once."""
    found: list[Section] = []
    used: set[str] = set()
    for number, section in enumerate(sections, start=1):
        plain = re.sub(r"[^a-z0-9]+", "-", section.anchor.lower()).strip("-") or f"section-{number}"
        anchor = plain if plain not in used else f"{plain}-{number}"
        used.add(anchor)
        found.append(section._replace(anchor=anchor))
    return found
