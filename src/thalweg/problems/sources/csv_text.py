"""What a CSV or TSV file looks like before its rows are read: encoding, separator, column names, number of rows.

Found here and then told to the reader, never guessed from a sample of rows. So a broken row is reported with
its line, and a late text value neither stops the reading nor is lost.
"""

import codecs
import csv
import gzip
import re
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from thalweg.errors import DataError
from thalweg.problems.sources import misread
from thalweg.problems.sources.csv_scan import Scan, Structure, line_breaks, whole_lines
from thalweg.problems.sources.readings import NUMERAL
from thalweg.problems.words import counted, listed

BLOCK = 1 << 20
HEAD = 4 << 20  # bytes in which the column names must be found
SEPARATORS = ",;\t|"
NUMBER = re.compile(rf"\s*{NUMERAL}\s*")
EXCEL = re.compile(rb"sep=.", re.IGNORECASE)  # Excel's own line on the separator
LINE = re.compile(rb"([^\r\n]*)(\r\n|\n|\r|\Z)")


@dataclass(frozen=True)
class Header:
    """The line of column names. skip: lines above and with it; start: the byte after it."""

    separator: str
    names: tuple[str, ...]
    line: bytes
    line_end: bytes
    skip: int
    start: int
    notices: tuple[str, ...]


def opened(path: Path) -> BinaryIO:
    """The file's bytes, unpacked when the name ends in .gz."""
    return gzip.open(path, "rb") if path.suffix.lower() == ".gz" else path.open("rb")  # type: ignore[return-value]


def blocks(path: Path, size: int = BLOCK) -> Iterator[bytes]:
    """The text of the file in pieces of a megabyte."""
    try:
        with opened(path) as file:
            while block := file.read(size):
                yield block
    except (gzip.BadGzipFile, EOFError, zlib.error) as problem:
        raise DataError(f"{path.name} cannot be unpacked ({problem}); expected a whole gzip file") from None
    except OSError as problem:
        raise DataError(f"{path.name} cannot be read ({problem.strerror or problem}); check the file") from None


def read_header(path: Path, name: str) -> Header:
    """Refuses what is no text with a line of column names; otherwise says how to read it."""
    head = next(blocks(path, HEAD), b"")
    check_first_bytes(head, name)
    skip, start, line, line_end = header_line(head, name)
    text = decoded(line, name, skip + 1)
    below = [part.decode("utf-8", "ignore") for part, _ in lines_from(head, start, 30)]
    separator = separator_of([text, *below], "\t" if ".tsv" in path.name.lower() else "")
    refuse_misread([text, *filter(str.strip, below)], separator, name)
    names, notices = column_names(fields(text, separator, name), name)
    if skip:
        notices = (f"skipped {counted(skip, 'line')} above the column names of {name}", *notices)
    return Header(separator, names, line, line_end, skip + 1, start, notices)


def read_structure(path: Path, header: Header, name: str) -> Structure:
    """Looks at every byte under the column names, and at their line too."""
    scan = Scan(name, ord(header.separator), len(header.names), header.line_end, line=header.skip)
    scan.read(header.line + header.line_end)
    scan.records = 0
    skipped, line = header.start, 1
    for piece in whole_lines(blocks(path), header.line_end, name):
        decoded(piece, name, line)
        line += line_breaks(piece)
        if skipped >= len(piece):
            skipped -= len(piece)
            continue
        scan.read(piece[skipped:])
        skipped = 0
    return scan.finish()


def refuse_misread(lines: list[str], separator: str, name: str) -> None:
    """A table that is written in another way than with separators under names. lines: not empty, the names first."""
    cells = [split(line, separator) for line in lines]
    misread.refuse_blanks(lines, [len(row) for row in cells], name)
    misread.refuse_missing_name(len(cells[0]), cells[1:], name)


def decoded(text: bytes, name: str, line: int) -> str:
    """The text; DataError names the line in which it stops being UTF-8."""
    try:
        bad, why = text.find(b"\0"), "a NUL byte; a file that is UTF-16 is converted by iconv -f UTF-16 -t UTF-8"
        if bad < 0:
            return text.decode()
    except UnicodeDecodeError as problem:
        bad = problem.start
        why = f"byte 0x{text[bad]:02x}; a file from Windows is converted by iconv -f WINDOWS-1252 -t UTF-8"
    at = line + line_breaks(text[:bad])
    raise DataError(f"{name} is not UTF-8 text in line {at} ({why}); or save it again as CSV UTF-8") from None


def check_first_bytes(head: bytes, name: str) -> None:
    """Refuses what its first bytes give away as something else than UTF-8 text."""
    if not head:
        raise DataError(f"{name} is empty; expected a line of column names and rows under it")
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise DataError(
            f"{name} is UTF-16 text; expected UTF-8: iconv -f UTF-16 -t UTF-8 converts it, "
            "or save it again as CSV UTF-8"
        )
    if head.startswith((b"PAR1", b"PK\x03\x04", b"\x1f\x8b", b"SQLite format 3\0")):
        raise DataError(
            f"{name} is a Parquet, zip (or Excel), gzip or SQLite file by its first bytes; expected text: "
            "unpack it, or give it the ending that fits"
        )


