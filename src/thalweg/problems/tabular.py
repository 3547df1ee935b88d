"""A table as a problem: read, split, standardise with the training rows' statistics, model, loss."""

from dataclasses import replace
from functools import lru_cache, partial
from typing import Any

import msgspec
import numpy as np

from thalweg.errors import DataError
from thalweg.formulas.arrays import Array
from thalweg.formulas.losses import LOSSES
from thalweg.formulas.streams import Purpose, stream
from thalweg.problems import sections
from thalweg.problems.examples import Examples, Made
from thalweg.problems.fit import Fit
from thalweg.problems.linear import Linear
from thalweg.problems.mlp import MLP
from thalweg.problems.model import Model
from thalweg.problems.pairing import pairing_notices
from thalweg.problems.predictor import prepared
from thalweg.problems.problem import Problem
from thalweg.problems.split import Split
from thalweg.problems.splitting import split_notices, split_of
from thalweg.problems.standardiser import Standardiser
from thalweg.problems.table import Opened, Table, open_table, prepare, stamp

EVALUATED_ROWS = 10_000  # rows of a split that an evaluation while training looks at, at most
DEFAULT_LOSS = {
    "regression": "mse",
    "binary": "logistic_cross_entropy",
    "multiclass": "softmax_cross_entropy",
}


def opened(section: sections.Table) -> Opened:
    """The table behind a section, read once for as long as its files stay the same."""
    asked = msgspec.structs.replace(section, **NOT_READ)
    found = _open(msgspec.json.encode(asked), stamp(section.source), stamp(section.test_file))
    usual = {"target": found.section.target, "task": found.section.task}  # of a bundled set
    return replace(found, section=msgspec.structs.replace(section, **usual))


# What does not change how a table is read: two sections that differ in these alone share one reading.
NOT_READ: dict[str, Any] = {
    "sha256": "", "test_sha256": "", "class_weight": "none", "validation": 0.2, "test": 0.2, "standardise": True,
    "scale_target": None, "model": "linear", "hidden": (), "activation": "relu", "output": "linear",
    "batch_norm": False, "bias": "separate", "init": "", "loss": "", "l2": 0.0, "levels": 20,
    "train_rows": 0, "stream": False,
}  # fmt: skip


@lru_cache(maxsize=2)
def _open(encoded: bytes, *_: Any) -> Opened:
    return open_table(msgspec.json.decode(encoded, type=sections.Table))


def resolve_table(section: sections.Table) -> sections.Table:
    """The section with all that was left open decided from the data."""
    found = opened(section)
    for source, expected, now in (
        (section.source, section.sha256, found.sha256),
        (section.test_file, section.test_sha256, found.test_sha256),
    ):
        if expected and expected != now:
            raise DataError(
                f"{source} has changed: its sha256 is {now[:12]}…, the spec expects {expected[:12]}…; "
                "restore the file, or empty sha256 in the spec to accept the new one"
            )
    task = found.target.task
    return decided(
        section,
        sha256=found.sha256,
        test_sha256=found.test_sha256,
        target=found.roles.target,
        task=task,
        positive=found.target.classes[1] if task == "binary" else "",
    )


def decided(section: sections.Table, *, task: str, **found: str) -> sections.Table:
    """The section with what was found, and what follows from its task and model."""
    return msgspec.structs.replace(
        section,
        **found,
        task=task,
        loss=section.loss or DEFAULT_LOSS[task],
        init=section.init or _default_init(section),
        scale_target=task == "regression" if section.scale_target is None else section.scale_target,
    )


def _default_init(section: sections.Table) -> str:
    """Zeros where the loss is convex, He for ReLUs, Glorot for saturating units."""
    if section.model == "linear":
        return "zeros"
    return "he_normal" if "relu" in section.activation else "glorot_uniform"


