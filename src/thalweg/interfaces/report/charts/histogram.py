"""How values are spread: a histogram, with events for what should be seen beside it."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import ArrayLike

from thalweg.formulas.arrays import Array
from thalweg.interfaces.report.charts import events as happened
from thalweg.interfaces.report.charts.drawable import column, finite
from thalweg.interfaces.report.charts.events import Event
from thalweg.interfaces.report.charts.figure import Figure, Numbers, figure, nothing_to_draw, sentences
from thalweg.interfaces.report.charts.marks import columns_path, line
from thalweg.interfaces.report.charts.plot import Plot, stretched
from thalweg.interfaces.report.charts.scale import Scale, fit
from thalweg.interfaces.report.charts.thinning import thinned_rows
from thalweg.interfaces.report.charts.wording import grouped, short

_FEWEST, _MOST = 5, 60
_GAP = 0.06  # of a bar, left free between two


def histogram(
    title: str,
    values: ArrayLike,
    *,
    x: str = "value",
    y: str = "rows",
    bins: int | None = None,
    log_x: bool = False,
    marks: Iterable[Event] = (),
    note: str = "",
) -> Figure:
    """Count `values` (N,) in equal bins of the axis; on a log axis the bins are equal in its decades."""
    given = column(values)
    known = finite(given)
    known = known[known > 0] if log_x else known
    scale = fit(known, log=log_x, pad=0.02)
    if scale is None:
        return nothing_to_draw("histogram", title, note)
    u = scale.unit(known)
    edges = np.linspace(u.min(), u.max(), _bins(u, bins) + 1) if np.ptp(u) > 0 else u[0] + np.array([-0.05, 0.05])
    counts, _ = np.histogram(u, edges)
    heights = Scale(0.0, float(counts.max()) * 1.06)
    placed = happened.place(marks, scale)
    gap = _GAP * np.diff(edges) / 2
    bars = line(columns_path(edges[:-1] + gap, edges[1:] - gap, heights.unit(counts)), 0, kind="columns")
    plot = Plot(scale, heights, x + (" (log)" if log_x else ""), y, height=220, rows_above=happened.rows(placed))
    said = f"{title}: {len(known)} values of {x}, median {short(float(np.median(known)))}"
    drawing = plot.draw(stretched(bars), *happened.drawn(placed), description=said)
    return figure(
        "histogram",
        title,
        drawing,
        note=sentences(note, _left_out(len(given) - len(known), log_x)),
        numbers=_numbers(_values(scale, edges), counts, x, y),
    )


def _bins(u: Array, asked: int | None) -> int:
    """As asked, or after Freedman & Diaconis (1981), within 5 … 60."""
    if asked is not None:
        return max(1, min(asked, 10 * _MOST))
    middle_half = float(np.subtract(*np.quantile(u, [0.75, 0.25])))
    size = 2 * middle_half / len(u) ** (1 / 3)
    return int(min(_MOST, max(_FEWEST, np.ptp(u) / size if size > 0 else 0)))


def _values(scale: Scale, u: Array) -> Array:
    """Fractions of the axis back as values."""
    if scale.log:
        low, high = np.log10(scale.lo), np.log10(scale.hi)
        return np.asarray(10.0 ** (low + u * (high - low)))
    return scale.lo + u * (scale.hi - scale.lo)


def _left_out(count: int, log: bool) -> str:
    why = "not finite, or not above zero" if log else "not finite"
    what = "1 value is" if count == 1 else f"{grouped(count, 0)} values are"
    return f"{what} {why} and not shown." if count else ""


def _numbers(edges: Array, counts: Array, x: str, y: str) -> Numbers:
    picked = thinned_rows(len(counts))
    rows = [[float(edges[i]), float(edges[i + 1]), int(counts[i])] for i in picked]
    return Numbers([f"{x} from", "to", y], rows)
