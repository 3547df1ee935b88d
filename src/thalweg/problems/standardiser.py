"""Brings every column to mean 0 and standard deviation 1, with the statistics of the training rows.

Scale is conditioning: columns in metres and in millimetres give gradients a million times apart in curvature,
and one learning rate cannot serve both.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from math import fsum
from typing import Any

import numpy as np

from thalweg.errors import DataError, ShapeError
from thalweg.formulas.arrays import Array

# A spread of a few rounding errors of the values themselves is no spread.
PIECE = 1 << 16  # rows whose squares are in memory at once; sums are those of pieces, so it decides the last bits
ROUNDING = 8 * np.finfo(np.float64).eps


@dataclass(frozen=True, eq=False)
class Standardiser:
    """x ↦ (x − μ) / (σ + ε), column by column; constant columns ↦ 0. (SPEC S4.1)

    mean (D,), scale (D,) = σ with division by n, constant (D,) bool. Constant columns are told apart by
    themselves, so ε need not protect from zero; its default is far below any unit's σ and changes no value.

        >>> s = Standardiser.fit([[1.0, 5.0], [3.0, 5.0]])
        >>> s.apply([[1.0, 5.0], [3.0, 5.0], [5.0, 7.0]]).tolist()
        [[-1.0, 0.0], [1.0, 0.0], [3.0, 0.0]]
    """

    mean: Array
    scale: Array
    eps: float
    constant: Array

    @classmethod
    def fit(cls, X: Any, eps: float = 1e-300, flags: Any = None) -> "Standardiser":
        """Statistics of X (N, D); give it the training rows only.

        flags (D,) bool: columns of 0 and 1, which are centred and keep their scale (Gelman 2008, "Scaling
        regression inputs by dividing by two standard deviations"): a level that one row in a thousand has would
        otherwise stand 30 deviations out.
        """
        X = np.asarray(X, dtype=np.float64)
        if X.ndim != 2 or X.size == 0:
            raise ShapeError(f"X has shape {X.shape}; expected (rows, columns) with at least one of each")
        if not eps >= 0:
            raise DataError(f"eps is {eps:g}; expected 0 or more")
        if not np.isfinite(X).all():
            raise DataError("X contains NaN or infinity; drop those rows before fitting a standardiser")
        mean, scale, constant = (np.array(s) for s in zip(*(moments(x) for x in X.T), strict=True))
        scale = scale if flags is None else np.where(flags, 1.0, scale)
        return cls(mean, scale, float(eps), constant)

    @classmethod
    def identity(cls, columns: int) -> "Standardiser":
        """The one that changes nothing."""
        return cls(np.zeros(columns), np.ones(columns), 0.0, np.zeros(columns, dtype=bool))

    def apply(self, X: Any) -> Array:
        """(X − μ) / (σ + ε) for X (..., D)."""
        X = self._columns(X)
        # Halves of both sides: the difference of two huge numbers stays finite, and halving is exact.
        z = X * 0.5
        z -= self.mean * 0.5
        z /= self._half_divisor()
        z[..., self.constant] = 0.0
        return np.asarray(z)

    def undo(self, Z: Any) -> Array:
        """Z (σ + ε) + μ for Z (..., D); constant columns come back as their mean."""
        Z = np.where(self.constant, 0.0, self._columns(Z))
        return np.asarray(2.0 * (Z * self._half_divisor() + self.mean * 0.5))

    def to_dict(self) -> dict[str, Any]:
        """Arrays and a number, to be stored with a run."""
        return {"mean": self.mean, "scale": self.scale, "eps": self.eps, "constant": self.constant}

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> "Standardiser":
        """The standardiser that `to_dict` described; lists do as well as arrays."""
        missing = {"mean", "scale", "eps", "constant"} - set(stored)
        if missing:
            raise DataError(f"a stored standardiser lacks {', '.join(sorted(missing))}; expected what to_dict gives")
        mean, scale = (np.asarray(stored[key], dtype=np.float64) for key in ("mean", "scale"))
        constant = np.asarray(stored["constant"]).astype(bool)
        if not mean.shape == scale.shape == constant.shape or mean.ndim != 1:
            shapes = f"mean {mean.shape}, scale {scale.shape}, constant {constant.shape}"
            raise ShapeError(f"a stored standardiser has {shapes}; expected one number per column in each")
        return cls(mean, scale, float(stored["eps"]), constant)

    def _columns(self, X: Any) -> Array:
        """X as float64, with as many columns as were fitted."""
        X = np.asarray(X, dtype=np.float64)
        if X.ndim == 0 or X.shape[-1] != len(self.mean):
            raise ShapeError(
                f"X has shape {X.shape}; expected {len(self.mean)} columns, as in the rows it was fitted on"
            )
        return X

    def _half_divisor(self) -> Array:
        """(σ + ε) / 2, and 1 where the column is constant."""
        return np.where(self.constant, 1.0, self.scale * 0.5 + self.eps * 0.5)


def moments(x: Array) -> tuple[float, float, bool]:
    """Mean, standard deviation and whether it is constant, of one column x (N,)."""
    return moments_of(lambda: (x[at : at + PIECE] for at in range(0, len(x), PIECE)))


def moments_of(pieces: Callable[[], Iterator[Array]]) -> tuple[float, float, bool]:
    """The same of a column that comes in pieces of PIECE values, as often as it is asked for.

    Two passes, on values scaled by a power of two to at most 1, so that neither a large offset nor a huge
    value spoils the result (Chan, Golub & LeVeque 1983).
    """
    ends = [(len(x), float(x.min()), float(x.max())) for x in pieces()]
    count, low, high = sum(n for n, *_ in ends), min(a for _, a, _ in ends), max(b for *_, b in ends)
    if low == high:
        return low, 0.0, True
    exponent = int(np.frexp(max(-low, high))[1])
    mean = fsum(float(np.ldexp(x, -exponent).sum()) for x in pieces()) / count
    squares = fsum(float(np.square(np.ldexp(x, -exponent) - mean).sum()) for x in pieces())
    scale = float(np.sqrt(squares / count))
    constant = bool(scale <= ROUNDING * abs(mean))
    return float(np.ldexp(mean, exponent)), float(np.ldexp(scale, exponent)), constant
