"""Texts that stand for a missing value: some always do, some only where they cannot be a level of a category.

`NA` is missing wherever it stands. `none` or `-` may well be a level (no alcohol), so they are missing only in
columns whose other values are numbers, dates or true/false, and this is said with counts.
"""

import re

USUAL = ("", "NA", "N/A", "n/a", "#N/A", "NaN", "nan", "null", "NULL", "Null", "<NA>", "NaT")
UNUSUAL = ("?", "N.A.", "n.a.", "#NA", "\\N", "-nan", "-NaN", "(null)")
MISSING = USUAL + UNUSUAL
DOUBTFUL = (
    "-", "--", "---", "–", "—", ".", "..", "...", "*", "na", "Na", "NAN", "None", "none", "NONE", "nil",
    "missing", "Missing", "MISSING", "unknown", "Unknown", "UNKNOWN", "not available", "Not Available",
    "#NULL!", "#DIV/0!", "#VALUE!", "#REF!", "#NAME?", "#NUM!", "1.#QNAN", "1.#IND", "-1.#IND",
    "0000-00-00", "0000-00-00 00:00:00",
)  # fmt: skip


def any_of(texts: tuple[str, ...]) -> str:
    """A pattern, for Python and for DuckDB, that matches these texts and no other."""
    return "|".join(re.escape(text) for text in texts)
