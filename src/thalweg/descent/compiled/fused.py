"""An Optimizer's update by its rule's kernel: the same bits as the formula, in one pass over parameters and memory."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from thalweg.descent.compiled.kernel import Kernel, constants_of, kernel_of
from thalweg.descent.state import State, Step
from thalweg.formulas.arrays import Array
from thalweg.formulas.rules import Rule

SMALLEST = 500  # parameters; below this NumPy's own calls cost little, and importing Numba takes half a second


@dataclass(frozen=True)
class Group:
    """A span of the flat buffer, what its lr is multiplied by, and its hyperparameters in the rule's order."""

    span: slice
    lr_scale: float
    hyper: tuple[Any, ...]


@dataclass(frozen=True, eq=False)
class Fused:
    """A kernel bound to groups, for weights of one dtype. `edges` and `group` cut the buffer along the groups."""

    kernel: Kernel
    groups: tuple[Group, ...]
    dtype: Any
    edges: Array
    group: Array
    plain: bool  # are all hyperparameters Python's floats?
    scratch: Array  # (G, 1, C), written anew in every update
    cuts: dict[bytes, tuple[Array, Array]] = field(default_factory=dict)  # along named arrays, by where they begin

    @classmethod
    def of(cls, rule: Rule, groups: tuple[Group, ...], size: int, dtype: Any) -> "Fused | None":
        """None where NumPy must or may as well do it."""
        if size < SMALLEST or dtype not in (np.float32, np.float64):
            return None
        spans = [group.span.indices(size) for group in groups]
        if [lo for lo, _, _ in spans] != [0, *(hi for _, hi, _ in spans[:-1])] or spans[-1][1] != size:
            return None
        kernel = kernel_of(rule, np.dtype(dtype).name)
        if kernel is None:
            return None
        edges = np.array([0, *(hi for _, hi, _ in spans)])
        plain = all(type(value) is float for group in groups for value in group.hyper)
        scratch = np.empty((len(groups), 1, len(kernel.translation.constants)), dtype)
        return cls(kernel, groups, np.dtype(dtype), edges, np.arange(len(groups)), plain, scratch)

    def fits(self, state: State, grad: Array) -> bool:
        """Are these arrays as the kernel wants them? NumPy takes any."""
        arrays = (state.w, grad, state.slots)
        return all(a.flags.c_contiguous and a.dtype == self.dtype for a in arrays) and grad.shape == state.w.shape

    def constants(self, t: float, lr: Any, runs: int) -> Array:
        """(G, R, C) for this update. lr a Python float, or (R, 1)."""
        work_out, numbers = self.kernel.translation.numbers, []
        for group in self.groups:
            rate = lr if group.lr_scale == 1.0 else lr * group.lr_scale
            numbers.append(work_out(t, rate, *group.hyper))
        if runs == 1 and self.plain and type(lr) is float:
            self.scratch[:, 0] = numbers
            return self.scratch
        return constants_of(numbers, runs, self.dtype)

    def update(self, state: State, grad: Array, t: float, lr: Any) -> None:
        """w and slots one update on, in place."""
        constants = self.constants(t, lr, len(state.w))
        self.kernel.update(state.w, grad, state.slots, constants, self.edges, self.group)

    def advance(self, state: State, grad: Array, t: float, lr: Any, starts: Array, finite: Array) -> Array:
        """The same where `finite` (R,) and the gradient is, with norms (R, 1 + L, 3) of gradient, update, parameters.

        starts (L,): where each named array begins. Entry 0 of L is the whole. `finite` changes in place.
        """
        norms = np.empty((len(state.w), 1 + len(starts), 3))
        constants = self.constants(t, lr, len(state.w))
        key = starts.tobytes()
        if key not in self.cuts:
            group = np.searchsorted(self.edges, starts, side="right") - 1
            self.cuts[key] = np.append(starts, state.w.shape[1]), group
        edges, group = self.cuts[key]
        self.kernel.advance(state.w, grad, state.slots, constants, edges, group, finite, norms)
        return norms


def step_of(t: int, lr: Array, loss: Array, norms: Array, finite: Array) -> Step:
    """The Step, from norms (R, 1 + L, 3)."""
    return Step(
        t=t,
        lr=lr,
        loss=loss,
        grad_norm=norms[:, 0, 0],
        update_norm=norms[:, 0, 1],
        param_norm=norms[:, 0, 2],
        grad_norms=norms[:, 1:, 0],
        update_norms=norms[:, 1:, 1],
        param_norms=norms[:, 1:, 2],
        finite=finite,
    )


def in_order(rule: Rule, values: Mapping[str, Any]) -> tuple[Any, ...]:
    """Hyperparameters as the formula takes them."""
    return tuple(values[name] for name in rule.defaults)
