"""A row: one measure of one scenario, its goal, and whether it holds."""

from dataclasses import asdict, dataclass
from math import isfinite
from typing import Any


@dataclass(frozen=True)
class Row:
    """`value` in `unit` must be at most `goal`. `peer` is what it was compared with."""

    scenario: str
    measure: str
    value: float
    unit: str
    peer: str
    goal: float

    @property
    def holds(self) -> bool:
        """Not so for a value that is not a number."""
        return self.value <= self.goal


def as_plain(row: Row) -> dict[str, Any]:
    """The row for JSON, which has no infinity."""
    plain = asdict(row) | {"holds": row.holds}
    return {name: None if isinstance(v, float) and not isfinite(v) else v for name, v in plain.items()}


def as_text(rows: list[Row]) -> str:
    """A table for people."""
    lines = [("scenario", "measure", "value", "goal", "unit", "peer", "")]
    for row in rows:
        goal, verdict = "–", ""
        if isfinite(row.goal):
            goal, verdict = f"≤ {row.goal:g}", "holds" if row.holds else "DOES NOT HOLD"
        lines.append((row.scenario, row.measure, f"{row.value:.4g}", goal, row.unit, row.peer, verdict))
    widths = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))]
    return "\n".join("  ".join(cell.ljust(w) for cell, w in zip(line, widths, strict=True)).rstrip() for line in lines)
