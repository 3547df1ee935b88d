"""Tens of thousands of odd CSV files: each is read to the last value, or refused in one sentence.

What Python's own csv module reads is the judge: as many rows, and the same text in every cell.
"""

import csv
import gzip
import io
import math
import os
import random
import re
from collections import Counter

import pytest

from thalweg.errors import DataError
from thalweg.problems.sources import csv_text
from thalweg.problems.sources.markers import DOUBTFUL, MISSING
from thalweg.problems.sources.opening import open_source

pytestmark = [pytest.mark.fuzz, pytest.mark.slow]

PLAIN = ["1", "2.5", "-3", "0", "1e5", ".5", "7.", "+4", "12", "x", "yes", "red", "caf\u00e9", ""]
ODD = [
    *MISSING, *DOUBTFUL, "1_000", "0x1F", "+-5", "1e400", "-1e400", "inf", "-Infinity", "1" * 40, "0." + "3" * 60,
    "12345678901234567891", "01234", "00501", "-0", "-0.0", "1e-320", "5e-324", "2.2250738585072011e-308", "1d", "١",
    "1,234", "12,5", "1.234,5", "$5", "(5)", "30%", "12.5 %", "5 \u20ac", "true", "FALSE", "2020-01-31", "2020-02-30",
    "31/01/2020", "1/2/2020", "12:30", "25:00", "2020-01-31T05:00:00Z", "2020-01-31 05:00:00+02:00", "5:17 PM",
    " 5", "5 ", "\t5", "\u00a05", " x ", "# note", "#", "'", "\\", "a;b", "a|b", "a\tb", "NaN ", "a\u2028b", "\x0b",
    "\ufeff1", "\U0001f600", "1 000", "Jan 5, 2020", "1E+05", "0.1", "0.30000000000000004", "9007199254740993",
]  # fmt: skip
QUOTED = [
    '"a,b"',
    '"x\ny"',
    '"q""q"',
    '""',
    '"1"',
    '"1,234"',
    '""""',
    '"\r\n"',
    '" 7 "',
    '"x\rz"',
    '"NA"',
    '"a;b\tc|d"',
]
BROKEN = ['a"b', '"a"b', '"a', 'a"', ' "a"', '"a" ', '"""', '"a""', "\x00", '"a\\"b"', '",', "\r", "\n", "\r\n"]
NAMES = ["a", "A", "b", "x y", "SELECT", '"q,r"', "1990", "", "c0", "t", "caf\u00e9", "a.b", "rowid", "3.5", "'", "row"]


def table(rng: random.Random, cells: list[str], separator: str, end: str) -> str:
    """A table with as many cells in each row as there are names, most of the time."""
    width, height = rng.choice([1, 1, 2, 2, 3, 5]), rng.choice([0, 1, 2, 3, 5, 24])
    columns = [rng.choices(cells, k=rng.choice([1, 2, 6])) for _ in range(width)]
    names = rng.sample(NAMES, width) if rng.random() < 0.9 else rng.choices(NAMES, k=width)
    rows = [separator.join(rng.choice(column) for column in columns) for _ in range(height)]
    text = end.join([separator.join(names), *rows])
    return text + rng.choice(["", end, end, end + end])


def tables_of(rng: random.Random, cells: list[str]) -> bytes:
    return table(rng, cells, rng.choice(",,,;\t|"), rng.choice(["\n", "\n", "\r\n", "\r"])).encode()


def numbers(rng: random.Random) -> bytes:
    """Columns of numbers, spelled in all ways."""
    spell = [repr, "{:.3f}".format, "{:e}".format, "{:.40f}".format, "{:,.2f}".format, "{:+}".format, "{:g}".format]
    column = [rng.choice(spell) for _ in range(3)]
    rows = ["a;b;c"]
    for _ in range(rng.randint(1, 30)):
        values = [rng.gauss(0, 10 ** rng.randint(-320, 300) if rng.random() < 0.3 else 1e3) for _ in range(3)]
        rows.append(";".join(form(value) for form, value in zip(column, values, strict=True)))
    if rng.random() < 0.3:
        rows.insert(rng.randint(1, len(rows)), ";".join(rng.choice(ODD) for _ in range(rng.choice([3, 3, 2]))))
    return "\n".join(rows).encode()


