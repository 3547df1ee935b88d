"""Fitting a model to rows: mean loss over the rows + ½ λ ‖weights‖², biases not penalised."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from thalweg.formulas.arrays import Array
from thalweg.formulas.losses import Loss
from thalweg.problems.big.stream import Stream
from thalweg.problems.examples import Examples
from thalweg.problems.layout import Layout
from thalweg.problems.linear import Linear
from thalweg.problems.model import Model, Statistics
from thalweg.problems.objective import ALL, Measures, Rows


@dataclass(frozen=True)
class Fit:
    """The objective of training. `splits` holds "train" and, where there are any, "validation" and "test".

    l2 is λ, a number or (R,) one for each member of a population. A split that is large is evaluated, and batch
    norm's statistics are measured, on its fixed sample in `samples`. Of a streamed table, splits["train"] is the
    buffer of `stream`, and rows are places in it.
    """

    model: Model
    loss: Loss
    splits: Mapping[str, Examples]
    l2: float | Array = 0.0
    samples: Mapping[str, Examples] = field(default_factory=dict, repr=False)
    stream: Stream | None = field(default=None, repr=False)

    @property
    def layout(self) -> Layout:
        return self.model.layout

    @property
    def size(self) -> int:
        return self.model.layout.size

    @property
    def examples(self) -> int:
        return self.stream.examples if self.stream else len(self.splits["train"].y)

    @property
    def convex(self) -> bool:
        return self.model.convex and self.loss.curvature is not None

    def value_and_grad(self, w: Array, rows: Rows = ALL) -> tuple[Array, Array]:
        X, y, weight = self.splits["train"]
        grad = np.empty_like(w)
        p = self.layout.views(w)
        z, cache = self.model.forward(p, X[rows])
        value, dz = self.loss(z, y[rows], None if weight is None else weight[rows])
        self.model.backward(p, cache, dz, self.layout.views(grad))
        if np.any(self.l2):
            weights, l2 = w[..., : self.layout.undecayed], self._l2_like(w)
            value = value + self.penalty(w)
            grad[..., : self.layout.undecayed] += l2 * weights
        return value, grad

    def penalty(self, w: Array) -> Array:
        """½ λ ‖weights‖² (...,)."""
        weights = w[..., : self.layout.undecayed]
        return 0.5 * self._l2_like(w)[..., 0] * (weights * weights).sum(-1)

    def _l2_like(self, w: Array) -> Array:
        """λ as (..., 1) in the dtype of w."""
        return np.broadcast_to(np.asarray(self.l2, w.dtype)[..., None], (*w.shape[:-1], 1))

    def outputs(self, w: Array, X: Array) -> Array:
        """The model's raw outputs z (..., B, K) in evaluation mode."""
        p = self.layout.views(w)
        return self.model.forward(p, X, self.statistics(w) or None)[0]

    def predict(self, w: Array, X: Array) -> Array:
        """Values, or probabilities (..., B, K)."""
        return self.loss.predict(self.outputs(w, X))

    def statistics(self, w: Array) -> Statistics:
        """What batch norm uses in evaluation: measured on the training rows at w, () without batch norm."""
        return self.model.statistics(self.layout.views(w), self._evaluated("train").X)

    def _evaluated(self, split: str) -> Examples:
        return self.samples[split] if split in self.samples else self.splits[split]

    def evaluate(self, w: Array, split: str = "train") -> Measures:
        """The loss without penalty, and accuracy or R²: what is watched while training."""
        X, y, weight = self._evaluated(split)
        z = self.outputs(w, X)
        value, _ = self.loss(z, y, weight)
        if self.loss.task == "regression":
            spread = ((y - y.mean(0)) ** 2).sum()
            return {"loss": value, "r2": 1 - ((z - y) ** 2).sum((-2, -1)) / (spread or np.nan)}
        hits = z.argmax(-1) == y.argmax(-1)
        if self.loss.task == "binary":
            hits = (self.loss.predict(z) > 0.5)[..., 0] == (y > 0.5)[..., 0]
        return {"loss": value, "accuracy": hits.mean(-1)}

    def hessian(self, w: Array, rows: Rows = ALL) -> Array:
        """w (P,) -> (P, P), exact; for a linear model and a loss with known curvature."""
        if not isinstance(self.model, Linear) or self.loss.curvature is None:
            raise TypeError("only linear models with a loss of known curvature have a Hessian here")
        X, y, weight = self.splits["train"]
        X, n = X[rows], len(y[rows])
        z, _ = self.model.forward(self.layout.views(w), X)
        C = self.loss.curvature(z) / n
        C = C if weight is None else C * weight[rows][:, None, None]
        A = X if self.model.ones else np.concatenate([X, np.ones((n, 1), X.dtype)], axis=1)
        k = z.shape[-1]
        H = np.empty((A.shape[1], k, A.shape[1], k), w.dtype)
        for i in range(k):
            for j in range(k):
                H[:, i, :, j] = A.T @ (C[:, i, j, None] * A)
        full = H.reshape(self.size, self.size)
        penalised = np.arange(self.layout.undecayed)
        full[penalised, penalised] += np.asarray(self.l2, w.dtype)
        return full

    def members(self, keep: Array) -> "Fit":
        return replace(self, l2=self.l2[keep]) if isinstance(self.l2, np.ndarray) and self.l2.ndim else self
