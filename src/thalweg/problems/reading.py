"""Reads a CSV, TSV or Parquet file with DuckDB, one thread, rows in file order, nothing from the network.

A CSV column is text until every value in it has been looked at: it is a number when all its values are, not
when the first thousand are. Values are DuckDB's DOUBLE, the float nearest to the decimal text.
"""

import hashlib
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from thalweg.errors import DataError
from thalweg.formulas.arrays import Array
from thalweg.problems import csv_text
from thalweg.problems.words import counted, listed

MISSING = ("", "NA", "N/A", "n/a", "#N/A", "NaN", "nan", "null", "NULL", "?")
CSV_ENDINGS = (".csv", ".tsv", ".txt", ".data", ".csv.gz", ".tsv.gz", ".txt.gz")
PARQUET_ENDINGS = (".parquet", ".pq")
TOGETHER = 64  # columns looked at by one query
NUMERIC = re.compile(r"(U?(TINY|SMALL|BIG|HUGE)INT|U?INTEGER|FLOAT|DOUBLE|DECIMAL.*|BIGNUM)")


@dataclass(frozen=True, eq=False)
class Columns:
    """A table that has been looked through: names, kinds and rows; one column at a time is fetched.

    kinds: name -> "number", "boolean", "text", "date", "empty" or "other". remarks: name -> why a column
    that is mostly numbers is text.
    """

    name: str
    sha256: str
    names: tuple[str, ...]
    kinds: dict[str, str]
    rows: int
    notices: tuple[str, ...]
    remarks: dict[str, str]
    connection: Any
    expressions: dict[str, str]

    def numbers(self, name: str) -> Array:
        """(N,) float64 of a number or boolean column; NaN where the value is missing."""
        sql = f"SELECT coalesce({self.expressions[name]}, 'nan'::DOUBLE) AS x FROM t"  # noqa: S608  names are ours
        return np.ascontiguousarray(self.connection.execute(sql).fetchnumpy()["x"], dtype=np.float64)

    def texts(self, name: str) -> Array:
        """(N,) objects of a text column: str, or None where the value is missing."""
        sql = f"SELECT {self.expressions[name]} AS x FROM t"  # noqa: S608  our own names
        column = self.connection.execute(sql).fetchnumpy()["x"]
        values = np.array(np.ma.getdata(column), dtype=object)
        values[np.ma.getmaskarray(column)] = None
        return values


def read_columns(path: Path, name: str = "") -> Columns:
    """Opens the file, finds its columns and what kind each is. DataError says what is wrong with it.

    name: what notices and errors call the table, if not by its file name.
    """
    ending = check_file(path)
    with path.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    read = read_parquet if ending in PARQUET_ENDINGS else read_csv
    columns = replace(read(path, sha256), name=name or path.name)
    if columns.rows == 0:
        raise DataError(f"{path.name} has column names but no rows; expected rows under {listed(columns.names)}")
    return columns


def check_file(path: Path) -> str:
    """The ending that says how to read the file, once it is there and readable."""
    if path.is_dir():
        raise DataError(f"{path} is a folder; expected a CSV or Parquet file: name one file in it")
    if not path.is_file():
        raise DataError(f"there is no file {path}; check the path")
    ending = next((e for e in CSV_ENDINGS + PARQUET_ENDINGS if path.name.lower().endswith(e)), None)
    if ending is None:
        raise DataError(f"{path.name} ends in {path.suffix or 'nothing'}; expected .csv, .tsv, .csv.gz or .parquet")
    try:
        path.open("rb").close()
    except OSError as problem:
        raise DataError(f"{path} cannot be opened ({problem.strerror}); check its permissions") from None
    return ending


def connect() -> Any:
    """DuckDB in memory: one thread, so that nothing depends on timing, and no extension is ever fetched."""
    import duckdb

    return duckdb.connect(
        config={
            "threads": 1,
            "preserve_insertion_order": True,
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
        }
    )


