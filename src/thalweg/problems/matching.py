"""Are the columns of another table what they were in training? For a file of test rows, and for new data."""

import re
from collections.abc import Iterable, Mapping

import numpy as np

from thalweg.errors import DataError
from thalweg.problems.preparation import gaps_of
from thalweg.problems.sources.columns import Columns
from thalweg.problems.words import counted, listed, nearest

SHORT = 2  # characters of a name, up to which only its case may differ
SLIPS = 0.05  # of a column's values, up to which what does not fit counts as missing
HELD = {"number": "numbers", "flag": "true or false", "date": "dates", "time": "times of day"}
KINDS = {"number": ("number", "boolean"), "flag": ("boolean", "number"), "date": ("date",), "time": ("time",)}


def match(columns: Columns, uses: Mapping[str, str], exact: Iterable[str] = ()) -> list[str]:
    """uses: column -> what it is used as. Notices; DataError where one is not there, or not what it was.

    A few values that do not fit count as missing, but none may in a column that has to be exact.
    """
    if lacking := [name for name in uses if name not in columns.kinds]:
        spare = [name for name in columns.names if name not in uses]
        near = [f"{n} (perhaps its {found})" if (found := renamed(n, spare)) else n for n in lacking]
        raise DataError(f"{columns.name} has no column {listed(near)}; expected those of training: {listed(uses, 30)}")
    slips = []
    for name, use in uses.items():
        if use == "category" or columns.kinds[name] == "empty":
            continue
        if columns.kinds[name] not in KINDS[use]:
            raise DataError(
                f"column {name!r} of {columns.name} held {HELD[use]} in training and is {columns.kinds[name]} here; "
                "mend it"
            )
        if name in columns.stray:
            count, value, row = columns.stray[name]
            refuse_strays(columns, name, use, name in exact)
            what = "value that does" if count == 1 else "values that do"
            slips.append(f"{name} ({count:,} {what} not fit, such as {value!r} in data row {row:,})")
        if use == "flag":
            refuse_other_numbers(columns, name)
    return [f"in {columns.name} these count as missing: {listed(slips)}"] if slips else []


def renamed(name: str, spare: Iterable[str]) -> str:
    """The column that is probably the same under another name, among those that are none of the others.

    Other digits mean another column, and names of one or two characters resemble anything.
    """
    digits = re.findall("[0-9]+", name)
    found = nearest(name, [other for other in spare if re.findall("[0-9]+", other) == digits])
    return found if len(name) > SHORT or found.casefold() == name.casefold() else ""


def refuse_strays(columns: Columns, name: str, use: str, exact: bool) -> None:
    """Values that do not fit, where they are more than slips."""
    count, value, row = columns.stray[name]
    known = columns.rows - int(gaps_of(columns, name, use).sum())
    if exact or count > SLIPS * (count + known):
        more = f", nor {'is' if count == 2 else 'are'} {count - 1:,} more" if count > 1 else ""
        raise DataError(
            f"column {name!r} of {columns.name} held {HELD[use]} in training; here {value!r} in data row {row:,} "
            f"is not such{more}: mend it, or write NA for missing"
        )


def refuse_other_numbers(columns: Columns, name: str) -> None:
    """Numbers that stand for true and false are 0 and 1."""
    values = columns.numbers(name)
    wrong = np.flatnonzero(~np.isin(values, (0.0, 1.0)) & ~np.isnan(values))
    if len(wrong):
        raise DataError(
            f"column {name!r} of {columns.name} held true or false in training; here it is {values[wrong[0]]:g} in "
            f"data row {wrong[0] + 1:,}, as in {counted(len(wrong), 'row')} at all: mend it"
        )
