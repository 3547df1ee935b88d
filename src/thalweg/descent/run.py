"""A finished (or paused) run: what was asked, where it ended, what happened on the way, why it stopped."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from thalweg.descent.evaluations import Evaluation
from thalweg.descent.spec import Spec
from thalweg.descent.state import State
from thalweg.descent.stopping import Stopped
from thalweg.descent.trail import Steps, watched_loss
from thalweg.formulas.arrays import Array
from thalweg.problems.objective import UserObjective
from thalweg.problems.problem import Problem


@dataclass(frozen=True, eq=False)
class Run:
    """spec is resolved. state is the last one, `best` the parameters (P,) with the lowest watched loss, at best_t.

    The watched loss is the validation loss, or the training loss where there is no validation split.
    """

    spec: Spec
    problem: Problem = field(repr=False)
    state: State = field(repr=False)
    best: Array = field(repr=False)
    best_value: float
    best_t: int
    steps: Steps = field(repr=False)
    evaluations: Sequence[Evaluation] = field(repr=False)
    stopped: Stopped

    @property
    def w(self) -> Array:
        """The last parameters (P,)."""
        return np.asarray(self.state.w[0])

    @property
    def diverged(self) -> bool:
        return self.stopped.kind == "diverged"

    @property
    def unfinished(self) -> bool:
        return self.stopped.kind in ("paused", "interrupted")

    @property
    def loss_history(self) -> Array:
        """(T,) the loss of each step's rows, before its update."""
        return self.steps["loss"]

    @property
    def grad_norm_history(self) -> Array:
        """(T,) ‖g‖, before clipping."""
        return self.steps["grad_norm"]

    @property
    def step_norm_history(self) -> Array:
        """(T,) the norm of each update: ‖lr·g‖ for gd."""
        return self.steps["update_norm"]

    @property
    def theta_history(self) -> Array:
        """(T + 1, ≤ 16) parameters before each update and at the end; a fixed sample of large models."""
        picked = [c for c in self.steps.columns if c.startswith("theta[")]
        columns = np.stack([self.steps[c] for c in picked], axis=1)
        last = self.w[[int(c[6:-1]) for c in picked]].astype(float)
        return np.concatenate([columns, last[None]])

    def history(self, measure: str) -> tuple[Array, Array]:
        """(t, value) over the evaluations, for train_loss, validation_loss, validation_accuracy, …"""
        known = [entry for entry in self.evaluations if measure in entry]
        return np.array([e["t"] for e in known], int), np.array([e[measure] for e in known], float)

    @property
    def final(self) -> Evaluation:
        """The last evaluation."""
        return self.evaluations[-1]

    @property
    def best_evaluation(self) -> Evaluation:
        """The evaluation at which the best parameters were found."""
        return min(self.evaluations, key=lambda e: (watched_loss(e), e["t"]))

    def predict(self, data: Any) -> Array:
        """New rows -> values in the target's units, or probabilities (N, K), with the best parameters.

        data: a file, a data frame, a dictionary of columns, or an array (N, columns), its columns as in training.
        What was fitted on the training rows is applied; raises DataError for what it cannot be applied to.
        """
        from thalweg.descent.prediction import fitted_of, rows_to_predict

        fitted = fitted_of(self)
        return fitted.predict(rows_to_predict(data, fitted))[0]

    def params(self) -> Any:
        """The best parameters: {name: array}, or, of a function of your own, in the structure of its start."""
        objective = self.problem.objective
        if isinstance(objective, UserObjective):
            return objective.params(self.best)
        return objective.layout.views(self.best)

    def happened(self, t: int) -> dict[str, Any]:
        """What happened on step t: its signals, and the evaluation after it where there was one."""
        found: dict[str, Any] = self.steps.at(t)
        return found | {k: v for e in self.evaluations if e["t"] == t for k, v in e.items()}
