"""Values far from all others, by rules that the far values themselves cannot bend.

First rule: beyond 3.5 scaled MADs from the median (Iglewicz & Hoaglin 1993), or farther where that many values must
be expected to reach so far by chance (Davies & Gather 1993: the cut-off grows with n). Where half of the values are
equal the MAD is 0, and Tukey's outer fences take its place (Tukey 1977: 3 interquartile ranges beyond the quartiles).
Positive values, which often spread by factors, must be far out on the logarithmic scale too.
"""

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from thalweg.formulas.arrays import Array

MADS = 3.5
NORMAL = 1.4826  # MADs of a normal distribution in a standard deviation
ALARM = 0.01  # share of normal columns in which some value is called an outlier
SMALL = 10.0  # the MAD of n values is itself uncertain: cut-offs times 1 + 10/n keep ALARM for n from 8 on (simulated)
FENCES = 3.0
FEWEST = 8


@dataclass(frozen=True)
class Outliers:
    """rule: "MAD", "fences" or "" where none can be judged. low, high: values beyond these are outliers.

    farthest: the one farthest out, and how many scaled MADs (or interquartile ranges) it lies from the median.
    """

    rule: str
    count: int
    low: float | None
    high: float | None
    farthest: float | None
    distance: float | None

    @property
    def unit(self) -> str:
        """What distance is counted in."""
        return {"MAD": "scaled MADs", "fences": "interquartile ranges", "": ""}[self.rule]


NONE = Outliers("", 0, None, None, None, None)


def outliers(ordered: Array) -> Outliers:
    """ordered (n,): finite values from small to large."""
    n = len(ordered)
    if n < FEWEST or ordered[0] == ordered[-1]:
        return NONE
    bounds = by_mad(ordered)
    rule = "MAD" if bounds else "fences"
    bounds = bounds or by_fences(ordered)
    if bounds is None:
        return NONE
    low, high, center, spread = bounds
    if ordered[0] > 0 and (logarithmic := by_mad(np.log(ordered))):
        low, high = min(low, np.exp(logarithmic[0])), max(high, np.exp(min(logarithmic[1], 700.0)))
    below, above = int(np.searchsorted(ordered, low)), n - int(np.searchsorted(ordered, high, side="right"))
    if not below + above:
        return Outliers(rule, 0, float(low), float(high), None, None)
    ends = [float(ordered[0])] * (below > 0) + [float(ordered[-1])] * (above > 0)
    farthest = max(ends, key=lambda value: abs(value / 2 - center / 2))
    distance = 2 * abs(farthest / 2 - center / 2) / spread
    return Outliers(rule, below + above, float(low), float(high), farthest, float(distance))


def by_mad(ordered: Array) -> tuple[float, float, float, float] | None:
    """(low, high, median, scaled MAD); None where the MAD is 0."""
    center = float(np.median(ordered))
    spread = NORMAL * float(np.median(np.abs(ordered - center)))
    reach = cutoff(len(ordered)) * spread
    return (center - reach, center + reach, center, spread) if spread > 0 and np.isfinite(reach) else None


def by_fences(ordered: Array) -> tuple[float, float, float, float] | None:
    """(low, high, median, interquartile range); None where the quartiles are equal."""
    q1, center, q3 = (float(q) for q in np.quantile(ordered, [0.25, 0.5, 0.75]))
    wide = q3 - q1
    reach = FENCES * (1 + SMALL / len(ordered)) * wide
    return (q1 - reach, q3 + reach, center, wide) if 0 < reach < np.inf else None


def cutoff(n: int) -> float:
    """Scaled MADs beyond which a value of n normal ones lies by chance in one column of a hundred."""
    chance = -NormalDist().inv_cdf(ALARM / 2 / n)
    return max(MADS, chance) * (1 + SMALL / n)
