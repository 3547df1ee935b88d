"""Is a gradient the gradient of its loss? Any function of the user's, checked against central differences.

First one random direction per tensor and point, which a wrong entry anywhere disturbs; then a few entries; more
only where something differs. A difference is believed when it stays as the step shrinks and when it is still
there a little further on: a kink, such as a ReLU at exactly 0, is gone there.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from thalweg.errors import SpecError
from thalweg.evidence.contract import Counted, Point, ValueAndGrad
from thalweg.evidence.tracing import Difference, Search, TensorCheck
from thalweg.formulas.arrays import Array
from thalweg.formulas.streams import Purpose, stream
from thalweg.problems.own_function import ContractError
from thalweg.problems.tensors import Names, Tensors

FAR = 0.3  # the random move to another start, as a share of a tensor's size


@dataclass(frozen=True)
class GradientCheck:
    """What a gradient check found. `fault` is None, "differs", or what else was wrong with the function."""

    passed: bool
    sentence: str
    tensors: tuple[TensorCheck, ...]
    evaluations: int  # calls of the user's function
    points: int  # places looked at
    fault: str | None = None
    first: Difference | None = None


def check_gradient(
    value_and_grad: ValueAndGrad,
    start: Any,
    *,
    seed: int = 0,
    starts: int = 3,
    entries: int = 20,
    eps: float | None = None,
    names: Names | None = None,
) -> GradientCheck:
    """Check at `start` and at starts − 1 places around it; about 20 evaluations per tensor if all is well.

    value_and_grad maps parameters to (loss, gradient); parameters are one array, or dictionaries and lists of
    arrays, nested. `entries` is how many entries of a wrong tensor are looked at. `eps` is the step in units of
    the tensor's size (1e-5 in float64, 8e-3 in float32). `names` renames the tensors, or divides one flat array:
    {"W": slice(0, 6), "b": slice(6, 8)}.

    >>> check_gradient(lambda w: ((w**2).sum(), 2 * w), np.array([1.0, 2.0])).passed
    True
    >>> print(check_gradient(lambda w: ((w**2).sum(), w), np.array([1.0, 2.0])).first)
    w[0]: analytic 1, numeric 2
    """
    if starts < 1 or entries < 1 or (eps is not None and not 0 < eps < 1):
        raise SpecError(f"starts is {starts}, entries {entries}, eps {eps}; expected 1 or more of both and 0 < eps < 1")
    return _check(value_and_grad, start, [0.0] + [FAR] * (starts - 1), seed, entries, eps, names)


def gate(value_and_grad: ValueAndGrad, start: Any, *, seed: int = 0, names: Names | None = None) -> GradientCheck:
    """A cheap check before descent: one place near `start`, four evaluations per tensor and about nine more.

    Near, not at: at a start of zeros a wrong penalty does not show, and a ReLU has its kink.
    """
    return _check(value_and_grad, start, [FAR], seed, 5, None, names)


def _check(
    value_and_grad: ValueAndGrad,
    start: Any,
    moves: list[float],
    seed: int,
    entries: int,
    eps: float | None,
    names: Names | None,
) -> GradientCheck:
    tensors, w = Tensors.of(start, names)
    f = Counted(value_and_grad, tensors)
    rng = stream(seed, Purpose.PROBE)
    try:
        search = Search(f, _steady(f, w), rng, entries, eps)
        points = [point for move in moves if (point := search.moved(search.start, move)) is not None]
        points = points or [search.start]  # defined nowhere near
        for number, point in enumerate(points):
            search.look(point, entry_too=number < 2)
    except ContractError as broken:
        return GradientCheck(False, f"the gradient was not checked: {broken}.", (), f.calls, 0, broken.kind)
    rows, first = tuple(track.row() for track in search.tracks.values()), search.first
    passed = all(row.verdict != "differ" for row in rows)
    sentence = _sentence(rows, first, len(points), f.calls)
    return GradientCheck(passed, sentence, rows, f.calls, len(points), None if passed else "differs", first)


def _steady(f: Counted, w: Array) -> Point:
    """The start, asked twice: the same parameters must give the same loss and gradient."""
    once, again = f(w), f(w)
    unlike = 1e4 * f.roundoff
    if abs(once.loss - again.loss) > unlike * max(abs(once.loss), abs(again.loss)):
        raise ContractError(
            "nondeterministic",
            f"two calls with the same parameters gave losses {once.loss:.9g} and {again.loss:.9g}; "
            "fix the seed, switch dropout off and use the same rows in both",
        )
    for name, span in f.tensors.spans.items():
        a, b = once.grad[span], again.grad[span]
        if np.abs(a - b).max() > unlike * max(np.abs(a).max(), np.abs(b).max()):
            raise ContractError(
                "nondeterministic",
                f"two calls with the same parameters gave different gradients of {name}, though equal losses; "
                "set the gradient at every call, never add to that of the call before",
            )
    return once


def _sentence(rows: tuple[TensorCheck, ...], first: Difference | None, points: int, calls: int) -> str:
    """What was found, in words."""
    by: dict[str, list[str]] = {}
    for row in rows:
        by.setdefault(row.verdict, []).append(row.name)
    cost = f"{points} point{'s' if points != 1 else ''}, {calls} evaluations"
    if wrong := by.get("differ"):
        right = by.get("agree", [])
        rest = f"; {_listed(right)} agree{'s' if len(right) == 1 else ''}" if right else ""
        return f"the gradient of {_listed(wrong)} is not that of the loss: first at {first}{rest} ({cost})."
    words = [f"nothing speaks against the gradient ({cost})"]
    if agreed := [row for row in rows if row.error <= row.tolerance]:
        worst = max(agreed, key=lambda row: row.error / row.tolerance if row.tolerance else 0.0)
        words = [
            f"the gradient agrees with central differences: worst in {worst.name}, "
            f"error {worst.error:.1e} where {worst.tolerance:.1e} is tolerated ({cost})"
        ]
    if kinked := by.get("kink"):
        words.append(f"a kink in {_listed(kinked)}, where left and right slopes differ, was passed over")
    words += [
        f"{_listed(by[verdict])}: {verdict}, rounding or jumps of the loss hide the slope"
        for verdict in ("too small to tell", "too rough to tell")
        if verdict in by
    ]
    return "; ".join(words) + "."


def _listed(names: list[str]) -> str:
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
