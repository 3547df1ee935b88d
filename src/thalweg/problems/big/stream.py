"""The training rows of a file on disk, through a buffer that holds what the next updates need.

The buffer is one array X and one y, filled in place by plain reads: pages of a memory-mapped file would count as
memory of the process. Its first rows are for what a batch still needs of the buffer before; the blocks lie behind.

    X  [ carried │ block │ block │ … ]        rows(order, epoch, begin, end) → places in X of these rows

What is in the buffer is a cache: any place in any epoch can be asked for, in any order.
"""

from dataclasses import dataclass, field

import numpy as np

from thalweg.formulas.arrays import Array
from thalweg.problems.big.file import RowFile
from thalweg.problems.blocks import BlockOrder
from thalweg.problems.examples import Examples


@dataclass(eq=False)
class Stream:
    """The first rows of a file, those of training, in buffers. Changes in place, and `buffer` is what it holds now."""

    file: RowFile
    counts: tuple[int, int, int]  # rows of training, validation and test, one behind the other in the file
    buffer: Examples = field(init=False, repr=False)
    _room: tuple[int, int] = (0, 0)  # rows for carrying, rows for blocks
    _epoch: tuple[BlockOrder, int] | None = None
    _shuffled: Array = field(default_factory=lambda: np.empty(0, np.intp), repr=False)
    _starts: Array = field(default_factory=lambda: np.empty(0, np.intp), repr=False)
    _filled: int = -1  # the buffer of the epoch that is held
    _inside: Array = field(default_factory=lambda: np.empty(0, np.intp), repr=False)
    _carried: int = -1  # place in the epoch of the first carried row

    @property
    def examples(self) -> int:
        """Training rows."""
        return self.counts[0]

    def __post_init__(self) -> None:
        self.buffer = self.file.empty(0)

    def rows(self, order: BlockOrder, epoch: int, begin: int, end: int) -> Array:
        """Where in the buffer the rows number begin … end − 1 of this epoch's order lie, (end − begin,).

        They stay there until the next call. A batch may take rows of two buffers that follow each other.
        """
        self._turn_to(order, epoch, end - begin)
        return self._places(order, epoch, begin, end)

    def _places(self, order: BlockOrder, epoch: int, begin: int, end: int) -> Array:
        """The same, in an epoch that was turned to."""
        first, last = (int(np.searchsorted(self._starts, place, "right")) - 1 for place in (begin, end - 1))
        if first == last:
            self._fill(order, epoch, first)
            return self._inside[begin - self._starts[first] : end - self._starts[first]]
        if not (self._filled == last and self._carried == begin):
            self._fill(order, epoch, first)
            self._carry(begin)
            self._fill(order, epoch, last)
        kept = int(self._starts[last]) - begin
        return np.concatenate([np.arange(kept), self._inside[: end - self._starts[last]]])

    def several(self, order: BlockOrder, epoch: int, begin: int, end: int, size: int) -> tuple[Array, Array]:
        """The batches of `size` rows from `begin` on that are in the buffer together, up to place `end` of the epoch.

        Their rows one after the other (n,), and where each batch begins and the last one ends (batches + 1,). There is
        one at least; one alone where it takes rows of two buffers.
        """
        self._turn_to(order, epoch, size)
        held = int(self._starts[np.searchsorted(self._starts, begin, "right")])
        if held < min(end, order.examples):  # the last batch here may need rows of the next buffer
            held = begin + max(1, (held - begin) // size) * size
        held = min(held, end)
        bounds = np.append(np.arange(0, held - begin, size), held - begin)
        return self._places(order, epoch, begin, held), bounds

    def _turn_to(self, order: BlockOrder, epoch: int, size: int) -> None:
        """The order of this epoch, and a buffer that is large enough."""
        if self._epoch != (order, epoch):
            self._epoch, self._filled, self._carried = (order, epoch), -1, -1
            self._shuffled = order.shuffled(epoch)
            self._starts = order.starts(self._shuffled)
        carried, wide = self._room
        if size > carried or order.buffer_rows > wide:
            self._room = (max(size, carried), max(order.buffer_rows, wide))
            self.buffer = self.file.empty(sum(self._room))
            self._filled = self._carried = -1

    def _fill(self, order: BlockOrder, epoch: int, buffer: int) -> None:
        """Reads the blocks of a buffer, unless they are held."""
        if self._filled == buffer:
            return
        self._filled = -1
        ranges = order.ranges(order.chosen(self._shuffled, buffer))
        end = self.file.read(self.buffer, self._room[0], ranges)
        self._inside = self._room[0] + order.inside(epoch, buffer, end - self._room[0])
        self._filled = buffer

    def _carry(self, begin: int) -> None:
        """Copies what is left of the held buffer, from place `begin` of the epoch on, to the front."""
        left = self._inside[begin - self._starts[self._filled] :]
        for array in self.buffer:
            if array is not None:
                array[: len(left)] = array[left]
        self._carried = begin
