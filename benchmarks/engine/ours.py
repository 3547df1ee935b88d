"""The thalweg side of the contests: tables in memory, and training as a contender."""

import time
from typing import Any

import numpy as np

from benchmarks.engine.standing import NotHere
from benchmarks.timing import Contender
from thalweg import Spec, Stop, Table, begin
from thalweg.descent.train import finish

UNWATCHED = Stop(jump=0, rises=0)  # peers go on whatever the loss does


def table_of(X: np.ndarray, y: np.ndarray, **fields: Any) -> Table:
    """All rows for training, in their order, as they are: X (N, D), y (N,)."""
    return Table.of(X, y, validation=0.0, test=0.0, standardise=False, **fields)


def spec_of(table: Table, dtype: str, **changes: Any) -> Spec:
    """A Spec that trains on the table and stops only at its last step."""
    return Spec(problem=table, dtype=dtype, stop=UNWATCHED).but(**changes)


def steps_of(spec: Spec, steps: int) -> Spec:
    """The Spec for so many steps, evaluated at the start and at the end."""
    return spec.but(steps=steps, every=steps)


def training(spec: Spec, most: int, work: float = 1.0, seconds: float = 0.5) -> Contender:
    """Train for `most` steps, or as many as fit into `seconds`. work: of one step.

    Preparing the table, drawing the start and its evaluation are outside the clock, the evaluation at the end inside.
    """
    spec = settled(spec, most)
    steps = _affordable(spec, most, seconds)
    ready = steps_of(spec, steps)
    return Contender("", finish, work * steps, lambda: begin(ready))


def settled(spec: Spec, steps: int) -> Spec:
    """With the engine that so many steps would get, for fewer steps too."""
    return spec.but(engine=begin(steps_of(spec, steps)).setup.specs[0].engine)


def _affordable(spec: Spec, most: int, seconds: float) -> int:
    """All steps, or as many as take a good part of these seconds: what a run costs once must not show in a step."""
    steps = min(most, 64)
    while steps < most:
        population = begin(steps_of(spec, steps))
        began = time.process_time()
        finish(population)
        if time.process_time() - began > seconds / 4:
            break
        steps = min(most, 8 * steps)
    return steps


def trained(spec: Spec, steps: int) -> dict[str, np.ndarray]:
    """The named weights after so many steps."""
    run = finish(begin(steps_of(spec, steps)))
    objective: Any = run.problem.objective
    return objective.layout.views(run.w)


def start_of(spec: Spec) -> tuple[dict[str, np.ndarray], np.ndarray, np.ndarray]:
    """What training starts from, for a peer to start from too: named weights, X (N, D), y (N, K)."""
    population = begin(steps_of(spec, 1))
    objective: Any = population.problem.objective
    examples = objective.splits["train"]
    return objective.layout.views(population.state.w[0].copy()), examples.X, examples.y


def in_layers(weights: dict[str, np.ndarray]) -> list[np.ndarray]:
    """W, b, or W1, b1, W2, b2, …: the order in which peers have them."""
    return [weights[name] for name in sorted(weights, key=lambda name: (name[1:], name[0] != "W"))]


def without_signals(spec: Spec, most: int, seconds: float = 0.5) -> Contender:
    """The same steps with nothing recorded: gradient and update, and no more."""
    if "signals" in Spec.__struct_fields__:
        return training(spec.but(signals=False), most, seconds=seconds)
    if settled(spec, most).engine == "compiled":
        raise NotHere("the compiled engine has no way to run without signals")
    steps = _affordable(spec, most, seconds)
    ready = steps_of(spec, steps)
    return Contender("", _bare, steps, lambda: begin(ready))


def _bare(population: Any) -> None:
    setup, state = population.setup, population.state
    method: Any = setup.method
    lr = setup.lr(0, [[]])
    with np.errstate(all="ignore"):
        for t in range(setup.specs[0].stop.steps):
            _, grad = setup.objective.value_and_grad(state.w, setup.rows(t))
            method.step(state, grad, lr)


def apart(ours: Any, theirs: Any) -> float:
    """The largest difference between named weights (or arrays in the same order)."""
    mine = ours.values() if isinstance(ours, dict) else ours
    return max(float(np.abs(np.asarray(a) - np.asarray(b)).max()) for a, b in zip(mine, theirs, strict=True))
