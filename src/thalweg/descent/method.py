"""A Method makes one step. Most are an Optimizer, made of an elementwise rule; Newton's is not."""

from typing import Protocol, Self

from thalweg.descent.state import State, Step, norms_by_array, total_norm
from thalweg.formulas.arrays import Array
from thalweg.problems.layout import Layout
from thalweg.problems.objective import Objective, Rows


class Method(Protocol):
    """How one step is made, for a population of runs at once."""

    def start(self, w: Array) -> State:
        """w (P,) or (R, P) -> a State with memory at zero."""

    def advance(self, objective: Objective, state: State, rows: Rows, lr: Array) -> Step:
        """One update of `state`, in place. lr (R,)."""

    def members(self, keep: Array) -> Self:
        """The method of some members of a population, where hyperparameters differ from run to run."""


def record(
    layout: Layout, before: Array, state: State, loss: Array, grad_norms: Array, lr: Array, finite: Array
) -> Step:
    """The Step from `before` (R, P) to where `state` is now."""
    param_norms, update_norms = norms_by_array(before, layout.starts), norms_by_array(state.w - before, layout.starts)
    return Step(
        t=state.t,
        lr=lr,
        loss=loss,
        grad_norm=total_norm(grad_norms),
        update_norm=total_norm(update_norms),
        param_norm=total_norm(param_norms),
        grad_norms=grad_norms,
        update_norms=update_norms,
        param_norms=param_norms,
        finite=finite,
    )
