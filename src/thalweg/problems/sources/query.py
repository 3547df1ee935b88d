"""SQL that reads: one SELECT over a database, over files that it names itself, or over the file that was named."""

import json
import re
from collections.abc import Sequence
from typing import Any

from thalweg.errors import DataError
from thalweg.problems.sources import engine
from thalweg.problems.sources.csv_text import refuse_twice
from thalweg.problems.sources.relation import Relation
from thalweg.problems.sources.size import require_room, room_for
from thalweg.problems.sources.sql import identifier, select
from thalweg.problems.sources.typed import WRITTEN
from thalweg.problems.words import listed

WRITES = re.compile(r'"type": ?"(INSERT|UPDATE|DELETE|MERGE)')


def query_rows(con: Any, query: str, name: str, *, typed: bool, most: int, known: Sequence[str] = ()) -> Relation:
    """The rows of the answer, kept in the cursor's table `result`, in the order in which they come.

    typed: text in the answer stays text, as in a database that has types; else it is looked at like a file's.
    most: rows that are wanted of them (0: all). known: the tables there are, for a query that names another.
    """
    query = read_only(con, query)
    described = attempt(con, f"DESCRIBE {query}", known).fetchall()
    names = tuple(column for column, *_ in described)
    refuse_twice(names, "the query's answer")
    # More rows than fit are not waited for, unless a sample of them is wanted.
    enough = "" if most else f"LIMIT {room_for(len(names)) + 1}"
    answer = select("*", f"(\n{query}\n)", enough)
    attempt(con, f"CREATE OR REPLACE TEMP TABLE result AS {answer}")
    (rows,) = con.execute("SELECT count(*) FROM result").fetchall()[0]
    require_room(min(most or rows, rows), len(names), "the query's answer", "" if most else "at least ")
    for i, (column, *_) in enumerate(con.execute("DESCRIBE result").fetchall()):
        con.execute(f"ALTER TABLE result RENAME COLUMN {identifier(column)} TO c{i}__")
    for i in range(len(names)):
        con.execute(f"ALTER TABLE result RENAME COLUMN c{i}__ TO c{i}")
    types = tuple(WRITTEN if type_ == "VARCHAR" and not typed else type_ for _, type_, *_ in described)
    if rows == 0:
        raise DataError("the query's answer has no rows; expected some: loosen its conditions")
    notices = () if ordered(con, query) else (
        "the query has no ORDER BY, so the order of its rows, and with it the split, is the database's",
    )  # fmt: skip
    return Relation("result", names, types, name, rows=rows, notices=notices, passing="result")


def read_only(con: Any, query: str) -> str:
    """The text of the query, once it is certain that it is one and that it writes nothing."""
    import duckdb

    try:
        statements = con.extract_statements(query)
    except duckdb.Error as problem:
        raise not_run(problem) from None
    if len(statements) != 1:
        came = "is empty" if not statements else f"holds {len(statements)} statements"
        raise DataError(f"the query {came}; expected one SELECT")
    kind = str(statements[0].type).rpartition(".")[2]
    if kind != "SELECT" or WRITES.search(serialized(con, query)):
        what = f"is a statement of the kind {kind}" if kind != "SELECT" else "changes a table"
        raise DataError(f"the query {what}; expected a SELECT: queries only read here")
    return without_end(str(statements[0].query))


def without_end(query: str) -> str:
    """The statement without the semicolon and what may stand behind it."""
    import duckdb

    text = query.encode()
    ends = (at for at, kind in duckdb.tokenize(query) if text[at : at + 1] == b";" and str(kind).endswith("operator"))
    return text[: next(ends, len(text))].decode()


def serialized(con: Any, query: str) -> str:
    """The query as DuckDB understands it, as JSON."""
    return str(con.execute("SELECT json_serialize_sql(?)", [query]).fetchall()[0][0])


def ordered(con: Any, query: str) -> bool:
    """Whether the rows come in an order that the query itself fixes."""
    tree = json.loads(serialized(con, query))
    statements = tree.get("statements") or [{}]
    modifiers = statements[0].get("node", {}).get("modifiers", [])
    return any(modifier.get("type") == "ORDER_MODIFIER" for modifier in modifiers)


def tables_named(con: Any, query: str) -> set[str]:
    """The names of all tables that a query reads."""
    found: set[str] = set()
    waiting: list[Any] = [json.loads(serialized(con, query))]
    while waiting:
        node = waiting.pop()
        if isinstance(node, dict):
            if node.get("type") == "BASE_TABLE":
                found.add(node["table_name"])
            waiting += node.values()
        elif isinstance(node, list):
            waiting += node
    return found


def attempt(con: Any, sql: str, known: Sequence[str] = ()) -> Any:
    """Runs what the user wrote; what is wrong with it is one sentence."""
    import duckdb

    try:
        return con.execute(sql)
    except duckdb.Error as problem:
        raise not_run(problem, known) from None


def not_run(problem: Exception, known: Sequence[str] = ()) -> DataError:
    """The useful lines of what DuckDB says, without the query itself."""
    lines = [line.strip().rstrip("!.") for line in str(problem).split("\n\nLINE ")[0].splitlines() if line.strip()]
    said = re.sub(r"^([A-Z][A-Za-z]+ )+Error: ", "", "; ".join(lines[:2]))
    if "Table with name" in said:
        said = f"{said.partition('; ')[0]}; have {listed(known)}" if known else said.partition("; ")[0]
    if "httpfs" in said or "extension" in said:
        return DataError("the query reads from the network or needs an extension; nothing is fetched here: use files")
    if "Out of Memory" in str(problem) or "out of memory" in said.lower():
        return engine.plain(problem, "the query", "")
    return DataError(f"the query cannot be run ({said}); mend it")
