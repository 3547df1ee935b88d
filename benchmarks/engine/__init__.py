"""What the engine costs, against its peers, on one thread: every line of GOALS, and how cost grows with the work.

Each scenario first checks that both sides compute the same thing. What could not be measured is a row that says why,
and is not a pass.
"""

from collections.abc import Iterator

from benchmarks.one_thread import hold_to_one_thread

hold_to_one_thread()  # before NumPy and the peers are imported

from benchmarks.engine.goals import GOALS  # noqa: E402
from benchmarks.engine.sizes import FULL, QUICK, Sizes  # noqa: E402
from benchmarks.engine.standing import group_rows  # noqa: E402
from benchmarks.rows import Row  # noqa: E402


def rows(*, quick: bool = False, only: str = "") -> Iterator[Row]:
    """All of them, group by group; `only` names one group."""
    sizes: Sizes = QUICK if quick else FULL
    for group in [only] if only else GOALS:
        yield from group_rows(group, sizes)
