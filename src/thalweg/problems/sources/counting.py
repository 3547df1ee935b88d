"""Counts that tell of what kind a column of text is: two passes over the rows, several columns at a time.

Plain numbers, which are the most of most tables, are told by the first pass; only what is none is looked at more
closely by the second.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from thalweg.problems.sources import markers, readings
from thalweg.problems.sources.kinds import Counts
from thalweg.problems.sources.readings import Reading
from thalweg.problems.sources.relation import Relation, ask
from thalweg.problems.sources.sql import quoted, select
from thalweg.problems.sources.typed import WRITTEN, kind_of, text_of, value_of

# Planning a query takes longer with each column that it asks about, but a file is read again for each query.
FROM_TABLE, FROM_FILE = 8, 64
BLANKS = "[ \t\u00a0]*"


def count(con: Any, relation: Relation, texts: Mapping[str, str]) -> dict[str, Counts]:
    """Counts of columns (c: SQL of its text)."""
    types = dict(zip(relation.ids, relation.types, strict=True))
    raw = {c: c if types[c] == WRITTEN else f"CAST({c} AS VARCHAR)" for c in texts}
    found, usual = {}, quoted(markers.any_of(markers.USUAL))
    for some in batches(relation, list(texts)):
        seen = ", ".join(f"{raw[c]} AS r{c}, {is_number(raw[c])} AS n{c}" for c in some)
        asked = ", ".join(
            f"count(r{c}), count(*) FILTER (n{c}), count(*) FILTER (regexp_matches(r{c}, '^ ?0[0-9]')), "
            f"coalesce(max(length(r{c})), 0), "
            f"count(*) FILTER (CASE WHEN NOT n{c} THEN regexp_full_match(trim(r{c}), {usual}) END)"
            for c in some
        )
        answer = ask(con, relation, select(asked, f"({select(seen, relation.sql)})"))
        for c, (cells, numbers, zeros, longest, missing) in zip(some, grouped(answer, 5), strict=True):
            found[c] = Counts(cells - missing, missing, numbers, zeros, longest)
    closer = {c: v for c, v in texts.items() if found[c].numbers < found[c].some}
    return found | {c: found[c]._replace(**more) for c, more in look_closely(con, relation, closer, types).items()}


def look_closely(
    con: Any, relation: Relation, texts: Mapping[str, str], types: Mapping[str, str]
) -> dict[str, dict[str, Any]]:
    """The other fields of Counts, for columns some of whose values are no numbers."""
    found, unusual = {}, quoted(markers.any_of(markers.UNUSUAL))
    fields = ("some", "doubtful", "unusual", "low", "high", "plain")
    for some in batches(relation, list(texts)):
        cells = {c: cell_of(c, types[c], relation.blanks) for c in some}
        seen = ", ".join(f"{texts[c]} AS v{c}, {cells[c]} AS r{c}" for c in some)
        flags = ", ".join(f"r{c}, v{c}, {is_number(f'v{c}')} AS n{c}, {is_doubtful(f'v{c}')} AS d{c}" for c in some)
        asked = ", ".join(
            f"count(v{c}), count(*) FILTER (d{c}), "
            f"count(*) FILTER (CASE WHEN v{c} IS NULL THEN regexp_full_match(r{c}, {unusual}) END), "
            f"min(v{c}) FILTER (NOT n{c} AND NOT d{c}), max(v{c}) FILTER (NOT n{c} AND NOT d{c}), "
            f"any_value(v{c}) FILTER (n{c})"
            for c in some
        )
        answer = ask(con, relation, select(asked, f"({select(flags, f'({select(seen, relation.sql)})')})"))
        for c, values in zip(some, grouped(answer, len(fields)), strict=True):
            found[c] = dict(zip(fields, values, strict=True))
    return found


def count_fitting(
    con: Any, relation: Relation, texts: Mapping[str, str], pairs: Sequence[tuple[str, Reading]], *, strictly: bool
) -> list[int]:
    """How many values of the column each pair's reading fits; not strictly: to how many it gives a value."""
    found: list[int] = []
    for some in batches(relation, pairs):
        values = ", ".join(f"{texts[c]} AS v{c}" for c in dict.fromkeys(c for c, _ in some))
        tests = (r.fits(f"v{c}") if strictly else f"{r.value(f'v{c}')} IS NOT NULL" for c, r in some)
        asked = ", ".join(f"count(*) FILTER ({test})" for test in tests)
        found += ask(con, relation, select(asked, f"({select(values, relation.sql)})"))
    return found


def batches(relation: Relation, asked: Sequence[Any]) -> Iterable[list[Any]]:
    """What is asked about, as much at a time as one query should."""
    most = FROM_TABLE if relation.passing else FROM_FILE
    return (list(asked[start : start + most]) for start in range(0, len(asked), most))


def grouped(answer: Sequence[Any], width: int) -> Iterable[Sequence[Any]]:
    """The fields of one column after the other."""
    return (answer[start : start + width] for start in range(0, len(answer), width))


def written(c: str, type_: str, blanks: str) -> str:
    """SQL of a value as text, without blanks around it, NULL where it is a marker of missing ones."""
    cell = cell_of(c, type_, blanks)
    return f"CASE WHEN NOT regexp_full_match({cell}, {quoted(markers.any_of(markers.MISSING))}) THEN {cell} END"


def cell_of(c: str, type_: str, blanks: str) -> str:
    """SQL of a value as text, without blanks around it."""
    text = c if type_ == WRITTEN else text_of(kind_of(type_), value_of(c, type_))
    return f"trim({text}, {quoted(' ' + blanks)})" if blanks else f"trim({text})"


def is_number(raw: str) -> str:
    """SQL: whether a text is a plain number, blanks around it aside."""
    return f"regexp_full_match({raw}, {quoted(f'{BLANKS}({readings.NUMBER.pattern}){BLANKS}')})"


def is_doubtful(v: str) -> str:
    """SQL: whether a text is a marker that may mean a missing value."""
    return f"regexp_full_match({v}, {quoted(markers.any_of(markers.DOUBTFUL))})"
