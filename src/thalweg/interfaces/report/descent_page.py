"""report.html of a descent on a surface: the picture with the paths, the loss, the norms."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from thalweg.descent.run import Run
from thalweg.evidence.known_minimum import KnownMinimumCheck
from thalweg.formulas.arrays import Array
from thalweg.formulas.surfaces import Surface
from thalweg.interfaces.report import charts
from thalweg.interfaces.report.blocks import Block, Callout, Table
from thalweg.interfaces.report.charts import Series, Walk
from thalweg.interfaces.report.run_page import header_section, write_page
from thalweg.interfaces.report.sections import sentence_case

GRID = 120  # points along each side of a picture
ROOM = 0.05  # left around what is shown


def write_descent_page(
    runs: Mapping[str, Run], checks: Mapping[str, KnownMinimumCheck], folder: Path, command: str
) -> Path:
    """Write folder/report.html."""
    first = next(iter(runs.values()))
    surface = first.problem.surface
    assert surface is not None  # noqa: S101 - descend makes surfaces only
    rows = [
        [name, run.spec.method.lr, run.state.t, run.final["train_loss"], run.stopped.sentence]
        for name, run in runs.items()
    ]
    found: list[Block] = [Table(("rule", "lr", "steps", "final value", "what came of it"), rows)]
    found += [
        Callout("good" if c.passed else "warn", f"Known minimum, {name}", sentence_case(c.sentence))
        for name, c in checks.items()
    ]
    sections = [
        ("Where they went", "paths", [*picture(surface, runs), *found]),
        ("Step by step", "steps", step_charts(runs)),
        header_section(first),
    ]
    return write_page(folder, f"Descent: {surface.name}", sections, command)


def picture(surface: Surface, runs: Mapping[str, Run]) -> list[Block]:
    """A curve in one dimension, contours in two, nothing beyond."""
    paths = {name: inside(run.theta_history, surface.box) for name, run in runs.items()}
    note = (surface.doc.splitlines() or [""])[0]
    with np.errstate(over="ignore", invalid="ignore"):
        walks = [
            Walk(name, path[:, 0], path[:, 1] if surface.size == 2 else surface.value(path), loss=surface.value(path))
            for name, path in paths.items()
            if surface.size <= 2
        ]
    if surface.size == 1:
        low, high = surface.box[0]
        x = np.linspace(low, high, 4 * GRID)
        return [charts.curve(surface.name, x, surface.value(x[:, None]), walks, note=note)]
    if surface.size == 2:
        x, y = (np.linspace(low, high, GRID) for low, high in window(surface.box, paths))
        z = surface.value(np.stack(np.meshgrid(x, y), axis=-1))
        return [charts.contours(surface.name, x, y, z, walks, minimisers=surface.minimisers, note=note)]
    return [f"{surface.name} has {surface.size} dimensions, which no picture holds; the curves below show the descent."]


def inside(path: Array, box: Array) -> Array:
    """A path up to where it leaves the picture by more than ten times its size, for runs that diverge."""
    middle, size = box.mean(1), np.ptp(box, axis=1)
    far = ~np.isfinite(path).all(1) | (np.abs(path - middle) > 10 * size).any(1)
    return path[: int(np.argmax(far))] if far.any() else path


def window(box: Array, paths: Mapping[str, Array]) -> Array:
    """The box, widened to hold every path that stays within twice its size."""
    low, high = box[:, 0].astype(float), box[:, 1].astype(float)
    size = high - low
    for path in paths.values():
        near = path[((path > low - size) & (path < high + size)).all(1)]
        if len(near):
            low, high = np.minimum(low, near.min(0) - ROOM * size), np.maximum(high, near.max(0) + ROOM * size)
    return np.stack([low, high], 1)


def step_charts(runs: Mapping[str, Run]) -> list[Block]:
    """Value and norms at every step."""
    columns = {"Value": ("loss", "value"), "Gradient norm": ("grad_norm", "‖g‖"), "Step norm": ("update_norm", "‖Δθ‖")}
    return [
        charts.lines(title, [Series(name, run.steps[c], x=run.steps["t"]) for name, run in runs.items()], x="step", y=y)
        for title, (c, y) in columns.items()
    ]
