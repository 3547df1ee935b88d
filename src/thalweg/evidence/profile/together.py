"""Columns that say the same, as they are read and as the model would get them, and what that does to descent.

Gradient descent on least squares needs at most about κ/2 · ln(1/ε) steps for an error of ε times the first one,
with κ the largest over the smallest curvature and the best rate (Nesterov 2004, theorem 2.1.15); momentum about
√κ/2 · ln(1/ε) (Polyak 1964). Newton's method does not feel κ. So κ of the input columns, with the bias, says what
scaling and dropping columns would bring, before anything is trained.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from thalweg.evidence.data_checks import PAIR_LIMIT, correlated, unit_columns
from thalweg.evidence.profile.values import Values
from thalweg.evidence.row_ids import numbered
from thalweg.formulas.arrays import Array

NEAR = 0.95  # |r| from which on a pair is worth a look; from PAIR_LIMIT on it does damage
MOST_PAIRS = 50
WIDEST = 1000  # input columns up to which dependence among many is looked at
INFLATED = 10.0  # variance inflation from which on a column counts as explained by the others (Marquardt 1970)
PRECISION = 1e-6


@dataclass(frozen=True)
class Pair:
    """Two columns and their correlation."""

    first: str
    second: str
    r: float


@dataclass(frozen=True)
class Same:
    """A column that repeats another: value for value, or level for level under other names."""

    column: str
    like: str
    exact: bool


@dataclass(frozen=True)
class Inflation:
    """1/(1 − R²) of a column by all others: how many times the variance of its weight grows; inf: dependent."""

    column: str
    factor: float


@dataclass(frozen=True)
class Together:
    """inputs: columns that the model would get; rank: the dimensions they span. rows: how many were looked at.

    condition: largest over smallest curvature of least squares with a bias, of the columns standardised and raw;
    inf where they are dependent, None where there are too many columns. dependent: columns that are a sum of
    multiples of each other. scales: the widest and the narrowest column, and how many times wider it is.
    """

    same: tuple[Same, ...]
    pairs: tuple[Pair, ...]
    inflation: tuple[Inflation, ...]
    inputs: int
    rows: int
    rank: int | None
    condition: float | None
    condition_raw: float | None
    dependent: tuple[str, ...]
    scales: tuple[str, str, float] | None


def same_columns(columns: Sequence[Values]) -> tuple[Same, ...]:
    """Columns that repeat an earlier one. Two columns of different values in every row are not the same for that."""
    exact: dict[bytes, str] = {}
    relabelled: dict[bytes, str] = {}
    found = []
    for column in columns:
        if column.constant:
            continue
        spelled = column.levels if column.reading == "text" else ()
        values = (column.x + 0.0).tobytes() + repr(spelled).encode()
        twin = exact.setdefault(values, column.name)
        if twin != column.name:
            found.append(Same(column.name, twin, exact=True))
        elif 2 * column.different <= len(column.known):
            order = numbered(np.where(column.gaps, np.inf, column.x))[0].astype(np.int32).tobytes()
            twin = relabelled.setdefault(order, column.name)
            if twin != column.name:
                found.append(Same(column.name, twin, exact=False))
    return tuple(found)


def together(
    same: tuple[Same, ...], X: Array, names: Sequence[str], sources: Sequence[str], uses: Mapping[str, str]
) -> Together:
    """X (n, D): input columns before scaling, `names` (D,), made from the columns `sources` (D,) of the table."""
    Z, varying = unit_columns(X)
    repeated = {one.column for one in same}
    pairs = [
        Pair(names[i], names[j], r)
        for r, i, j in correlated(Z, varying, NEAR)
        if sources[i] != sources[j] and not {sources[i], sources[j]} & repeated
    ]
    plain = [
        uses.get(source) in ("number", "flag") and name == source for name, source in zip(names, sources, strict=True)
    ]
    rank = condition = raw = None
    inflation: tuple[Inflation, ...] = ()
    dependent: tuple[str, ...] = ()
    if 0 < len(varying) <= WIDEST and len(X) > 1:
        rank, condition, inflation, dependent = dependence(Z, [names[j] for j in varying])
        own = {name for name, is_plain in zip(names, plain, strict=True) if is_plain}
        inflation = tuple(one for one in inflation if one.column in own)
        raw = raw_condition(X[:, varying]) if rank == len(varying) else np.inf
    numeric = [int(j) for j in varying if plain[j]]
    return Together(
        same, tuple(pairs[:MOST_PAIRS]), inflation, X.shape[1], len(X), rank, condition, raw, dependent,
        spread_of_scales(X[:, numeric], [names[j] for j in numeric]),
    )  # fmt: skip


def dependence(Z: Array, names: Sequence[str]) -> tuple[int, float, tuple[Inflation, ...], tuple[str, ...]]:
    """(rank, condition, inflation of each column, dependent columns) of Z (n, D), mean 0 and length 1.

    From the triangle R of Z = QR, which has the singular values of Z and is small.
    """
    triangle = np.linalg.qr(Z, mode="r")
    _, singular, directions = np.linalg.svd(triangle)
    tiny = singular[0] * max(Z.shape) * np.finfo(np.float64).eps
    rank = int((singular > tiny).sum())
    loose = np.linalg.norm(directions[rank:], axis=0) > 1e-6  # columns that take part in a dependence
    weight = np.square(directions[:rank] / singular[:rank, None]).sum(0)
    factors = np.where(loose, np.inf, weight)
    found = [Inflation(name, float(factor)) for name, factor in zip(names, factors, strict=True)]
    found.sort(key=lambda one: -one.factor)
    dependent = tuple(name for name, is_loose in zip(names, loose, strict=True) if is_loose)
    # The bias, a column of ones of length 1, is at right angles to all: it joins with singular value 1.
    low, high = min(float(singular[-1]), 1.0), max(float(singular[0]), 1.0)
    condition = np.inf if rank < Z.shape[1] else (high / low) ** 2
    return rank, condition, tuple(one for one in found if one.factor >= INFLATED), dependent


def raw_condition(X: Array) -> float:
    """The condition number with a column of ones, X (n, D) as it is; at most what 16 digits can tell."""
    scaled = X / np.abs(X).max()
    ones = np.full((len(X), 1), 1 / np.abs(X).max())
    singular = np.linalg.svd(np.linalg.qr(np.hstack([scaled, ones]), mode="r"), compute_uv=False)
    least = singular[0] * max(X.shape) * np.finfo(np.float64).eps
    return float((singular[0] / max(float(singular[-1]), float(least))) ** 2)


def spread_of_scales(X: Array, names: Sequence[str]) -> tuple[str, str, float] | None:
    """The columns with the largest and the smallest standard deviation."""
    if not X.shape[1]:
        return None
    largest = np.abs(X).max(0)
    widths = np.log10((X / largest).std(0)) + np.log10(largest)
    wide, narrow = int(widths.argmax()), int(widths.argmin())
    return names[wide], names[narrow], float(10 ** min(widths[wide] - widths[narrow], 300.0))


def steps_needed(condition: float) -> tuple[float, float]:
    """(gradient descent, momentum): steps to a millionth of the first error, at most, with the best rate."""
    digits = np.log(1 / PRECISION)
    return float(condition / 2 * digits), float(np.sqrt(condition) / 2 * digits)


def harmful(pair: Pair) -> bool:
    """A correlation that alone makes a condition index of 30."""
    return abs(pair.r) >= PAIR_LIMIT
