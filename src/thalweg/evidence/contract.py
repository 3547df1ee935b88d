"""What a gradient check asks of a user's function, checked at every call.

The function takes parameters and returns (loss, gradient): one finite number, and finite real numbers in the
structure and shapes of the parameters, which it leaves as they were.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from thalweg.formulas.arrays import Array
from thalweg.problems.own_function import ContractError, Leaves, answered
from thalweg.problems.tensors import Tensors, mismatch

ValueAndGrad = Callable[[Any], tuple[Any, Any]]

TOLERANCE = {8: 1e-7, 4: 1e-4, 2: 3e-2}  # of ‖g‖, by bytes of a number: what a right gradient reaches
ROUNDOFF = {8: 2.0**-53, 4: 2.0**-24, 2: 2.0**-11}


class Point(NamedTuple):
    """A place, what the user's function says there, and the standard deviation of the loss's rounding."""

    w: Array  # (P,)
    loss: float
    grad: Array  # (P,)
    noise: float = 0.0


class Counted:
    """The user's function on flat vectors, its answers checked and its calls counted."""

    def __init__(self, value_and_grad: ValueAndGrad, tensors: Tensors):
        self.value_and_grad, self.tensors = value_and_grad, tensors
        self.calls = 0
        self.bytes = min(dtype.itemsize for dtype in tensors.dtypes)  # of the coarsest number in play

    def __call__(self, w: Array) -> Point:
        """Loss and gradient at w (P,), or a ContractError."""
        sent = self.tensors.build(w)
        self.calls += 1
        with np.errstate(all="ignore"):
            answer = self.value_and_grad(sent)
        loss, grads = answered(self.tensors, answer)
        self._refuse_mutation(w, sent)
        return Point(w, self._finite_loss(loss), self._finite_grad(grads))

    def elsewhere(self, w: Array) -> Point | None:
        """The same at a point that we chose: None where the function is not defined or not finite there."""
        try:
            return self(w)
        except ContractError as broken:
            if broken.kind == "not finite":
                return None
            raise
        except (ArithmeticError, ValueError):  # such as a logarithm of what we made negative
            return None

    def _refuse_mutation(self, w: Array, sent: Any) -> None:
        if differs := mismatch(self.tensors.tree, sent):
            raise ContractError("mutates", f"the function changed its parameters: {differs}; let it work on a copy")
        leaves = [leaf for _, leaf in self.tensors.leaves(sent)]
        shapes = tuple(leaf.shape for leaf in leaves)
        if shapes == self.tensors.leaf_shapes and np.array_equal(np.concatenate([*map(np.ravel, leaves)]), w):
            return
        given = self.tensors.leaves(self.tensors.build(w))
        changed = [name for (name, a), b in zip(given, leaves, strict=True) if not np.array_equal(a, b)]
        raise ContractError("mutates", f"the function changed {', '.join(changed)} in place; let it work on a copy")

    def _finite_loss(self, loss: Array) -> float:
        if not np.isfinite(loss):
            raise ContractError("not finite", f"the loss is {loss.item()}; expected a finite number")
        if loss.dtype.kind == "f":
            self.bytes = min(self.bytes, loss.dtype.itemsize)
        return float(loss)

    def _finite_grad(self, leaves: Leaves) -> Array:
        for name, leaf in leaves:
            if not np.isfinite(leaf).all():
                raise ContractError("not finite", f"the gradient of {name} holds nan or inf; expected finite numbers")
            self.bytes = min(self.bytes, leaf.dtype.itemsize)
        return np.concatenate([leaf.ravel().astype(np.float64) for _, leaf in leaves])

    @property
    def roundoff(self) -> float:
        """Half the distance from 1 to the next number."""
        return ROUNDOFF[min(8, self.bytes)]

    @property
    def tolerance(self) -> float:
        """What share of ‖g‖ a right gradient may miss by."""
        return TOLERANCE[min(8, self.bytes)]

    @property
    def step(self) -> float:
        """The step where curvature and rounding cost about the same: 1e-5 in float64, 8e-3 in float32."""
        return 2 * float(np.cbrt(self.roundoff))
