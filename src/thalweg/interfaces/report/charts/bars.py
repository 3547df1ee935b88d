"""Horizontal bars with their values: the effect of each ablation, the result of each optimizer.

Each bar is a row of the page: name, track, value. On a narrow page the name and the value stand above the track.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from thalweg.interfaces.report.charts.drawable import column, finite
from thalweg.interfaces.report.charts.figure import Figure, Numbers, figure, nothing_to_draw
from thalweg.interfaces.report.charts.marks import cross
from thalweg.interfaces.report.charts.markup import NOTHING, Safe, percent, tag, text
from thalweg.interfaces.report.charts.plot import hang, x_labels
from thalweg.interfaces.report.charts.scale import Scale, fit
from thalweg.interfaces.report.charts.wording import short, truncated


@dataclass(frozen=True)
class Bar:
    """One bar: a value, an interval round it if one is known, a kind (`good`, `bad`, `base`) that colours it."""

    name: str
    value: float
    lo: float | None = None
    hi: float | None = None
    kind: str = ""


def bars(
    title: str,
    rows: Iterable[Bar],
    *,
    x: str = "value",
    unit: str = "",
    signed: bool = False,
    from_zero: bool = True,
    note: str = "",
) -> Figure:
    """Draw one bar per row. `signed` writes +0.1; `from_zero=False` draws dots, whose axis may start anywhere."""
    found = list(rows)
    values = finite(*(column([bar.value, *_interval(bar)]) for bar in found))
    scale = fit(np.append(values, 0.0) if from_zero and values.size else values, pad=0.04)
    if scale is None:
        return nothing_to_draw("bars", title, note)
    if from_zero:
        scale = _ending_at_zero(scale, float(values.min()), float(values.max()))
    body = [_row(bar, scale, _worded(bar.value, unit, signed), from_zero) for bar in found]
    said = f"{title}: {', '.join(f'{bar.name} {_worded(bar.value, unit, signed)}' for bar in found[:20])}"
    drawing = tag("div", *body, _axis(scale, x, unit), class_="bars", role="img", aria_label=said)
    return figure("bars-chart", title, drawing, note=note, numbers=_numbers(found, x))


def _interval(bar: Bar) -> list[float]:
    return [end for end in (bar.lo, bar.hi) if end is not None]


def _ending_at_zero(scale: Scale, low: float, high: float) -> Scale:
    """No free room beyond zero where all bars are on one side of it."""
    return Scale(0.0 if low >= 0 else scale.lo, 0.0 if high <= 0 < -low else scale.hi)


def _worded(value: float, unit: str, signed: bool) -> str:
    written = short(float(value), 3)
    plus = "+" if signed and np.isfinite(value) and value > 0 else ""
    return f"{plus}{written} {unit}".strip() if np.isfinite(value) else written


def _row(bar: Bar, scale: Scale, value: str, from_zero: bool) -> Safe:
    name = tag("div", text(truncated(bar.name, 44)), class_="bar-name", title=bar.name)
    track = tag("svg", *_track(bar, scale, from_zero), class_="track")
    shown = tag("div", text(value), class_="bar-value")
    return tag("div", name, track, shown, class_=f"bar {bar.kind}".strip())


def _track(bar: Bar, scale: Scale, from_zero: bool) -> list[Safe]:
    drawn = [_upright(scale.at(tick.value), "zero" if tick.value == 0 else "grid") for tick in scale.ticks(5)]
    at, low, high = (scale.unit(column(v if v is not None else np.nan))[0] for v in (bar.value, bar.lo, bar.hi))
    if not np.isfinite(at):
        return [*drawn, hang(scale.at(max(scale.lo, min(scale.hi, 0.0))), 0.5, cross(1, "not finite"))]
    if from_zero:
        left, right = sorted((at, scale.at(0.0)))
        drawn.append(
            tag(
                "rect",
                x=percent(left),
                width=percent(right - left),
                y="25%",
                height="50%",
                rx=2,
                class_="fill",
            )
        )
    else:
        drawn.append(tag("circle", cx=percent(at), cy="50%", r=5, class_="fill"))
    return [*drawn, _spread(low, high) if np.isfinite(low) and np.isfinite(high) else NOTHING]


def _upright(u: float, kind: str) -> Safe:
    return tag("line", x1=percent(u), x2=percent(u), y1="0", y2="100%", class_=kind)


def _spread(low: float, high: float) -> Safe:
    """The interval: a line with a cap at either end."""
    across = tag("line", x1=percent(low), x2=percent(high), y1="50%", y2="50%")
    caps = (tag("line", x1=percent(u), x2=percent(u), y1="32%", y2="68%") for u in (low, high))
    return tag("g", across, *caps, class_="spread")


def _axis(scale: Scale, x: str, unit: str) -> Safe:
    name = f"{x} ({unit})" if unit else x
    label = tag("text", text(truncated(name, 40)), class_="name end", x="100%", y=36)
    track = tag("svg", tag("g", *x_labels(scale, "0", 5), class_="x axis"), label, class_="track")
    empty = tag("div", class_="bar-name")
    return tag("div", empty, track, tag("div", class_="bar-value"), class_="bar bar-axis")


def _numbers(found: Sequence[Bar], x: str) -> Numbers:
    with_ends = any(_interval(bar) for bar in found)
    rows: list[list[object]] = []
    for bar in found:
        ends = [float(end) if end is not None else "" for end in (bar.lo, bar.hi)] if with_ends else []
        rows.append([bar.name, float(bar.value), *ends])
    return Numbers(["", x, *(["from", "to"] if with_ends else [])], rows)
