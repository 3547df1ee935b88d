"""Asks every stop rule that is switched on, run by run, after each update."""

from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

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

    def suspects(self, trail: Trail, active: Array, begin: int, t: int, evaluated: bool) -> Array:
        """Which updates from begin + 1 to t of the active runs need a look: (A, t − begin). A rule may stop only there.

        `evaluated`: was there an evaluation after the last of them?
        """
        with np.errstate(over="ignore", invalid="ignore"):  # losses that are not finite are compared too
            return self._suspects(trail, active, begin, t, evaluated)

    def _suspects(self, trail: Trail, active: Array, begin: int, t: int, evaluated: bool) -> Array:
        loss, grad, size = (trail.column(name, active, begin, t) for name in ("loss", "grad_norm", "param_norm"))
        odd = ~np.isfinite(loss) | ~np.isfinite(grad)
        odd |= size > (self.stop.param_bound or np.inf)
        if self.stop.grad_tol:
            odd |= grad <= self.stop.grad_tol
        if self.stop.step_tol:
            odd |= trail.column("lr", active, begin, t) * grad <= self.stop.step_tol
        if self.stop.update_tol:
            odd |= trail.column("update_norm", active, begin, t) <= self.stop.update_tol
        if self.full:
            first = max(0, begin - max(1, self.stop.rises))
            past = trail.column("loss", active, first, t)
            odd |= self._moved(past)[:, begin - first :]
        if evaluated:
            odd[:, -1] |= self._turned(trail, active, t)
        return odd

    def _moved(self, losses: Array) -> Array:
        """Where losses (A, n), each of all rows, may be a jump, a rise too many or a change too small."""
        before = np.concatenate([np.full((len(losses), 1), np.inf), losses[:, :-1]], axis=1)
        odd = losses > (self.stop.jump or np.inf) * np.abs(before)
        if self.stop.loss_tol:
            odd |= np.abs(losses - before) <= self.stop.loss_tol
        if self.stop.rises and losses.shape[1] >= self.stop.rises:
            rose = losses > before
            odd[:, self.stop.rises - 1 :] |= sliding_window_view(rose, self.stop.rises, axis=1).all(-1)
        return odd

    def _turned(self, trail: Trail, active: Array, t: int) -> Array:
        """Whose evaluation after update t asks for a look (A,)."""
        latest, previous = trail.latest[active], trail.previous[active]
        odd = ~np.isfinite(latest) | (latest > (self.stop.jump or np.inf) * np.abs(previous))
        if self.stop.rises:
            odd |= trail.rises[active] >= self.stop.rises
        if self.stop.loss_tol:
            odd |= np.abs(latest - previous) <= self.stop.loss_tol
        if self.stop.patience:
            odd |= (trail.best_t[active] != t) | (self.stop.min_delta > 0)
        return odd

    def verdict(self, trail: Trail, run: int, t: int, evaluated: bool) -> Stopped | None:
        """Why this run ends after update t, or None."""
        past = self._past(trail, run, t, evaluated)
        for rule, (kind, asks, _) in CHECKS.items():
            value = float(getattr(self.stop, rule))
            if not value:
                continue
            if asks(past, value):
                steepest = float(np.nanmax(trail.table[run, :t, SIGNALS.index("grad_norm")], initial=0.0))
                if kind == "converged" and rule != "grad_tol" and throttled(past, steepest):
                    return stopped("throttled", rule, t, value)
                return stopped(kind, rule, t, value)
        return self.finished(t)

    def finished(self, t: int) -> Stopped | None:
        """Has a run made all its updates?"""
        return stopped("steps", "steps", t) if t >= self.stop.steps else None

    def _past(self, trail: Trail, run: int, t: int, evaluated: bool) -> Past:
        window = trail.table[run, max(0, t - self.per_epoch) : t]
        signals = {name: window[:, i] for i, name in enumerate(SIGNALS)}
        if self.full:
            longest = max(2, int(self.stop.rises) + 1)
            losses = trail.table[run, max(0, t - longest) : t, SIGNALS.index("loss")]
            losses = np.concatenate([trail.table[run, :1, SIGNALS.index("loss")], losses])
            losses = losses if t > longest else losses[1:]
            return Past(signals, losses, trail.evaluations[run], True, self.stop.min_delta)
        evaluations = trail.evaluations[run]
        losses = np.array([entry["train_loss"] for entry in evaluations], float)
        return Past(signals, losses, evaluations, evaluated, self.stop.min_delta)