def lines_from(head: bytes, start: int, most: int = 1 << 30) -> Iterator[tuple[bytes, bytes]]:
    """(line, line end) from a byte on."""
    while start < len(head) and most:
        found = LINE.match(head, start)
        assert found is not None  # noqa: S101  the pattern matches nothing, too
        yield found[1], found[2]
        start, most = found.end(), most - 1


def header_line(head: bytes, name: str) -> tuple[int, int, bytes, bytes]:
    """How many lines stand above the column names, the byte after them, their line, and how it ends."""
    start, above, skip = len(codecs.BOM_UTF8) if head.startswith(codecs.BOM_UTF8) else 0, (b"", b"", 0), 0
    for line, line_end in lines_from(head, start):
        start += len(line) + len(line_end)
        if line.strip() and not line.startswith(b"#") and not EXCEL.fullmatch(line):
            break
        above, skip = (line, line_end, start), skip + 1
    else:
        raise DataError(f"{name} holds no line of column names; expected one and rows under it")
    if skip and names_behind_hash(above[0], line):
        line, line_end, start, skip = above[0].lstrip(b"# "), above[1], above[2], skip - 1
    if line.count(b'"') % 2:
        raise DataError(f"the column names of {name} hold an open quotation mark; write them in one line")
    return skip, start, line, line_end or b"\n"


def names_behind_hash(comment: bytes, line: bytes) -> bool:
    """Whether `# a, b` above `1, 2` is the line of names: as many cells, and numbers only below it."""
    above, below = comment.decode("utf-8", "ignore"), line.decode("utf-8", "ignore")
    separator = separator_of([above])
    names, values = split(above, separator), split(below, separator)
    return (
        comment.startswith(b"#")
        and len(names) == len(values) > 1
        and any(map(NUMBER.fullmatch, values))
        and not any(map(NUMBER.fullmatch, names))
    )


def separator_of(lines: Sequence[str], expected: str = "") -> str:
    """The separator by which the first lines have as many cells as the names; else that of most names."""
    cells = {separator: len(split(lines[0], separator)) for separator in SEPARATORS}
    if cells.get(expected, 0) > 1:
        return expected
    likely = sorted((s for s in SEPARATORS if cells[s] > 1), key=lambda s: -cells[s])
    for separator in likely:
        below = [line for line in lines[1:] if line.strip()]
        if below and all(len(split(line, separator)) == cells[separator] for line in below):
            return separator
    return likely[0] if likely else expected or ","


def split(line: str, separator: str) -> list[str]:
    """The cells of one line; none where it is no CSV."""
    try:
        return next(csv.reader([line], delimiter=separator), [])
    except csv.Error:
        return []


def fields(line: str, separator: str, name: str) -> list[str]:
    """The cells of the line of names."""
    try:
        return next(csv.reader([line], delimiter=separator))
    except csv.Error as problem:
        raise DataError(f"the column names of {name} cannot be read ({problem}); mend the first line") from None


def column_names(cells: list[str], where: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Stripped, non-empty, distinct names, and a notice for those that were made up or look like values."""
    cells = [cell.strip() for cell in cells]
    if all(len(cell) > 2 and cell[0] == cell[-1] == "'" for cell in cells):  # as R and SAS quote text
        cells = [cell[1:-1] for cell in cells]
    numbers = [cell for cell in cells if NUMBER.fullmatch(cell)]
    if misread.counts_columns(cells):
        return tuple(cells), (
            f"the first line of {where} counts the columns ({listed(cells, 4)}): read as their names",
        )
    if len(numbers) == len(cells):
        raise DataError(
            f"the first line of {where} holds only numbers ({listed(cells, 4)}); "
            "expected column names: put a line of names on top"
        )
    misread.refuse_values(cells, where)
    names = tuple(cell or f"column_{i}" for i, cell in enumerate(cells, start=1))
    refuse_twice(names, where)
    made_up = [name for name, cell in zip(names, cells, strict=True) if not cell]
    notices = [f"columns without a name are called {listed(made_up)}"] if made_up else []
    if numbers:
        notices.append(
            f"the first line of {where} is read as column names, though some are numbers ({listed(numbers, 4)}); "
            "if it is a row, put a line of names on top"
        )
    return names, tuple(notices)


def refuse_twice(names: Sequence[str], where: str) -> None:
    """Two columns of one name cannot be told apart."""
    count: dict[str, int] = {}
    for name in names:
        count[name] = count.get(name, 0) + 1
    if twice := sorted(name for name in count if count[name] > 1):
        raise DataError(f"{where} has more than one column named {listed(twice)}; give each its own name")
