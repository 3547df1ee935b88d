"""Looks at every byte of a CSV file once: is it UTF-8, is each quotation mark in its place, has each row its cells.

Whole blocks of bytes are looked at with NumPy, a gigabyte in two seconds. What passes means the same to every
CSV reader (RFC 4180), and the number of rows is known before they are read: a row that a reader lost would show.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from thalweg.errors import DataError
from thalweg.formulas.arrays import Array
from thalweg.problems.words import counted

LF, CR, QUOTE = 10, 13, 34
LINE_ENDS = {b"\n": "LF", b"\r\n": "CR LF", b"\r": "CR"}
LONGEST = 64 << 20  # bytes of a record: more is no table


@dataclass(frozen=True)
class Structure:
    """records: rows under the column names. blank: lines without anything. longest: bytes of a record, at most.

    blanks: what may stand around a value, beside the space.
    """

    records: int
    blank: int
    longest: int
    blanks: str


@dataclass
class Scan:
    """Where the scan is: line number, whether inside quotation marks, and the record that is still open."""

    name: str
    separator: int
    cells: int
    line_end: bytes
    line: int = 1
    records: int = 0
    blank: int = 0
    longest: int = 0
    inside: bool = False
    opened: int = 0  # the line of the quotation mark that is open
    separators: int = 0  # of the open record so far
    length: int = 0  # bytes of the open record so far
    record_line: int = 0  # line in which the open record starts
    blanks: frozenset[str] = frozenset()

    def read(self, piece: bytes) -> None:
        """Takes a piece that ends with a line end."""
        a = np.frombuffer(piece, np.uint8)
        outside = self._outside(a) if self.inside or b'"' in piece else None
        ends, content = self._record_ends(a, outside, b"\r" in piece)
        is_separator = a == self.separator
        if outside is not None:
            is_separator &= outside
        self._records(a, ends, content, is_separator)
        self.line += line_breaks(a)
        if b"\t" in piece:
            self.blanks |= {"\t"}
        if not piece.isascii() and "\u00a0".encode() in piece:
            self.blanks |= {"\u00a0"}

    def finish(self) -> Structure:
        """What was found, once no piece is left."""
        if self.inside:
            raise DataError(
                f"line {self.opened} of {self.name} opens a quotation mark that is never closed; mend that line"
            )
        blanks = "".join(sorted(self.blanks - {chr(self.separator)}))
        return Structure(self.records, self.blank, self.longest, blanks)

    def _outside(self, a: Array) -> Array:
        """A mask of the bytes outside quotation marks; refuses marks that open or close within a value."""
        quote = a == QUOTE
        at = np.flatnonzero(quote)
        opens = (np.arange(len(at)) & 1) == self.inside
        # A piece starts where a line starts and ends where a line ends.
        beside = np.where(opens, np.where(at > 0, a[at - 1], LF), a[np.minimum(at + 1, len(a) - 1)])
        wrong = ~np.isin(beside, np.array([self.separator, LF, CR, QUOTE], np.uint8))
        if wrong.any():
            opening = at[: int(wrong.argmax()) + 1][opens[: int(wrong.argmax()) + 1]]
            line = self.line + line_breaks(a[: opening[-1]]) if len(opening) else self.opened
            raise DataError(
                f"line {line} of {self.name} has a quotation mark in the middle of a value; expected marks "
                'around the whole value and "" for one inside it: mend that line'
            )
        inside = (np.cumsum(quote, dtype=np.uint8) & 1).astype(bool) ^ self.inside
        self.inside = bool(inside[-1])
        if self.inside and opens.any():
            self.opened = self.line + line_breaks(a[: at[opens][-1]])
        return ~inside

    def _record_ends(self, a: Array, outside: Array | None, returns: bool) -> tuple[Array, int]:
        """Positions of the last byte of each line end, and how many bytes a line end has."""
        feed = a == LF
        pair = np.zeros(len(a), bool)
        lone = np.zeros(len(a), bool)
        if returns:
            carriage = a == CR
            pair[1:] = feed[1:] & carriage[:-1]
            lone = carriage & ~np.concatenate([feed[1:], [False]])
        kinds = {b"\n": feed & ~pair, b"\r\n": pair, b"\r": lone}
        if outside is not None:
            kinds = {kind: where & outside for kind, where in kinds.items()}
        for kind, where in kinds.items():
            if kind != self.line_end and where.any():
                line = self.line + line_breaks(a[: int(where.argmax()) - (len(kind) - 1)])
                raise DataError(
                    f"{self.name} mixes two kinds of line ends: line {line} ends in {LINE_ENDS[kind]}, the first in "
                    f"{LINE_ENDS[self.line_end]}; expected one kind: save it again with one"
                )
        return np.flatnonzero(kinds[self.line_end]), len(self.line_end)

    def _records(self, a: Array, ends: Array, line_end: int, is_separator: Array) -> None:
        """Counts the records that end in this piece; refuses one with too few or too many cells."""
        if not len(ends):
            self.record_line = self.record_line if self.length else self.line
            self.separators += int(is_separator.sum())
            self.length += len(a)
            self._require_length(self.length)
            return
        starts = np.concatenate([[0], ends[:-1] + 1])
        found = np.add.reduceat(is_separator[: ends[-1] + 1], starts, dtype=np.int32)
        lengths = ends - starts + 1 - line_end
        found[0] += self.separators
        lengths[0] += self.length
        filled = lengths > 0
        ragged = filled & (found != self.cells - 1)
        if ragged.any():
            first = int(ragged.argmax())
            line = self.record_line if first == 0 and self.length else self.line + line_breaks(a[: starts[first]])
            raise DataError(
                f"line {line} of {self.name} has {counted(int(found[first]) + 1, 'value')}; expected {self.cells}, "
                "as in the line of column names: mend that line"
            )
        self.records += int(filled.sum())
        self.blank += len(filled) - int(filled.sum())
        self.longest = max(self.longest, int(lengths.max()))
        self._require_length(self.longest)
        tail = ends[-1] + 1
        self.record_line = self.line + line_breaks(a[:tail]) if tail < len(a) else 0
        self.separators, self.length = int(is_separator[tail:].sum()), len(a) - int(tail)

    def _require_length(self, length: int) -> None:
        if length > LONGEST:
            raise DataError(
                f"line {self.record_line or self.line} of {self.name} is longer than {LONGEST >> 20} MB; "
                "expected a row of a table: mend that line"
            )


def line_breaks(text: bytes | Array) -> int:
    """How many lines end in these bytes, within quotation marks or not."""
    a = np.frombuffer(text, np.uint8) if isinstance(text, bytes) else text
    feed, carriage = a == LF, a == CR
    alone = np.count_nonzero(carriage) - np.count_nonzero(carriage[:-1] & feed[1:])
    return int(np.count_nonzero(feed) + alone)


def whole_lines(blocks: Iterator[bytes], line_end: bytes, name: str) -> Iterator[bytes]:
    """The same bytes in pieces that end where a line ends; the last line gets its end if it has none."""
    rest = b""
    for block in blocks:
        rest += block
        cut = rest.rfind(b"\n") + 1
        if not cut and line_end == b"\r":
            # Not the last byte: the next one might be the LF of a CR LF.
            cut = rest.rfind(b"\r", 0, len(rest) - 1) + 1
        if cut:
            yield rest[:cut]
            rest = rest[cut:]
        elif len(rest) > LONGEST:
            raise DataError(f"{name} has a line longer than {LONGEST >> 20} MB; expected the rows of a table")
    if rest:
        yield rest if rest.endswith((b"\n", b"\r")) else rest + line_end
