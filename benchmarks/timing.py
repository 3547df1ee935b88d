"""Contests: things timed side by side in one process, in turn, so that what slows one slows all.

The clock is the CPU time of this process; all libraries are held to one thread. A busy neighbour may slow the machine,
but slows both sides.
A ratio is the median over rounds of the two times of the same round, with its quartiles.
"""

import gc
import time
from collections.abc import Callable
from dataclasses import dataclass
from math import ceil, nan
from statistics import median, quantiles
from typing import Any, NamedTuple

LONG_S = 10.0  # compiling is in the first run, so that one is believed only if it is long beyond doubt


@dataclass(frozen=True)
class Contender:
    """`run(prepared)` is timed, `prepare()` before it is not. `work`: how much one run does, in the scenario's unit."""

    name: str
    run: Callable[[Any], Any]
    work: float = 1.0
    prepare: Callable[[], Any] | None = None


class Spread(NamedTuple):
    """A median with its quartiles."""

    value: float
    low: float
    high: float


def spread_of(values: list[float]) -> Spread:
    """The median and the quartiles of some values; of a single one, itself."""
    if len(values) < 2:
        return Spread(median(values), nan, nan)
    low, _, high = quantiles(values, n=4, method="inclusive")
    return Spread(median(values), low, high)


@dataclass(frozen=True)
class Times:
    """CPU seconds per unit of work, for each contender one for each round."""

    seconds: dict[str, list[float]]

    def of(self, name: str) -> Spread:
        return spread_of(self.seconds[name])

    def ratio(self, above: str, below: str) -> Spread:
        """How many times as long `above` takes as `below`."""
        return spread_of([a / b for a, b in zip(self.seconds[above], self.seconds[below], strict=True)])


def contest(contenders: list[Contender], rounds: int, least: float = 0.02) -> Times:
    """Each round times each contender in turn, every other round backwards; one timing lasts `least` seconds."""
    repeats = {c.name: max(1, ceil(least / max(_warm(c), 1e-7))) for c in contenders}
    seconds: dict[str, list[float]] = {c.name: [] for c in contenders}
    gc.collect()
    gc.disable()
    try:
        for turn in range(rounds):
            for c in contenders if turn % 2 == 0 else contenders[::-1]:
                seconds[c.name].append(_spent(c, repeats[c.name]) / c.work)
    finally:
        gc.enable()
    return Times(seconds)


def _warm(contender: Contender) -> float:
    """Run to compile and to fill caches, then again unless that was long: seconds, to see how often to repeat it."""
    first = _spent(contender, 1)
    return first if first > LONG_S else _spent(contender, 1)


def _spent(contender: Contender, repeats: int) -> float:
    """CPU seconds of one run, the mean of `repeats`."""
    run, prepare, total = contender.run, contender.prepare, 0.0
    if prepare is None:
        began = time.process_time()
        for _ in range(repeats):
            run(None)
        return (time.process_time() - began) / repeats
    for _ in range(repeats):
        prepared = prepare()
        began = time.process_time()
        run(prepared)
        total += time.process_time() - began
    return total / repeats
