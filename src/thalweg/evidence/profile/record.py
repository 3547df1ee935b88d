"""The profile of a table as plain data."""

from dataclasses import dataclass

from thalweg.evidence.check import Check
from thalweg.evidence.profile.column import ColumnProfile
from thalweg.evidence.profile.gaps import Gaps
from thalweg.evidence.profile.leaks import Suspect
from thalweg.evidence.profile.order import GroupHint, Order, TimeHint
from thalweg.evidence.profile.plan import Plan
from thalweg.evidence.profile.rows import RowsProfile
from thalweg.evidence.profile.sums import Term
from thalweg.evidence.profile.target import TargetProfile
from thalweg.evidence.profile.together import Together


@dataclass(frozen=True)
class Profile:
    """columns: in the order of the table. target, order and plan: None without a target.

    sum: its terms, where the target is a sum of multiples of other columns. scored_rows: on how many rows it was
    looked at how well each column tells the target. refusal: why thalweg could not learn from the table as asked,
    or "". suggestion: the likeliest target where none was named. findings: what is worth knowing, the weightiest
    first. notices: how the source was read.
    """

    source: str
    columns: tuple[ColumnProfile, ...]
    rows: RowsProfile
    gaps: Gaps
    together: Together | None
    target: TargetProfile | None
    order: Order | None
    times: tuple[TimeHint, ...]
    groups: tuple[GroupHint, ...]
    suspects: tuple[Suspect, ...]
    sum: tuple[Term, ...]
    scored_rows: int
    plan: Plan | None
    refusal: str
    suggestion: str
    notices: tuple[str, ...]
    findings: tuple[Check, ...] = ()

    def column(self, name: str) -> ColumnProfile:
        """The profile of one column."""
        return next(column for column in self.columns if column.name == name)

    @property
    def features(self) -> tuple[ColumnProfile, ...]:
        """The columns that are learned from."""
        return tuple(column for column in self.columns if column.learned)
