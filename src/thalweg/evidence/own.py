"""Descent on a function of the user's own, behind the gate: its gradient is checked before the first step."""

from collections.abc import Callable
from typing import Any

import numpy as np

from thalweg.descent.run import Run
from thalweg.descent.spec import Spec
from thalweg.descent.train import train
from thalweg.errors import SpecError
from thalweg.evidence.gradcheck import gate
from thalweg.formulas.arrays import Array
from thalweg.problems.objective import UserObjective
from thalweg.problems.sections import Custom

LossAndGrad = Callable[[Array], tuple[Any, Any]]


class WrongGradient(SpecError):
    """The gate found that a gradient is not the gradient of its loss."""


def minimize(loss_and_grad: LossAndGrad, start: Any, *, check: bool = True, **changes: Any) -> Run:
    """Minimise loss_and_grad(w) -> (loss, gradient) from `start` (P,).

    `changes` are fields of the Spec: rule, lr, steps, grad_tol, … `check=False` leaves the gate out; the Spec's
    label, and so the run's header, says whether the gradient was checked.

    >>> run = minimize(lambda w: (((w - 3) ** 2).sum(), 2 * (w - 3)), [0.0], lr=0.5, steps=2)
    >>> run.w.tolist(), run.spec.problem.label
    ([3.0], '<lambda>, gradient checked')
    """
    w = np.array(start, float)
    if w.ndim != 1:
        raise SpecError(f"start has shape {w.shape}; expected a flat vector (P,)")
    if check:
        found = gate(loss_and_grad, w)
        if not found.passed:
            raise WrongGradient(
                f"{found.sentence} Mend the gradient, or say check=False to descend on it all the same."
            )
    name = getattr(loss_and_grad, "__name__", type(loss_and_grad).__name__)
    label = f"{name}, gradient {'checked' if check else 'not checked'}"
    spec = Spec(problem=Custom(label=label, start=tuple(w.tolist())))
    return train(spec.but(**changes), objective=UserObjective(loss_and_grad, w.size))
