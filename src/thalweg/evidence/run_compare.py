"""Runs side by side: which settings differ, what came of each, what made them, and where their losses part."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np

from thalweg.descent.run_summary import Summary, settings_of
from thalweg.descent.spec import Spec
from thalweg.errors import SpecError, ThalwegError
from thalweg.evidence.run_index import run_row
from thalweg.evidence.run_tables import step_columns
from thalweg.formulas.arrays import Array
from thalweg.problems.words import listed

SAME_DATA = ("problem", "source", "query", "sha256", "target", "split_seed", "validation", "test", "surface", "loss")
ORDER = ("seed", "batch_size", "sampling", "last_batch")
FAR = 0.01  # of the loss: apart enough to see
MADE_BY = ("versions", "machine", "threads", "git_commit")
RESULTS = ("best_loss", "measure", "best_step", "t", "stopped", "seconds")


@dataclass(frozen=True)
class Compared:
    """Each dictionary is {name: one value for each run}; settings and made_by leave out what is the same in all."""

    names: tuple[str, ...]
    settings: Mapping[str, tuple[Any, ...]]
    results: Mapping[str, tuple[Any, ...]]
    made_by: Mapping[str, tuple[Any, ...]]
    sentences: tuple[str, ...]


def compare_runs(names: Sequence[str], summaries: Sequence[Summary]) -> Compared:
    """Two or more runs, the first one as the yardstick."""
    if len(summaries) < 2:
        raise SpecError("one run alone cannot be compared; name two or more, as in thalweg runs compare A B")
    for name, summary in zip(names, summaries, strict=True):
        if summary.kind == "broken":
            raise SpecError(f"{name} {summary.why}; it cannot be compared")
    settings = _side_by_side([_settings(summary) for summary in summaries])
    rows = [run_row(summary) for summary in summaries]
    measures = dict.fromkeys(name for summary in summaries for name in summary.best if name.partition("_")[2])
    results = {name: tuple(row.get(name) for row in rows) for name in (*RESULTS, *measures)}
    made_by = _side_by_side([dict(_flat({k: s.header.get(k) for k in MADE_BY})) for s in summaries])
    sentences = (*_about_settings(settings), *_order(summaries), *_histories(names, summaries))
    return Compared(tuple(names), settings, results, made_by, sentences)


def _settings(summary: Summary) -> Mapping[str, Any]:
    """Its settings, with the defaults of what its version did not know yet."""
    try:
        whole = Spec.from_toml(summary.spec) if summary.kind == "run" else None
    except ThalwegError:  # of a version that knew more
        whole = None
    known = settings_of(msgspec.to_builtins(whole)) if whole else {}
    return {**{name: value for name, value in known.items() if value is not None}, **summary.settings}


def _side_by_side(parts: Sequence[Mapping[str, Any]]) -> dict[str, tuple[Any, ...]]:
    """What is not the same everywhere."""
    keys = dict.fromkeys(key for part in parts for key in part)
    found = {key: tuple(part.get(key) for part in parts) for key in keys}
    return {key: values for key, values in found.items() if any(value != values[0] for value in values)}


def _flat(plain: Mapping[str, Any], name: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in plain.items():
        whole = f"{name} {key}".strip()
        if isinstance(value, dict):
            yield from _flat(value, whole)
        elif value is not None:
            yield whole, value


def _about_settings(settings: Mapping[str, tuple[Any, ...]]) -> Iterator[str]:
    if not settings:
        yield "No setting differs: on one machine and with the same versions these runs have the same bits."
    elif len(settings) == 1:
        yield f"Only {next(iter(settings))} differs, so what differs in the results is its doing, or chance."
    else:
        yield f"{len(settings)} settings differ ({listed(settings, 6)}): no single one can be held responsible."
    if parts := [name for name in SAME_DATA if name in settings]:
        yield f"Their {listed(parts)} differ, so their losses are not of the same thing."


def _order(summaries: Sequence[Summary]) -> Iterator[str]:
    """Do they see the same rows in the same order?"""
    if any(summary.kind != "run" or summary.settings.get("problem") != "table" for summary in summaries):
        return
    if all(summary.header.get("sampling") == "every row, every step" for summary in summaries):
        yield "Every step sees all rows in each, so there is no order of batches to differ."
        return
    parts = [name for name in ORDER if len({summary.settings.get(name) for summary in summaries}) > 1]
    rows = {(summary.header.get("problem", {}).get("rows") or {}).get("train") for summary in summaries}
    if parts or len(rows) > 1:
        yield f"They see their rows in another order or in other batches: {listed(parts or ['training rows'])} differ."
    else:
        yield "They see the same rows in the same order."


def _histories(names: Sequence[str], runs: Sequence[Summary]) -> Iterator[str]:
    first = runs[0]
    for name, run in zip(names[1:], runs[1:], strict=True):
        batches = [(one.header.get("batch_size"), one.header.get("sampling")) for one in (first, run)]
        said = _parting(names[0], _losses(first), name, _losses(run))
        yield said if batches[0] == batches[1] else f"{said} Their steps see other rows: compare their evaluations."


def _losses(summary: Summary) -> Array:
    return step_columns(summary, ["loss"])[0] if summary.rows else np.empty(0)


def _parting(a: str, first: Array, b: str, second: Array) -> str:
    """Where the losses of the steps of two runs part."""
    common = min(len(first), len(second))
    if not common:
        return f"{a} and {b}: no steps are stored of one of them."
    x, y = first[:common], second[:common]
    apart = np.flatnonzero((x != y) & ~(np.isnan(x) & np.isnan(y)))
    if not len(apart):
        more = "" if len(first) == len(second) else f"; then {a if len(first) > common else b} goes on alone"
        return f"{a} and {b} have the same losses, bit for bit, over {common:,} steps{more}."
    t = int(apart[0])
    until = f"the same, bit for bit, up to step {t}; they part" if t else "apart"
    digits = 6 if f"{x[t]:.6g}" != f"{y[t]:.6g}" else 17
    said = f"The losses of {a} and {b} are {until} at step {t + 1}: {x[t]:.{digits}g} against {y[t]:.{digits}g}"
    with np.errstate(invalid="ignore", over="ignore"):
        far = np.flatnonzero(~(np.abs(x - y) <= FAR * np.maximum(np.abs(x), np.abs(y))))
    said += f", and by more than 1% from step {int(far[0]) + 1} on" if len(far) and int(far[0]) > t else ""
    said += ", never by more than 1%" if not len(far) else ""
    return f"{said}."
