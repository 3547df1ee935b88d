"""The flags that make a Spec. What is not given is not changed."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Literal

from cyclopts import Group, Parameter

from thalweg.descent.folder import require_trust
from thalweg.descent.method_section import OTHER_METHODS
from thalweg.descent.spec import Spec
from thalweg.errors import SpecError
from thalweg.formulas.activations import ACTIVATIONS
from thalweg.formulas.initializers import INITIALIZERS
from thalweg.formulas.losses import LOSSES
from thalweg.formulas.rules import RULES
from thalweg.formulas.schedules import SCHEDULES
from thalweg.interfaces.cli import ASKED, Answered
from thalweg.interfaces.cli.say import Json as Json  # noqa: PLC0414 - commands take it from here
from thalweg.interfaces.cli.say import say
from thalweg.interfaces.cli.settings import read_spec, settle, unknown_variables
from thalweg.interfaces.cli.show_config import show_config

DATA = Group("Data", sort_key=1)
MODEL = Group("Model and loss", sort_key=2)
METHOD = Group("Method", sort_key=3)
RUN = Group("Batches, stopping, seed", sort_key=4)
NO_FIELDS = ("set", "trust", "show_config")  # flags that are not fields of a Spec


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class DataFlags:
    """What is learned from."""

    target: Annotated[str | None, Parameter(group=DATA)] = None
    "Column to predict. Bundled sets know their own."
    task: Annotated[Literal["auto", "regression", "binary", "multiclass"] | None, Parameter(group=DATA)] = None
    "Told from the target unless given."
    positive: Annotated[str | None, Parameter(group=DATA)] = None
    "Of two classes, the one to count as 1; the second in order unless given."
    features: Annotated[tuple[str, ...] | None, Parameter(group=DATA, consume_multiple=True)] = None
    "Columns to learn from; all that are of use unless given."
    drop: Annotated[tuple[str, ...] | None, Parameter(group=DATA, consume_multiple=True)] = None
    "Columns to leave out."
    id: Annotated[tuple[str, ...] | None, Parameter(group=DATA, consume_multiple=True)] = None
    "Columns that name a row: not learned from, put beside its prediction."
    missing: Annotated[Literal["impute", "drop", "refuse"] | None, Parameter(group=DATA)] = None
    "What to do with gaps: fill them in and mark them, drop such rows, or refuse (impute)."
    levels: Annotated[int | None, Parameter(group=DATA)] = None
    'Levels of a category that are kept apart; rarer ones share "other" (20).'
    weights: Annotated[str | None, Parameter(group=DATA)] = None
    "Column of row weights."
    class_weight: Annotated[Literal["none", "balanced"] | None, Parameter(group=DATA)] = None
    "Weigh classes by how rare they are."
    validation: Annotated[float | None, Parameter(group=DATA)] = None
    "Share of rows held out for choosing (0.2)."
    test: Annotated[str | None, Parameter(group=DATA)] = None
    "Share of rows held out for the end (0.2), or a file of test rows."
    time: Annotated[str | None, Parameter(group=DATA)] = None
    "Split in the order of this column: train on the past, test on what came later."
    group: Annotated[str | None, Parameter(group=DATA)] = None
    "Keep rows with the same value in this column on one side of the split."
    split_seed: Annotated[int | None, Parameter(group=DATA)] = None
    "Seed of the split, apart from the run's (0)."
    query: Annotated[str | None, Parameter(group=DATA)] = None
    "SQL over the data (a database), or over files that it names itself."
    sample: Annotated[int | None, Parameter(group=DATA)] = None
    "Take so many rows of the data, drawn at random (0: all)."
    stream: Annotated[bool | None, Parameter(group=DATA)] = None
    "Keep the rows on disk, for a table that does not fit in memory: converted once, then read in blocks."
    trust: Annotated[bool | None, Parameter(group=DATA, negative=())] = None
    "Run the SQL that a spec.toml or a folder names."
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
    activation: Annotated[str | None, Parameter(group=MODEL, choices=[*ACTIVATIONS])] = None
    "Of hidden layers (relu)."
    output: Annotated[str | None, Parameter(group=MODEL, choices=[*ACTIVATIONS], show_choices=False)] = None
    "Activation of the output (linear: losses take logits)."
    batch_norm: Annotated[bool | None, Parameter(group=MODEL)] = None
    "Batch norm in the hidden layers."
    init: Annotated[str | None, Parameter(group=MODEL, choices=[*INITIALIZERS])] = None
    "Initial weights; fits the activation unless given."
    loss: Annotated[str | None, Parameter(group=MODEL, choices=[*LOSSES])] = None
    "Fits the task unless given."
    l2: Annotated[float | None, Parameter(group=MODEL)] = None
    "Penalty ½·l2·‖weights‖², biases free (0)."


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class MethodFlags:
    """How one step is made."""

    rule: Annotated[str | None, Parameter(group=METHOD, choices=[*RULES, *OTHER_METHODS])] = None
    "Update rule or method (gd)."
    lr: Annotated[float | None, Parameter(group=METHOD)] = None
    "Learning rate (the rule's own default)."
    schedule: Annotated[str | None, Parameter(group=METHOD, choices=[*SCHEDULES])] = None
    "Multiplier of the learning rate over the run (constant)."
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
    sampling: Annotated[
        Literal["reshuffled", "frozen", "replacement", "sequential", "blocks"] | None, Parameter(group=RUN)
    ] = None
    "Order of rows: reshuffled each epoch, frozen, with replacement, sequential, blocks (reshuffled)."
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
    show_config: Annotated[bool | None, Parameter(group=RUN, negative=())] = None
    "Print every setting with its value and who said so (flag, environment, TOML file, default), and stop."


def changes(*groups: Any) -> dict[str, Any]:
    """{field: value} of the flags that were given."""
    found: dict[str, Any] = {}
    for group in groups:
        if group is not None:
            given = {f.name: getattr(group, f.name) for f in fields(group)}
            found |= {name: value for name, value in given.items() if value is not None and name not in NO_FIELDS}
            found |= assignments(getattr(group, "set", None) or ())
    if "test" in found:
        found |= test_rows(found.pop("test"))
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


def spec_from(
    data: str | None,
    *groups: Any,
    defaults: Mapping[str, Any] | None = None,
    without: Iterable[str] = (),
) -> Spec:
    """The Spec of a data source or a spec.toml, with the flags' changes over what was said before the command.

    defaults: the command's own, where nothing else says. without: fields that it decides by itself.
    """
    file = None
    if data is not None and data.endswith(".toml"):
        written, file = read_spec(Path(data))
        require_trust(written, trusted(*groups), data)
        data = None
    flags = changes(*groups)
    if data is not None:
        flags |= data_source(data)
    elif "query" in flags:
        flags["source"] = ""
    settled = settle(flags, file, defaults=defaults, command=(ASKED.get() or ("",))[0], without=without)
    for sentence in (*unknown_variables(), settled.note()):
        if sentence:
            say(f"note: {sentence}")
    if any(getattr(group, "show_config", None) for group in groups):
        raise Answered(partial(show_config, settled))
    return settled.spec


def trusted(*groups: Any) -> bool:
    """Was --trust given?"""
    return any(getattr(group, "trust", None) for group in groups)


def data_source(data: str) -> dict[str, str]:
    """A bundled name, a SQL query, or a path, which a stored Spec keeps whole."""
    from thalweg.problems.bundled import BUNDLED

    if re.match(r"\s*(select|with|from)\s", data, re.IGNORECASE):
        return {"source": "", "query": data}
    path = Path(data).expanduser()
    known = data in BUNDLED or data.startswith("memory:") or not (path.exists() or any(sign in data for sign in "*?["))
    return {"source": data if known else str(path.absolute())}


def test_rows(text: str) -> dict[str, Any]:
    """A share of the rows, or the file that holds the test rows."""
    try:
        return {"test": float(text)}
    except ValueError:
        if not Path(text).expanduser().exists():
            raise SpecError(
                f"--test {text}: expected a share of the rows, as in 0.2, or a file; there is none"
            ) from None
        return {"test_file": str(Path(text).expanduser().absolute()), "test_sha256": ""}
