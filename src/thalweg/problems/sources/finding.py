"""Of what kind each column is: all of its values are looked at, none is guessed from a sample.

Typed columns keep their type. Text is counted first; then the readings that the examples allow are tried.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from thalweg.errors import DataError
from thalweg.problems.sources import codes, dates, readings
from thalweg.problems.sources.counting import count, count_fitting, written
from thalweg.problems.sources.kinds import Counts, Finding
from thalweg.problems.sources.readings import Reading
from thalweg.problems.sources.relation import Relation, ask
from thalweg.problems.sources.typed import WRITTEN, kind_of, value_of
from thalweg.problems.words import listed

READINGS = {
    reading.how: reading
    for reading in (
        readings.NUMBER, readings.BOOLEAN, readings.TEXT, readings.THOUSANDS, readings.DECIMAL_COMMA,
        *readings.AMOUNTS, dates.ISO, dates.TIME, *dates.DATED, *dates.CLOCKED,
    )
}  # fmt: skip
PLAIN = {"number": readings.NUMBER, "boolean": readings.BOOLEAN, "date": dates.ISO, "time": dates.TIME}


def find(con: Any, relation: Relation, how: Mapping[str, str]) -> list[Finding]:
    """One Finding for each column. how: the readings that are asked for, by column name."""
    asked = {name: named_reading(name, h) for name, h in how.items() if h not in ("", "empty", "other")}
    types = dict(zip(relation.ids, relation.types, strict=True))
    wanted = {c: asked[name] for c, name in zip(relation.ids, relation.names, strict=True) if name in asked}
    found = {
        c: Finding(kind_of(type_), kind_of(type_), value_of(c, type_))
        for c, type_ in types.items()
        if type_ != WRITTEN and (c not in wanted or wanted[c].kind == kind_of(type_))
    }
    found |= codes.too_long(con, relation, {c: types[c] for c in found})
    texts = {c: written(c, type_, relation.blanks) for c, type_ in types.items() if c not in found}
    counts = count(con, relation, texts)
    forced = {c: reading for c, reading in wanted.items() if c in texts}
    found |= as_asked(con, relation, texts, counts, forced)
    found |= as_seen(con, relation, {c: v for c, v in texts.items() if c not in forced}, counts)
    return [found[c] for c in relation.ids]


def named_reading(name: str, how: str) -> Reading:
    """The reading of this name."""
    if how not in READINGS:
        known = listed([*PLAIN, "text", readings.THOUSANDS.how, readings.DECIMAL_COMMA.how, "%d/%m/%Y"])
        raise DataError(f"column {name!r} cannot be read as {how!r}; expected one of {known} or the like")
    return READINGS[how]


def as_asked(
    con: Any,
    relation: Relation,
    texts: Mapping[str, str],
    counts: Mapping[str, Counts],
    forced: Mapping[str, Reading],
) -> dict[str, Finding]:
    """Columns that are to be read in a given way; values that do not fit are counted, and missing."""
    other = [pair for pair in forced.items() if pair[1] not in (readings.NUMBER, readings.TEXT)]
    fitting = dict(zip((c for c, _ in other), count_fitting(con, relation, texts, other, strictly=False), strict=True))
    found = {}
    for c, reading in forced.items():
        n, v = counts[c], texts[c]
        fits = n.sure if reading is readings.TEXT else fitting.get(c, n.numbers)
        doubtful = n.doubtful > 0 and reading is not readings.TEXT
        found[c] = Finding(reading.kind, reading.how, reading.value(v), v, n, markers=doubtful, strays=n.sure - fits)
    return found


def as_seen(con: Any, relation: Relation, texts: Mapping[str, str], counts: Mapping[str, Counts]) -> dict[str, Finding]:
    """The kinds of columns of text by their values."""
    found: dict[str, Finding] = {}
    pairs: list[tuple[str, Reading]] = []
    written_ids = {c for c, type_ in zip(relation.ids, relation.types, strict=True) if type_ == WRITTEN}
    for c, v in texts.items():
        n = counts[c]
        if n.some == 0:
            found[c] = Finding("empty", "empty", v, v, n)
        elif n.numbers and n.numbers == n.sure:
            value = proven_number(c if c in written_ids and "\u00a0" not in relation.blanks else v, n)
            found[c] = Finding("number", "number", value, v, n, markers=n.doubtful > 0)
        else:
            pairs += [(c, reading) for reading in candidates(relation.separator, n) if reading.may_fit(n.examples)]
    found |= codes.written_codes(con, relation, {c: f for c, f in found.items() if f.kind == "number"})
    fits = count_fitting(con, relation, texts, pairs, strictly=True)
    tries: dict[str, list[tuple[Reading, int]]] = {c: [] for c in texts if c not in found}
    for (c, reading), number in zip(pairs, fits, strict=True):
        tries[c].append((reading, number))
    return found | {c: decided(con, relation, texts[c], counts[c], tried) for c, tried in tries.items()}


def proven_number(v: str, n: Counts) -> str:
    """SQL of a value where each is known to be a number or missing: no pattern need be matched again."""
    number = f"TRY_CAST({v} AS DOUBLE)"
    return f"nullif({number}, 'nan'::DOUBLE)" if n.missing or n.unusual or n.doubtful else number


def candidates(separator: str, n: Counts) -> Iterable[Reading]:
    """The readings that are tried, in this order. Where the comma does not separate it is free to be a decimal sign."""
    if not n.examples:
        return
    yield from (readings.BOOLEAN, dates.ISO, dates.TIME)
    if separator == ";":  # as in much of Europe
        yield readings.DECIMAL_COMMA
    if n.numbers or not (n.high or "").startswith("("):  # (1), (2), (3) are no amounts below zero
        yield readings.THOUSANDS
    if separator in ("\t", "|"):
        yield readings.DECIMAL_COMMA
    point, comma = readings.AMOUNTS[: len(readings.SIGNS)], readings.AMOUNTS[len(readings.SIGNS) :]
    yield from (*comma, *point) if separator == ";" else (*point, *comma)
    yield from (*dates.DATED, *dates.CLOCKED)


def decided(con: Any, relation: Relation, v: str, n: Counts, tries: list[tuple[Reading, int]]) -> Finding:
    """The first reading that fits every value; text where none does, or where day and month could be either."""
    fit = [reading for reading, number in tries if number == n.sure > 0]
    if not fit:
        reading, fits = most_fitting(n, tries)
        mostly = reading.how if 2 * fits > n.sure else ""
        return Finding("text", "text", v, v, n, mostly=mostly, fits=fits if mostly else 0)
    chosen = fit[0]
    other = next((reading for reading in fit if reading.how == dates.other_way_round(chosen.how)), None)
    if other is not None and "." not in chosen.how[:3]:
        forms = (chosen, other) if chosen.how.startswith("%d") else (other, chosen)
        first = dates.day_first(ask(con, relation, dates.fields_query(v, relation.sql)))
        if first is None:
            holds = f"dates that could be {forms[0].how} or {forms[1].how} in every row: left as text; write 2020-01-31"
            return Finding("text", "text", v, v, n, holds=holds, example=n.low or "")
        chosen = forms[0] if first else forms[1]
    said = "" if chosen in PLAIN.values() else chosen.said
    return Finding(chosen.kind, chosen.how, chosen.value(v), v, n, said=said, markers=n.doubtful > 0)


def most_fitting(n: Counts, tries: list[tuple[Reading, int]]) -> tuple[Reading, int]:
    """The reading that fits most of the values, and how many."""
    best, fits = max(tries, key=lambda pair: pair[1], default=(readings.NUMBER, 0))
    return (readings.NUMBER, n.numbers) if n.numbers >= fits else (best, fits)
