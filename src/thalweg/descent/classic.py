"""The classic face: optimizers for people who write their own loop.

    adam = Adam(lr=1e-3)
    params = {"W": W, "b": b}
    adam.step(params, grads)        in place, on a dictionary of arrays

Each class is a rule with its hyperparameters and a memory of its own; the mathematics is in formulas/rules.py.
"""

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from thalweg.descent.optimizer import Optimizer
from thalweg.descent.state import State
from thalweg.errors import ShapeError, SpecError
from thalweg.formulas.arrays import Array
from thalweg.formulas.rules import RULES


class ClassicOptimizer:
    """A rule with memory: `step(params, grads)` in place, `zero_state()`, `state_dict()`, `load_state_dict()`.

    Hyperparameters are the rule's; lr defaults to the rule's own and may be set between steps (`optimizer.lr`).
    Memory is kept by name. Raises ShapeError where gradients do not fit their parameters.
    """

    rule: ClassVar[str]

    def __init__(self, lr: float | None = None, **hyper: float):
        self.lr = RULES[self.rule].lr if lr is None else lr
        if not self.lr > 0:
            raise SpecError(f"lr is {self.lr}; expected a number over 0")
        self.optimizer = Optimizer.named(self.rule, **hyper)
        self.zero_state()

    def __repr__(self) -> str:
        hyper = {**self.optimizer.rule.defaults, **self.optimizer.hyper}
        return f"{type(self).__name__}(lr={self.lr}{''.join(f', {k}={v}' for k, v in hyper.items())})"

    def zero_state(self) -> None:
        """Forget everything: memory at zero and t at 0, as for a new run."""
        self.t = 0
        self.slots: dict[str, Array] = {}  # name -> (S, *shape)

    def step(self, params: Mapping[str, Array], grads: Mapping[str, Array]) -> None:
        """One update of every array of `params`, in place; grads has the same names and shapes."""
        _require_fitting(params, grads)
        for name, value in params.items():
            kept = self.slots.get(name)
            if kept is None or kept.shape[1:] != value.shape or kept.dtype != value.dtype:
                if kept is not None:
                    raise ShapeError(
                        f"{name} was {kept.shape[1:]} {kept.dtype} and is now {value.shape} {value.dtype}; "
                        "call zero_state() before another model"
                    )
                kept = self.slots[name] = np.zeros((len(self.optimizer.rule.slots), *value.shape), value.dtype)
            state = State(value.reshape(1, -1).copy(), kept.reshape(len(kept), 1, -1), self.t)
            self.optimizer.step(state, np.asarray(grads[name], value.dtype).reshape(1, -1), self.lr)
            value[...] = state.w.reshape(value.shape)
        self.t += 1

    def state_dict(self) -> dict[str, Any]:
        """A copy of t and the memory, to be saved; `load_state_dict` goes on from it bit for bit."""
        return {"rule": self.rule, "t": self.t, "slots": {name: kept.copy() for name, kept in self.slots.items()}}

    def load_state_dict(self, stored: Mapping[str, Any]) -> None:
        """Go on from what `state_dict` gave."""
        if stored.get("rule") != self.rule:
            raise SpecError(f"this state is of rule {stored.get('rule')!r}; expected {self.rule!r}")
        self.t = int(stored["t"])
        self.slots = {name: np.array(kept) for name, kept in stored["slots"].items()}


def _require_fitting(params: Mapping[str, Array], grads: Mapping[str, Array]) -> None:
    if params.keys() != grads.keys():
        odd = ", ".join(sorted(params.keys() ^ grads.keys()))
        raise ShapeError(f"params and grads differ in names ({odd}); give one gradient for each parameter")
    for name, value in params.items():
        if not isinstance(value, np.ndarray) or value.dtype.kind != "f":
            raise ShapeError(
                f"{name} is {type(value).__name__}; expected a NumPy array of floats, to be changed in place"
            )
        if np.shape(grads[name]) != value.shape:
            raise ShapeError(
                f"{name} has shape {value.shape} but its gradient {np.shape(grads[name])}; make them equal"
            )


def classic(name: str, rule: str) -> type[ClassicOptimizer]:
    """The class of this name for a registered rule; its documentation is the rule's. Serves your own rules too."""
    return type(name, (ClassicOptimizer,), {"rule": rule, "__doc__": RULES.named(rule).doc, "__module__": __name__})


GD = classic("GD", "gd")
Momentum = classic("Momentum", "momentum")
Nesterov = classic("Nesterov", "nesterov")
Adagrad = classic("Adagrad", "adagrad")
RMSProp = classic("RMSProp", "rmsprop")
Adam = classic("Adam", "adam")
AMSGrad = classic("AMSGrad", "amsgrad")
AdamW = classic("AdamW", "adamw")  # decays every array it is given: leave biases to an Adam of their own
NAdam = classic("NAdam", "nadam")
Lion = classic("Lion", "lion")
