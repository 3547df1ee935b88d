"""Nesterov's momentum as it is taught: the gradient is taken at the look-ahead point w − η β v.

v ← β v + c g(w − η β v);  w ← w − η v, c = 1 − ema·β. The rule `nesterov` walks the same path, seen from the
look-ahead points, with the gradient at w; the two agree at constant η.
"""

from dataclasses import dataclass

import numpy as np

from thalweg.descent.method import record
from thalweg.descent.state import State, Step, norms_by_array
from thalweg.formulas.arrays import Array
from thalweg.problems.objective import Objective, Rows


@dataclass(frozen=True)
class NesterovLookahead:
    """Loss and gradient of its Steps are those at the look-ahead point."""

    beta: float = 0.9
    ema: float = 1.0

    def start(self, w: Array) -> State:
        w = np.array(w, ndmin=2)
        return State(w, np.zeros((1, *w.shape), w.dtype))

    def advance(self, objective: Objective, state: State, rows: Rows, lr: Array) -> Step:
        before, v, rate = state.w.copy(), state.slots[0], lr.astype(state.w.dtype)[:, None]
        loss, grad = objective.value_and_grad(before - rate * self.beta * v, rows)
        finite = np.isfinite(loss) & np.isfinite(grad).all(-1)
        v[finite] = self.beta * v[finite] + (1 - self.ema * self.beta) * grad[finite]
        state.w[finite] = before[finite] - rate[finite] * v[finite]
        state.t += 1
        grad_norms = norms_by_array(grad, objective.layout.starts)
        return record(objective.layout, before, state, loss, grad_norms, lr, finite)

    def members(self, keep: Array) -> "NesterovLookahead":
        return self
