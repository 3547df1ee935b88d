"""A workup's study folder, and whether its numbers come back.

study.toml     what was asked         results.json   what was found      table.csv, table.md   every run
final/         the chosen run         sweep-…/, ablations/, schedules/, batches/, optimizers/   the trials
"""

import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from thalweg.descent.evaluations import Evaluation
from thalweg.descent.files import write_whole
from thalweg.descent.folder import Writer, as_json, lines, load_run, start_folder
from thalweg.descent.run import Run
from thalweg.errors import FolderError
from thalweg.evidence.results import results, studies
from thalweg.evidence.study import Note, Row, as_csv, log_row, save_json, save_table
from thalweg.evidence.workup import Request, Workup

TRIALS = "trials"  # finished runs of a report that is still at work; gone when it is done
NOTE = Note(
    objective="a trustworthy model of this table, and what its training depends on",
    success="preflight passes, the final run converges or stops early without divergence, and the test rows agree "
    "with the validation rows",
    changed="learning rate, rule, batch size, schedule, L2 and clipping, one at a time",
    next_test="what the conclusions name as untested or on the edge",
)


def begin_folder(folder: Path, request: Request, command: str) -> None:
    """What was asked, before anything runs."""
    about = {"command": command, "note": msgspec.to_builtins(NOTE), "request": _plain(request)}
    write_whole(folder / "study.toml", msgspec.toml.encode(about))


def _plain(request: Request) -> dict[str, Any]:
    plain: dict[str, Any] = msgspec.to_builtins(request)
    plain["spec"] = msgspec.toml.decode(request.spec.to_toml())
    return plain


def read_request(folder: Path) -> tuple[Request, str]:
    """The request of a study folder, and the command that made it."""
    path = folder / "study.toml"
    if not path.is_file():
        raise FolderError(f"{folder} has no study.toml; give a folder that thalweg report made")
    try:
        about = msgspec.toml.decode(path.read_bytes())
        return msgspec.convert(about["request"], Request), str(about["command"])
    except (msgspec.DecodeError, msgspec.ValidationError, KeyError) as error:
        raise FolderError(f"{path} is not what thalweg report wrote ({error}); make the report anew") from None


def save_workup(workup: Workup, folder: Path) -> None:
    """Write all runs, tables and results into the folder, over what an interrupted attempt may have left."""
    for name, study in studies(workup).items():
        shutil.rmtree(folder / name, ignore_errors=True)
        study.save(folder / name)
    shutil.rmtree(folder / "final", ignore_errors=True)
    (final := folder / "final").mkdir()
    start_folder(final, workup.run)
    Writer(final).end(workup.run)
    save_table(folder, _rows(workup))
    save_json(folder / "results.json", results(workup))


def _rows(workup: Workup) -> list[Row]:
    """The tuning log of everything that was run."""
    rows = [{"study": name, **row} for name, study in studies(workup).items() for row in study.table]
    return [*rows, {"study": "final", **log_row("final", workup.run)}]


@dataclass(frozen=True)
class Difference:
    """A number that did not come back."""

    where: str
    stored: Any
    now: Any


@dataclass(frozen=True)
class Stored:
    """What a study folder holds: results.json, table.csv, and its runs with their metrics.jsonl by their folders."""

    results: dict[str, Any]
    table: str
    runs: dict[str, Run]
    metrics: dict[str, list[Evaluation]]


def read_stored(folder: Path) -> Stored:
    """Everything of a finished study folder. Raises FolderError for whatever is missing or damaged."""
    path = folder / "results.json"
    if not path.is_file():
        raise FolderError(f"{folder} has no results.json; its report was not finished, so make it anew")
    try:
        found = msgspec.json.decode(path.read_bytes(), type=dict[str, Any])
        studies = sorted(folder.glob("*/study.toml"))
        listed = {study.parent.name: msgspec.toml.decode(study.read_bytes())["holds"] for study in studies}
        names = ["final", *(f"{study}/{name}" for study, runs in listed.items() for name in runs)]
        runs = {name: load_run(folder / name, trust=True) for name in names}
        metrics = {name: _decoded((folder / name / "metrics.jsonl").read_bytes()) for name in names}
        table = (folder / "table.csv").read_text(encoding="utf-8")
    except FolderError:
        raise
    except (msgspec.DecodeError, msgspec.ValidationError, KeyError, UnicodeDecodeError, OSError) as error:
        raise FolderError(f"{folder} is damaged: a file is not what thalweg wrote ({error}); make it anew") from None
    return Stored(found, table, runs, metrics)


