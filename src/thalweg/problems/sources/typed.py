"""What DuckDB's own types mean to us, and how a value of each kind is written as text."""

import re

WRITTEN = "written"  # the type of text in a file that has no types: to be looked at
NUMERIC = re.compile(r"(U?(TINY|SMALL|BIG|HUGE)INT|U?INTEGER|FLOAT|DOUBLE|DECIMAL.*|BIGNUM)")
WHOLE = re.compile(r"U?(BIG|HUGE)INT")  # may be more than a DOUBLE can tell apart
EXACT = 2**53  # up to which each whole number is a DOUBLE of its own


def kind_of(type_: str) -> str:
    """Our kind of a DuckDB type."""
    if NUMERIC.fullmatch(type_):
        return "number"
    if type_ == "BOOLEAN":
        return "boolean"
    if type_ in ("VARCHAR", "UUID") or type_.startswith("ENUM"):
        return "text"
    if type_.endswith("[]"):
        return "other"
    if type_.startswith(("DATE", "TIMESTAMP")):
        return "date"
    return "time" if type_.startswith("TIME") else "other"


def value_of(c: str, type_: str) -> str:
    """SQL of the column as we keep it: DOUBLE without NaN, BOOLEAN, TIMESTAMP in UTC, TIME, or VARCHAR."""
    kind = kind_of(type_)
    if kind == "number":
        return f"nullif(CAST({c} AS DOUBLE), 'nan'::DOUBLE)"
    if kind == "boolean":
        return c
    if kind == "date":
        utc = f"{c} AT TIME ZONE 'UTC'" if type_ == "TIMESTAMP WITH TIME ZONE" else c
        return f"CASE WHEN isfinite({c}) THEN CAST({utc} AS TIMESTAMP) END"
    return f"CAST({c} AS TIME)" if kind == "time" else f"CAST({c} AS VARCHAR)"


def text_of(kind: str, c: str) -> str:
    """SQL of a value, as it is kept, as text: 7 rather than 7.0, 2020-01-31 rather than … 00:00:00."""
    if kind == "number":
        whole = f"{c} = floor({c}) AND abs({c}) < 1e16"
        return f"CASE WHEN {whole} THEN CAST(CAST({c} AS BIGINT) AS VARCHAR) ELSE CAST({c} AS VARCHAR) END"
    if kind == "date":
        midnight = f"{c} = date_trunc('day', {c})"
        return f"CASE WHEN {midnight} THEN strftime({c}, '%Y-%m-%d') ELSE CAST({c} AS VARCHAR) END"
    return f"CAST({c} AS VARCHAR)"
