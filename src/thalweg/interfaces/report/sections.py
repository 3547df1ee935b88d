"""The sections of a training report, each a function from the workup to blocks."""

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from thalweg.descent.run import Run
from thalweg.evidence.results import results, studies
from thalweg.evidence.workup import Workup
from thalweg.interfaces.report import charts
from thalweg.interfaces.report.blocks import Block, Callout, Code, Facts, Group, Table
from thalweg.interfaces.report.charts import Event, Series
from thalweg.interfaces.report.conclusions import beats_nothing, conclusions, named
from thalweg.interfaces.report.trial_sections import shown_range

WORDS = {"ok": "passed", "notice": "notice", "warn": "warning", "fail": "failed"}
MOST_LAYERS = 8  # lines of a layer chart that can be told apart
FEWEST_RATIOS = 5  # steps; fewer are no curve
RESIDUAL_FEATURES = 2


def conclusions_blocks(workup: Workup) -> list[Block]:
    """What was found, in sentences."""
    first, *rest = conclusions(workup)
    found: list[Block] = [Callout("good" if beats_nothing(workup) else "warn", first)]
    if workup.run.diverged:
        found.insert(0, Callout("bad", "The final run diverged", "What follows is about its best weights before that."))
    if failed := [check.title for check in workup.checks if check.status == "fail"]:
        found.append(
            Callout("bad", "Preflight failed", f"{', '.join(failed)}: do not trust this model before it passes.")
        )
    return [*found, *rest]


def preflight_blocks(workup: Workup) -> list[Block]:
    """Each check with its verdict."""
    names = workup.problem.table.names if workup.problem.table else ()
    checks = [replace(check, sentence=sentence_case(check.sentence, names)) for check in workup.checks]
    rows = [[WORDS[check.status], check.title, check.sentence] for check in checks]
    callouts = [Callout("bad" if c.status == "fail" else "warn", c.title, c.sentence) for c in checks if not c.ok]
    return [*callouts, Table(("", "check", "what was measured"), rows)]


def final_blocks(workup: Workup) -> list[Block]:
    """Curves and norms of the chosen setting, trained alone."""
    run = workup.run
    blocks: list[Block] = [f"{workup.why} {workup.criterion.sentence}", loss_chart(run)]
    if (measure := measure_chart(run)) is not None:
        blocks.append(measure)
    return [*blocks, *norm_charts(run)]


def loss_chart(run: Run) -> charts.Figure:
    """Training and validation loss over the evaluations, best weights marked."""
    t, train = run.history("train_loss")
    series = [Series("training", train, x=t)]
    if "validation_loss" in run.final:
        series.append(Series("validation", run.history("validation_loss")[1], x=t))
    events = [Event(run.best_t, f"best weights, step {run.best_t}", kind="good")]
    if run.diverged:
        events.append(Event(run.state.t, "diverged", kind="bad"))
    note = "Both without the L2 penalty. The best weights are those with the lowest validation loss."
    return charts.lines("Loss", series, x="step", y="loss", events=events, note=note)


def measure_chart(run: Run) -> charts.Figure | None:
    """Accuracy, or R², over the evaluations."""
    for name in ("accuracy", "r2"):
        if f"validation_{name}" in run.final:
            t, train = run.history(f"train_{name}")
            validation = run.history(f"validation_{name}")[1]
            both = [Series("training", train, x=t), Series("validation", validation, x=t)]
            title = named(name)
            return charts.lines(title[:1].upper() + title[1:], both, x="step", y=named(name), log=False)
    return None


def norm_charts(run: Run) -> list[charts.Figure]:
    """Gradient, update and parameter norms; by parameter array where there are several."""
    t = run.steps["t"]
    norms = {
        "gradient": run.grad_norm_history,
        "update": run.step_norm_history,
        "parameters": run.steps["param_norm"],
    }
    series = [Series(name, column, x=t) for name, column in norms.items()]
    note = "Every step; the gradient is that of the step's batch, before clipping."
    found = [charts.lines("Norms", series, x="step", y="Euclidean norm", log=True, note=note)]
    updates, params = run.steps.matching("update_norm"), run.steps.matching("param_norm")
    if 1 < len(updates) <= MOST_LAYERS and len(t) >= FEWEST_RATIOS:
        with np.errstate(divide="ignore", invalid="ignore"):
            ratios = [Series(name, updates[name] / params[name], x=t) for name in updates]
        note = "‖update‖ / ‖parameters‖ of each array, where they are not all 0; about 1e-3 is a common rule of thumb."
        found.append(charts.lines("Update ratio by array", ratios, x="step", y="ratio", log=True, note=note))
    return found


