"""Ways to read text as dates and times of day: ISO, and the usual forms, each named by its strptime format.

A column keeps one form throughout. Where day and month could be either, nothing is guessed: see `finding`.
"""

import re
from itertools import product

from thalweg.problems.sources.readings import Reading
from thalweg.problems.sources.sql import quoted, select

CLOCK = r"[0-9]{1,2}:[0-9]{2}(:[0-9]{2}(\.[0-9]+)?)?"
ZONE = r" ?(Z|UTC|[-+][0-9]{2}(:?[0-9]{2})?)"
ISO_PATTERN = rf"[0-9]{{4}}[-/][0-9]{{1,2}}[-/][0-9]{{1,2}}([ T]{CLOCK}({ZONE})?)?"
DATES = (
    *(f"{day}{s}{month}{s}%{year}" for (day, month), s, year in product((("%d", "%m"), ("%m", "%d")), "/-.", "Yy")),
    *(f"%d{s}{month}{s}%{year}" for s, month, year in product((" ", "-"), ("%b", "%B"), "Yy")),
    *(f"{month} %d{s}%Y" for month, s in product(("%b", "%B"), (" ", ", "))),
    "%Y-%b-%d", "%Y.%m.%d",
)  # fmt: skip
CLOCKS = ("", " %H:%M", " %H:%M:%S", " %H:%M:%S.%f", " %I:%M %p", " %I:%M:%S %p", "T%H:%M:%S", ", %H:%M", ", %H:%M:%S")
MONTHS = ("%Y-%m", "%b %Y", "%B %Y", "%b-%y", "%b-%Y", "%m/%Y")
LONG = ("%a, %d %b %Y %H:%M:%S GMT", "%a, %d %b %Y", "%a %b %d %H:%M:%S %Y")
DIGITS = {
    "Y": "{4}",
    "y": "{2}",
    "m": "{1,2}",
    "d": "{1,2}",
    "H": "{1,2}",
    "I": "{1,2}",
    "M": "{2}",
    "S": "{2}",
    "f": "+",
}
WORDS = {"b": "[A-Za-z]{3}", "B": "[A-Za-z]{3,}", "a": "[A-Za-z]{3}", "p": "[AaPp][Mm]"}


def pattern_of(form: str) -> str:
    """The pattern of a strptime format; stricter than strptime, which takes the year 20 for %Y."""
    parts = re.split(r"%(.)", form)
    words = [" +" if part == " " else re.escape(part) for part in parts[::2]]
    digits = DIGITS
    if "%y" in form and "/" not in form:  # 1.2.20 is the number of a version rather than a day
        digits = DIGITS | {"d": "{2}", "m": "{2}"}
    codes = [f"[0-9]{digits[code]}" if code in digits else WORDS[code] for code in parts[1::2]]
    return "".join(word + code for word, code in zip(words, [*codes, ""], strict=True))


def dated(form: str) -> Reading:
    """Dates of one strptime format."""
    said = f"read as dates of the form {form}"
    return Reading(form, "date", pattern_of(form), lambda v: f"try_strptime({v}, {quoted(form)})", said)


def clocked(form: str) -> Reading:
    """Times of day of one strptime format."""
    said = f"read as times of day of the form {form}"
    value = lambda v: f"CAST(try_strptime({v}, {quoted(form)}) AS TIME)"  # noqa: E731
    return Reading(form, "time", pattern_of(form), value, said)


def iso_value(v: str) -> str:
    """SQL of an ISO date; a zone moves the time to UTC."""
    zoned = f"regexp_matches({v}, {quoted(f':[0-9.]+{ZONE}$')})"
    with_zone = f"TRY_CAST({v} AS TIMESTAMPTZ) AT TIME ZONE 'UTC'"
    return f"CASE WHEN {zoned} THEN {with_zone} ELSE TRY_CAST({v} AS TIMESTAMP) END"


ISO = Reading("date", "date", ISO_PATTERN, iso_value)
TIME = Reading("time", "time", CLOCK, lambda v: f"TRY_CAST({v} AS TIME)")
DATED = tuple(dated(day + clock) for day in DATES for clock in CLOCKS) + tuple(map(dated, (*MONTHS, *LONG)))
CLOCKED = tuple(map(clocked, ("%I:%M %p", "%I:%M:%S %p")))


def other_way_round(form: str) -> str:
    """The format with day and month exchanged; "" where it names the month or has no day."""
    if not re.match(r"%[dm][/.-]%[dm]", form):
        return ""
    return form[:1] + form[4] + form[2:4] + form[1] + form[5:]


def fields_query(v: str, source: str) -> str:
    """SQL that looks at the first two numbers of dates: rows where they differ, and the range of each."""
    first, second = (f"CAST(regexp_extract({v}, '^([0-9]+)[/.-]([0-9]+)', {i}) AS INTEGER)" for i in (1, 2))
    asked = f"count(*) FILTER ({first} <> {second}), min({first}), max({first}), min({second}), max({second})"
    return select(asked, source, f"WHERE regexp_matches({v}, '^[0-9]')")


def day_first(fields: tuple[int, ...]) -> bool | None:
    """Whether the day comes first in dates that allow both; None where nothing tells.

    Either does where both numbers are always equal. Else what is 1 in every row is the first of the month.
    """
    differ, low, high, second_low, second_high = fields
    if not differ:
        return False
    if (low, high) == (1, 1) and second_low < second_high:
        return True
    return False if (second_low, second_high) == (1, 1) and low < high else None
