"""What a learner's optimizer is asked to do, and when two paths count as the same."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from thalweg.evidence.own_optimizer.reading.session import Slopes
from thalweg.formulas.arrays import Array
from thalweg.formulas.streams import Purpose, stream

RELATIVE = 1e-9  # of the way gone so far: what rounding may do
ABSOLUTE = 64 * 2.0**-52  # of the weight itself
SCALES = np.array(  # of the gradient's entries, in the first probe and in the second
    [[[1.0, 3.0, 0.01], [0.3, 10.0, 1e-4]], [[50.0, 0.2, 1e-3], [5.0, 400.0, 0.02]]]
)


@dataclass(frozen=True, eq=False)
class Probe:
    """Gradients (T, 2, 3) for weights (2, 3), of many scales; or a field, the gradient as a function of the weights."""

    w: Array
    grads: Array
    field: bool
    gentle: bool = False

    def slope(self, k: int, point: Array) -> Array:
        """The gradient at step k, counted from 1."""
        if not self.field:
            return self.grads[k - 1]
        bend, centre = self.grads[0], self.grads[1]
        return bend * bend * (point - centre) + 0.5 * bend * np.sin(2 * point)

    @cached_property
    def slopes(self) -> list[Slopes]:
        """The same for a learner's code, where it is the first of the parameters; others get gradients of their own."""

        def at(k: int) -> Slopes:
            return lambda points: [
                self.slope(k, point).copy() if i == 0 else np.full(np.shape(point), 0.5 / (k + i))
                for i, point in enumerate(points)
            ]

        return [at(k) for k in range(1, len(self.grads) + 1)]


def probe(number: int, steps: int, *, field: bool, gentle: bool = False) -> Probe:
    """The probe of this number, 0 (2, 3) or 1 (3, 2). A gentle one has positive gradients only: roots stay real."""
    rng = stream(number, Purpose.PROBE, 7)
    w = rng.normal(size=(2, 3)) + np.array([[1.0, -1.0, 2.0], [-1.5, 0.5, 1.0]])
    offset = rng.normal(size=(2, 3))
    grads = rng.normal(size=(steps, 2, 3)) + offset
    grads = np.abs(grads) if gentle else grads
    grads = grads if field else SCALES[number] * grads
    turned = number == 1  # (3, 2), so that a number of rows is no other number by chance
    return Probe(w.T.copy() if turned else w, grads.transpose(0, 2, 1).copy() if turned else grads, field, gentle)


def agrees(path: Array, other: Array, start: Array, relative: float = RELATIVE) -> bool:
    """Is one point or path (..., 2, 3) the other, to rounding? What is not finite never agrees."""
    if path.shape != other.shape or not (np.isfinite(path).all() and np.isfinite(other).all()):
        return False
    return bool((np.abs(path - other) <= slack(other, start, relative)).all())


def slack(other: Array, start: Array, relative: float = RELATIVE) -> Array:
    """What rounding may do to each weight of a path."""
    return relative * np.abs(other - start) + ABSOLUTE * (np.abs(other) + np.abs(start))


@dataclass(frozen=True)
class Difference:
    """Where a learner's path first leaves the right one. Steps count from 1."""

    step: int
    entry: tuple[int, ...]
    yours: float  # the step of this weight, not the weight
    right: float

    def __str__(self) -> str:
        at = ", ".join(map(str, self.entry))
        ratio = self.yours / self.right if self.right and np.isfinite(self.yours) else np.nan
        times = f", {ratio:.4g} times as much" if np.isfinite(ratio) and 1e-6 < abs(ratio) < 1e6 else ""
        return f"step {self.step} moves w[{at}] by {self.yours:.6g} instead of {self.right:.6g}{times}"


def first_difference(path: Sequence[Array], right: Sequence[Array], start: Array) -> Difference | None:
    """The first step that differs, and the weight that differs most in it."""
    before, before_right = start, start
    for k, (mine, theirs) in enumerate(zip(path, right, strict=True), 1):
        if not agrees(mine, theirs, start):
            off = np.abs(mine - theirs) / np.maximum(np.abs(theirs - before_right), 1e-300)
            off = np.where(np.isnan(off), np.inf, off)
            at = np.unravel_index(int(np.argmax(off)), off.shape)
            return Difference(
                k, tuple(map(int, at)), float(mine[at] - before[at]), float(theirs[at] - before_right[at])
            )
        before, before_right = mine, theirs
    return None
