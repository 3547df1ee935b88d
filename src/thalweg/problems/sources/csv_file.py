"""A CSV or TSV file, also gzipped, as rows that DuckDB reads: every cell as text, nothing guessed."""

import re
from collections.abc import Sequence
from pathlib import Path

from thalweg.errors import DataError
from thalweg.problems.sources import size
from thalweg.problems.sources.csv_text import BLOCK, Header, blocks, read_header, read_structure
from thalweg.problems.sources.engine import plain
from thalweg.problems.sources.relation import Relation
from thalweg.problems.sources.sql import file, quoted, select
from thalweg.problems.sources.typed import WRITTEN
from thalweg.problems.words import counted

USUAL_LINE = 2_000_000  # bytes of a record that DuckDB takes without being told


def csv_rows(path: Path, name: str, most: int, used: int) -> Relation:
    """The file's rows; looked at from end to end. most: rows that are wanted (0: all), of `used` columns."""
    header = read_header(path, name)
    about = estimated_rows(path, header)
    size.require_room(min(most or about, about), used or len(header.names), name, "about ")
    structure = read_structure(path, header, name)
    columns = ", ".join(f"c{i}: 'VARCHAR'" for i in range(len(header.names)))
    compression = "gzip" if path.suffix.lower() == ".gz" else "none"
    options = (
        f"auto_detect=false, header=false, skip={header.skip}, delim={quoted(header.separator)}, quote='\"', "
        f"escape='\"', compression='{compression}', allow_quoted_nulls=false, hive_partitioning=false, "
        f"columns={{{columns}}}"
    )
    if structure.longest > USUAL_LINE:
        options += f", max_line_size={2 * structure.longest}"
    sql, notices = f"read_csv({file(path)}, {options})", list(header.notices)
    if structure.blank and len(header.names) == 1:
        # In a file of one column an empty line could be a missing value; "" in quotation marks is one.
        sql = f"({select('*', sql, 'WHERE c0 IS NOT NULL')})"
        notices.append(f"skipped {counted(structure.blank, 'empty line')} of {name}")
    return Relation(
        sql=sql,
        names=header.names,
        types=(WRITTEN,) * len(header.names),
        name=name,
        rows=structure.records,
        separator=header.separator,
        blanks=structure.blanks,
        notices=tuple(notices),
        sentence=sentence,
    )


def require_room_for_all(paths: Sequence[Path], name: str, most: int, used: int) -> None:
    """Refuses several files that are together too large, before the first is read to its end."""
    header = read_header(paths[0], paths[0].name)
    share = sum(unpacked_size(path) for path in paths) / max(1.0, unpacked_size(paths[0]))
    about = int(share * estimated_rows(paths[0], header))
    size.require_room(min(most or about, about), used or len(header.names), name, "about ")


def estimated_rows(path: Path, header: Header) -> int:
    """About how many rows the file has, from the bytes of its first rows and its size."""
    head = next(blocks(path), b"")[header.start :]
    lines = head.count(b"\r" if header.line_end == b"\r" else b"\n")
    if not lines:
        return 1
    return int(unpacked_size(path) / (len(head) / lines))


def unpacked_size(path: Path) -> float:
    """Bytes of text; of a gzip file about as many as its first megabyte promises."""
    packed = path.stat().st_size
    if path.suffix.lower() != ".gz":
        return packed
    import zlib

    with path.open("rb") as file:
        start = file.read(BLOCK // 4)
    text = len(zlib.decompressobj(wbits=31).decompress(start))
    return packed * text / len(start)


def sentence(problem: Exception, name: str) -> DataError:
    """What DuckDB says about a CSV file: with the line, if it tells."""
    line = re.search(r"CSV Error on Line: (\d+)", str(problem))
    where = f" in line {line[1]}" if line else ""
    return plain(problem, f"{name} cannot be read as CSV{where}", "mend it or save it again")
