"""Does the loss change as the gradient says? One direction at a time, by central differences.

What is looked at is the residual r(h) = [L(w + hd) − L(w − hd) − g·Δw] / 2h, with the step Δw really taken after
rounding. A right gradient leaves curvature (∝ h²), kinks (gone at small h) and rounding (∝ 1/h); a wrong one
leaves a plateau, the same at every h. Rounding is measured, not guessed: third and fourth differences of the
loss over a window far too small for anything else to show (ECNoise; Moré & Wild 2011).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np

from thalweg.evidence.contract import Counted, Point
from thalweg.formulas.arrays import Array

Outcome = Literal["agree", "kink", "differ", "too small to tell", "too rough to tell"]

NOISE_SAFETY = 6.0  # roundings stay within six of their measured standard deviations


class Finding(NamedTuple):
    """What one direction showed: numeric − analytic slope, what is tolerated, the numeric slope, the step."""

    outcome: Outcome
    residual: float
    tolerance: float
    slope: float
    step: float


@dataclass(frozen=True)
class Line:
    """One direction d (P,) from one point, with the size of the slopes that are usual along it."""

    f: Counted
    at: Point
    direction: Array
    usual: float  # the size of a slope here, ‖g‖ of the tensor, which rounding is weighed against

    @property
    def analytic(self) -> float:
        return float(self.direction @ self.at.grad)

    def residual(self, h: float) -> float:
        """Numeric minus analytic slope, by the step really taken; nan where the function is not defined."""
        up, above, down, below = self._both_sides(h)
        return float((above - below - (up - down) @ self.at.grad) / (2 * h)) if (up != down).any() else np.nan

    def jump(self, h: float) -> float:
        """The slope to the right minus the slope to the left."""
        _, above, _, below = self._both_sides(h)
        return (above - 2 * self.at.loss + below) / h

    def _both_sides(self, h: float) -> tuple[Array, float, Array, float]:
        up, down = (self.f.tensors.rounded(self.at.w + step * self.direction) for step in (h, -h))
        above, below = self.f.elsewhere(up), self.f.elsewhere(down)
        return up, above.loss if above else np.nan, down, below.loss if below else np.nan

    def rounding(self, h: float) -> float:
        """What rounding of the loss may add to a slope."""
        return NOISE_SAFETY * self.at.noise / h

    def tolerance(self, h: float, r: float) -> float:
        return float(self.f.tolerance * (self.usual + abs(self.analytic + r)) + self.rounding(h))

    def agrees(self, h: float, r: float) -> bool:
        return bool(abs(r) <= self.tolerance(h, r))

    def finding(self, outcome: Outcome, h: float, r: float) -> Finding:
        return Finding(outcome, r, self.tolerance(h, r), self.analytic + r, h)


def examine(line: Line, h: float) -> Finding:
    """Two evaluations where all is well; more where curvature, a kink, rounding or an error shows."""
    r = line.residual(h)
    if line.agrees(h, r):
        return _seen(line, h, r)
    half = line.residual(h / 2)
    if line.agrees(h / 2, extrapolated := (4 * half - r) / 3):  # Richardson: without the term in h²
        return _seen(line, h / 2, extrapolated)
    return _followed(line, h, r)


def _seen(line: Line, h: float, r: float) -> Finding:
    """An agreement, unless rounding could hide a wrong slope; then a step a hundred times as long decides."""
    if line.rounding(h) <= 0.1 * line.usual or line.usual == 0:
        return line.finding("agree", h, r)
    far, near = line.residual(100 * h), line.residual(50 * h)
    longer = (4 * near - far) / 3
    if line.rounding(50 * h) <= 0.1 * line.usual and line.agrees(50 * h, longer):
        return line.finding("agree", 50 * h, longer)
    return line.finding("too small to tell", h, r)


def _followed(line: Line, h: float, r: float) -> Finding:
    """The residual at ever smaller steps, until it is gone or rounding takes over, then at longer ones.

    Gone at a small step: curvature or a kink inside the long one. Three neighbours alike, and none that is
    smaller at a shorter step: a plateau, so the slopes differ. Neither: too rough to tell.
    """
    track, factor = [(h, r)], 10 if line.f.bytes > 4 else 3
    while (h := h / factor) > 100 * line.f.roundoff and not line.rounding(h) > 0.02 * abs(track[0][1]):
        r = line.residual(h)
        if line.agrees(h, r):
            return line.finding("agree", h, r)
        track.append((h, r))
        if len(track) > 2 and _unlike(track[-3:]) < 1e-4:
            return line.finding("differ", *track[-2])
    longer = [(h, line.residual(h)) for h in (100 * track[0][0], 10 * track[0][0])]
    track = longer + track
    trios = zip(track, track[1:], track[2:], strict=False)
    spread, at = min((_unlike(trio), at) for at, trio in enumerate(trios))
    if spread <= 0.1 and all(abs(r) > 0.5 * abs(track[at + 1][1]) for _, r in track[at + 3 :]):
        return line.finding("differ", *track[at + 1])
    for h, r in longer[::-1]:
        if line.agrees(h, r):
            return line.finding("agree", h, r)
    return line.finding("too rough to tell", *track[2])


def _unlike(track: Sequence[tuple[float, float]]) -> float:
    """How much residuals at neighbouring steps differ, as a share of themselves; infinite if one is unknown."""
    r = np.array([r for _, r in track])
    return float(np.ptp(r) / np.abs(r).max()) if np.isfinite(r).all() and r.any() else np.inf


def is_kink(line: Line, h: float) -> bool:
    """Slopes to the left and to the right disagree, and still do when the step shrinks a hundredfold."""
    long, short = line.jump(h), line.jump(h / 100)
    return abs(short) > max(0.3 * abs(long), 2 * line.rounding(h / 100))


def with_noise(f: Counted, at: Point, direction: Array) -> Point:
    """The point with its noise, the standard deviation of the loss's rounding: six evaluations along `direction`.

    A loss that stands still although its slope says that it must move is coarser than its dtype: the window
    is widened until it moves. A loss whose every value is a float32 is one.
    """
    window = 0.1 * np.sqrt(f.roundoff)
    for _ in range(4):
        losses = _window(f, at, window * direction)
        coarse = f.bytes > 4 and len(set(losses)) > 1 and _fit_float32(losses)
        stands = len(set(losses)) == 1 and abs(at.grad @ direction) * window > 4 * f.roundoff * abs(at.loss)
        if coarse:
            f.bytes = 4
        if not coarse and not stands:
            break
        window *= 30
    return at._replace(noise=max(_spread(losses), f.roundoff * abs(at.loss)))


def _fit_float32(losses: Sequence[float]) -> bool:
    with np.errstate(over="ignore"):
        return np.array_equal(np.asarray(losses, np.float32).astype(np.float64), losses)


def _window(f: Counted, at: Point, step: Array) -> list[float]:
    near = [f.elsewhere(f.tensors.rounded(at.w + k * step)) for k in range(1, 7)]
    return [at.loss, *(point.loss for point in near if point is not None)]


def _spread(losses: Sequence[float]) -> float:
    """Standard deviation of independent errors by k-th differences: √(k!²/(2k)! · mean Δᵏ²), k = 3, 4."""
    third, fourth = np.diff(losses, 3), np.diff(losses, 4)
    if not fourth.size:
        return 0.0
    return float(np.sqrt(max(np.mean(third**2) / 20, np.mean(fourth**2) / 70)))
