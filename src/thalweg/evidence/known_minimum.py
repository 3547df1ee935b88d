"""Does every seed reach the known minimum? If only some do, success is luck, and something fragile decides it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from thalweg.errors import ShapeError, SpecError
from thalweg.formulas.arrays import Array


@dataclass(frozen=True)
class Arrival:
    """Where the run of one seed ended."""

    seed: int
    distance: float  # ‖w − w*‖ to the nearest minimiser; inf if the run diverged
    minimiser: int  # which one that is, its row; −1 if the run diverged
    reached: bool


@dataclass(frozen=True)
class KnownMinimumCheck:
    """All seeds must arrive within the tolerance at some known minimiser."""

    passed: bool
    sentence: str
    arrivals: tuple[Arrival, ...]

    @property
    def share(self) -> float:
        """The share of seeds that arrived."""
        return sum(arrival.reached for arrival in self.arrivals) / len(self.arrivals)


def check_known_minimum(
    run_one: Callable[[int], Array],
    minimisers: Array,
    tolerance: float,
    seeds: Sequence[int],
    *,
    setting: str = "the random start",
) -> KnownMinimumCheck:
    """Run each seed to its final point (P,) and measure how far from the nearest of minimisers (M, P) it ends.

    `setting` names what the seed decides here (the start, the order of rows, …): where some seeds arrive and
    others do not, the sentence calls it fragile.

    >>> ends = {0: np.array([3.0]), 1: np.array([3.00001]), 2: np.array([9.0])}
    >>> print(check_known_minimum(ends.get, np.array([[3.0]]), 1e-3, [0, 1, 2]).sentence)
    2 of 3 seeds reached the known minimum within 0.001: success depends on the seed, so the random start is a \
fragile setting here; seed 2 ended 6 away.
    """
    known = np.atleast_2d(np.asarray(minimisers, np.float64))
    if not known.size or not len(seeds) or not tolerance > 0:
        raise SpecError(
            f"{len(known) if known.size else 0} minimisers, {len(seeds)} seeds, tolerance {tolerance}; "
            "expected one or more of both and a tolerance above 0"
        )
    arrivals = tuple(_arrival(seed, run_one(seed), known, tolerance) for seed in seeds)
    passed = all(arrival.reached for arrival in arrivals)
    return KnownMinimumCheck(passed, _sentence(arrivals, len(known), tolerance, setting), arrivals)


def _arrival(seed: int, end: Array, known: Array, tolerance: float) -> Arrival:
    end = np.asarray(end, np.float64).ravel()
    if end.size != known.shape[1]:
        raise ShapeError(f"seed {seed} ended at {end.size} parameters; the minimisers have {known.shape[1]}")
    if not np.isfinite(end).all():
        return Arrival(seed, np.inf, -1, False)
    distances = np.linalg.norm(known - end, axis=1)
    nearest = int(distances.argmin())
    return Arrival(seed, float(distances[nearest]), nearest, bool(distances[nearest] <= tolerance))


def _sentence(arrivals: tuple[Arrival, ...], minima: int, tolerance: float, setting: str) -> str:
    missed = [arrival for arrival in arrivals if not arrival.reached]
    goal = f"the known minimum within {tolerance:g}" if minima == 1 else f"a known minimum within {tolerance:g}"
    seeds = f"{len(arrivals)} seed{'s' if len(arrivals) != 1 else ''}"
    if not missed:
        found = sorted({arrival.minimiser for arrival in arrivals})
        which = f"; the seed decided which: {len(found)} of the {minima} were found" if len(found) > 1 else ""
        farthest = max(arrival.distance for arrival in arrivals)
        return f"all {seeds} reached {goal}, the farthest ended {farthest:.3g} away{which}."
    worst = max(missed, key=lambda arrival: arrival.distance)
    end = "diverged" if worst.minimiser < 0 else f"ended {worst.distance:.3g} away"
    if len(missed) == len(arrivals):
        return f"none of {seeds} reached {goal}: no matter of luck but of the method; seed {worst.seed} {end}."
    return (
        f"{len(arrivals) - len(missed)} of {seeds} reached {goal}: success depends on the seed, "
        f"so {setting} is a fragile setting here; seed {worst.seed} {end}."
    )
