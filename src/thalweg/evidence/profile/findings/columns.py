"""What is odd in single columns: codes for missing, spellings, outliers, long tails, constants."""

from collections.abc import Iterator, Mapping

import numpy as np

from thalweg.evidence.check import Check
from thalweg.evidence.profile.column import ColumnProfile
from thalweg.evidence.profile.levels import spellings, words_for_gaps
from thalweg.evidence.profile.record import Profile
from thalweg.evidence.profile.values import Values
from thalweg.evidence.profile.wording import brief, named, percent
from thalweg.formulas.arrays import Array
from thalweg.problems.recognise import FEW
from thalweg.problems.words import counted, listed

CODES = {-1.0, -9.0, -99.0, -999.0, -9999.0, -99999.0, 99.0, 999.0, 9999.0, 99999.0, 999999.0, 9999999.0,
         99999999.0, 999.9, -999.9, 9999.9, 1e20, -2147483648.0, 2147483647.0, 32767.0, -32768.0, 65535.0}  # fmt: skip
STEPS = 5  # between 0 and the next value, where values come in steps
TAIL = 0.01  # share of values beyond the cut-off from which on they are a tail rather than outliers


def findings(found: Profile, values: Mapping[str, Values]) -> Iterator[Check]:
    """Over the columns that are learned from, and those that carry nothing."""
    codes = {c.name: code for c in found.features if (code := code_for_missing(c, values[c.name])) is not None}
    if codes:
        yield coded(codes, values)
    yield from spelled(found, values)
    yield from worded(found, values)
    yield from zeros(found, values)
    yield from infinite(found)
    yield from far(found, codes)
    yield from stray(found)
    yield from constant(found)


def code_for_missing(column: ColumnProfile, values: Values) -> float | None:
    """A number such as 999 that stands apart from all others in several rows, at one end."""
    if column.use != "number" or column.numbers is None:
        return None
    for end in (column.numbers.min, column.numbers.max):
        if end not in CODES:
            continue
        others = np.sort(values.known[values.known != end])
        if len(values.known) - len(others) > 1 and len(others) > 1 and stands_apart(end, others):
            return end
    return None


def stands_apart(value: float, others: Array) -> bool:
    """Below zero where nothing else is, or as far beyond all others as these are wide."""
    low, high = float(others[0]), float(others[-1])
    if value < 0 <= low:
        return True
    return value - high > high - low or low - value > high - low


def coded(codes: Mapping[str, float], values: Mapping[str, Values]) -> Check:
    """Numbers that look like codes for missing values."""
    said = listed(
        f"{name} {brief(code)} ({counted(int((values[name].known == code).sum()), 'row')})"
        for name, code in codes.items()
    )
    one = len(codes) == 1
    sentence = (
        f"{said} {'stands' if one else 'stand'} apart from all other values, as codes for a missing value do. Read as "
        "numbers they bend means and models; write NA for them in the file."
    )
    return Check("codes-for-missing", "Codes for missing values", "warn", len(codes), "columns", sentence)


def spelled(found: Profile, values: Mapping[str, Values]) -> Iterator[Check]:
    """Levels that are probably one."""
    groups = [
        (c.name, group)
        for c in found.columns
        if c.use in ("category", "target")
        for group in spellings(values[c.name].levels)
    ]
    if groups:
        said = listed((f"{name} {' / '.join(map(repr, group))}" for name, group in groups), 4)
        sentence = f"{said} differ only in case, blanks or signs, yet count as different levels."
        yield Check("spellings", "Spellings", "notice", len(groups), "levels", sentence)


def worded(found: Profile, values: Mapping[str, Values]) -> Iterator[Check]:
    """Levels such as "unknown"."""
    words = [
        (c.name, level)
        for c in found.columns
        if c.use in ("category", "target")
        for level in words_for_gaps(values[c.name].x, values[c.name].levels)
    ]
    if words:
        said = listed((f"{name} {level.value!r} ({counted(level.rows, 'row')})" for name, level in words), 6)
        sentence = f"{said} count as levels of their own; if they say that nothing is known, write NA for them."
        yield Check("words-for-missing", "Words for missing values", "notice", len(words), "levels", sentence)


def zeros(found: Profile, values: Mapping[str, Values]) -> Iterator[Check]:
    """Zeros in a quantity that otherwise comes nowhere near zero."""
    doubtful = [
        f"{c.name} ({counted(c.numbers.zeros, 'row')}; the others start at {brief(first)})"
        for c in found.features
        if c.use == "number" and c.numbers and (first := lonely_zero(values[c.name]))
    ]
    if doubtful:
        sentence = f"0 stands apart from all other values: {listed(doubtful, 6)}. Does it stand for a missing value?"
        yield Check("zeros", "Zeros", "notice", len(doubtful), "columns", sentence)


