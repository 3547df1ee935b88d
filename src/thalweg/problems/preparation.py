"""From the columns of a table to X (N, D): fitted on the training rows, stored with the run, applied to new data."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import msgspec
import numpy as np

from thalweg.errors import DataError
from thalweg.formulas.arrays import Array
from thalweg.problems.parts import OTHER, Category, Filled, Moment, Part
from thalweg.problems.ranks import Pieces, median
from thalweg.problems.sources.columns import Columns
from thalweg.problems.stacked import Stacked
from thalweg.problems.words import counted, listed

PIECE = 1 << 16  # rows of which all columns are made at once, where only some are kept
EMPTY, CONSTANT = "without a value in the training rows", "constant"
ONLY_GAPS = "constant where there is a value (only whether there is one is learned from)"


class Block(msgspec.Struct, frozen=True):
    """A part, and which of its columns are kept: those that vary over the training rows."""

    part: Part
    kept: tuple[int, ...]

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self.part.names[i] for i in self.kept)

    def apply(self, values: Array) -> Array:
        """values (N,) as the part reads them -> (N, kept)."""
        return self.part.apply(values)[:, self.kept]


class Preparation(msgspec.Struct, frozen=True):
    """What was decided about the columns, and the target with its classes, so that new data meet the same."""

    target: str
    task: str
    classes: tuple[str, ...]
    blocks: tuple[Block, ...]
    how: dict[str, str]  # how the text of each column was read (sources/readings.py)

    @property
    def names(self) -> tuple[str, ...]:
        """(D,) names of the columns of X, each its own."""
        found: dict[str, None] = {}
        for name in (name for block in self.blocks for name in block.names):
            free, number = name, 1
            while free in found:
                free, number = f"{name} ({number + 1})", number + 1
            found[free] = None
        return tuple(found)

    @property
    def flags(self) -> Array:
        """(D,) whether a column of X has a scale of its own: 0 and 1, or the points of a circle."""
        return np.array([block.part.bounded(i) for block in self.blocks for i in block.kept], dtype=bool)

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of the table that are learned from."""
        return tuple(block.part.column for block in self.blocks)

    def apply(self, columns: Columns | Stacked, rows: Array | None = None) -> Array:
        """X (N, D) of these rows, all unless given."""
        count = columns.rows if rows is None else len(rows)
        X = np.empty((count, sum(len(block.kept) for block in self.blocks)))
        at = 0
        for block in self.blocks:
            values = block.part.read(columns)
            X[:, at : at + len(block.kept)] = block.apply(values if rows is None else values[rows])
            at += len(block.kept)
        return X


def fit_preparation(
    columns: Columns | Stacked, uses: Mapping[str, str], train: Array, levels: int
) -> tuple[tuple[Block, ...], tuple[str, ...]]:
    """The blocks of the features in `uses`, fitted on the rows `train`, and what to say about them.

    train: row numbers; or a mask of all rows, for a table on the disk whose columns are not to be in memory whole.
    """
    blocks: list[Block] = []
    missing: dict[str, int] = {}
    seen: set[str] = set()
    useless: dict[str, list[str]] = {EMPTY: [], CONSTANT: [], ONLY_GAPS: []}
    for name, use in uses.items():
        fitted = fit_part(columns, name, use, train, levels)
        if fitted is None:
            useless[EMPTY].append(name)
            continue
        part, pieces = fitted
        if part.marks:  # two columns with the same gaps need one mark
            gaps, missing[name] = gaps_in(pieces)
            part = msgspec.structs.replace(part, marks=gaps not in seen)
            seen.add(gaps)
        block = varying(part, pieces)
        if block.kept:
            blocks.append(block)
        if not block.kept or (part.marks and len(block.kept) == 1):
            useless[ONLY_GAPS if block.kept else CONSTANT].append(name)
    if not blocks:
        raise DataError(
            f"no column of {columns.name} varies over the training rows: {listed(uses)}; there is nothing to learn from"
        )
    found = [f"left out, {why}: {listed(names)}" for why, names in useless.items() if names]
    return tuple(blocks), (*found, *told(columns, blocks, missing))


