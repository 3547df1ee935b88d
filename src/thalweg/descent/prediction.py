"""Predictions for new data from a run's folder: no training data needed, and the same bits as from the run."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from thalweg.descent.checkpoint import Checkpoint, load_checkpoint
from thalweg.descent.folder import CHECKPOINT
from thalweg.descent.run import Run
from thalweg.errors import DataError, FolderError, ShapeError, SpecError, ThalwegError
from thalweg.formulas.arrays import Array
from thalweg.formulas.losses import LOSSES
from thalweg.problems.matching import match
from thalweg.problems.parts import Category
from thalweg.problems.predictor import Predictor
from thalweg.problems.preparation import Preparation, gaps_of
from thalweg.problems.sections import Table
from thalweg.problems.sources.columns import Columns
from thalweg.problems.sources.memory import look
from thalweg.problems.sources.opening import open_source
from thalweg.problems.standardiser import Standardiser
from thalweg.problems.table import refuse_infinite_values
from thalweg.problems.tabular import model_of
from thalweg.problems.words import counted, listed


@dataclass(frozen=True, eq=False)
class Fitted:
    """The best model of a run folder, and how columns become its inputs."""

    section: Table
    preparation: Preparation
    predictor: Predictor

    @property
    def needed(self) -> tuple[str, ...]:
        """The columns that new data must have."""
        return self.preparation.columns

    def predict(self, columns: Columns) -> tuple[Array, tuple[str, ...]]:
        """(N, K) values in the target's units or probabilities, and notices. In any order of the columns.

        A row with a missing value is NaN where training dropped such rows, and refused where training did.
        """
        blocks = self.preparation.blocks
        notices = match(columns, {block.part.column: block.part.use for block in blocks})
        numeric = (block.part.column for block in blocks if block.part.use == "number")
        refuse_infinite_values(columns, numeric)
        gaps = {b.part.column: gaps_of(columns, b.part.column, b.part.use) for b in blocks}
        missing = {name: int(mask.sum()) for name, mask in gaps.items() if mask.any()}
        notices += unseen(self.preparation, columns)
        if missing:
            notices.append(self._about(missing, columns))
        known = {*self.needed, *self.section.id, self.section.target}
        if extra := [name for name in columns.names if name not in known]:
            notices.append(f"columns that the model does not learn from are ignored: {listed(extra)}")
        values = self.predictor.predict(self.preparation.apply(columns))
        if missing and self.section.missing == "drop":
            values[np.any(list(gaps.values()), axis=0)] = np.nan
        return values, tuple(notices)

    def _about(self, missing: dict[str, int], columns: Columns) -> str:
        """What happens to rows with missing values: the same as in training."""
        shown = listed(f"{name} ({count:,})" for name, count in missing.items())
        if self.section.missing == "refuse":
            raise DataError(
                f"{columns.name} misses values in {shown}; this model was trained to refuse that: mend them"
            )
        if self.section.missing == "drop":
            return f"rows with missing values get no prediction, as in training: {shown}"
        return f"missing values filled in as in training: {shown}"


def fitted_of(run: Run) -> Fitted:
    """The best model of a run in memory. SpecError where it is of no table."""
    table, section = run.problem.table, run.problem.section
    if table is None or not isinstance(section, Table):
        raise SpecError("only a model fitted to a table predicts; this run is of none")
    return Fitted(section, table.preparation, run.problem.predictor(run.best))


def rows_to_predict(data: Any, fitted: Fitted) -> Columns:
    """New rows in any form: a file's name, or data in memory, which are let go again."""
    if isinstance(data, str | Path):
        return open_source(str(data), how=fitted.preparation.how)
    data = np.asarray(data) if isinstance(data, list) else data
    if isinstance(data, np.ndarray) and data.dtype.names is None and data.ndim == 2:
        names = [f"x{i}" for i in range(1, data.shape[1] + 1)]
        if not set(fitted.needed) <= set(names):
            if data.shape[1] != len(fitted.needed):
                needed = f"{len(fitted.needed)} columns: {listed(fitted.needed, 30)}"
                raise ShapeError(f"the data have shape {data.shape}; expected {needed}")
            names = list(fitted.needed)
        data = dict(zip(names, data.T, strict=True))
    return look(data)


def load_fitted(folder: Path) -> Fitted:
    """The model of a run folder, or of the final run in a report's folder. FolderError where there is none."""
    if not folder.is_dir():
        raise FolderError(f"no folder {folder}; give the folder of a run, or of a report")
    folder = folder / "final" if (folder / "final").is_dir() else folder
    with undamaged(folder / CHECKPOINT):
        checkpoint = load_checkpoint(folder / CHECKPOINT)
        section, preparation = checkpoint.spec.problem, checkpoint.preparation
        if not isinstance(section, Table) or preparation is None:
            raise FolderError(f"{folder} is of a run on no table; only a model fitted to a table predicts")
        return Fitted(section, preparation, predictor_of(checkpoint, section, preparation))


@contextmanager
def undamaged(path: Path) -> Iterator[None]:
    """Whatever does not fit together in a file that can be decoded becomes one sentence."""
    try:
        yield
    except ThalwegError:
        raise
    except (LookupError, TypeError, ValueError, AttributeError, msgspec.MsgspecError) as error:
        raise FolderError(f"{path} is damaged ({error}); start the run anew") from None


def predictor_of(checkpoint: Checkpoint, section: Table, preparation: Preparation) -> Predictor:
    """The model as it was fitted: best parameters, standardisers, what batch norm measured."""
    fitted, ones = checkpoint.fitted, section.bias == "ones"
    outputs = len(preparation.classes) if preparation.task == "multiclass" else 1
    model = model_of(section, len(preparation.names) + ones, outputs)
    if checkpoint.best.shape != (model.layout.size,):
        raise ValueError(f"{checkpoint.best.size} parameters for a model of {model.layout.size}")
    layers = sum(name.startswith("batch_norm.") and name.endswith(".mean") for name in fitted)
    statistics = tuple(
        (fitted[f"batch_norm.{i}.mean"], fitted[f"batch_norm.{i}.variance"]) for i in range(1, layers + 1)
    )
    scaler, target_scaler = stored_scaler(fitted, "scaler"), stored_scaler(fitted, "target")
    return Predictor(model, LOSSES.named(section.loss), checkpoint.best, scaler, target_scaler, ones, statistics)


def stored_scaler(fitted: dict[str, Array], name: str) -> Standardiser | None:
    """The standardiser of this name in a checkpoint."""
    stored: dict[str, Any] = {k.removeprefix(f"{name}."): v for k, v in fitted.items() if k.startswith(f"{name}.")}
    return Standardiser.from_dict(stored | {"eps": float(stored["eps"][0])}) if stored else None


def unseen(preparation: Preparation, columns: Columns) -> list[str]:
    """A notice for each category with levels that training did not see, or not often enough to keep apart."""
    found = []
    for part in (block.part for block in preparation.blocks):
        if isinstance(part, Category) and (levels := part.unseen(columns)):
            often = sorted(levels.items(), key=lambda level: -level[1])
            shown = listed((f"{level!r} ({counted(count, 'row')})" for level, count in often), 5)
            as_what = '"other"' if part.other else f"the most frequent one, {part.usual!r}"
            counts = f"{counted(len(levels), 'level')} without a column of {'its' if len(levels) == 1 else 'their'} own"
            found.append(f"{part.column}: {counts} count{'s' if len(levels) == 1 else ''} as {as_what}: {shown}")
    return found
