"""What a run folder says of its run, read in a millisecond: settings, best result, why it stopped; no weights, no data.

A folder that is broken, half-written or not a run's is no error here: the summary says so, and why.
"""

import os
import struct
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from math import isfinite
from pathlib import Path
from typing import Any

import msgspec

CHECKPOINT, RECORDING = "checkpoint.safetensors", "recording.json"
OURS = ("spec.toml", "header.json", "metrics.jsonl", "steps.bin", "steps.parquet", CHECKPOINT, RECORDING)
MARKS = {"spec.toml", "steps.bin", "steps.parquet", CHECKPOINT, RECORDING}  # one of these makes a folder a run's
LONGEST_HEADER = 1 << 28  # bytes; a longer one is no checkpoint's


class Damaged(Exception):
    """What is wrong with a folder."""


class Ended(msgspec.Struct):
    """Why it stopped."""

    kind: str
    t: int
    sentence: str


class Said(msgspec.Struct):
    """What a checkpoint says besides its arrays; the evaluations are in metrics.jsonl, too."""

    spec: str
    t: int
    best_value: str
    best_t: int
    steps: int
    columns: tuple[str, ...]
    stopped: Ended


class Tensor(msgspec.Struct):
    """An array's place in a checkpoint."""

    data_offsets: tuple[int, int]


@dataclass(frozen=True)
class Summary:
    """kind: run, recorded or broken (then `why` says what is wrong). What is not known is left out of the dictionaries.

    settings: {field of the Spec or hyperparameter: value}; of a recording what its loop said. best and last:
    evaluations. columns and rows are those of steps.bin.
    """

    folder: Path
    kind: str
    stopped: str = ""
    why: str = ""
    t: int = 0
    settings: Mapping[str, Any] = field(default_factory=dict)
    header: Mapping[str, Any] = field(default_factory=dict)
    best: Mapping[str, Any] = field(default_factory=dict)
    last: Mapping[str, Any] = field(default_factory=dict)
    finished: datetime | None = None
    columns: tuple[str, ...] = ()
    steps: Path | None = None
    rows: int = 0
    spec: str = ""

    @property
    def measure(self) -> str:
        """The loss that says which weights are best."""
        return next((name for name in ("validation_loss", "val_loss", "train_loss", "loss") if name in self.best), "")


def summarise(folder: Path) -> Summary:
    """The summary of a folder, whatever is in it."""
    try:
        if (folder / RECORDING).is_file():
            return _recording(folder)
        return _run(folder)
    except Damaged as error:
        return Summary(folder, "broken", "broken", str(error), finished=_finished(folder))
    except OSError as error:
        name = Path(str(error.filename or folder)).name
        return Summary(folder, "broken", "broken", f"{name} cannot be read: {error.strerror}")


def _run(folder: Path) -> Summary:
    said = checkpoint_says(folder / CHECKPOINT)
    try:
        plain = tomllib.loads(said.spec)
        evaluations = (folder / "metrics.jsonl").read_bytes()
    except FileNotFoundError:
        raise Damaged("has no metrics.jsonl") from None
    except tomllib.TOMLDecodeError as error:
        raise Damaged(f"its checkpoint holds a spec that cannot be read: {error}") from None
    header = _json(folder / "header.json") if (folder / "header.json").is_file() else {}
    return Summary(
        folder,
        "run",
        said.stopped.kind,
        said.stopped.sentence,
        said.t,
        settings_of(plain) | _numbers(header.get("hyperparameters")),
        header,
        evaluation_at(evaluations, said.best_t),
        _last(evaluations, said.t),
        _finished(folder),
        said.columns,
        _steps(folder, said.steps * len(said.columns) * 8),
        said.steps,
        said.spec,
    )


def checkpoint_says(path: Path) -> Said:
    """The text part of a checkpoint, and whether the file is as long as it says. Raises Damaged."""
    try:
        with path.open("rb") as file:
            (length,) = struct.unpack("<Q", file.read(8))
            if length > LONGEST_HEADER:
                raise Damaged(f"{CHECKPOINT} is not a checkpoint of thalweg")
            parts = msgspec.json.decode(file.read(length), type=dict[str, msgspec.Raw])
            size = os.fstat(file.fileno()).st_size
        text = msgspec.json.decode(parts.pop("__metadata__"), type=dict[str, str])["thalweg"]
        said = msgspec.json.decode(text, type=Said)
        end = max(msgspec.json.decode(part, type=Tensor).data_offsets[1] for part in parts.values())
    except FileNotFoundError:
        raise Damaged(_half_written(path.parent)) from None
    except struct.error:
        raise Damaged(f"{CHECKPOINT} is cut off") from None
    except (msgspec.MsgspecError, KeyError, ValueError) as error:
        raise Damaged(f"{CHECKPOINT} is not a checkpoint of thalweg, or is damaged ({error})") from None
    if size != 8 + length + end:
        raise Damaged(f"{CHECKPOINT} is cut off: it has {size:,} bytes of {8 + length + end:,}")
    return said


