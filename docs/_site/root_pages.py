"""The documents of the checkout's root as pages of the site, with their links led to the site's pages."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
LINKS = (
    (r"\]\(docs/decisions/\)", "](decisions/README.md)"),
    (r"\]\(docs/", "]("),
    (r"\]\(CHANGELOG\.md", "](changelog.md"),
    (r"\]\(CONTRIBUTING\.md", "](contributing.md"),
)


def page(name: str) -> str:
    """The text of a document of the root."""
    text = (ROOT / name).read_text(encoding="utf-8")
    for before, after in LINKS:
        text = re.sub(before, after, text)
    return text


PARTS = {"contributing": lambda: page("CONTRIBUTING.md"), "changelog": lambda: page("CHANGELOG.md")}
