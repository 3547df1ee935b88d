"""What a model is to the rest: a layout and two functions on views of flat buffers."""

from typing import Any, Protocol

import numpy as np

from thalweg.formulas.arrays import Array
from thalweg.problems.layout import Layout, Views

Statistics = tuple[tuple[Array, Array], ...]  # per batch-norm layer: mean and variance (..., 1, width)


class Model(Protocol):
    """A map from inputs X (..., B, D) to outputs z (..., B, K), with hand-derived gradients.

    A leading axis of the parameters is a population; X may be shared by it or have the same leading axis.
    """

    @property
    def layout(self) -> Layout: ...

    @property
    def convex(self) -> bool:
        """Is the loss of this model convex in its parameters, for a convex loss on its outputs?"""

    def init(self, rng: np.random.Generator) -> Array:
        """Initial parameters (P,)."""

    def forward(self, p: Views, X: Array, statistics: Statistics | None = None) -> tuple[Array, Any]:
        """X -> z and what `backward` needs. With `statistics`, batch norm uses these instead of the batch's."""

    def backward(self, p: Views, cache: Any, dz: Array, grad: Views) -> None:
        """Fill `grad` in place with the gradient by every parameter, from the gradient by z."""

    def statistics(self, p: Views, X: Array) -> Statistics:
        """What batch norm measures on X, () without batch norm."""
