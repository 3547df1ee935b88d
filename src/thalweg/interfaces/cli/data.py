"""thalweg data: what is in a table, and what thalweg would do with it."""

from typing import Annotated

from cyclopts import Parameter

from thalweg.errors import SpecError
from thalweg.evidence.check import worst
from thalweg.evidence.profile.profile import profile
from thalweg.evidence.profile.record import Profile
from thalweg.interfaces.cli import ASKED, FAILED, FINE
from thalweg.interfaces.cli.flags import DataFlags, Json, spec_from
from thalweg.interfaces.cli.profile_text import lines
from thalweg.interfaces.cli.say import put_json, quoted
from thalweg.interfaces.cli.styled import put_lines, width
from thalweg.problems.sections import Table

SHOWN = 30  # columns


def data(
    table: str | None = None,
    *,
    dataset: DataFlags | None = None,
    columns: Annotated[str, Parameter(show_default=False)] = str(SHOWN),
    json: Json = False,
) -> int:
    """What is in a table, what may be wrong with it, and what thalweg would do with it.

    Example: thalweg data houses.csv --target price

    First what a person in a hurry needs, then what may spoil a model, the weightiest first, then every column, and
    the plan. Without --target the columns are shown with a suggestion. Exit code 1 says that thalweg could not learn
    from the table as asked.

    Parameters
    ----------
    table
        A bundled name (breast_cancer, digits, wine, iris, diabetes, penguins), a file (CSV, TSV, Parquet, JSON, also
        several by a pattern), a DuckDB or SQLite database, a SQL query, or a spec.toml.
    columns
        How many columns to show, the most telling ones first; all for every one (30).
    json
        Print everything as JSON on stdout.
    """
    most = shown(columns)
    section = spec_from(table, dataset).problem
    if not isinstance(section, Table):
        raise SpecError("data is about a table; give a file, a bundled name or a query")
    found = profile(section)
    following = next_command(found, section.target)
    if json:
        put_json({"profile": found, "next": following})
    else:
        put_lines(lines(found, following, most, width()))
    return FAILED if worst(list(found.findings)) == "fail" else FINE


def shown(text: str) -> int:
    """How many columns; a very large number for "all"."""
    if text == "all":
        return 1 << 30
    try:
        number = int(text)
    except ValueError:
        number = 0
    if number < 1:
        raise SpecError(f"--columns {text}: expected a number from 1 on, or all")
    return number


def next_command(found: Profile, target: str) -> str:
    """What to type next: the same words with a target, or the report."""
    words = list(ASKED.get()[1:]) if ASKED.get()[:1] == ("data",) else [found.source]
    kept: list[str] = []
    skip = False
    for word in words:
        if not skip and word not in ("--json", "--columns") and not word.startswith("--columns="):
            kept.append(word)
        skip = word == "--columns"
    if found.suggestion:
        return quoted(["thalweg", "data", *kept, "--target", found.suggestion])
    return quoted(["thalweg", "report", *kept])
