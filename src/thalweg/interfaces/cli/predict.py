"""thalweg predict: what a trained model says about new rows."""

from pathlib import Path
from typing import Annotated, Any

import numpy as np
from cyclopts import Parameter

from thalweg.descent.prediction import Fitted, load_fitted
from thalweg.errors import FolderError, SpecError
from thalweg.formulas.arrays import Array
from thalweg.formulas.measures import measures_for
from thalweg.interfaces.cli import FINE
from thalweg.interfaces.cli.flags import Json, data_source
from thalweg.interfaces.cli.rows_out import ENDINGS, put_rows, write_rows
from thalweg.interfaces.cli.say import put_json, say
from thalweg.problems.bundled import BUNDLED
from thalweg.problems.preparation import Preparation
from thalweg.problems.sources.columns import Columns
from thalweg.problems.sources.opening import open_source
from thalweg.problems.words import counted, listed, no_column

DECISIONS = ("accuracy", "balanced_accuracy", "precision", "recall", "f1")  # measures that the threshold changes


def predict(
    run: Path,
    data: str,
    *,
    out: Path | None = None,
    threshold: float = 0.5,
    id: Annotated[tuple[str, ...], Parameter(consume_multiple=True)] = (),
    json: Json = False,
) -> int:
    """Predict new rows with a trained model: values, or classes with their probabilities.

    Example: thalweg predict runs/houses-001 new_houses.csv --out prices.csv

    The columns may come in any order, and others than those learned from are ignored. Missing values are filled in
    as in training. Where the new rows carry the target, the model is also measured on them.

    Parameters
    ----------
    run
        The folder of a run or of a report.
    data
        A file, several files by a pattern, a database, or a SQL query, as for the other commands.
    out
        A file to write: .csv, .tsv, .parquet, .json or .jsonl. CSV on stdout unless given.
    threshold
        Of two classes the positive one is predicted from this probability on.
    id
        Columns of the new data to put before the predictions; those that training named unless given.
    json
        Print the predictions as JSON on stdout.
    """
    if not 0 < threshold < 1:
        raise SpecError(f"threshold is {threshold:g}; expected a probability between 0 and 1")
    if out is not None:
        refuse_file(out)
    fitted = load_fitted(run)
    if threshold != 0.5 and fitted.preparation.task != "binary":
        raise SpecError(f"threshold is for two classes; {run} predicts {predicted_kind(fitted)}")
    columns = new_rows(data, fitted.preparation.how)
    names = id or tuple(name for name in fitted.section.id if name in columns.kinds)
    refuse_names(columns, names, fitted)
    values, notices = fitted.predict(columns)
    for notice in (*columns.notices, *notices):
        say(f"note: {notice}")
    table = identified(columns, names) | predictions(fitted, values, threshold)
    for sentence in measured(fitted, columns, values, threshold):
        say(sentence)
    if json:
        put_json({"run": str(run), "target": fitted.preparation.target, "rows": records(table)})
    elif out is None:
        put_rows(table)
    if out is not None:
        write_rows(table, out)
        say(f"{len(values):,} predictions of {fitted.preparation.target!r} in {out}")
    return FINE


def refuse_file(out: Path) -> None:
    """Before anything is computed: a file of that name, no folder for it, an unknown ending."""
    if out.exists():
        raise FolderError(f"{out} exists; choose another name, or move it away")
    if not out.parent.is_dir():
        raise FolderError(f"no folder {out.parent}; make it, or choose another place")
    if out.suffix.lower() not in ENDINGS:
        raise FolderError(f"{out.name} ends in {out.suffix or 'nothing'}; expected one of {listed(ENDINGS)}")


def predicted_kind(fitted: Fitted) -> str:
    """What a model predicts, in words."""
    classes = fitted.preparation.classes
    return f"{len(classes)} of them" if classes else "a quantity"


def new_rows(data: str, how: dict[str, str]) -> Columns:
    """The table to predict, its text read as that of the training table was."""
    if data in BUNDLED:
        return open_source(str(BUNDLED[data].path), name=data, how=how)
    named = data_source(data)
    return open_source(named["source"], query=named.get("query", ""), how=how)


