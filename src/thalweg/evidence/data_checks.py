"""What can be wrong with a table before any training: rows that leak, columns that say nothing or say it twice,
scales far apart, classes that hardly occur.

X (N, D) and y (N, K) are raw, before standardising; a split names the rows of each part. Columns are judged on
training rows alone, as the standardiser sees them.
"""

from collections.abc import Iterable, Sequence

import numpy as np

from thalweg.errors import DataError, ShapeError
from thalweg.evidence.check import Check, Status
from thalweg.evidence.row_ids import row_ids
from thalweg.formulas.arrays import Array
from thalweg.formulas.streams import Purpose, stream
from thalweg.problems.split import Split
from thalweg.problems.words import listed

# The ratio of largest to smallest singular value of scaled columns from which on dependencies do damage
# (Belsley, Kuh & Welsch 1980, section 3.2: "moderate to strong" from 30). Its square is the condition number
# that gradient descent feels.
CONDITION_INDEX = 30.0
HOPELESS_INDEX = 100.0  # condition number 1e4: first-order methods no longer get there
PAIR_LIMIT = (CONDITION_INDEX**2 - 1) / (CONDITION_INDEX**2 + 1)  # the correlation that alone gives that: 0.9978
MILD, EXTREME = 0.2, 0.01  # share of the smaller of two classes (Google, Machine Learning Crash Course)
PIECE = 20_000  # rows that one QR takes in
BLOCK = 512  # columns whose correlations are held at a time
PEEKED = 10_000  # rows from which it is reckoned how often two values of a column agree


def check_data(
    X: Array,
    y: Array,
    split: Split,
    names: Sequence[str] | None = None,
    *,
    standardised: bool = False,
    classes: Sequence[str] = (),
) -> list[Check]:
    """All checks of a table. X (N, D), y (N, K), names (D,); classes are read from y where it holds labels.

    `standardised` says that the model will see the columns standardised: their raw scales are then no trouble.
    `classes`: what people call them, in the order of y; numbers from 0 unless given.
    """
    X, y = np.asarray(X, np.float64), np.asarray(y, np.float64)
    if X.ndim != 2 or y.ndim != 2 or len(X) != len(y) or not X.size or not len(split.train):
        raise ShapeError(
            f"X has shape {X.shape}, y {y.shape}, {len(split.train)} training rows; "
            "expected (N, D) and (N, K) with the same N, and one training row or more"
        )
    if not np.isfinite(X).all():
        raise DataError("X holds nan or inf; fill or drop them before the data are checked")
    names = [f"column {j}" for j in range(X.shape[1])] if names is None else list(names)
    if len(names) != X.shape[1]:
        raise ShapeError(f"{len(names)} names for {X.shape[1]} columns; expected one name for each")
    train, ids = X[split.train], row_ids(list(X.T))
    checks = [
        duplicates_across(ids, split, X.T),
        duplicates_within(ids[split.train]),
        constant_columns(train, names),
        duplicate_columns(train, names),
        collinear_columns(train, names),
        conditioning(train),
        scale_spread(train, names, standardised),
    ]
    return [*checks, class_balance(y, split, classes)] if holds_classes(y) else checks


# Rows


def duplicates_across(ids: Array, split: Split, columns: Iterable[Array]) -> Check:
    """Validation and test rows that also stand, feature for feature, in a part that decides before them.

    ids (N,): equal for equal rows; columns: D arrays (N,). Coarse tables repeat rows by nature. What chance alone
    would repeat is reckoned from how often two values of a column agree, columns taken as independent; up to
    twice that is a notice.
    """
    leaked = np.isin(ids[split.validation], ids[split.train]).sum()
    earlier = np.union1d(ids[split.train], ids[split.validation])
    leaked = int(leaked + np.isin(ids[split.test], earlier).sum())
    judged = len(split.validation) + len(split.test)
    if not leaked:
        return _check("duplicates-across", "Duplicate rows across splits", "ok", 0, "rows", "no row is in two parts.")
    agree = float(np.prod([agreement(column) for column in columns]))
    chance = judged * -np.expm1(len(split.train) * np.log1p(-min(agree, 1 - 1e-16)))
    by_chance = leaked <= 2 * chance
    sentence = f"{leaked} of {judged} validation and test rows also stand in an earlier part"
    sentence += (
        f"; the columns are so coarse that about {chance:.0f} would by chance."
        if by_chance
        else ": they were seen in training, so their measures flatter; drop duplicates before the split."
    )
    status: Status = "notice" if by_chance else "warn"
    return _check("duplicates-across", "Duplicate rows across splits", status, leaked, "rows", sentence)


