"""Which part each column of a table plays: target, features, weights, names of rows. Each refusal says what there is.

>>> from thalweg.problems.sections import Table
>>> from thalweg.problems.bundled import BUNDLED
>>> from thalweg.problems.sources.opening import open_source
>>> roles = assign(open_source(str(BUNDLED["penguins"].path)), Table(target="species"))
>>> roles.uses["island"], roles.uses["body_mass_g"]
('category', 'number')
"""

from collections.abc import Iterable
from dataclasses import dataclass

from thalweg.errors import DataError
from thalweg.problems.recognise import EMPTY, UNLEARNABLE, Seen, recognise
from thalweg.problems.sections import Table
from thalweg.problems.sources.columns import Columns
from thalweg.problems.stacked import Stacked
from thalweg.problems.words import listed, no_column

# Names that people give to the column they want to predict, most telling first.
TELLING = (
    "target",
    "label",
    "class",
    "y",
    "outcome",
    "response",
    "species",
    "diagnosis",
    "price",
    "quality",
    "survived",
    "survival",
    "churn",
)
MOMENT = {"year", "month", "day", "hour", "minute", "second", "date", "time"}  # when, seldom what
NOT_A_TARGET = ("empty", "other", "date", "time")


@dataclass(frozen=True)
class Roles:
    """uses: feature -> what it is used as: "number", "flag", "category", "date" or "time" (see recognise.py)."""

    target: str
    uses: dict[str, str]
    notices: tuple[str, ...]


def assign(columns: Columns | Stacked, section: Table) -> Roles:
    """Checks every name that was given; without `features` takes each column that is of use."""
    target = section.target
    if not target:
        raise DataError(no_target(columns))
    refuse_single_texts(section)
    named = named_columns(section)
    for name in named:
        if name not in columns.kinds:
            raise DataError(no_column(name, columns.names, columns.name))
    refuse_double_parts(named)
    if section.time == target:
        raise DataError(f"time {target!r} is also the target; split in the order of another column")
    if columns.kinds[target] in NOT_A_TARGET:
        raise DataError(
            f"target {target!r} is {described(columns.kinds[target])}; expected numbers, booleans or text: "
            "choose another column"
        )
    if section.weights and columns.kinds[section.weights] not in ("number", "boolean"):
        kind = described(columns.kinds[section.weights])
        raise DataError(f"weights {section.weights!r} is {kind}; expected numbers ≥ 0")
    if section.group and columns.kinds[section.group] == "empty":
        raise DataError(f"group {section.group!r} is empty; expected what rows of one group have in common")
    seen = features_of(columns, section, named)
    return Roles(
        target, {name: one.use for name, one in seen.items() if one.use}, tuple(notices(columns, seen, section))
    )


def refuse_single_texts(section: Table) -> None:
    """features="age" would be read as the columns a, g and e."""
    for field in ("features", "drop", "id"):
        if isinstance(value := getattr(section, field), str):
            raise DataError(f"{field} is the text {value!r}; expected a list of column names, as in [{value!r}]")


def named_columns(section: Table) -> list[str]:
    """Every column that the section names, as often as it does."""
    single = [name for name in (section.target, section.weights, section.group) if name]
    return [*single, *section.features, *section.drop, *section.id]


def features_of(columns: Columns | Stacked, section: Table, named: list[str]) -> dict[str, Seen]:
    """What each feature is good for: the ones that were asked for, else all that have no other part."""
    if section.time and section.time not in columns.kinds:
        raise DataError(no_column(section.time, columns.names, columns.name))
    if section.features:
        seen = {name: recognise(columns, name, asked=True) for name in section.features}
        if useless := [f"{name} ({one.why})" for name, one in seen.items() if not one.use]:
            raise DataError(f"nothing can be learned from {listed(useless)}; leave them out of features")
        return seen
    rest = [name for name in columns.names if name not in named]
    seen = {name: recognise(columns, name) for name in rest}
    if not any(one.use for one in seen.values()):  # a lone x = 1, 2, 3, … is what there is to learn from
        seen |= {name: recognise(columns, name, asked=True) for name in rest if columns.kinds[name] == "number"}
    if not any(one.use for one in seen.values()):
        why = listed(f"{name} ({one.why})" for name, one in seen.items()) or "no other column"
        raise DataError(
            f"{columns.name} has no column to learn from besides {section.target!r}: {why}; "
            "name the ones you want in features"
        )
    return seen


def refuse_double_parts(named: list[str]) -> None:
    """One column cannot be two things."""
    if twice := sorted({name for name in named if named.count(name) > 1}):
        raise DataError(
            f"{listed(twice)} is named more than once among target, features, drop, id, group and weights; name it once"
        )


def notices(columns: Columns | Stacked, seen: dict[str, Seen], section: Table) -> Iterable[str]:
    """What was left out, by reason, and what is used otherwise than as plain numbers."""
    reasons: dict[str, list[str]] = {}
    for name, one in seen.items():
        if name in columns.remarks and one.use != "number":
            yield columns.remarks[name]
        if not one.use:
            reasons.setdefault(one.reason, []).append(f"{name} ({one.why})")
        elif one.remark:
            yield f"column {name!r} {one.remark}"
    for reason, names in reasons.items():
        advice = "" if reason in (EMPTY, UNLEARNABLE) else "; --features takes them in all the same"
        yield f"left out, {reason}: {listed(names, 30)}{advice}"
    if section.drop:
        yield f"left out as asked: {listed(section.drop)}"
    if section.id:
        yield f"kept to name the rows, not learned from: {listed(section.id)}"


def no_target(columns: Columns | Stacked) -> str:
    """The sentence for a missing target: the columns with their kinds, and the likeliest one."""
    kinds = listed((f"{name} ({columns.kinds[name]})" for name in columns.names), 30)
    return (
        f"{columns.name} needs a target, the column to predict; has {kinds}; "
        f"perhaps --target {likely_target(columns)!r}"
    )


def likely_target(columns: Columns | Stacked) -> str:
    """The column that people most often want to predict: one with a telling name, else the last of use."""
    by_name = {name.casefold(): name for name in columns.names if columns.kinds[name] not in NOT_A_TARGET}
    words = {name: name.casefold().replace("-", "_").replace(" ", "_").split("_") for name in by_name.values()}
    for telling in TELLING:
        if telling in by_name:
            return by_name[telling]
    for telling in (*TELLING[:3], *TELLING[4:]):
        if found := [name for name, parts in words.items() if telling in parts]:
            return found[-1]
    backwards = [name for name in list(by_name.values())[::-1] if not MOMENT.intersection(words[name])]
    return next((name for name in backwards if recognise(columns, name).use), columns.names[-1])


def described(kind: str) -> str:
    """A kind in words."""
    known = {"empty": "empty", "date": "a date", "time": "a time of day", "text": "text", "boolean": "true or false"}
    return known.get(kind, f"of a kind that has no order ({kind})")
