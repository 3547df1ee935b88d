"""What a column is good for when nobody says: a number, a flag, a category, a date, or nothing, and why.

A name is not a cause: what tells rows apart one by one cannot be learned from, whether it is a number or text.
The thresholds below are rules of thumb; every decision is said in a notice, and `features` overrules it.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from thalweg.formulas.arrays import Array
from thalweg.problems.sources.columns import Columns
from thalweg.problems.stacked import Stacked
from thalweg.problems.words import counted

# id, user_id, "order id", uuid – but not paid, acid, valid
ID_NAME = re.compile(r"(^|[^a-z])(id|ids|uuid|guid)$", re.IGNORECASE)
CAMEL_ID = re.compile(r"[a-z](Id|ID)$")
COUNTER = re.compile(r"^(unnamed: ?\d+|column_?0*1|\.\.\.1|index|idx|rownames?|row|no|nr|number)$", re.IGNORECASE)
NAMELESS = re.compile(r"^(x|v1)$", re.IGNORECASE)  # what R calls a column of row numbers; or a measurement x
CODE = re.compile(r"(zip|plz|fips|(zip|post|postal|area|dialling|dialing)[ _-]?code)[ _-]?\d*", re.IGNORECASE)
# What people are called or billed by; also a plain count may be named like this, so the values must look like it.
CALLED = re.compile(
    r"(^|[^a-z])(((tele)?phone|mobile|fax|ssn|iban|isbn)([ _-]?(no|nr|number))?"
    r"|(account|ticket|invoice)[ _-]?(no|nr|number))$",
    re.IGNORECASE,
)
MEASURED = re.compile(r"[-+]?[0-9]+(?:[.,][0-9]+)* ?([^\W\d_][^\d]{0,11}|[°′″'\"])")  # 12.5 kg, 3 km/h
GROUPED = re.compile(r"[-+]?[0-9]{1,3}([ '\u00a0\u2009\u202f’][0-9]{3})*([.,][0-9]+)?")  # 1 234,5 and 1'234.5
WORDY = 4.0  # words a value has on average, from which on text is prose
LONG = 40.0  # or characters, in more words than one
FEW = 10  # different values, up to which text is a category however few rows there are
ROWS_PER_LEVEL = 2  # with fewer rows to a level than this, on average, levels tell rows apart
MANY_ROWS = 20  # with as many as this, text is a category however it is worded
SINGLE = 1.5  # words, up to which a text is a name rather than a phrase
PEEKED = 2000  # values whose wording is looked at
EMPTY, UNLEARNABLE = "empty", "of a kind that is not learned from"


class Seen(NamedTuple):
    """use: "number", "flag", "category", "date", "time", or "" for none. For none: the reason and, in brackets, why.

    remark: what should be said though the column is used.
    """

    use: str
    reason: str = ""
    why: str = ""
    remark: str = ""


def recognise(columns: Columns | Stacked, name: str, *, asked: bool = False) -> Seen:
    """What the column is good for; `asked` where a person named it as a feature."""
    kind = columns.kinds[name]
    if kind == "boolean":
        return Seen("flag")
    if kind in ("date", "time"):
        return Seen(kind)
    if kind == "number":
        return code(columns, name) or (Seen("number") if asked else number(columns, name))
    if kind == "text":
        if name in columns.stray:
            return almost_number(columns, name, asked)
        return Seen("category") if asked else text(columns, name)
    return (
        Seen("", EMPTY, "no value in any row") if kind == "empty" else Seen("", UNLEARNABLE, "no number, text or date")
    )


def almost_number(columns: Columns | Stacked, name: str, asked: bool) -> Seen:
    """Text that is almost always a number is read as numbers; the rest counts as missing."""
    count, value, row = columns.stray[name]
    bad = f"{counted(count, 'value')} that {'is' if count == 1 else 'are'} no number"
    remark = f"is read as numbers; {bad} ({value!r} in data row {row:,}) counts as missing"
    found = Seen("number") if asked else number(columns, name)
    return found._replace(remark=remark) if found.use else found


def code(columns: Columns | Stacked, name: str) -> Seen | None:
    """Whole numbers that by their name are codes of places, or a few things: a larger one is not more of anything."""
    place = CODE.fullmatch(name)
    if not (place or named_like_id(name)):
        return None
    values = columns.numbers(name)
    known = values[~np.isnan(values)]
    different = len(np.unique(known))
    if not whole(known) or different <= 2 or different * ROWS_PER_LEVEL > len(known):
        return None
    if not place and different > FEW:
        return None
    what = "a code" if place else "an identifier"
    return Seen("category", remark=f"is {what} by its name, so its numbers are used as levels of a category")


def number(columns: Columns | Stacked, name: str) -> Seen:
    """A number, unless it only counts or names the rows."""
    if counting(columns, name):
        return Seen("", "identifiers", "it counts the rows")
    if not any(pattern.search(name) for pattern in (ID_NAME, CAMEL_ID, COUNTER, CALLED, NAMELESS)):
        return Seen("number")
    values = columns.numbers(name)
    known = values[~np.isnan(values)]
    different, named = len(np.unique(known)), named_like_id(name)
    if not whole(known):
        return Seen("number")
    counts = COUNTER.search(name) or (NAMELESS.search(name) and counts_rows(np.sort(known)))
    if different == len(known) > 1 and (named or counts):
        return Seen("", "identifiers", "another whole number in every row")
    called = CALLED.search(name) and different * ROWS_PER_LEVEL > len(known)
    if different > FEW and (named or called):
        return Seen("", "identifiers", f"by its name; {different:,} values in {counted(len(known), 'row')}")
    return Seen("number")


def text(columns: Columns | Stacked, name: str) -> Seen:
    """A category, unless its values are nearly all different or are prose."""
    different, rows = columns.distinct(name), columns.rows
    if different <= FEW < rows:
        return Seen("category")
    if different * ROWS_PER_LEVEL <= rows:  # else they are too many, however few values there are
        rows = int((columns.codes(name)[0] >= 0).sum())
    if different * MANY_ROWS <= rows:
        return Seen("category")
    peeked = [str(value) for value in columns.texts(name, PEEKED) if value is not None]
    words, length = wording(peeked)
    why = f"{different:,} different texts in {counted(rows, 'row')}"
    if figures := written_otherwise(peeked):
        return Seen("", "numbers written as text", f"{figures}; {why}")
    if words >= WORDY or (length >= LONG and words > SINGLE):
        return Seen("", "free text", why)
    if different * ROWS_PER_LEVEL > rows:
        return Seen("", "identifiers" if words <= SINGLE else "names or free text", why)
    return Seen("category")


def wording(texts: Sequence[str]) -> tuple[float, float]:
    """How many words, and characters, a text has on average."""
    count = max(1, len(texts))
    return sum(len(value.split()) for value in texts) / count, sum(map(len, texts)) / count


def written_otherwise(texts: Sequence[str]) -> str:
    """What keeps texts from being numbers, where it is one unit or one sign throughout; else nothing."""
    if not texts:
        return ""
    if all(map(GROUPED.fullmatch, texts)):
        return "blanks or ' between thousands: take them out of the file"
    units = {found[1] if (found := MEASURED.fullmatch(value)) else "" for value in texts}
    return f"all end in {units.pop()!r}: write it into the name instead" if len(units) == 1 and "" not in units else ""


def named_like_id(name: str) -> bool:
    """user_id, userId, uuid: names that people give to identifiers."""
    return bool(ID_NAME.search(name) or CAMEL_ID.search(name))


def whole(values: Array) -> bool:
    return bool(len(values) and np.array_equal(values, np.rint(values)))


def counting(columns: Columns | Stacked, name: str) -> bool:
    """Whether a column counts the rows; of most columns the first rows tell that it does not."""
    pieces = columns.pieces(name) if isinstance(columns, Columns) else iter([(0, columns.numbers(name))])
    start = np.nan
    for at, values in pieces:
        start = values[0] if at == 0 else start
        if not np.array_equal(values, start + np.arange(at, at + len(values))):
            return False
    return columns.rows >= FEW and start in (0.0, 1.0)


def counts_rows(values: Array) -> bool:
    """1, 2, 3, … in file order, over ten rows or more."""
    count = len(values)
    return bool(count >= FEW and values[0] in (0.0, 1.0) and np.array_equal(values, values[0] + np.arange(count)))
