"""A file of rows on disk: X (N, D), y (N, K) and weights (N,), each in a file of its own, row after row."""

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from thalweg.errors import DataError
from thalweg.formulas.arrays import Array
from thalweg.problems.examples import Examples

NAMES = ("X", "y", "weight")


@dataclass(eq=False)
class RowFile:
    """The rows of a folder. widths: numbers in a row of X, y and weight; 0 where there are no weights."""

    folder: Path
    dtype: str
    widths: tuple[int, int, int]
    _open: dict[str, Any] = field(default_factory=dict, repr=False)

    @property
    def row_bytes(self) -> int:
        """Bytes of a row of all files."""
        return sum(self.widths) * np.dtype(self.dtype).itemsize

    def empty(self, rows: int) -> Examples:
        """Arrays for so many rows."""
        X, y, weight = (np.empty((rows, width), self.dtype) for width in self.widths)
        return Examples(X, y, weight[:, 0] if self.widths[2] else None)

    def read(self, into: Examples, at: int, begin: int, end: int) -> None:
        """Rows begin … end − 1 into the arrays, from their row `at` on."""
        for name, width, array in zip(NAMES, self.widths, into, strict=True):
            if array is not None:
                self._read(name, width, array[at : at + end - begin], begin)

    def piece(self, begin: int, end: int) -> Examples:
        """Rows begin … end − 1, in arrays of their own."""
        found = self.empty(end - begin)
        self.read(found, 0, begin, end)
        return found

    def _read(self, name: str, width: int, array: Array, begin: int) -> None:
        """Fills a part of an array from the file of this name."""
        bytes_ = array.reshape(-1).view(np.uint8).data
        if not len(bytes_):
            return
        file = self._file(name)
        file.seek(begin * width * array.itemsize)
        done = 0
        try:
            while done < len(bytes_) and (some := file.readinto(bytes_[done:])):
                done += some
        except OSError as problem:
            raise DataError(f"{self.folder / name} cannot be read ({problem.strerror}); {CURE}") from None
        if done < len(bytes_):
            raise DataError(f"{self.folder / name} is shorter than it was; {CURE}")

    def _file(self, name: str) -> Any:
        """The file, opened by this process: a place in a file is shared with a process that was forked."""
        key = f"{name} {os.getpid()}"
        if key not in self._open:
            try:
                self._open[key] = (self.folder / name).open("rb", buffering=0)
            except OSError as problem:
                raise DataError(f"{self.folder / name} cannot be opened ({problem.strerror}); {CURE}") from None
        return self._open[key]


CURE = "it was made from the table: run the command again, and it is made anew"
