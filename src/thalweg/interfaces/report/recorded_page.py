"""report.html of a recording: what a loop of the user's own said of itself, drawn like a run."""

from pathlib import Path

import numpy as np

from thalweg.descent.recording import Recording
from thalweg.descent.trail import Steps
from thalweg.interfaces.report.blocks import Block, Callout, Facts, Mood, Table
from thalweg.interfaces.report.charts import Event
from thalweg.interfaces.report.conclusions import named
from thalweg.interfaces.report.history_charts import (
    diverged_event,
    loss_figure,
    measure_figures,
    norm_figures,
    rate_figure,
)
from thalweg.interfaces.report.run_page import write_page
from thalweg.interfaces.report.sections import sentence_case, told
from thalweg.problems.words import listed

MOODS: dict[str, Mood] = {"diverged": "bad", "failed": "bad", "interrupted": "warn", "left": "info", "running": "info"}
NOTHING = "Nothing was recorded: step() was never called."


def write_recorded_page(recording: Recording, folder: Path) -> Path:
    """Write folder/report.html."""
    sections = [
        ("What came of it", "findings", _findings(recording)),
        ("Curves", "curves", _curves(recording)),
        ("How it was run", "header", _header(recording)),
    ]
    return write_page(folder, f"Recording: {recording.name}", sections, "")


def _findings(recording: Recording) -> list[Block]:
    stopped, best = recording.stopped, ""
    if np.isfinite(recording.best_value):
        best = f"Lowest {named(recording.watched)} {recording.best_value:.4g}, at step {recording.best_t}."
    mood = MOODS.get(stopped.kind, "good")
    return [Callout(mood, sentence_case(stopped.sentence) + ".", best), Facts(_facts(recording)), *_measures(recording)]


def _facts(recording: Recording) -> list[tuple[str, object]]:
    steps = recording.steps
    facts: list[tuple[str, object]] = [("steps", recording.t)]
    if recording.t:
        facts += [("first loss", float(steps["loss"][0])), ("last loss", float(steps["loss"][-1]))]
        facts.append(("seconds", float(steps["seconds"][-1])))
    if recording.t > 1:
        facts.append(("milliseconds per step", 1000 * float(np.median(np.diff(steps["seconds"])))))
    return facts


def _measures(recording: Recording) -> list[Block]:
    """What was evaluated: the first and the last value."""
    rows: list[list[object]] = []
    for name in recording.measures:
        t, value = recording.history(name)
        rows.append([named(name), float(value[0]), float(value[-1]), int(t[-1])])
    return [Table(("measure", "first", "last", "at step"), rows)] if rows else []


def _curves(recording: Recording) -> list[Block]:
    if not recording.t and not recording.measures:
        return [NOTHING]
    steps, names = recording.steps, recording.measures
    events: list[Event] = []
    if recording.watched != "loss" and np.isfinite(recording.best_value):
        event = f"lowest {named(recording.watched)}, step {recording.best_t}"
        events.append(Event(recording.best_t, event, kind="good"))
    if recording.diverged:
        steps = Steps(steps.columns, steps.rows[: recording.stopped.t])  # what came after it means nothing
        events += diverged_event(steps, recording.stopped.t)
    return [
        loss_figure(steps, recording.history, names, events),
        *measure_figures(recording.history, names),
        *norm_figures(steps, events),
        *rate_figure(steps),
    ]


def _header(recording: Recording) -> list[Block]:
    head = {k: v for k, v in recording.header.items() if k not in ("kind", "versions", "machine")}
    facts = [(name.replace("_", " "), told(value)) for name, value in head.items()]
    machine = {**recording.header.get("versions", {}), **recording.header.get("machine", {})}
    arrays = recording.steps.matching("param_norm")
    said = (
        "Recorded from a loop of its own with `tw.Recorder`: these are the numbers that the loop handed over, and "
        "this folder cannot run it again."
    )
    norms = f" Norms by array: {listed(arrays)}." if arrays else ""
    files = "Beside this page: metrics.jsonl (what was evaluated), steps.parquet (every step), header.json."
    return [said + norms, Facts(facts), Facts([(k, told(v)) for k, v in machine.items()]), files]
