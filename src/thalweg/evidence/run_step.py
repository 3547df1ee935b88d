"""What happened on step 37 of a run: its signals beside its neighbours' and the run's median, in sentences.

Everything is read from the run's folder. The rows of its batch are computed again: they are a function of seed, epoch
and t. Which rows of the table they are needs the data; where those cannot be read, their places among the training
rows are told.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np

from thalweg.descent.folder import require_trust
from thalweg.descent.run_summary import Summary
from thalweg.descent.setup import batches_of
from thalweg.descent.spec import Spec
from thalweg.errors import SpecError, ThalwegError
from thalweg.evidence.run_tables import step_columns
from thalweg.formulas.arrays import Array
from thalweg.problems.build import build
from thalweg.problems.objective import ALL
from thalweg.problems.words import counted, listed

SHOWN = ("lr", "loss", "grad_norm", "update_norm", "param_norm")
NEIGHBOURS = 2  # steps shown before and after
ODD = 3.0  # times the median: worth a word
SHOWN_ROWS = 20


@dataclass(frozen=True)
class Happened:
    """signals: {name: value} of the step. around: the same of its neighbours, and under "median" of the run."""

    t: int
    signals: Mapping[str, float]
    around: Mapping[str, Mapping[str, float]]
    rows: tuple[int, ...]  # of its batch; empty where every step sees all rows, or none are known
    evaluations: tuple[Mapping[str, Any], ...]  # the ones next to it
    sentences: tuple[str, ...]


def happened(summary: Summary, t: int, *, trust: bool = False) -> Happened:
    """The story of update t, counted from 1. trust: read data that come by SQL, to name the rows."""
    if summary.kind == "broken":
        raise SpecError(f"{summary.folder} {summary.why}")
    history = dict(zip(summary.columns, step_columns(summary, summary.columns), strict=True))
    steps = len(next(iter(history.values()), ()))
    if not steps:
        raise SpecError(f"{summary.folder} has no steps to tell of: no steps.bin as long as its checkpoint says")
    if not 1 <= t <= steps:
        raise SpecError(f"step {t} was not run; {summary.folder.name} has steps 1 to {steps}")
    rows, about_rows = batch_rows(summary, t, trust)
    evaluations = tuple(_next_to(summary, t))
    told = [
        *_loss(history, t, _full(summary)),
        *_gradient(history, t),
        *_clipping(summary, history, t),
        *_update(history, t),
        *about_rows,
        *_evaluated(evaluations, t),
    ]
    if t == steps and summary.why:
        told.append(f"It was the last: the run {summary.why}.")
    shown = [name for name in SHOWN if name in history]
    around = {str(k): _at(history, shown, k) for k in range(max(1, t - NEIGHBOURS), min(steps, t + NEIGHBOURS) + 1)}
    around["median"] = {name: _median(history[name]) for name in shown}
    return Happened(
        t, _at(history, list(history), t), around, rows, evaluations, (_opening(summary, history, t), *told)
    )


def _at(history: Mapping[str, Array], names: Sequence[str], t: int) -> dict[str, float]:
    return {name: float(history[name][t - 1]) for name in names}


def _median(column: Array) -> float:
    finite = column[np.isfinite(column)]
    return float(np.median(finite)) if len(finite) else float("nan")


def _opening(summary: Summary, history: Mapping[str, Array], t: int) -> str:
    settings, lr = summary.settings, float(history["lr"][t - 1])
    steps = len(history["lr"])
    rule = f", {settings['rule']}" if "rule" in settings else ""
    base = settings.get("lr")
    said = f"Step {t} of {steps} of {summary.folder.name}{rule}: learning rate {lr:.4g}"
    if isinstance(base, float | int) and base and not np.isclose(lr, base):
        why = [f"schedule {settings['schedule']}"] if settings.get("schedule", "constant") != "constant" else []
        why += [f"warmup of {settings['warmup']} updates"] if settings.get("warmup") else []
        why += ["a phase"] if settings.get("phases", "[]") != "[]" else []
        said += f", {lr / base:.3g} of the base rate {base:.4g}" + (f" ({' and '.join(why)})" if why else "")
    return f"{said}."


def _full(summary: Summary) -> bool:
    """Does every step see the same rows?"""
    return summary.header.get("sampling") == "every row, every step" or summary.settings.get("problem") != "table"


def _loss(history: Mapping[str, Array], t: int, full: bool) -> Iterator[str]:
    losses = history["loss"]
    loss = float(losses[t - 1])
    if not np.isfinite(loss):
        yield "The loss was not finite, so no update was made."
        return
    said = f"The loss before the update was {loss:.6g}"
    if t < len(losses):
        after = float(losses[t])
        whose = "the update brought it to" if full else "the next step, on other rows, began at"
        change = f" ({(after - loss) / abs(loss):+.2%})" if loss and np.isfinite(after) else ""
        said += f"; {whose} {after:.6g}{change}"
    yield f"{said}. {_compared(losses, loss, 'loss')}"


def _compared(column: Array, value: float, name: str) -> str:
    """How it stands in the run: against the median, and how many steps had more."""
    larger, median = int((column > value).sum()), _median(column)
    place = (
        f"the largest {name} of the run"
        if not larger
        else f"{counted(larger, 'step')} of {len(column):,} had a larger one"
    )
    times = f", {value / median:.3g} times it" if median > 0 else ""
    return f"The run's median is {median:.4g}{times}; {place}."


def _gradient(history: Mapping[str, Array], t: int) -> Iterator[str]:
    norms = history["grad_norm"]
    norm = float(norms[t - 1])
    if np.isnan(norm):
        return
    if not np.isfinite(norm):
        yield "The gradient was not finite."
        return
    said = f"The gradient's norm was {norm:.4g}"
    parts = {name[10:-1]: float(column[t - 1]) for name, column in history.items() if name.startswith("grad_norm[")}
    if len(parts) > 1 and norm:
        largest = max(parts, key=lambda name: parts[name])
        said += f", {(parts[largest] / norm) ** 2:.0%} of its square in {largest}"
    yield f"{said}. {_compared(norms, norm, 'gradient')}"


def _clipping(summary: Summary, history: Mapping[str, Array], t: int) -> Iterator[str]:
    limit, cut = summary.settings.get("clip_norm"), summary.settings.get("clip_value")
    norm = float(history["grad_norm"][t - 1])
    if isinstance(limit, float | int) and limit and np.isfinite(norm):
        if norm > limit:
            yield f"It was clipped: over clip_norm {limit:g}, so scaled by {limit / norm:.3g} to exactly {limit:g}."
        else:
            yield f"It was not clipped: {norm:.4g} is at most clip_norm {limit:g}."
    if isinstance(cut, float | int) and cut:
        yield f"Entries beyond ±{cut:g} were clipped (clip_value); how many is not recorded."
    if not limit and not cut and summary.kind == "run":
        yield "Nothing was clipped: no clipping is set."


def _update(history: Mapping[str, Array], t: int) -> Iterator[str]:
    update, size = float(history["update_norm"][t - 1]), float(history["param_norm"][t - 1])
    if np.isfinite(update):
        share = f", {update / size:.3g} of the parameters' {size:.4g}" if size > 0 else ""
        yield f"The update's norm was {update:.4g}{share}. {_compared(history['update_norm'], update, 'update')}"
    grad = float(history["grad_norm"][t - 1])
    if update == 0 and grad > 0:
        yield "The parameters did not move."


def batch_rows(summary: Summary, t: int, trust: bool = False) -> tuple[tuple[int, ...], tuple[str, ...]]:
    """(the rows that update t saw, what to say of them). Rows of the table count from 1, without its header."""
    if summary.kind != "run":
        return (), ()
    spec = Spec.from_toml(summary.spec)
    problem = summary.header.get("problem", {})
    examples = int((problem.get("rows") or {}).get("train") or 0)
    if not examples:
        return (), ()
    places = batches_of(spec, examples)(t - 1)
    if places is ALL or isinstance(places, slice):
        return (), (f"It saw all {examples:,} training rows, as every step did.",)
    places = np.asarray(places)
    try:
        require_trust(spec, trust, str(summary.folder))
        made = build(spec.problem, spec.dtype)
        if made.table is None or made.split is None or len(made.split.train) != examples:
            raise SpecError("the table no longer gives the same training rows")
        rows = tuple(int(row) + 1 for row in made.table.rows[np.asarray(made.split.train)[places]])
        where = f"of {made.table.source}"
    except ThalwegError as error:
        rows = tuple(int(place) + 1 for place in places)
        where = f"among the {examples:,} training rows (which rows of the table that is cannot be told: {error})"
    return rows, (f"Its batch was {counted(len(rows), 'row')} {where}: {listed(rows, SHOWN_ROWS)}.",)


def _next_to(summary: Summary, t: int) -> Iterator[Mapping[str, Any]]:
    """The last evaluation before the update, and the first one after it."""
    before: dict[str, Any] = {}
    for line in (summary.folder / "metrics.jsonl").read_bytes().splitlines():
        try:
            entry = msgspec.json.decode(line, type=dict[str, Any])
        except msgspec.MsgspecError:
            break
        if entry.get("t", 0) >= t:
            yield from ([before] if before else [])
            yield entry
            return
        before = entry
    if before:
        yield before


def _evaluated(evaluations: Sequence[Mapping[str, Any]], t: int) -> Iterator[str]:
    for entry in evaluations:
        known = {
            k: v for k, v in entry.items() if k not in ("t", "epoch", "samples", "seconds", "lr") and v is not None
        }
        measures = ", ".join(f"{k.replace('_', ' ')} {v:.4g}" for k, v in known.items() if isinstance(v, float | int))
        when = (
            "right after it"
            if entry["t"] == t
            else f"at step {entry['t']}, {'before' if entry['t'] < t else 'after'} it"
        )
        if measures:
            yield f"Evaluated {when}: {measures}."


def step_number(text: str) -> int:
    """The number of a step that a person typed."""
    if not text.isdecimal():
        raise SpecError(
            f"step {text!r}; expected the number of an update, counted from 1, as in thalweg runs step RUN 37"
        )
    return int(text)
