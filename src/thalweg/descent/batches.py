"""Which rows update t sees: a function of seed, epoch and t alone, whatever was drawn before.

The order of an epoch is drawn once from (seed, epoch) and cut into batches, so it does not depend on their size.
"""

from dataclasses import dataclass, field
from math import ceil

import numpy as np

from thalweg.errors import SpecError
from thalweg.formulas.arrays import Array
from thalweg.formulas.streams import Purpose, stream
from thalweg.problems.big.stream import Stream
from thalweg.problems.blocks import BlockOrder
from thalweg.problems.objective import ALL, Rows

REPEATED = 1_000_000  # places of rows that full batches may repeat: 8 MB


def epoch_order(examples: int, seed: int, epoch: int, sampling: str = "reshuffled") -> Array:
    """The order in which an epoch visits its rows (N,)."""
    if sampling == "sequential":
        return np.arange(examples)
    return stream(seed, Purpose.ORDER, 0 if sampling == "frozen" else epoch).permutation(examples)


@dataclass(frozen=True)
class Batches:
    """t -> rows. size 0, or all examples, is the full batch.

    sampling: reshuffled each epoch, frozen (one order per seed), sequential (as in the table), blocks (shuffled inside
    a buffer of `blocks` = (rows, how many), see problems/blocks.py), or drawn with replacement. The last partial batch
    of an epoch is kept, or dropped. With a stream, rows are those of its buffer, which holds what t needs.
    """

    examples: int
    size: int = 0
    sampling: str = "reshuffled"
    last: str = "keep"
    seed: int = 0
    blocks: tuple[int, int] = (1024, 64)
    stream: Stream | None = field(default=None, repr=False, compare=False)
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
        if self.stream:
            end = min((k + 1) * self.size, self.examples)
            return self.stream.rows(self.block_order, epoch, k * self.size, end)
        if epoch not in self._latest:
            self._latest.clear()
            if self.sampling == "blocks":
                self._latest[epoch] = self.block_order.epoch(epoch)
            else:
                self._latest[epoch] = epoch_order(self.examples, self.seed, epoch, self.sampling)
        return self._latest[epoch][k * self.size : (k + 1) * self.size]

    @property
    def block_order(self) -> BlockOrder:
        """The order of "blocks"."""
        return BlockOrder(self.examples, *self.blocks, self.seed)

    def several(self, t: int, count: int) -> tuple[Array, Array]:
        """The rows of `count` updates from t on, one after the other (N,), and where each begins (count + 1,).

        Of fewer of them, one at least, where the full batch would be repeated too often, or where a stream's buffer
        does not hold all of them together.
        """
        if self.full:
            count = max(1, min(count, REPEATED // self.examples))
            return np.tile(np.arange(self.examples), count), np.arange(count + 1) * self.examples
        if self.stream:
            epoch, k = divmod(t, self.per_epoch)
            end = min(k + count, self.per_epoch) * self.size
            return self.stream.several(self.block_order, epoch, k * self.size, min(end, self.examples), self.size)
        parts: list[Array] = []
        sizes: list[int] = []
        at = t
        while at < t + count:
            k = at % self.per_epoch
            many = 1 if self.sampling == "replacement" else min(self.per_epoch - k, t + count - at)
            rows = np.asarray(self(at))
            if many > 1:
                order = self._latest[at // self.per_epoch]
                end = self.per_epoch * self.size if self.last == "drop" else self.examples
                rows = order[k * self.size : min((k + many) * self.size, end)]
            parts.append(rows)
            whole, rest = divmod(len(rows), self.size)
            sizes += [self.size] * whole + [rest] * bool(rest)
            at += many
        return np.concatenate(parts), np.cumsum([0, *sizes])
