"""Known ground: functions of a few parameters whose slope, curvature and minima are known.

A surface is written once, coordinate by coordinate, as value, gradient and Hessian derived by hand;
`@surface` turns that into functions of w (..., P) and registers it. A function of your own is one more:
`Surface("mine", value, gradient, start=[1.0, 2.0])`; `SURFACES.add` gives it a name that others can use.
Overflow far from the minimum is not caught here: it is what divergence looks like.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import wraps
from inspect import cleandoc, signature
from typing import Any

import numpy as np

from thalweg.errors import ShapeError, SpecError
from thalweg.formulas.arrays import Array
from thalweg.formulas.registry import Registry

Field = Callable[[Array], Array]
Formula = Callable[..., tuple[Any, Any, Any]]


@dataclass(frozen=True, eq=False)
class Surface:
    """A function of P parameters with its derivatives and what is known of its minima.

    value (..., P) -> (...,); gradient (..., P) -> (..., P); hessian (..., P) -> (..., P, P), or None.
    start (P,); minimisers (M, P), none if none is known; box (P, 2), the range to plot: by default what holds
    the start and the minimisers with half as much again around them.

    >>> cup = Surface("cup", lambda w: (w * w).sum(-1), lambda w: 2 * w, start=[3.0, 4.0])
    >>> cup.size, float(cup.value(cup.start))
    (2, 25.0)
    """

    name: str
    value: Field
    gradient: Field
    start: Array
    hessian: Field | None = None
    minimisers: Array = field(default_factory=lambda: np.empty(0))
    box: Array = field(default_factory=lambda: np.empty(0))
    doc: str = ""

    def __post_init__(self) -> None:
        self._keep("start", (np.size(self.start),))
        self._keep("minimisers", (len(self.minimisers), self.size))
        if not np.size(self.box):
            known = np.vstack([self.start, self.minimisers])
            low, high = known.min(0), known.max(0)
            margin = np.where(high > low, (high - low) / 2, np.maximum(1.0, np.abs(high) / 2))
            object.__setattr__(self, "box", np.stack([low - margin, high + margin], axis=1))
        self._keep("box", (self.size, 2))

    @property
    def size(self) -> int:
        """P, the number of parameters."""
        return len(self.start)

    def _keep(self, what: str, shape: tuple[int, ...]) -> None:
        """Replace a field by a read-only float64 copy, whose shape must be the expected one."""
        array = np.array(getattr(self, what), np.float64)
        if not array.size and 0 in shape:
            array = array.reshape(shape)
        if array.shape != shape or not array.shape[-1]:
            raise ShapeError(
                f"{what} of surface {self.name!r} has shape {array.shape}; expected "
                + ("(P,), one number for each parameter" if what == "start" else f"{shape}, as start has")
            )
        array.flags.writeable = False
        object.__setattr__(self, what, array)


SURFACES: Registry[Surface] = Registry("surface")
FAMILIES: Registry[Callable[..., Surface]] = Registry("family of surfaces")


def _lay_out(w: Array, x: Array, entries: Any, axes: tuple[int, ...]) -> Array:
    """Entries, each (N,) or a number, nested as deep as `axes` is long -> (..., *axes)."""
    out = np.empty((x.size, *axes), x.dtype)
    for index in np.ndindex(*axes):
        entry = entries
        for i in index:
            entry = entry[i]
        out[:, *index] = entry
    return out.reshape(w.shape[:-1] + axes)


def _derivative(formula: Formula, order: int) -> Field:
    """The value (0), gradient (1) or Hessian (2) of a formula as a function of w (..., P).

    Each coordinate becomes one contiguous array, so that a point alone and the same point among many take the
    same path through NumPy and come out equal to the last bit.
    """

    def field_of(w: Array) -> Array:
        w = np.asarray(w)
        w = w if np.issubdtype(w.dtype, np.floating) else w.astype(np.float64)
        x = np.ascontiguousarray(w.reshape(-1, w.shape[-1]).T)
        return _lay_out(w, x[0], formula(*x)[order], (len(x),) * order)

    return field_of


def surface(
    *,
    start: Sequence[float],
    box: Sequence[tuple[float, float]],
    minimisers: Sequence[Sequence[float]] = (),
) -> Callable[[Formula], Surface]:
    """Register a formula (x, y, …) -> value, (∂x, ∂y, …), ((∂xx, ∂xy, …), …) as the surface of its name."""

    def register(formula: Formula) -> Surface:
        value, gradient, hessian = (_derivative(formula, order) for order in range(3))
        known = np.array(minimisers, np.float64), np.array(box, np.float64), cleandoc(formula.__doc__ or "")
        made = Surface(formula.__name__, value, gradient, np.array(start), hessian, *known)
        return SURFACES.add(made.name, made)

    return register


def family(make: Callable[..., Surface]) -> Callable[..., Surface]:
    """Register a function that makes surfaces from settings; the one of its defaults stands for all."""

    @wraps(make)
    def made(*args: Any, **settings: Any) -> Surface:
        return replace(make(*args, **settings), name=make.__name__, doc=cleandoc(make.__doc__ or ""))

    SURFACES.add(make.__name__, made())
    return FAMILIES.add(make.__name__, made)


def named_surface(name: str, **settings: Any) -> Surface:
    """The surface of this name, made with these settings where it is a family.

    >>> named_surface("quadratic", size=50, condition=1e3).size
    50
    """
    chosen = SURFACES.named(name)
    known = list(signature(FAMILIES[name]).parameters) if name in FAMILIES else []
    if extra := sorted(settings.keys() - set(known)):
        raise SpecError(f"surface {name!r} has no setting {', '.join(extra)}; it takes {', '.join(known) or 'none'}")
    return FAMILIES[name](**settings) if settings else chosen


# The surfaces. Derivatives by hand; tests compare each with differences.


@surface(start=[0.0], box=[(-1, 7)], minimisers=[[3]])
def parabola(x):
    """(x − 3)²

    Curvature 2: gradient descent lands in one step at lr 0.5 and swings for ever at lr 1.
    """
    return (x - 3) ** 2, (2 * (x - 3),), ((2,),)


@surface(start=[-3.0, 2.0], box=[(-4, 6), (-6, 3)], minimisers=[[1, -2]])
def bowl(x, y):
    """(x − 1)² + 5(y + 2)²

    Curvatures 2 and 10: gradient descent swings for ever at lr 0.2 and diverges above.
    """
    return (x - 1) ** 2 + 5 * (y + 2) ** 2, (2 * (x - 1), 10 * (y + 2)), ((2, 0), (0, 10))


@family
def quadratic(size: int = 2, condition: float = 10.0) -> Surface:
    """½ Σ cᵢ wᵢ², with curvatures c spaced evenly in their logarithm from 1/condition to 1

    The steepest curvature is 1 whatever the condition number, so that lr 2 is always the limit of gradient
    descent and only the flat directions grow slower. The axes are the principal directions, the last the
    steepest.
    """
    if size < 1 or not 1 <= condition < np.inf or (size == 1 and condition != 1):
        raise SpecError(
            f"quadratic has size {size} and condition {condition:g}; expected size 1 or more and a condition "
            "number of 1 or more, and exactly 1 where the size is 1"
        )
    c = np.geomspace(1, 1 / condition, size)[::-1]
    return Surface(
        "quadratic",
        value=lambda w: (0.5 * c.astype(w.dtype) * w * w).sum(-1),
        gradient=lambda w: c.astype(w.dtype) * w,
        start=np.ones(size),
        hessian=lambda w: np.diag(c).astype(w.dtype) * np.ones_like(w)[..., None],
        minimisers=np.zeros((1, size)),
        box=np.array([(-1.5, 1.5)] * size),
    )


@surface(start=[1.0, 0.001], box=[(-1.5, 1.5), (-1.5, 1.5)])
def saddle(x, y):
    """x² − y²

    The gradient is zero at (0, 0), yet this is no minimum: y leads down without end.
    """
    return x * x - y * y, (2 * x, -2 * y), ((2, 0), (0, -2))


@surface(start=[1.0, -0.8], box=[(-1.5, 1.5), (-1.5, 1.5)], minimisers=[[0, 0]])
def flat(x, y):
    """x⁴ + y⁴

    A minimum without curvature: the gradient dies long before the bottom is reached.
    """
    xx, yy = x * x, y * y
    return xx * xx + yy * yy, (4 * xx * x, 4 * yy * y), ((12 * xx, 0), (0, 12 * yy))


@surface(start=[-1.2, 1.0], box=[(-2, 2), (-1, 3)], minimisers=[[1, 1]])
def rosenbrock(x, y):
    """(1 − x)² + 100(y − x²)²

    A bent valley with a flat floor (Rosenbrock 1960, with his start). Condition number at the minimum: 2508.
    """
    a, b = 1 - x, y - x * x
    value = a * a + 100 * b * b
    xy = -400 * x
    return value, (-2 * a - 400 * x * b, 200 * b), ((2 - 400 * b + 800 * x * x, xy), (xy, 200))


@surface(start=[1.0, 1.0], box=[(-4.5, 4.5), (-4.5, 4.5)], minimisers=[[3, 0.5]])
def beale(x, y):
    """Σₖ rₖ², with rₖ = cₖ − x(1 − yᵏ) for k = 1, 2, 3 and c = 1.5, 2.25, 2.625

    Plains with steep walls (Beale 1958; Moré, Garbow & Hillstrom 1981, problem 5, with their start).
    """
    value, gx, gy, xx, xy, yy = (0 * x for _ in range(6))
    for c, a, da, dda in (  # 1 − yᵏ, its slope, its bend
        (1.5, 1 - y, -1, 0),
        (2.25, 1 - y * y, -2 * y, -2),
        (2.625, 1 - y * y * y, -3 * y * y, -6 * y),
    ):
        r, rx, ry = c - x * a, -a, -x * da
        value = value + r * r
        gx, gy = gx + 2 * r * rx, gy + 2 * r * ry
        xx, xy, yy = xx + 2 * rx * rx, xy + 2 * (rx * ry - r * da), yy + 2 * (ry * ry - r * x * dda)
    return value, (gx, gy), ((xx, xy), (xy, yy))


@surface(
    start=[0.0, 0.0],
    box=[(-6, 6), (-6, 6)],
    minimisers=[
        [3, 2],
        [-2.805118086952745, 3.131312518250573],
        [-3.779310253377747, -3.2831859912861696],
        [3.5844283403304917, -1.8481265269644036],
    ],
)
def himmelblau(x, y):
    """(x² + y − 11)² + (x + y² − 7)²

    Four minima of the same depth (Himmelblau 1972): the start decides which one is found.
    """
    a, b = x * x + y - 11, x + y * y - 7
    slope = (4 * x * a + 2 * b, 2 * a + 4 * y * b)
    xy = 4 * (x + y)
    return a * a + b * b, slope, ((12 * x * x + 4 * y - 42, xy), (xy, 12 * y * y + 4 * x - 26))


@surface(start=[1.7, -1.4], box=[(-5.12, 5.12), (-5.12, 5.12)], minimisers=[[0, 0]])
def rastrigin(x, y):
    """20 + x² − 10 cos 2πx + y² − 10 cos 2πy

    A regular field of traps (Rastrigin 1974): descent ends in the one next to its start.
    """
    turn = 2 * np.pi
    value = 20 + x * x - 10 * np.cos(turn * x) + y * y - 10 * np.cos(turn * y)
    gx, gy = (2 * u + 10 * turn * np.sin(turn * u) for u in (x, y))
    xx, yy = (2 + 10 * turn * turn * np.cos(turn * u) for u in (x, y))
    return value, (gx, gy), ((xx, 0), (0, yy))
