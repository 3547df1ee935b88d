"""Residuals, target − prediction, against the prediction or a feature: a fair fit leaves no pattern."""

import numpy as np
from numpy.typing import ArrayLike

from thalweg.formulas.arrays import Array
from thalweg.interfaces.report.charts.drawable import column, rows_that_fit
from thalweg.interfaces.report.charts.figure import Figure, Numbers, figure, nothing_to_draw, sentences
from thalweg.interfaces.report.charts.marks import cloud_path, line, line_path
from thalweg.interfaces.report.charts.markup import percent, tag
from thalweg.interfaces.report.charts.plot import Plot, stretched
from thalweg.interfaces.report.charts.scale import fit
from thalweg.interfaces.report.charts.thinning import thinned_cloud
from thalweg.interfaces.report.charts.wording import grouped, short

_MOST = 2000
_PARTS = 10


def residuals(
    title: str,
    against: ArrayLike,
    residual: ArrayLike,
    *,
    x: str = "prediction",
    y: str = "target − prediction",
    note: str = "",
) -> Figure:
    """A dot per row, and the median residual in ten parts of the x axis. against (N,), residual (N,)."""
    a, r = column(against), column(residual)
    count = rows_that_fit([a, r])
    known = np.flatnonzero(np.isfinite(a[:count]) & np.isfinite(r[:count]))
    a, r = a[known], r[known]
    x_scale, y_scale = fit(a), fit(np.append(r, 0.0) if r.size else r)
    if x_scale is None or y_scale is None:
        return nothing_to_draw("residuals", title, note)
    kept = thinned_cloud(r, _MOST)
    middles = _medians(a, r)
    middle = line_path(x_scale.unit(middles[:, 0]), y_scale.unit(middles[:, 1]))
    zero = percent(1 - y_scale.at(0.0))
    drawing = Plot(x_scale, y_scale, x, y).draw(
        stretched(
            line(cloud_path(x_scale.unit(a[kept]), y_scale.unit(r[kept])), 0, kind="cloud"),
            *(line(middle, 1, kind=kind) for kind in ("casing", "line solid")),
        ),
        tag("line", x1="0", x2="100%", y1=zero, y2=zero, class_="zero"),
        description=f"{title}: {y} over {x} of {len(r)} rows, median {short(float(np.median(r)))}",
    )
    table = Numbers([x, f"median {y}", "rows"], [[float(m), float(v), int(n)] for m, v, n in middles])
    said = sentences(note, "The line is the median in ten parts with equally many rows.", _left_out(len(kept), len(r)))
    return figure("residuals", title, drawing, note=said, numbers=table)


def _medians(a: Array, r: Array) -> Array:
    """Median x, median residual and number of rows in parts of equally many rows, as rows (≤10, 3)."""
    order = np.argsort(a, kind="stable")
    parts = [part for part in np.array_split(order, min(_PARTS, max(1, len(a) // 5))) if len(part)]
    return np.array([[np.median(a[part]), np.median(r[part]), len(part)] for part in parts])


def _left_out(drawn: int, all_rows: int) -> str:
    return f"{grouped(drawn, 0)} of {grouped(all_rows, 0)} rows are drawn." if drawn < all_rows else ""
