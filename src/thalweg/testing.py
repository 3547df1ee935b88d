"""The conformance suite: does a rule or an objective of yours keep the laws that thalweg relies on?

    from thalweg.testing import check_rule, check_objective

    def test_my_rule_keeps_the_laws():
        check_rule(my_rule)

thalweg's own rules and objectives pass the same checks. A broken law raises AssertionError with one sentence
that says which law, what came and what was expected; silence is success.
"""

import inspect
import re
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from types import BuiltinFunctionType, FunctionType, ModuleType
from typing import Any

import numpy as np

from thalweg.formulas.arrays import Array
from thalweg.formulas.rules import Rule, as_rule
from thalweg.formulas.streams import Purpose, stream
from thalweg.problems.objective import ALL, Objective, Rows

STEP = 1e-5  # of central differences in float64: truncation and rounding are both near 1e-10
AGREE = 1e-5  # relative; a wrong factor, sign or entry is off by far more
ROUNDING = 1e-9  # of the loss: what differences of it cannot resolve
PROBED = 24  # coordinates that are compared one by one, at most
SHARED = (ModuleType, FunctionType, BuiltinFunctionType, np.ufunc, type, int, float, str, bool, tuple, type(None))


def _require(holds: Any, sentence: str) -> None:
    if not holds:
        raise AssertionError(sentence)


def check_rule(rule: Rule | Callable[..., tuple[Any, ...]]) -> None:
    """Raise AssertionError unless this update rule keeps every law of a rule.

    Hand over a registered Rule or the bare formula (w, g, *slots, t, lr, **hyper) -> (w, *slots), which need not
    be registered. The laws: each weight moves by itself; slots come back in their shape; nothing moves without
    gradient, memory and decay; float32 stays float32; a population (R, P) moves as its members do alone, also
    with hyperparameters (R, 1); the inputs are left as they were; the same inputs give the same update, whatever
    was asked before; the docstring says where the formula is from.

        >>> from thalweg.formulas.rules import RULES
        >>> check_rule(RULES["adam"])
        >>> def forgetful(w, g, v, t, lr, beta=0.9):
        ...     '''v ← β v + g;  w ← w − η v. (Polyak 1964)'''
        ...     v = beta * v + g
        ...     return (w - lr * v,)
        >>> check_rule(forgetful)
        Traceback (most recent call last):
        AssertionError: rule forgetful must return (w, v), each of the shape of w
    """
    try:
        found = rule if isinstance(rule, Rule) else as_rule(rule)
    except TypeError as error:
        raise AssertionError(str(error)) from None
    _has_source(found)
    _keeps_no_state(found)
    for law in (_returns_slots, _is_elementwise, _rests, _keeps_dtype, _is_population, _leaves_inputs, _is_repeatable):
        law(found)


def _has_source(rule: Rule) -> None:
    year = re.search(r"\b(1[789]|20)\d\d\b", rule.doc)
    _require(year, f"rule {rule.name}: the docstring names no source; end it as in '(Polyak 1964)'")


def _keeps_no_state(rule: Rule) -> None:
    """What the formula reads besides its arguments must be unable to change: modules, functions, plain numbers."""
    read = inspect.getclosurevars(inspect.unwrap(rule.formula))
    for name, value in {**read.globals, **read.nonlocals}.items():
        _require(
            isinstance(value, SHARED),
            f"rule {rule.name} reads {name!r}, a {type(value).__name__} from outside; keep memory in slots "
            "and settings in hyperparameters",
        )


def _cells(rule: Rule, *shape: int, dtype: str = "float64", index: int = 0) -> list[Array]:
    """w, g and plausible slots (…) ; squares are positive, as sums of squares are."""
    rng = stream(0, Purpose.PROBE, index)
    w, g = rng.normal(size=(2, *shape))
    slots = [np.abs(rng.normal(size=shape)) for _ in rule.slots]
    return [part.astype(dtype) for part in (w, g, *slots)]


def _moved(rule: Rule, cells: Sequence[Array], t: Any = 3.0, **numbers: Any) -> list[Array]:
    with np.errstate(all="ignore"):
        return [np.asarray(part) for part in rule.formula(*cells, t, **{"lr": 0.1, **rule.defaults, **numbers})]


