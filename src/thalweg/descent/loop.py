"""The loop: θ ← θ − η ∇L(θ), one yielded Step per update. Whoever iterates stops, prints or plots."""

from collections.abc import Callable, Iterator

import numpy as np

from thalweg.descent.method import Method
from thalweg.descent.state import State, Step
from thalweg.formulas.arrays import Array
from thalweg.problems.objective import ALL, Objective, Rows

Rate = Callable[[int], float | Array]


def descend(
    objective: Objective,
    method: Method,
    state: State,
    lr: float | Array | Rate,
    rows: Callable[[int], Rows] = lambda t: ALL,
) -> Iterator[Step]:
    """Advance `state` in place and yield what each update looked like, for ever.

    lr and rows may be functions of t, the number of updates made so far. The state is exact at every yield.

    >>> from thalweg.formulas.surfaces import SURFACES
    >>> from thalweg.problems.objective import OnSurface
    >>> from thalweg.descent.optimizer import Optimizer
    >>> method = Optimizer.named("gd")
    >>> state = method.start(np.array([0.0]))
    >>> step = next(descend(OnSurface(SURFACES["parabola"]), method, state, lr=0.5))
    >>> state.w.tolist()
    [[3.0]]
    """
    runs = len(state.w)
    while True:
        rate = np.broadcast_to(np.asarray(lr(state.t) if callable(lr) else lr, float), (runs,))
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):  # here divergence is data
            step = method.advance(objective, state, rows(state.t), rate)
        yield step
