"""The linear model z = X W + b. The loss makes it linear, logistic or softmax regression."""

from typing import Any

import numpy as np

from thalweg.formulas.arrays import Array
from thalweg.formulas.initializers import INITIALIZERS
from thalweg.problems.layout import Layout, Views
from thalweg.problems.model import Statistics


class Linear:
    """z = X W + b, W (D, K), b (K,). Starts at zero unless told otherwise: its losses are convex.

    With `ones`, the last of the D columns of X is a column of ones that plays the bias: z = X [W; b], and b is
    kept free of scaling, penalties and decay all the same.
    """

    convex = True

    def __init__(self, d: int, k: int = 1, *, init: str = "zeros", ones: bool = False):
        self.features = d - 1 if ones else d
        self.initializer = INITIALIZERS.named(init)
        self.ones = ones
        self.layout = Layout({"W": (self.features, k)}, {"b": (k,)})

    def init(self, rng: np.random.Generator) -> Array:
        """Weights by the initializer, bias 0."""
        flat = np.zeros(self.layout.size)
        view = self.layout.views(flat)["W"]
        view[...] = self.initializer(rng, *view.shape)
        return flat

    def forward(self, p: Views, X: Array, statistics: Statistics | None = None) -> tuple[Array, Any]:
        b = p["b"][..., None, :]
        if self.ones:
            return X @ np.concatenate([p["W"], b], axis=-2), X
        return X @ p["W"] + b, X

    def backward(self, p: Views, cache: Any, dz: Array, grad: Views) -> None:
        if self.ones:
            both = cache.mT @ dz
            grad["W"][...], grad["b"][...] = both[..., :-1, :], both[..., -1, :]
        else:
            grad["W"][...], grad["b"][...] = cache.mT @ dz, dz.sum(-2)

    def statistics(self, p: Views, X: Array) -> Statistics:
        return ()