def _half_written(folder: Path) -> str:
    """Why there is no checkpoint."""
    there = sorted(name for name in OURS if (folder / name).is_file())
    if there:
        return f"has {', '.join(there)} but no checkpoint: it was stopped before its first, or is no run's"
    return "has no files of a run"


def _recording(folder: Path) -> Summary:
    about, header = _json(folder / RECORDING), _json(folder / "header.json")
    try:
        columns, ended = tuple(about["columns"]), msgspec.convert(about["stopped"], Ended)
        steps = folder / about["steps"]
        evaluations = (folder / "metrics.jsonl").read_bytes()
    except (KeyError, TypeError, msgspec.ValidationError, FileNotFoundError) as error:
        raise Damaged(f"{RECORDING} is not what tw.Recorder writes ({error})") from None
    rows = steps.stat().st_size // (8 * max(1, len(columns))) if steps.is_file() else 0
    best = _best(evaluations)
    settings = {name: value for name, value in header.items() if isinstance(value, str | int | float | bool)}
    last = _last(evaluations)
    return Summary(
        folder, "recorded", ended.kind, ended.sentence, rows, settings, header, best, last, _finished(folder), columns,
        steps if rows else None, rows,
    )  # fmt: skip


def _best(evaluations: bytes) -> dict[str, Any]:
    """The evaluation with the lowest loss, of a recording that has no checkpoint to say which."""
    best: dict[str, Any] = {}
    for line in evaluations.splitlines():
        entry = _entry(line)
        name = next((n for n in ("validation_loss", "val_loss", "train_loss", "loss") if n in entry), "")
        value = entry.get(name)
        if value is not None and isfinite(value) and not best.get(name, float("inf")) <= value:
            best = entry
    return best


def evaluation_at(evaluations: bytes, t: int) -> dict[str, Any]:
    """The evaluation after update t; empty where there is none."""
    mark = b'{"t":%d,' % t
    begin = 0 if evaluations.startswith(mark) else evaluations.find(b"\n" + mark) + 1
    return _entry(evaluations[begin:].partition(b"\n")[0]) if begin or evaluations.startswith(mark) else {}


def _last(evaluations: bytes, until: int | None = None) -> dict[str, Any]:
    """The last whole evaluation; the log of a run that was killed may be longer than its checkpoint knows."""
    for line in reversed(evaluations.splitlines()):
        entry = _entry(line)
        if entry and (until is None or entry.get("t", 0) <= until):
            return entry
    return {}


def _entry(line: bytes) -> dict[str, Any]:
    try:
        return msgspec.json.decode(line, type=dict[str, Any])
    except msgspec.MsgspecError:
        return {}


def _steps(folder: Path, size: int) -> Path | None:
    """steps.bin, if it is as long as its checkpoint says."""
    path = folder / "steps.bin"
    return path if size and path.is_file() and path.stat().st_size >= size else None


def _json(path: Path) -> dict[str, Any]:
    try:
        return msgspec.json.decode(path.read_bytes(), type=dict[str, Any])
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise Damaged(f"{path.name} is damaged ({error})") from None
    except FileNotFoundError:
        raise Damaged(f"has no {path.name}") from None


def settings_of(plain: Mapping[str, Any]) -> dict[str, Any]:
    """{field: value} of a spec.toml's sections; hyperparameters by their names, lists and tables as JSON."""
    found: dict[str, Any] = {}
    for name, value in plain.items():
        found |= dict(value) if isinstance(value, dict) else {name: value}
    hyper = found.pop("hyper", {})
    found["problem"] = found.pop("kind", "table")
    return {name: _text(value) for name, value in {**found, **_numbers(hyper)}.items()}


def _text(value: Any) -> Any:
    return msgspec.json.encode(value).decode() if isinstance(value, list | tuple | dict) else value


def _numbers(hyper: Any) -> dict[str, Any]:
    return {k: v for k, v in hyper.items() if isinstance(v, int | float)} if isinstance(hyper, dict) else {}


def _finished(folder: Path) -> datetime | None:
    """When it was written to last."""
    times = [path.stat().st_mtime for name in OURS if (path := folder / name).is_file()]
    return datetime.fromtimestamp(max(times)).replace(microsecond=0) if times else None
