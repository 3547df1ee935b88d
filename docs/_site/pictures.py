"""Pictures that thalweg draws while the site is built.

A fenced block `{picture}` is Python whose last line is a figure of thalweg's own charts. It runs with `tw`, `np`,
`charts` and `paths` at hand; a picture that cannot be made stops the build. The code is kept under the picture.
"""

import ast
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import numpy as np
from docutils import nodes
from sphinx.util.docutils import SphinxDirective

import thalweg as tw
from thalweg.interfaces import report
from thalweg.interfaces.report import charts, descent_page

ASSETS = Path(report.__file__).parent
SECTION = re.compile(r"^/\* ---- figures -+ \*/\n(.*?)^/\* ---- ", re.DOTALL | re.MULTILINE)
COLOURS = re.compile(r"^:root \{\n(.*?)^\}", re.DOTALL | re.MULTILINE)
WAKE = """addEventListener("DOMContentLoaded", () => {
  const { all, lineChart, walkPlayer, switches } = charts;
  all("figure.lines").filter((figure) => figure.querySelector("script")).forEach(lineChart);
  all("figure.contours, figure.curve").filter((figure) => figure.querySelector(".player")).forEach(walkPlayer);
  all("figure.sweep").forEach(switches);
});
"""


def paths(surface: str, settings: Mapping[str, Mapping[str, Any]], *, steps: int = 60) -> charts.Figure:
    """{name: changes of a Spec}: the ways they take down a surface."""
    base = tw.Spec(problem=tw.OnSurface(surface=surface)).but(steps=steps)
    runs = {name: tw.train(base.but(**changes)) for name, changes in settings.items()}
    (figure,) = descent_page.picture(tw.SURFACES[surface], runs)
    return cast(charts.Figure, figure)


def drawn(source: str) -> str:
    """Run a picture's code; its last line is the figure."""
    *before, last = ast.parse(source).body
    if not isinstance(last, ast.Expr):
        raise ValueError(f"the last line of a picture is {ast.unparse(last)!r}; expected an expression, its figure")
    space = {"tw": tw, "np": np, "charts": charts, "paths": paths}
    exec(compile(ast.Module(before, []), "picture", "exec"), space)  # noqa: S102 - our own documents
    return str(eval(compile(ast.Expression(last.value), "picture", "eval"), space))  # noqa: S307


class Picture(SphinxDirective):
    """The directive."""

    has_content = True

    def run(self) -> list[nodes.Node]:
        source = "\n".join(self.content)
        code = nodes.literal_block(source, source, language="python")
        return [
            nodes.raw("", f'<div class="picture">{drawn(source)}', format="html"),
            nodes.raw("", '<details class="made"><summary>how it was made</summary>', format="html"),
            code,
            nodes.raw("", "</details></div>", format="html"),
        ]


def style() -> str:
    """The report's style of figures, inside `.picture` only."""
    whole = (ASSETS / "report.css").read_text(encoding="utf-8")
    colours, figures = COLOURS.search(whole), SECTION.search(whole)
    if not colours or not figures:
        raise ValueError("report.css has no colours or no section of figures; mend COLOURS or SECTION in pictures.py")
    return f".picture {{\n{colours[1]}\n{figures[1]}}}\n"


def script() -> str:
    """The report's script of figures, woken when the page is there."""
    return (ASSETS / "charts" / "charts.js").read_text(encoding="utf-8") + WAKE


def connect(app: Any) -> None:
    """Directive, style and script."""
    app.add_directive("picture", Picture)
    app.connect("builder-inited", write_assets)
    app.add_css_file("charts.css")
    app.add_js_file("charts.js")


def write_assets(app: Any) -> None:
    """Style and script into a folder of the build that is copied like docs/_static."""
    folder = Path(app.doctreedir) / "charts"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "charts.css").write_text(style(), encoding="utf-8")
    (folder / "charts.js").write_text(script(), encoding="utf-8")
    app.config.html_static_path = [*app.config.html_static_path, str(folder)]
