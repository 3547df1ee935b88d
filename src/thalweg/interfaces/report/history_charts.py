"""Charts of what was measured on the way, whatever its names: for loops and functions that are not ours."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from math import ceil

import numpy as np

from thalweg.descent.trail import Steps
from thalweg.formulas.arrays import Array
from thalweg.interfaces.report import charts
from thalweg.interfaces.report.charts import Event, Figure, Series
from thalweg.interfaces.report.conclusions import named
from thalweg.interfaces.report.sections import FEWEST_RATIOS, MOST_LAYERS

History = Callable[[str], tuple[Array, Array]]  # measure -> (t, value)

PARTS = {
    "train": "training",
    "validation": "validation",
    "valid": "validation",
    "val": "validation",
    "dev": "validation",
    "test": "test",
}
MOST_CHARTS = 12  # of measures; more are listed
MOST_POINTS = 250  # of a line over the steps
NORMS = {"grad_norm": "gradient", "update_norm": "update", "param_norm": "parameters"}


def grouped(measures: Iterable[str]) -> dict[str, dict[str, str]]:
    """{measure: {part: name}}, so that train_accuracy and val_accuracy share a chart."""
    found: dict[str, dict[str, str]] = {}
    for name in measures:
        part, _, base = name.partition("_")
        if part not in PARTS or not base:
            part, base = "", name
        found.setdefault(base, {})[PARTS.get(part, named(base))] = name
    return found


def loss_figure(steps: Steps, history: History, measures: Iterable[str], events: Sequence[Event]) -> Figure:
    """The loss of every step, and the losses that were evaluated."""
    series = [_medians("steps", steps["t"], steps["loss"])]
    for part, name in grouped(measures).get("loss", {}).items():
        t, value = history(name)
        series.append(Series(part, value, x=t))
    return charts.lines("Loss", series, x="step", y="loss", events=events, note=_width_note(steps))


def measure_figures(history: History, measures: Iterable[str]) -> list[Figure]:
    """One chart for each measure but the loss, at most 12, its parts together."""
    groups = {base: parts for base, parts in grouped(measures).items() if base != "loss"}
    found = []
    for base, parts in list(groups.items())[:MOST_CHARTS]:
        series = [Series(part, history(name)[1], x=history(name)[0]) for part, name in parts.items()]
        title = named(base)
        found.append(charts.lines(title[:1].upper() + title[1:], series, x="step", y=named(base)))
    return found


def norm_figures(steps: Steps, events: Sequence[Event]) -> list[Figure]:
    """Gradient, update and parameter norms as far as they are known; update ratios array by array."""
    norms = {word: steps[name] for name, word in NORMS.items() if np.isfinite(steps[name]).any()}
    found = []
    if norms:
        series = [_medians(word, *_known(steps, norm)) for word, norm in norms.items()]
        note = f"The update is the way to the next step's parameters. {_width_note(steps)}".strip()
        found.append(charts.lines("Norms", series, x="step", y="Euclidean norm", log=True, events=events, note=note))
    updates, params = steps.matching("update_norm"), steps.matching("param_norm")
    with np.errstate(divide="ignore", invalid="ignore"):
        ratios = {name: updates[name] / np.where(params[name] > 0, params[name], np.nan) for name in updates}
    drawn = [name for name, ratio in ratios.items() if np.isfinite(ratio).sum() >= FEWEST_RATIOS][:MOST_LAYERS]
    if len(drawn) > 1:
        series = [replace(_medians(name, *_known(steps, ratios[name])), lo=None, hi=None) for name in drawn]
        note = "‖update‖ / ‖parameters‖ of each array, where they are not all 0; about 1e-3 is a common rule of thumb."
        found.append(
            charts.lines("Update ratio by array", series, x="step", y="ratio", log=True, events=events, note=note)
        )
    return found


def _known(steps: Steps, column: Array) -> tuple[Array, Array]:
    """(t, values) without what is nan although the loss was fine: nobody told it."""
    told = ~np.isnan(column) | ~np.isfinite(steps["loss"])
    return steps["t"][told], column[told]


def _medians(name: str, t: Array, y: Array) -> Series:
    """A line of every step; of many steps, medians of as many as it takes, with their range.

    What is not finite to the end stays one point, at which the line breaks off.
    """
    known = int(np.flatnonzero(np.isfinite(y))[-1]) + 1 if np.isfinite(y).any() else 0
    size = _width(known)
    if size == 1:
        return Series(name, y[: known + 1], x=t[: known + 1])
    starts = np.arange(0, known, size)
    with np.errstate(invalid="ignore"):
        medians = [np.median(y[start : min(start + size, known)]) for start in starts]
        low, high = np.minimum.reduceat(y[:known], starts), np.maximum.reduceat(y[:known], starts)
    middle = t[np.minimum(starts + size // 2, known - 1)]
    rest = y[known : known + 1]
    line, lo, hi = (np.append(part, rest) for part in (medians, low, high))
    return Series(name, line, x=np.append(middle, t[known : known + 1]), lo=lo, hi=hi)


def _width(count: int) -> int:
    """How many steps one point stands for."""
    return 1 if count <= 2 * MOST_POINTS else ceil(count / MOST_POINTS)


def _width_note(steps: Steps) -> str:
    size = _width(int(np.isfinite(steps["loss"]).sum()))
    return f"Points are medians of {size} steps, with their range shaded." if size > 1 else ""


def diverged_event(steps: Steps, t: int) -> list[Event]:
    """The mark at the last step that has a place on the axis."""
    last = t if t and np.isfinite(steps["loss"][t - 1]) else t - 1
    return [Event(max(1, last), f"diverged at step {t}", kind="bad")]


def rate_figure(steps: Steps) -> list[Figure]:
    """The learning rate, where it changed."""
    lr = steps["lr"]
    known = lr[np.isfinite(lr)]
    if not len(known) or (known == known[0]).all():
        return []
    return [charts.lines("Learning rate", [Series("lr", lr, x=steps["t"])], x="step", y="learning rate")]
