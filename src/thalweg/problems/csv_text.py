"""What a CSV or TSV file looks like before its rows are read: encoding, separator and column names.

Found here and then told to the reader, never guessed from a sample of rows. So a broken row is reported with
its line, and a late text value neither stops the reading nor is lost.
"""

import codecs
import csv
import gzip
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import BinaryIO

from thalweg.errors import DataError
from thalweg.problems.words import counted, listed

BLOCK = 1 << 20
SEPARATORS = ",;\t|"
NUMBER = re.compile(r"\s*[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?\s*")


@dataclass(frozen=True)
class CsvText:
    """The separator, the column names in file order, and how many comment lines stand before them."""

    separator: str
    names: tuple[str, ...]
    skip: int
    notices: tuple[str, ...]


def inspect(path: Path) -> CsvText:
    """Refuses what is not UTF-8 text with a line of column names; otherwise says how to read it."""
    check_encoding(path)
    skip, line = header_line(path)
    separator = "\t" if ".tsv" in path.name.lower() else separator_of(line)
    names, notices = column_names(fields(line, separator), path)
    if skip:
        notices = (f"skipped {counted(skip, 'line')} above the column names of {path.name}", *notices)
    return CsvText(separator, names, skip, notices)


def opened(path: Path) -> BinaryIO:
    """The file's bytes, unpacked when the name ends in .gz."""
    return gzip.open(path, "rb") if path.suffix.lower() == ".gz" else path.open("rb")  # type: ignore[return-value]


def blocks(path: Path) -> Iterator[bytes]:
    """The text of the file in pieces of a megabyte."""
    try:
        with opened(path) as file:
            while block := file.read(BLOCK):
                yield block
    except (gzip.BadGzipFile, EOFError, zlib.error) as problem:
        raise DataError(f"{path.name} cannot be unpacked ({problem}); expected a whole gzip file") from None


def check_encoding(path: Path) -> None:
    """UTF-8 without NUL bytes, or the line at which it stops being that."""
    decoder, line, start = codecs.getincrementaldecoder("utf-8")(), 1, True
    for block in blocks(path):
        if start:
            check_first_bytes(block, path)
        start = False
        bad = block.find(b"\0")
        try:
            decoder.decode(block)
        except UnicodeDecodeError as problem:
            bad = max(0, problem.start)
        if bad >= 0:
            at = line + block[:bad].count(b"\n")
            raise DataError(f"{path.name} is not UTF-8 text in line {at}; save it again as CSV UTF-8")
        line += block.count(b"\n")
    if start:
        raise DataError(f"{path.name} is empty; expected a line of column names and rows under it")


def check_first_bytes(block: bytes, path: Path) -> None:
    """Refuses what its first bytes give away as something else than UTF-8 text."""
    if block.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise DataError(f"{path.name} is UTF-16 text; expected UTF-8: save it again as CSV UTF-8")
    if block.startswith((b"PAR1", b"PK\x03\x04", b"\x1f\x8b")):
        raise DataError(
            f"{path.name} is a Parquet, zip or gzip file by its first bytes; expected text: "
            "unpack it, or give it the ending that fits"
        )


def header_line(path: Path) -> tuple[int, str]:
    """The number of lines above the column names, and the line of column names."""
    text = b"".join(islice(blocks(path), 4)).decode("utf-8", "ignore").removeprefix("\ufeff")
    lines = re.split(r"\r\n|\n|\r", text)
    skip = next((i for i, line in enumerate(lines) if line.strip() and not line.startswith("#")), len(lines))
    if skip == len(lines):
        raise DataError(f"{path.name} holds no line of column names; expected one and rows under it")
    if skip and names_behind_hash(lines[skip - 1], lines[skip]):
        return skip - 1, lines[skip - 1].lstrip("# ")
    if lines[skip].count('"') % 2:
        raise DataError(f"the column names of {path.name} hold an open quotation mark; write them in one line")
    return skip, lines[skip]


def names_behind_hash(comment: str, line: str) -> bool:
    """Whether `# a, b` above `1, 2` is the line of names: as many cells, and numbers only below it."""
    separator = separator_of(line)
    above, below = fields(comment, separator), fields(line, separator)
    return (
        comment.startswith("#")
        and len(above) == len(below) > 1
        and any(map(NUMBER.fullmatch, below))
        and not any(map(NUMBER.fullmatch, above))
    )


def separator_of(line: str) -> str:
    """The separator that makes most cells of a line; the comma if none makes more than one."""
    return max(SEPARATORS, key=lambda separator: len(fields(line, separator)))


def fields(line: str, separator: str) -> list[str]:
    """The cells of one line."""
    return next(csv.reader([line], delimiter=separator), [])


def column_names(cells: list[str], path: Path) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Stripped, non-empty, distinct names, and a notice for those that had to be made up."""
    cells = [cell.strip() for cell in cells]
    if all(NUMBER.fullmatch(cell) for cell in cells):
        raise DataError(
            f"the first line of {path.name} holds only numbers ({listed(cells, 4)}); "
            "expected column names: put a line of names on top"
        )
    names = tuple(cell or f"column_{i}" for i, cell in enumerate(cells, start=1))
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise DataError(f"{path.name} has more than one column named {listed(twice)}; give each its own name")
    made_up = [name for name, cell in zip(names, cells, strict=True) if not cell]
    notices = (f"columns without a name are called {listed(made_up)}",) if made_up else ()
    return names, notices
