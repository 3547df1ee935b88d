"""Lines over steps, samples or seconds: losses, norms, learning rates, layer by layer if need be.

A series that ends in values which are not finite is cut there and marked with a cross, because that is what a
diverged run looks like and it must not pass for one that merely stopped.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike

from thalweg.formulas.arrays import Array
from thalweg.interfaces.report.charts import events as happened
from thalweg.interfaces.report.charts.drawable import finite
from thalweg.interfaces.report.charts.events import Event
from thalweg.interfaces.report.charts.figure import Figure, figure, nothing_to_draw, sentences
from thalweg.interfaces.report.charts.legend import legend
from thalweg.interfaces.report.charts.marks import area_path, cross, line, line_path
from thalweg.interfaces.report.charts.markup import Safe, join
from thalweg.interfaces.report.charts.plot import Plot, hang, stretched
from thalweg.interfaces.report.charts.scale import Scale, counting, fit, wants_log
from thalweg.interfaces.report.charts.series import Line, Series, drawable, hover_data, numbers
from thalweg.interfaces.report.charts.thinning import thinned_line
from thalweg.interfaces.report.charts.wording import short, truncated

_HIGHEST_CLIMB = 1e4  # a diverging line may leave the box this many times above the highest start


def lines(
    title: str,
    series: Mapping[str, ArrayLike] | Iterable[Series],
    *,
    x: str = "step",
    y: str = "loss",
    log: bool | None = None,
    log_x: bool = False,
    events: Iterable[Event] = (),
    note: str = "",
) -> Figure:
    """Draw named series over one axis. `log=None` takes a log axis where values span more than 100 to 1.

    Example:
        >>> print(lines("Loss", {"gd": [4.0, 2.0, 1.0]}).title)
        Loss
    """
    found = drawable(series)
    heights = finite(*(values for one in found for values in (one.y, one.lo, one.hi)))
    is_log = wants_log(heights) if log is None else log
    places = finite(*(one.x[_shown(one.y, is_log)] for one in found))
    x_scale = counting(fit(places, log=log_x, pad=0), places)
    y_scale = _height_scale(found, heights, is_log)
    if x_scale is None or y_scale is None:
        return nothing_to_draw("lines", title, note)
    y_name = y + (" (log)" if is_log else "")
    said = _description(title, found, x, y, heights)
    return figure(
        "lines",
        title,
        _drawing(found, Plot(x_scale, y_scale, x, y_name), list(events), said),
        legend=legend([one.name for one in found]),
        note=sentences(note, _hidden(found, is_log)),
        numbers=numbers(found, x),
        data=hover_data(found, x_scale, y_scale, x),
    )


def _drawing(found: Sequence[Line], plot: Plot, events: Sequence[Event], description: str) -> Safe:
    """The plot with events, bands, lines and the crosses where lines break off."""
    marks = happened.place([*events, *_breakdowns(found, plot, events)], plot.x)
    return replace(plot, rows_above=happened.rows(marks)).draw(
        *happened.drawn(marks),
        stretched(*(_drawn(one, index, plot.x, plot.y) for index, one in enumerate(found))),
        *_crosses(found, plot.x, plot.y),
        description=description,
    )


def _shown(values: Array, log: bool) -> Array:
    """Where values have a place on the axis."""
    return np.isfinite(values) & (values > 0) if log else np.isfinite(values)


def _height_scale(found: Sequence[Line], heights: Array, log: bool) -> Scale | None:
    """The y axis, which follows a diverging line only some way up, so that the others stay readable."""
    starts = [s.y[_shown(s.y, log)][:1] for s in found]
    start = float(np.abs(finite(*starts)).max(initial=0.0))
    if not log and len(heights):  # R² and accuracy start near 0 and rise: that is no divergence
        start = max(start, float(np.percentile(np.abs(heights), 10)))
    most = start * (_HIGHEST_CLIMB if log else 20)
    scale = fit(heights, log=log)
    if scale is None or not start or scale.hi <= most:
        return scale
    held = heights[np.abs(heights) <= most]
    return fit(np.append(held, most if log else start * 2 if len(held) < 2 else held.max()), log=log)


def _drawn(series: Line, index: int, x_scale: Scale, y_scale: Scale) -> Safe:
    """Band and line of one series, as many points as a screen shows."""
    u = x_scale.unit(series.x)
    parts = []
    if series.has_band:
        parts.append(_band(u, y_scale.unit(series.lo), y_scale.unit(series.hi), index))
    v = y_scale.unit(series.y)
    shown = np.flatnonzero(np.isfinite(u) & np.isfinite(v))
    gaps_before = np.cumsum(~np.isfinite(v))[shown]
    kept = thinned_line(u[shown], v[shown])
    breaks = np.diff(gaps_before[kept], prepend=0) > 0
    return join(*parts, line(line_path(u[shown][kept], v[shown][kept], breaks), index))


def _band(u: Array, low: Array, high: Array, index: int) -> Safe:
    fits = np.flatnonzero(np.isfinite(u) & np.isfinite(low) & np.isfinite(high))
    kept = fits[np.union1d(thinned_line(u[fits], low[fits], 100), thinned_line(u[fits], high[fits], 100))]
    return line(area_path(u[kept], low[kept], high[kept]), index, kind="band")


def _breakdowns(found: Sequence[Line], plot: Plot, given: Iterable[Event]) -> list[Event]:
    """An event for each series that ends not finite, unless the caller's own events say it already."""
    told = [plot.x.at(event.x) for event in given if event.kind == "bad" and plot.x.holds(event.x)]
    broken = []
    for series in found:
        last = series.breaks_off
        if last is None or any(abs(plot.x.at(series.x[last]) - u) < 0.03 for u in told):
            continue
        name = f"{truncated(series.name, 16)}: " if len(found) > 1 else ""
        place = f"{plot.x_name.partition(' ')[0]} {short(series.x[last])}"
        broken.append(Event(float(series.x[last]), f"{name}not finite after {place}", "bad"))
    return broken


def _crosses(found: Sequence[Line], x_scale: Scale, y_scale: Scale) -> list[Safe]:
    marks = []
    for index, series in enumerate(found):
        last = series.breaks_off
        if last is not None:
            u, v = x_scale.at(series.x[last]), y_scale.at(series.y[last])
            height = min(1.0, max(0.0, v)) if np.isfinite(v) else 0.0
            marks.append(hang(u, height, cross(index, f"{series.name}: not finite from here")))
    return marks


def _hidden(found: Sequence[Line], log: bool) -> str:
    count = sum(int((s.y <= 0).sum()) for s in found) if log else 0
    said = "1 value at or below zero has" if count == 1 else f"{count} values at or below zero have"
    return f"{said} no place on the log axis." if count else ""


def _description(title: str, found: Sequence[Line], x: str, y: str, heights: Array) -> str:
    count = "one line" if len(found) == 1 else f"{len(found)} lines"
    return f"{title}: {count}, {y} over {x}, from {short(float(heights.min()))} to {short(float(heights.max()))}"
