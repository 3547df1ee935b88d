"""What a run was found to be worth, evaluation by evaluation. A population is evaluated at once; its members' records
are taken out of that when somebody looks at them.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple, overload

from thalweg.formulas.arrays import Array

Evaluation = dict[str, Any]  # t, epoch, samples, seconds, lr, then measures as train_loss, validation_loss, …


class Sheet(NamedTuple):
    """One evaluation of some members: what they share, and (A,) numbers of each."""

    shared: Mapping[str, Any]
    each: Mapping[str, Array]

    def of(self, place: int) -> Evaluation:
        return {**self.shared, **{name: float(values[place]) for name, values in self.each.items()}}


class Evaluations(Sequence[Evaluation]):
    """The evaluations of one run, oldest first: entries, or (sheet, place) for an entry."""

    def __init__(self, entries: Iterable[Evaluation | tuple[Sheet, int]] = ()):
        self._entries = list(entries)

    @overload
    def __getitem__(self, at: int) -> Evaluation: ...
    @overload
    def __getitem__(self, at: slice) -> list[Evaluation]: ...
    def __getitem__(self, at: int | slice) -> Evaluation | list[Evaluation]:
        if isinstance(at, slice):
            return [self[i] for i in range(*at.indices(len(self)))]
        entry = self._entries[at]
        if isinstance(entry, tuple):
            sheet, place = entry
            entry = self._entries[at] = sheet.of(place)
        return entry

    def __len__(self) -> int:
        return len(self._entries)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and list(self) == list(other)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return repr(list(self))

    def append(self, sheet: Sheet, place: int) -> None:
        """The entry in this place of the sheet."""
        self._entries.append((sheet, place))

    def copy(self) -> "Evaluations":
        return Evaluations(self._entries)
