"""Which columns of a table are the target, the features and the weights; each refusal says what there is."""

from collections.abc import Sequence
from dataclasses import dataclass

from thalweg.errors import DataError
from thalweg.problems.reading import Columns
from thalweg.problems.words import listed, no_column

USABLE = ("number", "boolean")
# Names that people give to the column they want to predict, most telling first.
TELLING = ("target", "label", "class", "y", "outcome", "response", "species", "diagnosis", "price", "quality")


@dataclass(frozen=True)
class Choice:
    """Column names by their part, and a notice for columns that were left out."""

    target: str
    features: tuple[str, ...]
    weights: str
    notices: tuple[str, ...]


def choose(columns: Columns, target: str | None, features: Sequence[str], drop: Sequence[str], weights: str) -> Choice:
    """Checks every name; without `features` takes each number and boolean that has no other part."""
    if isinstance(features, str) or isinstance(drop, str):
        raise DataError("features and drop are lists of column names; write ['name'] for one")
    if not target:
        raise DataError(no_target(columns))
    for name in (target, *features, *drop, *([weights] if weights else [])):
        if name not in columns.kinds:
            raise DataError(no_column(name, columns.names, columns.name))
    refuse_double_parts(target, features, drop, weights)
    if columns.kinds[target] in ("empty", "other", "date"):
        raise DataError(
            f"target {target!r} is {described(columns.kinds[target])}; expected numbers, booleans or text: "
            "choose another column"
        )
    if weights and columns.kinds[weights] not in USABLE:
        raise DataError(f"weights {weights!r} is {described(columns.kinds[weights])}; expected numbers ≥ 0")
    rest = [name for name in columns.names if name not in (target, weights, *drop)]
    used = named_features(columns, features) if features else [n for n in rest if columns.kinds[n] in USABLE]
    if not used:
        kinds = listed(f"{name} ({columns.kinds[name]})" for name in rest) or "none"
        came = f"{columns.name} has no column of numbers to learn from besides {target!r}; has {kinds}"
        raise DataError("; ".join([came, *(columns.remarks[name] for name in rest if name in columns.remarks)]))
    notices = [] if features else left_out(columns, rest)
    if drop:
        notices.append(f"left out as asked: {listed(drop)}")
    return Choice(target, tuple(used), weights, tuple(notices))


def refuse_double_parts(target: str, features: Sequence[str], drop: Sequence[str], weights: str) -> None:
    """One column cannot be two things."""
    parts = [target, *features, *drop, *([weights] if weights else [])]
    twice = sorted({name for name in parts if parts.count(name) > 1})
    if twice:
        raise DataError(
            f"{listed(twice)} is named more than once among target, features, drop and weights; name it once"
        )


def named_features(columns: Columns, features: Sequence[str]) -> list[str]:
    """The features as asked for; those that are no numbers are refused, since they were wanted."""
    unusable = [f"{name} ({columns.kinds[name]})" for name in features if columns.kinds[name] not in USABLE]
    if unusable:
        why = [columns.remarks[name] for name in features if name in columns.remarks]
        came = f"features that are not numbers: {listed(unusable)}"
        raise DataError("; ".join([f"{came}; expected numbers or true/false", *why]))
    return list(features)


def left_out(columns: Columns, rest: Sequence[str]) -> list[str]:
    """The notices for columns that are no numbers, and for those that nearly are."""
    unusable = [f"{name} ({columns.kinds[name]})" for name in rest if columns.kinds[name] not in USABLE]
    notices = [f"left out, not numbers: {listed(unusable, 30)}"] if unusable else []
    return notices + [columns.remarks[name] for name in rest if name in columns.remarks]


def no_target(columns: Columns) -> str:
    """The sentence for a missing target: the columns with their kinds, and the likeliest one."""
    by_name = {name.casefold(): name for name in columns.names}
    likely = next((by_name[name] for name in TELLING if name in by_name), columns.names[-1])
    kinds = listed((f"{name} ({columns.kinds[name]})" for name in columns.names), 30)
    return f"{columns.name} needs a target, the column to predict; has {kinds}; perhaps {likely!r}"


def described(kind: str) -> str:
    """A kind in words."""
    return {"empty": "empty", "date": "a date or time", "text": "text"}.get(
        kind, f"of a kind that has no order ({kind})"
    )
