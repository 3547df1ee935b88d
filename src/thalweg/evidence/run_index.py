"""All runs below a folder, one row each: runs, recordings, studies with their members folded away, and what is broken.

A row is flat: where the run is, what came of it, and every setting under its own name.
"""

import csv
import os
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from thalweg.descent.complaint import no_such
from thalweg.descent.run_summary import MARKS, Summary, summarise
from thalweg.errors import FolderError
from thalweg.problems.words import listed

DEEPEST = 6  # folders below the root
Row = dict[str, Any]
FIRST = (  # columns of every row, in their order; settings follow
    *("run", "kind", "study", "members", "data", "rule", "lr", "schedule", "batch", "batch_size", "t", "steps", "seed"),
    *("best_loss", "measure", "best_step", "stopped", "why", "finished", "seconds", "folder"),
)


@dataclass(frozen=True)
class Found:
    """A folder that is a run's (summary) or a study's (members: how many runs it holds). study: the one around it."""

    name: str
    folder: Path
    study: str = ""
    summary: Summary | None = None
    title: str = ""
    members: int = 0
    strange: str = ""

    @property
    def row(self) -> Row:
        """One flat row."""
        summary = self.summary or Summary(self.folder, "foreign", why=self.strange)
        row = run_row(summary)
        row |= {"run": self.name, "study": self.study or None, "folder": str(self.folder)}
        if self.title:
            row |= {"kind": self.title, "members": self.members}
        if self.strange:
            row["why"] = self.strange
        return {**{name: row.pop(name, None) for name in FIRST}, **row}


def find_runs(root: Path, *, members: bool = False) -> list[Found]:
    """Everything below the root, newest first. members: the runs inside studies, too. The root may be one run."""
    if not root.is_dir():
        raise FolderError(f"no folder {root}; give the folder that run folders are in")
    if _is_run(root):
        return [Found(root.name or str(root), root, summary=summarise(root))]
    found = list(_below(root, root, members, inside=(root / "study.toml").is_file()))
    return sorted(found, key=lambda one: _time(one.summary), reverse=True)


def _time(summary: Summary | None) -> datetime:
    return (summary.finished if summary else None) or datetime.min


def _below(folder: Path, root: Path, members: bool, *, inside: bool = False, study: str = "") -> Iterator[Found]:
    """What is in a folder. inside: its study is looked into."""
    for child in _folders(folder):
        name = str(child.relative_to(root))
        if _is_run(child):
            yield Found(name, child, study, summarise(child))
        elif (child / "study.toml").is_file() and not inside and not members:
            yield study_of(name, child)
        elif len(child.relative_to(root).parts) < DEEPEST:
            within = study or (name if (child / "study.toml").is_file() else "")
            deeper = list(_below(child, root, members, inside=inside, study=within))
            if not deeper and folder == root:
                yield Found(name, child, strange=_strange(child))
            yield from deeper


def _folders(folder: Path) -> list[Path]:
    try:
        with os.scandir(folder) as entries:
            names = [entry.name for entry in entries if entry.is_dir() and not entry.name.startswith((".", "__"))]
    except OSError:  # not ours to read
        return []
    return [folder / name for name in sorted(names)]


def _is_run(folder: Path) -> bool:
    try:
        names = set(os.listdir(folder))  # noqa: PTH208 - names are all that is asked
    except OSError:
        return False
    return bool(names & MARKS) or {"header.json", "metrics.jsonl"} <= names


def _strange(folder: Path) -> str:
    """Why a folder is listed though it is no run's."""
    try:
        names = sorted(path.name for path in folder.iterdir())
    except OSError as error:
        return f"cannot be read: {error.strerror}"
    if not names:
        return "an empty folder: nothing was written into it"
    return f"no files of a run, but {listed(names, 3)}"


