"""Which rows update t sees: a function of seed, epoch and t alone, whatever was drawn before.

The order of an epoch is drawn once from (seed, epoch) and cut into batches, so it does not depend on their size.
"""

from dataclasses import dataclass, field
from math import ceil

import numpy as np

from thalweg.errors import SpecError
from thalweg.formulas.arrays import Array
from thalweg.formulas.streams import Purpose, stream
from thalweg.problems.objective import ALL, Rows


def epoch_order(examples: int, seed: int, epoch: int, sampling: str = "reshuffled") -> Array:
    """The order in which an epoch visits its rows (N,)."""
    if sampling == "sequential":
        return np.arange(examples)
    return stream(seed, Purpose.ORDER, 0 if sampling == "frozen" else epoch).permutation(examples)


@dataclass(frozen=True)
class Batches:
    """t -> rows. size 0, or all examples, is the full batch.

    sampling: reshuffled each epoch, frozen (one order per seed), sequential (as in the table), or drawn with
    replacement. The last partial batch of an epoch is kept, or dropped.
    """

    examples: int
    size: int = 0
    sampling: str = "reshuffled"
    last: str = "keep"
    seed: int = 0
    _latest: dict[int, Array] = field(default_factory=dict, repr=False, compare=False)  # one epoch, a cache

    def __post_init__(self) -> None:
        if self.last == "drop" and self.size > self.examples:
            raise SpecError(f"batch_size {self.size} is over the {self.examples} rows, and partial batches are dropped")

    @property
    def full(self) -> bool:
        return self.size == 0 or (self.size >= self.examples and self.sampling != "replacement")

    @property
    def per_epoch(self) -> int:
        """Updates in an epoch."""
        if self.full:
            return 1
        return self.examples // self.size if self.last == "drop" else ceil(self.examples / self.size)

    def __call__(self, t: int) -> Rows:
        if self.full:
            return ALL
        if self.sampling == "replacement":
            return stream(self.seed, Purpose.REPLACEMENT, t).integers(self.examples, size=self.size)
        epoch, k = divmod(t, self.per_epoch)
        if epoch not in self._latest:
            self._latest.clear()
            self._latest[epoch] = epoch_order(self.examples, self.seed, epoch, self.sampling)
        return self._latest[epoch][k * self.size : (k + 1) * self.size]

    def some(self, t: int, count: int) -> tuple[Array, Array]:
        """Rows of the updates t … t + count − 1, and how many each sees (count,).

        Rows are (count, size), padded with 0, or (1, N) where every update sees all.
        """
        if self.full:
            return np.arange(self.examples)[None], np.full(count, self.examples)
        epoch, first = divmod(t, self.per_epoch)
        if self.sampling != "replacement" and (first + count) * self.size <= self.examples:
            self(t)
            whole = self._latest[epoch][first * self.size : (first + count) * self.size]
            return whole.reshape(count, self.size), np.full(count, self.size)
        drawn = [np.asarray(self(t + i)) for i in range(count)]
        sizes = np.array([len(rows) for rows in drawn])
        orders = np.zeros((count, sizes.max()), np.intp)
        for place, rows in zip(orders, drawn, strict=True):
            place[: len(rows)] = rows
        return orders, sizes
