"""A fitted model without its training data: new rows in, values or probabilities out.

Every row goes through the model as a batch of one, so that its prediction does not depend on the rows beside it:
the sums inside a matrix product are grouped by the shapes of the matrices, by the place of a row in them, and by
the number of threads.
"""

from dataclasses import dataclass

import numpy as np

from thalweg.formulas.arrays import Array
from thalweg.formulas.losses import Loss
from thalweg.problems.model import Model, Statistics
from thalweg.problems.standardiser import Standardiser

PIECE = 4096  # rows that are in memory at once


@dataclass(frozen=True, eq=False)
class Predictor:
    """w (P,) are the parameters; `statistics` what batch norm uses; `ones` whether the bias is a column of ones."""

    model: Model
    loss: Loss
    w: Array
    scaler: Standardiser | None
    target_scaler: Standardiser | None
    ones: bool
    statistics: Statistics = ()

    def predict(self, X: Array) -> Array:
        """Raw features (N, D) -> values (N, K) in the target's own units, or probabilities (N, K)."""
        inputs = np.ascontiguousarray(prepared(X, self.scaler, self.ones), self.w.dtype)
        p = self.model.layout.views(self.w)
        found = [np.empty((0, self._outputs))]
        for start in range(0, len(inputs), PIECE):
            batches = inputs[start : start + PIECE, None, :]  # (N, 1, D)
            z = self.model.forward(p, batches, self.statistics or None)[0]
            found.append(self.loss.predict(z)[:, 0].astype(np.float64))
        out = np.concatenate(found)
        return self.target_scaler.undo(out) if self.target_scaler else out

    @property
    def _outputs(self) -> int:
        """K: the length of the last bias."""
        return int(list(self.model.layout.shapes.values())[-1][-1])


def prepared(X: Array, scaler: Standardiser | None, ones: bool) -> Array:
    """Raw features as the model sees them: standardised, and with a last column of ones, never scaled, if asked."""
    X = scaler.apply(X) if scaler else X
    return np.concatenate([X, np.ones((len(X), 1))], axis=1) if ones else X