def lonely_zero(column: Values) -> float:
    """The smallest other value where 0 stands apart from all of them, in several rows but not in most; else 0.

    As far as the bulk is wide, and many steps below the rest: 0, 1, 2, … children are a count.
    """
    different, rows = column.distinct
    if len(different) <= FEW or different[0] != 0 or not 2 <= rows[0] <= len(column.known) / 3:
        return 0.0
    first, step = float(different[1]), float(np.diff(different[1:]).min())
    positive = np.repeat(different[1:], rows[1:])
    apart = positive[len(positive) // 100] > 0.4 * np.median(positive)
    return first if apart and first >= STEPS * step else 0.0


def infinite(found: Profile) -> Iterator[Check]:
    """Results of a calculation that went wrong before; with a target they are refused."""
    some = [c for c in found.features if c.numbers and c.numbers.infinite]
    if some and not found.refusal:
        said = named([f"{c.name} ({counted(c.numbers.infinite, 'row')})" for c in some if c.numbers], 6)
        sentence = f"{said}: not numbers to learn from, so a report refuses them; mend them, or write NA."
        yield Check("infinite", "Infinite values", "warn", len(some), "columns", sentence)


def far(found: Profile, codes: Mapping[str, float]) -> Iterator[Check]:
    """Outliers, and columns with so many that they are a tail."""
    some = [
        c
        for c in found.features
        if c.use == "number" and c.numbers and c.numbers.outliers.count and c.name not in codes
    ]
    some.sort(key=lambda c: -(c.numbers.outliers.distance or 0) if c.numbers else 0)
    rows = found.rows.rows
    few = [c for c in some if c.numbers and c.numbers.outliers.count <= max(1, TAIL * (rows - c.missing))]
    tails = [c for c in some if c not in few]
    if few:
        sentence = f"{rule(few)}: {listed(map(outlying, few), 4)}. Look whether they are slips."
        yield Check("outliers", "Outliers", "notice", len(few), "columns", sentence)
    if tails:
        said = listed((f"{c.name} (up to {brief(ending(c))}, median {brief(middle(c))})" for c in tails), 4)
        sentence = (
            f"{percent(TAIL, 1)} of the values or more are beyond the cut-off for outliers in {said}. Even "
            "standardised, such rows have inputs far beyond ±3 and pull the hardest."
        )
        yield Check("heavy-tails", "Long tails", "notice", len(tails), "columns", sentence)


def rule(columns: list[ColumnProfile]) -> str:
    """The rules that were used, with their sources."""
    rules = {c.numbers.outliers.rule for c in columns if c.numbers}
    known = {
        "MAD": "3.5 scaled MADs or more from the median (Iglewicz & Hoaglin 1993)",
        "fences": "3 interquartile ranges or more beyond the quartiles (Tukey 1977)",
    }
    return " or ".join(words for name, words in known.items() if name in rules)


def outlying(column: ColumnProfile) -> str:
    """`fare (3; 512.3 is 14 scaled MADs out)`."""
    assert column.numbers is not None  # noqa: S101 - chosen for its numbers
    far_out = column.numbers.outliers
    unit = "MADs" if far_out.rule == "MAD" else "IQRs"
    distance = brief(far_out.distance or 0.0, 2)
    return f"{column.name} ({far_out.count:,}; {brief(far_out.farthest or 0.0)} is {distance} {unit} out)"


def ending(column: ColumnProfile) -> float:
    """The outlier that lies farthest out."""
    assert column.numbers is not None  # noqa: S101 - chosen for its numbers
    return column.numbers.outliers.farthest or 0.0


def middle(column: ColumnProfile) -> float:
    assert column.numbers is not None  # noqa: S101 - chosen for its numbers
    return column.numbers.median


def stray(found: Profile) -> Iterator[Check]:
    """Numbers with other things among them, numbers that are codes."""
    if some := [c for c in found.features if c.remark]:
        said = "; ".join(f"{c.name} {c.remark}" for c in some[:4])
        yield Check("stray", "How columns are taken", "notice", len(some), "columns", f"{said}.")


def constant(found: Profile) -> Iterator[Check]:
    """Columns that never change, or hold nothing."""
    some = [c for c in found.columns if c.reason in ("constant", "empty")]
    if some:
        said = named([f"{c.name} ({c.why})" for c in some], 8)
        sentence = f"{said}: nothing can be learned from what never changes, so it is left out."
        yield Check("constant-columns", "Constant columns", "notice", len(some), "columns", sentence)
