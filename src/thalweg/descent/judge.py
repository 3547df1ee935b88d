"""Asks every stop rule that is switched on, run by run, after each update."""

from dataclasses import dataclass

import numpy as np

from thalweg.descent.spec import Stop
from thalweg.descent.stopping import CHECKS, Past, Stopped, stopped, throttled
from thalweg.descent.trail import SIGNALS, Trail
from thalweg.formulas.arrays import Array


@dataclass(frozen=True)
class Judge:
    """`full`: every step sees the same rows. `per_epoch`: updates in an epoch."""

    stop: Stop
    full: bool
    per_epoch: int

    def suspects(self, trail: Trail, active: Array, t: int, evaluated: bool) -> Array:
        """Which active runs (A,) need a look. All, if a rule of its own asks; else those that may have diverged."""
        if evaluated or self._tolerances:
            return active
        now = trail.table[t - 1, active]
        loss, grad, size = (now[:, SIGNALS.index(name)] for name in ("loss", "grad_norm", "param_norm"))
        odd = ~np.isfinite(loss) | ~np.isfinite(grad)
        odd |= size > (self.stop.param_bound or np.inf)
        if self.full and t > 1:
            odd |= loss > trail.table[t - 2, active, SIGNALS.index("loss")]
        return active[odd]

    def doubtful(self, trail: Trail, active: Array, begin: int, end: int) -> Array:
        """Of updates begin + 1 … end, none of them evaluated, those after which `suspects` finds someone."""
        every = np.arange(begin + 1, end + 1)
        if self._tolerances:
            return every
        now = trail.table[begin:end][:, active]
        loss, grad, size = (now[:, :, SIGNALS.index(name)] for name in ("loss", "grad_norm", "param_norm"))
        odd = ~np.isfinite(loss) | ~np.isfinite(grad) | (size > (self.stop.param_bound or np.inf))
        if self.full and begin + len(odd) > 1:
            past = trail.table[max(0, begin - 1) : end][:, active, SIGNALS.index("loss")]
            odd[len(odd) - len(past) + 1 :] |= past[1:] > past[:-1]
        return every[odd.any(1)]

    @property
    def _tolerances(self) -> bool:
        stop = self.stop
        return bool(stop.grad_tol or stop.loss_tol or stop.step_tol or stop.update_tol)

    def verdict(self, trail: Trail, run: int, t: int, evaluated: bool) -> Stopped | None:
        """Why this run ends after update t, or None."""
        past = self._past(trail, run, t, evaluated)
        for rule, (kind, asks, _) in CHECKS.items():
            value = float(getattr(self.stop, rule))
            if not value:
                continue
            if asks(past, value):
                steepest = float(np.nanmax(trail.table[:t, run, SIGNALS.index("grad_norm")], initial=0.0))
                if kind == "converged" and rule != "grad_tol" and throttled(past, steepest):
                    return stopped("throttled", rule, t, value)
                return stopped(kind, rule, t, value)
        return stopped("steps", "steps", t) if t >= self.stop.steps else None

    def _past(self, trail: Trail, run: int, t: int, evaluated: bool) -> Past:
        window = trail.table[max(0, t - self.per_epoch) : t, run]
        signals = {name: window[:, i] for i, name in enumerate(SIGNALS)}
        if self.full:
            longest = max(2, int(self.stop.rises) + 1)
            losses = trail.table[max(0, t - longest) : t, run, SIGNALS.index("loss")]
            losses = np.concatenate([trail.table[:1, run, SIGNALS.index("loss")], losses])
            losses = losses if t > longest else losses[1:]
            return Past(signals, losses, trail.evaluations[run], True, self.stop.min_delta)
        evaluations = trail.evaluations[run]
        losses = np.array([entry["train_loss"] for entry in evaluations], float)
        return Past(signals, losses, evaluations, evaluated, self.stop.min_delta)
