"""The multilayer perceptron: affine maps with activations between, gradients by hand.

    aₗ = hₗ₋₁ Wₗ + bₗ        hₗ = φ(aₗ)        z = ψ(h W + b)

Batch norm, when asked for, stands between the affine map and the activation, and takes the place of bₗ:
aₗ = γ (s − μ) / √(σ² + ε) + β with s = hₗ₋₁ Wₗ. (Ioffe & Szegedy 2015, algorithm 1)
It keeps no running averages: evaluation hands in the statistics of the training rows.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from thalweg.formulas.activations import ACTIVATIONS
from thalweg.formulas.arrays import Array
from thalweg.formulas.initializers import INITIALIZERS
from thalweg.problems.layout import Layout, Shape, Views
from thalweg.problems.model import Statistics

BATCH_NORM_EPS = 1e-5  # Ioffe & Szegedy 2015 leave ε open; 1e-5 is the common choice


class MLP:
    """sizes (D, hidden…, K). Layer l has W{l}, b{l}; a batch-norm layer has gamma{l}, beta{l} instead of b{l}."""

    convex = False

    def __init__(
        self,
        sizes: Sequence[int],
        *,
        activation: str = "relu",
        output: str = "linear",
        init: str = "he_normal",
        batch_norm: bool = False,
    ):
        self.sizes, self.depth, self.batch_norm = tuple(sizes), len(sizes) - 1, batch_norm
        self.hidden, self.output = ACTIVATIONS.named(activation), ACTIVATIONS.named(output)
        self.initializer = INITIALIZERS.named(init)
        weights: dict[str, Shape] = {}
        biases: dict[str, Shape] = {}
        for layer, (fan_in, fan_out) in enumerate(pairwise(self.sizes), 1):
            weights[f"W{layer}"] = (fan_in, fan_out)
            normed = batch_norm and layer < self.depth
            for name in (f"gamma{layer}", f"beta{layer}") if normed else (f"b{layer}",):
                biases[name] = (fan_out,)
        self.layout = Layout(weights, biases)

    def init(self, rng: np.random.Generator) -> Array:
        """Weights by the initializer, biases 0, batch-norm scales 1."""
        flat = np.zeros(self.layout.size)
        for name, view in self.layout.views(flat).items():
            if name.startswith("W"):
                view[...] = self.initializer(rng, *view.shape)
            elif name.startswith("gamma"):
                view[...] = 1.0
        return flat

    def forward(self, p: Views, X: Array, statistics: Statistics | None = None) -> tuple[Array, Any]:
        h, cache = X, []
        for layer in range(1, self.depth + 1):
            below = h
            a = below @ p[f"W{layer}"]
            normed = None
            if f"b{layer}" in p:
                a = a + p[f"b{layer}"][..., None, :]
            else:
                known = statistics[layer - 1] if statistics else None
                a, normed = _normalise(a, p[f"gamma{layer}"], p[f"beta{layer}"], known)
            h, pullback = (self.hidden if layer < self.depth else self.output)(a)
            cache.append((below, normed, pullback, h))
        return h, cache

    def backward(self, p: Views, cache: Any, dz: Array, grad: Views) -> None:
        dh = dz
        for layer in range(self.depth, 0, -1):
            below, normed, pullback, _ = cache[layer - 1]
            da = pullback(dh)
            if normed is None:
                grad[f"b{layer}"][...] = da.sum(-2)
            else:
                grad[f"beta{layer}"][...] = da.sum(-2)
                grad[f"gamma{layer}"][...] = (da * normed[0]).sum(-2)
                da = _normalise_back(da, p[f"gamma{layer}"], *normed)
            grad[f"W{layer}"][...] = below.mT @ da
            if layer > 1:
                dh = da @ p[f"W{layer}"].mT

    def statistics(self, p: Views, X: Array) -> Statistics:
        if not self.batch_norm:
            return ()
        _, cache = self.forward(p, X)
        return tuple(normed[2] for _, normed, _, _ in cache if normed is not None)


def _normalise(
    s: Array, gamma: Array, beta: Array, known: tuple[Array, Array] | None
) -> tuple[Array, tuple[Array, Array, tuple[Array, Array]]]:
    """γ ŝ + β over the batch axis, and (ŝ, 1/√(σ²+ε), (μ, σ²)) for the way back."""
    mean, variance = known or (s.mean(-2, keepdims=True), s.var(-2, keepdims=True))
    inverse = 1 / np.sqrt(variance + s.dtype.type(BATCH_NORM_EPS))
    s_hat = (s - mean) * inverse
    return gamma[..., None, :] * s_hat + beta[..., None, :], (s_hat, inverse, (mean, variance))


def _normalise_back(da: Array, gamma: Array, s_hat: Array, inverse: Array, _: Any) -> Array:
    """ds = (γ/√(σ²+ε)) (da − mean(da) − ŝ mean(da ŝ)): the batch's mean and variance move with s."""
    centred = da - da.mean(-2, keepdims=True) - s_hat * (da * s_hat).mean(-2, keepdims=True)
    return gamma[..., None, :] * inverse * centred
