"""All findings, by their weight."""

from collections.abc import Mapping, Sequence

from thalweg.evidence.check import ORDER, Check
from thalweg.evidence.profile.findings import columns, leaks, rows, target, together
from thalweg.evidence.profile.record import Profile
from thalweg.evidence.profile.values import Values

WEIGHT = (
    "refused", "infinite", "leak", "duplicates-across", "codes-for-missing", "class-balance", "duplicate-columns",
    "collinear-columns", "conditioning", "few-rows", "target-missing", "contradictions", "named-after", "group", "time",
    "order", "mostly-missing", "missing", "missing-and-target", "missing-together", "spellings", "words-for-missing",
    "zeros", "stray", "outliers", "heavy-tails", "skewed-target", "duplicate-rows", "constant-columns",
    "inflation",
)  # fmt: skip


def findings(found: Profile, values: Mapping[str, Values], checks: Sequence[Check]) -> tuple[Check, ...]:
    """`checks`: those of the split, which other places make too. Sorted by status, then by what it is about."""
    told = [
        *leaks.findings(found),
        *rows.findings(found),
        *columns.findings(found, values),
        *together.findings(found),
        *target.findings(found),
        *(check for check in checks if check.status != "ok"),
    ]
    return tuple(sorted(told, key=lambda check: (-ORDER.index(check.status), WEIGHT.index(check.code))))
