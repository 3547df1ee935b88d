"""Rows as an objective sees them, made when they are first asked for: trials never touch the test rows."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from thalweg.formulas.arrays import Array


class Examples(NamedTuple):
    """Rows of one split: X (N, D), y (N, K), weight (N,) of mean 1, or None where all rows count alike."""

    X: Array
    y: Array
    weight: Array | None = None

    def some(self, rows: Array) -> "Examples":
        """A few of them."""
        return Examples(self.X[rows], self.y[rows], None if self.weight is None else self.weight[rows])


@dataclass(frozen=True, eq=False)
class Made(Mapping[str, Examples]):
    """{name: examples}, each made by its function once, when it is first needed."""

    makers: Mapping[str, Callable[[], Examples]]
    _known: dict[str, Examples] = field(default_factory=dict, repr=False)

    def __getitem__(self, name: str) -> Examples:
        if name not in self._known:
            self._known[name] = self.makers[name]()
        return self._known[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.makers)

    def __len__(self) -> int:
        return len(self.makers)
