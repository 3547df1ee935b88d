"""The target against rows in order, time, groups and gaps; a skewed one."""

from collections.abc import Iterator

from thalweg.evidence.check import Check, Status
from thalweg.evidence.profile.findings.leaks import quoted
from thalweg.evidence.profile.naming import names_time
from thalweg.evidence.profile.order import GroupHint
from thalweg.evidence.profile.record import Profile
from thalweg.evidence.profile.scores import MEASURES, skill
from thalweg.evidence.profile.target import SKEWED, TargetProfile
from thalweg.evidence.profile.wording import brief, percent
from thalweg.problems.words import counted

LITTLE, MUCH = 0.05, 0.5  # of the way from chance to certainty


def findings(found: Profile) -> Iterator[Check]:
    """Hints need no target; the rest does."""
    yield from time_hints(found)
    yield from group_hints(found)
    target = found.target
    if target is None:
        return
    yield from ordered(found, target)
    yield from gaps(found, target)
    yield from skewed(target)


def told(found: Profile, tells: float | None) -> str:
    """`; alone it reaches R² 0.31 for price`, where that is more than chance."""
    if tells is None or found.target is None:
        return ""
    if beyond_chance(found, tells) < LITTLE:
        return ""
    return f"; alone it reaches {MEASURES[found.target.task]} {tells:.2f} for {found.target.name}"


def beyond_chance(found: Profile, tells: float | None) -> float:
    """How far from chance to certainty."""
    if tells is None or found.target is None:
        return 0.0
    chance = {"regression": 0.0, "binary": 0.5}.get(found.target.task, 1 / max(1, len(found.target.classes)))
    return skill(tells, chance)


def time_hints(found: Profile) -> Iterator[Check]:
    """A column of time: is the model meant for later rows?"""
    for one in found.times[:2]:
        sentence = (
            f"{one.column} runs from {one.earliest} to {one.latest}{told(found, one.tells)}. If the model is meant for "
            f"later rows than these, split in order: --time {quoted(one.column)}; a random split knows what came after."
        )
        yield Check("time", "Time", "notice", one.tells or 0.0, "", sentence)


def group_hints(found: Profile) -> Iterator[Check]:
    """The same patient in several rows: is the model meant for others?"""
    for one in found.groups[:2]:
        sentence = (
            f"{one.column} has {counted(one.groups, 'value')}, each in {each(one)} on average{told(found, one.tells)}. "
            f"If the model is meant for others than these, keep each on one side: --group {quoted(one.column)}; a "
            "random split tests on those it has learned from."
        )
        status: Status = "warn" if beyond_chance(found, one.tells) >= MUCH else "notice"
        yield Check("group", "Groups", status, one.groups, "groups", sentence)


def each(one: GroupHint) -> str:
    return counted(round(one.rows_each), "row") if one.rows_each >= 9.5 else f"{one.rows_each:.1f} rows"


def ordered(found: Profile, target: TargetProfile) -> Iterator[Check]:
    """Rows that are sorted by the target, or whose neighbours are alike."""
    order = found.order
    if order is None or not order.kind:
        return
    if order.kind == "sorted":
        sentence = (
            f"the rows are sorted by {target.name}. thalweg draws the parts at random, so this does no harm, but a "
            "column that counts the rows would give the answer away."
        )
        yield Check("order", "Order of rows", "notice", order.alike, "", sentence)
        return
    if target.task == "regression":
        figure = f"neighbouring rows share {percent(order.alike, 1)} of the variance of {target.name}"
    else:
        figure = (
            f"{target.name} changes {order.changes:,} times along the rows, {order.expected:,.0f} times if by chance"
        )
    how = "--time or --group with the column behind it avoids that"
    if order.column:
        flag = "--time" if names_time(order.column) else "--group"
        how = f"{order.column} changes along them, one value after the other: {flag} {quoted(order.column)} avoids that"
    sentence = (
        f"{figure}, so the order means something (time, place, person). A random split then tests on neighbours of "
        f"training rows; {how}."
    )
    yield Check("order", "Order of rows", "notice", order.alike, "", sentence)


def gaps(found: Profile, target: TargetProfile) -> Iterator[Check]:
    """Columns whose gaps say something about the target."""
    if not (related := found.gaps.related):
        return
    said = []
    for one in related[:4]:
        if one.cls:
            low, high = percent(one.where_missing, 1), percent(one.elsewhere, 1)
            said.append(f"{one.column} ({low} {one.cls} where it is missing, {high} where not)")
        else:
            mean = f"{brief(one.where_missing)} where it is missing, {brief(one.elsewhere)} where not"
            said.append(f"{one.column} (mean {mean})")
    more = f" and {len(related) - 4} more" if len(related) > 4 else ""
    sentence = (
        f"{target.name} differs where values are missing: {'; '.join(said)}{more}. Dropping such rows would bend the "
        "answer; the marks of missing values keep it, if they are known when a prediction is made."
    )
    yield Check("missing-and-target", "Missing and target", "notice", len(related), "columns", sentence)


def skewed(target: TargetProfile) -> Iterator[Check]:
    """A quantity with a long tail."""
    numbers = target.numbers
    if numbers is None or abs(numbers.skewness) < SKEWED:
        return
    side, end = ("right", numbers.max) if numbers.skewness > 0 else ("left", numbers.min)
    advice = (
        "; it is always above 0, so its logarithm may be easier to learn: make that column in the file, or by --query"
        if numbers.min > 0 and numbers.skewness > 0
        else ""
    )
    sentence = (
        f"{target.name} has a long tail to the {side} (skewness {brief(numbers.skewness, 2)}, median "
        f"{brief(numbers.median)}, {'largest' if side == 'right' else 'smallest'} {brief(end)}): squared errors follow "
        f"its few extreme rows. Scaling the target only standardises and does not change that{advice}."
    )
    yield Check("skewed-target", "Skewed target", "notice", numbers.skewness, "skewness", sentence)
