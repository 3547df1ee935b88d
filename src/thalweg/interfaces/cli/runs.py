"""thalweg runs: what is in the folder of all runs, and what happened there."""

from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any

import msgspec
from cyclopts import App, Parameter

from thalweg.descent.complaint import no_such
from thalweg.errors import FolderError, SpecError
from thalweg.evidence.run_index import Row, columns_of, find_run, find_runs
from thalweg.interfaces.cli import FINE
from thalweg.interfaces.cli.ambient import runs_root
from thalweg.interfaces.cli.say import Json, put_json, say
from thalweg.interfaces.cli.tables_out import Format, plain, put_table

runs = App(name="runs")
SHOWN = ("run", "data", "rule", "lr", "batch", "steps", "seed", "best", "measure", "stopped", "finished", "wall time")
LOG = (
    *("run", "study", "finished", "data", "rule", "batch", "lr", "schedule", "warmup", "l2", "clip_norm", "patience"),
    *("min_delta", "seed", "t", "final_train_loss", "best_loss", "best_step", "measure", "why"),
)


@runs.default
def list_runs(
    root: Path | None = None,
    *,
    all: Annotated[bool, Parameter(negative=())] = False,
    where: str | None = None,
    sort: str | None = None,
    descending: Annotated[bool, Parameter(negative=())] = False,
    limit: int = 0,
    columns: Annotated[tuple[str, ...], Parameter(consume_multiple=True)] = (),
    format: Format = "table",
    json: Json = False,
) -> int:
    """List the runs in a folder, newest first: settings, best loss, why each stopped.

    Example: thalweg runs --where "lr < 0.1 AND rule = 'adam'" --sort best_loss

    A study stands in one line, by the run that it chose; --all lists its members. What is broken, not finished or no
    run's is listed with the reason.

    Parameters
    ----------
    root
        The folder to look into; the folder of all runs (./runs) unless given.
    all
        Also the runs inside studies.
    where
        Only rows for which this SQL expression is true; thalweg sql lists the columns.
    sort
        A column to sort by, the smallest first; nothing last.
    descending
        The largest first.
    limit
        The most rows (0: all).
    columns
        Columns to show instead, as in --columns run lr beta1 validation_accuracy.
    format
        table, csv, markdown or json.
    json
        Print all columns as JSON on stdout.
    """
    place = existing(root)
    rows = [one.row for one in find_runs(place, members=all)]
    rows = chosen(rows, where, sort, descending)
    cut = rows[:limit] if limit > 0 else rows
    if len(cut) < len(rows):
        say(f"note: the first {len(cut)} of {len(rows)} rows; --limit 0 shows all")
    if json:
        put_json({"root": str(place), "total": len(rows), "runs": plain(cut)})
        return FINE
    if not rows:
        say(f"no runs in {place}{' like that' if where else '; thalweg train iris makes one'}")
        return FINE
    names = named_columns(columns, rows) if columns else SHOWN
    put_table(names, [[cell(row, name) for name in names] for row in cut], format)
    for row in cut if format == "table" else ():
        if note := remark(row):
            say(f"note: {row['run']}: {note}")
    return FINE


def existing(root: Path | None) -> Path:
    """The folder to look into; a word that is nearly a subcommand is told."""
    place = root or runs_root()
    if place.is_dir():
        return place
    if root is None:
        raise FolderError(f"no folder {place} yet; thalweg train iris makes the first run, or name another folder")
    if near := get_close_matches(str(root), [name for name in runs if not name.startswith("-")], n=1):
        raise FolderError(f"no folder {root}; did you mean thalweg runs {near[0]}?")
    raise FolderError(f"no folder {root}; name one with runs in it")


def chosen(rows: list[Row], where: str | None, sort: str | None, descending: bool) -> list[Row]:
    """The rows asked for, in the order asked for."""
    if where is not None:
        from thalweg.evidence.run_tables import where as fitting

        rows = fitting(rows, where)
    if sort is None:
        return rows[::-1] if descending else rows
    (name,) = named_columns((sort,), rows)
    known = [row for row in rows if row.get(name) is not None]
    rest = [row for row in rows if row.get(name) is None]
    text = any(isinstance(row[name], str) for row in known)
    return [*sorted(known, key=lambda row: str(row[name]) if text else row[name], reverse=descending), *rest]


