"""The way an optimizer went, as points in the plane, with a slider and a play button to follow its steps.

Without the script the whole way is drawn and the controls stay hidden.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from thalweg.formulas.arrays import Array
from thalweg.interfaces.report.charts.drawable import column, packed, rows_that_fit
from thalweg.interfaces.report.charts.figure import Figure, Numbers, figure, sentences
from thalweg.interfaces.report.charts.legend import legend
from thalweg.interfaces.report.charts.marks import cloud_path, line, line_path, series_class, units
from thalweg.interfaces.report.charts.markup import NOTHING, Safe, percent, tag, text
from thalweg.interfaces.report.charts.plot import Plot, hang, stretched
from thalweg.interfaces.report.charts.scale import Scale
from thalweg.interfaces.report.charts.thinning import thinned_rows

_MOST_STEPS = 400
_MOST_DOTS = 60


@dataclass(frozen=True)
class Walk:
    """A named way: x (T,), y (T,) and, if known, the loss at each point (T,). Row 0 is the start."""

    name: str
    x: ArrayLike
    y: ArrayLike
    loss: ArrayLike | None = None


@dataclass(frozen=True)
class Way:
    """A walk made drawable: at most 400 points, up to the first that is not finite. step, x, y, loss (N,)."""

    name: str
    step: Array
    x: Array
    y: Array
    loss: Array
    broken: bool


def drawable(walks: Iterable[Walk]) -> list[Way]:
    """The walks that have a finite start."""
    found = [_drawable(walk) for walk in walks]
    return [way for way in found if len(way.step)]


def _drawable(walk: Walk) -> Way:
    x, y = column(walk.x), column(walk.y)
    loss = np.full(len(x), np.nan) if walk.loss is None else column(walk.loss)
    count = rows_that_fit([x, y, loss])
    outside = np.flatnonzero(~(np.isfinite(x[:count]) & np.isfinite(y[:count])))
    known = int(outside[0]) if outside.size else count
    step = thinned_rows(known, _MOST_STEPS) if known else np.zeros(0, dtype=int)
    return Way(walk.name, step, x[step], y[step], loss[step], known < count)


def draw(way: Way, index: int, x_scale: Scale, y_scale: Scale) -> Safe:
    """The line of a way on a pale casing, and a dot for each step where they are few enough to be told apart."""
    places = x_scale.unit(way.x), y_scale.unit(way.y)
    path = line_path(*places)
    dots = cloud_path(*places) if len(way.step) <= _MOST_DOTS else ""
    parts = [line(path, index, kind="casing"), line(path, index, kind="line walk")]
    return tag("g", *parts, line(dots, index, kind="steps") if dots else NOTHING, data_way=index)


def stops(way: Way, index: int, x_scale: Scale, y_scale: Scale) -> Safe:
    """Start and latest point of a way."""
    u, v = (np.clip(values, -1, 2) for values in (x_scale.unit(way.x), y_scale.unit(way.y)))
    end = (
        tag("circle", cx=percent(u[-1]), cy=percent(1 - v[-1]), r=5, class_="here")
        if _inside(u[-1], v[-1])
        else NOTHING
    )
    start = hang(float(u[0]), float(v[0]), tag("circle", r=4.5, class_="start")) if _inside(u[0], v[0]) else NOTHING
    return tag("g", start, end, class_=series_class(index), data_walk=index)


def _inside(u: float, v: float) -> bool:
    return bool(0 <= u <= 1 and 0 <= v <= 1)


def over(ground: Sequence[Safe], ways: Sequence[Way], plot: Plot, description: str, marks: Sequence[Safe] = ()) -> Safe:
    """The ways drawn over the ground they were walked on, marks on top, with the player below."""
    lines = (draw(way, index, plot.x, plot.y) for index, way in enumerate(ways))
    places = (stops(way, index, plot.x, plot.y) for index, way in enumerate(ways))
    drawn = plot.draw(stretched(*ground, *lines), *places, *marks, description=description)
    return tag("div", drawn, player(ways)) if ways else drawn


def walk_figure(kind: str, title: str, drawing: Safe, ways: Sequence[Way], plot: Plot, note: str) -> Figure:
    """The figure of a drawing with ways: their legend, their table and what the script needs to play them."""
    return figure(
        kind,
        title,
        drawing,
        legend=legend([way.name for way in ways], always=True) if ways else NOTHING,
        note=sentences(note, broken(ways)),
        numbers=table(ways, plot.x_name, plot.y_name) if ways else None,
        data=script_data(ways, plot.x, plot.y) if ways else None,
    )


def player(ways: Sequence[Way]) -> Safe:
    """Play button, slider and read-out, hidden until the script shows them."""
    last = max((len(way.step) for way in ways), default=1) - 1
    play = tag("button", text("Play"), type="button", class_="play")
    slider = tag("input", type="range", min=0, max=last, value=last, aria_label="step")
    return tag("div", play, slider, tag("output"), class_="player", hidden="hidden")


def script_data(ways: Sequence[Way], x_scale: Scale, y_scale: Scale) -> object:
    """Every point in the units of the drawing, its step and its loss."""
    rows = []
    for way in ways:
        x, y = units(x_scale.unit(way.x), y_scale.unit(way.y))
        places = {"x": packed(x.astype(float)), "y": packed(y.astype(float))}
        rows.append({"name": way.name, "step": packed(way.step.astype(float)), "loss": packed(way.loss), **places})
    return {"walks": rows}


def table(ways: Sequence[Way], x: str, y: str) -> Numbers:
    """Up to 30 rows in all, each way its share."""
    rows: list[list[object]] = []
    for way in ways:
        picked = thinned_rows(len(way.step), max(2, 30 // len(ways)))
        rows += [[way.name, int(way.step[i]), float(way.x[i]), float(way.y[i])] for i in picked]
    return Numbers(["", "step", x, y], rows[:30])


def broken(ways: Sequence[Way]) -> str:
    """A sentence for the ways that end because a point is not finite."""
    names = [f"{way.name} is not finite after step {way.step[-1]}" for way in ways if way.broken]
    return f"{'; '.join(names)}." if names else ""
