"""A surface seen from above, and the ways optimizers took down it."""

from collections.abc import Iterable
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike

from thalweg.formulas.arrays import Array
from thalweg.interfaces.report.charts import walks as walked
from thalweg.interfaces.report.charts.drawable import column, finite, numbers
from thalweg.interfaces.report.charts.figure import Figure, nothing_to_draw
from thalweg.interfaces.report.charts.marks import line_path
from thalweg.interfaces.report.charts.markup import Safe, tag, text
from thalweg.interfaces.report.charts.plot import Plot, hang
from thalweg.interfaces.report.charts.scale import Scale, fit
from thalweg.interfaces.report.charts.thinning import thinned_rows
from thalweg.interfaces.report.charts.walks import Walk
from thalweg.interfaces.report.charts.wording import short

_LEVELS = 14
_FINEST = 160
_PIXEL = 0.002  # of the box


def contours(
    title: str,
    x: ArrayLike,
    y: ArrayLike,
    z: ArrayLike,
    walks: Iterable[Walk] = (),
    *,
    minimisers: ArrayLike = (),
    x_name: str = "x",
    y_name: str = "y",
    note: str = "",
) -> Figure:
    """Contours of z (M, N) over the ascending grid x (N,), y (M,), under the walks; minimisers (..., 2) get a +.

    Levels are quantiles of z, so that lines are spread evenly over the picture however steep its walls are.
    """
    ways = walked.drawable(walks)
    grid_x, grid_y, heights = _coarser(column(x), column(y), np.atleast_2d(numbers(z)))
    x_scale, y_scale = fit(grid_x, pad=0), fit(grid_y, pad=0)
    if x_scale is None or y_scale is None or heights.shape != (len(grid_y), len(grid_x)):
        return nothing_to_draw("contours", title, note)
    shape = min(1.7, max(0.9, (x_scale.hi - x_scale.lo) / (y_scale.hi - y_scale.lo)))
    plot = Plot(x_scale, y_scale, x_name, y_name, shape=shape)
    ground = _levels(x_scale.unit(grid_x), y_scale.unit(grid_y), heights)
    said = _description(title, heights, [way.name for way in ways])
    marks = _minimisers(minimisers, x_scale, y_scale)
    drawing = walked.over(ground, ways, plot, said, marks)
    return walked.walk_figure("contours", title, drawing, ways, plot, note)


def _coarser(x: Array, y: Array, z: Array) -> tuple[Array, Array, Array]:
    """A grid of at most 160 × 160, which is as fine as the picture."""
    if z.shape != (len(y), len(x)):
        return x, y, z
    columns, rows = thinned_rows(len(x), _FINEST), thinned_rows(len(y), _FINEST)
    return x[columns], y[rows], z[np.ix_(rows, columns)]


def _description(title: str, heights: Array, names: list[str]) -> str:
    known = finite(heights)
    ends = f", values from {short(float(known.min()))} to {short(float(known.max()))}" if known.size else ""
    return f"{title}: contours{ends}" + (f", with the ways of {', '.join(names)}" if names else "")


def _levels(u: Array, v: Array, heights: Array) -> list[Safe]:
    """The regions below each level, one over the other: the deeper, the darker."""
    from contourpy import FillType, contour_generator

    known = finite(heights)
    if len(u) < 2 or len(v) < 2 or not known.size or known.min() == known.max():
        return []
    walls = np.where(np.isfinite(heights), heights, known.max())
    generator = contour_generator(u, v, walls, fill_type=FillType.OuterOffset)
    levels = np.unique(np.quantile(known, np.linspace(0.02, 0.97, _LEVELS)))
    below = known.min() - 1 - abs(known.min())
    return [_region(*generator.filled(below, level)) for level in levels if level > known.min()]


def _region(polygons: list[Array], offsets: list[Array]) -> Safe:
    """Polygons with their holes as one path. polygons: points (N, 2); offsets: where each ring of one starts."""
    rings = [
        points[first:last] for points, ends in zip(polygons, offsets, strict=True) for first, last in pairwise(ends)
    ]
    outline = "".join(line_path(*_simplified(ring).T) + "z" for ring in rings)
    return tag("path", d=outline, class_="level")


def _simplified(ring: Array) -> Array:
    """Points moved to the nearest pixel, without those that stay on the one before."""
    pixels = np.rint(ring / _PIXEL)
    moved = np.abs(np.diff(pixels, axis=0, prepend=np.inf)).max(axis=1) > 0
    return np.asarray(pixels[moved] * _PIXEL)


def _minimisers(places: ArrayLike, x_scale: Scale, y_scale: Scale) -> list[Safe]:
    found = numbers(places).reshape(-1, 2) if np.size(places) else np.zeros((0, 2))
    return [
        hang(
            x_scale.at(a),
            y_scale.at(b),
            tag("g", _said(a, b), tag("path", d="M-6 0H6M0 -6V6", class_="minimiser")),
        )
        for a, b in found
        if x_scale.holds(a) and y_scale.holds(b)
    ]


def _said(a: float, b: float) -> Safe:
    return tag("title", text(f"minimum at ({short(a)}, {short(b)})"))