def quoted(name: str) -> str:
    """A name or text as SQL text."""
    return "'" + name.replace("'", "''") + "'"


def read_csv(path: Path, sha256: str) -> Columns:
    """Every column as text without blanks around it, missing where it is a marker; then its kind."""
    look, con = csv_text.inspect(path), connect()
    ids = {name: f"c{i}" for i, name in enumerate(look.names)}
    load_text(con, path, look, list(ids.values()))
    rows = con.execute("SELECT count(*) FROM t").fetchone()[0]
    kinds, expressions, remarks, notices = {}, {}, {}, list(look.notices)
    for (name, c), (some, numbers) in zip(ids.items(), text_counts(con, list(ids.values())), strict=True):
        kinds[name], expressions[name] = text_kind(con, c, some, numbers, look.separator)
        if expressions[name] == with_comma(c):
            notices.append(f"column {name!r} is read with the comma as decimal sign")
        if kinds[name] == "text" and 2 * numbers > some:
            remarks[name] = spoiled(con, name, c, some - numbers)
    return Columns(path.name, sha256, look.names, kinds, rows, tuple(notices), remarks, con, expressions)


def load_text(con: Any, path: Path, look: csv_text.CsvText, ids: list[str]) -> None:
    """Makes the table t of the file's rows; columns are numbered, so their names may differ by case alone."""
    markers = ", ".join(quoted(marker) for marker in MISSING)
    values = {c: f"trim({c})" for c in ids}
    kept = ", ".join(f"CASE WHEN {value} NOT IN ({markers}) THEN {value} END AS {c}" for c, value in values.items())
    types = ", ".join(f"{c}: 'VARCHAR'" for c in ids)
    options = (
        f"auto_detect=false, header=true, delim={quoted(look.separator)}, quote='\"', escape='\"', "
        f"skip={look.skip}, hive_partitioning=false, columns={{{types}}}"
    )
    execute(con, f"CREATE TABLE t AS SELECT {kept} FROM read_csv(?, {options})", path)  # noqa: S608  texts are ours


def text_kind(con: Any, c: str, some: int, numbers: int, separator: str) -> tuple[str, str]:
    """The kind of a text column with `some` values and `numbers` among them, and the SQL of its values."""
    if some == 0:
        return "empty", c
    if numbers == some:
        return "number", f"TRY_CAST({c} AS DOUBLE)"
    if every(con, c, f"lower({c}) IN ('true', 'false')"):
        return "boolean", f"CAST(lower({c}) = 'true' AS DOUBLE)"
    # Where ; separates columns the comma is free to be the decimal sign, as in much of Europe.
    if separator == ";" and every(con, c, f"{with_comma(c)} IS NOT NULL"):
        return "number", with_comma(c)
    return ("date" if every(con, c, f"TRY_CAST({c} AS TIMESTAMP) IS NOT NULL") else "text"), c


def with_comma(c: str) -> str:
    """SQL for a number written with a decimal comma."""
    return f"TRY_CAST(replace({c}, ',', '.') AS DOUBLE)"


def text_counts(con: Any, ids: list[str]) -> list[tuple[int, int]]:
    """Per column: how many values there are, and how many of them are numbers."""
    counts: list[tuple[int, int]] = []
    for start in range(0, len(ids), TOGETHER):
        asked = ", ".join(f"count({c}), count(TRY_CAST({c} AS DOUBLE))" for c in ids[start : start + TOGETHER])
        answer = con.execute(f"SELECT {asked} FROM t").fetchone()  # noqa: S608  our own names
        counts += zip(answer[::2], answer[1::2], strict=True)
    return counts


def every(con: Any, c: str, test: str) -> bool:
    """Whether all values of a column pass; the first that fails ends the search."""
    sql = f"SELECT 1 FROM t WHERE {c} IS NOT NULL AND NOT ({test}) LIMIT 1"  # noqa: S608  our own names
    return con.execute(sql).fetchone() is None


