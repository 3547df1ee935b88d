"""What a recorder has been told so far: rows of steps, evaluations, and since when something is not finite."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import isfinite, isnan, nan
from typing import Any

import numpy as np

from thalweg.descent.evaluations import Evaluation
from thalweg.descent.measuring import Measurer, structure
from thalweg.descent.trail import SIGNALS, Steps
from thalweg.formulas.arrays import Array

UPDATE = SIGNALS.index("update_norm")
UNMEASURED = [nan] * (len(SIGNALS) - SIGNALS.index("grad_norm"))


@dataclass
class Rows:
    """Rows (T, F) of float64 that grow in place, by doubling."""

    columns: tuple[str, ...] = SIGNALS
    length: int = 0
    _table: Array = field(default_factory=lambda: np.empty((256, len(SIGNALS))), repr=False)

    @property
    def filled(self) -> Array:
        """The rows so far (T, F), as a view."""
        return self._table[: self.length]

    def add(self, row: Sequence[float]) -> None:
        """One more row (F,)."""
        if self.length == len(self._table):
            self._table = np.concatenate([self._table, np.empty_like(self._table)])
        self._table[self.length] = row
        self.length += 1

    def widen(self, columns: tuple[str, ...]) -> None:
        """More columns, of which the rows so far know nothing."""
        more = np.full((len(self._table), len(columns) - len(self.columns)), np.nan)
        self._table, self.columns = np.concatenate([self._table, more], axis=1), columns

    def mend(self, start: int, values: Sequence[float]) -> None:
        """Fill in what was not known yet of the last row, from column `start` on."""
        self._table[self.length - 1, start : start + len(values)] = values


@dataclass
class Log:
    """Grows in place. `broken` is the step since which something is not finite, or 0, and what it was."""

    rows: Rows = field(default_factory=Rows)
    evaluations: list[Evaluation] = field(default_factory=list)
    measurer: Measurer | None = None
    broken: tuple[int, str] = (0, "")

    @property
    def t(self) -> int:
        """Steps so far."""
        return self.rows.length

    @property
    def complete(self) -> Array:
        """The rows that nothing will be added to; the last update is told by the next step."""
        return self.rows.filled[:-1] if self.measurer else self.rows.filled

    def step(self, seconds: float, lr: float, loss: float, params: Any, grads: Any) -> bool:
        """One more step; is it the first that is not finite?"""
        tail = UNMEASURED
        if params is not None or grads is not None or self.measurer:
            tail = self._measured(structure(params), structure(grads))
        self.rows.add([self.rows.length + 1, seconds, lr, loss, *tail])
        what = "" if isfinite(loss) else f"the loss is {loss}"
        if not what and self.measurer and self.measurer.broken:
            what = f"{self.measurer.broken} not finite"
        former, self.broken = self.broken, (0, "")
        if what:
            self.broken = former if former[0] else (self.t, what)
        return bool(what) and not former[0]

    def led_to(self, params: Any) -> None:
        """Where the last update led."""
        if self.measurer and self.t:
            self._mend(*self.measurer.row(structure(params), None)[0])

    def steps(self) -> Steps:
        """The rows so far, as a copy."""
        return Steps(self.rows.columns, self.rows.filled.copy())

    def _measured(self, params: Any, grads: Any) -> list[float]:
        """Norms of this step; those of the update before go into the row before."""
        if self.measurer is None:
            self.measurer = Measurer("grads", grads) if params is None else Measurer("params", params)
            self.rows.widen(self.measurer.columns)
        update, tail = self.measurer.row(params, grads)
        if self.t:
            self._mend(*update)
        return tail

    def _mend(self, total: float, each: list[float]) -> None:
        if not isnan(total):
            self.rows.mend(UPDATE, [total])
            self.rows.mend(len(SIGNALS) + len(each), each)
