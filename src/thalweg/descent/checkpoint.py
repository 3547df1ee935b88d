"""One file with all that a run needs to go on: parameters, memory, best, evaluations, Spec, lengths of the logs."""

import struct
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from thalweg.descent.evaluations import Evaluation
from thalweg.descent.files import write_whole
from thalweg.descent.run import Run
from thalweg.descent.spec import Spec
from thalweg.descent.state import State
from thalweg.descent.stopping import Stopped
from thalweg.errors import FolderError
from thalweg.formulas.arrays import Array
from thalweg.problems.preparation import Preparation

FORMAT = 2
BROKEN = (KeyError, TypeError, AttributeError, ValueError, OSError)  # what a damaged file leads to


@dataclass(frozen=True)
class Checkpoint:
    """What the file holds. steps is the number of rows of steps.bin that belong to it."""

    spec: Spec
    state: State
    best: Array
    best_value: float
    best_t: int
    evaluations: tuple[Evaluation, ...]
    steps: int
    columns: tuple[str, ...]
    stopped: Stopped
    fitted: dict[str, Array]  # what was fitted on the training rows, by name
    preparation: Preparation | None  # and what makes numbers of a table's columns


def save_checkpoint(path: Path, run: Run) -> None:
    """Write the checkpoint of a run, replacing an older one in one step."""
    from safetensors.numpy import save

    said = {
        "format": FORMAT,
        "spec": run.spec.to_toml(),
        "t": run.state.t,
        "best_value": run.best_value.hex(),  # infinity has no JSON
        "best_t": run.best_t,
        "evaluations": [_for_json(entry) for entry in run.evaluations],
        "steps": len(run.steps),
        "columns": run.steps.columns,
        "stopped": msgspec.to_builtins(run.stopped),
        "preparation": run.problem.table.preparation if run.problem.table else None,
    }
    arrays = {"w": run.state.w, "slots": run.state.slots, "best": run.best}
    arrays |= {f"fitted.{name}": array for name, array in run.problem.fitted(run.best).items()}
    arrays = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
    write_whole(path, save(arrays, metadata={"thalweg": msgspec.json.encode(said).decode()}))


def load_checkpoint(path: Path) -> Checkpoint:
    """Read what `save_checkpoint` wrote. Raises FolderError for anything else."""
    from safetensors import SafetensorError
    from safetensors.numpy import load

    try:
        data = path.read_bytes()
        arrays = load(data)
        said = msgspec.json.decode(_metadata(data)["thalweg"])
        if said.get("format") != FORMAT:
            raise FolderError(f"{path} has format {said.get('format')}; this version of thalweg reads {FORMAT}")
        return _checkpoint(arrays, said, path)
    except FileNotFoundError:
        raise FolderError(f"{path.parent} has no checkpoint; is it the folder of a run?") from None
    except (SafetensorError, msgspec.MsgspecError, struct.error, *BROKEN) as error:
        raise FolderError(
            f"{path} is not a checkpoint of thalweg, or is damaged ({error}); start the run anew"
        ) from None


def _checkpoint(arrays: dict[str, Array], said: dict[str, Any], path: Path) -> Checkpoint:
    """From what the file's two parts hold."""
    return Checkpoint(
        spec=Spec.from_toml(said["spec"], str(path)),
        state=State(arrays["w"], arrays["slots"], said["t"]),
        best=arrays["best"],
        best_value=float.fromhex(said["best_value"]),
        best_t=said["best_t"],
        evaluations=tuple(_from_json(entry) for entry in said["evaluations"]),
        steps=said["steps"],
        columns=tuple(said["columns"]),
        stopped=Stopped(**said["stopped"]),
        fitted={k.removeprefix("fitted."): array for k, array in arrays.items() if k.startswith("fitted.")},
        preparation=msgspec.convert(said["preparation"], Preparation | None),
    )


def _metadata(data: bytes) -> dict[str, str]:
    """The text part of a safetensors file: 8 bytes of length, then JSON with the key __metadata__."""
    (length,) = struct.unpack("<Q", data[:8])
    found: dict[str, str] = msgspec.json.decode(data[8 : 8 + length])["__metadata__"]
    return found


def _for_json(entry: Evaluation) -> Evaluation:
    """JSON has neither NaN nor infinity: they are written as text."""
    return {name: repr(v) if isinstance(v, float) and not isfinite(v) else v for name, v in entry.items()}


def _from_json(entry: dict[str, Any]) -> Evaluation:
    return {name: float(value) if isinstance(value, str) else value for name, value in entry.items()}
