"""A recording: the history of a loop that is not ours. What a Run says of itself, as far as it was told.

Steps and evaluations are those of a Trail, column for column, so that every chart and diagnosis reads both. What
the loop did not say is nan.
"""

import traceback
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from thalweg.descent.evaluations import Evaluation
from thalweg.descent.stopping import Stopped
from thalweg.descent.trail import Steps
from thalweg.formulas.arrays import Array

WATCHED = ("validation_loss", "val_loss", "train_loss")  # the first of these that was recorded says what is best
ENDINGS = {
    "closed": "ended at step {t}",
    "diverged": "diverged at step {t}: {what}",
    "interrupted": "interrupted at step {t}",
    "failed": "ended at step {t} by {what}",
    "left": "ended with its program at step {t}, without close()",
    "running": "was not closed: it still runs, or was killed",
}


def ended(kind: str, t: int, what: str = "") -> Stopped:
    """The record of an ending, with its sentence."""
    return Stopped(kind, "", t, ENDINGS[kind].format(t=t, what=what))


def ended_by(error: BaseException, t: int) -> Stopped:
    """The ending by an exception, with the line of the user's file."""
    if isinstance(error, KeyboardInterrupt):
        return ended("interrupted", t)
    lines = traceback.extract_tb(error.__traceback__)
    place = f", {Path(lines[-1].filename).name} line {lines[-1].lineno}" if lines else ""
    return ended("failed", t, f"{type(error).__name__}: {' '.join(str(error).split())}".rstrip(": ") + place)


@dataclass(frozen=True, eq=False)
class Recording:
    """header is what the loop said of itself. stopped.kind is one of ENDINGS; folder is None in memory only."""

    name: str
    header: dict[str, Any] = field(repr=False)
    steps: Steps = field(repr=False)
    evaluations: tuple[Evaluation, ...] = field(repr=False)
    stopped: Stopped
    folder: Path | None = None

    @property
    def t(self) -> int:
        """Steps recorded."""
        return len(self.steps)

    @property
    def diverged(self) -> bool:
        return self.stopped.kind == "diverged"

    @property
    def unfinished(self) -> bool:
        return self.stopped.kind == "running"

    @property
    def loss_history(self) -> Array:
        """(T,) the loss of each step."""
        return self.steps["loss"]

    @property
    def grad_norm_history(self) -> Array:
        """(T,) ‖g‖ of each step."""
        return self.steps["grad_norm"]

    @property
    def step_norm_history(self) -> Array:
        """(T,) the norm of each update; nan for the last one unless close(params=…) said where it led."""
        return self.steps["update_norm"]

    @property
    def theta_history(self) -> Array:
        """(T, ≤ 16) parameters before each update: all of few, a fixed sample of many, none where none were given."""
        picked = [self.steps[c] for c in self.steps.columns if c.startswith("theta[")]
        return np.stack(picked, axis=1) if picked else np.empty((self.t, 0))

    def history(self, measure: str) -> tuple[Array, Array]:
        """(t, value) over the evaluations; also of a column of the steps, such as lr."""
        known = [entry for entry in self.evaluations if measure in entry]
        if not known and measure in self.steps.columns:
            return self.steps["t"].astype(int), self.steps[measure]
        return np.array([e["t"] for e in known], int), np.array([e[measure] for e in known], float)

    @property
    def measures(self) -> tuple[str, ...]:
        """Names of what was evaluated, in the order in which they came."""
        own = (name for entry in self.evaluations for name in entry if name not in ("t", "seconds", "lr"))
        return tuple(dict.fromkeys(own))

    @property
    def final(self) -> Evaluation:
        """The last value of every measure; empty where nothing was evaluated."""
        return {name: value for entry in self.evaluations for name, value in entry.items()}

    @property
    def watched(self) -> str:
        """The loss that says which step was the best: of the validation rows where there is one, else the steps'."""
        return next((name for name in WATCHED if name in self.measures), "loss")

    @property
    def best_t(self) -> int:
        """The step with the lowest watched loss; 0 is before the first step, or where no loss was finite."""
        t, value = self.history(self.watched)
        return int(t[np.argmin(np.where(np.isfinite(value), value, np.inf))]) if np.isfinite(value).any() else 0

    @property
    def best_value(self) -> float:
        """The lowest watched loss; infinity where none was finite."""
        return float(min(finite(self.history(self.watched)[1]), default=np.inf))

    def happened(self, t: int) -> dict[str, Any]:
        """What happened on step t, from 1: its signals, and the measures evaluated after it."""
        found: dict[str, Any] = self.steps.at(t)
        return found | {k: v for e in self.evaluations if e["t"] == t for k, v in e.items()}


def finite(values: Iterable[float]) -> list[float]:
    """Those that are numbers."""
    return [float(value) for value in values if np.isfinite(value)]