def verify(kept: Stored, workup: Workup) -> tuple[int, list[Difference]]:
    """(numbers compared, those that differ) between a folder and the same request worked up again."""
    stored = dict(kept.results)
    now = msgspec.json.decode(as_json(results(workup)))
    for side in (stored, now):
        for key in ("versions", "machine", "git_commit", "threads"):
            side.get("header", {}).pop(key, None)
    pairs = list(_pairs("results", stored, now))
    for name, study in studies(workup).items():
        for run_name, run in zip(study.names, study.runs, strict=True):
            pairs += _run_pairs(f"{name}/{run_name}", kept, run)
    pairs += _run_pairs("final", kept, workup.run)
    pairs += _pairs("table.csv", kept.table.splitlines(), as_csv(_rows(workup)).splitlines())
    return len(pairs), [Difference(*pair) for pair in pairs if not _equal(pair[1], pair[2])]


def _pairs(where: str, stored: Any, now: Any) -> Iterator[tuple[str, Any, Any]]:
    """Every leaf of two nested structures, side by side."""
    if isinstance(stored, dict) and isinstance(now, dict):
        for key in sorted(stored.keys() | now.keys()):
            yield from _pairs(f"{where}.{key}", stored.get(key, "missing"), now.get(key, "missing"))
    elif isinstance(stored, list) and isinstance(now, list) and len(stored) == len(now):
        for i, (a, b) in enumerate(zip(stored, now, strict=True)):
            yield from _pairs(f"{where}[{i}]", a, b)
    else:
        yield where, stored, now


def _run_pairs(name: str, kept: Stored, run: Run) -> list[tuple[str, Any, Any]]:
    """Every number of a run's folder beside the same number of the run just made, except wall-clock times."""
    if name not in kept.runs:
        return [(name, "missing", "a run")]
    stored = kept.runs[name]
    pairs: list[tuple[str, Any, Any]] = []
    for part, a, b in (("w", stored.state.w, run.state.w), ("slots", stored.state.slots, run.state.slots)):
        pairs += _array_pairs(f"{name}.{part}", a, b)
    pairs += _array_pairs(f"{name}.best", stored.best, run.best)
    for column in run.steps.columns:
        if column != "seconds":
            pairs += _array_pairs(f"{name}.{column}", stored.steps[column], run.steps[column])
    pairs += _pairs(f"{name}.evaluations", _clockless(stored.evaluations), _clockless(run.evaluations))
    pairs += _pairs(
        f"{name}/metrics.jsonl", _clockless(kept.metrics[name]), _clockless(_decoded(lines(run.evaluations)))
    )
    return pairs


def _array_pairs(where: str, stored: Any, now: Any) -> list[tuple[str, Any, Any]]:
    if stored.shape != now.shape:
        return [(f"{where}.shape", stored.shape, now.shape)]
    return [(where, a, b) for a, b in zip(stored.ravel().tolist(), now.ravel().tolist(), strict=True)]


def _decoded(lines: bytes) -> list[dict[str, Any]]:
    return [msgspec.json.decode(line, type=dict[str, Any]) for line in lines.splitlines()]


def _clockless(evaluations: Sequence[Evaluation]) -> list[Evaluation]:
    return [{name: value for name, value in entry.items() if name != "seconds"} for entry in evaluations]


def _equal(a: Any, b: Any) -> bool:
    if isinstance(a, float) and isinstance(b, float) and np.isnan(a) and np.isnan(b):
        return True
    return bool(a == b)
