"""What was found out about a column: how many values of which sort it has, and how they are read."""

from dataclasses import dataclass
from typing import NamedTuple


class Counts(NamedTuple):
    """What is told of a column of written text. The examples are there only if some values are no plain numbers."""

    some: int  # values that are not missing
    missing: int  # by a usual marker such as NA
    numbers: int  # of the others, plain numbers
    zeros: int  # of them starting with 0 and another digit
    longest: int  # characters
    doubtful: int = 0  # values such as - and none
    unusual: int = 0  # missing by a marker such as ?
    low: str | None = None  # the first and the last by alphabet of those that are no numbers nor doubtful
    high: str | None = None
    plain: str | None = None  # one of the plain numbers

    @property
    def sure(self) -> int:
        """Values that are no doubtful markers."""
        return self.some - self.doubtful

    @property
    def examples(self) -> list[str]:
        """Values that a reading must fit if it is to fit all."""
        return [value for value in (self.low, self.high, self.plain) if value is not None]


@dataclass(frozen=True)
class Finding:
    """The kind of a column, its reading, and the SQL of its values in terms of the source's column.

    text: SQL of the same as it is written, where it is. said: how it was read, if that is worth a notice. holds:
    what it holds, if that is, with an example. mostly: the reading that some values keep it from; it fits so many.
    markers: doubtful markers were taken as missing. strays: how many values do not fit the reading asked for.
    """

    kind: str
    how: str
    value: str
    text: str = ""
    counts: Counts | None = None
    said: str = ""
    holds: str = ""
    example: str = ""
    mostly: str = ""
    fits: int = 0
    markers: bool = False
    strays: int = 0
