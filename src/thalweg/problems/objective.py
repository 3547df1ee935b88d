"""All that descent knows of a problem: how large it is, and its value and gradient."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from thalweg.errors import ShapeError
from thalweg.formulas.arrays import Array
from thalweg.formulas.surfaces import Surface
from thalweg.problems.layout import Layout

Rows = slice | NDArray[np.intp]
ALL = slice(None)
Measures = dict[str, Array]


class Objective(Protocol):
    """A function of a flat vector that can be minimised. Leading axes of w are a population of runs."""

    @property
    def layout(self) -> Layout:
        """Names of the parameters; `layout.undecayed` is where the biases begin."""

    @property
    def size(self) -> int:
        """Number of parameters P."""

    @property
    def examples(self) -> int:
        """Number of rows to draw batches from; 1 where there are none."""

    @property
    def convex(self) -> bool:
        """Is it known to be convex?"""

    def value_and_grad(self, w: Array, rows: Rows = ALL) -> tuple[Array, Array]:
        """w (..., P) -> loss (...,), gradient (..., P) on these rows: (B,), or (..., B) one batch per run."""

    def evaluate(self, w: Array, split: str = "train") -> Measures:
        """w (..., P) -> {"loss": (...,), …} on a split: train, validation or test."""

    def hessian(self, w: Array, rows: Rows = ALL) -> Array:
        """w (P,) -> (P, P). Only where `convex`."""

    def members(self, keep: Array) -> Self:
        """The objective of some members of a population, where members differ (in their L2)."""


@dataclass(frozen=True)
class OnSurface:
    """A surface as an objective: exact gradients, no rows, its only split is itself."""

    surface: Surface
    examples: int = 1
    convex: bool = False

    @property
    def size(self) -> int:
        return self.surface.size

    @cached_property
    def layout(self) -> Layout:
        return Layout({"w": (self.surface.size,)}, {})

    def value_and_grad(self, w: Array, rows: Rows = ALL) -> tuple[Array, Array]:
        return self.surface.value(w), self.surface.gradient(w)

    def evaluate(self, w: Array, split: str = "train") -> Measures:
        return {"loss": self.surface.value(w)}

    def hessian(self, w: Array, rows: Rows = ALL) -> Array:
        if self.surface.hessian is None:
            raise ShapeError(f"surface {self.surface.name} has no Hessian; give it one to use Newton's method")
        return self.surface.hessian(w)

    def members(self, keep: Array) -> "OnSurface":
        return self


@dataclass(frozen=True)
class UserObjective:
    """A user's loss_and_grad on single vectors (P,), lifted to populations by a loop.

    `function(w)` or, with `examples` rows to draw from, `function(w, rows)` -> (loss, gradient (P,)).
    `structure(w)` shows parameters as the user has them; `measures(w, split)` adds to what is evaluated.
    """

    function: Callable[..., tuple[Any, Any]]
    size: int
    examples: int = 1
    batched: bool = False
    convex: bool = False
    named: Layout | None = None
    structure: Callable[[Array], Any] | None = None
    measures: Callable[[Array, str], Mapping[str, float]] | None = None

    @cached_property
    def layout(self) -> Layout:
        return self.named or Layout({"w": (self.size,)}, {})

    @property
    def splits(self) -> tuple[str, ...]:
        """Which splits can be evaluated."""
        return ("train", "validation") if self.measures else ("train",)

    def value_and_grad(self, w: Array, rows: Rows = ALL) -> tuple[Array, Array]:
        if w.ndim > 1:
            each = [
                self.value_and_grad(one, rows[r] if isinstance(rows, np.ndarray) and rows.ndim > 1 else rows)
                for r, one in enumerate(w)
            ]
            return np.array([loss for loss, _ in each]), np.array([grad for _, grad in each])
        loss, grad = self.function(w.copy(), rows) if self.batched else self.function(w.copy())
        grad = np.asarray(grad, w.dtype)
        if grad.shape != w.shape:
            raise ShapeError(f"the gradient has shape {grad.shape} but the parameters {w.shape}; make them equal")
        return np.asarray(loss, w.dtype).reshape(()), grad

    def evaluate(self, w: Array, split: str = "train") -> Measures:
        if w.ndim > 1:
            each = [self.evaluate(one, split) for one in w]
            return {name: np.array([found[name] for found in each]) for name in each[0]}
        found: Measures = {"loss": self.value_and_grad(w)[0]} if split == "train" else {}
        own = self.measures(w, split) if self.measures else {}
        return found | {name: np.asarray(value, float) for name, value in own.items()}

    def params(self, w: Array) -> Any:
        """w (P,) as the user has it: in their structure, or as named views."""
        return self.structure(w) if self.structure else self.layout.views(w)

    def hessian(self, w: Array, rows: Rows = ALL) -> Array:
        raise ShapeError("a function of your own has no Hessian here; Newton's method needs a convex model")

    def members(self, keep: Array) -> "UserObjective":
        return self
