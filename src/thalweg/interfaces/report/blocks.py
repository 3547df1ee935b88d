"""What a section of the page is made of. A plain string is a paragraph; in it, `backticks` set code."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal, TypeAlias

from thalweg.interfaces.report.charts import Figure
from thalweg.interfaces.report.charts.markup import Safe, join, tag, text
from thalweg.interfaces.report.charts.wording import short

_WRAPS_AFTER = 26  # letters; shorter cells of a table stay on one line

Mood: TypeAlias = Literal["good", "warn", "bad", "info"]


@dataclass(frozen=True)
class Callout:
    """A sentence that must not be missed, with a bold title and the mood it is told in."""

    kind: ClassVar[str] = "callout"
    mood: Mood
    title: str
    text: str = ""


@dataclass(frozen=True)
class Table:
    """Rows under a header. `align` has one of l, r, c for each column; without it numbers go right."""

    kind: ClassVar[str] = "table"
    header: Sequence[str]
    rows: Sequence[Sequence[object]]
    align: str = ""
    caption: str = ""

    def classes(self) -> list[str]:
        """The CSS classes of each column: its alignment, and whether its texts may wrap."""
        return [f"{self._alignment(i)} {self._length(i)}" for i in range(len(self.header))]

    def _column(self, index: int) -> list[object]:
        values = [row[index] for row in self.rows if index < len(row)]
        return [value for value in values if value is not None and value != ""]

    def _alignment(self, index: int) -> str:
        asked = {"l": "left", "r": "right", "c": "center"}.get(self.align[index : index + 1])
        values = self._column(index)
        return asked or ("right" if values and all(_is_number(value) for value in values) else "left")

    def _length(self, index: int) -> str:
        longest = max((len(shown(value)) for value in self._column(index)), default=0)
        return "long" if longest > _WRAPS_AFTER else "short"


@dataclass(frozen=True)
class Facts:
    """Names with their values, as in a run header."""

    kind: ClassVar[str] = "facts"
    pairs: Sequence[tuple[str, object]]


@dataclass(frozen=True)
class Code:
    """Text set as it is, with a button that copies it."""

    kind: ClassVar[str] = "code"
    text: str


@dataclass(frozen=True)
class Group:
    """Blocks behind a title that opens them."""

    kind: ClassVar[str] = "group"
    title: str
    blocks: Sequence["Block"]
    open: bool = False


@dataclass(frozen=True)
class Beside:
    """Blocks side by side where there is room, one under the other where there is not."""

    kind: ClassVar[str] = "beside"
    blocks: Sequence["Block"]


Block: TypeAlias = str | Callout | Table | Facts | Code | Group | Beside | Figure


def kind(block: Block) -> str:
    """Which macro of the template shows a block."""
    if isinstance(block, str):
        return "prose"
    return "figure" if isinstance(block, Figure) else block.kind


def prose(words: str) -> Safe:
    """A sentence as markup, its `backticked` parts as code."""
    pieces = re.split(r"`([^`]+)`", words)
    return join(*(tag("code", text(p)) if i % 2 else text(p) for i, p in enumerate(pieces)))


def shown(value: object) -> str:
    """A value as a table or a list of facts shows it."""
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return short(float(value)) if isinstance(value, float) else str(value)


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