def study_of(name: str, folder: Path) -> Found:
    """A study in one row: its title, how many runs it holds, and the one that it chose, or whose loss is lowest."""
    title, strange = _title(folder)
    rows = _table(folder)
    chosen = folder / "final"
    if not _is_run(chosen):
        chosen = _place(folder, _lowest(rows))
    summary = summarise(chosen) if _is_run(chosen) else None
    if not rows and not strange:
        go_on = f"; go on with thalweg report --resume {folder}" if title == "report" else ""
        strange = f"not finished: it has no table of runs yet{go_on}"
    members = len(rows) or sum(1 for _ in _below(folder, folder, members=True, inside=True))
    return Found(name, folder, "", summary, title, members, strange)


def _title(folder: Path) -> tuple[str, str]:
    """(what kind of study it is, what is wrong with it)."""
    try:
        about = tomllib.loads((folder / "study.toml").read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        return "study", f"study.toml cannot be read: {error}"
    return ("report" if "request" in about else str(about.get("title", "study"))), ""


def _table(folder: Path) -> list[Mapping[str, str]]:
    try:
        with (folder / "table.csv").open(newline="", encoding="utf-8") as file:
            return list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError, csv.Error):
        return []


def _lowest(rows: Sequence[Mapping[str, str]]) -> Mapping[str, str]:
    """The row of the run with the lowest watched loss."""
    known = [(value, row) for row in rows if (value := _number(row.get("best_loss"))) is not None]
    return min(known, key=lambda pair: pair[0], default=(0.0, {}))[1]


def _number(text: str | None) -> float | None:
    try:
        value = float(text or "nan")
    except ValueError:
        return None
    return value if value == value else None  # noqa: PLR0124 - nan


def _place(folder: Path, row: Mapping[str, str]) -> Path:
    """The folder of a row of the table: directly in the study, or in the part of it that the row names."""
    name = row.get("run") or ""
    parts = [row.get("study") or "", row.get("rule") or "", ""]
    places = [folder / part / name for part in parts if name]
    return next((place for place in places if place.is_dir()), folder)


def run_row(summary: Summary) -> Row:
    """The columns of one run. A setting never hides a result of the same name."""
    settings, header = dict(summary.settings), summary.header
    best = {
        name: value for name, value in summary.best.items() if name not in ("t", "epoch", "samples", "seconds", "lr")
    }
    problem = header.get("problem")
    problem = problem if isinstance(problem, dict) else {}
    about = {
        "run": summary.folder.name,
        "kind": summary.kind,
        "data": _data(settings),
        "batch": header.get("batch_size"),
        "t": summary.t if summary.kind in ("run", "recorded") else None,
        "best_loss": best.get(summary.measure),
        "measure": summary.measure or None,
        "best_step": summary.best.get("t"),
        "stopped": summary.stopped or None,
        "why": summary.why or None,
        "finished": summary.finished,
        "seconds": summary.last.get("seconds"),
        "folder": str(summary.folder),
        "parameters": problem.get("parameters"),
        "train_rows_used": (problem.get("rows") or {}).get("train"),
    }
    final = {f"final_{name}": value for name, value in summary.last.items() if name in best and name != "t"}
    return {**settings, **about, **best, **final}


def _data(settings: Mapping[str, Any]) -> str | None:
    """What was learned from, in a word."""
    if settings.get("query"):
        return "query"
    source = settings.get("source") or settings.get("surface") or settings.get("label") or settings.get("data")
    return Path(str(source)).name if source else None


def columns_of(rows: Iterable[Row]) -> list[str]:
    """All columns of the rows, in the order in which they come up."""
    found: dict[str, None] = dict.fromkeys(FIRST)
    for row in rows:
        found |= dict.fromkeys(row)
    return list(found)


def find_run(name: str, root: Path) -> Path:
    """The folder of a run that a person names: a path, or the name of one below the folder of all runs."""
    for place in (Path(name).expanduser(), root / name):
        if place.is_dir():
            return place
    known = [one.name for one in find_runs(root)] if root.is_dir() else []
    if not known:
        raise FolderError(f"no run {name!r}, and no runs in {root}")
    raise FolderError(f"{no_such('run', name, known).rstrip(' ')}; thalweg runs lists all".replace("?;", "?"))
