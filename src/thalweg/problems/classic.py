"""The classic face of a model: parameters of its own, and loss and gradients by name."""

import numpy as np

from thalweg.formulas.arrays import Array
from thalweg.formulas.losses import LOSSES
from thalweg.formulas.streams import Purpose, stream
from thalweg.problems.checks import require_xy
from thalweg.problems.examples import Examples
from thalweg.problems.fit import Fit
from thalweg.problems.layout import Views
from thalweg.problems.linear import Linear
from thalweg.problems.mlp import MLP
from thalweg.problems.model import Model


class ClassicModel:
    """A model that holds its parameters, for loops of one's own. `params()` are views: change them in place.

    >>> model = LinearModel(1, loss="mse")
    >>> loss = model.loss_and_gradients(np.array([[1.0], [2.0]]), np.array([2.0, 4.0]))[0]
    >>> loss, model.grads()["W"].tolist()
    (10.0, [[-10.0]])
    """

    def __init__(self, model: Model, loss: str, l2: float = 0.0, seed: int = 0):
        self.model, self.loss, self.l2 = model, LOSSES.named(loss), l2
        self.flat = model.init(stream(seed, Purpose.START))
        self.flat_grad = np.zeros_like(self.flat)

    def params(self) -> Views:
        """{name: array}: views of the parameters."""
        return self.model.layout.views(self.flat)

    def grads(self) -> Views:
        """{name: array}: views of the latest gradient."""
        return self.model.layout.views(self.flat_grad)

    def forward(self, X: Array) -> Array:
        """X (N, D) -> outputs z (N, K), before the loss's own link."""
        return self.model.forward(self.params(), np.asarray(X, float))[0]

    def predict(self, X: Array) -> Array:
        """X (N, D) -> values or probabilities (N, K)."""
        return self.loss.predict(self.forward(X))

    def loss_and_gradients(self, X: Array, y: Array, weight: Array | None = None) -> tuple[float, Views]:
        """The mean loss, with ½·l2·‖weights‖², on these rows, and its gradients by name. y (N,) or (N, K)."""
        X, y, weight = require_xy(X, y, weight)
        fit = Fit(self.model, self.loss, {"train": Examples(X, y, weight)}, self.l2)
        value, self.flat_grad[...] = fit.value_and_grad(self.flat)
        return float(value), self.grads()


class LinearModel(ClassicModel):
    """Linear, logistic or softmax regression, by its loss: mse, logistic_cross_entropy, softmax_cross_entropy."""

    def __init__(self, d: int, k: int = 1, *, loss: str = "mse", l2: float = 0.0):
        super().__init__(Linear(d, k), loss, l2)


class MLPModel(ClassicModel):
    """A multilayer perceptron of these sizes (D, hidden…, K)."""

    def __init__(
        self,
        sizes: tuple[int, ...],
        *,
        loss: str,
        activation: str = "relu",
        init: str = "he_normal",
        batch_norm: bool = False,
        l2: float = 0.0,
        seed: int = 0,
    ):
        super().__init__(MLP(sizes, activation=activation, init=init, batch_norm=batch_norm), loss, l2, seed)
