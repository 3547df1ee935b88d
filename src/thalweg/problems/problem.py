"""A problem: an objective with the data behind it and a start."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from thalweg.errors import SpecError
from thalweg.formulas.arrays import Array
from thalweg.formulas.streams import Purpose, stream
from thalweg.formulas.surfaces import Surface
from thalweg.problems.fit import Fit
from thalweg.problems.objective import Objective
from thalweg.problems.predictor import Predictor
from thalweg.problems.sections import Section
from thalweg.problems.split import Split
from thalweg.problems.standardiser import Standardiser
from thalweg.problems.table import Table

Start = Callable[[int], Array]


@dataclass(frozen=True)
class Problem:
    """What a Spec's section stands for. `start(seed)` gives initial parameters (P,).

    For a table: its rows, their split, and what was fitted on the training rows.
    """

    section: Section
    objective: Objective
    start: Start = field(repr=False)
    table: Table | None = None
    split: Split | None = None
    scaler: Standardiser | None = None
    target_scaler: Standardiser | None = None
    surface: Surface | None = None
    notices: tuple[str, ...] = ()

    @property
    def counts(self) -> dict[str, int]:
        """Rows of each part of a table."""
        if isinstance(self.objective, Fit) and self.objective.stream:
            return dict(zip(("train", "validation", "test"), self.objective.stream.counts, strict=True))
        return {part: len(getattr(self.split, part)) for part in ("train", "validation", "test")} if self.split else {}

    def fitted(self, w: Array) -> dict[str, Array]:
        """What was fitted on the training rows: standardisers, and batch norm's statistics at w (P,)."""
        found: dict[str, Array] = {}
        for name, scaler in (("scaler", self.scaler), ("target", self.target_scaler)):
            if scaler:
                found |= {f"{name}.{key}": np.atleast_1d(value) for key, value in scaler.to_dict().items()}
        statistics = self.objective.statistics(w) if isinstance(self.objective, Fit) else ()
        for layer, (mean, variance) in enumerate(statistics, 1):
            found |= {f"batch_norm.{layer}.mean": mean, f"batch_norm.{layer}.variance": variance}
        return found

    def predictor(self, w: Array) -> Predictor:
        """What predicts with parameters w (P,)."""
        fit = self.objective
        if not isinstance(fit, Fit):
            raise SpecError("only a model fitted to a table predicts")
        ones = getattr(self.section, "bias", "") == "ones"
        return Predictor(fit.model, fit.loss, w, self.scaler, self.target_scaler, ones, fit.statistics(w))

    def predict(self, w: Array, X: Array) -> Array:
        """Raw features (N, D) -> values (N, K) in the target's own units, or probabilities (N, K)."""
        return self.predictor(w).predict(X)


def fixed_or_normal(start: tuple[float, ...], size: int, dtype: str) -> Start:
    """The given start, whatever the seed; standard normal where none is given."""
    if start and len(start) != size:
        raise SpecError(f"start has {len(start)} numbers; the problem has {size} parameters")
    if start:
        return lambda seed: np.array(start, dtype)
    return lambda seed: stream(seed, Purpose.START).normal(size=size).astype(dtype)