def gaps_in(pieces: Pieces) -> tuple[str, int]:
    """A name for where values are missing, and how many."""
    name, count = hashlib.sha256(), 0
    for values in pieces():
        gaps = np.isnan(values)
        name.update(gaps.tobytes())
        count += int(gaps.sum())
    return name.hexdigest(), count


def varying(part: Part, pieces: Pieces) -> Block:
    """The part with those of its columns that are not the same in all values, and no straight copies.

    Two months are two points on the circle: where they lie, sine and cosine say the same.
    """
    low, high = extremes(part, pieces)
    kept = [int(i) for i in np.flatnonzero(low != high)]
    if isinstance(part, Moment):
        cosines = [i for i in kept if i - 1 in kept and part.names[i].endswith(" cos")]
        kept = [i for i in kept if i not in cosines or not copies(applied(part, pieces, (i - 1, i)))]
    return Block(part, tuple(kept))


def extremes(part: Part, pieces: Pieces) -> tuple[Array, Array]:
    """The smallest and the largest value of each column of a part, without having them all in memory."""
    ends = [(made.min(0), made.max(0)) for made in applied(part, pieces, slice(None))()]
    return np.min([low for low, _ in ends], axis=0), np.max([high for _, high in ends], axis=0)


def applied(part: Part, pieces: Pieces, which: Any) -> Pieces:
    """Some columns of a part in pieces of PIECE rows (the last may be shorter), whatever the pieces of its values."""
    return lambda: (part.apply(values)[:, which] for values in even(pieces()))


def even(pieces: Iterator[Array]) -> Iterator[Array]:
    """The same values in pieces of PIECE."""
    left = np.empty(0)
    for values in pieces:
        joined = np.concatenate([left, values]) if len(left) else values
        whole = len(joined) // PIECE * PIECE
        yield from (joined[at : at + PIECE] for at in range(0, whole, PIECE))
        left = joined[whole:]
    if len(left):
        yield left


def copies(pairs: Pieces) -> bool:
    """Whether two columns (N, 2) that vary lie on a straight line."""
    count = sum(len(pair) for pair in pairs())
    mean = sum(pair.sum(0) for pair in pairs()) / count
    (a, c), (_, b) = sum((pair - mean).T @ (pair - mean) for pair in pairs())
    return bool(abs(c) > (1 - 1e-12) * np.sqrt(a * b))


def training_values(columns: Columns | Stacked, name: str, use: str, train: Array) -> Pieces:
    """The values of a column on the training rows; see `fit_preparation`."""
    times = use in ("date", "time")
    if train.dtype == bool and isinstance(columns, Columns):
        return lambda: (v[train[at : at + len(v)]] for at, v in columns.pieces(name, times=times))
    values = (columns.times(name) if times else columns.numbers(name))[train]
    return lambda: iter([values])


def fit_part(columns: Columns | Stacked, name: str, use: str, train: Array, levels: int) -> tuple[Part, Pieces] | None:
    """The part and its values on the training rows; None where they hold no value."""
    if use == "category":
        return fit_category(columns, name, train, levels)
    pieces = training_values(columns, name, use, train)
    sizes = [(len(values), int(np.isnan(values).sum()), int((values == 1.0).sum())) for values in pieces()]
    rows, gaps, ones = (sum(one) for one in zip(*sizes, strict=True))
    if rows == gaps:
        return None
    marks = gaps > 0
    if use == "flag":
        return Filled(name, "flag", float(2 * ones >= rows - gaps), marks), pieces
    middle = median(lambda: (values[~np.isnan(values)] for values in pieces()), rows - gaps)
    if use in ("date", "time"):
        ways = ("hour",) if use == "time" else ("days", "month", "weekday", "hour")
        return Moment(name, "time" if use == "time" else "date", middle, ways, marks), pieces
    return Filled(name, "number", middle, marks), pieces


