"""report.html of a workup: which sections there are, and in which order."""

from datetime import datetime
from pathlib import Path

from thalweg import __version__
from thalweg.descent.files import write_whole
from thalweg.evidence.workup import Workup, fit_of
from thalweg.interfaces.report import data_sections, sections, trial_sections
from thalweg.interfaces.report.page import Section, render_page
from thalweg.problems.words import counted

TASKS = {"regression": "Regression", "binary": "Classification", "multiclass": "Classification"}


def write_page(workup: Workup, folder: Path, command: str) -> Path:
    """Write folder/report.html."""
    path = folder / "report.html"
    write_whole(path, page(workup, command, folder).encode())
    return path


def page(workup: Workup, command: str, folder: Path) -> str:
    """The whole page."""
    table = workup.problem.table
    source = table.source if table else "table"
    fit, now = fit_of(workup), datetime.now().astimezone()
    asked = f"{TASKS[fit.loss.task]} of {table.target if table else ''}"
    rows = counted(fit.examples, "training row")
    features = len(table.names) if table else 0
    return render_page(
        f"Training report: {source}",
        f"{asked} · {rows} · {counted(features, 'input')} · {counted(fit.size, 'parameter')}",
        [
            Section("Conclusions", "conclusions", sections.conclusions_blocks(workup)),
            Section("Data and splits", "data", data_sections.data_blocks(workup)),
            Section("Preflight", "preflight", sections.preflight_blocks(workup)),
            Section("The final run", "final", sections.final_blocks(workup)),
            Section("The test rows", "test", sections.test_blocks(workup)),
            Section("Learning-rate sweeps", "sweep", trial_sections.sweep_blocks(workup)),
            Section("Optimizers", "optimizers", trial_sections.optimizer_blocks(workup)),
            Section("Ablations", "ablations", trial_sections.ablation_blocks(workup)),
            Section("Schedules and batch sizes", "schedules", trial_sections.schedule_blocks(workup)),
            Section("How it was run", "header", sections.header_blocks(workup, folder)),
        ],
        command=command,
        generated=f"thalweg {__version__}, {now:%Y-%m-%d %H:%M %Z}",
    )