def _returns_slots(rule: Rule) -> None:
    for shape in ((1,), (4,), (3, 4)):
        parts = rule.formula(*_cells(rule, *shape), 1.0, 0.1, **rule.defaults)
        expected = ", ".join(("w", *rule.slots))
        _require(
            isinstance(parts, tuple) and len(parts) == 1 + len(rule.slots),
            f"rule {rule.name} must return ({expected})",
        )
        for name, part in zip(("w", *rule.slots), parts, strict=True):
            came = np.shape(part)
            _require(came == shape, f"rule {rule.name} returns {name} of shape {came} for w of shape {shape}")
            _require(np.isfinite(part).all(), f"rule {rule.name}: {name} is not finite after an ordinary first step")


def _is_elementwise(rule: Rule) -> None:
    """One gradient changed by a lot must change nothing but its own weight."""
    cells = _cells(rule, 6)
    before = _moved(rule, cells)
    cells[1][2] += 100.0
    others = np.arange(6) != 2
    for was, now in zip(before, _moved(rule, cells), strict=True):
        _require(
            np.array_equal(was[others], now[others]),
            f"rule {rule.name} mixes weights (a norm? a mean?); a rule moves each weight by itself",
        )


def _rests(rule: Rule) -> None:
    """Without gradient, memory and decay there is no reason to move."""
    w = _cells(rule, 5)[0]
    cells = [w, *(np.zeros(5) for _ in range(1 + len(rule.slots)))]
    still = {"decay": 0.0} if rule.decays else {}
    for t in (1.0, 2.0, 1000.0):
        moved, *slots = _moved(rule, cells, t, **still)
        _require(np.array_equal(moved, w), f"rule {rule.name} moves w at t={t:g} though gradient and slots are zero")
        for name, slot in zip(rule.slots, slots, strict=True):
            _require(not slot.any(), f"rule {rule.name} fills slot {name} though gradient and slots are zero")
    if rule.decays:
        smaller = np.abs(_moved(rule, cells, decay=0.1)[0]) < np.abs(w)
        _require(smaller.all(), f"rule {rule.name} has a decay that does not bring weights nearer to 0")


def _keeps_dtype(rule: Rule) -> None:
    for name, part in zip(("w", *rule.slots), _moved(rule, _cells(rule, 5, dtype="float32")), strict=True):
        _require(
            part.dtype == np.float32,
            f"rule {rule.name} turns {name} from float32 into {part.dtype}; use Python numbers, not NumPy's, in it",
        )


def _is_population(rule: Rule) -> None:
    """(R, P) with numbers (R, 1), the same and a different one for each member, against (P,) member by member."""
    cells = _cells(rule, 3, 4)
    shares = np.array([[1.0], [0.75], [0.5]])
    shared = {"lr": 0.1, **rule.defaults}
    for scale in (np.ones((3, 1)), shares):
        together = _moved(rule, cells, **{name: value * scale for name, value in shared.items()})
        for r in range(3):
            own = {name: value * float(scale[r, 0]) for name, value in shared.items()}
            alone = _moved(rule, [part[r] for part in cells], **own)
            for many, one in zip(together, alone, strict=True):
                _require(
                    many.shape == (3, 4) and np.allclose(many[r], one, rtol=1e-12, atol=1e-12),
                    f"rule {rule.name} moves a population (R, P) otherwise than each member alone",
                )


def _leaves_inputs(rule: Rule) -> None:
    cells = _cells(rule, 5)
    kept = [part.copy() for part in cells]
    _moved(rule, cells)
    for name, was, now in zip(("w", "g", *rule.slots), kept, cells, strict=True):
        _require(np.array_equal(was, now), f"rule {rule.name} changes {name} in place; return new arrays")


def _is_repeatable(rule: Rule) -> None:
    cells = _cells(rule, 5)
    first = _moved(rule, cells)
    _moved(rule, _cells(rule, 5, index=1), 7.0)
    for was, now in zip(first, _moved(rule, cells), strict=True):
        _require(
            np.array_equal(was, now),
            f"rule {rule.name} gives another update for the same inputs; it may depend on its arguments only",
        )


