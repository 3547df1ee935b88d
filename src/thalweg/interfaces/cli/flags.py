"""The flags that make a Spec. What is not given is not changed."""

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Annotated, Any, Literal

from cyclopts import Group, Parameter

from thalweg.descent.method_section import OTHER_METHODS
from thalweg.descent.spec import Spec
from thalweg.errors import FolderError, SpecError, ThalwegError
from thalweg.formulas.activations import ACTIVATIONS
from thalweg.formulas.initializers import INITIALIZERS
from thalweg.formulas.losses import LOSSES
from thalweg.formulas.rules import RULES
from thalweg.formulas.schedules import SCHEDULES
from thalweg.problems.sections import Table

DATA = Group("Data", sort_key=1)
MODEL = Group("Model and loss", sort_key=2)
METHOD = Group("Method", sort_key=3)
RUN = Group("Batches, stopping, seed", sort_key=4)

Json = Annotated[bool, Parameter(negative=())]


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class DataFlags:
    """What is learned from."""

    target: Annotated[str | None, Parameter(group=DATA)] = None
    "Column to predict. Bundled sets know their own."
    task: Annotated[Literal["auto", "regression", "binary", "multiclass"] | None, Parameter(group=DATA)] = None
    "Told from the target unless given."
    features: Annotated[tuple[str, ...] | None, Parameter(group=DATA, consume_multiple=True)] = None
    "Columns to learn from; all numeric ones unless given."
    drop: Annotated[tuple[str, ...] | None, Parameter(group=DATA, consume_multiple=True)] = None
    "Columns to leave out."
    weights: Annotated[str | None, Parameter(group=DATA)] = None
    "Column of row weights."
    class_weight: Annotated[Literal["none", "balanced"] | None, Parameter(group=DATA)] = None
    "Weigh classes by how rare they are."
    validation: Annotated[float | None, Parameter(group=DATA)] = None
    "Share of rows held out for choosing (0.2)."
    test: Annotated[float | None, Parameter(group=DATA)] = None
    "Share of rows held out for the end (0.2)."
    split_seed: Annotated[int | None, Parameter(group=DATA)] = None
    "Seed of the split, apart from the run's (0)."
    standardise: Annotated[bool | None, Parameter(group=DATA)] = None
    "Bring every feature to mean 0 and deviation 1 with the training rows' statistics (yes)."
    scale_target: Annotated[bool | None, Parameter(group=DATA)] = None
    "The same for the target (yes for regression)."


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class ModelFlags:
    """What is fitted."""

    hidden: Annotated[tuple[int, ...] | None, Parameter(group=MODEL, consume_multiple=True)] = None
    "Widths of hidden layers, as in --hidden 32 16: makes it a multilayer perceptron."
    activation: Annotated[str | None, Parameter(group=MODEL, help=f"Hidden: {', '.join(ACTIVATIONS)} (relu).")] = None
    output: Annotated[str | None, Parameter(group=MODEL)] = None
    "Activation of the output (linear: losses take logits)."
    batch_norm: Annotated[bool | None, Parameter(group=MODEL)] = None
    "Batch norm in the hidden layers."
    init: Annotated[str | None, Parameter(group=MODEL, help=f"Initial weights: {', '.join(INITIALIZERS)}.")] = None
    loss: Annotated[str | None, Parameter(group=MODEL, help=f"{', '.join(LOSSES)}. Fits the task unless given.")] = None
    l2: Annotated[float | None, Parameter(group=MODEL)] = None
    "Penalty ½·l2·‖weights‖², biases free (0)."


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class MethodFlags:
    """How one step is made."""

    rule: Annotated[str | None, Parameter(group=METHOD, help=f"{', '.join([*RULES, *OTHER_METHODS])} (gd).")] = None
    lr: Annotated[float | None, Parameter(group=METHOD)] = None
    "Learning rate (the rule's own default)."
    schedule: Annotated[str | None, Parameter(group=METHOD, help=f"{', '.join(SCHEDULES)} (constant).")] = None
    warmup: Annotated[int | None, Parameter(group=METHOD)] = None
    "Updates of linear rise before the schedule (0)."
    clip_norm: Annotated[float | None, Parameter(group=METHOD)] = None
    "Scale longer gradients to this norm (off)."
    clip_value: Annotated[float | None, Parameter(group=METHOD)] = None
    "Clip every entry of the gradient (off)."


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class RunFlags:
    """How long, on which rows."""

    batch_size: Annotated[int | None, Parameter(group=RUN)] = None
    "Rows of each update; 0 for all."
    sampling: Annotated[Literal["reshuffled", "frozen", "replacement", "sequential"] | None, Parameter(group=RUN)] = (
        None
    )
    "Order of rows: reshuffled each epoch, frozen, with replacement, sequential (reshuffled)."
    last_batch: Annotated[Literal["keep", "drop"] | None, Parameter(group=RUN)] = None
    "What happens to an epoch's last partial batch (keep)."
    steps: Annotated[int | None, Parameter(group=RUN)] = None
    "Updates, at most."
    patience: Annotated[int | None, Parameter(group=RUN)] = None
    "Stop after so many evaluations without a gain (0: never)."
    min_delta: Annotated[float | None, Parameter(group=RUN)] = None
    "A gain is more than this (0)."
    grad_tol: Annotated[float | None, Parameter(group=RUN)] = None
    "Converged when the gradient norm is at most this (0: off)."
    loss_tol: Annotated[float | None, Parameter(group=RUN)] = None
    "Converged when the loss changes by at most this (0: off)."
    seed: Annotated[int | None, Parameter(group=RUN)] = None
    "Seed of start and batches (0)."
    dtype: Annotated[Literal["float64", "float32"] | None, Parameter(group=RUN)] = None
    "Precision (float64)."
    set: Annotated[tuple[str, ...] | None, Parameter(group=RUN, consume_multiple=True)] = None
    "Any other field of the Spec or hyperparameter of the rule, as in --set beta1=0.8 jump=0."


