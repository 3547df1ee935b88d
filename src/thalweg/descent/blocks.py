"""A population advanced by compiled epochs, a block of steps at a time.

History, evaluations and stop rules see what they would see step by step. Where a rule ends a member inside a block,
the block is made again from where it began, up to that step: it has the same bits, so nothing is lost but time.
"""

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from thalweg.descent.compiled.epochs import Epochs, Settings
from thalweg.descent.compiled.fused import Group, in_order
from thalweg.descent.optimizer import Block, Optimizer, defaults_in
from thalweg.descent.setup import Setup
from thalweg.descent.state import Step
from thalweg.formulas.arrays import Array
from thalweg.problems.fit import Fit

if TYPE_CHECKING:
    from thalweg.descent.population import Population

LONGEST = 4096  # steps of a block


def advance_in_blocks(population: "Population", longest: int = 1, until: int | None = None) -> Iterator[Step]:
    """Yields the last Step of each block of at most `longest`; the population is exact at every yield."""
    begun = time.perf_counter() - population.before
    setup, judge = population.setup, population.setup.judge
    last, parts = setup.specs[0].stop.steps, {}
    while len(population.active):
        t, active = population.state.t, population.active
        for run in active:
            if run not in parts:
                parts[run] = _part(setup.members(np.array([run])))
        ahead = until - t if until is not None and until > t else last - t
        count = max(1, min(longest, LONGEST, setup.every - t % setup.every, last - t, ahead))
        lr = _rates(population, t, count)
        now = time.perf_counter() - begun
        made = _block(population, parts, t, count, lr)
        while (shorter := _first_end(population, made, t)) < len(made.rows):
            made = _block(population, parts, t, shorter, lr)
        seconds = time.perf_counter() - begun
        made.rows[:, :, 1] = np.linspace(now, seconds, len(made.rows) + 1)[1:, None]
        _keep(population, made)
        t = population.state.t
        evaluated = t % setup.every == 0 or t >= last
        if evaluated:
            population.evaluate(active, seconds)
        for run in judge.suspects(population.trail, active, t, evaluated):
            if verdict := judge.verdict(population.trail, int(run), t, evaluated):
                population.end(int(run), verdict, evaluated, seconds)
        if population.ended.keys() & set(active.tolist()):
            population.leave()
        yield _step(made.rows[-1], len(setup.objective.layout.starts))


class _Made:
    """A block as it came out: parameters (A, P), slots (S, A, P), rows of history (T, A, F)."""

    def __init__(self, w: Array, slots: Array, rows: Array):
        self.w, self.slots, self.rows = w, slots, rows


def _part(setup: Setup) -> tuple[Epochs, Settings, Any]:
    """The kernel, the numbers and the batches of one member."""
    method, fit, dtype = setup.method, setup.objective, setup.specs[0].dtype
    if not isinstance(method, Optimizer) or not isinstance(fit, Fit):
        raise TypeError(f"compiled epochs are for rules on models; got {type(method).__name__}")
    shared = {**defaults_in(method.rule, dtype), **method.hyper}
    values = {name: float(np.asarray(value).flat[0]) for name, value in shared.items()}
    blocks = method.blocks or (Block(slice(None), 1.0, {}),)
    groups = tuple(Group(b.span, b.lr_scale, in_order(method.rule, values | b.hyper)) for b in blocks)
    l2, norm, value = (float(np.asarray(value).flat[0]) for value in (fit.l2, method.clip_norm, method.clip_value))
    return Epochs(fit, method.rule, dtype), Settings(groups, l2, norm, value, method.since), setup.batches[0]


def _rates(population: "Population", t: int, count: int) -> Array:
    """lr (T, A): evaluations do not change within a block."""
    setup = population.setup.members(population.active)
    past = [population.trail.evaluations[run] for run in population.active]
    if setup.schedule.name == "constant" and not setup.schedule.warmup:
        return np.broadcast_to(setup.lr(t, past), (count, len(past)))
    return np.array([setup.lr(t + s, past) for s in range(count)])


def _block(population: "Population", parts: dict[int, Any], t: int, count: int, lr: Array) -> _Made:
    """`count` steps of every active member, or as many as all of them make."""
    state = population.state
    while True:
        w, slots = state.w.copy(), state.slots.copy()
        tables = []
        for place, run in enumerate(population.active):
            epochs, settings, batches = parts[run]
            rows, bounds = batches.several(t, count)
            own = np.ascontiguousarray(slots[:, place])
            rate = np.ascontiguousarray(lr[:count, place])
            _, table = epochs.run(w[place], own, t, rate, rows, bounds, settings)
            slots[:, place] = own
            tables.append(table)
        shortest = min(len(table) for table in tables)
        if shortest == max(len(table) for table in tables):
            return _Made(w, slots, np.stack(tables, axis=1))
        count = shortest


def _first_end(population: "Population", made: _Made, t: int) -> int:
    """How many steps of the block are to be kept: up to the first after which a stop rule ends a member."""
    trail, active, count = population.trail, population.active, len(made.rows)
    trail.make_room(t + count)
    trail.table[t : t + count, active] = made.rows
    judge = population.setup.judge
    for s in judge.doubtful(trail, active, t, t + count - 1):
        for run in judge.suspects(trail, active, s, False):
            if judge.verdict(trail, int(run), s, False):
                return int(s) - t
    return count


def _keep(population: "Population", made: _Made) -> None:
    """The block becomes the population's state and history."""
    state, trail, active = population.state, population.trail, population.active
    count = len(made.rows)
    trail.table[state.t : state.t + count, active] = made.rows
    state.w, state.slots, state.t = made.w, made.slots, state.t + count
    trail.lengths[active] = state.t


def _step(rows: Array, arrays: int) -> Step:
    """The Step of a row of every member (A, F)."""
    grad, update, param = (rows[:, 7 + i * arrays : 7 + (i + 1) * arrays] for i in range(3))
    finite = np.isfinite(rows[:, 3]) & np.isfinite(rows[:, 4])
    return Step(
        int(rows[0, 0]), rows[:, 2], rows[:, 3], rows[:, 4], rows[:, 5], rows[:, 6], grad, update, param, finite
    )
