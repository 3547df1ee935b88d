"""The plotting area: a box with two axes, drawn in fractions so that one drawing fits every width.

The outer SVG has no viewBox: text in it is 12 px on a phone and on a screen. Lines live in an inner SVG that
is stretched to the box (`stretched`), dots and labels hang at percentages of it (`hang`). Ticks that would
crowd a narrow page carry the class `wide` and are hidden there by a container query.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from thalweg.interfaces.report.charts.markup import NOTHING, Safe, join, percent, tag, text
from thalweg.interfaces.report.charts.scale import Scale
from thalweg.interfaces.report.charts.ticks import Tick
from thalweg.interfaces.report.charts.wording import truncated, width

UNITS = 10_000  # the inner SVG is this many units wide and high
NARROW, WIDE = 280.0, 700.0  # pixels: the narrowest and the usual width of a plot
ROW = 16  # pixels of one line of text above the box


@dataclass(frozen=True)
class Plot:
    """Two scales with their names; `rows_above` lines of text are kept free above the box."""

    x: Scale
    y: Scale
    x_name: str
    y_name: str
    height: int = 280
    rows_above: int = 0
    left: float = 30  # at least so many pixels for the labels at the left
    shape: float | None = None  # width / height, where the two axes are of one kind

    def draw(self, *inside: Safe, description: str) -> Safe:
        """The box with its axes and everything `inside`, described for those who cannot see it."""
        drawn = tag("svg", self._axes(), *inside, class_="plot", role="img", aria_label=description)
        return tag("div", drawn, class_="frame", style=self._style())

    def _style(self) -> str:
        last = self.x.ticks(8)[-1:]
        right = max([12.0, *(width(tick.label) / 2 + 2 for tick in last)])
        top = 30 + ROW * self.rows_above
        box = f"aspect-ratio:{self.shape:.3f}" if self.shape else f"height:{self.height}px"
        bottom = 44 if self.x_name else 8
        sides = f"--left:{self._left():.0f}px;--right:{right:.0f}px;--top:{top}px;--bottom:{bottom}px"
        return f"{sides};{box}"

    def _left(self) -> float:
        """Pixels left of the box, for the labels of the y axis."""
        return max([self.left, *(width(tick.label) + 12 for tick in self._y_ticks())])

    def _axes(self) -> Safe:
        highest = -14 - ROW * self.rows_above
        names = join(
            tag("text", text(truncated(self.y_name, 44)), class_="name", x=-self._left(), y=highest),
            tag("text", text(truncated(self.x_name, 44)), class_="name end", x="100%", y="100%", dy=36),
        )
        return join(tag("g", *self._y_axis(), class_="y axis"), tag("g", *self._x_axis(), class_="x axis"), names)

    def _y_ticks(self) -> tuple[Tick, ...]:
        return self.y.ticks(5 if self.height > 100 else 2)

    def _y_axis(self) -> list[Safe]:
        return [_y_tick(tick, self.y) for tick in self._y_ticks()]

    def _x_axis(self) -> list[Safe]:
        base = tag("line", class_="base", x1="0", x2="100%", y1="100%", y2="100%")
        return [base, *x_labels(self.x)] if self.x_name else [base]


def x_labels(scale: Scale, y: str = "100%", target: int = 8) -> list[Safe]:
    """The ticks of an x axis at height y, those that fit a narrow page and those only a wide one has room for."""
    ticks = scale.ticks(target)
    narrow, wide = _uncrowded(ticks, NARROW), _uncrowded(ticks, WIDE)
    return [_x_tick(tick, scale, _kind(tick, narrow, wide), y) for tick in ticks]


def _kind(tick: Tick, narrow: set[float], wide: set[float]) -> str | None:
    """None for a tick labelled at any width, `wide` for one labelled on wide pages, `minor` for the rest."""
    if tick.value in narrow:
        return None
    return "wide" if tick.value in wide else "minor"


def _y_tick(tick: Tick, scale: Scale) -> Safe:
    """A line across the box and, for a major tick, its label at the left."""
    where = percent(1 - scale.at(tick.value))
    line = tag("line", x1="0", x2="100%", y1=where, y2=where, class_=None if tick.label else "minor")
    return join(line, tag("text", text(tick.label), x=-8, y=where, dy="0.33em")) if tick.label else line


def _x_tick(tick: Tick, scale: Scale, kind: str | None, y: str) -> Safe:
    """A short line below the box and its label."""
    line = tag("line", y2=5 if tick.label else 3)
    label = NOTHING if kind == "minor" else tag("text", text(tick.label), y=18, class_=kind)
    return tag("svg", line, label, class_="at", x=percent(scale.at(tick.value)), y=y)


def _uncrowded(ticks: Sequence[Tick], room: float) -> set[float]:
    """The labelled ticks that fit into `room` pixels: every first, second, third … one, zero among them."""
    labelled = [tick for tick in ticks if tick.label]
    if not labelled:
        return set()
    each = max(width(tick.label) for tick in labelled) + 12
    stride = max(1, -(-int(len(labelled) * each) // int(room)))
    zero = next((index for index, tick in enumerate(labelled) if tick.value == 0), 0)
    return {tick.value for tick in labelled[zero % stride :: stride]}


def stretched(*drawn: Safe) -> Safe:
    """The inner SVG, stretched over the box: `UNITS` wide and high, y downwards."""
    box = f"0 0 {UNITS} {UNITS}"
    return tag("svg", *drawn, class_="data", viewBox=box, preserveAspectRatio="none")


def hang(u: float, v: float, *drawn: Safe) -> Safe:
    """Something drawn in pixels round the point (u, v) of the box; u runs right and v up, both 0 to 1."""
    return tag("svg", *drawn, class_="at", x=percent(u), y=percent(1 - v))