def test_blocks(workup: Workup) -> list[Block]:
    """The measures on rows that nothing was chosen on, once."""
    test, validation = workup.test, workup.validation
    rows = [
        [named(name), value, shown_range(test.intervals.get(name)), validation.measures[name]]
        for name, value in test.measures.items()
    ]
    caption = "The weights that did best on the validation rows. Intervals: percentile bootstrap over the test rows."
    blocks: list[Block] = [
        Table(("measure", "test", "95% interval", "validation"), rows, align="lrrr", caption=caption),
    ]
    return blocks + (_residual_charts(workup) if test.confusion is None else _class_charts(workup))


def _class_charts(workup: Workup) -> list[Block]:
    test, table = workup.test, workup.problem.table
    assert test.confusion is not None  # noqa: S101 - classes have one
    names = list(table.classes) if table else None
    cut = (
        f" A row is called {names[1]} from a probability of {test.threshold:.3g} on."
        if names and len(names) == 2
        else ""
    )
    blocks: list[Block] = [charts.confusion("Confusion matrix", test.confusion, names, note=f"Test rows.{cut}")]
    if test.calibration is not None:
        c = test.calibration
        note = "Test rows, in ten bins of equal width. On the diagonal, probabilities mean what they say."
        blocks.append(charts.calibration("Calibration", c.predicted, c.observed, c.weight, note=note))
    return blocks


def _residual_charts(workup: Workup) -> list[Block]:
    test, table, split = workup.test, workup.problem.table, workup.problem.split
    assert table is not None  # noqa: S101 - a report is about a table
    assert split is not None  # noqa: S101
    residual = (test.truth - test.predictions)[:, 0]
    target = table.target
    note = "Test rows. A shape other than a level band is something the model missed."
    prediction = f"prediction of {target}"
    blocks: list[Block] = [charts.residuals("Residuals", test.predictions[:, 0], residual, x=prediction, note=note)]
    weights = np.abs(workup.run.params().get("W", np.zeros((len(table.names), 1)))[: len(table.names), 0])
    for i in np.argsort(-weights, kind="stable")[:RESIDUAL_FEATURES]:
        title = f"Residuals against {table.names[i]}"
        blocks.append(charts.residuals(title, table.X[split.test][:, i], residual, x=table.names[i]))
    blocks.append(charts.histogram("Residuals, how often", residual, x=f"target − prediction of {target}"))
    return blocks


def header_blocks(workup: Workup, folder: Path) -> list[Block]:
    """The run header, versions, the Spec, and where everything lies."""
    head = results(workup)["header"]
    versions, machine = head.pop("versions"), head.pop("machine")
    head.pop("problem")
    facts = [(name.replace("_", " "), told(value)) for name, value in head.items()]
    where = f"thalweg report --verify {folder}"
    return [
        Facts(facts),
        Facts([*((name, version) for name, version in versions.items()), *((k, told(v)) for k, v in machine.items())]),
        "Run it again and compare every number except wall-clock times:",
        Code(where),
        Group("The final run's spec.toml", [Code(workup.run.spec.to_toml())]),
        f"Beside this page: results.json, table.csv and table.md (every run), final/ (the chosen run: checkpoint, "
        f"metrics.jsonl, steps.parquet), and the trials in {', '.join(studies(workup))}.",
    ]


def sentence_case(text: str, names: Sequence[str] = ()) -> str:
    """A capital first letter, unless the sentence begins with one of the data's own names."""
    begun = any(re.match(rf"{re.escape(name)}(?!\w)", text) for name in names)
    return text if begun else text[:1].upper() + text[1:]


def told(value: object) -> str:
    """A header's value in words."""
    if value is None or value in ("", [], (), {}):
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        return ", ".join(f"{k} {told(v)}" for k, v in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(told(item) for item in value)
    return f"{value:g}" if isinstance(value, float) else str(value)
