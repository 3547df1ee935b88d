"""The confusion matrix: true classes down, predicted classes across, cells shaded by their share of the row."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike

from thalweg.formulas.arrays import Array
from thalweg.interfaces.report.charts.drawable import numbers
from thalweg.interfaces.report.charts.figure import Figure, Numbers, figure, nothing_to_draw, sentences
from thalweg.interfaces.report.charts.markup import Safe, tag, text
from thalweg.interfaces.report.charts.thinning import thinned_rows
from thalweg.interfaces.report.charts.wording import grouped, truncated, width

_MOST = 40  # classes; a larger matrix is no longer read but searched
_SHADES = 10
_LETTERS = 15
_SLOPE = 0.71  # sine of the 45° at which long column names stand


def confusion(title: str, counts: ArrayLike, names: Sequence[str] | None = None, *, note: str = "") -> Figure:
    """counts (K, K), true class by predicted class; names (K,) of the classes.

    Beyond the width of the page the matrix scrolls inside its own box; its text never shrinks.
    """
    found = np.nan_to_num(np.atleast_2d(numbers(counts)), nan=0.0)
    size = min(*found.shape, _MOST) if found.ndim == 2 else 0
    if not size or not found[:size, :size].any():
        return nothing_to_draw("confusion", title, note)
    kept = np.abs(found[:size, :size])
    classes = [str(name) for name in names or ()][:size]
    classes += [str(index) for index in range(len(classes), size)]
    matrix = _Matrix(kept, tuple(classes))
    box = tag("div", matrix.draw(title), class_="scroll", tabindex="0", role="region", aria_label=title)
    cut = f"The first {size} of {max(found.shape)} classes are shown." if size < max(found.shape) else ""
    said = sentences(note, "Each cell: rows, and their share of the true class.", cut)
    return figure("confusion", title, box, note=said, numbers=_numbers(kept, classes))


@dataclass(frozen=True)
class _Matrix:
    """counts (K, K) with the names (K,) of its classes, and where in pixels everything goes."""

    counts: Array
    names: tuple[str, ...]

    @cached_property
    def side(self) -> float:
        """Width of a cell: generous for few classes, never narrower than its number."""
        widest = max(width(_written(count), 13) for count in self.counts.ravel())
        return max(widest + 10, min(84.0, max(44.0, 300 / len(self.names))))

    @property
    def row(self) -> float:
        """Height of a cell."""
        return min(60.0, max(40.0, 0.75 * self.side))

    @cached_property
    def longest(self) -> float:
        """Width of the longest name."""
        return max(width(truncated(name, _LETTERS)) for name in self.names)

    @property
    def sloped(self) -> bool:
        """Whether the names of the columns have to stand aslant."""
        return self.longest > self.side - 4

    @property
    def left(self) -> float:
        """Where the first column starts."""
        return 34 + self.longest

    @property
    def top(self) -> float:
        """Where the first row starts."""
        return 30 + (_SLOPE * self.longest + 14 if self.sloped else 20)

    def draw(self, title: str) -> Safe:
        """The whole matrix."""
        size = len(self.names)
        wide = self.left + self.side * size + (_SLOPE * self.longest if self.sloped else 0) + 4
        high = self.top + self.row * size + 4
        whole = float(self.counts.sum())
        said = f"{title}: {size} classes, {100 * float(np.trace(self.counts)) / whole:.1f}% on the diagonal"
        parts = [*self._axis_names(), *self._class_names(), *self._cells()]
        return tag("svg", *parts, class_="matrix", width=wide, height=high, role="img", aria_label=said)

    def _axis_names(self) -> list[Safe]:
        middle = self.top + self.row * len(self.names) / 2
        turned = f"translate(12 {middle:.1f}) rotate(-90)"
        return [
            tag("text", text("predicted"), x=self.left, y=12.0, class_="name"),
            tag("text", text("true"), transform=turned, class_="name middle"),
        ]

    def _class_names(self) -> list[Safe]:
        drawn = []
        for index, name in enumerate(self.names):
            label = (tag("title", text(name)), text(truncated(name, _LETTERS)))
            y = self.top + self.row * (index + 0.5)
            drawn.append(tag("text", *label, x=self.left - 8, y=y, dy="0.33em", class_="end"))
            x = self.left + self.side * (index + 0.5)
            if self.sloped:
                turned = f"translate({x:.1f} {self.top - 8:.1f}) rotate(-45)"
                drawn.append(tag("text", *label, transform=turned, class_="sloped"))
            else:
                drawn.append(tag("text", *label, x=x, y=self.top - 8, class_="middle"))
        return drawn

    def _cells(self) -> list[Safe]:
        totals = self.counts.sum(axis=1, keepdims=True)
        shares = np.divide(self.counts, totals, out=np.zeros_like(self.counts), where=totals > 0)
        size = range(len(self.names))
        return [self._cell(i, j, float(self.counts[i, j]), float(shares[i, j])) for i in size for j in size]

    def _cell(self, i: int, j: int, count: float, share: float) -> Safe:
        """A shaded cell with its count and, under it, the share in percent; an empty cell stays quiet."""
        x, y = self.left + self.side * j, self.top + self.row * i
        shape = {"x": x + 1, "y": y + 1, "width": self.side - 2, "height": self.row - 2, "rx": 3}
        words = f"true {self.names[i]}, predicted {self.names[j]}: {_written(count)} ({100 * share:.1f}%)"
        said, box = tag("title", text(words)), tag("rect", **shape)
        middle, centre = x + self.side / 2, y + self.row / 2
        if not count:
            return tag("g", said, box, tag("text", text("0"), x=middle, y=centre + 4), class_="cell hnone")
        above = tag("text", text(_written(count)), x=middle, y=centre - 3, class_="count")
        below = tag("text", text(f"{100 * share:.0f}%"), x=middle, y=centre + 13)
        shade = min(_SHADES - 1, int(share * _SHADES))
        return tag("g", said, box, above, below, class_=f"cell h{shade}")


def _written(count: float) -> str:
    return grouped(float(count), 0) if abs(count) < 1e7 else f"{count:.1e}"


def _numbers(counts: Array, names: Sequence[str]) -> Numbers:
    rows = [[names[i], *(_written(float(count)) for count in counts[i])] for i in thinned_rows(len(names))]
    return Numbers(["true \\ predicted", *names], rows)
