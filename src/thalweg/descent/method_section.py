"""The part of a Spec that says how: rule, learning rate, schedule, clipping, groups and phases."""

from typing import Any

import msgspec

from thalweg.descent.complaint import complaint
from thalweg.errors import SpecError
from thalweg.formulas.registry import unknown
from thalweg.formulas.rules import RULES
from thalweg.formulas.schedules import Scheduled
from thalweg.problems.sections import require

OTHER_METHODS = {"newton": 1.0, "nesterov_lookahead": 0.1}  # methods that no elementwise rule makes: default lr
OTHER_HYPER = {"newton": {}, "nesterov_lookahead": {"beta": 0.9, "ema": 1.0}}


def known_hyper(rule: str) -> dict[str, float]:
    """The hyperparameters of a rule or method, with their defaults."""
    return dict(RULES[rule].defaults) if rule in RULES else dict(OTHER_HYPER[rule])


def require_rule(rule: str, hyper: dict[str, float]) -> None:
    """Raise for an unknown rule or one of its hyperparameters."""
    if rule not in RULES and rule not in OTHER_METHODS:
        raise unknown("rule", rule, [*RULES, *OTHER_METHODS])
    known = known_hyper(rule)
    for name, value in hyper.items():
        if name not in known:
            raise unknown(f"hyperparameter of {rule}", name, known or ["none"])
        _require_range(rule, name, value)


def _require_range(rule: str, name: str, value: float) -> None:
    """Averages must forget, and ε and decay cannot be negative."""
    if name in ("beta", "beta1", "beta2", "rho"):
        require(0 <= value < 1, f"{name} of {rule} is {value:g}; expected 0 or more and less than 1")
    elif name in ("eps", "decay", "psi", "lr_scale"):
        require(value >= 0, f"{name} of {rule} is {value:g}; expected 0 or more")


class Phase(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """From update number `begin` (counted from 0) on, another rule or rate. Its memory starts at zero."""

    begin: int
    rule: str
    lr: float | None = None
    hyper: dict[str, float] = {}

    def __post_init__(self) -> None:
        require(self.begin >= 1, f"a phase begins at {self.begin}; expected 1 or more, the first phase is the method's")
        require_rule(self.rule, self.hyper)


def pythons(value: Any) -> Any:
    """A NumPy number as Python's, for whoever loops over np.geomspace."""
    if hasattr(value, "item") and getattr(value, "ndim", 1) == 0:
        return value.item()
    raise SpecError(f"{value!r} is of type {type(value).__name__}; expected a number, text or a list of them")


class Method(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How one step is made. `lr` None is the rule's own default."""

    rule: str = "gd"
    lr: float | None = None
    hyper: dict[str, float] = {}
    schedule: str = "constant"
    schedule_options: dict[str, float] = {}
    warmup: int = 0
    clip_norm: float = 0.0  # 0: off
    clip_value: float = 0.0  # 0: off
    groups: dict[str, dict[str, float]] = {}  # {pattern of names: {lr_scale or hyperparameter: value}}
    phases: tuple[Phase, ...] = ()
    allow_l2_with_decay: bool = False

    def __post_init__(self) -> None:
        require_rule(self.rule, self.hyper)
        require(self.lr is None or 0 < self.lr < float("inf"), f"lr is {self.lr}; expected a number over 0")
        require(self.warmup >= 0, f"warmup is {self.warmup}; expected 0 or more updates")
        for name in ("clip_norm", "clip_value"):
            value = getattr(self, name)
            require(0 <= value < float("inf"), f"{name} is {value}; expected a number over 0, or 0 for off")
        Scheduled(self.schedule, 1, 0, tuple(self.schedule_options.items()))
        for pattern, changes in self.groups.items():
            self._require_group(pattern, changes)
        if self.rule in OTHER_METHODS:
            self._require_nothing_elementwise()
        begins = [phase.begin for phase in self.phases]
        require(begins == sorted(set(begins)), f"phases begin at {begins}; expected growing numbers")

    def _require_nothing_elementwise(self) -> None:
        """Clipping and groups are for elementwise rules."""
        for name in ("clip_norm", "clip_value", "groups"):
            require(not getattr(self, name), f"{self.rule} takes no {name}; leave it out, or use an elementwise rule")

    def _require_group(self, pattern: str, changes: dict[str, float]) -> None:
        rules = [self.rule, *(phase.rule for phase in self.phases)]
        known = {"lr_scale", *(name for rule in rules for name in known_hyper(rule))}
        for name, value in changes.items():
            if name not in known:
                raise unknown(f"setting of group {pattern!r}", name, known)
            _require_range(f"group {pattern!r}", name, value)

    @property
    def decay(self) -> float:
        """The decoupled decay that is in force, of the method or any phase."""
        parts = [(self.rule, self.hyper), *((phase.rule, phase.hyper) for phase in self.phases)]
        return max({**known_hyper(rule), **hyper}.get("decay", 0.0) for rule, hyper in parts)

    @property
    def default_lr(self) -> float:
        """The learning rate where none is given."""
        return default_lr(self.rule)

    def but(self, **changes: Any) -> "Method":
        """Changed fields; `hyper.NAME` changes one hyperparameter."""
        rule = changes.get("rule", self.rule)
        inherited = self.hyper
        if rule in RULES or rule in OTHER_METHODS:
            inherited = {name: value for name, value in inherited.items() if name in known_hyper(rule)}
        hyper = dict(changes.pop("hyper", inherited))
        for name in [name for name in changes if name.startswith("hyper.")]:
            hyper[name.removeprefix("hyper.")] = changes.pop(name)
        plain = msgspec.to_builtins(self) | changes | {"hyper": hyper}
        try:
            return msgspec.convert(msgspec.to_builtins(plain, enc_hook=pythons), Method)
        except msgspec.ValidationError as error:
            raise SpecError(complaint(error, plain, Method)[0]) from None


def default_lr(rule: str) -> float:
    """A rule's default learning rate, for standardised data."""
    return RULES[rule].lr if rule in RULES else OTHER_METHODS[rule]
