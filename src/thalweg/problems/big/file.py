"""A file of rows on disk: X (N, D), y (N, K) and weights (N,), each in a file of its own, row after row."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from thalweg.errors import DataError
from thalweg.formulas.arrays import Array
from thalweg.problems.examples import Examples

NAMES = ("X", "y", "weight")


@dataclass(frozen=True)
class RowFile:
    """The rows of a folder. widths: numbers in a row of X, y and weight; 0 where there are no weights."""

    folder: Path
    dtype: str
    widths: tuple[int, int, int]

    @property
    def row_bytes(self) -> int:
        """Bytes of a row of all files."""
        return sum(self.widths) * np.dtype(self.dtype).itemsize

    def empty(self, rows: int) -> Examples:
        """Arrays for so many rows."""
        X, y, weight = (np.empty((rows, width), self.dtype) for width in self.widths)
        return Examples(X, y, weight[:, 0] if self.widths[2] else None)

    def read(self, into: Examples, at: int, ranges: Iterable[tuple[int, int]]) -> int:
        """Rows begin … end − 1 of each range into the arrays, from their row `at` on; how far they reach."""
        ranges, end = list(ranges), at
        for name, width, array in zip(NAMES, self.widths, into, strict=True):
            if array is None:
                continue
            path, end = self.folder / name, at
            try:
                with path.open("rb", buffering=0) as file:
                    for begin, stop in ranges:
                        fill(file, array[end : end + stop - begin], begin * width)
                        end += stop - begin
            except (OSError, EOFError) as problem:
                why = getattr(problem, "strerror", None) or problem
                raise DataError(
                    f"{path} cannot be read ({why}); it was made from the table: run the command again, and it is "
                    "made anew"
                ) from None
        return end

    def piece(self, begin: int, end: int) -> Examples:
        """Rows begin … end − 1, in arrays of their own."""
        found = self.empty(end - begin)
        self.read(found, 0, [(begin, end)])
        return found


def fill(file: Any, array: Array, begin: int) -> None:
    """Fills an array with the numbers of an unbuffered file from number `begin` on."""
    bytes_ = array.reshape(-1).view(np.uint8).data
    file.seek(begin * array.itemsize)
    done = 0
    while done < len(bytes_):
        some = file.readinto(bytes_[done:])
        if not some:
            raise EOFError("it is shorter than it was")
        done += some
