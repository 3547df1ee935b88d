"""From resolved Specs to the parts that run them: method, rates, batches, for a population or for one."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np

from thalweg.descent.batches import Batches
from thalweg.descent.evaluations import Evaluation
from thalweg.descent.judge import Judge
from thalweg.descent.lookahead import NesterovLookahead
from thalweg.descent.method import Method
from thalweg.descent.method_section import default_lr, known_hyper
from thalweg.descent.newton import Newton
from thalweg.descent.optimizer import Optimizer, defaults_in
from thalweg.descent.phases import Phased
from thalweg.descent.spec import Spec
from thalweg.descent.sweeping.stride import Stride
from thalweg.descent.trail import watched_losses
from thalweg.formulas.arrays import Array
from thalweg.formulas.rules import RULES
from thalweg.formulas.schedules import Scheduled
from thalweg.problems.big.stream import Stream
from thalweg.problems.layout import Layout
from thalweg.problems.objective import Objective, Rows


@dataclass(frozen=True)
class Setup:
    """What a population of R runs needs besides its state. Nothing here changes while it runs."""

    specs: tuple[Spec, ...]
    objective: Objective
    method: Method
    schedule: Scheduled
    batches: tuple[Batches, ...]
    every: int

    @cached_property
    def stride(self) -> Stride | None:
        """The compiled stride of the engine "sweep"; None where another computes."""
        if self.specs[0].engine != "sweep":
            return None
        objective: Any = self.objective
        method: Any = self.method
        return Stride(objective, method, self.specs[0].dtype)

    @cached_property
    def base_lr(self) -> Array:
        """(R,) the rates before phases and schedule."""
        return np.array([_base_lr(spec, 0) for spec in self.specs])

    @cached_property
    def _seeds(self) -> Array:
        return np.array([batches.seed for batches in self.batches])

    @property
    def judge(self) -> Judge:
        return Judge(self.specs[0].stop, self.batches[0].full, self.batches[0].per_epoch)

    def members(self, keep: Array) -> "Setup":
        """The setup of some members."""
        return Setup(
            tuple(self.specs[r] for r in keep),
            self.objective.members(keep),
            self.method.members(keep),
            self.schedule,
            tuple(self.batches[r] for r in keep),
            self.every,
        )

    def rows(self, t: int) -> Rows:
        """(B,) where all members see the same rows, else (R, B)."""
        seeds = {batches.seed for batches in self.batches}
        if self.batches[0].full or len(seeds) == 1:
            return self.batches[0](t)
        drawn: dict[int, Any] = {}
        for batches in self.batches:
            if batches.seed not in drawn:
                drawn[batches.seed] = batches(t)
        return np.stack([drawn[batches.seed] for batches in self.batches])

    def shared_batches(self, places: slice) -> Iterator[tuple[slice, Batches]]:
        """Neighbours among these members that see the same rows, and their batches."""
        seeds = self._seeds[places]
        changes = [] if self.batches[0].full else (1 + np.flatnonzero(np.diff(seeds))).tolist()
        for begin, end in pairwise([0, *changes, len(seeds)]):
            yield slice(places.start + begin, places.start + end), self.batches[places.start + begin]

    def lr(self, t: int, evaluations: Sequence[Sequence[Evaluation]]) -> Array:
        """(R,) at update t, counted from 0; `evaluations` of each member, oldest first."""
        phased = bool(self.specs[0].method.phases)
        base = np.array([_base_lr(spec, t) for spec in self.specs]) if phased else self.base_lr
        if not self.schedule.folds:
            return base * self.schedule(t)
        return base * np.array([self.schedule(t, watched_losses(past)) for past in evaluations])


def _base_lr(spec: Spec, t: int) -> float:
    """The rate of the phase that update t belongs to, before the schedule."""
    lr = spec.method.lr
    for phase in spec.method.phases:
        if phase.begin <= t:
            lr = phase.lr if phase.lr is not None else default_lr(phase.rule)
    return default_lr(spec.method.rule) if lr is None else lr


def make_setup(specs: Sequence[Spec], objective: Objective) -> Setup:
    """Specs that differ only in seed, lr, hyperparameters, clipping and L2; the objective carries their L2."""
    first = specs[0]
    method = first.method
    batches = tuple(batches_of(spec, objective.examples, getattr(objective, "stream", None)) for spec in specs)
    schedule = Scheduled(method.schedule, first.stop.steps, method.warmup, tuple(method.schedule_options.items()))
    return Setup(tuple(specs), objective, _method(specs, objective.layout), schedule, batches, first.stop.every)


def batches_of(spec: Spec, examples: int, stream: Stream | None = None) -> Batches:
    """The batches that a Spec asks for, of so many rows."""
    batch = spec.batch
    blocks = (batch.block_rows or 1024, batch.buffer_blocks)
    return Batches(examples, batch.batch_size, batch.sampling, batch.last_batch, spec.seed, blocks, stream)


def evaluation_cadence(spec: Spec, examples: int) -> int:
    """Updates between evaluations: an epoch, or a hundredth of the run where every step sees all rows."""
    if spec.stop.every:
        return spec.stop.every
    batches = Batches(examples, spec.batch.batch_size, spec.batch.sampling, spec.batch.last_batch)
    return max(1, spec.stop.steps // 100) if batches.full else batches.per_epoch


def _method(specs: Sequence[Spec], layout: Layout) -> Method:
    first = specs[0].method
    begins = [(0, first.rule, [spec.method.hyper for spec in specs])]
    begins += [(phase.begin, phase.rule, [phase.hyper] * len(specs)) for phase in first.phases]
    methods = [(begin, _one_method(rule, hypers, specs, layout, begin)) for begin, rule, hypers in begins]
    return methods[0][1] if len(methods) == 1 else Phased(tuple(methods))


def _one_method(rule: str, hypers: list[dict[str, float]], specs: Sequence[Spec], layout: Layout, begin: int) -> Method:
    if rule == "newton":
        return Newton()
    if rule == "nesterov_lookahead":
        return NesterovLookahead(**{**known_hyper(rule), **hypers[0]})
    found = RULES.named(rule)
    given = {name for hyper in hypers for name in hyper}
    known = defaults_in(found, specs[0].dtype)
    optimizer = Optimizer(
        found,
        hyper={name: _shared([hyper.get(name, known[name]) for hyper in hypers]) for name in sorted(given)},
        clip_norm=_shared([spec.method.clip_norm or np.inf for spec in specs]),
        clip_value=_shared([spec.method.clip_value or np.inf for spec in specs]),
        since=begin,
    )
    return optimizer.on(layout, _groups_of(specs[0], known))


def _groups_of(spec: Spec, known: dict[str, float]) -> dict[str, dict[str, float]]:
    """The groups with what concerns this rule; phases may have rules with other hyperparameters."""
    return {
        pattern: {name: value for name, value in changes.items() if name == "lr_scale" or name in known}
        for pattern, changes in spec.method.groups.items()
    }


def _shared(values: list[float]) -> float | Array:
    """The number itself where all members agree, else (R,)."""
    return values[0] if len(set(values)) == 1 else np.array(values)
