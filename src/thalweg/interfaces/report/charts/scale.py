"""A scale takes numbers to the unit interval, linearly or by their logarithm.

Charts are drawn in fractions of the plot, not in pixels: the page stretches the plot to the width there is,
while text, dots and line widths keep their size.
"""

import math
from dataclasses import dataclass, replace

import numpy as np

from thalweg.formulas.arrays import Array
from thalweg.interfaces.report.charts.drawable import LARGEST, SMALLEST, finite
from thalweg.interfaces.report.charts.ticks import Tick, linear_ticks, log_ticks

_RESOLVABLE = 1e-12  # of the magnitude; below it float64 has no room for ticks


@dataclass(frozen=True)
class Scale:
    """An axis from lo to hi, lo < hi; on a log scale 0 < lo; a `whole` one counts things, steps say."""

    lo: float
    hi: float
    log: bool = False
    whole: bool = False

    def unit(self, values: Array) -> Array:
        """Values as fractions of the axis: lo is 0, hi is 1; NaN where a value has no place on it."""
        lo, hi = self._ends()
        return (self._straightened(values) - lo) / (hi - lo)

    def at(self, value: float) -> float:
        """The fraction of one value."""
        return float(self.unit(np.asarray(value, dtype=np.float64)))

    def ticks(self, target: int = 6) -> tuple[Tick, ...]:
        """About `target` labelled ticks inside the axis."""
        if self.log:
            return log_ticks(self.lo, self.hi, target)
        return linear_ticks(self.lo, self.hi, target, least=1.0 if self.whole else 0.0)

    def holds(self, value: float) -> bool:
        """Whether a value lies on the axis."""
        return math.isfinite(value) and self.lo <= value <= self.hi

    def _ends(self) -> tuple[float, float]:
        return (math.log10(self.lo), math.log10(self.hi)) if self.log else (self.lo, self.hi)

    def _straightened(self, values: Array) -> Array:
        if not self.log:
            return values
        with np.errstate(all="ignore"):
            return np.where(values > 0, np.log10(np.where(values > 0, values, 1.0)), np.nan)


def fit(values: Array, *, log: bool = False, pad: float = 0.05) -> Scale | None:
    """The scale that shows all `values`, with `pad` of it free at each end; None if none can be drawn."""
    known = finite(values)
    if log:
        known = known[known > 0]
    if not known.size:
        return None
    ends = float(known.min()), float(known.max())
    return _log_fit(*ends, pad) if log else _linear_fit(*ends, pad)


def _linear_fit(lo: float, hi: float, pad: float) -> Scale:
    size = max(abs(lo), abs(hi))
    if hi - lo <= _RESOLVABLE * size:
        room = size / 10 or 1.0
        return Scale(lo - room, hi + room)
    room = pad * (hi - lo)
    return Scale(lo - room, hi + room)


def counting(scale: Scale | None, values: Array) -> Scale | None:
    """The same axis without ticks between whole numbers, if all values are whole."""
    whole = scale is not None and bool(np.all(values == np.rint(values))) and scale.hi - scale.lo >= 2
    return replace(scale, whole=True) if scale is not None and whole else scale


def _log_fit(lo: float, hi: float, pad: float) -> Scale:
    decades = math.log10(hi) - math.log10(lo)
    room = 10.0 ** (pad * decades) if decades > 1e-9 else 2.0
    return Scale(max(lo / room, SMALLEST), min(hi * room, LARGEST), log=True)


def wants_log(values: Array, ratio: float = 100.0) -> bool:
    """Whether a log axis tells more: everything positive, and the ends further apart than `ratio`."""
    known = finite(values)
    if not known.size or known.min() <= 0:
        return False
    return math.log10(known.max()) - math.log10(known.min()) > math.log10(ratio)
