"""Losses with hand-derived gradients. Each is one function

    loss(z (..., B, K), y (..., B, K), weight (..., B) or None) -> value (...,), dz (..., B, K)

The factor convention is in the name and the docstring; n is divided by exactly once, here. A residual is
prediction − target everywhere. `weight` has mean 1 over the training rows; without it every row counts 1.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from thalweg.formulas.activations import logistic, softmax_of
from thalweg.formulas.arrays import Array
from thalweg.formulas.registry import Registry

Formula = Callable[[Array, Array, Array | None], tuple[Array, Array]]


@dataclass(frozen=True, eq=False)
class Loss:
    """A registered loss and what it may be paired with."""

    formula: Formula
    name: str
    task: str  # regression, binary, multiclass
    takes: str  # outputs, logits, probabilities: what the model must hand over
    curvature: Callable[[Array], Array] | None  # z (B, K) -> second derivative of one row's loss (B, K, K)
    doc: str

    def __call__(self, z: Array, y: Array, weight: Array | None = None) -> tuple[Array, Array]:
        return self.formula(z, y, weight)

    def predict(self, z: Array) -> Array:
        """What the model says in the user's terms: values, or probabilities (..., B, K)."""
        if self.takes != "logits":
            return z
        return logistic(z) if self.task == "binary" else softmax_of(z)


LOSSES: Registry[Loss] = Registry("loss")


def loss(task: str, takes: str, curvature: Callable[[Array], Array] | None = None):
    """Register a formula under its name."""

    def register(formula: Formula) -> Loss:
        doc = formula.__doc__ or ""
        return LOSSES.add(formula.__name__, Loss(formula, formula.__name__, task, takes, curvature, doc))

    return register


def _spread(per_row: Array, weight: Array | None) -> Array:
    """per_row (..., B, K) times the row's weight."""
    return per_row if weight is None else per_row * weight[..., None]


def _identity(z: Array) -> Array:
    return np.broadcast_to(np.eye(z.shape[-1]) / z.shape[-1], (*z.shape, z.shape[-1]))


def _logistic_curvature(z: Array) -> Array:
    p = logistic(z)
    return (p * (1 - p) / z.shape[-1])[..., None] * np.eye(z.shape[-1])


def _softmax_curvature(z: Array) -> Array:
    p = softmax_of(z)
    return p[..., None] * np.eye(z.shape[-1]) - p[..., None] * p[..., None, :]


@loss("regression", "outputs", lambda z: 2 * _identity(z))
def mse(z, y, weight=None):
    """(1/n) Σ r²,  dL/dz = 2 r / n,  r = z − y, n = B·K entries."""
    n = z.shape[-2] * z.shape[-1]
    r = z - y
    dz = _spread(r, weight) / n
    return (dz * r).sum((-2, -1)), 2 * dz


@loss("regression", "outputs", _identity)
def half_mse(z, y, weight=None):
    """(1/2n) Σ r²,  dL/dz = r / n,  r = z − y, n = B·K entries."""
    n = z.shape[-2] * z.shape[-1]
    r = z - y
    dz = _spread(r, weight) / n
    return 0.5 * (dz * r).sum((-2, -1)), dz


@loss("binary", "logits", _logistic_curvature)
def logistic_cross_entropy(z, y, weight=None):
    """(1/n) Σ log(1 + eᶻ) − y z from logits,  dL/dz = (σ(z) − y) / n, n = B·K entries.

    log(1 + eᶻ) is computed as max(z, 0) + log1p(e^−|z|), which neither overflows nor takes log 0.
    """
    n = z.shape[-2] * z.shape[-1]
    per_row = np.maximum(z, 0) + np.log1p(np.exp(-np.abs(z))) - y * z
    return _spread(per_row, weight).sum((-2, -1)) / n, _spread(logistic(z) - y, weight) / n


@loss("multiclass", "logits", _softmax_curvature)
def softmax_cross_entropy(z, y, weight=None):
    """(1/n) Σ log Σ eᶻ − y·z from logits, y one-hot,  dL/dz = (softmax(z) − y) / n, n = B rows."""
    n = z.shape[-2]
    shifted = z - z.max(-1, keepdims=True)
    e = np.exp(shifted)
    total = e.sum(-1, keepdims=True)
    per_row = np.log(total) * y.sum(-1, keepdims=True) - (y * shifted).sum(-1, keepdims=True)
    dz = e / total * y.sum(-1, keepdims=True) - y
    return _spread(per_row, weight).sum((-2, -1)) / n, _spread(dz, weight) / n


def _inside(p: Array) -> Array:
    """Probabilities kept a rounding error away from 0 and 1, so that log and 1/p stay finite."""
    tiny = np.finfo(p.dtype).eps
    return np.clip(p, tiny, 1 - tiny)


@loss("binary", "probabilities")
def binary_cross_entropy(p, y, weight=None):
    """−(1/n) Σ y log p + (1−y) log(1−p) from probabilities,  dL/dp = (p − y) / (p (1−p) n), n = B·K.

    p is kept within rounding error of (0, 1). Prefer logistic_cross_entropy, which needs no such care.
    """
    n = p.shape[-2] * p.shape[-1]
    q = _inside(p)
    per_row = -(y * np.log(q) + (1 - y) * np.log1p(-q))
    return _spread(per_row, weight).sum((-2, -1)) / n, _spread((q - y) / (q * (1 - q)), weight) / n


@loss("multiclass", "probabilities")
def categorical_cross_entropy(p, y, weight=None):
    """−(1/n) Σ y·log p from probabilities, y one-hot,  dL/dp = −y / (p n), n = B rows.

    p is kept within rounding error of (0, 1). Prefer softmax_cross_entropy, which needs no such care.
    """
    n = p.shape[-2]
    q = _inside(p)
    return _spread(-y * np.log(q), weight).sum((-2, -1)) / n, _spread(-y / q, weight) / n
