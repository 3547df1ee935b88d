"""A Study: a list of Specs, the table of their Runs, and why it was made. Sweeps, ablations, comparisons are Studies.

The table is the tuning log: one row for each run, whatever came of it.
"""

import csv
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from thalweg.descent.files import slug, write_whole
from thalweg.descent.folder import Writer, as_json, start_folder
from thalweg.descent.run import Run
from thalweg.descent.spec import Spec
from thalweg.descent.train import train_all
from thalweg.errors import SpecError
from thalweg.evidence.trials import RunAll

Row = dict[str, Any]
LONGEST = 50  # letters of a setting's name in the name of a folder


@dataclass(frozen=True)
class Note:
    """Why a study was made, when it counts as a success, what it changes, and what to test next."""

    objective: str
    success: str
    changed: str
    next_test: str = ""


@dataclass(frozen=True)
class Study:
    """names, specs and runs go together, one each."""

    title: str
    note: Note
    names: tuple[str, ...]
    specs: tuple[Spec, ...] = field(repr=False)
    runs: tuple[Run, ...] = field(repr=False)

    @property
    def table(self) -> list[Row]:
        """The tuning log, one row for each run."""
        return [log_row(name, run) for name, run in zip(self.names, self.runs, strict=True)]

    def save(self, folder: Path) -> None:
        """The study's folder: study.toml, table.csv, table.md, and a folder for each run."""
        folder.mkdir(parents=True, exist_ok=True)
        for name, run in zip(self.names, self.runs, strict=True):
            (own := folder / slug(name)).mkdir()
            start_folder(own, run)
            Writer(own).save(run)
        save_table(folder, self.table)
        save_about(folder, self.title, self.note, self.names)


def run_study(title: str, note: Note, named: Mapping[str, Spec], run_all: RunAll = train_all) -> Study:
    """Run the Specs, as populations where they differ only in numbers."""
    runs = run_all(list(named.values()))
    return Study(title, note, tuple(named), tuple(run.spec for run in runs), tuple(runs))


def by_seed(settings: Mapping[str, Spec], seeds: Sequence[int]) -> dict[str, Spec]:
    """{name of a run: Spec}: every setting on every seed, under names that can be folders."""
    folders = {name: _folder_name(name) for name in settings}
    if len(set(folders.values())) < len(settings) or len(set(seeds)) < len(seeds):
        known = ", ".join(map(repr, settings))
        raise SpecError(f"some of {known} with seeds {list(seeds)} are alike as folders; give other names or seeds")
    pairs = [(name, seed) for name in settings for seed in seeds]
    return {f"{folders[name]}-seed{seed}": settings[name].but(seed=seed) for name, seed in pairs}


def _folder_name(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9._]+", "-", name).strip("-.")[:LONGEST] or "run"


def save_about(folder: Path, title: str, note: Note, members: Sequence[str]) -> None:
    """study.toml: what a study is about, and the folders it holds."""
    about = {"title": title, "note": msgspec.to_builtins(note), "holds": list(members)}
    write_whole(folder / "study.toml", msgspec.toml.encode(about))


def log_row(name: str, run: Run) -> Row:
    """One row of the tuning log."""
    spec, best = run.spec, run.best_evaluation
    return {
        "run": name,
        "rule": spec.method.rule,
        "batch_size": spec.batch.batch_size or run.problem.objective.examples,
        "base_lr": spec.method.lr,
        "schedule": spec.method.schedule,
        "warmup": spec.method.warmup,
        "l2": getattr(spec.problem, "l2", 0.0),
        "clip_norm": spec.method.clip_norm or None,
        "patience": spec.stop.patience or None,
        "min_delta": spec.stop.min_delta,
        "seed": spec.seed,
        "steps": run.state.t,
        "final_train_loss": run.final.get("train_loss"),
        "best_loss": run.best_value,
        "best_step": run.best_t,
        "measure": "validation_loss" if "validation_loss" in best else "train_loss",
        "notes": run.stopped.sentence,
    }


def save_table(folder: Path, rows: Sequence[Row]) -> None:
    """table.csv and table.md, the same rows."""
    write_whole(folder / "table.csv", as_csv(rows).encode())
    write_whole(folder / "table.md", as_markdown(rows).encode())


def as_csv(rows: Sequence[Row]) -> str:
    """Rows as CSV; numbers in full, nothing where there is none."""
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]) if rows else [], lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def as_markdown(rows: Sequence[Row]) -> str:
    """Rows as a Markdown table; numbers to four digits."""
    if not rows:
        return "no runs\n"
    lines = [list(rows[0]), ["---"] * len(rows[0]), *([_cell(value) for value in row.values()] for row in rows)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _cell(value: Any) -> str:
    if value is None:
        return ""
    text = f"{value:.4g}" if isinstance(value, float) else str(value)
    return text.replace("|", "\\|").replace("\n", " ")


def save_json(path: Path, data: Any) -> None:
    """Plain data as indented JSON."""
    write_whole(path, as_json(data))
