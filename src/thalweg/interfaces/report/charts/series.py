"""Named series made drawable, and what the table and the script get of them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import ArrayLike

from thalweg.formulas.arrays import Array
from thalweg.interfaces.report.charts.drawable import column, finite, packed, rows_that_fit
from thalweg.interfaces.report.charts.figure import Numbers
from thalweg.interfaces.report.charts.scale import Scale
from thalweg.interfaces.report.charts.thinning import thinned_line, thinned_rows


@dataclass(frozen=True)
class Series:
    """One named line. y (N,), x (N,) or None for 0, 1, 2, …; lo and hi (N,) shade a band, over seeds say."""

    name: str
    y: ArrayLike
    x: ArrayLike | None = None
    lo: ArrayLike | None = None
    hi: ArrayLike | None = None


@dataclass(frozen=True)
class Line:
    """A series made drawable: x ascending and finite, y with NaN for gaps; lo and hi are y where no band is."""

    name: str
    x: Array
    y: Array
    lo: Array
    hi: Array

    @property
    def has_band(self) -> bool:
        """Whether lo and hi say more than y."""
        return not (np.array_equal(self.lo, self.y, equal_nan=True) and np.array_equal(self.hi, self.y, equal_nan=True))

    @property
    def breaks_off(self) -> int | None:
        """The row of the last finite value, if values that are not finite follow it to the end."""
        known = np.flatnonzero(np.isfinite(self.y))
        return int(known[-1]) if known.size and known[-1] < len(self.y) - 1 else None


def drawable(series: Mapping[str, ArrayLike] | Iterable[Series]) -> list[Line]:
    """Lines from named arrays or from `Series`."""
    if isinstance(series, Mapping):
        return [_line(Series(name, y)) for name, y in series.items()]
    return [_line(one) for one in series]


def _line(series: Series) -> Line:
    y = column(series.y)
    x = np.arange(len(y), dtype=float) if series.x is None else column(series.x)
    lo = y if series.lo is None else column(series.lo)
    hi = y if series.hi is None else column(series.hi)
    count = rows_that_fit([x, y, lo, hi])
    kept = np.flatnonzero(np.isfinite(x[:count]))
    kept = kept[np.argsort(x[kept], kind="stable")]
    return Line(series.name, x[kept], y[kept], lo[kept], hi[kept])


def numbers(found: Sequence[Line], x: str) -> Numbers:
    """Up to 30 places on the x axis with the value each series last had there."""
    places = np.unique(finite(*(s.x for s in found)))
    places = places[thinned_rows(len(places))]
    columns = [_last_values(s, places) for s in found]
    rows = [[float(place), *(c[i] for c in columns)] for i, place in enumerate(places)]
    return Numbers([x, *(s.name for s in found)], rows)


def _last_values(series: Line, places: Array) -> list[object]:
    rows = np.searchsorted(series.x, places, side="right") - 1
    inside = (rows >= 0) & (places <= series.x.max(initial=-np.inf))
    return [float(series.y[row]) if fits else "" for row, fits in zip(rows, inside, strict=True)]


def hover_data(found: Sequence[Line], x_scale: Scale, y_scale: Scale, x: str) -> object:
    """What the script needs to show values under the mouse: the same points that are drawn."""
    rows = [_hover_row(line, x_scale) for line in found]
    return {"name": x, "x": asdict(x_scale), "y": asdict(y_scale), "series": rows}


def _hover_row(line: Line, scale: Scale) -> dict[str, object]:
    u = scale.unit(line.x)
    shown = np.flatnonzero(np.isfinite(line.y) & np.isfinite(u))
    kept = shown[thinned_line(u[shown], line.y[shown])]
    band = {"lo": packed(line.lo[kept]), "hi": packed(line.hi[kept])} if line.has_band else {}
    return {"name": line.name, "x": _x_data(line.x[kept]), "y": packed(line.y[kept]), **band}


def _x_data(x: Array) -> object:
    """An even grid as [first, step, count], anything else as packed numbers."""
    if len(x) > 2 and np.all(np.diff(x) == x[1] - x[0]):
        return [float(x[0]), float(x[1] - x[0]), len(x)]
    return packed(x)
