"""From rows that DuckDB can read to Columns: draw a sample, find the kinds, keep the typed values."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from thalweg.errors import DataError
from thalweg.problems.sources.columns import Columns
from thalweg.problems.sources.engine import keep_on_disk
from thalweg.problems.sources.finding import find
from thalweg.problems.sources.kinds import Finding
from thalweg.problems.sources.noticing import marker_notices, reading_notices, remarks, strays
from thalweg.problems.sources.relation import Relation, ask, run
from thalweg.problems.sources.sample import chosen_rows
from thalweg.problems.sources.size import STREAMED, require_room
from thalweg.problems.sources.sql import select
from thalweg.problems.sources.typed import WRITTEN
from thalweg.problems.words import counted, listed

SMALL = 8_000_000  # values that are kept as they came while they are looked at, instead of being read again


def load(con: Any, relation: Relation, *, how: Mapping[str, str], rows: int = 0, seed: int = 0) -> Columns:
    """The columns of a relation, kept in the cursor's table t. rows: how many to draw (0: all)."""
    total = relation.rows if relation.rows is not None else ask(con, relation, select("count(*)", relation.sql))[0]
    if total == 0:
        raise DataError(f"{relation.name} has column names but no rows; expected rows under {listed(relation.names)}")
    wanted = min(rows or total, total)
    require_room(wanted, len(relation.names), relation.name)
    looked_at = relation
    if wanted < total:
        looked_at = sampled(con, relation, total, wanted, seed)
    elif WRITTEN in relation.types and total * len(relation.names) <= SMALL:
        looked_at = kept(con, relation)
    found = find(con, looked_at, how)
    keep(con, looked_at, found, wanted)
    found = [typed_or_empty(con, c, finding) for c, finding in zip(relation.ids, found, strict=True)]
    columns = described(con, looked_at, dict(zip(relation.names, found, strict=True)), wanted)
    for table in {relation.passing, looked_at.passing} - {""}:
        con.execute(f"DROP TABLE {table}")
    return columns


def kept(con: Any, relation: Relation) -> Relation:
    """The rows as they came in a table of their own."""
    run(con, relation, f"CREATE OR REPLACE TEMP TABLE raw AS {select('*', relation.sql)}")
    return replace(relation, sql="raw", passing="raw")


def sampled(con: Any, relation: Relation, total: int, rows: int, seed: int) -> Relation:
    """A sample of the rows as they came, in their order, in a table of their own."""
    # One bit for each row: a join might read the whole source into memory first.
    chosen = np.zeros(total, dtype=bool)
    chosen[chosen_rows(total, rows, seed)] = True
    con.execute("SET VARIABLE chosen = CAST($1 AS BIT)", [np.packbits(chosen).tobytes()])
    numbered = select("*, row_number() OVER () - 1 AS row", relation.sql)
    drawn = select("* EXCLUDE (row)", f"({numbered})", "WHERE get_bit(getvariable('chosen'), CAST(row AS INTEGER)) = 1")
    run(con, relation, f"CREATE OR REPLACE TEMP TABLE raw AS {drawn}")
    con.execute("RESET VARIABLE chosen")
    notice = f"a sample of {rows:,} of {counted(total, 'row')} of {relation.name}, seed {seed}"
    return replace(relation, sql="raw", passing="raw", notices=(*relation.notices, notice))


def keep(con: Any, relation: Relation, found: list[Finding], rows: int) -> None:
    """Makes the table t of the typed values; that no row is missing is counted, not believed."""
    values = ", ".join(f"{finding.value} AS {c}" for c, finding in zip(relation.ids, found, strict=True))
    if STREAMED.get():
        keep_on_disk(con)
    where = "TABLE" if STREAMED.get() else "TEMP TABLE"
    made = run(con, relation, f"CREATE OR REPLACE {where} t AS {select(values, relation.sql)}")
    ((arrived,),) = made.fetchall()
    if arrived != rows:
        raise DataError(f"{relation.name} has {rows:,} rows, of which {arrived:,} could be read; save it again")


def typed_or_empty(con: Any, c: str, finding: Finding) -> Finding:
    """A column without any value is empty, whatever its type."""
    if finding.counts is not None and (finding.counts.some or finding.kind == "empty"):
        return finding
    ((some,),) = con.execute(select(f"count({c})", "t")).fetchall()
    return finding if some else replace(finding, kind="empty", how="empty")


def described(con: Any, relation: Relation, found: Mapping[str, Finding], rows: int) -> Columns:
    """The Columns of the table t, with everything that is to be said about them."""
    stray = strays(con, relation, found)
    return Columns(
        name=relation.name,
        sha256=relation.sha256,
        names=relation.names,
        kinds={name: finding.kind for name, finding in found.items()},
        rows=rows,
        notices=(*relation.notices, *reading_notices(found), *marker_notices(con, relation, found)),
        remarks=remarks(con, relation, found),
        # Another file is to be read with the numbers that training saw, the strays missing.
        how={name: f.mostly if name in stray and f.kind == "text" else f.how for name, f in found.items()},
        stray=stray,
        connection=con,
        ids=dict(zip(relation.names, relation.ids, strict=True)),
    )
