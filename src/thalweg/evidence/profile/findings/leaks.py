"""Columns that may know the answer."""

from collections.abc import Iterator, Sequence

from thalweg.evidence.check import Check, Status
from thalweg.evidence.profile.leaks import Suspect
from thalweg.evidence.profile.record import Profile
from thalweg.evidence.profile.sums import Term
from thalweg.evidence.profile.wording import brief, named
from thalweg.problems.words import counted

ONCE = 1e-4
APART = 4  # suspects with a sentence each; more than these share one
DRIFT = 0.9  # of the variance of a quantity is shared by neighbouring rows: then any two trends tell each other


def findings(found: Profile) -> Iterator[Check]:
    """Near perfect ones first, then those that are named after the target."""
    if found.target is None:
        return
    target = found.target.name
    perfect = [one for one in found.suspects if one.why == "perfect"]
    drifting = found.order is not None and found.target.task == "regression" and found.order.alike >= DRIFT
    if perfect and drifting:
        yield trends(perfect, target)
        perfect = []
    for one in perfect[:APART]:
        yield check("leak", "warn", one.score, one.measure, alone(one, target))
    if more := perfect[APART:]:
        yield check("leak", "warn", more[0].score, more[0].measure, several(more, target))
    if found.sum:
        yield check("leak", "warn", len(found.sum), "columns", added_up(found.sum, target))
    for one in (one for one in found.suspects if one.why == "name"):
        sentence = (
            f"{one.column} is named like the target and alone tells {figure(one)} of {target}; if it is made from "
            f"{target}, or known only after it, leave it out: --drop {quoted(one.column)}."
        )
        yield check("named-after", "notice", one.score, one.measure, sentence)


def alone(one: Suspect, target: str) -> str:
    """The suspicion about one column."""
    group = f" If it names what several rows are about: --group {quoted(one.column)}." if one.groups else ""
    return (
        f"{one.column} alone tells {target} nearly perfectly ({figure(one)}; the best that any column reaches on "
        f"shuffled targets is {one.chance:.2f}). If it is known only when {target} is, it gives the answer away: "
        f"--drop {quoted(one.column)}.{group} If it is known before, the task is that easy."
    )


def added_up(terms: Sequence[Term], target: str) -> str:
    """The suspicion about columns that make up the target together."""
    first, *others = map(multiple, sorted(terms, key=lambda one: one.times < 0))
    said = first[2:] if first.startswith("+") else first
    names = " ".join(quoted(one.column) for one in terms)
    return (
        f"{target} is {' '.join([said, *others])} in every row, up to a constant: they hold the answer together. If "
        f"they are known only when {target} is, leave them out: --drop {names}."
    )


def multiple(term: Term) -> str:
    """`+ adults`, `- 2.5 children`."""
    sign, size = "-" if term.times < 0 else "+", abs(term.times)
    return f"{sign} {term.column}" if abs(size - 1) < ONCE else f"{sign} {brief(size, 3)} {term.column}"


def several(suspects: Sequence[Suspect], target: str) -> str:
    """The suspicion about more columns."""
    names = [one.column for one in suspects]
    return (
        f"{counted(len(suspects), 'more column')} alone {'tells' if len(names) == 1 else 'tell'} {target} nearly "
        f"perfectly ({suspects[0].measure} {suspects[-1].score:.3f} and more): {named(names, 8)}."
    )


def trends(suspects: Sequence[Suspect], target: str) -> Check:
    """Where everything drifts along the rows, everything tells everything."""
    names = [one.column for one in suspects]
    sentence = (
        f"{named(names)} alone {'tells' if len(names) == 1 else 'tell'} {target} nearly perfectly "
        f"({figure(suspects[0])}), as any two columns that drift along the rows would; judge it on later rows "
        "(--time), not on rows in between."
    )
    return check("leak", "notice", suspects[0].score, suspects[0].measure, sentence)


def figure(one: Suspect) -> str:
    """`AUC 0.998`."""
    return f"{one.measure} {one.score:.3f}"


def check(code: str, status: Status, value: float, unit: str, sentence: str) -> Check:
    title = "Leakage suspect" if code == "leak" else "Named like the target"
    return Check(code, title, status, value, unit, sentence)


def quoted(name: str) -> str:
    """A name as one would type it."""
    import shlex

    return shlex.quote(name)
