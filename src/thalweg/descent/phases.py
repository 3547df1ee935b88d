"""Phases: another rule from a given update on. Each phase's memory starts at zero and counts its own t."""

from dataclasses import dataclass

from thalweg.descent.method import Method
from thalweg.descent.state import State, Step
from thalweg.formulas.arrays import Array
from thalweg.problems.objective import Objective, Rows


@dataclass(frozen=True)
class Phased:
    """methods: (first t, Method) in growing order, the first at 0. Which one acts depends on t alone."""

    methods: tuple[tuple[int, Method], ...]

    def start(self, w: Array) -> State:
        return self.methods[0][1].start(w)

    def advance(self, objective: Objective, state: State, rows: Rows, lr: Array) -> Step:
        begin, method = next(entry for entry in reversed(self.methods) if entry[0] <= state.t)
        if state.t == begin:
            state.slots = method.start(state.w).slots
        return method.advance(objective, state, rows, lr)

    def members(self, keep: Array) -> "Phased":
        return Phased(tuple((begin, method.members(keep)) for begin, method in self.methods))
