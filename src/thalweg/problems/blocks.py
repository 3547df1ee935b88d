"""Block shuffle: rows in an order that a disk can follow, and that needs no more memory than a few blocks.

The rows of a table are cut into blocks. An epoch takes the blocks in a random order, some of them at a time, into a
buffer, and takes the rows of a full buffer in a random order. Both orders are functions of (seed, epoch): nothing is
carried from one buffer to the next.

How it differs from a full permutation: each row is still seen once in an epoch, but rows of one block come within one
buffer of each other. A batch is a simple random sample of its buffer's rows, not of all of them, so a batch mean has,
beside the spread of sampling, that of the buffer's own mean: for blocks whose means have variance s², and b blocks in a
buffer, about s²/b. In a table without order s² is as small as chance makes it, and the two cannot be told apart; in one
that is sorted by its target s² is nearly the variance of the target itself.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from thalweg.formulas.arrays import Array
from thalweg.formulas.streams import Purpose, stream

BLOCK_BYTES = 1 << 17  # a read this long costs hardly more a byte than a longer one
BUFFER_BLOCKS = 64


@dataclass(frozen=True)
class BlockOrder:
    """The order in which epochs visit `examples` rows, in blocks of `block_rows` rows, `buffer_blocks` at a time.

    >>> order = BlockOrder(examples=7, block_rows=2, buffer_blocks=2, seed=0)
    >>> sorted(order.epoch(0).tolist())
    [0, 1, 2, 3, 4, 5, 6]
    """

    examples: int
    block_rows: int
    buffer_blocks: int
    seed: int

    @cached_property
    def blocks(self) -> int:
        """How many blocks there are; the last one may be short."""
        return -(-self.examples // self.block_rows)

    @cached_property
    def buffers(self) -> int:
        """How many times an epoch fills the buffer."""
        return -(-self.blocks // self.buffer_blocks)

    @property
    def buffer_rows(self) -> int:
        """The most rows of a buffer."""
        return min(self.examples, self.block_rows * self.buffer_blocks)

    def shuffled(self, epoch: int) -> Array:
        """The blocks in the order of this epoch, (blocks,)."""
        return stream(self.seed, Purpose.BLOCKS, epoch).permutation(self.blocks)

    def chosen(self, shuffled: Array, buffer: int) -> Array:
        """The blocks of one buffer, in the order of the table: inside a buffer only the rows' order counts."""
        return np.sort(shuffled[buffer * self.buffer_blocks : (buffer + 1) * self.buffer_blocks])

    def starts(self, shuffled: Array) -> Array:
        """Where each buffer begins in the order of the epoch, and where the last one ends: (buffers + 1,)."""
        starts = np.minimum(np.arange(self.buffers + 1) * self.buffer_blocks, self.blocks) * self.block_rows
        place = int(np.flatnonzero(shuffled == self.blocks - 1)[0])  # of the block that may be short
        starts[place // self.buffer_blocks + 1 :] -= self.blocks * self.block_rows - self.examples
        return starts

    def inside(self, epoch: int, buffer: int, rows: int) -> Array:
        """The order of the rows inside a buffer, (rows,)."""
        return stream(self.seed, Purpose.BUFFER, epoch * self.buffers + buffer).permutation(rows)

    def ranges(self, chosen: Array) -> list[tuple[int, int]]:
        """First row and end of each run of neighbouring blocks."""
        runs = np.split(chosen, np.flatnonzero(np.diff(chosen) > 1) + 1)
        return [(int(r[0]) * self.block_rows, min((int(r[-1]) + 1) * self.block_rows, self.examples)) for r in runs]

    def epoch(self, epoch: int) -> Array:
        """The row numbers of a whole epoch (examples,), for rows that are in memory."""
        shuffled = self.shuffled(epoch)
        found = []
        for buffer in range(self.buffers):
            rows = np.concatenate([np.arange(*span) for span in self.ranges(self.chosen(shuffled, buffer))])
            found.append(rows[self.inside(epoch, buffer, len(rows))])
        return np.concatenate(found)


def usual_block(row_bytes: int) -> int:
    """Rows of a block unless somebody says: the power of two that comes nearest to 128 KiB from below."""
    return 1 << max(4, (BLOCK_BYTES // max(1, row_bytes)).bit_length() - 1)
