"""What is worth saying about columns: unusual readings, markers that count as missing, values that do not fit."""

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from thalweg.problems.sources import markers
from thalweg.problems.sources.counting import batches, cell_of, is_doubtful
from thalweg.problems.sources.finding import READINGS
from thalweg.problems.sources.kinds import Finding
from thalweg.problems.sources.readings import Reading
from thalweg.problems.sources.relation import Relation, ask
from thalweg.problems.sources.sql import quoted, select
from thalweg.problems.words import counted, listed

ALMOST, ENOUGH = 0.95, 20  # numbers among a column's values, from which on the others are strays
NOT_A = {
    "number": ("is not a number", "are not numbers"),
    "date": ("is not a date", "are not dates"),
    "time": ("is not a time of day", "are not times of day"),
    "boolean": ("is not true or false", "are not true or false"),
}


def reading_notices(found: Mapping[str, Finding]) -> list[str]:
    """What was read in an unusual way, or not read, columns of one way together."""
    ways: dict[str, list[str]] = defaultdict(list)
    holding: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for name, finding in found.items():
        if finding.said:
            ways[finding.said].append(name)
        if finding.holds:
            holding[finding.holds].append((name, finding.example))
    return [*map(read_notice, ways, ways.values()), *map(held_notice, holding, holding.values())]


def read_notice(said: str, names: list[str]) -> str:
    """`column 'a' is read …`, `columns a, b are read …`."""
    return f"column {names[0]!r} is {said}" if len(names) == 1 else f"columns {listed(names)} are {said}"


def held_notice(holds: str, examples: list[tuple[str, str]]) -> str:
    """`column 'a' ('01') holds …`, `columns a ('01'), b ('02') hold …`."""
    if len(examples) == 1:
        return f"column {examples[0][0]!r} ({examples[0][1]!r}) holds {holds}"
    return f"columns {listed(f'{name} ({example!r})' for name, example in examples)} hold {holds}"


def marker_notices(con: Any, relation: Relation, found: Mapping[str, Finding]) -> list[str]:
    """Unusual markers that count as missing: how many, in which columns."""
    cells: dict[str, str] = {}
    patterns: dict[str, str] = {}
    for c, type_, (name, finding) in zip(relation.ids, relation.types, found.items(), strict=True):
        if finding.counts is not None and (finding.counts.unusual or finding.markers):
            doubtful = markers.DOUBTFUL if finding.markers else ()
            cells[name] = cell_of(c, type_, relation.blanks)
            patterns[name] = markers.any_of((*markers.UNUSUAL, *doubtful))
    times: dict[str, dict[str, int]] = defaultdict(dict)
    for some in batches(relation, list(cells)):
        asked = ", ".join(
            f"histogram({cells[name]}) FILTER (regexp_full_match({cells[name]}, {quoted(patterns[name])}))"
            for name in some
        )
        for name, counts in zip(some, ask(con, relation, select(asked, relation.sql)), strict=True):
            for marker, number in (counts or {}).items():
                times[marker][name] = number
    return [missing_notice(marker, by_column) for marker, by_column in times.items()]


def missing_notice(marker: str, by_column: Mapping[str, int]) -> str:
    """`12 values '?' count as missing: ca (8), thal (4)`."""
    total = sum(by_column.values())
    where = listed(f"{name} ({number:,})" for name, number in by_column.items())
    return f"{counted(total, 'value')} {marker!r} count{'s' if total == 1 else ''} as missing: {where}"


def strays(con: Any, relation: Relation, found: Mapping[str, Finding]) -> dict[str, tuple[int, str, int]]:
    """(how many, the first, its data row) of values that fit neither almost all others nor the reading asked for."""
    stray = {}
    for c, (name, finding) in zip(relation.ids, found.items(), strict=True):
        n = finding.counts
        if finding.strays:
            stray[name] = (finding.strays, *first_unfit(con, relation.sql, finding.text, finding.value))
        elif n is not None and finding.mostly and finding.fits >= max(ENOUGH, ALMOST * n.some):
            reading = READINGS[finding.mostly]
            if reading.kind == "number":
                stray[name] = (n.some - finding.fits, *first_unfit(con, "t", c, reading.strict(c)))
    return stray


def first_unfit(con: Any, source: str, text: str, value: str) -> tuple[str, int]:
    """The first text without a value, and its data row. Doubtful markers come last: others tell more."""
    numbered = select(f"row_number() OVER () AS row, {text} AS v, {value} AS x", source)
    first = f"WHERE v IS NOT NULL AND x IS NULL ORDER BY {is_doubtful('v')}, row LIMIT 1"
    ((v, row),) = con.execute(select("v, row", f"({numbered})", first)).fetchall()
    return str(v), int(row)


def remarks(con: Any, relation: Relation, found: Mapping[str, Finding]) -> dict[str, str]:
    """Why columns are text that are mostly numbers, dates or amounts."""
    said = {}
    for c, (name, finding) in zip(relation.ids, found.items(), strict=True):
        if finding.kind == "text" and finding.mostly:
            reading = READINGS[finding.mostly]
            fits = reading.strict(c)
            bad = f"count(*) FILTER ({c} IS NOT NULL AND {fits} IS NULL AND NOT {is_doubtful(c)})"
            ((number,),) = con.execute(select(bad, "t")).fetchall()
            said[name] = spoiled(name, reading, max(number, 1), *first_unfit(con, "t", c, fits))
    return said


def spoiled(name: str, reading: Reading, bad: int, value: str, row: int) -> str:
    """The sentence about a column that a few other values turn into text."""
    form = "" if reading.how == reading.kind else f" like {reading.how}"
    return (
        f"column {name!r} is text because {counted(bad, 'value')} in it {NOT_A[reading.kind][bad > 1]}{form}: "
        f"{value!r} in data row {row:,}{' and others' if bad > 1 else ''}"
    )
