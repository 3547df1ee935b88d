"""Newton's method with backtracking, for convex models: the yardstick for first-order rules, and often the cure.

w ← w − η s H⁺ g, where s is the first of 1, ½, ¼, … that brings the loss down by Armijo's condition.
(Boyd & Vandenberghe 2004, §9.5.2 and algorithm 9.2, α = 1e-4, β = ½)
"""

from dataclasses import dataclass

import numpy as np

from thalweg.descent.method import record
from thalweg.descent.state import State, Step, norms_by_array
from thalweg.errors import SpecError
from thalweg.formulas.arrays import Array
from thalweg.problems.objective import Objective, Rows

ARMIJO = 1e-4  # the share of the predicted decrease that must be had; Boyd & Vandenberghe: 0.01 to 0.3
HALVINGS = 40


@dataclass(frozen=True)
class Newton:
    """Remembers nothing. lr scales the full step; 1 is Newton's own."""

    def start(self, w: Array) -> State:
        w = np.array(w, ndmin=2)
        return State(w, np.zeros((0, *w.shape), w.dtype))

    def advance(self, objective: Objective, state: State, rows: Rows, lr: Array) -> Step:
        if not objective.convex:
            raise SpecError("Newton's method is for convex models (linear with a loss on logits or outputs)")
        loss, grad = objective.value_and_grad(state.w, rows)
        finite = np.isfinite(loss) & np.isfinite(grad).all(-1)
        before = state.w.copy()
        for r in np.flatnonzero(finite):
            own = objective.members(np.array([r]))
            here = rows[r : r + 1] if isinstance(rows, np.ndarray) and rows.ndim > 1 else rows
            flat_rows = here[0] if isinstance(here, np.ndarray) and here.ndim > 1 else here
            direction = _solve(own.hessian(before[r], flat_rows), grad[r])
            state.w[r] = _backtrack(own, before[r], loss[r], grad[r], lr[r] * direction, here)
        state.t += 1
        grad_norms = norms_by_array(grad, objective.layout.starts)
        return record(objective.layout, before, state, loss, grad_norms, lr, finite)

    def members(self, keep: Array) -> "Newton":
        return self


def _solve(hessian: Array, grad: Array) -> Array:
    """−H⁺ g through the eigenvalues, which also serves where columns repeat and H is singular."""
    values, vectors = np.linalg.eigh(hessian)
    known = values > values[-1] * len(values) * np.finfo(hessian.dtype).eps
    inverse = np.where(known, 1 / np.where(known, values, 1), 0)
    return -(vectors @ (inverse * (vectors.T @ grad)))


def _backtrack(objective: Objective, w: Array, loss: Array, grad: Array, step: Array, rows: Rows) -> Array:
    """The first of w + step, w + step/2, … with enough decrease; w itself where none has."""
    slope = float(grad @ step)
    for halving in range(HALVINGS):
        there = w + step * 0.5**halving
        value, _ = objective.value_and_grad(there[None], rows)
        if value[0] <= loss + ARMIJO * 0.5**halving * slope:
            return there
    return w