def check_objective(objective: Objective, seed: int = 0, *, points: Array | None = None) -> None:
    """Raise AssertionError unless this objective keeps every law of an objective, at float64.

    Looks at three points, drawn from `seed` around zero, or at your own `points` (R, P) where those make no
    sense for it. The laws: loss (...,) and gradient (..., P) for w (..., P); a population is its members; the
    gradient is the slope of the loss, by central differences; the Hessian, where it is convex, is the slope of the
    gradient and has no negative eigenvalue; the same w gives the same answer; w is left as it was, and an answer
    handed out is never changed later; batches may be one for all, or one for each member.

        >>> from thalweg.problems.objective import UserObjective
        >>> check_objective(UserObjective(lambda w: ((w * w).sum(), 2 * w), size=3))
        >>> check_objective(UserObjective(lambda w: ((w * w).sum(), w), size=3))  # doctest: +ELLIPSIS
        Traceback (most recent call last):
        AssertionError: the gradient is not the slope of the loss: in coordinate 0 it says ..., differences say ...
    """
    w = _points(objective, seed) if points is None else np.array(points, np.float64, ndmin=2)
    _is_described(objective, w)
    batches: list[Rows] = [ALL]
    if objective.examples > 1:
        rng = stream(seed, Purpose.PROBE, 1)
        batches += [rng.integers(objective.examples, size=shape) for shape in (5, (len(w), 5))]
    for rows in batches:
        ask = partial(objective.value_and_grad, rows=rows)
        _has_shapes(objective, w, rows)
        _leaves_w(ask, w)
        _repeats(ask, w)
    for one in w:
        _has_slope(objective, one, seed)
    _evaluates(objective, w)
    if objective.convex:
        _is_convex(objective, w[0])


def _points(objective: Objective, seed: int) -> Array:
    return stream(seed, Purpose.PROBE).normal(scale=0.5, size=(3, objective.size))


def _is_described(objective: Objective, w: Array) -> None:
    size, layout = objective.size, objective.layout
    _require(size >= 1, f"size is {size}; expected the number of parameters, 1 or more")
    _require(objective.examples >= 1, f"examples is {objective.examples}; expected the number of rows, 1 or more")
    _require(layout.size == size, f"the layout names {layout.size} parameters, but size is {size}")
    came = f"the first bias is parameter {layout.undecayed} of {size}"
    _require(0 <= layout.undecayed <= size, f"{came}; expected weights first, then biases")
    _require(w.shape[1] == size, f"the points have {w.shape[1]} entries, but size is {size}")


def _has_shapes(objective: Objective, w: Array, rows: Rows) -> None:
    """Of one point and of a population, and that the two agree."""
    losses, grads = (np.asarray(part) for part in objective.value_and_grad(w.copy(), rows))
    _require(losses.shape == (len(w),), f"the loss of w {w.shape} has shape {losses.shape}; expected ({len(w)},)")
    _require(grads.shape == w.shape, f"the gradient at w {w.shape} has shape {grads.shape}; expected that of w")
    finite = np.isfinite(losses).all() and np.isfinite(grads).all()
    _require(finite, "the loss or its gradient is not finite; hand over `points` where it is")
    for r, one in enumerate(w):
        own = rows[r] if isinstance(rows, np.ndarray) and rows.ndim > 1 else rows
        loss, grad = (np.asarray(part) for part in objective.value_and_grad(one.copy(), own))
        _require(loss.shape == (), f"the loss of one w {one.shape} has shape {loss.shape}; expected a number, ()")
        _require(grad.shape == one.shape, f"the gradient at w {one.shape} has shape {grad.shape}; expected that of w")
        near = np.allclose(losses[r], loss, rtol=1e-10) and _close(grads[r], grad, 1e-10)
        _require(near, f"member {r} of a population has another loss or gradient than the same w alone")


def _close(a: Array, b: Array, tolerance: float) -> bool:
    return bool(np.abs(a - b).max() <= tolerance * max(1.0, np.abs(a).max(), np.abs(b).max()))


def _leaves_w(ask: Callable[[Array], tuple[Array, Array]], w: Array) -> None:
    given = w.copy()
    ask(given)
    _require(np.array_equal(given, w), "the objective changes w in place; work on a copy")


