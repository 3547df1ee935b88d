"""From contests to rows: a part measures some goals, and what it could not measure is said and does not hold."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from importlib import import_module
from math import inf, nan

from benchmarks.engine.goals import GOALS, Goal
from benchmarks.engine.sizes import Sizes
from benchmarks.rows import Row, not_measured
from benchmarks.timing import Contender, Spread, Times, contest

NOTHING = Spread(nan, nan, nan)
Part = Callable[[Sizes], Iterator[Row]]
Maker = Callable[[], Contender]


class NotHere(Exception):
    """What a contender needs is not installed, or does not exist."""


def group_rows(group: str, sizes: Sizes) -> Iterator[Row]:
    """The rows of a group; a part that fails leaves rows that say so."""
    parts: dict[Part, tuple[str, ...]] = import_module(f"benchmarks.engine.{group}").PARTS
    for part, names in parts.items():
        goals = {_about(GOALS[group][name]): GOALS[group][name] for name in names}
        why = "the scenario gave no row"
        try:
            for row in part(sizes):
                goals.pop(_about(row), None)
                yield row if sizes.judged else unjudged(row)
        except Exception as error:  # one scenario that fails must not hide the others
            why = said(error)
        yield from (not_measured(goal.reached(NOTHING), why) for goal in goals.values())


def _about(row: Row | Goal) -> tuple[str, str, str]:
    return row.scenario, row.measure, row.peer


def unjudged(row: Row) -> Row:
    """At other sizes than the goal's, a ratio is only shown; that both sides agree is a goal at any size."""
    if row.measure.startswith("agreement") or row.value != row.value:
        return row
    return replace(row, scenario=f"{row.scenario} (quick: smaller)", goal=-inf if row.at_least else inf)


def said(error: Exception) -> str:
    """What went wrong, in one line."""
    if isinstance(error, ModuleNotFoundError):
        return f"{error.name} is not installed; make bench installs it"
    lines = str(error).strip().splitlines() or [""]
    return lines[0] if isinstance(error, NotHere) else f"{type(error).__name__}: {lines[0]}"


@dataclass(frozen=True)
class Standing:
    """How a contest ended: the times of those who ran, and why the others did not."""

    times: Times
    absent: dict[str, str]

    def row(self, goal: Goal, ours: str, peer: str, note: str = "") -> Row:
        """Our time below the peer's for a goal of speed; ours over the peer's for one of time."""
        missing = "; ".join(dict.fromkeys(self.absent[name] for name in (ours, peer) if name in self.absent))
        if missing:
            return not_measured(goal.reached(NOTHING), missing)
        above, below = (peer, ours) if goal.at_least else (ours, peer)
        return goal.reached(self.times.ratio(above, below), note)

    def each(self, scenario: str, what: str, unit: str, scale: float) -> Iterator[Row]:
        """What each that ran took by itself, without a goal."""
        for name in self.times.seconds:
            value, low, high = (scale * seconds for seconds in self.times.of(name))
            yield Row(scenario, f"CPU time of {what}", value, unit, name, inf, False, low, high)


def measured(makers: dict[str, Maker], rounds: int, least: float) -> Standing:
    """Make the contenders, let those that could be made compete."""
    contenders, absent = [], {}
    for name, make in makers.items():
        try:
            contenders.append(replace(make(), name=name))
        except Exception as error:  # a peer that cannot run is a result too
            absent[name] = said(error)
    return Standing(contest(contenders, rounds, least), absent)


def agreement(goal: Goal, peer: str, apart: float, tolerance: float, unit: str = "max |Δw|", what: str = "") -> Row:
    """That both sides compute the same: the largest difference, and the tolerance it must keep."""
    return Row(goal.scenario, f"agreement{what and ' ' + what}", apart, unit, peer, tolerance)
