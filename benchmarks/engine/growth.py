"""How cost grows: CPU time against rows, features, parameters and members over three decades, and the fitted exponent.

The exponent is the slope of log time against log size by least squares: 1 is linear, below 1 a fixed cost is shared.
The slope of the last decade, where fixed costs no longer show, is printed beside it.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from math import inf, log10

import numpy as np

from benchmarks.engine import updates
from benchmarks.engine.goals import GOALS
from benchmarks.engine.ours import spec_of, steps_of, table_of, training
from benchmarks.engine.sizes import Sizes
from benchmarks.rows import Row
from benchmarks.timing import Contender, Spread, contest, spread_of
from thalweg import Spec, Table, train_all

ROUNDS = 5


def exponent(sizes: Sequence[int], seconds: Sequence[float]) -> float:
    """The slope of log seconds against log size."""
    return float(np.polyfit(np.log10(sizes), np.log10(seconds), 1)[0])


def growth(name: str, sizes: Sequence[int], make: Callable[[int], Contender], least: float) -> Iterator[Row]:
    """Exponents of every round, their median and quartiles; then the times at both ends."""
    goal = GOALS["growth"][name]
    times = contest([_named(make(size), size) for size in sizes], ROUNDS, least)
    rounds = [[times.seconds[str(size)][turn] for size in sizes] for turn in range(ROUNDS)]
    yield goal.reached(spread_of([exponent(sizes, seconds) for seconds in rounds]))
    last = [i for i, size in enumerate(sizes) if size >= sizes[-1] / 10]
    slope = spread_of([exponent([sizes[i] for i in last], [seconds[i] for i in last]) for seconds in rounds])
    yield _told(goal.scenario, goal.measure.replace("three decades", "the last decade"), slope, "")
    kind = goal.measure.removeprefix("exponent over three decades")
    for size in sizes:
        taken = Spread(*(1e3 * value for value in times.of(str(size))))
        yield _told(goal.scenario, f"CPU time at {size:,}{kind}", taken, "ms")


def _named(contender: Contender, size: int) -> Contender:
    """Its work is not divided out: the whole is what grows."""
    return Contender(str(size), contender.run, 1.0, contender.prepare)


def _told(scenario: str, measure: str, spread: Spread, unit: str) -> Row:
    return Row(scenario, measure, spread.value, unit, "–", inf, False, spread.low, spread.high)


def logistic(count: int, features: int, batch: int) -> Spec:
    rng = np.random.default_rng(0)
    X = rng.standard_normal((count, features), dtype=np.float32)
    table = table_of(X, (X[:, 0] > 0).astype(int), task="binary")
    return spec_of(table, "float64", rule="gd", lr=0.01, batch_size=batch)


def full_batch(features: int, count: int) -> Contender:
    """Three steps over all rows."""
    return training(logistic(count, features, 0), 3)


def epoch(count: int) -> Contender:
    """All rows once, 32 to a step."""
    return training(logistic(count, 10, 32), count // 32, seconds=1e9)


def members(count: int) -> Contender:
    """An epoch of logistic regression on 569 rows for so many rates at once, from Specs to Runs."""
    base = spec_of(Table(source="breast_cancer", validation=0.0, test=0.0), "float32", rule="momentum", batch_size=32)
    specs = [steps_of(base, 18).but(lr=float(lr)) for lr in np.logspace(-4, -1, count)]
    return Contender("", lambda _: train_all(specs))


def update(size: int) -> Contender:
    return updates.ours("adam", *updates.start_of(size))[1]


def by_rows(sizes: Sizes) -> Iterator[Row]:
    yield from growth("rows", sizes.growth_rows, partial(full_batch, 10), sizes.least)


def by_epoch(sizes: Sizes) -> Iterator[Row]:
    """Three decades below those of the full batch, an epoch of steps being longer."""
    shorter = tuple(size for size in sizes.growth_rows if log10(size) <= log10(sizes.growth_rows[-1]) - 0.5)
    yield from growth("epoch", (shorter[0] * 3 // 10, *shorter), epoch, sizes.least)


def by_members(sizes: Sizes) -> Iterator[Row]:
    yield from growth("members", sizes.growth_members, members, sizes.least)


def by_features(sizes: Sizes) -> Iterator[Row]:
    yield from growth("features", sizes.growth_features, lambda d: full_batch(d, 1_000), sizes.least)


def by_parameters(sizes: Sizes) -> Iterator[Row]:
    yield from growth("parameters", sizes.growth_parameters, update, sizes.least)


PARTS = {
    by_rows: ("rows",),
    by_epoch: ("epoch",),
    by_members: ("members",),
    by_features: ("features",),
    by_parameters: ("parameters",),
}
