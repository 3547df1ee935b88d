"""A function of one variable with the steps of descent on it."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import ArrayLike

from thalweg.interfaces.report.charts import walks as walked
from thalweg.interfaces.report.charts.drawable import column, finite, rows_that_fit
from thalweg.interfaces.report.charts.figure import Figure, nothing_to_draw
from thalweg.interfaces.report.charts.marks import line_path
from thalweg.interfaces.report.charts.markup import tag
from thalweg.interfaces.report.charts.plot import Plot
from thalweg.interfaces.report.charts.scale import fit
from thalweg.interfaces.report.charts.thinning import thinned_line
from thalweg.interfaces.report.charts.walks import Walk


def curve(
    title: str,
    x: ArrayLike,
    y: ArrayLike,
    walks: Iterable[Walk] = (),
    *,
    x_name: str = "x",
    y_name: str = "f(x)",
    note: str = "",
) -> Figure:
    """The function y (N,) over x (N,); walks whose y is the function at their x show the steps on it."""
    a, b = column(x), column(y)
    count = rows_that_fit([a, b])
    known = np.flatnonzero(np.isfinite(a[:count]) & np.isfinite(b[:count]))
    known = known[np.argsort(a[known], kind="stable")]
    a, b = a[known], b[known]
    ways = walked.drawable(walks)
    x_scale, y_scale = fit(a, pad=0.02), fit(finite(b))
    if x_scale is None or y_scale is None:
        return nothing_to_draw("curve", title, note)
    u, v = x_scale.unit(a), y_scale.unit(b)
    kept = thinned_line(u, v)
    ground = [tag("path", d=line_path(u[kept], v[kept]), class_="ground")]
    plot = Plot(x_scale, y_scale, x_name, y_name)
    said = f"{title}: {y_name} over {x_name}, with {len(ways)} ways of descent on it"
    drawing = walked.over(ground, ways, plot, said)
    return walked.walk_figure("curve", title, drawing, ways, plot, note)
