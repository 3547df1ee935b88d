"""The profile of a table: everything in one record of plain data.

>>> from thalweg.problems.sections import Table
>>> found = profile(Table(source="iris"))
>>> found.rows.rows, found.target.task, found.rows.repeated
(150, 'multiclass', 1)
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from thalweg.errors import DataError
from thalweg.evidence.check import Check
from thalweg.evidence.data_checks import class_balance, duplicates_across
from thalweg.evidence.profile.column import ColumnProfile, describe
from thalweg.evidence.profile.encoding import Encoding, encode
from thalweg.evidence.profile.findings.in_order import findings
from thalweg.evidence.profile.gaps import Gaps, gaps, related
from thalweg.evidence.profile.leaks import Scored, scored, suspects
from thalweg.evidence.profile.order import Order, group_hints, order_of, time_hints
from thalweg.evidence.profile.plan import Plan, plan_of
from thalweg.evidence.profile.record import Profile
from thalweg.evidence.profile.rows import RowsProfile, contradictions, whole_rows
from thalweg.evidence.profile.sums import Term, sum_of
from thalweg.evidence.profile.target import target_codes, target_profile
from thalweg.evidence.profile.together import Together, same_columns, together
from thalweg.evidence.profile.uses import Use, refuse_names, uses_of
from thalweg.evidence.profile.values import Held, Values
from thalweg.evidence.row_ids import repeats, row_ids
from thalweg.problems.roles import likely_target
from thalweg.problems.sections import Table
from thalweg.problems.sources.columns import Columns
from thalweg.problems.split import Split
from thalweg.problems.splitting import split_of
from thalweg.problems.table import Opened, located
from thalweg.problems.tabular import opened


@dataclass(frozen=True, eq=False)
class Ground:
    """The table as it was read, and what it would be learned from; opened and split are None where it cannot be."""

    columns: Columns
    section: Table
    values: dict[str, Values]
    uses: dict[str, Use]
    opened: Opened | None
    split: Split | None
    encoding: Encoding | None
    refusal: str

    @property
    def features(self) -> list[str]:
        """The columns that are learned from."""
        return [name for name, use in self.uses.items() if use.learned]


def profile(section: Table) -> Profile:
    """What is in a table, and what thalweg would do with it. DataError where it cannot be read, or a name is not there.

    A table that can be read but not learned from has a profile all the same: see its `refusal`.
    """
    ground = grounded(section)
    opened_, values, features = ground.opened, ground.values, ground.features
    score = scores_of(ground) if opened_ else None
    tells = score.scores if score else {}
    candidates = {n: v for n, v in values.items() if ground.uses[n].part not in ("target", "weights")}
    times = time_hints(candidates, tells)
    groups = group_hints(candidates, tells)
    explained = {one.column for one in times} | {one.column for one in groups}
    found = Profile(
        source=ground.columns.name,
        columns=described(ground, tells),
        rows=rows_of(ground),
        gaps=gaps_of(ground),
        together=side_by_side(ground),
        target=target_profile(opened_, values[opened_.roles.target].missing) if opened_ else None,
        order=order_in(ground),
        times=() if ground.section.time else times,
        groups=() if ground.section.group else groups,
        suspects=suspects(score, values, features, ground.section.target, explained) if score else (),
        sum=made_of(ground),
        scored_rows=len(score.rows) if score else 0,
        plan=planned(ground),
        refusal=ground.refusal,
        suggestion="" if ground.section.target else likely_target(ground.columns),
        notices=tuple(ground.columns.notices),
    )
    return replace(found, findings=findings(found, values, split_checks(ground)))


def planned(ground: Ground) -> Plan | None:
    """What would be done, where something can be."""
    if ground.opened is None or ground.split is None or ground.encoding is None:
        return None
    return plan_of(ground.opened, ground.split, ground.encoding)


def grounded(section: Table) -> Ground:
    """Everything is read once here."""
    first, section = located(section)
    refuse_names(first, section)
    found, split, refusal = None, None, ""
    if section.target:
        try:
            found = opened(section)
            split = split_of(found)
        except DataError as problem:
            found, refusal = None, str(problem)
    held = Held.of(found.columns if found else first)
    columns, values = held.as_columns(), held.values
    uses = uses_of(first if section.test_file else columns, section, values)  # test rows have no say in it
    learned = {name: use.part for name, use in uses.items() if use.learned}
    train = found.rows[split.train] if found and split else np.arange(columns.rows)
    encoding = None
    finite = {name: part for name, part in learned.items() if not np.isinf(values[name].x).any()}
    try:
        encoding = encode(columns, finite, train, section.levels) if finite and len(train) else None
    except DataError as problem:
        refusal = refusal or str(problem)
    values = {name: v.as_levels() if learned.get(name) == "category" else v for name, v in values.items()}
    return Ground(columns, section, values, uses, found, split, encoding, refusal)


def described(ground: Ground, tells: Mapping[str, float]) -> tuple[ColumnProfile, ...]:
    """Every column; one that does not vary in training is not learned from after all."""
    found = []
    for name, column in ground.values.items():
        use, inputs = ground.uses[name], ground.encoding.inputs(name) if ground.encoding else 0
        if use.learned and ground.encoding and not inputs and not np.isinf(column.x).any():
            use = Use("", "constant", "the same in all training rows", use.remark)
        told = None if name == ground.section.target else tells.get(name)
        found.append(describe(column, use, inputs, told))
    return tuple(found)


def rows_of(ground: Ground) -> RowsProfile:
    """Whole rows of the table, and features of the rows that count."""
    everything = [column for column in ground.values.values() if column.reading != "empty"]
    whole, count = whole_rows(everything), ground.columns.rows
    if not ground.features:
        return RowsProfile(count, whole, 0, 0, None)
    ids = row_ids([ground.values[name].x for name in ground.features])
    if ground.opened is None:
        return RowsProfile(count, whole, repeats(ids), 0, None)
    alike = ids[ground.opened.rows]
    y = target_codes(ground.opened)
    rows, ceiling = contradictions(alike, y, quantity=ground.opened.target.task == "regression")
    return RowsProfile(count, whole, len(alike) - len(np.unique(alike)), rows, ceiling)


def scores_of(ground: Ground) -> Scored | None:
    """How well each column alone tells the target."""
    found = ground.opened
    if found is None:
        return None
    columns = [v for n, v in ground.values.items() if n != found.roles.target and v.reading != "empty"]
    return scored(columns, target_codes(found), found.rows, found.target.task, len(found.target.classes))


def made_of(ground: Ground) -> tuple[Term, ...]:
    """The columns that a quantity is the sum of."""
    found = ground.opened
    if found is None or found.target.task != "regression":
        return ()
    return sum_of([ground.values[name] for name in ground.features], target_codes(found), found.rows)


def gaps_of(ground: Ground) -> Gaps:
    """In the features, of the rows that count."""
    found = ground.opened
    if found is None:
        return gaps([ground.values[name] for name in ground.features])
    columns = [ground.values[name].at(found.rows) for name in ground.features]
    return replace(gaps(columns), related=related(columns, target_codes(found), found.target.classes))


def side_by_side(ground: Ground) -> Together | None:
    """Columns that say the same, of those that are learned from."""
    if ground.encoding is None:
        return None
    uses = {name: ground.uses[name].part for name in ground.features}
    same = same_columns([ground.values[name] for name in ground.features])
    return together(same, ground.encoding.X, ground.encoding.names, ground.encoding.sources, uses)


def order_in(ground: Ground) -> Order | None:
    """Whether the rows that count stand in an order that means something, and which column goes with it."""
    found = ground.opened
    if found is None:
        return None
    columns = [v.at(found.rows) for n, v in ground.values.items() if n != found.roles.target]
    return order_of(target_codes(found), len(found.target.classes), columns)


def split_checks(ground: Ground) -> list[Check]:
    """What the split makes of repeated rows and rare classes: the checks of the preflight."""
    found, split = ground.opened, ground.split
    if found is None or split is None or not ground.features:
        return []
    features = [ground.values[name].x[found.rows] for name in ground.features]
    checks = [duplicates_across(row_ids(features), split, features)]
    if found.target.classes:
        checks.append(class_balance(found.target.y, split, found.target.classes))
    return checks
