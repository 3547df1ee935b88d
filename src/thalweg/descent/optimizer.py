"""The Method made of an elementwise rule: gradient, clipping, then the rule on the flat buffer."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from typing import Any, NamedTuple

import numpy as np

from thalweg.descent.compiled.fused import Fused, Group, in_order, step_of
from thalweg.descent.method import record
from thalweg.descent.state import State, Step, norms_by_array, total_norm
from thalweg.errors import SpecError
from thalweg.formulas.arrays import Array
from thalweg.formulas.registry import unknown
from thalweg.formulas.rules import RULES, Rule
from thalweg.problems.layout import Layout
from thalweg.problems.objective import Objective, Rows

FLOAT32_EPS = 1e-7  # 1e-8 is below what float32 resolves beside 1


class Block(NamedTuple):
    """A span of the flat buffer with its own hyperparameters: a parameter group."""

    span: slice
    lr_scale: float
    hyper: dict[str, float]


@dataclass(frozen=True)
class Optimizer:
    """A rule with its hyperparameters chosen. Holds no state.

    hyper: a number each, or (R,) one for each member of a population. clip_norm scales a longer gradient to
    exactly this norm, clip_value clips every entry; infinity leaves it. `since` is the t at which the rule
    began, in a later phase. Without `blocks` the whole buffer is one group.
    """

    rule: Rule
    hyper: Mapping[str, float | Array] = field(default_factory=dict)
    clip_norm: float | Array = np.inf
    clip_value: float | Array = np.inf
    blocks: tuple[Block, ...] = ()
    since: int = 0
    _fused: dict[Any, Fused | None] = field(default_factory=dict, init=False, repr=False, compare=False)  # a cache

    @classmethod
    def named(cls, name: str, /, **hyper: float | Array) -> "Optimizer":
        """Optimizer.named("adam", beta1=0.8). Raises UnknownName for an unknown rule or hyperparameter."""
        rule = RULES.named(name)
        for given in hyper:
            if given not in rule.defaults:
                raise unknown(f"hyperparameter of {name}", given, rule.defaults or ["none"])
        return cls(rule, hyper)

    def on(self, layout: Layout, groups: Mapping[str, Mapping[str, float]] | None = None) -> "Optimizer":
        """With groups laid on the named arrays: {pattern: {"lr_scale" or hyperparameter: value}}.

        Biases are never decayed, whatever the groups say.
        """
        for pattern in groups or {}:
            if not any(fnmatchcase(name, pattern) for name in layout.spans):
                raise SpecError(f"group {pattern!r} matches no parameters; have {', '.join(layout.spans)}")
        blocks = []
        for name, span in layout.spans.items():
            changes: dict[str, float] = {}
            for pattern, change in (groups or {}).items():
                if fnmatchcase(name, pattern):
                    changes |= change
            if self.rule.decays and span.start >= layout.undecayed:
                changes["decay"] = 0.0
            blocks.append(Block(span, changes.pop("lr_scale", 1.0), changes))
        return replace(self, blocks=_joined(blocks))

    def start(self, w: Array) -> State:
        w = np.array(w, ndmin=2)
        return State(w, np.zeros((len(self.rule.slots), *w.shape), w.dtype))

    def advance(self, objective: Objective, state: State, rows: Rows, lr: Array) -> Step:
        loss, grad = objective.value_and_grad(state.w, rows)
        if (fused := self._fused_for(state, grad)) and not self.clips:
            return self._advance_fused(fused, objective.layout, state, loss, grad, lr)
        grad_norms = norms_by_array(grad, objective.layout.starts)
        norm = total_norm(grad_norms)
        finite = np.isfinite(loss) & np.isfinite(norm)
        before = state.w.copy()
        if finite.all():
            self._clip(grad, norm)
            self.step(state, grad, lr)
        else:
            self._step_only(finite, state, grad, norm, lr)
        return record(objective.layout, before, state, loss, grad_norms, lr, finite)

    def _advance_fused(self, fused: Fused, layout: Layout, state: State, loss: Array, grad: Array, lr: Array) -> Step:
        """The same by the rule's kernel, which measures on its way."""
        finite = np.isfinite(loss)
        state.t += 1
        rate = _column(lr, state.w.dtype)
        norms = fused.advance(state, grad, float(state.t - self.since), rate, layout.starts, finite)
        return step_of(state.t, lr, loss, norms, finite)

    def _fused_for(self, state: State, grad: Array) -> Fused | None:
        """The rule's kernel with this method's settings, where it is compiled and of use."""
        size, dtype = state.w.shape[-1], state.w.dtype
        if (size, dtype) not in self._fused:
            values = {
                name: _column(value, dtype) for name, value in {**defaults_in(self.rule, dtype), **self.hyper}.items()
            }
            blocks = self.blocks or (Block(slice(None), 1.0, {}),)
            groups = tuple(Group(b.span, b.lr_scale, in_order(self.rule, values | b.hyper)) for b in blocks)
            self._fused[size, dtype] = Fused.of(self.rule, groups, size, dtype)
        fused = self._fused[size, dtype]
        return fused if fused and fused.fits(state, grad) else None

    @property
    def clips(self) -> bool:
        """Is any member's gradient ever clipped?"""
        return bool(np.any(np.isfinite(self.clip_norm)) or np.any(np.isfinite(self.clip_value)))

    def _step_only(self, finite: Array, state: State, grad: Array, norm: Array, lr: Array) -> None:
        """The update of the members whose gradient is finite; the others stay where they are."""
        keep = np.flatnonzero(finite)
        if not len(keep):
            state.t += 1
            return
        part, own = state.members(keep), self.members(keep)
        own._clip(kept := grad[keep], norm[keep])
        own.step(part, kept, lr[keep])
        state.w[keep], state.slots[:, keep], state.t = part.w, part.slots, part.t

    def _clip(self, grad: Array, norm: Array) -> None:
        """Scale rows longer than clip_norm by exactly clip_norm/‖g‖, then clip entries; in place."""
        long = norm > self.clip_norm
        if long.any():
            scale = np.where(long, self.clip_norm / np.where(long, norm, 1.0), 1.0)
            grad[long] *= scale[long, None].astype(grad.dtype)
        if np.any(np.isfinite(self.clip_value)):
            bound = np.asarray(self.clip_value, grad.dtype)[..., None]
            np.clip(grad, -bound, bound, out=grad)

    def step(self, state: State, grad: Array, lr: float | Array) -> None:
        """Advance every run by one update, in place, for a gradient of your own. grad (R, P); lr number or (R,)."""
        state.t += 1
        t = float(state.t - self.since)
        dtype = state.w.dtype
        if fused := self._fused_for(state, grad):
            fused.update(state, grad, t, lr if type(lr) is float else _column(lr, dtype))
            return
        shared = {"lr": lr, **defaults_in(self.rule, dtype), **self.hyper}
        for span, lr_scale, special in self.blocks or (Block(slice(None), 1.0, {}),):
            values = {name: _column(value, dtype) for name, value in (shared | special).items()}
            rate = values.pop("lr")
            rate = rate if lr_scale == 1.0 else rate * lr_scale
            slots = state.slots[:, :, span]
            w, *new = self.rule.formula(state.w[:, span], grad[:, span], *slots, t, rate, **values)
            state.w[:, span] = w
            for slot, value in zip(slots, new, strict=True):
                slot[...] = value

    def members(self, keep: Array) -> "Optimizer":
        """The optimizer of some members of the population."""

        def own(value: float | Array) -> float | Array:
            return value[keep] if isinstance(value, np.ndarray) and value.ndim else value

        return replace(
            self,
            hyper={name: own(value) for name, value in self.hyper.items()},
            clip_norm=own(self.clip_norm),
            clip_value=own(self.clip_value),
        )


def defaults_in(rule: Rule, dtype: Any) -> dict[str, float]:
    """The rule's defaults, with an ε that this dtype can resolve."""
    defaults = dict(rule.defaults)
    if np.dtype(dtype) == np.float32 and defaults.get("eps") == 1e-8:
        defaults["eps"] = FLOAT32_EPS
    return defaults


def _column(value: float | Array, dtype: Any) -> Any:
    """A Python float where all runs agree, so that float32 stays float32; else (R, 1) in the weights' dtype."""
    array = np.asarray(value)
    if array.ndim == 0 or (array == array.flat[0]).all():
        return float(array.flat[0])
    return array.astype(dtype)[:, None]


def _joined(blocks: list[Block]) -> tuple[Block, ...]:
    """Neighbours with the same settings as one span, so that most models are one or two blocks."""
    joined: list[Block] = []
    for block in blocks:
        if joined and joined[-1][1:] == block[1:]:
            joined[-1] = block._replace(span=slice(joined[-1].span.start, block.span.stop))
        else:
            joined.append(block)
    return tuple(joined)
