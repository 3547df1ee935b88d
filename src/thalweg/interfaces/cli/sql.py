"""thalweg sql: all run folders as tables."""

from pathlib import Path
from typing import Any

from thalweg.evidence.run_tables import EXAMPLES, TABLES, as_written, ask, described
from thalweg.interfaces.cli import FINE
from thalweg.interfaces.cli.runs import existing
from thalweg.interfaces.cli.say import Json, put_json, say
from thalweg.interfaces.cli.tables_out import Format, plain, put_table

MOST = 100  # rows of a table for people
COLUMNS_SHOWN = 6  # in a line


def sql(
    query: str = "",
    root: Path | None = None,
    *,
    limit: int | None = None,
    format: Format = "table",
    json: Json = False,
) -> int:
    """Ask the run folders with SQL (DuckDB's). Without a query: the tables, their columns, and three examples.

    Example: thalweg sql "SELECT rule, min(best_loss) FROM runs GROUP BY rule"

    One statement, and only reading: SELECT, WITH, FROM, DESCRIBE, SUMMARIZE, PIVOT. Names that SQL reserves stand in
    double quotes, as in "group".

    Parameters
    ----------
    query
        The statement.
    root
        The folder to look into; the folder of all runs (./runs) unless given.
    limit
        The most rows to print (table and markdown: 100, else all; 0: all).
    format
        table, csv, markdown or json.
    json
        Print rows and their number as JSON on stdout.
    """
    place = existing(root)
    if not query.strip():
        return tell_tables(place, json)
    most = limit if limit is not None else MOST if format in ("table", "markdown") and not json else 0
    answer = ask(query, place, max(0, most))
    if json:
        rows = [dict(zip(answer.columns, plain(row), strict=True)) for row in answer.rows]
        put_json({"columns": list(answer.columns), "rows": rows, "total": answer.total})
    else:
        put_table(answer.columns, answer.rows, format)
    if cut := answer.total - len(answer.rows):
        say(f"note: {cut:,} more of {answer.total:,} rows; --limit 0 shows all, --format csv too")
    return FINE


def tell_tables(root: Path, json: bool) -> int:
    """What can be asked."""
    tables = described(root)
    if json:
        put_json({name: as_plain(name, columns) for name, columns in tables.items()} | {"examples": list(EXAMPLES)})
        return FINE
    for name, columns in tables.items():
        print(f"{name}: {TABLES[name]}")
        words = [f"{as_written(column)} {kind.lower()}" for column, kind in columns]
        for begin in range(0, len(words), COLUMNS_SHOWN):
            print(f"    {', '.join(words[begin : begin + COLUMNS_SHOWN])}")
        print()
    print("Examples:")
    for example in EXAMPLES:
        print(f'  thalweg sql "{example}"')
    return FINE


def as_plain(name: str, columns: list[tuple[str, str]]) -> dict[str, Any]:
    """A table as JSON has it."""
    return {"about": TABLES[name], "columns": dict(columns)}
