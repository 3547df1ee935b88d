"""What each column of a table is used as, or why it is not: the decisions of problems/roles.py, for every column."""

from collections.abc import Mapping
from dataclasses import dataclass

from thalweg.errors import DataError
from thalweg.evidence.profile.values import Values
from thalweg.problems.recognise import Seen, recognise
from thalweg.problems.roles import features_of, named_columns, refuse_double_parts
from thalweg.problems.sections import Table
from thalweg.problems.sources.columns import Columns
from thalweg.problems.stacked import Stacked
from thalweg.problems.words import no_column

FEATURES = ("number", "flag", "category", "date", "time")


@dataclass(frozen=True)
class Use:
    """part: one of FEATURES, "target", "weights", "group", "identifier", or "" for a column that is left out.

    reason: why it is left out, in a word or two; why: with the figures; remark: what else is worth knowing.
    """

    part: str
    reason: str = ""
    why: str = ""
    remark: str = ""

    @property
    def learned(self) -> bool:
        """Whether the column is learned from."""
        return self.part in FEATURES


def refuse_names(columns: Columns | Stacked, section: Table) -> None:
    """Names that were asked for and are not there, or are asked to be two things."""
    named = named_columns(section)
    for name in (*named, *filter(None, [section.time])):
        if name not in columns.kinds:
            raise DataError(no_column(name, columns.names, columns.name))
    refuse_double_parts(named)


def uses_of(columns: Columns | Stacked, section: Table, values: Mapping[str, Values]) -> dict[str, Use]:
    """The use of every column, in the order of the table; without a target all columns are candidates."""
    asked = {
        **dict.fromkeys(section.drop, Use("", "as asked", "--drop")),
        **dict.fromkeys(section.id, Use("identifier", why="--id: kept to name the rows, not learned from")),
    }
    for name, part in ((section.target, "target"), (section.weights, "weights"), (section.group, "group")):
        if name:
            asked[name] = Use(part)
    seen = seen_features(columns, section)
    found: dict[str, Use] = {}
    for name in columns.names:
        if name in asked:
            found[name] = asked[name]
        elif name in seen:
            found[name] = feature(seen[name], values[name])
        else:
            found[name] = Use("", "not asked for", "not in --features")
    return found


def seen_features(columns: Columns | Stacked, section: Table) -> dict[str, Seen]:
    """What the candidates are good for, also where that is not enough to learn from."""
    named = named_columns(section)
    try:
        return features_of(columns, section, named)
    except DataError:
        rest = section.features or [name for name in columns.names if name not in named]
        return {name: recognise(columns, name, asked=bool(section.features)) for name in rest}


def feature(seen: Seen, values: Values) -> Use:
    """A column that never changes tells nothing, whatever it is made of."""
    if seen.use and values.constant:
        return Use("", "constant", f"always {values.text(float(values.known[0]))}", seen.remark)
    return Use(seen.use, seen.reason, seen.why, seen.remark)
