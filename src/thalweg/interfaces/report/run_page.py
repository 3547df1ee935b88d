"""report.html of a single run."""

from datetime import datetime
from pathlib import Path

from thalweg import __version__
from thalweg.descent.files import write_whole
from thalweg.descent.header import header
from thalweg.descent.run import Run
from thalweg.interfaces.report.blocks import Block, Callout, Code, Facts
from thalweg.interfaces.report.conclusions import named
from thalweg.interfaces.report.page import Section, render_page
from thalweg.interfaces.report.sections import loss_chart, measure_chart, norm_charts, told


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
    curves: list[Block] = [loss_chart(run), *([chart] if (chart := measure_chart(run)) else []), *norm_charts(run)]
    return write_page(
        folder,
        f"Run: {folder.name}",
        [("What came of it", "findings", findings), ("Curves", "curves", curves), header_section(run)],
        command,
    )


def header_section(run: Run) -> tuple[str, str, list[Block]]:
    """The run header and the Spec."""
    head = header(run.spec, run.problem)
    facts = [(name.replace("_", " "), told(value)) for name, value in head.items() if name != "problem"]
    return "How it was run", "header", [Facts(facts), Code(run.spec.to_toml())]


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
