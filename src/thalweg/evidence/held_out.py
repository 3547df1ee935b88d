"""What a finished run is worth on rows it never saw: every measure of its task, with bootstrap intervals."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from thalweg.descent.run import Run
from thalweg.formulas.arrays import Array
from thalweg.formulas.calibration import Calibration, calibration_curve
from thalweg.formulas.measures import confusion_matrix, measures_for
from thalweg.formulas.streams import Purpose, stream
from thalweg.formulas.threshold import best_threshold
from thalweg.problems.fit import Fit

RESAMPLES = 1000
LEVEL = 0.95
BOOTSTRAPPED_ROWS = 5000  # beyond, intervals come from this many rows and are scaled by √n
UNEVEN = 0.35  # a rarer class than this asks for a threshold of its own


@dataclass(frozen=True)
class HeldOut:
    """Measures of the best weights on one split. intervals: (low, high) of the 95% percentile bootstrap."""

    split: str
    rows: int
    measures: dict[str, float]
    intervals: dict[str, tuple[float, float]]
    truth: Array = field(repr=False)  # (N, K), targets in their own units
    predictions: Array = field(repr=False)  # (N, K), values in the target's units, or probabilities
    confusion: Array | None = field(default=None, repr=False)
    calibration: Calibration | None = field(default=None, repr=False)
    threshold: float = 0.5


def hold_out(run: Run, split: str, *, threshold: float = 0.5) -> HeldOut:
    """Evaluate the best weights of a run on a split. Bootstrap: Efron & Tibshirani 1993, §13.3 (percentiles)."""
    fit = run.problem.objective
    assert isinstance(fit, Fit)  # noqa: S101 - a table's
    examples = fit.splits[split]
    loss, _ = fit.loss(fit.outputs(run.best[None], examples.X), examples.y, examples.weight)
    truth, predictions = _in_units(run, fit, split)
    weight = None if examples.weight is None else examples.weight.astype(np.float64)
    measures = {"loss": float(loss[0])}
    measures |= {m.name: float(m.of(truth, predictions, weight)) for m in measures_for(_task(fit))}
    return HeldOut(
        split=split,
        rows=len(truth),
        measures=measures,
        intervals=_bootstrap(fit, truth, predictions, weight, run.spec.seed) if len(truth) > 1 else {},
        truth=truth,
        predictions=predictions,
        confusion=None if _task(fit) == "regression" else confusion_matrix(truth, predictions, threshold=threshold),
        calibration=None if _task(fit) == "regression" else calibration_curve(truth, predictions),
        threshold=threshold,
    )


def _task(fit: Fit) -> Any:
    return fit.loss.task


def _in_units(run: Run, fit: Fit, split: str) -> tuple[Array, Array]:
    """Truth and predictions (N, K) in float64, regression targets in their own units."""
    X, y, _ = fit.splits[split]
    predictions = fit.predict(run.best[None], X)[0].astype(np.float64)
    scaler = run.problem.target_scaler
    y = y.astype(np.float64)
    return (scaler.undo(y), scaler.undo(predictions)) if scaler else (y, predictions)


def _bootstrap(
    fit: Fit, truth: Array, predictions: Array, weight: Array | None, seed: int
) -> dict[str, tuple[float, float]]:
    """Percentile intervals over resampled rows; rows are resampled together with their predictions."""
    n = len(truth)
    m = min(n, BOOTSTRAPPED_ROWS)
    shrink = np.sqrt(m / n)
    found: dict[str, list[float]] = {measure.name: [] for measure in measures_for(_task(fit))}
    count = RESAMPLES if m <= 1000 else RESAMPLES // 5
    for i in range(count):
        rows = stream(seed, Purpose.RESAMPLE, i).integers(n, size=m)
        for measure in measures_for(_task(fit)):
            own = None if weight is None else weight[rows]
            found[measure.name].append(float(measure.of(truth[rows], predictions[rows], own)))
    tail = 50 * (1 - LEVEL)
    intervals = {}
    for name, values in found.items():
        known = np.array(values)[np.isfinite(values)]
        if len(known) > 1:
            middle = float(np.median(known))
            low, high = np.percentile(known, [tail, 100 - tail])
            intervals[name] = (middle + (float(low) - middle) * shrink, middle + (float(high) - middle) * shrink)
    return intervals


def chosen_threshold(run: Run) -> float:
    """½, or where classes are uneven, the cut with the best F1 on the validation rows."""
    fit = run.problem.objective
    if not isinstance(fit, Fit) or fit.loss.task != "binary" or "validation" not in fit.splits:
        return 0.5
    y, p = _in_units(run, fit, "validation")
    share = float(y.mean())
    if not 0 < min(share, 1 - share) < UNEVEN:
        return 0.5
    return float(best_threshold(y, p, "f1").threshold)
