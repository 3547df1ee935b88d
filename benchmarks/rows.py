"""A row: one measure of one scenario, its goal, and whether it holds."""

from dataclasses import asdict, dataclass
from math import isfinite, isnan, nan
from typing import Any

ABSENT = "not measured"


@dataclass(frozen=True)
class Row:
    """`value` in `unit` must be at most `goal`, or at least `goal`; an infinite goal is none. `peer` is what it was
    compared with.

    low and high are the quartiles over the rounds. note: what differs between the two sides, or why there is no value.
    """

    scenario: str
    measure: str
    value: float
    unit: str
    peer: str
    goal: float
    at_least: bool = False
    low: float = nan
    high: float = nan
    note: str = ""

    @property
    def holds(self) -> bool:
        """Not so for a value that is not a number: what was not measured is not reached."""
        return self.value >= self.goal if self.at_least else self.value <= self.goal

    @property
    def bound(self) -> str:
        """The goal as people write it."""
        return f"{'≥' if self.at_least else '≤'} {self.goal:g}" if isfinite(self.goal) else "–"

    @property
    def verdict(self) -> str:
        if self.note.startswith(ABSENT):
            return "NOT MEASURED"
        return "" if not isfinite(self.goal) else "holds" if self.holds else "DOES NOT HOLD"

    @property
    def spread(self) -> str:
        return f"{self.low:.3g} … {self.high:.3g}" if isfinite(self.low) else ""


def not_measured(row: Row, why: str) -> Row:
    """The row without a value, which says so; never a pass."""
    return Row(row.scenario, row.measure, nan, row.unit, row.peer, row.goal, row.at_least, note=f"{ABSENT}: {why}")


def as_plain(row: Row) -> dict[str, Any]:
    """The row for JSON, which has no infinity. Spread and note are there where there are any."""
    plain = asdict(row) | {"holds": row.holds}
    del plain["at_least"]
    if not isfinite(row.low):
        del plain["low"], plain["high"]
    if not row.note:
        del plain["note"]
    return {name: None if isinstance(v, float) and not isfinite(v) else v for name, v in plain.items()}


HEAD = ("scenario", "measure", "value", "quartiles", "goal", "unit", "peer", "")


def _cells(row: Row) -> tuple[str, ...]:
    value = "–" if isnan(row.value) else f"{row.value:.4g}"
    return (row.scenario, row.measure, value, row.spread, row.bound, row.unit, row.peer, row.verdict)


def as_text(rows: list[Row]) -> str:
    """A table for people, the notes below it."""
    lines = [HEAD, *map(_cells, rows)]
    kept = [i for i in range(len(HEAD)) if i == len(HEAD) - 1 or any(line[i] for line in lines[1:])]
    widths = {i: max(len(line[i]) for line in lines) for i in kept}
    table = ["  ".join(line[i].ljust(widths[i]) for i in kept).rstrip() for line in lines]
    return "\n".join([*table, *(["", *notes] if (notes := _notes(rows)) else [])])


def as_markdown(rows: list[Row]) -> str:
    """The same for a page of the documents: what has a goal, that both sides agree, then the figures behind it."""
    agreed = [row for row in rows if row.measure.startswith("agreement")]
    judged = [row for row in rows if isfinite(row.goal) and row not in agreed]
    plain = [row for row in rows if not isfinite(row.goal)]
    tables = {"Goals": judged, "Both sides compute the same": agreed, "Figures behind the ratios": plain}
    parts = [f"### {name}\n\n{_table(some)}" for name, some in tables.items() if some]
    notes = "\n".join(f"- {note}" for note in _notes(rows))
    return "\n\n".join([*parts, *([f"### Notes\n\n{notes}"] if notes else [])])


def _table(rows: list[Row]) -> str:
    """Rows in Markdown; columns that all leave empty are left out."""
    lines = [("scenario", "measure", "peer", "value", "quartiles", "goal", "")]
    for row in rows:
        value = "–" if isnan(row.value) else f"{row.value:.4g} {row.unit}"
        lines.append((row.scenario, row.measure, row.peer, value, row.spread, row.bound, row.verdict))
    kept = [i for i in range(len(lines[0])) if any(line[i] not in ("", "–") for line in lines[1:])]
    head, *body = [[line[i].replace("|", "\\|").strip() for i in kept] for line in lines]
    return "\n".join("| " + " | ".join(line) + " |" for line in [head, ["---"] * len(kept), *body])


def _notes(rows: list[Row]) -> list[str]:
    """Each note once, after the rows that it is about."""
    about: dict[str, list[str]] = {}
    for row in rows:
        if row.note:
            about.setdefault(row.note, []).append(f"{row.scenario}, {row.peer}" if row.peer != "–" else row.scenario)
    return [f"{'; '.join(dict.fromkeys(names))}: {note}" for note, names in about.items()]
