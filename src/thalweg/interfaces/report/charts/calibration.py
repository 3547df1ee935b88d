"""The reliability diagram: what was predicted against what came true, and how often each was predicted."""

import numpy as np
from numpy.typing import ArrayLike

from thalweg.formulas.arrays import Array
from thalweg.interfaces.report.charts.drawable import column, rows_that_fit
from thalweg.interfaces.report.charts.figure import Figure, Numbers, figure, nothing_to_draw, sentences
from thalweg.interfaces.report.charts.marks import columns_path, dot, line, line_path
from thalweg.interfaces.report.charts.markup import Safe, join, tag
from thalweg.interfaces.report.charts.plot import Plot, hang, stretched
from thalweg.interfaces.report.charts.scale import Scale
from thalweg.interfaces.report.charts.wording import short

_UNIT = Scale(0.0, 1.0)


def calibration(
    title: str,
    predicted: ArrayLike,
    observed: ArrayLike,
    count: ArrayLike,
    *,
    note: str = "",
) -> Figure:
    """Mean predicted probability, observed share and number of rows of each bin, all (N,); empty bins are left out.

    On the diagonal, what is predicted with 70% comes true in 70% of the rows.
    """
    columns = [column(predicted), column(observed), column(count)]
    rows = rows_that_fit(columns)
    p, o, n = (c[:rows] for c in columns)
    kept = np.isfinite(p) & np.isfinite(o) & (n > 0)
    p, o, n = p[kept], o[kept], n[kept]
    if not n.size:
        return nothing_to_draw("calibration", title, note)
    drawing = join(_diagram(title, p, o, n), _strip(title, p, n))
    table = Numbers(
        ["mean predicted", "observed", "rows"],
        [[float(a), float(b), int(c)] for a, b, c in zip(p, o, n, strict=True)],
    )
    return figure("calibration square", title, drawing, note=sentences(note, _key()), numbers=table)


def _key() -> str:
    return "Dots on the diagonal are honest; below it the model promises too much. Larger dots hold more rows."


def _diagram(title: str, p: Array, o: Array, n: Array) -> Safe:
    diagonal = tag("line", x1="0", y1="100%", x2="100%", y2="0", class_="diagonal")
    dots = [
        hang(
            float(a),
            float(b),
            dot(_radius(c, n.max()), 0, f"predicted {short(a, 3)}, observed {short(b, 3)}, {int(c)} rows"),
        )
        for a, b, c in zip(np.clip(p, 0, 1), np.clip(o, 0, 1), n, strict=True)
    ]
    plot = Plot(_UNIT, _UNIT, "mean predicted probability", "observed share", shape=1.0, left=44)
    path = line(line_path(np.clip(p, 0, 1), np.clip(o, 0, 1)), 0)
    said = f"{title}: observed share over predicted probability in {len(n)} bins"
    return plot.draw(diagonal, stretched(path), *dots, description=said)


def _radius(count: float, most: float) -> float:
    """The area of a dot follows the number of rows in it."""
    return float(3 + 7 * np.sqrt(count / most))


def _strip(title: str, p: Array, n: Array) -> Safe:
    """How many rows were predicted where."""
    half = 0.35 * float(np.min(np.diff(np.unique(p)), initial=0.1))
    heights = Scale(0.0, float(n.max()) * 1.1)
    left, right = np.clip(p - half, 0, 1), np.clip(p + half, 0, 1)
    columns = line(columns_path(left, right, heights.unit(n)), 0, kind="columns")
    plot = Plot(_UNIT, heights, "", "rows in the bin", height=56, left=44)
    return plot.draw(stretched(columns), description=f"{title}: rows per bin, {int(n.max())} at most")
