"""report.html of a single run."""

from datetime import datetime
from pathlib import Path

from thalweg import __version__
from thalweg.descent.files import write_whole
from thalweg.descent.header import header
from thalweg.descent.run import Run
from thalweg.interfaces.report.blocks import Block, Callout, Code, Facts
from thalweg.interfaces.report.charts import Event
from thalweg.interfaces.report.conclusions import named
from thalweg.interfaces.report.history_charts import (
    diverged_event,
    loss_figure,
    measure_figures,
    norm_figures,
    rate_figure,
)
from thalweg.interfaces.report.page import Section, render_page
from thalweg.interfaces.report.sections import loss_chart, measure_chart, norm_charts, told
from thalweg.problems.sections import Custom

MOST_SHOWN = 16  # numbers of a start that the page repeats


def write_run_page(run: Run, folder: Path, command: str) -> Path:
    """Write folder/report.html."""
    best = run.best_evaluation
    parts = {"train_": "training", "validation_": "validation"}
    measures = [
        (f"{part} {named(k.removeprefix(p))}", best[k]) for p, part in parts.items() for k in best if k.startswith(p)
    ]
    sentence = run.stopped.sentence[:1].upper() + run.stopped.sentence[1:] + "."
    findings: list[Block] = [
        Callout("bad" if run.diverged else "good", sentence, f"Best weights at step {run.best_t}."),
        Facts(measures),
    ]
    return write_page(
        folder,
        f"Run: {folder.name}",
        [("What came of it", "findings", findings), ("Curves", "curves", _curves(run)), header_section(run)],
        command,
    )


def _curves(run: Run) -> list[Block]:
    if not isinstance(run.spec.problem, Custom):
        return [loss_chart(run), *([chart] if (chart := measure_chart(run)) else []), *norm_charts(run)]
    names = [name for name in run.final if name.startswith(("train_", "validation_"))]
    if run.problem.objective.examples == 1:  # every step has the loss already
        names.remove("train_loss")
    events = [Event(run.best_t, f"best weights, step {run.best_t}", kind="good")]
    if run.diverged:
        events += diverged_event(run.steps, run.state.t)
    return [
        loss_figure(run.steps, run.history, names, events),
        *measure_figures(run.history, names),
        *norm_figures(run.steps, events),
        *rate_figure(run.steps),
    ]


def header_section(run: Run) -> tuple[str, str, list[Block]]:
    """The run header and the Spec."""
    head = header(run.spec, run.problem)
    facts = [(name.replace("_", " "), told(value)) for name, value in head.items() if name != "problem"]
    if not isinstance(run.spec.problem, Custom):
        return "How it was run", "header", [Facts(facts), Code(run.spec.to_toml())]
    about = (
        f"A function of your own: {run.spec.problem.label}. This folder holds numbers, not your code, and cannot run "
        "it again by itself; in Python, `tw.minimize` with these settings does."
    )
    spec, count = run.spec, len(run.spec.problem.start)
    if count > MOST_SHOWN:
        spec, about = spec.but(start=()), f"{about} Its start of {count:,} numbers is in spec.toml."
    return "How it was run", "header", [about, Facts(facts), Code(spec.to_toml())]


def write_page(folder: Path, title: str, sections: list[tuple[str, str, list[Block]]], command: str) -> Path:
    """Render sections into folder/report.html."""
    now = datetime.now().astimezone()
    text = render_page(
        title,
        "",
        [Section(*section) for section in sections],
        command=command,
        generated=f"thalweg {__version__}, {now:%Y-%m-%d %H:%M %Z}",
    )
    path = folder / "report.html"
    write_whole(path, text.encode())
    return path
