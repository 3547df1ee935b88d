"""A table as a problem: read, split, standardise with the training rows' statistics, model, loss."""

from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from thalweg.errors import DataError
from thalweg.formulas.arrays import Array
from thalweg.formulas.losses import LOSSES
from thalweg.formulas.streams import Purpose, stream
from thalweg.problems import sections
from thalweg.problems.fit import Examples, Fit
from thalweg.problems.linear import Linear
from thalweg.problems.mlp import MLP
from thalweg.problems.model import Model
from thalweg.problems.pairing import pairing_notices
from thalweg.problems.problem import Problem, prepared
from thalweg.problems.split import Split, split_rows
from thalweg.problems.standardiser import Standardiser
from thalweg.problems.table import Table, read_table

EVALUATED_ROWS = 10_000  # rows of a split that an evaluation while training looks at, at most
DEFAULT_LOSS = {
    "regression": "mse",
    "binary": "logistic_cross_entropy",
    "multiclass": "softmax_cross_entropy",
}


def rows_of(section: sections.Table) -> Table:
    """The table behind a section, read once for as long as the file stays the same."""
    path = Path(section.source).expanduser()
    stamp = (path.stat().st_mtime_ns, path.stat().st_size) if path.is_file() else None
    asked = (section.source, section.target, section.task, section.features, section.drop, section.weights)
    return _read(*asked, stamp)


@lru_cache(maxsize=4)
def _read(
    source: str, target: str, task: str, features: tuple[str, ...], drop: tuple[str, ...], weights: str, _: Any
) -> Table:
    return read_table(source, target or None, task=task, features=features, drop=drop, weights=weights)


def resolve_table(section: sections.Table) -> sections.Table:
    """The section with all that was left open decided from the data."""
    table = rows_of(section)
    if section.sha256 and section.sha256 != table.sha256:
        raise DataError(
            f"{section.source} has changed: its sha256 is {table.sha256[:12]}…, the spec expects "
            f"{section.sha256[:12]}…; restore the file, or empty sha256 in the spec to accept the new one"
        )
    return msgspec.structs.replace(
        section,
        sha256=table.sha256,
        target=table.target,
        task=table.task,
        loss=section.loss or DEFAULT_LOSS[table.task],
        init=section.init or _default_init(section),
        scale_target=table.task == "regression" if section.scale_target is None else section.scale_target,
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
    table = rows_of(section)
    split = split_rows(
        table.y,
        validation=section.validation,
        test=section.test,
        seed=section.split_seed,
        stratify=table.task != "regression",
    )
    scaler = Standardiser.fit(table.X[split.train]) if section.standardise else None
    target_scaler = Standardiser.fit(table.y[split.train]) if section.scale_target else None
    splits = _splits(section, table, split, scaler, target_scaler, dtype)
    model = _model(section, splits["train"].X.shape[1], table.y.shape[1])
    objective = Fit(model, LOSSES.named(section.loss), splits, 0.0, _samples(splits))
    return Problem(
        section=section,
        objective=objective,
        start=lambda seed: model.init(stream(seed, Purpose.START)).astype(dtype),
        table=table,
        split=split,
        scaler=scaler,
        target_scaler=target_scaler,
        notices=table.notices + pairing_notices(section),
    )


def _splits(
    section: sections.Table,
    table: Table,
    split: Split,
    scaler: Standardiser | None,
    target_scaler: Standardiser | None,
    dtype: str,
) -> dict[str, Examples]:
    """What the model sees of each part that has rows; weights have mean 1 within a part."""
    X = prepared(table.X, scaler, section.bias).astype(dtype)
    y = (target_scaler.apply(table.y) if target_scaler else table.y).astype(dtype)
    weight = _weights(section, table, split.train)
    parts = {"train": split.train, "validation": split.validation, "test": split.test}
    found = {}
    for name, rows in parts.items():
        if len(rows):
            own = None if weight is None else (weight[rows] / weight[rows].mean()).astype(dtype)
            found[name] = Examples(X[rows], y[rows], own)
    return found


def _weights(section: sections.Table, table: Table, train: Array) -> Array | None:
    """Row weights times class weights n / (C n_c), as scikit-learn's "balanced"; counted on training rows."""
    weight = table.weights
    if section.class_weight == "none" or table.task == "regression":
        return weight
    y = table.y if table.task == "multiclass" else np.concatenate([1 - table.y, table.y], axis=1)
    counts = y[train].sum(0)
    balanced = y @ (counts.sum() / (len(counts) * np.maximum(counts, 1)))
    return np.asarray(balanced if weight is None else weight * balanced)


def _samples(splits: dict[str, Examples]) -> dict[str, Array]:
    """The rows that stand for a split in an evaluation, where all are too many."""
    return {
        name: np.sort(stream(0, Purpose.SAMPLE, i).choice(len(examples.y), EVALUATED_ROWS, replace=False))
        for i, (name, examples) in enumerate(splits.items())
        if len(examples.y) > EVALUATED_ROWS
    }


def _model(section: sections.Table, d: int, k: int) -> Model:
    if section.model == "linear" and section.output == "linear":
        return Linear(d, k, init=section.init, ones=section.bias == "ones")
    return MLP(
        (d, *section.hidden, k),
        activation=section.activation,
        output=section.output,
        init=section.init,
        batch_norm=section.batch_norm,
    )