def refuse_names(columns: Columns, names: tuple[str, ...], fitted: Fitted) -> None:
    """Columns that are to name the rows and are not there, or are called like a column of predictions."""
    own = outputs(fitted.preparation)
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise SpecError(f"{listed(twice)} is named twice in id; name it once")
    for name in names:
        if name not in columns.kinds:
            raise SpecError(no_column(name, columns.names, columns.name))
        if name in own:
            raise SpecError(f"column {name!r} cannot name the rows: predictions are called so; rename it")


def outputs(preparation: Preparation) -> tuple[str, ...]:
    """The names of the columns that hold predictions."""
    return ("prediction", *(f"p({name})" for name in preparation.classes))


def identified(columns: Columns, names: tuple[str, ...]) -> dict[str, Array]:
    """The columns that name a row; the data row, counted from 1, where there are none."""
    return {name: columns.texts(name) for name in names} or {"row": np.arange(1, columns.rows + 1)}


def predictions(fitted: Fitted, values: Array, threshold: float) -> dict[str, Array]:
    """{column: (N,)}: the value, or the class and the probability of each class. None where there is none."""
    preparation = fitted.preparation
    names = outputs(preparation)
    if preparation.task == "regression":
        return {names[0]: values[:, 0]}
    p = values if preparation.task == "multiclass" else np.concatenate([1 - values, values], axis=1)
    codes = p.argmax(axis=1) if preparation.task == "multiclass" else (p[:, 1] >= threshold).astype(np.intp)
    chosen = np.array(preparation.classes, dtype=object)[codes]
    chosen[np.isnan(p).any(axis=1)] = None
    return dict(zip(names, (chosen, *p.T), strict=True))


def records(table: dict[str, Array]) -> list[dict[str, Any]]:
    """A dictionary for each row; NaN as null."""
    columns = [[None if value != value else value for value in column.tolist()] for column in table.values()]  # noqa: PLR0124
    return [dict(zip(table, row, strict=True)) for row in zip(*columns, strict=True)]


def measured(fitted: Fitted, columns: Columns, values: Array, threshold: float) -> list[str]:
    """How well the rows that carry the target were predicted."""
    target, task = fitted.preparation.target, fitted.preparation.task
    if columns.kinds.get(target, "empty") == "empty":
        return []
    truth = encoded_truth(fitted, columns)
    if truth is None:
        return [f"{columns.name} has a column {target!r} of another kind than in training: not measured"]
    known = ~np.isnan(truth).any(axis=1) & ~np.isnan(values).any(axis=1)
    said = unknown_classes(fitted.preparation, columns)
    if not known.any():
        return [*said, f"no row of {columns.name} can be measured"]
    decided = (values >= threshold).astype(float) if task == "binary" else values
    found = {
        m.name: float(m.of(truth[known], (decided if m.name in DECISIONS else values)[known], None))
        for m in measures_for(task)  # type: ignore[arg-type]
    }
    shown = ", ".join(f"{name.replace('_', ' ')} {value:.4g}" for name, value in found.items() if value == value)  # noqa: PLR0124  no NaN
    return [*said, f"measured on the {counted(int(known.sum()), 'row')} with a {target!r}: {shown}"]


def unknown_classes(preparation: Preparation, columns: Columns) -> list[str]:
    """What is said of rows whose class did not occur in training."""
    if preparation.task == "regression":
        return []
    codes, levels = columns.codes(preparation.target)
    counts = np.bincount(codes[codes >= 0], minlength=len(levels))
    strange = {n: int(c) for n, c in zip(levels, counts, strict=True) if c and n not in preparation.classes}
    shown = listed(f"{name!r} ({counted(count, 'row')})" for name, count in strange.items())
    return [f"not measured on classes of {preparation.target!r} that training did not have: {shown}"] if strange else []


def encoded_truth(fitted: Fitted, columns: Columns) -> Array | None:
    """y (N, K) of the new rows, NaN where the target is missing or of an unknown class."""
    preparation = fitted.preparation
    kind = columns.kinds[preparation.target]
    if preparation.task == "regression":
        return columns.numbers(preparation.target)[:, None] if kind in ("number", "boolean") else None
    codes, levels = columns.codes(preparation.target)
    places = {name: float(i) for i, name in enumerate(preparation.classes)}
    y = np.array([*(places.get(level, np.nan) for level in levels), np.nan])[codes]
    if preparation.task == "binary":
        return y[:, None]
    one_hot = (y[:, None] == np.arange(len(places))).astype(np.float64)
    one_hot[np.isnan(y)] = np.nan
    return one_hot
