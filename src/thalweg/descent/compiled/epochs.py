"""Steps of a run in compiled code: a given number at a time, exactly resumable after any of them."""

from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np

from thalweg.descent.compiled.epoch_source import Shape, epoch_source
from thalweg.descent.compiled.fused import Group
from thalweg.descent.compiled.kernel_files import imported
from thalweg.descent.compiled.translate import Translation, translated
from thalweg.descent.trail import columns_of, watched
from thalweg.formulas.arrays import Array
from thalweg.formulas.rules import Rule
from thalweg.problems.fit import Fit
from thalweg.problems.linear import Linear
from thalweg.problems.mlp import MLP


def shape_of(fit: Fit, dtype: str) -> Shape:
    """What of a problem decides its kernel. Only for a Linear model, or an MLP without batch norm."""
    weighted = fit.splits["train"].weight is not None
    model = fit.model
    if isinstance(model, MLP):
        names = (_name(model.hidden), _name(model.output))
        return Shape(model.depth, *names, fit.loss.name, weighted, False, dtype)
    return Shape(1, "linear", "linear", fit.loss.name, weighted, isinstance(model, Linear) and model.ones, dtype)


def _name(function: Any) -> str:
    return str(function.__name__)


@cache
def _compiled(shape: Shape, rule: Rule) -> tuple[Any, Translation]:
    translation = translated(rule)
    module = imported(f"{shape.loss}_{rule.name}", epoch_source(shape, translation))
    return module.run, translation


@dataclass(frozen=True, eq=False)
class Settings:
    """What a run of one member needs besides its state: all of it numbers."""

    groups: tuple[Group, ...]
    l2: float = 0.0
    clip_norm: float = np.inf
    clip_value: float = np.inf
    since: int = 0


@dataclass(frozen=True, eq=False)
class Epochs:
    """The compiled steps of a rule on a problem, for parameters of one dtype."""

    fit: Fit
    rule: Rule
    dtype: str
    _data: list[Array] = field(default_factory=list, repr=False)

    @property
    def columns(self) -> int:
        """Numbers in a row of the history."""
        return len(columns_of(self.fit.layout))

    def run(
        self, w: Array, slots: Array, t: int, lr: Array, rows: Array, bounds: Array, settings: Settings
    ) -> tuple[int, Array]:
        """Steps on the batches rows[bounds[s] : bounds[s + 1]], each with its lr; w (P,), slots (S, P) in place.

        Returns how many were made and their rows of the history (steps, F), in which seconds are left open. They
        are fewer after a step whose loss or gradient was not finite, which moved nothing.
        """
        compiled, translation = _compiled(shape_of(self.fit, self.dtype), self.rule)
        layout = self.fit.layout
        table = np.zeros((len(bounds) - 1, self.columns))
        scale = np.array([group.lr_scale for group in settings.groups])
        hyper = np.array([group.hyper for group in settings.groups], float).reshape(len(scale), -1)
        made = compiled(
            *self._rows(), rows, bounds, w, slots, float(t - settings.since), lr,
            self._told(translation, t - settings.since, lr, settings), scale, hyper, settings.l2,
            settings.clip_norm, settings.clip_value, np.append(layout.starts, layout.size),
            _groups(settings.groups, layout.starts), self._sizes(), layout.undecayed,
            np.array(watched(layout.size)), table,
        )  # fmt: skip
        table[:, 0] += settings.since
        return made, table[:made]

    def _told(self, translation: Translation, t: int, lr: Array, settings: Settings) -> Array:
        """The rule's numbers for every step, where only Python can work them out."""
        if translation.plain:
            return np.empty((0, 0, 0))
        steps = [
            [translation.numbers(float(t + s + 1), float(rate) * g.lr_scale, *g.hyper) for g in settings.groups]
            for s, rate in enumerate(lr)
        ]
        return np.array(steps, self.dtype)

    def _rows(self) -> list[Array]:
        """X, y and weights of the training rows, as kernels take them."""
        if not self._data:
            X, y, weight = self.fit.splits["train"]
            weight = np.empty(0, self.dtype) if weight is None else weight
            self._data.extend(np.ascontiguousarray(part, self.dtype) for part in (X, y, weight))
        return self._data

    def _sizes(self) -> Array:
        model = self.fit.model
        if isinstance(model, MLP):
            return np.array(model.sizes)
        X, y = self._rows()[:2]
        return np.array([X.shape[1], y.shape[1]])


def _groups(groups: tuple[Group, ...], starts: Array) -> Array:
    """Which group each named array belongs to."""
    ends = np.array([np.inf if group.span.stop is None else group.span.stop for group in groups])
    return np.searchsorted(ends, starts, side="right")
