"""A run's folder: spec.toml, header.json, metrics.jsonl, steps.bin (steps.parquet at the end), checkpoint.

`Writer` puts a run there while it runs; `load_run` reads it back as a Run, finished or to be resumed.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from thalweg.descent.checkpoint import load_checkpoint, save_checkpoint
from thalweg.descent.evaluations import Evaluation
from thalweg.descent.files import append, plain_errors, sync_folder, write_whole
from thalweg.descent.header import header
from thalweg.descent.population import Population
from thalweg.descent.run import Run
from thalweg.descent.spec import Spec
from thalweg.descent.trail import Steps
from thalweg.errors import FolderError
from thalweg.formulas.arrays import Array
from thalweg.problems.build import build
from thalweg.problems.objective import Objective
from thalweg.problems.sections import Custom

CHECKPOINT = "checkpoint.safetensors"


@dataclass
class Writer:
    """Writes a run into its folder. Logs first, then the checkpoint that knows their lengths.

    A checkpoint is made every `seconds`, or every `updates` where that is given, and when the run ends.
    """

    folder: Path
    seconds: float = 5.0
    updates: int = 0
    _steps: int = 0
    _evaluations: int = 0
    _bytes: int = 0
    _latest: float = field(default_factory=time.monotonic)

    def begin(self, population: Population) -> None:
        """Spec, header and a first checkpoint; for a resumed run, cut the logs back to its checkpoint."""
        run = population.runs()[0]
        start_folder(self.folder, run)
        if len(run.steps) or len(run.evaluations) > 1:
            self._steps, self._evaluations = len(run.steps), len(run.evaluations)
            self._bytes = len(lines(run.evaluations))
            if _length(self.folder / "metrics.jsonl") < self._bytes:  # lost or cut; the run still knows them all
                self._evaluations = self._bytes = 0
        self.save(run)

    def watch(self, population: Population) -> bool:
        """Save when it is time. Never pauses the run."""
        t, now = population.state.t, time.monotonic()
        due = t % self.updates == 0 if self.updates else now - self._latest >= self.seconds
        if due:
            self.save(population.runs()[0])
            self._latest = now
        return False

    def save(self, run: Run) -> None:
        """Append what is new to the logs, then write the checkpoint."""
        width = 8 * len(run.steps.columns)
        fresh = run.steps.rows[self._steps :].astype("<f8")
        append(self.folder / "steps.bin", fresh.tobytes(), self._steps * width)
        self._steps = len(run.steps)
        fresh_lines = lines(run.evaluations[self._evaluations :])
        self._bytes = append(self.folder / "metrics.jsonl", fresh_lines, self._bytes)
        self._evaluations = len(run.evaluations)
        sync_folder(self.folder)
        save_checkpoint(self.folder / CHECKPOINT, run)

    def end(self, run: Run) -> None:
        """The last checkpoint, and for a finished run the steps as Parquet."""
        self.save(run)
        if not run.unfinished:
            write_parquet(self.folder / "steps.parquet", run.steps)


def start_folder(folder: Path, run: Run) -> None:
    """What is known before the first step: spec.toml and header.json."""
    write_whole(folder / "spec.toml", run.spec.to_toml().encode())
    write_whole(folder / "header.json", as_json(header(run.spec, run.problem)))


def load_run(folder: str | Path, objective: Objective | None = None, *, trust: bool = False) -> Run:
    """The run of a folder. Its logs are read up to the length that its checkpoint knows.

    trust: run the SQL that the run's data come from, where there is any; it can read any file of yours.
    Raises FolderError where the folder is no run's, or its files do not fit together.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise FolderError(f"no folder {folder}; give the folder of a run")
    checkpoint = load_checkpoint(folder / CHECKPOINT)
    problem_section = checkpoint.spec.problem
    if isinstance(problem_section, Custom) and objective is None:
        raise FolderError(f"{folder} is of a custom problem ({problem_section.label}); hand its objective along")
    require_trust(checkpoint.spec, trust, str(folder))
    width = len(checkpoint.columns)
    with plain_errors(folder / "steps.bin", "read"):
        data = (folder / "steps.bin").read_bytes()[: checkpoint.steps * width * 8]
    if len(data) < checkpoint.steps * width * 8:
        raise FolderError(f"{folder / 'steps.bin'} is shorter than its checkpoint says; start the run anew")
    problem = build(checkpoint.spec.problem, checkpoint.spec.dtype, objective)
    prepared = problem.table.preparation if problem.table else None
    same = checkpoint.preparation == prepared and _same(checkpoint.fitted, problem.fitted(checkpoint.best))
    if not same:
        raise FolderError(f"{folder}: its data, prepared again, are not what it was trained on; start the run anew")
    return Run(
        spec=checkpoint.spec,
        problem=problem,
        state=checkpoint.state,
        best=checkpoint.best,
        best_value=checkpoint.best_value,
        best_t=checkpoint.best_t,
        steps=Steps(checkpoint.columns, np.frombuffer(data, "<f8").reshape(checkpoint.steps, width)),
        evaluations=checkpoint.evaluations,
        stopped=checkpoint.stopped,
    )


def require_trust(spec: Spec, trust: bool, where: str) -> None:
    """A Spec from elsewhere that runs SQL is refused unless it is trusted."""
    query = getattr(spec.problem, "query", "")
    if query and not trust:
        raise FolderError(f"{where} reads its data with SQL: {query}; if you trust that, say --trust (trust=True)")


def _same(stored: dict[str, Array], now: dict[str, Array]) -> bool:
    """What was fitted on the training rows comes out of the data again."""
    return stored.keys() == now.keys() and all(np.array_equal(stored[name], now[name]) for name in now)


def _length(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0


def lines(evaluations: Sequence[Evaluation]) -> bytes:
    """metrics.jsonl: one line for each evaluation."""
    return b"".join(msgspec.json.encode(entry) + b"\n" for entry in evaluations)


def as_json(data: Any) -> bytes:
    """Indented JSON with a last line break."""
    return msgspec.json.format(msgspec.json.encode(data, enc_hook=_plain), indent=2) + b"\n"


def _plain(value: Any) -> Any:
    """NumPy's numbers and arrays as Python's."""
    if isinstance(value, np.generic | np.ndarray):
        return value.tolist()
    raise TypeError(f"cannot write {type(value).__name__} as JSON")


def write_parquet(path: Path, steps: Steps) -> None:
    """The per-step signals as a table, one column each."""
    import duckdb

    temporary = path.with_name(f".{path.name}.tmp")
    table = {f"c{i}": np.ascontiguousarray(column) for i, column in enumerate(steps.rows.T)}
    written = [name.replace('"', '""') for name in steps.columns]
    names = ", ".join(f'c{i} AS "{name}"' for i, name in enumerate(written))
    with duckdb.connect(config={"threads": 1, "autoinstall_known_extensions": False}) as connection:
        connection.register("steps", table)
        quoted = str(temporary).replace("'", "''")
        connection.execute(f"COPY (SELECT {names} FROM steps) TO '{quoted}' (FORMAT parquet)")  # noqa: S608
    write_whole(path, temporary.read_bytes())
    temporary.unlink()
