"""A recording's folder: header.json, metrics.jsonl, steps.bin, recording.json; steps.parquet when it is closed.

header.json is what the loop said of itself, with "kind": "recorded". recording.json names the columns of the
rows, and how it ended. Logs are appended to in blocks, and whole rows and lines are read back, so a process
that is killed at any point leaves a folder that can be read.
"""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from math import nan
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from thalweg.descent.evaluations import Evaluation
from thalweg.descent.files import append, plain_errors, write_whole
from thalweg.descent.folder import as_json, lines, write_parquet
from thalweg.descent.recording import Recording, ended
from thalweg.descent.stopping import Stopped
from thalweg.descent.trail import SIGNALS, Steps
from thalweg.errors import FolderError
from thalweg.formulas.arrays import Array

FORMAT = 1
ABOUT = "recording.json"
STEPS, WIDER = "steps.bin", "steps-wider.bin"  # the second, where more columns came up after rows had been written


@dataclass
class RecordingWriter:
    """Writes a recording while it goes on. Rows are handed over once they are complete."""

    folder: Path
    columns: tuple[str, ...] = SIGNALS
    rows: int = 0
    evaluations: int = 0
    _bytes: int = 0
    _file: str = STEPS

    def begin(self, header: dict[str, Any]) -> None:
        """What is known before the first step."""
        self.head(header)
        append(self.folder / "metrics.jsonl", b"", 0)
        self._about(ended("running", 0))

    def head(self, header: dict[str, Any]) -> None:
        """header.json, once more at the end, when more is known."""
        write_whole(self.folder / "header.json", as_json(header))

    def widen(self, columns: tuple[str, ...], rows: Array) -> None:
        """Other columns from now on, also of the rows (T, F) so far."""
        self.columns = columns
        if self.rows:
            write_whole(self.folder / WIDER, rows[: self.rows].astype("<f8").tobytes())
            self._file = WIDER
        self._about(ended("running", self.rows))
        if self._file == WIDER:
            (self.folder / STEPS).unlink(missing_ok=True)

    def write(self, rows: Array, evaluations: Sequence[Evaluation]) -> None:
        """Append what is new of all rows (T, F) and all evaluations."""
        width = 8 * len(self.columns)
        fresh = rows[self.rows :].astype("<f8").tobytes()
        append(self.folder / self._file, fresh, self.rows * width)
        self.rows = len(rows)
        self._bytes = append(self.folder / "metrics.jsonl", lines(evaluations[self.evaluations :]), self._bytes)
        self.evaluations = len(evaluations)

    def end(self, recording: Recording) -> None:
        """All rows, how it ended, and the steps as Parquet."""
        self.write(recording.steps.rows, recording.evaluations)
        if self._file == WIDER:
            write_whole(self.folder / STEPS, recording.steps.rows.astype("<f8").tobytes())
            self._file = STEPS
        self._about(recording.stopped)
        (self.folder / WIDER).unlink(missing_ok=True)
        write_parquet(self.folder / "steps.parquet", recording.steps)

    def _about(self, stopped: Stopped) -> None:
        said = {"format": FORMAT, "columns": self.columns, "steps": self._file, "stopped": stopped}
        write_whole(self.folder / ABOUT, as_json(said))


def begun(folder: Path, header: dict[str, Any]) -> RecordingWriter:
    """A writer into the new folder, which is gone again where nothing can be written."""
    try:
        (writer := RecordingWriter(folder)).begin(header)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return writer


def is_recording(folder: Path) -> bool:
    """Is this the folder of a recording, and not of a run?"""
    return (folder / ABOUT).is_file()


def load_recording(folder: Path | str) -> Recording:
    """Read a recording's folder, closed or not. Raises FolderError for anything else."""
    folder = Path(folder)
    if not folder.is_dir():
        raise FolderError(f"no folder {folder}; give the folder of a recording")
    if not is_recording(folder):
        hint = "; it is a run's, load it with load_run" if (folder / "spec.toml").is_file() else ""
        raise FolderError(f"{folder} has no {ABOUT} and so is no recording{hint or '; is it the right folder?'}")
    said, header = _json(folder / ABOUT), _json(folder / "header.json")
    try:
        columns, stopped = tuple(said["columns"]), Stopped(**said["stopped"])
        known = said["format"] == FORMAT and said["steps"] in (STEPS, WIDER)
    except (KeyError, TypeError):
        known = False
    if not known:
        raise FolderError(f"{folder / ABOUT} is not what this version of thalweg writes; was it changed by hand?")
    steps = Steps(columns, _rows(folder / said["steps"], len(columns)))
    evaluations = _evaluations(folder / "metrics.jsonl")
    if stopped.kind == "running":
        stopped = ended("running", len(steps))
    return Recording(folder.name, header, steps, evaluations, stopped, folder)


def _json(path: Path) -> dict[str, Any]:
    with plain_errors(path, "read"):
        data = path.read_bytes()
    try:
        return msgspec.json.decode(data, type=dict[str, Any])
    except msgspec.DecodeError as error:
        raise FolderError(f"{path} is damaged ({error}); the other files of the folder may still be read") from None


def _rows(path: Path, width: int) -> Array:
    """The whole rows of a file (T, F); none where there is no file yet."""
    if not path.is_file():
        return np.empty((0, width))
    with plain_errors(path, "read"):
        data = path.read_bytes()
    return np.frombuffer(data, "<f8", len(data) // (8 * width) * width).reshape(-1, width)


def _evaluations(path: Path) -> tuple[Evaluation, ...]:
    """The whole lines of metrics.jsonl; null is nan."""
    with plain_errors(path, "read"):
        whole = path.read_bytes().rpartition(b"\n")[0].splitlines()
    try:
        found = [msgspec.json.decode(line, type=dict[str, Any]) for line in whole]
    except msgspec.DecodeError as error:
        raise FolderError(f"{path} is damaged ({error}); restore it, or remove the folder") from None
    return tuple({k: nan if value is None else value for k, value in entry.items()} for entry in found)
