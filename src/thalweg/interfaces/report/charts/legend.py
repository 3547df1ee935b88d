"""The legend: a sample of each line with its colour and dash, which the script turns into a switch."""

from collections.abc import Sequence

from thalweg.interfaces.report.charts.marks import series_class
from thalweg.interfaces.report.charts.markup import NOTHING, Safe, tag, text
from thalweg.interfaces.report.charts.wording import truncated


def legend(names: Sequence[str], *, always: bool = False) -> Safe:
    """One entry per name; none for a single series, which the axis names already (unless `always`)."""
    if len(names) < 2 and not always:
        return NOTHING
    return tag("div", *(entry(index, name) for index, name in enumerate(names)), class_="legend")


def entry(index: int, name: str) -> Safe:
    """Line sample and name of the nth series."""
    sample = tag("svg", tag("line", x1="0", x2="26", y1="6", y2="6", class_="line"), class_="sample")
    label = tag("span", text(truncated(name, 40)), title=name if len(name) > 40 else None)
    return tag("span", sample, label, class_=f"key {series_class(index)}", data_series=index)
