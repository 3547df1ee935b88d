"""Events on the x axis: a line across the box with its text above, in as many rows as keep texts apart.

Texts are placed for the narrowest plot. What keeps apart there keeps apart on any wider one, because places
move away from each other while texts keep their size.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from thalweg.interfaces.report.charts.markup import Safe, tag, text
from thalweg.interfaces.report.charts.plot import NARROW, ROW, hang
from thalweg.interfaces.report.charts.scale import Scale
from thalweg.interfaces.report.charts.wording import truncated, width


@dataclass(frozen=True)
class Event:
    """Something that happened at x. kind: `info`, `good` or `bad`."""

    x: float
    text: str
    kind: str = "info"


@dataclass(frozen=True)
class Placed:
    """An event with its fraction of the axis, its row (0 is nearest to the box) and where its text starts."""

    event: Event
    u: float
    row: int
    start: float  # pixels from the event's line, at any width

    @property
    def is_left(self) -> bool:
        """Whether the text ends at the line, rather than starting at it or going across."""
        return self.start == -_room(self.event.text)

    @property
    def span(self) -> tuple[float, float]:
        """From where to where the text goes on the narrowest plot."""
        begin = self.u * NARROW + self.start
        return begin, begin + width(_shown(self.event.text)) + 10


def place(events: Iterable[Event], scale: Scale) -> list[Placed]:
    """Give every event on the scale a row in which its text meets no other and few lines cross it."""
    found = [event for event in events if scale.holds(event.x)]
    waiting = [Placed(event, u, 0, _start(u, event.text)) for event in found for u in [scale.at(event.x)]]
    placed: list[Placed] = []
    for one in sorted(waiting, key=lambda p: (p.start < 0, p.u if p.start < 0 else -p.u)):
        tried = [replace(one, row=row) for row in range(rows(placed) + 1)]
        free = [t for t in tried if not any(_meet(t, other) for other in placed)]
        placed.append(min(free, key=lambda t: (_crossings(t, placed), t.row)))
    return placed


def _meet(one: Placed, other: Placed) -> bool:
    return one.row == other.row and one.span[0] < other.span[1] and other.span[0] < one.span[1]


def _crossings(one: Placed, placed: Iterable[Placed]) -> int:
    """How many texts the line of `one` would go through, and how many lines its text would be in the way of."""
    return sum(_crosses(one, other) + _crosses(other, one) for other in placed)


def _crosses(upper: Placed, lower: Placed) -> bool:
    return upper.row > lower.row and lower.span[0] < upper.u * NARROW < lower.span[1]


def _shown(words: str) -> str:
    return truncated(words, 38)


def _room(words: str) -> float:
    return width(_shown(words)) + 4


def _start(u: float, words: str) -> float:
    """Right of the line if the text ends near the box's edge, left of it if it fits there, else centred."""
    long = _room(words)
    if u * NARROW + long <= NARROW + 10:
        return 4
    if u * NARROW - long >= -30:
        return -long
    return NARROW / 2 - u * NARROW - long / 2


def rows(placed: Iterable[Placed]) -> int:
    """How many rows of text the events need above the box."""
    return max((p.row + 1 for p in placed), default=0)


def drawn(placed: Sequence[Placed], first_row: int = 0) -> list[Safe]:
    """The lines and over them the texts, to be put inside a plot with that many rows above."""
    return [_line(p, p.row + first_row) for p in placed] + [_words(p, p.row + first_row) for p in placed]


def _line(placed: Placed, row: int) -> Safe:
    line = tag("line", y1=-1 - ROW * row, y2="100%", class_=f"event {placed.event.kind}")
    return hang(placed.u, 1, line)


def _words(placed: Placed, row: int) -> Safe:
    label = text(_shown(placed.event.text))
    kind = f"event {placed.event.kind}"
    place = {"x": -4, "class_": f"{kind} end"} if placed.is_left else {"x": placed.start, "class_": kind}
    words = tag("text", label, y=-4 - ROW * row, **place)
    return hang(placed.u, 1, tag("g", tag("title", text(placed.event.text)), words))