def agreement(values: Array) -> float:
    """The chance that two different rows agree in a column: Σ c(c − 1) / n(n − 1) over its values, c rows of each."""
    if len(values) > PEEKED:
        values = values[stream(0, Purpose.SAMPLE, 100).choice(len(values), PEEKED, replace=False)]
    counts = np.unique(values, return_counts=True)[1]
    return float(np.sum(counts * (counts - 1.0)) / max(1, len(values) * (len(values) - 1)))


def duplicates_within(ids: Array) -> Check:
    """Training rows that repeat an earlier training row, feature for feature."""
    repeated = len(ids) - len(np.unique(ids))
    sentence = (
        f"{repeated} of {len(ids)} training rows repeat another, so they count twice; drop them unless they are "
        "cases of their own."
        if repeated
        else "every training row is different."
    )
    status: Status = "notice" if repeated else "ok"
    return _check("duplicates-within", "Duplicate rows in training", status, repeated, "rows", sentence)


# Columns


def varying(train: Array) -> Array:
    """Columns (D,) that hold more than one value."""
    return np.asarray(train.min(0) < train.max(0))


def constant_columns(train: Array, names: Sequence[str]) -> Check:
    """Columns with one value in all training rows."""
    constant = [name for name, varies in zip(names, varying(train), strict=True) if not varies]
    sentence = (
        f"{listed(constant, 5)} never change{'s' if len(constant) == 1 else ''} in training; drop what cannot inform."
        if constant
        else "every column varies."
    )
    status: Status = "notice" if constant else "ok"
    return _check("constant-columns", "Constant columns", status, len(constant), "columns", sentence)


def duplicate_columns(train: Array, names: Sequence[str]) -> Check:
    """Varying columns that equal an earlier one in every training row."""
    first: dict[bytes, int] = {}
    twins = [
        f"{names[column]} = {names[first[values]]}"
        for column in np.flatnonzero(varying(train)).tolist()
        if first.setdefault(values := (train[:, column] + 0.0).tobytes(), column) != column  # −0 becomes 0
    ]
    sentence = (
        f"{listed(twins, 5)} in every training row, so their weights cannot be told apart; keep one of each."
        if twins
        else "no column repeats another."
    )
    status: Status = "warn" if twins else "ok"
    return _check("duplicate-columns", "Duplicated columns", status, len(twins), "columns", sentence)


def collinear_columns(train: Array, names: Sequence[str]) -> Check:
    """Pairs whose |correlation| alone makes a condition index of 30 or more, equal columns aside."""
    Z, columns = unit_columns(train)
    pairs = [
        (r, i, j) for r, i, j in correlated(Z, columns, PAIR_LIMIT) if not np.array_equal(train[:, i], train[:, j])
    ]
    said = [f"{names[i]} and {names[j]} (r = {r:.5f})" for r, i, j in pairs]
    sentence = (
        f"{listed(said, 5)} say nearly the same; keep one of each pair, or add L2."
        if pairs
        else f"no two columns correlate beyond {PAIR_LIMIT:.4f}."
    )
    status: Status = "warn" if pairs else "ok"
    return _check("collinear-columns", "Collinear columns", status, len(pairs), "pairs", sentence)


def correlated(Z: Array, columns: Array, limit: float) -> list[tuple[float, int, int]]:
    """(r, i, j) with i < j and |r| ≥ limit, strongest first. Z (n, d) as `unit_columns` gives it, columns (d,)."""
    pairs: list[tuple[float, int, int]] = []
    for low in range(0, Z.shape[1], BLOCK):
        r = Z[:, low : low + BLOCK].T @ Z
        for i, j in np.argwhere(np.abs(r) >= limit):
            if low + i < j:
                pairs.append((float(r[i, j]), int(columns[low + i]), int(columns[j])))
    return sorted(pairs, key=lambda pair: -abs(pair[0]))


def conditioning(train: Array) -> Check:
    """Largest over smallest singular value of the standardised training columns; inf where they are dependent."""
    Z, columns = unit_columns(train)
    singular = np.linalg.svd(triangle(Z), compute_uv=False) if len(columns) else np.ones(1)
    tiny = singular[0] * max(Z.shape) * np.finfo(np.float64).eps
    rank = int((singular > tiny).sum()) if len(columns) else 0
    if rank < len(columns):
        why = " (there are no more rows than columns)" if len(train) <= len(columns) else ""
        sentence = (
            f"{len(columns)} varying columns span only {rank} dimensions{why}: infinitely many weights fit equally "
            "well; drop dependent columns or add L2."
        )
        return _check("conditioning", "Conditioning", "warn", np.inf, "σmax/σmin", sentence)
    index = float(singular[0] / singular[-1])
    steps = f"the condition number of least squares after scaling is {index**2:.3g}"
    if index < CONDITION_INDEX:
        return _check("conditioning", "Conditioning", "ok", index, "σmax/σmin", f"{steps}: gradient descent is fit.")
    hopeless = index >= HOPELESS_INDEX
    advice = (
        "first-order methods creep towards its very minimum, though they may predict well long before; Newton, L2 or "
        "fewer columns get there"
        if hopeless
        else "expect many steps"
    )
    return _check(
        "conditioning", "Conditioning", "warn" if hopeless else "notice", index, "σmax/σmin", f"{steps}: {advice}."
    )


