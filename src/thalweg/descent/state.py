"""All that changes while descending. Saving it is a checkpoint; nothing else is needed to go on."""

from dataclasses import dataclass

import numpy as np

from thalweg.formulas.arrays import Array


@dataclass
class State:
    """Parameters w (R, P), the method's memory slots (S, R, P), and t, the number of updates made."""

    w: Array
    slots: Array
    t: int = 0

    def copy(self) -> "State":
        return State(self.w.copy(), self.slots.copy(), self.t)

    def members(self, keep: Array) -> "State":
        """The state of some members of the population, as copies."""
        return State(self.w[keep], self.slots[:, keep], self.t)


@dataclass(frozen=True)
class Step:
    """What one update looked like, for each of R runs. L is the number of named parameter arrays."""

    t: int  # this update's number, from 1
    lr: Array  # (R,)
    loss: Array  # (R,) before the update, on this step's rows
    grad_norm: Array  # (R,) before clipping
    update_norm: Array  # (R,)
    param_norm: Array  # (R,) before the update
    grad_norms: Array  # (R, L) the same by parameter array
    update_norms: Array  # (R, L)
    param_norms: Array  # (R, L)
    finite: Array  # (R,) False where loss or gradient was not, and so no update was made


def norms_by_array(flat: Array, starts: Array) -> Array:
    """‖·‖ of every named array: flat (R, P), where each array begins (L,) -> (R, L), in float64."""
    return np.sqrt(np.add.reduceat(flat.astype(np.float64, copy=False) ** 2, starts, axis=-1))


def total_norm(norms: Array) -> Array:
    """The norm of the whole from the norms of its parts: (R, L) -> (R,)."""
    return np.sqrt((norms * norms).sum(-1))


def step_of(rows: Array, t: int, arrays: int) -> Step:
    """The Step that these rows of a trail's table (R, F) are of, L named arrays."""
    loss, grad_norm = rows[:, 3], rows[:, 4]
    grad, update, param = (rows[:, 7 + i * arrays : 7 + (i + 1) * arrays] for i in range(3))
    finite = np.isfinite(loss) & np.isfinite(grad_norm)
    return Step(t, rows[:, 2], loss, grad_norm, rows[:, 5], rows[:, 6], grad, update, param, finite)