def table_problem(section: sections.Table, dtype: str) -> Problem:
    """The problem of a resolved section. Specs that differ in L2 alone share one copy of the data."""
    shared = _without_penalty(msgspec.json.encode(msgspec.structs.replace(section, l2=0.0)), dtype)
    return replace(shared, section=section, objective=replace(shared.objective, l2=section.l2))  # type: ignore[type-var]


@lru_cache(maxsize=4)
def _without_penalty(encoded: bytes, dtype: str) -> Problem:
    section = msgspec.json.decode(encoded, type=sections.Table)
    found = opened(section)
    split = split_of(found)
    table = prepare(found, split.train)
    flags = table.preparation.flags
    scaler = Standardiser.fit(table.features(split.train), flags=flags) if section.standardise else None
    target_scaler = Standardiser.fit(table.y[split.train]) if section.scale_target else None
    splits, samples = _splits(section, table, split, (scaler, target_scaler), dtype)
    model = model_of(section, len(table.names) + (section.bias == "ones"), table.y.shape[1])
    return Problem(
        section=section,
        objective=Fit(model, LOSSES.named(section.loss), splits, 0.0, samples),
        start=lambda seed: model.init(stream(seed, Purpose.START)).astype(dtype),
        table=table,
        split=split,
        scaler=scaler,
        target_scaler=target_scaler,
        notices=table.notices + split_notices(found, split) + pairing_notices(section),
    )


Scalers = tuple[Standardiser | None, Standardiser | None]


def _splits(section: sections.Table, table: Table, split: Split, scalers: Scalers, dtype: str) -> tuple[Made, Made]:
    """What the model sees of each part that has rows, and the sample that stands for a part with too many.

    Weights have mean 1 within a part.
    """
    weight = _weights(section, table, split.train)

    def make(rows: Array, whole: Array) -> Examples:
        X = prepared(table.features(rows), scalers[0], section.bias == "ones").astype(dtype, copy=False)
        y = (scalers[1].apply(table.y[rows]) if scalers[1] else table.y[rows]).astype(dtype, copy=False)
        return Examples(X, y, None if weight is None else (weight[rows] / weight[whole].mean()).astype(dtype))

    parts = {"train": split.train, "validation": split.validation, "test": split.test}
    parts = {name: rows for name, rows in parts.items() if len(rows)}
    few = {
        name: rows[np.sort(stream(0, Purpose.SAMPLE, i).choice(len(rows), EVALUATED_ROWS, replace=False))]
        for i, (name, rows) in enumerate(parts.items())
        if len(rows) > EVALUATED_ROWS
    }
    return (
        Made({name: partial(make, rows, rows) for name, rows in parts.items()}),
        Made({name: partial(make, rows, parts[name]) for name, rows in few.items()}),
    )


def _weights(section: sections.Table, table: Table, train: Array) -> Array | None:
    """Row weights times class weights n / (C n_c), as scikit-learn's "balanced"; counted on training rows."""
    codes = None if table.task == "regression" else table.y.argmax(1) if table.y.shape[1] > 1 else table.y[:, 0]
    return row_weights(section, codes, len(table.classes), table.weights, train)


def row_weights(
    section: sections.Table, codes: Array | None, classes: int, weight: Array | None, train: Array
) -> Array | None:
    """The same from the class of each row (N,), None for a quantity, and the row weights (N,), if there are any."""
    if section.class_weight == "none" or codes is None:
        return weight
    codes = codes.astype(np.intp)
    counts = np.bincount(codes[train], minlength=classes).astype(np.float64)
    balanced = (counts.sum() / (len(counts) * np.maximum(counts, 1)))[codes]
    return np.asarray(balanced if weight is None else weight * balanced)


def model_of(section: sections.Table, d: int, k: int) -> Model:
    """The model of a section for D inputs, a column of ones among them if asked, and K outputs."""
    if section.model == "linear" and section.output == "linear":
        return Linear(d, k, init=section.init, ones=section.bias == "ones")
    return MLP(
        (d, *section.hidden, k),
        activation=section.activation,
        output=section.output,
        init=section.init,
        batch_norm=section.batch_norm,
    )
