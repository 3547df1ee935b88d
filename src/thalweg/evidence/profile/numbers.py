"""A column of numbers in a few numbers: range, quartiles, mean and spread, skewness, a histogram."""

from dataclasses import dataclass

import numpy as np

from thalweg.evidence.profile.outliers import Outliers, outliers
from thalweg.formulas.arrays import Array
from thalweg.problems.standardiser import moments

BINS = 24


@dataclass(frozen=True)
class Histogram:
    """counts (B,) of values from low on in bins of `step`; below and above: outliers, which are not drawn."""

    low: float
    step: float
    counts: tuple[int, ...]
    below: int
    above: int


@dataclass(frozen=True)
class Numbers:
    """Of the finite values. sd divides by n. infinite: how many are not finite, which are left out of all else."""

    min: float
    q1: float
    median: float
    q3: float
    max: float
    mean: float
    sd: float
    skewness: float
    zeros: int
    negative: int
    infinite: int
    whole: bool
    outliers: Outliers
    histogram: Histogram


def numbers(known: Array) -> Numbers | None:
    """known (n,) without NaN; None where no value is finite."""
    finite = np.sort(known[np.isfinite(known)])
    if not len(finite):
        return None
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        q1, median, q3 = (float(q) for q in np.quantile(finite, [0.25, 0.5, 0.75]))
        mean, sd, constant = moments(finite)
        skewness = 0.0 if constant else float(np.mean(((finite - mean) / sd) ** 3))
        far = outliers(finite)
        drawn = histogram(finite, far)
    return Numbers(
        min=float(finite[0]), q1=q1, median=median, q3=q3, max=float(finite[-1]), mean=mean, sd=sd, skewness=skewness,
        zeros=int((finite == 0).sum()), negative=int((finite < 0).sum()), infinite=len(known) - len(finite),
        whole=bool((finite == np.rint(finite)).all()), outliers=far, histogram=drawn,
    )  # fmt: skip


def histogram(ordered: Array, far: Outliers) -> Histogram:
    """Bins hold equally many of the values that can occur, or the histogram of rounded values would be a comb."""
    inner = ordered
    if far.count and far.low is not None and far.high is not None:
        inner = ordered[np.searchsorted(ordered, far.low) : np.searchsorted(ordered, far.high, side="right")]
    low, high = float(inner[0]), float(inner[-1])
    below, above = int((ordered < low).sum()), int((ordered > high).sum())
    wide = high - low
    if not 0 < wide < np.inf:
        return Histogram(low, 0.0, (len(inner),), below, above)
    unit = rounded_to(inner)
    if unit and wide / unit < 1e6:
        steps = round(wide / unit)  # from the lowest to the highest
        each = -(-(steps + 1) // BINS)
        place, bins, step = np.rint((inner - low) / unit).astype(np.intp) // each, steps // each + 1, each * unit
    else:
        bins, step = BINS, wide / BINS
        place = np.minimum((inner / wide - low / wide) * BINS, bins - 1).astype(np.intp)
    return Histogram(low, step, tuple(int(n) for n in np.bincount(place, minlength=bins)), below, above)


def rounded_to(values: Array) -> float:
    """1, 0.1, 0.01 or 0.001 where all values are multiples of it; else 0."""
    for decimals in range(4):
        scaled = values[:: max(1, len(values) // 10_000)] * 10.0**decimals
        if (np.abs(scaled - np.rint(scaled)) < 1e-6).all():
            return float(10.0**-decimals)
    return 0.0