def scale_spread(train: Array, names: Sequence[str], standardised: bool = False) -> Check:
    """Largest over smallest standard deviation of the raw varying columns."""
    columns = np.flatnonzero(varying(train))
    widths = _log_widths(train[:, columns]) if len(columns) else np.zeros(1)
    decades = float(np.ptp(widths))
    spread = 10.0 ** min(decades, 300.0)
    if spread < 10:
        return _check("scale-spread", "Scale spread", "ok", spread, "σmax/σmin", "columns have comparable scales.")
    wide, narrow = names[columns[widths.argmax()]], names[columns[widths.argmin()]]
    sentence = (
        f"{wide} spreads {spread:.3g} times as wide as {narrow}: unscaled, the condition number is of the order of "
        f"1e{2 * decades:.0f}; " + ("here they are standardised." if standardised else "standardise.")
    )
    status: Status = "warn" if spread >= HOPELESS_INDEX and not standardised else "notice"
    return _check("scale-spread", "Scale spread", status, spread, "σmax/σmin", sentence)


def _log_widths(columns: Array) -> Array:
    """log₁₀ σ of each column, by way of its largest entry so that no square overflows or vanishes."""
    largest = np.maximum(columns.max(0), -columns.min(0))
    widths = np.array([(x / most).std() for x, most in zip(columns.T, largest, strict=True)])  # one copy at a time
    return np.asarray(np.log10(widths) + np.log10(largest))


def unit_columns(X: Array) -> tuple[Array, Array]:
    """Varying columns with mean 0 and length 1, and their numbers: ZᵀZ holds the correlations."""
    columns = np.flatnonzero(varying(X))
    Z = X[:, columns]  # a copy, changed in place: the table may be large
    Z /= np.maximum(Z.max(0), -Z.min(0))  # so that no square overflows or vanishes
    Z -= Z.mean(0)
    Z /= np.sqrt(np.einsum("nd,nd->d", Z, Z))
    return Z, columns


def triangle(Z: Array) -> Array:
    """R of Z = QR, which is small and has the singular values of Z (n, d); rows are taken in piece by piece."""
    R = Z[:0]
    for start in range(0, len(Z), PIECE):
        R = np.asarray(np.linalg.qr(np.concatenate([R, Z[start : start + PIECE]]), mode="r"))
    return R


# Classes


def holds_classes(y: Array) -> bool:
    """y (N, K) is a column of 0 and 1, or one-hot."""
    return bool(((y == 0) | (y == 1)).all() and (y.shape[1] == 1 or (y.sum(1) == 1).all()))


def class_balance(y: Array, split: Split, names: Sequence[str] = ()) -> Check:
    """Share of the rarest class in training, times half the number of classes: ½ when all are equally many."""
    labels = y[:, 0].astype(np.intp) if y.shape[1] == 1 else y.argmax(1)
    names = names or [f"class {k}" for k in range(max(2, y.shape[1]))]
    counts = np.bincount(labels[split.train], minlength=len(names))
    rarest, rows = int(counts.argmin()), int(counts.min())
    share = rows / int(counts.sum())
    absent = [name for name, count in zip(names, counts, strict=True) if not count]
    unseen = [
        part
        for part in ("validation", "test")
        if (of := getattr(split, part)).size and len(np.unique(labels[of])) < np.count_nonzero(counts)
    ]
    said = f"{names[rarest]} has {share:.2%} of the training rows ({rows:,})"
    status: Status = "ok"
    if absent:
        status, said = "fail", f"{listed(absent, 5)} has no training row and cannot be learned"
    elif share * len(names) / 2 < EXTREME:
        status, said = "warn", f"{said}: accuracy says nothing here; use class weights, F1 and a chosen threshold"
    elif share * len(names) / 2 < MILD:
        status, said = "notice", f"{said}: read F1 and AUC beside accuracy"
    if unseen and status != "fail":
        status, said = "warn", f"{said}; some class is missing from {' and '.join(unseen)}: split by class"
    return _check("class-balance", "Class balance", status, share, "share of the rarest class", f"{said}.")


def _check(code: str, title: str, status: Status, value: float, unit: str, sentence: str) -> Check:
    return Check(code, title, status, float(value), unit, sentence)
