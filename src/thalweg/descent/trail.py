"""The history of a population: a row of numbers for every update, a record for every evaluation, the best so far.

Rows of one run are fixed-width float64, so that a file of them can be appended to, cut back and read anywhere.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from thalweg.descent.state import Step
from thalweg.formulas.arrays import Array
from thalweg.problems.layout import Layout

Evaluation = dict[str, Any]  # t, epoch, samples, seconds, lr, then measures as train_loss, validation_loss, …

SIGNALS = ("t", "seconds", "lr", "loss", "grad_norm", "update_norm", "param_norm")
WATCHED_PARAMETERS = 16  # theta_history holds all parameters of small problems, and this many of large ones


def columns_of(layout: Layout) -> tuple[str, ...]:
    """Names of the numbers in a row: signals, norms by parameter array, sampled parameters."""
    arrays = [f"{kind}_norm[{name}]" for kind in ("grad", "update", "param") for name in layout.shapes]
    return (*SIGNALS, *arrays, *(f"theta[{i}]" for i in watched(layout.size)))


def watched(size: int) -> list[int]:
    """Which parameters theta_history follows: all, or some spread evenly over the buffer."""
    if size <= WATCHED_PARAMETERS:
        return list(range(size))
    return np.linspace(0, size - 1, WATCHED_PARAMETERS).astype(int).tolist()


@dataclass(frozen=True, eq=False)
class Steps:
    """The rows of one run: `steps["loss"]` is the column (T,), `steps[36]` what happened on step 37."""

    columns: tuple[str, ...]
    rows: Array  # (T, F)

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, key: str) -> Array:
        return self.rows[:, self.columns.index(key)]

    def at(self, t: int) -> dict[str, float]:
        """Everything recorded of update number t, from 1."""
        if not 1 <= t <= len(self):
            raise IndexError(f"step {t} was not run; this run has steps 1 to {len(self)}")
        return dict(zip(self.columns, self.rows[t - 1].tolist(), strict=True))

    def matching(self, prefix: str) -> dict[str, Array]:
        """{name: column} of the columns called prefix[name]."""
        found = {c: c.removeprefix(prefix)[1:-1] for c in self.columns if c.startswith(f"{prefix}[")}
        return {name: self[column] for column, name in found.items()}


@dataclass
class Trail:
    """What a population of R runs has recorded so far. Grows in place.

    table (capacity, R, F) holds the updates, evaluations one list for each run. best is where the watched loss
    (validation where there is one, else training) was lowest: parameters (R, P), value and t (R,).
    """

    columns: tuple[str, ...]
    table: Array
    lengths: Array  # (R,) updates recorded
    evaluations: list[list[Evaluation]]
    best: Array
    best_value: Array
    best_t: Array
    picked: Array = field(repr=False)

    @classmethod
    def fresh(cls, layout: Layout, w: Array) -> "Trail":
        """Nothing recorded yet, for a population w (R, P)."""
        runs, columns = len(w), columns_of(layout)
        return cls(
            columns=columns,
            table=np.empty((64, runs, len(columns))),
            lengths=np.zeros(runs, int),
            evaluations=[[] for _ in range(runs)],
            best=w.copy(),
            best_value=np.full(runs, np.inf),
            best_t=np.zeros(runs, int),
            picked=np.array(watched(layout.size)),
        )

    def record(self, step: Step, before: Array, active: Array, seconds: float) -> None:
        """One update of the active members (A,); `before` (A, P) is where it started."""
        self.make_room(step.t)
        ones = np.ones(len(active))
        signals = [ones * step.t, ones * seconds, step.lr, step.loss, step.grad_norm, step.update_norm, step.param_norm]
        self.table[step.t - 1, active] = np.concatenate(
            [np.stack(signals, 1), step.grad_norms, step.update_norms, step.param_norms, before[:, self.picked]], 1
        )
        self.lengths[active] = step.t

    def make_room(self, t: int) -> None:
        """For t updates at least, by doubling."""
        if t > len(self.table):
            more = np.empty((max(t - len(self.table), len(self.table)), *self.table.shape[1:]))
            self.table = np.concatenate([self.table, more])

    def note(self, run: int, evaluation: Evaluation, w: Array) -> None:
        """One evaluation of run number `run`, which stood at w (P,); keeps w if it is the best so far."""
        self.evaluations[run].append(evaluation)
        if (value := watched_loss(evaluation)) < self.best_value[run]:
            self.best[run], self.best_value[run], self.best_t[run] = w, value, evaluation["t"]

    def steps(self, run: int) -> Steps:
        """The updates of one run, as a copy."""
        return Steps(self.columns, self.table[: self.lengths[run], run].copy())


def watched_loss(evaluation: Evaluation) -> float:
    """The loss that stopping, schedules and best weights look at; not finite counts as infinite."""
    value = evaluation.get("validation_loss", evaluation.get("train_loss"))
    return float(value) if value is not None and np.isfinite(value) else np.inf


def watched_losses(evaluations: Sequence[Evaluation]) -> list[float]:
    """The watched loss of each evaluation, oldest first."""
    return [watched_loss(evaluation) for evaluation in evaluations]
