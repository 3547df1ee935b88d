"""A Spec decides a run. It is scalar, frozen, picklable, and a text file; a Run is a pure function of it.

spec = Spec(problem=Table(source="breast_cancer"), method=Method(rule="adam"))
spec.but(lr=0.01, steps=200)         any field by its name: no two sections share one
spec.but(**{"stop.steps": 200})      or with its section in front
Spec.from_toml(spec.to_toml()) == spec
"""

from functools import cache
from typing import Any, Literal

import msgspec

from thalweg.descent.complaint import complaint
from thalweg.descent.method_section import OTHER_METHODS, Method, known_hyper, pythons
from thalweg.descent.toml_text import Text, converted, read_text
from thalweg.errors import SpecError
from thalweg.formulas.registry import unknown
from thalweg.formulas.rules import RULES
from thalweg.problems.sections import Custom, OnSurface, Section, Table, require

ALL_HYPER = {name for rule in (*RULES, *OTHER_METHODS) for name in known_hyper(rule)}


class Batch(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which rows each update sees. batch_size 0 is the full batch."""

    batch_size: int = 0
    sampling: Literal["reshuffled", "frozen", "replacement", "sequential", "blocks"] = "reshuffled"
    last_batch: Literal["keep", "drop"] = "keep"
    block_rows: int = 0  # rows of a block, for sampling blocks; 0: about 128 KiB
    buffer_blocks: int = 64  # blocks whose rows are shuffled together

    def __post_init__(self) -> None:
        require(self.batch_size >= 0, f"batch_size is {self.batch_size}; expected 1 or more, or 0 for the full batch")
        require(self.block_rows >= 0, f"block_rows is {self.block_rows}; expected 1 or more, or 0 for about 128 KiB")
        require(self.buffer_blocks >= 1, f"buffer_blocks is {self.buffer_blocks}; expected 1 or more")


class Stop(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When to stop. Zero, or false, switches a rule off; only `steps` always ends a run."""

    steps: int = 1000
    patience: int = 0  # evaluations without a gain over min_delta
    min_delta: float = 0.0
    loss_tol: float = 0.0  # |ΔL|
    grad_tol: float = 0.0  # ‖g‖
    step_tol: float = 0.0  # ‖lr·g‖
    update_tol: float = 0.0  # ‖Δθ‖
    nonfinite: bool = True
    jump: float = 10.0  # the loss times this in one step
    rises: int = 20  # rises of the loss in a row
    param_bound: float = 1e8  # ‖θ‖
    every: int = 0  # updates between evaluations; 0: once an epoch, or 100 times a run on full batches

    def __post_init__(self) -> None:
        require(self.steps >= 1, f"steps is {self.steps}; expected 1 or more")
        for name in self.__struct_fields__:
            value = getattr(self, name)
            require(value >= 0, f"{name} is {value}; expected 0 (off) or more")
        require(self.jump == 0 or self.jump > 1, f"jump is {self.jump:g}; expected a factor over 1, or 0 for off")


class Spec(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All that decides a run."""

    problem: Section = msgspec.field(default_factory=Table)
    method: Method = msgspec.field(default_factory=Method)
    batch: Batch = msgspec.field(default_factory=Batch)
    stop: Stop = msgspec.field(default_factory=Stop)
    seed: int = 0
    dtype: Literal["float64", "float32"] = "float64"
    engine: Literal["auto", "numpy", "compiled", "sweep"] = "auto"
    threads: int = 1

    def __post_init__(self) -> None:
        require(0 <= self.seed < 2**63, f"seed is {self.seed}; expected a whole number from 0 to 2**63 - 1")
        require(self.threads >= 1, f"threads is {self.threads}; expected 1 or more")
        l2 = getattr(self.problem, "l2", 0.0)
        decay = self.method.decay
        require(
            not (l2 and decay) or self.method.allow_l2_with_decay,
            f"l2 {l2:g} and decoupled decay {decay:g} both shrink the weights; set one to 0, "
            "or say allow_l2_with_decay = true",
        )

    def but(self, **changes: Any) -> "Spec":
        """The same Spec with some fields changed, named `lr` or `method.lr`.

        A hyperparameter of the rule is named like a field: `but(beta1=0.8)`. With another rule, hyperparameters
        that it does not have are dropped.
        """
        top: dict[str, Any] = {}
        sections: dict[str, dict[str, Any]] = {}
        method = changes.get("method", self.method)
        rule = changes.get("rule", changes.get("method.rule", getattr(method, "rule", "")))
        problem = type(changes.get("problem", self.problem))
        if problem not in (Table, OnSurface, Custom):
            raise SpecError(f"problem is of type {problem.__name__}; expected Table, OnSurface or Custom")
        for name, value in changes.items():
            section, field = _place(name, problem, rule)
            if section == "":
                top[field] = value
            else:
                sections.setdefault(section, {})[field] = value
        for section, fields in sections.items():
            base = top.get(section, getattr(self, section))
            top[section] = base.but(**fields) if section == "method" else replaced(base, **fields)
        return replaced(self, **top)

    def to_toml(self) -> str:
        """The Spec as text; what is undecided is left out."""
        plain = msgspec.to_builtins(self)
        return msgspec.toml.encode(_without_none(plain)).decode()

    @classmethod
    def from_toml(cls, text: str, name: str = "spec.toml") -> "Spec":
        """Read what `to_toml` wrote, or a part of it by hand. Raises SpecError with the file and the line."""
        said = read_text(text, name)
        return converted(with_kind(said), cls, dict.fromkeys(ALL_HYPER, "method.hyper"))


def with_kind(text: Text) -> Text:
    """The text with the kind of problem that its settings are of, where it does not say."""
    problem = text.plain.get("problem")
    if not isinstance(problem, dict) or "kind" in problem:
        return text
    fitting = (s for s in (Table, OnSurface, Custom) if problem.keys() <= set(s.__struct_fields__))
    kind = next(fitting, Table).__struct_config__.tag
    return Text(text.name, {**text.plain, "problem": {"kind": kind, **problem}}, text.lines)


def replaced(record: Any, **fields: Any) -> Any:
    """A copy with fields changed; text and lists are converted to what the fields expect."""
    plain = {name: getattr(record, name) for name in record.__struct_fields__} | fields
    kind = type(record)
    config = kind.__struct_config__
    if config.tag_field:
        plain[config.tag_field] = config.tag
    try:
        return msgspec.convert(msgspec.to_builtins(plain, enc_hook=pythons), kind)
    except msgspec.ValidationError as error:
        raise SpecError(complaint(error, plain, kind)[0]) from None


@cache
def _fields(problem: Any) -> dict[str, str]:
    """{field: section}, with "" for the Spec's own fields."""
    found = dict.fromkeys(Spec.__struct_fields__, "")
    for section, kind in (("problem", problem), ("method", Method), ("batch", Batch), ("stop", Stop)):
        found |= dict.fromkeys(kind.__struct_fields__, section)
    return found


def _place(name: str, problem: type, rule: str) -> tuple[str, str]:
    """(section, field) that `name` stands for."""
    fields = _fields(problem)
    section, _, field = name.rpartition(".")
    if section in ("hyper", "method.hyper") or (not section and field in _hyper(rule)):
        return "method", f"hyper.{field}"
    if field not in fields or (section and fields[field] != section):
        raise unknown("setting", name, [*fields, *_hyper(rule)])
    return fields[field], field


def _hyper(rule: str) -> list[str]:
    return list(known_hyper(rule)) if rule in RULES or rule in OTHER_METHODS else []


def _without_none(plain: Any) -> Any:
    if isinstance(plain, dict):
        return {key: _without_none(value) for key, value in plain.items() if value is not None}
    return [_without_none(value) for value in plain] if isinstance(plain, list | tuple) else plain
