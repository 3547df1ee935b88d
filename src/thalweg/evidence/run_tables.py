"""Run folders as tables for SQL: runs, evaluations, steps, studies. DuckDB reads them; nothing can be written.

Only the tables that a query names are made. They are read from the folders each time: there is no database to keep.
"""

import re
import tomllib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from thalweg.descent.complaint import no_such
from thalweg.descent.run_summary import Summary
from thalweg.errors import SpecError
from thalweg.evidence.run_index import Found, Row, columns_of, find_runs
from thalweg.formulas.arrays import Array

SIGNALS = ("t", "seconds", "lr", "loss", "grad_norm", "update_norm", "param_norm")
NUMBERS = {"members", "lr", "batch", "batch_size", "t", "steps", "seed", "best_loss", "best_step", "seconds"}
MOST_BYTES = 2 << 30  # of step signals in memory at once
READS = ("SELECT", "EXPLAIN", "MULTI")  # statements; MULTI is a PIVOT
TABLES = {
    "runs": "one row for each run, also those inside studies: what came of it, and every setting by its name",
    "evaluations": "one row for each evaluation of a run: t, epoch, seconds and its measures",
    "steps": 'one row for each update: loss and norms; more by name, as in "grad_norm[W]" or "theta[0]"',
    "studies": "one row for each study: why it was made, and what to test next",
}
Data = dict[str, Array]


@dataclass(frozen=True)
class Answer:
    """What a query gave. total: how many rows there were before any were cut."""

    columns: tuple[str, ...]
    rows: list[tuple[Any, ...]]
    total: int


def ask(query: str, root: Path, most: int = 0) -> Answer:
    """Run one reading statement over the run folders below the root; at most so many rows (0: all)."""
    found = find_runs(root, members=True)
    connection = _connection()
    _require_reading(query)
    for name in TABLES:
        if re.search(rf"\b{name}\b", query, re.IGNORECASE):
            _create(connection, name, MAKERS[name](found, root, query))
    return _fetched(connection, query, most)


def where(rows: Sequence[Row], condition: str) -> list[Row]:
    """The rows for which a SQL expression over their columns is true."""
    connection = _connection()
    _create(connection, "runs", as_columns(rows))
    query = (
        f"SELECT place FROM (SELECT *, row_number() OVER () - 1 AS place FROM runs) WHERE (\n{condition}\n) ORDER BY 1"  # noqa: S608
    )
    try:
        _require_reading(query)
        return [rows[place] for (place,) in _fetched(connection, query).rows]
    except SpecError as error:
        said = str(error).partition(" in: ")[0].removeprefix("SQL: ")
        if said.startswith("no column"):
            raise
        raise SpecError(
            f"{condition!r} is no condition: {said}; write one as in \"lr < 0.1 AND rule = 'adam'\""
        ) from None


def described(root: Path) -> dict[str, list[tuple[str, str]]]:
    """{table: [(column, type)]}."""
    found = find_runs(root, members=True)
    connection = _connection()
    for name, maker in MAKERS.items():
        _create(connection, name, maker(found, root, ""))
    return {name: [(row[0], row[1]) for row in connection.execute(f"DESCRIBE {name}").fetchall()] for name in TABLES}


def as_written(name: str) -> str:
    """A column as a query names it: in quotes where SQL reserves the word, or it is none."""
    return name if re.fullmatch(r"[a-z_][a-z0-9_]*", name) and name not in _reserved() else f'"{name}"'


@cache
def _reserved() -> frozenset[str]:
    words = "SELECT keyword_name FROM duckdb_keywords() WHERE keyword_category = 'reserved'"
    return frozenset(word for (word,) in _connection().execute(words).fetchall())


def _connection() -> Any:
    import duckdb

    off = {"autoinstall_known_extensions": False, "autoload_known_extensions": False}
    return duckdb.connect(config={"threads": 1, **off})


