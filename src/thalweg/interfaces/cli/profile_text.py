"""A profile as lines of text: the verdict, the findings, the columns, the target, the plan, the next command."""

from collections.abc import Iterable, Iterator
from math import isfinite

from thalweg.evidence.check import Check
from thalweg.evidence.profile.findings.together import condition_words
from thalweg.evidence.profile.levels import Level
from thalweg.evidence.profile.plan import Plan
from thalweg.evidence.profile.record import Profile
from thalweg.evidence.profile.target import TargetProfile
from thalweg.evidence.profile.wording import brief, mean_and_sd, named, percent
from thalweg.interfaces.cli.column_tables import column_tables, most_telling
from thalweg.interfaces.cli.styled import Line, wrapped
from thalweg.problems.words import counted, listed

SIGNS = {"fail": ("✗", "bold red"), "warn": ("!", "yellow"), "notice": ("·", "")}
INDENT = 2


def lines(found: Profile, following: str, most: int, width: int) -> Iterator[Line]:
    """Everything, for a terminal so wide; at most `most` columns."""
    yield from opening(found, width)
    yield from told(found.findings, width)
    kept = most_telling(found, most)
    yield from column_tables(found, kept, width)
    if (left := len(found.columns) - len(kept)) > 0:
        yield Line(f"  and {counted(left, 'more column')}; --columns all", "dim")
    if found.target is not None:
        yield from titled("Target", about_target(found.target), width)
    if found.plan is not None:
        yield from titled("What thalweg would do", planned(found, found.plan), width)
    elif found.suggestion:
        yield from titled("Columns together", conditioned(found), width)
    if found.notices:
        yield from titled("How the source was read", found.notices, width)
    yield Line("")
    yield Line(f"{'once that is mended' if found.refusal else 'next'}  {following}", "bold")


def opening(found: Profile, width: int) -> Iterator[Line]:
    """Two lines for a person in a hurry."""
    size = (
        f"{found.source}: {counted(found.rows.rows, 'row')}, {counted(len(found.columns), 'column')} ({kinds(found)})"
    )
    yield from wrapped(size, width, style="bold")
    yield from wrapped(f"{verdict(found)} {weights(found.findings)}".strip(), width)
    if found.findings:
        yield Line("")


def kinds(found: Profile) -> str:
    """`4 numbers, 2 categories, 1 identifier`."""
    counts: dict[str, int] = {}
    for column in found.columns:
        word = column.use or "left out"
        counts[word] = counts.get(word, 0) + 1
    order = ("target", "number", "flag", "category", "date", "time", "identifier", "weights", "group", "left out")
    plural = {"category": "categories", "target": "target", "weights": "weights", "left out": "left out"}
    shown = [
        f"{counts[word]:,} {word if counts[word] == 1 else plural.get(word, word + 's')}"
        for word in order
        if word in counts
    ]
    return ", ".join(shown).replace("1 target", "the target").replace("1 weights", "weights")


def verdict(found: Profile) -> str:
    """Can it be learned from?"""
    if found.suggestion:
        return f"No target is named; perhaps {found.suggestion}."
    if found.target is None or found.plan is None:
        return "thalweg cannot learn from it as asked."
    classes = f", {len(found.target.classes)} classes" if found.target.classes else ""
    return f"thalweg can learn {found.target.name} ({found.target.task}{classes})."


def weights(findings: Iterable[Check]) -> str:
    """`2 warnings and 5 notes.`"""
    status = [check.status for check in findings]
    words = {"fail": "obstacle", "warn": "warning", "notice": "note"}
    counts = [counted(status.count(name), word) for name, word in words.items() if name in status]
    return f"{named(counts)}." if counts else "Nothing odd was found."


def told(findings: Iterable[Check], width: int) -> Iterator[Line]:
    """A paragraph for each finding."""
    for check in findings:
        sign, style = SIGNS[check.status]
        text = f"{check.title}: {check.sentence}"
        yield from wrapped(text, width, first=f"{sign} ", rest="  ", style=style)


def about_target(target: TargetProfile) -> Iterator[str]:
    """How it is distributed, and how it was read."""
    if target.classes:
        yield f"{target.name}: {counted(target.rows, 'row')}; {class_shares(target.classes, target.rows)}"
    elif target.numbers is not None:
        n = target.numbers
        spread = f"from {brief(n.min)} to {brief(n.max)}, median {brief(n.median)}, mean {mean_and_sd(n.mean, n.sd)}"
        yield f"{target.name}: {counted(target.rows, 'row')}, {spread}, skewness {brief(round(n.skewness, 2) + 0.0, 2)}"
    yield from target.told


def class_shares(classes: tuple[Level, ...], rows: int) -> str:
    """`benign: 357 (63%), malignant: 212 (37%)`; of many classes the largest and the rarest."""
    shown = [f"{level.value}: {level.rows:,} ({percent(level.rows, rows)})" for level in classes]
    if len(classes) <= 12:
        return listed(shown)
    ordered = sorted(classes, key=lambda level: -level.rows)
    largest, rarest = ordered[0], ordered[-1]
    return (
        f"{len(classes)} classes, the largest {largest.value} with {counted(largest.rows, 'row')} "
        f"({percent(largest.rows, rows)}), the rarest {rarest.value} with {counted(rarest.rows, 'row')}"
    )


def planned(found: Profile, plan: Plan) -> Iterator[str]:
    """Model, rows, columns; what was done to them; what that means for descent."""
    yield (
        f"{plan.model} ({plan.loss}): {counted(plan.inputs, 'input column')} from "
        f"{counted(plan.features, 'column')}, {counted(plan.parameters, 'parameter')}"
    )
    parts = {"train": "to learn from", "validation": "to choose by", "test": "to test on"}
    sizes = named([f"{plan.rows[part]:,} {words}" for part, words in parts.items() if plan.rows[part]])
    yield f"rows: {sizes}, drawn {plan.split}" if plan.split.startswith("at random") else f"rows: {sizes}; {plan.split}"
    scaled = "inputs are standardised" if plan.standardised else "inputs are not standardised (--no-standardise)"
    yield f"{scaled} with the training rows' statistics{', and so is the target' if plan.target_scaled else ''}"
    yield from conditioned(found)
    yield f"thalweg report on this takes {plan.time}"
    told_before = set(found.target.told if found.target else ()) | set(found.notices)
    yield from (notice for notice in plan.notices if notice not in told_before)


def conditioned(found: Profile) -> Iterator[str]:
    """The condition number, raw and standardised, and how far scales are apart."""
    both = found.together
    if both is None or both.condition is None or both.condition_raw is None:
        return
    rows = f"; from {both.rows:,} rows" if both.rows < found.rows.rows / 2 else ""
    if isfinite(both.condition):
        yield f"{condition_words(both)}{rows}"
    if both.scales is not None and both.scales[2] >= 10:
        wide, narrow, times = both.scales
        yield f"scales lie apart: {wide} spreads {brief(times, 2)} times as wide as {narrow}"


def titled(title: str, sentences: Iterable[str], width: int) -> Iterator[Line]:
    """A heading and indented paragraphs, if there are any."""
    paragraphs = list(sentences)
    if paragraphs:
        yield Line("")
        yield Line(title, "bold")
    for sentence in paragraphs:
        yield from wrapped(sentence, width, first=" " * INDENT, rest=" " * (INDENT + 2))