def soup(rng: random.Random) -> bytes:
    """Cells, separators, quotation marks and line ends in any order."""
    atoms = [*PLAIN, *QUOTED, *BROKEN, ",", ",", ",", "\n", "\n", ";", "\t"]
    head = rng.choice(
        [
            "a,b\n",
            "a\n",
            "a,b,c\r\n",
            "# note\na,b\n",
            "\n\na;b\n",
            "",
            "\ufeffa,b\n",
            "# a,b\n1,2\n",
            '# "odd\na,b\n',
            "sep=;\na;b\n",
        ]
    )
    return (head + "".join(rng.choices(atoms, k=rng.randint(0, 25)))).encode()


def damaged(rng: random.Random) -> bytes:
    """A sound table with a few bytes changed, lost, doubled or put in."""
    text = bytearray(tables_of(rng, [*PLAIN, *QUOTED]))
    for _ in range(rng.randint(1, 3)):
        at, how = rng.randrange(len(text) + 1), rng.random()
        if how < 0.4:
            text[at:at] = rng.choice([b",", b'"', b"\n", b"\r", b"\x00", b"\xff", b"\xc3", b" ", b"#", b"\xef\xbb\xbf"])
        elif how < 0.7:
            del text[at : at + rng.randint(1, 4)]
        else:
            text[at:at] = text[max(0, at - 9) : at]
    return bytes(text)


def lines(rng: random.Random) -> bytes:
    """Line ends of several kinds, blank lines, comments, and rows with too few or too many cells."""
    rows = ["1,2", "1,2", "3,x", '"a\nb",5', "", " ", "# note", "1", "1,2,3", "1,2,", ",", '"",']
    parts = ["a,b", *rng.choices(rows, k=rng.randint(0, 8))]
    mixed = rng.random() < 0.4
    end = rng.choice(["\n", "\r\n", "\r"])
    return "".join(part + (rng.choice(["\n", "\r\n", "\r"]) if mixed else end) for part in parts).encode()