def spoiled(con: Any, name: str, c: str, bad: int) -> str:
    """The notice for a column of numbers that a few other values turn into text."""
    sql = f"SELECT rowid + 1, {c} FROM t WHERE {c} IS NOT NULL AND TRY_CAST({c} AS DOUBLE) IS NULL ORDER BY 1"  # noqa: S608
    row, value = con.execute(sql + " LIMIT 1").fetchone()
    return (
        f"column {name!r} is text because {counted(bad, 'value')} in it "
        f"{'is not a number' if bad == 1 else 'are not numbers'}: {value!r} in data row {row:,}"
        f"{' and others' if bad > 1 else ''}"
    )


def read_parquet(path: Path, sha256: str) -> Columns:
    """The file's own types: numbers as float64, booleans as 0/1."""
    con = connect()
    execute(con, "CREATE TABLE t AS SELECT * FROM read_parquet(?, hive_partitioning=false)", path)
    types = {name: kind for name, kind, *_ in con.execute("DESCRIBE t").fetchall()}
    written = {name for (name,) in con.execute("SELECT name FROM parquet_schema(?)", [str(path)]).fetchall()}
    if renamed := [name for name in types if name not in written]:
        # DuckDB numbers the second of two names that are equal but for their case.
        same = listed(name.rpartition("_")[0] for name in renamed)
        raise DataError(f"{path.name} has more than one column named {same}; give each its own name")
    columns = {name: '"' + name.replace('"', '""') + '"' for name in types}
    asked = ", ".join(f"count({c})" for c in columns.values())
    rows, *some = con.execute(f"SELECT count(*), {asked} FROM t").fetchone()  # noqa: S608  quoted above
    kinds = {name: parquet_kind(types[name]) if n else "empty" for name, n in zip(types, some, strict=True)}
    expressions = {
        name: f"CAST({c} AS {'DOUBLE' if kinds[name] in ('number', 'boolean') else 'VARCHAR'})"
        for name, c in columns.items()
    }
    return Columns(path.name, sha256, tuple(kinds), kinds, rows, (), {}, con, expressions)


def parquet_kind(kind: str) -> str:
    """Our kind of a DuckDB type."""
    if NUMERIC.fullmatch(kind):
        return "number"
    if kind == "BOOLEAN":
        return "boolean"
    if kind == "VARCHAR" or kind.startswith("ENUM"):
        return "text"
    return "date" if kind.startswith(("DATE", "TIME")) else "other"


def execute(con: Any, sql: str, path: Path) -> None:
    """Reads the file; what DuckDB says about a bad one becomes one sentence."""
    import duckdb

    try:
        con.execute(sql, [str(path)])
    except duckdb.Error as problem:
        raise DataError(sentence(str(problem), path)) from None


def sentence(problem: str, path: Path) -> str:
    """The useful part of DuckDB's message: which line, what was found there, what to do."""
    line = re.search(r"CSV Error on Line: (\d+)", problem)
    found = re.search(r"Expected Number of Columns: (\d+) Found: (\d+)", problem)
    if line and found:
        return (
            f"line {line[1]} of {path.name} has {counted(int(found[2]), 'value')}; expected {found[1]}, "
            "as in the line of column names: mend that line"
        )
    if line and "unterminated quote" in problem:
        return f"line {line[1]} of {path.name} opens a quotation mark that is never closed; mend that line"
    if "state machine" in problem:
        return f"{path.name} mixes two kinds of line ends; expected one: save it again with one kind"
    reason = problem.splitlines()[0].removeprefix("Invalid Input Error: ").replace(str(path), path.name)
    if path.name.lower().endswith(PARQUET_ENDINGS):
        return f"{path.name} is not a whole Parquet file ({reason}); write it again, or name text .csv"
    where = f" in line {line[1]}" if line else ""
    return f"{path.name} cannot be read as CSV{where} ({reason}); mend it or save it again"