def fit_category(columns: Columns | Stacked, name: str, train: Array, most: int) -> tuple[Part, Pieces] | None:
    """The levels of the training rows, by how many rows have them; the rarest ones share "other" over the cap."""
    codes, found = columns.codes(name)
    codes = codes[train]
    counts = np.bincount(codes[codes >= 0], minlength=len(found))
    order = [int(i) for i in np.argsort(-counts, kind="stable") if counts[i]]
    if not order:
        return None
    capped = len(order) > most
    kept = order[1 : most - 1] if capped else order[1:]
    own = tuple(sorted(found[i] for i in kept))
    part = Category(name, found[order[0]], own, capped, bool((codes < 0).any()))
    few = codes.astype(np.min_scalar_type(-len(found) - 1))
    return part, lambda: (part.places(few[at : at + PIECE], found) for at in range(0, len(few), PIECE))


def told(columns: Columns | Stacked, blocks: Sequence[Block], missing: Mapping[str, int]) -> Iterable[str]:
    """What was filled in (missing: column -> gaps), which categories were taken apart and which dates."""
    parts = [block.part for block in blocks]
    if filled := [filling(part, missing[part.column]) for part in parts if part.column in missing]:
        yield (
            f"missing values filled in: {listed(filled)}; columns of 0 and 1 mark where. "
            "--missing drop leaves such rows out, --missing refuse stops"
        )
    categories = [part for part in parts if isinstance(part, Category)]
    if categories:
        shown = [f"{c.column} ({counted(len(c.levels) + 1 + c.other, 'level')})" for c in categories]
        yield f"categories as 0/1 columns, one a level but for the most frequent: {listed(shown)}"
    for category in categories:
        yield from rare_levels(columns, category)
    moments = [(b.part, kept_pieces(b.part, b.kept)) for b in blocks if isinstance(b.part, Moment)]
    if shown := [f"{moment.column} ({', '.join(pieces)})" for moment, pieces in moments if pieces]:
        yield f"dates and times taken apart: {listed(shown)}"


def rare_levels(columns: Columns | Stacked, category: Category) -> Iterable[str]:
    """What becomes of the levels that have no column."""
    name, own = category.column, len(category.levels) + 1
    if not (rest := columns.distinct(name) - own):
        return
    if category.other:
        yield (
            f"{name} has {rest + own:,} levels: the {own} most frequent ones are kept apart, {rest:,} share "
            f'"{OTHER}"; --levels sets how many'
        )
    else:
        as_what = f"{'count' if rest > 1 else 'counts'} as the most frequent one, {category.usual!r}"
        yield f"{name}: {counted(rest, 'level')} of no training row {as_what}"


def kept_pieces(moment: Moment, kept: Sequence[int]) -> list[str]:
    """The pieces of a date that vary."""
    return list(dict.fromkeys(moment.ways[i][0] for i in kept if i < len(moment.ways)))


def filling(part: Part, count: int) -> str:
    """`age (177 with the median 28)`."""
    if isinstance(part, Category):
        return f"{part.column} ({count:,} with the most frequent, {part.usual!r})"
    how = "the more frequent" if part.use == "flag" else "the median"
    return f"{part.column} ({count:,} with {how} {shown_fill(part)})"


def shown_fill(part: Filled | Moment) -> str:
    """A fill as people write it: 28, true, 2020-01-31, 08:30."""
    if part.use == "flag":
        return "true" if part.fill else "false"
    if part.use == "number":
        return f"{part.fill:.6g}"
    day, clock = str(np.datetime64(int(part.fill // 1), "s")).split("T")
    return clock if part.use == "time" else day if clock == "00:00:00" else f"{day} {clock}"


def gaps_of(columns: Columns | Stacked, name: str, use: str) -> Any:
    """Mask (N,) of the rows without a value."""
    if use == "category":
        return columns.codes(name)[0] < 0
    return np.isnan(columns.times(name) if use in ("date", "time") else columns.numbers(name))