def _repeats(ask: Callable[[Array], tuple[Array, Array]], w: Array) -> None:
    """The same w gives the same bits, whatever was asked between and whatever becomes of the answer."""
    loss, grad = ask(w.copy())
    kept = np.array(loss), np.array(grad)
    ask(w[::-1] + 0.25)
    same = np.array_equal(loss, kept[0]) and np.array_equal(grad, kept[1])
    _require(same, "a later call changes a loss or gradient handed out before; return new arrays")
    grad[...] = 0.0  # clipping, too, writes into the gradient
    again = ask(w.copy())
    same = np.array_equal(again[0], kept[0]) and np.array_equal(again[1], kept[1])
    _require(same, "the same w gives another loss or gradient when asked again; draw nothing at random inside")


def _has_slope(objective: Objective, w: Array, seed: int) -> None:
    """Coordinate by coordinate where there are few, a sample of them and random directions where there are many."""
    loss, grad = objective.value_and_grad(w.copy())
    rng = stream(seed, Purpose.PROBE, 2)
    chosen = np.sort(rng.choice(w.size, min(PROBED, w.size), replace=False))
    random = rng.normal(size=(3, w.size))
    named = [(f"coordinate {i}", np.eye(1, w.size, i)[0]) for i in chosen]
    named += [(f"a random direction, number {k}", d / np.linalg.norm(d)) for k, d in enumerate(random, 1)]
    for name, direction in named:
        h = STEP * max(1.0, float(np.abs(w @ direction)))
        up, down = w + h * direction, w - h * direction
        above, below = (float(objective.value_and_grad(there)[0]) for there in (up.copy(), down.copy()))
        numeric, said = (above - below) / (2 * h), float(grad @ direction)
        tolerance = AGREE * max(abs(numeric), float(np.abs(grad).max())) + ROUNDING * max(1.0, abs(float(loss)))
        _require(
            abs(numeric - said) <= tolerance,
            f"the gradient is not the slope of the loss: in {name} it says {said:.9g}, differences say {numeric:.9g}",
        )


def _evaluates(objective: Objective, w: Array) -> None:
    """Measures (...,) by name, the loss among them; w stays as it was; members go on by themselves."""
    for points, shape in ((w, (len(w),)), (w[0], ())):
        given = points.copy()
        found = objective.evaluate(given, "train")
        _require(np.array_equal(given, points), "evaluate changes w in place; work on a copy")
        said = isinstance(found, Mapping) and "loss" in found
        _require(said, "evaluate must return measures by name, {'loss': …} among them")
        for name, values in found.items():
            came = np.shape(values)
            _require(came == shape, f"measure {name!r} of w {points.shape} has shape {came}; expected {shape}")
    last = np.array([len(w) - 1])
    loss, _ = objective.members(last).value_and_grad(w[last])
    _require(np.allclose(loss, objective.value_and_grad(w)[0][last], rtol=1e-10), "members() changes a member's loss")


def _is_convex(objective: Objective, w: Array) -> None:
    """The Hessian against differences of the gradient, and its smallest eigenvalue against zero."""
    hessian = objective.hessian(w.copy())
    shape = (w.size, w.size)
    _require(hessian.shape == shape, f"the Hessian has shape {hessian.shape}; expected {shape}")
    shifts = STEP * np.eye(w.size)
    slopes = [objective.value_and_grad(w + d)[1] - objective.value_and_grad(w - d)[1] for d in shifts]
    numeric = np.array(slopes) / (2 * STEP)
    scale = max(float(np.abs(hessian).max()), float(np.abs(numeric).max()), ROUNDING)
    _require(np.abs(hessian - hessian.T).max() <= 1e-9 * scale, "the Hessian is not symmetric")
    off = float(np.abs(hessian - numeric).max()) / scale
    _require(
        off <= AGREE, f"the Hessian is not the slope of the gradient: they differ by {off:.2g} of its largest entry"
    )
    lowest = float(np.linalg.eigvalsh(hessian)[0])
    _require(lowest >= -AGREE * scale, f"it says it is convex, but its Hessian has the eigenvalue {lowest:.3g}")
