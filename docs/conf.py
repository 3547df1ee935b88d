"""How `make docs` builds this folder into a site: Sphinx, MyST and Furo, nothing from the network."""

import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

from thalweg import __version__  # noqa: E402 - after the path, as the extension is

project = "thalweg"
author = "the thalweg contributors"
release = version = __version__
extensions = ["myst_parser", "_site"]
exclude_patterns = ["_build", "_site", "_static"]
templates_path: list[str] = []
nitpicky = True
suppress_warnings: list[str] = []

myst_enable_extensions = ["colon_fence", "attrs_block"]
myst_heading_anchors = 3  # headings can be linked to as in any Markdown viewer

smartquotes = False  # --drop is a flag, "auto" is text

html_theme = "furo"
html_title = "thalweg"
html_favicon = html_logo = "_static/mark.svg"
html_static_path = ["_static"]
html_css_files = ["thalweg.css"]
html_copy_source = False
html_show_copyright = False
html_show_search_summary = False  # it would be fetched, which a browser refuses for pages on disk
html_theme_options = {
    "light_css_variables": {"color-brand-primary": "#0b5fae", "color-brand-content": "#0b5fae"},
    "dark_css_variables": {"color-brand-primary": "#7db8ff", "color-brand-content": "#7db8ff"},
}
pygments_style = "friendly"
pygments_dark_style = "native"
