"""The marks charts are made of: lines, areas, dots, crosses."""

import numpy as np

from thalweg.formulas.arrays import Array
from thalweg.interfaces.report.charts.markup import Safe, tag, text
from thalweg.interfaces.report.charts.plot import UNITS

_OUTSIDE = UNITS  # how far outside the box a line is followed before it is cut off


def units(u: Array, v: Array) -> tuple[Array, Array]:
    """Fractions as whole units of the stretched SVG, y downwards. Both finite."""
    x = np.clip(np.rint(u * UNITS), -_OUTSIDE, 2 * _OUTSIDE).astype(int)
    y = np.clip(np.rint((1 - v) * UNITS), -_OUTSIDE, 2 * _OUTSIDE).astype(int)
    return x, y


def line_path(u: Array, v: Array, breaks: Array | None = None) -> str:
    """The path through (u, v), all finite. It starts anew before each index where `breaks` is true."""
    x, y = units(u, v)
    starts = np.zeros(len(x), dtype=bool) if breaks is None else breaks.copy()
    starts[:1] = True
    alone = starts & np.append(starts[1:], True)
    pieces = []
    for index in range(len(x)):
        if starts[index]:
            pieces.append(f"M{x[index]} {y[index]}" + ("h0" if alone[index] else ""))
        else:
            pieces.append(f"l{x[index] - x[index - 1]} {y[index] - y[index - 1]}")
    return "".join(pieces).replace(" -", "-")


def area_path(u: Array, low: Array, high: Array) -> str:
    """The closed path between two lines over the same u, all finite."""
    both = np.concatenate([u, u[::-1]]), np.concatenate([high, low[::-1]])
    return line_path(*both) + "z"


def cloud_path(u: Array, v: Array) -> str:
    """Many dots as one path of strokes without length; the round line caps make the dots."""
    x, y = units(u, v)
    return "".join(f"M{a} {b}h0" for a, b in zip(x, y, strict=True))


def columns_path(left: Array, right: Array, height: Array) -> str:
    """Bars from the bottom of the box, all in one path."""
    x0, y = units(left, height)
    x1, _ = units(right, height)
    return "".join(f"M{a} {UNITS}V{top}H{b}V{UNITS}z" for a, b, top in zip(x0, x1, y, strict=True) if top < UNITS)


def line(path: str, series: int, kind: str = "line") -> Safe:
    """A path in the colour and dash of a series."""
    return tag("path", d=path, class_=f"{kind} {series_class(series)}")


def dot(radius: float = 4, series: int = 0, title: str = "", kind: str = "dot") -> Safe:
    """A disc at the point where it is hung, with the text the mouse gets."""
    return _glyph("circle", title, kind, series, r=float(radius))


def cross(series: int = 0, title: str = "", size: float = 4) -> Safe:
    """×, for what is not finite."""
    s = size
    return _glyph("path", title, "cross", series, d=f"M{-s} {-s}L{s} {s}M{-s} {s}L{s} {-s}")


def peak(series: int = 0, title: str = "") -> Safe:
    """▲, for a value above the box."""
    return _glyph("path", title, "dot", series, d="M-4 4L4 4L0 -4z")


def ring(series: int = 0, title: str = "", radius: float = 7.5) -> Safe:
    """A ring round a dot: the one that was chosen."""
    return _glyph("circle", title, "ring", series, r=float(radius))


def _glyph(name: str, title: str, kind: str, series: int, **shape: object) -> Safe:
    drawn = tag(name, class_=kind, **shape)
    parts = [tag("title", text(title)), drawn] if title else [drawn]
    return tag("g", *parts, class_=series_class(series))


def series_class(series: int) -> str:
    """Colour and dash of the nth series: eight colours, four dashes, 32 pairs before one comes back."""
    return f"c{series % 8} d{(series + series // 8) % 4}"
