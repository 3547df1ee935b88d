"""The learning-rate sweep: what each tried rate came to, where training broke down, which rate was chosen."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

from thalweg.formulas.arrays import Array
from thalweg.interfaces.report.charts import events as happened
from thalweg.interfaces.report.charts.drawable import column, finite, numbers, rows_that_fit
from thalweg.interfaces.report.charts.events import Event
from thalweg.interfaces.report.charts.figure import Figure, Numbers, figure, nothing_to_draw, sentences
from thalweg.interfaces.report.charts.legend import legend
from thalweg.interfaces.report.charts.marks import cross, dot, line, line_path, peak, ring, series_class
from thalweg.interfaces.report.charts.markup import Safe, join, percent, tag, text
from thalweg.interfaces.report.charts.plot import ROW, Plot, hang, stretched
from thalweg.interfaces.report.charts.scale import Scale, fit, wants_log
from thalweg.interfaces.report.charts.thinning import thinned_rows
from thalweg.interfaces.report.charts.wording import short

_HIGHEST = 1e6  # a loss this many times above the lowest is drawn at the top edge
_KEY = "Each dot is a tried rate (median over seeds, whisker from lowest to highest)."


@dataclass(frozen=True)
class Rates:
    """The tried rates of one rule. lr (N,); loss (N,) or (N, seeds), not finite where training diverged."""

    name: str
    lr: ArrayLike
    loss: ArrayLike
    chosen: float | None = None


@dataclass(frozen=True)
class _Tried:
    """Rates made drawable: lr ascending and positive (N,); loss (N, seeds) with NaN where it diverged."""

    name: str
    lr: Array
    loss: Array
    chosen: float | None

    def middle(self, which: float) -> Array:
        """A quantile over the finite seeds (N,), NaN where there are none."""
        known = [row[np.isfinite(row)] for row in self.loss]
        return np.array([np.quantile(row, which) if row.size else np.nan for row in known])


def sweep(
    title: str,
    rates: Iterable[Rates],
    *,
    x: str = "learning rate",
    y: str = "validation loss",
    log: bool | None = None,
    limits: Iterable[Event] = (),
    note: str = "",
) -> Figure:
    """Loss over learning rate, one line per rule; × marks rates that diverged, a ring the chosen rate.

    `limits` are vertical lines, the forecast stability limit say. `log=None` takes a log axis by itself.
    """
    found = [_drawable(r) for r in rates]
    losses = finite(*(r.loss for r in found))
    is_log = wants_log(losses, ratio=20) if log is None else log
    x_scale = fit(finite(*(r.lr for r in found)), log=True, pad=0.03)
    y_scale = _loss_scale(losses, is_log)
    if x_scale is None or y_scale is None:
        return nothing_to_draw("sweep", title, note)
    diverged = any(not np.isfinite(r.loss).all() for r in found)
    plot = Plot(x_scale, y_scale, f"{x} (log)", y + (" (log)" if is_log else ""), left=70)
    said = f"{title}: {y} over {x} for {', '.join(r.name for r in found)}"
    return figure(
        "sweep",
        title,
        _drawing(found, plot, limits, said),
        legend=legend([_entry(r) for r in found], always=True),
        note=sentences(note, _KEY, "× marks a rate that diverged." if diverged else ""),
        numbers=_numbers(found, x),
    )


def _drawing(found: Sequence[_Tried], plot: Plot, limits: Iterable[Event], description: str) -> Safe:
    """The plot, above it a row of crosses for each rule that diverged somewhere and the names of the limits."""
    lanes = [index for index, r in enumerate(found) if not np.isfinite(r.loss).all()]
    marks = happened.place(limits, plot.x)
    return replace(plot, rows_above=len(lanes) + happened.rows(marks)).draw(
        *happened.drawn(marks, first_row=len(lanes)),
        *(_lane(found[index], index, row, plot.x) for row, index in enumerate(lanes)),
        stretched(*(_line(r, index, plot.x, plot.y) for index, r in enumerate(found))),
        *(_points(r, index, plot.x, plot.y) for index, r in enumerate(found)),
        description=description,
    )


def _drawable(rates: Rates) -> _Tried:
    lr, loss = column(rates.lr), numbers(rates.loss)
    loss = loss.reshape(len(loss), -1) if loss.size else np.zeros((0, 1))
    count = rows_that_fit([lr, loss])
    kept = np.flatnonzero(lr[:count] > 0)
    kept = kept[np.argsort(lr[kept], kind="stable")]
    return _Tried(rates.name, lr[kept], loss[kept], rates.chosen)


def _loss_scale(losses: Array, log: bool) -> Scale | None:
    """The y axis, which leaves losses far above the others outside."""
    known = losses[losses > 0] if log else losses
    if not known.size:
        return None
    reach = known.min() * _HIGHEST if log else np.median(known) + 10 * np.ptp(np.quantile(known, [0, 0.5])) + 1e-12
    return fit(known[known <= reach], log=log)


def _line(tried: _Tried, index: int, x_scale: Scale, y_scale: Scale) -> Safe:
    v = y_scale.unit(tried.middle(0.5))
    shown = np.flatnonzero(np.isfinite(v))
    breaks = np.diff(shown, prepend=-1) > 1
    return line(line_path(x_scale.unit(tried.lr)[shown], v[shown], breaks), index)


def _points(tried: _Tried, index: int, x_scale: Scale, y_scale: Scale) -> Safe:
    """A dot with its whisker for each rate, and the ring."""
    u = x_scale.unit(tried.lr)
    middle, low, high = (tried.middle(q) for q in (0.5, 0.0, 1.0))
    parts = []
    for row in np.flatnonzero(np.isfinite(y_scale.unit(middle))):
        said = f"{tried.name}, lr {short(tried.lr[row])}: {short(middle[row])}"
        parts.append(_whisker(u[row], y_scale.at(low[row]), y_scale.at(high[row]), index))
        v = y_scale.at(middle[row])
        parts.append(hang(u[row], min(v, 1.0), peak(index, said) if v > 1 else dot(3.5, index, said)))
    return join(*parts, _chosen(tried, index, x_scale, y_scale))


def _whisker(u: float, low: float, high: float, index: int) -> Safe:
    top, bottom = (percent(1 - min(1.0, max(0.0, v if np.isfinite(v) else 0.0))) for v in (high, low))
    where = percent(u)
    return tag("line", x1=where, x2=where, y1=top, y2=bottom, class_=f"whisker {series_class(index)}")


def _chosen(tried: _Tried, index: int, x_scale: Scale, y_scale: Scale) -> Safe:
    """A ring on the line at the chosen rate, whether it is one of the grid or a refined one."""
    v = y_scale.unit(tried.middle(0.5))
    shown = np.isfinite(v)
    if tried.chosen is None or not x_scale.holds(tried.chosen) or not shown.any():
        return join()
    u = x_scale.at(tried.chosen)
    height = float(np.interp(u, x_scale.unit(tried.lr)[shown], v[shown]))
    return hang(u, min(1.0, height), ring(index, f"{tried.name}: chosen rate {short(tried.chosen)}"))


def _lane(tried: _Tried, index: int, row: int, x_scale: Scale) -> Safe:
    """The row above the box with a cross for every rate at which some seed diverged."""
    height = -8 - ROW * row
    label = tag("text", text("diverged"), x=-8, y=height + 4, class_="lane") if row == 0 else join()
    crosses = []
    for rate, losses in zip(tried.lr, tried.loss, strict=True):
        count, seeds = int((~np.isfinite(losses)).sum()), len(losses)
        if count:
            said = f"{tried.name}, lr {short(rate)}: {count} of {seeds} diverged"
            mark = tag("g", cross(index, said), transform=f"translate(0 {height})")
            crosses.append(hang(x_scale.at(rate), 1, mark))
    return join(label, *crosses)


def _entry(tried: _Tried) -> str:
    return tried.name if tried.chosen is None else f"{tried.name}, chosen {short(tried.chosen, 3)}"


def _numbers(found: Sequence[_Tried], x: str) -> Numbers:
    """A row for each rate, a column for each rule: the median and the ends, or that it diverged."""
    rates = np.unique(finite(*(tried.lr for tried in found)))
    rates = rates[thinned_rows(len(rates))]
    rows = [[float(rate), *(_came_to(tried, rate) for tried in found)] for rate in rates]
    return Numbers([x, *(tried.name for tried in found)], rows)


def _came_to(tried: _Tried, rate: float) -> object:
    losses = tried.loss[tried.lr == rate].ravel()
    known = losses[np.isfinite(losses)]
    if not known.size:
        return "diverged" if losses.size else ""
    ends = f" ({short(float(known.min()))} … {short(float(known.max()))})" if known.size > 1 else ""
    lost = f", {losses.size - known.size} of {losses.size} diverged" if known.size < losses.size else ""
    return f"{short(float(np.median(known)))}{ends}{lost}"
