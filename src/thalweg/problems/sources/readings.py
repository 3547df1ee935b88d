r"""Ways to read text as numbers: 1234.5, 1,234.5, 1.234,5, 30 %, $5, (5); and true/false and plain text.

Each Reading has a pattern that a whole value must match, the same in Python and in DuckDB, and SQL for the
value. A column is read in a way only if all its values can be; `how` names the way, so that another file can
be read like the first.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from thalweg.problems.sources.sql import quoted

NUMERAL = r"[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?"
INFINITE = r"[-+]?[iI][nN][fF]([iI][nN][iI][tT][yY])?"
SIGNS = "%$€£¥₹₩₽"
# Groups of thousands start with a digit that is no zero: 0,123 and 090.123 are something else.
POINT = r"(([0-9]+|[1-9][0-9]{0,2}(,[0-9]{3})+)(\.[0-9]*)?|\.[0-9]+)"
COMMA = r"(([0-9]+|[1-9][0-9]{0,2}(\.[0-9]{3})+)(,[0-9]*)?|,[0-9]+)([eE][-+]?[0-9]+)?"
THOUSANDS_ONLY = r"(([0-9]{1,3}|[1-9][0-9]{0,2}(,[0-9]{3})+)(\.[0-9]*)?|\.[0-9]+)"


@dataclass(frozen=True)
class Reading:
    """how: its name. pattern: what a whole value looks like. value(v): SQL of the typed value, NULL where v is none;
    it may be more lenient than the pattern, for files that are read like another one. said: for the notice.
    """

    how: str
    kind: str
    pattern: str
    value: Callable[[str], str]
    said: str = ""

    def fits(self, v: str) -> str:
        """SQL: whether the text v reads in this way."""
        return f"(regexp_full_match({v}, {quoted(self.pattern)}) AND {self.value(v)} IS NOT NULL)"

    def strict(self, v: str) -> str:
        """SQL of the typed value of a text that reads in this way; NULL for any other."""
        return f"CASE WHEN regexp_full_match({v}, {quoted(self.pattern)}) THEN {self.value(v)} END"

    def may_fit(self, values: Iterable[str]) -> bool:
        """Whether one of these texts looks as if it does; what no pattern sees (a 30th of February) `fits` does."""
        return any(re.fullmatch(self.pattern, value) for value in values)


def as_double(v: str) -> str:
    """SQL of a plain number. DuckDB alone would also take 1_000 and +-5."""
    return f"CASE WHEN regexp_full_match({v}, '{NUMERAL}|{INFINITE}') THEN TRY_CAST({v} AS DOUBLE) END"


def marked(sign: str, comma: bool) -> Reading:
    """Amounts with a sign such as % or $ before or after them, and brackets for minus."""
    number = COMMA if comma else POINT
    name = f"{sign} with decimal comma" if comma else sign
    what = "percent (30% is read as 30)" if sign == "%" else f"amounts in {sign}"
    return Reading(
        how=name,
        kind="number",
        pattern=forms(number, f"[{sign}]"),
        value=lambda v: amount(v, forms(number, f"[{sign}]?"), sign, comma),
        said=f"read as {what}{', with the comma as decimal sign' if comma else ''}",
    )


def forms(number: str, mark: str) -> str:
    """The pattern of −$5, $−5, 5 $, ($5) and (5$)."""
    blank = "[ \u00a0]?"
    before, after = f"{mark}{blank}", f"{blank}{mark}"
    return (
        f"[-+]?{before}{number}|{before}[-+]{number}|[-+]?{number}{after}|\\({before}{number}\\)|\\({number}{after}\\)"
    )


def amount(v: str, pattern: str, sign: str, comma: bool) -> str:
    """SQL of the number in v, where v matches the pattern."""
    superfluous = "() \u00a0" + sign + ("." if comma else ",")
    digits = f"translate({v}, {quoted(superfluous)}, '')"
    if comma:
        digits = f"replace({digits}, ',', '.')"
    return (
        f"CASE WHEN regexp_full_match({v}, {quoted(f'{pattern}|{INFINITE}')}) "
        f"THEN CASE WHEN {v} LIKE '(%' THEN -1 ELSE 1 END * TRY_CAST({digits} AS DOUBLE) END"
    )


NUMBER = Reading("number", "number", f"{NUMERAL}|{INFINITE}", as_double)
BOOLEAN = Reading("boolean", "boolean", "[tT][rR][uU][eE]|[fF][aA][lL][sS][eE]", lambda v: f"TRY_CAST({v} AS BOOLEAN)")
TEXT = Reading("text", "text", r"(?s).*", lambda v: v)
THOUSANDS = Reading(
    "thousands comma",
    "number",
    f"[-+]?{THOUSANDS_ONLY}|\\({THOUSANDS_ONLY}\\)",
    lambda v: amount(v, f"[-+]?{POINT}([eE][-+]?[0-9]+)?|\\({POINT}\\)", "", comma=False),
    "read with commas between thousands (1,234 is 1234, (5) is -5)",
)
DECIMAL_COMMA = Reading(
    "decimal comma",
    "number",
    f"[-+]?{COMMA}",
    lambda v: amount(v, f"[-+]?{COMMA}", "", comma=True),
    "read with the comma as decimal sign",
)
AMOUNTS = tuple(marked(sign, comma) for comma in (False, True) for sign in SIGNS)
