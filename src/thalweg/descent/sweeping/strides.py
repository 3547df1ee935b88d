"""Stretches of the engine "sweep": all members at once, those that see the same rows side by side."""

from typing import TYPE_CHECKING

from thalweg.descent.setup import Setup
from thalweg.descent.state import State
from thalweg.formulas.arrays import Array

if TYPE_CHECKING:
    from thalweg.descent.population import Population


class ByStrides:
    """Advances members of a population by the compiled stride of its formulas."""

    longest = 128  # a member that ends on the way is computed again, and constants are kept for every update

    def __init__(self, population: "Population"):
        self._population = population

    def advance(self, now: Setup, state: State, places: slice, rates: Array) -> int:
        """At most len(rates) updates in place and recorded, as many for each; how many. rates (T, A)."""
        trail, compiled = self._population.trail, now.stride
        if compiled is None:
            raise RuntimeError("strides are for the engine sweep")
        trail.reserve(state.t + len(rates))
        constants, made = compiled.constants(state.t, rates), 0
        for span, batches in now.shared_batches(places):
            rows, bounds = batches.several(state.t, len(rates))
            made = len(bounds) - 1  # the same for all of them
            compiled.advance(state, rows, bounds, span, rates, constants, trail.table, self._population.active)
        state.t += made
        return made