def named_columns(columns: Sequence[str], rows: Sequence[Row]) -> list[str]:
    """Columns by name, which may be separated by commas."""
    known = columns_of(rows)
    names = [name for word in columns for name in word.split(",") if name]
    for name in names:
        if name not in known:
            raise SpecError(no_such("column", name, known))
    return names


def cell(row: Row, name: str) -> Any:
    """A column of the list, of which some join two of the table."""
    if name == "run":
        return row["run"] + (f"  ({row['kind']}, {row['members']} runs)" if row["members"] is not None else "")
    if name == "best":
        return row["best_loss"]
    if name == "wall time":
        return None if row["seconds"] is None else duration(row["seconds"])
    if name == "steps" and row["kind"] not in ("broken", "foreign"):
        return row["t"] if row["steps"] in (None, row["t"]) else f"{row['t']} of {row['steps']}"
    if name == "stopped" and row["kind"] in ("broken", "foreign"):
        return row["kind"]
    return row.get(name)


def remark(row: Row) -> str:
    """Why a row is not what one would expect."""
    if row["kind"] == "run" and row["stopped"] in ("paused", "interrupted"):
        return f"{row['why']}; go on with thalweg train --resume {row['folder']}"
    if row["kind"] in ("broken", "foreign") or row["stopped"] in ("broken", "running"):
        return str(row["why"])
    return str(row["why"]) if row["members"] == 0 or "not finished" in str(row["why"]) else ""


def duration(seconds: float) -> str:
    """12 ms, 3.4 s, 5 min 02 s, 2 h 05 min."""
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02d} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02d} min"


@runs.command
def compare(*runs: str, json: Json = False) -> int:
    """What differs between runs: settings, results, what made them, and where their losses part.

    Example: thalweg runs compare iris-gd-001 iris-adam-001

    Parameters
    ----------
    runs
        Two or more run folders, or their names in the folder of all runs.
    json
        Print the comparison as JSON on stdout.
    """
    from thalweg.descent.run_summary import summarise
    from thalweg.evidence.run_compare import compare_runs

    folders = [find_run(name, runs_root()) for name in runs]
    names = [folder.name for folder in folders]
    names = names if len(set(names)) == len(names) else [str(folder) for folder in folders]
    found = compare_runs(names, [summarise(folder) for folder in folders])
    if json:
        put_json(plain(msgspec.to_builtins(found)))
        return FINE
    for title, part in (("settings", found.settings), ("results", found.results), ("made by", found.made_by)):
        if part:
            put_table([title, *found.names], [[name, *values] for name, values in part.items()])
            print()
    for sentence in found.sentences:
        print(sentence)
    return FINE


@runs.command
def step(run: str, number: str, *, trust: Annotated[bool, Parameter(negative=())] = False, json: Json = False) -> int:
    """What happened on one step of a run: loss, gradient, clipping, update, the rows it saw, the evaluations around it.

    Example: thalweg runs step iris-adam-001 37

    Parameters
    ----------
    run
        A run folder, or its name in the folder of all runs.
    number
        The number of the update, counted from 1.
    trust
        Run the SQL that the data come from, to name the rows of the batch.
    json
        Print everything recorded of the step as JSON on stdout.
    """
    from thalweg.descent.run_summary import summarise
    from thalweg.evidence.run_step import happened, step_number

    found = happened(summarise(find_run(run, runs_root())), step_number(number), trust=trust)
    if json:
        put_json(plain(msgspec.to_builtins(found)))
        return FINE
    columns = list(found.around["median"])
    put_table(["step", *columns], [[name, *values.values()] for name, values in found.around.items()])
    print()
    for sentence in found.sentences:
        print(sentence)
    return FINE


@runs.command
def log(root: Path | None = None, *, format: Format = "csv", json: Json = False) -> int:
    """The tuning log of all runs, also those inside studies: one row each, the oldest first.

    Example: thalweg runs log > tuning.csv

    Parameters
    ----------
    root
        The folder to look into; the folder of all runs (./runs) unless given.
    format
        csv, markdown, table or json.
    json
        Print the log as JSON on stdout.
    """
    found = find_runs(existing(root), members=True)
    rows = [one.row for one in reversed(found) if one.summary and one.summary.kind != "broken"]
    if json:
        put_json({"runs": [{name: plain(row.get(name)) for name in LOG} for row in rows]})
    else:
        put_table(LOG, [[row.get(name) for name in LOG] for row in rows], format)
    if left := len(found) - len(rows):
        say(f"note: {left} folders that are no whole runs are left out; thalweg runs lists them")
    return FINE