def _require_reading(query: str) -> None:
    """One statement, and one that writes nothing."""
    import duckdb

    try:
        statements = duckdb.extract_statements(query)
    except duckdb.Error as error:
        raise SpecError(_plain(error)) from None
    if not statements:
        raise SpecError('the query is empty; give a SELECT, as in "SELECT run, best_loss FROM runs"')
    if len(statements) > 1:
        raise SpecError(f"{len(statements)} statements; give one SELECT, without a semicolon in between")
    kind = statements[0].type.name
    if kind not in READS or (kind == "MULTI" and not re.match(r"\s*pivot\b", query, re.IGNORECASE)):
        raise SpecError(f"this query is a {kind} statement; only reading is done here: SELECT, WITH, FROM, DESCRIBE")


def _fetched(connection: Any, query: str, most: int = 0) -> Answer:
    import duckdb

    try:
        cursor = connection.execute(query)
        columns = tuple(column[0] for column in cursor.description)
        rows = cursor.fetchmany(most) if most else cursor.fetchall()
        total = len(rows)
        while more := cursor.fetchmany(10_000):
            total += len(more)
    except duckdb.Error as error:
        raise SpecError(_plain(error)) from None
    return Answer(columns, rows, total)


def _plain(error: Exception) -> str:
    """DuckDB's message in one sentence, with the nearest name."""
    first, _, rest = str(error).partition("\n")
    said = re.sub(r"^(\w+ )+Error: ", "", first).rstrip("!. ")
    if column := re.search(r'Referenced column "(.+?)" ', said):
        known = re.findall(r'"([^"]+)"', rest.partition("LINE")[0])
        return f"{no_such('column', column[1], known)} (thalweg sql lists all columns)"
    if table := re.search(r"Table with name (\S+) does not exist", said):
        return no_such("table", table[1], TABLES)
    line = re.search(r"LINE \d+: (.*)", rest)
    return f"SQL: {said}{f' in: {line[1].strip()}' if line else ''}"


def _create(connection: Any, name: str, data: Data) -> None:
    """A table of these columns, each of one type also where it is empty."""
    kept = {f"c{i}": column for i, column in enumerate(data.values())}
    connection.register("given", kept)
    names = (column.replace('"', '""') for column in data)
    parts = (
        f'CAST(c{i} AS {_type(array)}) AS "{n}"' for i, (n, array) in enumerate(zip(names, data.values(), strict=True))
    )
    connection.execute(f"CREATE TABLE {name} AS SELECT {', '.join(parts)} FROM given")  # noqa: S608 - our own names
    connection.unregister("given")


def _type(column: Array) -> str:
    kinds = {"f": "DOUBLE", "i": "BIGINT", "b": "BOOLEAN", "M": "TIMESTAMP"}
    return kinds.get(column.dtype.kind, "VARCHAR")


def as_columns(rows: Sequence[Row]) -> Data:
    """Rows as columns of one type each, masked where there is nothing."""
    return {name: as_column(name, [row.get(name) for row in rows]) for name in columns_of(rows)}


def as_column(name: str, values: list[Any]) -> Array:
    """One column: switches, whole numbers, numbers, times, or text."""
    known = [value for value in values if value is not None]
    missing = np.array([value is None for value in values], bool)
    kinds = {type(value) for value in known}
    if kinds <= {bool} and known:
        return np.ma.masked_array([bool(value) for value in values], missing)
    if (kinds <= {int} and known and all(abs(v) < 2**63 for v in known)) and name not in ("lr", "best_loss", "seconds"):
        return np.ma.masked_array(np.array([value or 0 for value in values], np.int64), missing)
    if kinds <= {int, float} and (known or name in NUMBERS):
        return np.ma.masked_array([float("nan") if value is None else float(value) for value in values], missing)
    if kinds == {datetime}:
        return np.array([value and np.datetime64(value, "us") for value in values], "datetime64[us]")
    return np.array([None if value is None else _text(value) for value in values], object)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value, enc_hook=str).decode()


def _runs(found: Sequence[Found], root: Path, query: str) -> Data:
    return as_columns([one.row for one in found])


def _known(found: Sequence[Found]) -> Iterable[tuple[Found, Summary]]:
    return ((one, one.summary) for one in found if one.summary and one.summary.kind != "broken")


