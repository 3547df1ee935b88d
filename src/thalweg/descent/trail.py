"""The history of a population: a row of numbers for every update, a record for every evaluation, the best so far.

Rows of one run are fixed-width float64, so that a file of them can be appended to, cut back and read anywhere.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from thalweg.descent.evaluations import Evaluation, Evaluations, Sheet
from thalweg.descent.state import Step
from thalweg.formulas.arrays import Array
from thalweg.problems.layout import Layout

SIGNALS = ("t", "seconds", "lr", "loss", "grad_norm", "update_norm", "param_norm")
ROOM = 1 << 28  # bytes that a table may take at once; memory that is not written to costs nothing
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

    table (R, capacity, F) holds the updates, run by run, evaluations one sequence for each run. best is where the
    watched loss (validation where there is one, else training) was lowest: parameters (R, P), value and t (R,).
    latest and previous (R,) are the last two training losses, rises (R,) how often it rose in a row.
    """

    columns: tuple[str, ...]
    table: Array
    lengths: Array  # (R,) updates recorded
    evaluations: list[Evaluations]
    best: Array
    best_value: Array
    best_t: Array
    picked: Array = field(repr=False)
    latest: Array = field(repr=False)
    previous: Array = field(repr=False)
    rises: Array = field(repr=False)

    @classmethod
    def fresh(cls, layout: Layout, w: Array, steps: int = 64) -> "Trail":
        """Nothing recorded yet, for a population w (R, P) that will make so many updates."""
        runs, columns = len(w), columns_of(layout)
        capacity = max(1, min(steps, max(64, ROOM // (8 * runs * len(columns)))))
        return cls(
            columns=columns,
            table=np.empty((runs, capacity, len(columns))),
            lengths=np.zeros(runs, int),
            evaluations=[Evaluations() for _ in range(runs)],
            best=w.copy(),
            best_value=np.full(runs, np.inf),
            best_t=np.zeros(runs, int),
            picked=np.array(watched(layout.size)),
            latest=np.full(runs, np.inf),
            previous=np.full(runs, np.inf),
            rises=np.zeros(runs, int),
        )

    @classmethod
    def resumed(
        cls, steps: Steps, evaluations: Iterable[Evaluation], best: tuple[Array, float, int], layout: Layout
    ) -> "Trail":
        """That of one run, where it left off. best: parameters (P,), value and t."""
        trail = cls.fresh(layout, best[0][None])
        trail.table = np.concatenate([steps.rows[None], trail.table], axis=1)
        trail.columns, trail.lengths[0] = steps.columns, len(steps)
        trail.best_value[0], trail.best_t[0] = best[1:]
        trail.evaluations[0] = Evaluations(evaluations)
        for entry in trail.evaluations[0]:
            trail._compare(np.arange(1), np.array([entry.get("train_loss", np.inf)], float))
        return trail

    def reserve(self, t: int) -> None:
        """Room for update number t."""
        if t > self.table.shape[1]:
            grown = max(t, 2 * self.table.shape[1])
            table = np.empty((len(self.table), grown, len(self.columns)))
            table[:, : self.table.shape[1]] = self.table
            self.table = table

    def record(self, step: Step, before: Array, active: Array, seconds: float) -> None:
        """One update of the active members (A,); `before` (A, P) is where it started."""
        self.reserve(step.t)
        ones = np.ones(len(active))
        signals = [ones * step.t, ones * seconds, step.lr, step.loss, step.grad_norm, step.update_norm, step.param_norm]
        self.table[active, step.t - 1] = np.concatenate(
            [np.stack(signals, 1), step.grad_norms, step.update_norms, step.param_norms, before[:, self.picked]], 1
        )
        self.lengths[active] = step.t

    def column(self, name: str, active: Array, begin: int, end: int) -> Array:
        """A signal of the active members (A, updates) from update begin + 1 to end."""
        return self.table[active, begin:end, SIGNALS.index(name)]

    def note(self, runs: Array, shared: Mapping[str, Any], each: Mapping[str, Array], w: Array) -> None:
        """One evaluation of these members (A,), which stood at w (A, P); keeps w where it is the best so far."""
        sheet = Sheet(shared, each)
        for place, run in enumerate(runs.tolist()):
            self.evaluations[run].append(sheet, place)
        value = each.get("validation_loss", each.get("train_loss", np.full(len(runs), np.inf)))
        better = np.where(np.isfinite(value), value, np.inf) < self.best_value[runs]
        won = runs[better]
        self.best[won], self.best_value[won], self.best_t[won] = w[better], value[better], shared["t"]
        self._compare(runs, each.get("train_loss", value))

    def _compare(self, runs: Array, loss: Array) -> None:
        self.rises[runs] = np.where(loss > self.latest[runs], self.rises[runs] + 1, 0)
        self.previous[runs], self.latest[runs] = self.latest[runs], loss

    def steps(self, run: int) -> Steps:
        """The updates of one run. What is recorded later is appended behind them."""
        return Steps(self.columns, self.table[run, : self.lengths[run]])


def watched_loss(evaluation: Evaluation) -> float:
    """The loss that stopping, schedules and best weights look at; not finite counts as infinite."""
    value = evaluation.get("validation_loss", evaluation.get("train_loss"))
    return float(value) if value is not None and np.isfinite(value) else np.inf


def watched_losses(evaluations: Sequence[Evaluation]) -> list[float]:
    """The watched loss of each evaluation, oldest first."""
    return [watched_loss(evaluation) for evaluation in evaluations]