def encoded(rng: random.Random) -> bytes:
    """Other encodings, cut characters, bytes that are no text at all."""
    text = table(rng, ["caf\u00e9", "\u20ac5", "na\u00efve", "1"], ",", "\n")
    how = rng.choice(["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "latin-1", "cp1252", "cut", "noise", "surrogate"])
    if how == "cut":
        whole = text.encode()
        return whole[: rng.randrange(len(whole) + 1)]
    if how == "noise":
        return rng.randbytes(rng.randint(0, 200))
    if how == "surrogate":
        return text.encode() + b"\xed\xa0\x80,1\n"
    return text.encode(how, "replace")


SORTS = {  # how to make a file, and how many are made: 20,100 together, most of them malformed
    "plain tables": (lambda rng: tables_of(rng, PLAIN), 100),
    "odd values": (lambda rng: tables_of(rng, [*PLAIN, *ODD, *ODD]), 250),
    "quotation marks": (lambda rng: tables_of(rng, [*PLAIN, *QUOTED, *QUOTED]), 250),
    "broken quotation marks": (lambda rng: tables_of(rng, [*PLAIN, *PLAIN, *PLAIN, *QUOTED, *BROKEN]), 900),
    "numbers": (numbers, 100),
    "soup": (soup, 9000),
    "damaged": (damaged, 3500),
    "lines": (lines, 4500),
    "encodings": (encoded, 1500),
}


@pytest.mark.parametrize("sort", SORTS)
def test_each_odd_file_is_read_to_the_last_value_or_refused_in_one_sentence(sort, tmp_path):
    rng, seen = random.Random(sort), Counter()
    make, number = SORTS[sort]
    for i in range(number):
        content = make(rng)
        path = tmp_path / ("data.tsv" if i % 50 == 0 else "data.csv.gz" if i % 50 == 1 else "data.csv")
        path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)
        try:
            columns = open_source(str(path))
        except DataError as problem:
            check_refusal(str(problem), path.name)
            seen["refused"] += 1
            continue
        check_values(columns, path, content)
        seen["read"] += 1
    # Files that are all refused, or all read, would test only half of the law.
    assert min(seen["read"], seen["refused"]) > number // 100, seen


def check_refusal(sentence: str, name: str) -> None:
    """One line that names the file and none of the tools underneath."""
    assert "\n" not in sentence, sentence
    assert name in sentence, sentence
    assert len(sentence) < 500, sentence
    assert not re.search(r"Traceback|Exception|LINE 1|SELECT .* FROM|\bc\d+\b.*VARCHAR|strict_mode|0x7f", sentence), (
        sentence
    )


def records(path, content: bytes) -> tuple[str, list[list[str]]]:
    """The separator, and what Python's csv module reads under the line of column names."""
    header = csv_text.read_header(path, path.name)
    text = io.StringIO(content[header.start :].decode(), newline="")
    return header.separator, [row for row in csv.reader(text, delimiter=header.separator) if row]


def check_values(columns, path, content: bytes) -> None:
    """As many rows as records, and in each cell what is written there."""
    separator, rows = records(path, content)
    assert columns.rows == len(rows), content
    assert {len(row) for row in rows} <= {len(columns.names)}, content
    for i, name in enumerate(columns.names):
        cells = [row[i].strip(" \u00a0" if separator == "\t" else " \t\u00a0") for row in rows]
        check_column(columns, name, cells, content)


def check_column(columns, name: str, cells: list[str], content: bytes) -> None:
    kind, how = columns.kinds[name], columns.how[name]
    cells = [None if cell in MISSING else cell for cell in cells]
    if kind == "empty":
        assert cells == [None] * len(cells), content
    elif kind == "text":
        assert columns.texts(name).tolist() == cells, content
    elif kind in ("number", "boolean"):
        found = columns.numbers(name).tolist()
        for value, cell in zip(found, cells, strict=True):
            expected = math.nan if cell is None or cell in DOUBTFUL else number(cell, how)
            assert repr(value) == repr(expected), (value, cell, content)
    else:
        present = [cell is not None and cell not in DOUBTFUL for cell in cells]
        assert [not math.isnan(value) for value in columns.times(name)] == present, content


def number(cell: str, how: str) -> float:
    """What a person reads."""
    if how == "boolean":
        return {"true": 1.0, "false": 0.0}[cell.lower()]
    if how == "number":
        assert "_" not in cell
        return float(cell)
    sign = -1.0 if re.match(r"[^0-9]*[-(]", cell) else 1.0
    digits = re.sub(r"[^0-9.,eE+-]", "", cell).lstrip("+-")
    comma = "decimal comma" in how
    return sign * float(digits.replace(".", "").replace(",", ".") if comma else digits.replace(",", ""))


def test_a_pipe_a_folder_and_a_file_that_may_not_be_read_are_refused(tmp_path):
    os.mkfifo(tmp_path / "pipe.csv")
    (tmp_path / "closed.csv").write_text("a\n1\n")
    (tmp_path / "folder.csv").mkdir()
    for name, words in (("pipe.csv", "no ordinary file"), ("folder.csv", "is a folder"), ("none.csv", "no file")):
        with pytest.raises(DataError, match=words):
            open_source(str(tmp_path / name))


@pytest.mark.parametrize("ending", ["parquet", "json", "jsonl", "db", "duckdb", "csv.gz", "json.gz", "sqlite"])
def test_junk_under_any_ending_is_refused_in_one_sentence(ending, tmp_path):
    rng = random.Random(ending)
    starts = [b"", b"PAR1", b"[", b'{"a":', b"SQLite format 3\0", b"\0" * 8 + b"DUCK", b"\x1f\x8b\x08", b"a,b\n"]
    for _ in range(150):
        path = tmp_path / f"junk.{ending}"
        path.write_bytes(rng.choice(starts) + rng.randbytes(rng.choice([0, 3, 40, 5000])))
        with pytest.raises(DataError) as caught:
            open_source(str(path))
        check_refusal(str(caught.value), path.name)


@pytest.mark.parametrize("place", ["value", "name", "quoted"])
def test_a_field_of_megabytes_is_read(place, tmp_path):
    long = "x" * 5_000_000
    text = {"value": f"a,b\n1,{long}\n2,y\n", "name": f"a,{long}\n1,2\n3,4\n", "quoted": f'a,b\n1,"{long}\n"\n2,y\n'}[
        place
    ]
    path = tmp_path / "long.csv"
    path.write_text(text)
    if place == "name":
        with pytest.raises(DataError, match="column names"):
            open_source(str(path))
    else:
        columns = open_source(str(path))
        assert columns.texts("b")[0].strip() == long
        assert columns.rows == 2
