"""What a check found, and the small runs by which it is found."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from thalweg.evidence.own_optimizer.reading.session import Slopes
from thalweg.formulas.arrays import Array
from thalweg.formulas.streams import Purpose, stream

STEPS = 5


@dataclass(frozen=True)
class Finding:
    """One mistake. `name` is its name in one or a few words, `sentence` says what was seen and what to do.

    `yours` and `right` are lines of the formula, as the learner's code acts and as the rule has them; `line` is a
    line of the learner's file.
    """

    name: str
    sentence: str
    line: int | None = None
    yours: tuple[str, ...] = ()
    right: tuple[str, ...] = ()


def weights(*shapes: tuple[int, ...], index: int = 0) -> list[Array]:
    """Ordinary parameters of these shapes."""
    rng = stream(0, Purpose.PROBE, 20 + index)
    return [rng.normal(size=shape) + 1.5 for shape in shapes]


def gradients(*shapes: tuple[int, ...], steps: int = STEPS, index: int = 0) -> list[list[Array]]:
    """Ordinary gradients, for each step one of each shape."""
    rng = stream(0, Purpose.PROBE, 40 + index)
    offsets = [rng.normal(size=shape) for shape in shapes]
    return [[rng.normal(size=offset.shape) + offset for offset in offsets] for _ in range(steps)]


def scripted(grads: Sequence[Sequence[Array]]) -> list[Slopes]:
    """The same gradients wherever the parameters are, copied at each asking."""

    def at(arrays: Sequence[Array]) -> Slopes:
        return lambda _: [array.copy() for array in arrays]

    return [at(arrays) for arrays in grads]


def unlike(one: Sequence[Sequence[Array]], other: Sequence[Sequence[Array]]) -> int | None:
    """The first step, counted from 1, after which two runs differ by more than rounding; None where none does."""
    for k, (a, b) in enumerate(zip(one, other, strict=True), 1):
        if any(not alike(x, y) for x, y in zip(a, b, strict=True)):
            return k
    return None


def alike(x: Array, y: Array) -> bool:
    return x.shape == y.shape and np.allclose(x, y, rtol=1e-10, atol=1e-13, equal_nan=True)


Law = Callable[..., "Sequence[Finding]"]
