"""Stretches of the engine "compiled": members one after the other, each by the compiled epochs of its own numbers."""

from typing import TYPE_CHECKING, Any

import numpy as np

from thalweg.descent.compiled.epochs import Epochs, Settings
from thalweg.descent.compiled.fused import Group, in_order
from thalweg.descent.optimizer import Block, Optimizer, defaults_in
from thalweg.descent.setup import Setup
from thalweg.descent.state import State
from thalweg.formulas.arrays import Array
from thalweg.problems.fit import Fit

if TYPE_CHECKING:
    from thalweg.descent.population import Population


class ByEpochs:
    """Advances members of a population; what is needed for each is made once."""

    longest = 4096

    def __init__(self, population: "Population"):
        self._population = population
        self._parts: dict[int, tuple[Epochs, Settings, Any]] = {}

    def advance(self, now: Setup, state: State, places: slice, rates: Array) -> int:
        """At most len(rates) updates in place and recorded, as many for each; how many. rates (T, A)."""
        population, t, count = self._population, state.t, len(rates)
        while True:
            made = {place: self._member(state, place, rates[:count]) for place in range(places.start, places.stop)}
            lengths = {len(rows) for _, _, rows in made.values()}
            count = min(lengths)
            if len(lengths) == 1:
                break
        population.trail.reserve(t + count)
        for place, (w, slots, rows) in made.items():
            state.w[place], state.slots[:, place] = w, slots
            population.trail.table[population.active[place], t : t + count] = rows
        state.t += count
        return count

    def _member(self, state: State, place: int, rates: Array) -> tuple[Array, Array, Array]:
        """Parameters (P,), slots (S, P) and rows of history (T, F) of one member."""
        run = int(self._population.active[place])
        if run not in self._parts:
            self._parts[run] = _part(self._population.setup.members(np.array([run])))
        epochs, settings, batches = self._parts[run]
        rows, bounds = batches.several(state.t, len(rates))
        w, slots = state.w[place].copy(), np.array(state.slots[:, place], order="C")
        lr = np.ascontiguousarray(rates[: len(bounds) - 1, place])
        _, table = epochs.run(w, slots, state.t, lr, rows, bounds, settings)
        return w, slots, table


def _part(setup: Setup) -> tuple[Epochs, Settings, Any]:
    """The kernel, the numbers and the batches of one member."""
    method, fit, dtype = setup.method, setup.objective, setup.specs[0].dtype
    if not isinstance(method, Optimizer) or not isinstance(fit, Fit):
        raise TypeError(f"compiled epochs are for rules on models; got {type(method).__name__}")
    shared = {**defaults_in(method.rule, dtype), **method.hyper}
    values = {name: float(np.asarray(value).flat[0]) for name, value in shared.items()}
    blocks = method.blocks or (Block(slice(None), 1.0, {}),)
    groups = tuple(Group(b.span, b.lr_scale, in_order(method.rule, values | b.hyper)) for b in blocks)
    l2, norm, value = (float(np.asarray(value).flat[0]) for value in (fit.l2, method.clip_norm, method.clip_value))
    return Epochs(fit, method.rule, dtype), Settings(groups, l2, norm, value, method.since), setup.batches[0]
