"""Whole numbers that are names: codes with leading zeros (01234), and more digits than a float64 can hold.

As numbers they would lose what makes them names, so they stay text, and a notice says so.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from thalweg.problems.sources.kinds import Finding
from thalweg.problems.sources.relation import Relation, ask
from thalweg.problems.sources.sql import select
from thalweg.problems.sources.typed import EXACT, WHOLE

LONG = 15  # digits that a float64 always holds
ZEROS = "whole numbers of one length with leading zeros, so codes: left as text"
PADDED = "whole numbers some of which have leading zeros: read as numbers"
MANY = "whole numbers of more digits than a float64 can tell apart, so names: left as text"


def written_codes(con: Any, relation: Relation, numbers: Mapping[str, Finding]) -> dict[str, Finding]:
    """The columns of plain numbers that are better left as text, or of which something is to be said."""
    found = {}
    for c, finding in numbers.items():
        n = finding.counts
        if n is None or not (n.zeros or n.longest > LONG):
            continue
        digits, shortest, longest, low, lossy = ask(con, relation, digits_query(finding.text, relation.sql))
        if digits == n.sure and (lossy or (n.zeros and shortest == longest)):
            holds, example = (MANY, lossy) if lossy else (ZEROS, low)
            text = replace(finding, kind="text", how="text", value=finding.text, markers=False)
            found[c] = replace(text, holds=holds, example=example)
        elif digits == n.sure and n.zeros:
            found[c] = replace(finding, holds=PADDED, example=low)
    return found


def digits_query(v: str, source: str) -> str:
    """SQL: how many values are digits only, the shortest and longest, the first, and one a float64 does not hold."""
    lossy = f"length({v}) > 38 OR TRY_CAST(TRY_CAST({v} AS DOUBLE) AS HUGEINT) <> TRY_CAST({v} AS HUGEINT)"
    asked = (
        f"count(*) FILTER (regexp_full_match({v}, '[0-9]+')), min(length({v})), max(length({v})), min({v}), "
        f"min({v}) FILTER (CASE WHEN length({v}) > {LONG} AND regexp_full_match({v}, '[0-9]+') THEN {lossy} END)"
    )
    return select(asked, source, f"WHERE regexp_full_match({v}, '[0-9].*')")


def too_long(con: Any, relation: Relation, types: Mapping[str, str]) -> dict[str, Finding]:
    """Typed columns of whole numbers some of which a float64 does not hold."""
    whole = [c for c, type_ in types.items() if WHOLE.fullmatch(type_)]
    if not whole:
        return {}
    # A DOUBLE of 2⁶³ or more may not fit the type again, so HUGEINT on both sides.
    asked = ", ".join(
        f"min({c}) FILTER (abs(CAST({c} AS DOUBLE)) >= {EXACT} AND TRY_CAST(CAST({c} AS DOUBLE) AS HUGEINT) "
        f"IS DISTINCT FROM TRY_CAST({c} AS HUGEINT))"
        for c in whole
    )
    examples = ask(con, relation, select(asked, relation.sql))
    text = {c: f"CAST({c} AS VARCHAR)" for c in whole}
    return {
        c: Finding("text", "text", text[c], holds=MANY, example=str(example))
        for c, example in zip(whole, examples, strict=True)
        if example is not None
    }
