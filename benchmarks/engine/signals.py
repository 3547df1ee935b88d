"""What signals cost: a training that records every step, against the same gradients and updates with nothing recorded.

On by default: loss, rate, time, norms of gradient, update and parameters by array, and sampled parameters of each step.
"""

from collections.abc import Iterator
from functools import partial

from benchmarks.engine.goals import GOALS
from benchmarks.engine.mlp import BATCHES, spec_for
from benchmarks.engine.ours import training, without_signals
from benchmarks.engine.sizes import Sizes
from benchmarks.engine.standing import Maker, measured
from benchmarks.rows import Row

SHAPES = {"wide": (64, 128, 10, 128), "small": (30, 16, 1, 32), "small numpy": (30, 16, 1, 32)}
ENGINES = {"wide": "auto", "small": "compiled", "small numpy": "numpy"}


def cost(shape: str, sizes: Sizes) -> Iterator[Row]:
    goal, spec = GOALS["signals"][shape], spec_for(*SHAPES[shape]).but(engine=ENGINES[shape])
    steps = BATCHES * sizes.epochs
    makers: dict[str, Maker] = {
        "with signals": lambda: training(spec, steps),
        "without": lambda: without_signals(spec, steps),
    }
    standing = measured(makers, sizes.rounds, sizes.least)
    yield standing.row(goal, "with signals", "without")
    yield from standing.each(goal.scenario, goal.measure, "µs", 1e6)


PARTS = {partial(cost, shape): (shape,) for shape in SHAPES}
