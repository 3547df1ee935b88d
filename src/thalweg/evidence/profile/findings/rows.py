"""Rows that cannot be used, that stand twice, that contradict each other, that miss values; too few of them."""

from collections.abc import Iterator

from thalweg.evidence.check import Check, Status
from thalweg.evidence.profile.record import Profile
from thalweg.evidence.profile.wording import brief, named, percent
from thalweg.problems.words import counted, listed

MOSTLY = 0.5
FEW = 5  # training rows for an input column: with fewer a linear model fits noise as well (Harrell 2015, section 4.4)


def findings(found: Profile) -> Iterator[Check]:
    """In the order in which they are looked at."""
    if found.refusal:
        yield Check("refused", "Cannot be learned from", "fail", 0.0, "", found.refusal + ".")
    yield from repeated(found)
    yield from contradictory(found)
    yield from missing(found)
    yield from together(found)
    yield from too_few(found)


def repeated(found: Profile) -> Iterator[Check]:
    """Whole rows that stand twice."""
    rows = found.rows
    if rows.repeated:
        share = percent(rows.repeated, rows.rows)
        one = "repeats" if rows.repeated == 1 else "repeat"
        sentence = (
            f"{counted(rows.repeated, 'row')} ({share}) {one} an earlier one in every column; unless they are cases "
            "of their own, they count twice, and a random split puts twins on both sides."
        )
        yield Check("duplicate-rows", "Duplicate rows", "notice", rows.repeated, "rows", sentence)


def contradictory(found: Profile) -> Iterator[Check]:
    """Equal features, different targets."""
    rows, target = found.rows, found.target
    if not rows.contradictory or target is None or rows.ceiling is None:
        return
    limit = (
        f"an R² of {rows.ceiling:.3f}" if target.task == "regression" else f"an accuracy of {percent(rows.ceiling, 1)}"
    )
    sentence = (
        f"{counted(rows.contradictory, 'row')} ({percent(rows.contradictory, target.rows)}) {have(rows.contradictory)} "
        f"the same features as another row, but a different {target.name}: no model of these columns can exceed "
        f"{limit} on these rows."
    )
    yield Check("contradictions", "Contradictory rows", "notice", rows.contradictory, "rows", sentence)


def missing(found: Profile) -> Iterator[Check]:
    """What is missing in the columns that are learned from, in the rows that count."""
    gaps, target = found.gaps, found.target
    if target is not None and target.missing:
        sentence = (
            f"{counted(target.missing, 'row')} ({percent(target.missing, found.rows.rows)}) {have(target.missing)} no "
            f"{target.name}, so nothing can be learned from them; what follows is about the {target.rows:,} others."
        )
        yield Check("target-missing", "Rows without a target", "notice", target.missing, "rows", sentence)
    if not gaps.missing:
        return
    said = listed((f"{name} {percent(count, gaps.of)}" for name, count in gaps.missing.items()), 8)
    sentence = (
        f"{counted(gaps.rows, 'row')} of {gaps.of:,} ({percent(gaps.rows, gaps.of)}) "
        f"{'misses' if gaps.rows == 1 else 'miss'} some value: {said}."
    )
    yield Check("missing", "Missing values", "notice", gaps.rows, "rows", sentence)
    if mostly := [name for name, count in gaps.missing.items() if count > MOSTLY * gaps.of]:
        advice = (
            f"{named(mostly)} {have(len(mostly), 'is', 'are')} missing in more than half of the rows: what is filled "
            "in outweighs what was measured. That it is missing may be all there is to learn from it."
        )
        yield Check("mostly-missing", "Mostly missing", "notice", len(mostly), "columns", advice)


def together(found: Profile) -> Iterator[Check]:
    """Columns with the same gaps: one cause."""
    if shared := found.gaps.together:
        said = "; ".join(f"{named(p.columns)} ({counted(p.rows, 'row')})" for p in shared[:4])
        more = f" and {counted(len(shared) - 4, 'more group')}" if len(shared) > 4 else ""
        sentence = f"missing always in the same rows, so probably for one reason: {said}{more}."
        yield Check("missing-together", "Missing together", "notice", len(shared), "groups", sentence)


def too_few(found: Profile) -> Iterator[Check]:
    """Rows to learn from against columns to learn."""
    plan = found.plan
    if plan is None or plan.rows["train"] >= FEW * plan.inputs:
        return
    rows, inputs = plan.rows["train"], plan.inputs
    status: Status = "warn" if rows <= inputs else "notice"
    what = "can fit any target exactly" if rows <= inputs else "fits noise as well"
    sentence = (
        f"{counted(rows, 'training row')} for {counted(inputs, 'input column')} ({brief(rows / inputs, 2)} for each): "
        f"a linear model {what}; take fewer columns (--features), or a penalty (--l2 0.1)."
    )
    yield Check("few-rows", "Few rows", status, rows / inputs, "rows for a column", sentence)


def have(number: int, one: str = "has", more: str = "have") -> str:
    """The verb that goes with a number."""
    return one if number == 1 else more