def _evaluations(found: Sequence[Found], root: Path, query: str) -> Data:
    rows: list[Row] = []
    for one, summary in _known(found):
        for line in (one.folder / "metrics.jsonl").read_bytes().splitlines():
            try:
                entry = msgspec.json.decode(line, type=dict[str, Any])
            except msgspec.MsgspecError:  # the last line of a run that was killed
                continue
            if summary.kind != "run" or entry.get("t", 0) <= summary.t:
                rows.append({"run": one.name, **entry})
    names = dict.fromkeys([*("run", "t", "epoch", "samples", "seconds", "lr"), *(name for row in rows for name in row)])
    return {name: as_column(name, [row.get(name) for row in rows]) for name in names}


def _steps(found: Sequence[Found], root: Path, query: str) -> Data:
    """The signals of every update; other columns where the query names them."""
    runs = [(one, summary) for one, summary in _known(found) if summary.rows]
    others = dict.fromkeys(column for _, summary in runs for column in summary.columns if column not in SIGNALS)
    wanted = [*SIGNALS, *(name for name in others if name in query)]
    total = sum(summary.rows for _, summary in runs)
    if total * len(wanted) * 8 > MOST_BYTES:
        raise SpecError(
            f"{total:,} steps are more than fit; name a folder with fewer runs, as in thalweg sql QUERY {root}/NAME"
        )
    parts = [(one.name, step_columns(summary, wanted)) for one, summary in runs]
    names = np.array([name for name, part in parts for _ in range(len(part[0]))], object)
    columns = [np.concatenate([part[i] for _, part in parts] or [np.empty(0)]) for i in range(len(wanted))]
    return {"run": names, "t": columns[0].astype(np.int64), **dict(zip(wanted[1:], columns[1:], strict=True))}


def step_columns(summary: Summary, wanted: Sequence[str]) -> list[Array]:
    """Columns (T,) of a run's steps; nan where it has no such column. From steps.bin, else from steps.parquet."""
    if summary.steps:
        width = len(summary.columns)
        rows = np.fromfile(summary.steps, "<f8", summary.rows * width).reshape(-1, width)
        known = {name: rows[:, i] for i, name in enumerate(summary.columns)}
    else:
        known = _from_parquet(summary.folder / "steps.parquet")
    length = len(next(iter(known.values()), np.empty(0)))
    return [np.asarray(known.get(name, np.full(length, np.nan)), float) for name in wanted]


def _from_parquet(path: Path) -> Data:
    import duckdb

    if not path.is_file():
        return {}
    try:
        with _connection() as connection:
            found: Data = connection.execute("SELECT * FROM read_parquet($1)", [[str(path)]]).fetchnumpy()
    except duckdb.Error:
        return {}
    return found


def _studies(found: Sequence[Found], root: Path, query: str) -> Data:
    rows = []
    for path in sorted({one.folder / "study.toml" for one in find_runs(root) if (one.folder / "study.toml").is_file()}):
        try:
            about = tomllib.loads(path.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError):
            about = {}
        note = about.get("note", {})
        name = str(path.parent.relative_to(root)) if path.parent != root else root.name
        members = sum(one.study == name for one in found)
        title = "report" if "request" in about else about.get("title")
        rows.append({"study": name, "title": title, "members": members, **note, "folder": str(path.parent)})
    names = ("study", "title", "members", "objective", "success", "changed", "next_test", "folder")
    return {name: as_column(name, [row.get(name) for row in rows]) for name in names}


MAKERS: dict[str, Callable[[Sequence[Found], Path, str], Data]] = {
    "runs": _runs,
    "evaluations": _evaluations,
    "steps": _steps,
    "studies": _studies,
}
EXAMPLES = (
    "SELECT run, rule, lr, best_loss FROM runs WHERE measure = 'validation_loss' ORDER BY best_loss LIMIT 10",
    "SELECT rule, count(*) AS runs, median(best_loss) AS middle FROM runs GROUP BY rule ORDER BY middle",
    "SELECT run, t, loss, grad_norm FROM steps WHERE grad_norm > 10 ORDER BY run, t",
)
