"""The sections of trials: sweeps, rules, ablations, schedules and batch sizes, side by side."""

from collections.abc import Sequence

import numpy as np

from thalweg.descent.run import Run
from thalweg.evidence.ablation import Effect
from thalweg.evidence.comparison import Comparison, Entry
from thalweg.evidence.sweep import JUDGEMENT, Rate, Sweep
from thalweg.evidence.workup import Workup
from thalweg.interfaces.report import charts
from thalweg.interfaces.report.blocks import Block, Group, Table
from thalweg.interfaces.report.charts import Bar, Rates, Series
from thalweg.interfaces.report.charts.wording import short


def shown_range(ends: tuple[float, float] | None) -> str:
    """Two ends in a cell of a table."""
    return f"{short(ends[0], 3)} to {short(ends[1], 3)}" if ends and np.isfinite(ends).all() else "–"


def sweep_blocks(workup: Workup) -> list[Block]:
    """The sweeps of the report."""
    return rate_blocks(workup.sweeps, workup.request.budget, workup.request.seeds)


def rate_blocks(sweeps: Sequence[Sweep], budget: int, seeds: int) -> list[Block]:
    """One curve a rule, the rates judged, and what follows."""
    curves = [
        Rates(
            sweep.rule,
            [rate.lr for rate in sweep.rates],
            [_shown(rate.best_validation, rate.verdict) for rate in sweep.rates],
            chosen=sweep.chosen.lr if sweep.chosen else None,
        )
        for sweep in sweeps
    ]
    note = f"Best validation loss within {budget} steps, {seeds} seeds. Rings are the rates chosen."
    rows = [_rate_row(sweep.rule, rate) for sweep in sweeps for rate in sweep.rates]
    header = ("rule", "rate", "verdict", "final training loss", "best validation loss", "at step")
    return [
        charts.sweep("Learning rate", curves, note=note),
        *(sweep.sentence for sweep in sweeps),
        Group("Every rate", [Table(header, rows), *JUDGEMENT]),
    ]


def _rate_row(rule: str, rate: Rate) -> list[object]:
    final, best = _finite(np.median(rate.final_train)), _finite(rate.value)
    return [rule, rate.lr, rate.verdict, final, best, int(np.median(rate.best_step))]


def _shown(values: Sequence[float], verdict: str) -> list[float]:
    return [float("nan")] * len(values) if verdict == "diverged" else list(values)


def optimizer_blocks(workup: Workup) -> list[Block]:
    """The rules at their chosen rates, on seeds that no rate was chosen on."""
    return [workup.optimizers.sentence, *_comparison_blocks(workup.optimizers, "Each rule at its chosen rate")]


def _comparison_blocks(comparison: Comparison, title: str, by: str = "t") -> list[Block]:
    x = {"t": "step", "samples": "samples seen", "seconds": "seconds (s)"}[by]
    series = [_median_curve(entry, by) for entry in comparison.entries]
    header = ("", "best validation loss", "final training loss", "wobble (%)", "steps", "samples", "diverged")
    rows = [
        [e.name, _finite(e.best), _finite(e.final_train), _finite(100 * e.wobble), e.steps, e.samples, e.diverged]
        for e in comparison.entries
    ]
    note = "Training loss, median of the seeds; the band is their range."
    caption = "Medians of the seeds. Wobble: how far the training loss rose in all, as a share of its fall."
    chart = charts.lines(title, series, x=x, y="training loss", log=True, note=note)
    return [chart, Table(header, rows, caption=caption)]


def _median_curve(entry: Entry, by: str) -> Series:
    """The median training loss over the seeds, as far as all of them went."""
    length = min(len(run.evaluations) for run in entry.runs)
    losses = np.array([run.history("train_loss")[1][:length] for run in entry.runs])
    x = np.median([[e[by] for e in run.evaluations[:length]] for run in entry.runs], axis=0)
    return Series(entry.name, np.median(losses, 0), x=x, lo=losses.min(0), hi=losses.max(0))


def ablation_blocks(workup: Workup) -> list[Block]:
    """What each single change did."""
    ablation = workup.ablation
    kinds = {"better": "good", "worse": "bad", "diverged": "bad"}
    bars = [
        Bar(e.name, e.effect, lo=min(e.differences), hi=max(e.differences), kind=kinds.get(e.verdict, ""))
        for e in ablation.effects
    ]
    base = float(np.median(ablation.baseline))
    note = (
        "Change of the best validation loss against the baseline, median and range over paired seeds; left is better."
    )
    rows: list[list[object]] = [["baseline", base, None, "–", ""]]
    rows += [
        [e.name, _finite(np.median(e.values)), _finite(e.effect), shown_range(_ends(e)), e.verdict]
        for e in ablation.effects
    ]
    header = ("change", "best validation loss", "effect", "range over seeds", "verdict")
    title = "One change at a time"
    return [
        f"Baseline: {_setting(ablation.baseline_runs[0])}. {ablation.sentence}",
        charts.bars(title, bars, x="change of validation loss", signed=True, note=note),
        Table(header, rows, align="lrrrl"),
    ]


def _ends(effect: Effect) -> tuple[float, float]:
    return min(effect.differences), max(effect.differences)


def _finite(value: float) -> float | None:
    """None, which tables show as a dash, in the place of what no number tells."""
    return float(value) if np.isfinite(value) else None


def _setting(run: Run) -> str:
    spec, rows = run.spec, run.problem.objective.examples
    batch = f"batch {spec.batch.batch_size}" if spec.batch.batch_size else f"all {rows} rows"
    method = spec.method
    return f"{method.rule}, rate {method.lr:.3g}, {batch}, {method.schedule} schedule, {spec.stop.steps} steps"


def schedule_blocks(workup: Workup) -> list[Block]:
    """Schedules, then batch sizes by samples and by the clock."""
    batches = workup.batches
    clock = charts.lines(
        "Batch sizes by the clock",
        [_median_curve(entry, "seconds") for entry in batches.entries],
        x="seconds (s)",
        y="training loss",
        log=True,
        note="Seconds for the seeds run together on this machine; they differ from time to time.",
    )
    return [
        workup.schedules.sentence,
        *_comparison_blocks(workup.schedules, "Each schedule"),
        f"{batches.sentence} {batches.clock}".strip(),
        *_comparison_blocks(batches, "Batch sizes at equal samples", "samples"),
        clock,
    ]
