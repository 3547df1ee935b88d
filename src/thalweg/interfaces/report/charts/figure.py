"""A figure: title, legend, drawing, note, and the numbers behind it as a table."""

from collections.abc import Sequence
from dataclasses import dataclass

from thalweg.interfaces.report.charts.markup import NOTHING, Safe, data_script, tag, text
from thalweg.interfaces.report.charts.wording import short


@dataclass(frozen=True)
class Figure:
    """A finished chart. Templates print it as it is (`__html__`), because it is already markup."""

    title: str
    html: Safe

    def __html__(self) -> str:
        return self.html

    __str__ = __html__


@dataclass(frozen=True)
class Numbers:
    """The table behind a chart: a header and rows of text and numbers."""

    header: Sequence[str]
    rows: Sequence[Sequence[object]]


def figure(
    kind: str,
    title: str,
    drawing: Safe,
    *,
    numbers: Numbers | None = None,
    legend: Safe = NOTHING,
    note: str = "",
    data: object = None,
) -> Figure:
    """Put a figure together. `kind` is its CSS class, `data` is what the script needs to answer the mouse."""
    parts = [
        tag("figcaption", text(title)),
        legend,
        drawing,
        tag("p", text(note), class_="note") if note else NOTHING,
        _table(numbers) if numbers and numbers.rows else NOTHING,
        data_script(data) if data is not None else NOTHING,
    ]
    return Figure(title, tag("figure", *parts, class_=f"chart {kind}"))


def nothing_to_draw(kind: str, title: str, note: str = "") -> Figure:
    """The figure shown where no number is finite, rather than an error or an empty box."""
    box = tag("div", text("nothing finite to draw"), class_="nothing", role="img", aria_label=title)
    return figure(kind, title, box, note=note)


def cell(value: object) -> str:
    """A value as a table shows it."""
    return short(value) if isinstance(value, float) else str(value)


def _table(numbers: Numbers) -> Safe:
    head = tag("tr", *(tag("th", text(name), scope="col") for name in numbers.header))
    body = (tag("tr", *(_cell(value) for value in row)) for row in numbers.rows)
    table = tag("table", tag("thead", head), tag("tbody", *body))
    scroll = tag("div", table, class_="scroll", tabindex="0", role="region", aria_label="the numbers")
    return tag("details", tag("summary", text("the numbers")), scroll, class_="numbers")


def _cell(value: object) -> Safe:
    is_number = isinstance(value, (int, float))
    return tag("td", text(cell(value)), class_="number" if is_number else None)


def sentences(*parts: str) -> str:
    """A note out of several sentences, without the empty ones."""
    return " ".join(part for part in parts if part)