def changes(*groups: Any) -> dict[str, Any]:
    """{field: value} of the flags that were given."""
    found: dict[str, Any] = {}
    for group in groups:
        if group is not None:
            given = {f.name: getattr(group, f.name) for f in fields(group)}
            found |= {name: value for name, value in given.items() if value is not None and name != "set"}
            found |= assignments(getattr(group, "set", None) or ())
    if "hidden" in found:
        found.setdefault("model", "mlp" if found["hidden"] else "linear")
    return found


def assignments(texts: tuple[str, ...]) -> dict[str, Any]:
    """name=value, the value as TOML where it is, else text."""
    import msgspec

    found = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise SpecError(f"--set {text!r}: expected name=value, as in --set beta1=0.8")
        try:
            found[name.strip()] = msgspec.toml.decode(f"x = {value}")["x"]
        except msgspec.DecodeError:
            found[name.strip()] = value.strip()
    return found


def spec_from(data: str | None, *groups: Any, base: Spec | None = None) -> Spec:
    """The Spec of a data source or a spec.toml, with the flags' changes."""
    if data is not None and data.endswith(".toml"):
        path = Path(data)
        if not path.is_file():
            raise FolderError(f"no file {data}; give a spec.toml, a table or a bundled name")
        base, data = _read(path), None
    base = base or Spec(problem=Table())
    flags = changes(*groups)
    if data is not None:
        from thalweg.problems.bundled import BUNDLED

        source = data if data in BUNDLED else str(Path(data).expanduser().absolute()) if Path(data).exists() else data
        flags["source"] = source
        flags.setdefault("sha256", "")
    return base.but(**flags)


def _read(path: Path) -> Spec:
    """The Spec of a file; whatever is wrong with it, the message names the file."""
    try:
        return Spec.from_toml(path.read_text(encoding="utf-8"), str(path))
    except (ThalwegError, UnicodeDecodeError, OSError) as error:
        known = str(error).startswith(f"{path}: ")
        raise SpecError(str(error) if known else f"{path}: {error}") from None
