"""The columns of a profile in tables that fit the terminal: numbers, levels, dates, and what is left out."""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from thalweg.evidence.profile.column import ColumnProfile
from thalweg.evidence.profile.levels import Level
from thalweg.evidence.profile.numbers import Histogram
from thalweg.evidence.profile.record import Profile
from thalweg.evidence.profile.target import TargetProfile
from thalweg.evidence.profile.wording import brief, mean_and_sd, percent
from thalweg.interfaces.cli.styled import BARS, Line, breadth, padded, wrapped

HEADINGS = {"regression": "R²", "binary": "AUC", "multiclass": "acc"}
SLACK = 5  # a few more are shown rather than counted
BARS_WIDE = (8, 24)  # of a histogram


class Cells(NamedTuple):
    """A column of a table: its heading, its cells, how much it matters (0 is dropped last), its side.

    drawn: histograms, which become cells when it is known how much room they have.
    """

    heading: str
    cells: list[str]
    weight: int
    right: bool = True
    drawn: tuple[Histogram | None, ...] = ()

    @property
    def width(self) -> int:
        return max(map(breadth, (self.heading, *self.cells)))


def most_telling(found: Profile, most: int) -> list[ColumnProfile]:
    """The columns to show, in the order of the table; where these are too many, the ones with most to say."""
    if len(found.columns) <= most + SLACK:
        return list(found.columns)
    suspected = {one.column for one in found.suspects}

    def interest(column: ColumnProfile) -> float:
        odd = column.numbers is not None and column.numbers.outliers.count > 0
        named = column.use in ("target", "weights", "group", "identifier")
        score = 2 * named + 2 * (column.name in suspected) + 0.2 * odd + 0.1 * bool(column.use)
        return score + (column.tells or 0) + column.missing / max(1, found.rows.rows)

    kept = {column.name for column in sorted(found.columns, key=interest, reverse=True)[:most]}
    return [column for column in found.columns if column.name in kept]


def column_tables(found: Profile, columns: Sequence[ColumnProfile], width: int) -> Iterator[Line]:
    """A table for each way of being used."""
    rows, tells = found.rows.rows, HEADINGS[found.target.task] if found.target else ""
    measured = [c for c in columns if c.use == "number" or (in_other_part(c) and c.kind == "number")]
    levels = [
        c for c in columns if c.use in ("category", "flag") or (in_other_part(c) and c.kind in ("text", "boolean"))
    ]
    moments = [c for c in columns if c.use in ("date", "time")]
    rest = [c for c in columns if c not in measured and c not in levels and c not in moments]
    for heading, some, table in (
        ("Numbers", measured, number_cells),
        ("Categories", levels, level_cells),
        ("Dates and times", moments, moment_cells),
        ("Left out", rest, rest_cells),
    ):
        if some:
            yield Line("")
            yield from aligned(table(heading, some, rows, tells, width), width)
    if found.target is not None and any(c.tells is not None for c in columns):
        yield Line("")
        yield from wrapped(meaning(found.target, found.scored_rows), width, first="  ", rest="  ")


def meaning(target: TargetProfile, rows: int) -> str:
    """What the figure beside each column says."""
    heading, name, chance = HEADINGS[target.task], target.name, 1 / max(1, len(target.classes))
    what = {
        "regression": f"the share of the variance of {name} that a smooth function of this column alone explains",
        "binary": f"how well this column alone tells the classes of {name} apart; 0.5 is chance",
        "multiclass": f"balanced accuracy for {name} by this column alone; {chance:.2f} is chance",
    }
    sample = f"; from {rows:,} rows" if rows < target.rows else ""
    return f"{heading}: {what[target.task]}{sample}"


def in_other_part(column: ColumnProfile) -> bool:
    """Target, weights and groups stand among their like."""
    return column.use in ("target", "weights", "group")


def number_cells(heading: str, columns: Sequence[ColumnProfile], rows: int, tells: str, width: int) -> list[Cells]:
    """Range, middle and spread."""
    numbers = [c.numbers for c in columns]

    def each(text: Callable[..., str]) -> list[str]:
        return ["" if n is None else text(n) for n in numbers]

    digits = 4 if width >= 100 else 3
    far = each(lambda n: f"{n.outliers.count:,}" if n.outliers.count else "")
    return [
        names(heading, columns, width),
        *missing(columns, rows),
        Cells("different", [f"{c.different:,}" for c in columns], 7),
        Cells("min", each(lambda n: brief(n.min, digits)), 1),
        Cells("median", each(lambda n: brief(n.median, digits)), 1),
        Cells("max", each(lambda n: brief(n.max, digits)), 1),
        Cells("mean ± sd", each(lambda n: mean_and_sd(n.mean, n.sd)), 2),
        *([Cells("outliers", far, 6)] if any(far) else []),
        *telling(columns, tells),
        histograms(columns),
    ]


def level_cells(heading: str, columns: Sequence[ColumnProfile], rows: int, tells: str, width: int) -> list[Cells]:
    """How many levels, and the most frequent."""
    before = [
        names(heading, columns, width),
        *missing(columns, rows),
        Cells("levels", [f"{c.different:,}" for c in columns], 1),
        *telling(columns, tells),
    ]
    room = width - sum(cells.width + 2 for cells in before)
    frequent = [shares(c.top, c.different, rows - c.missing, room) for c in columns]
    return [*before, Cells("most frequent", frequent, 0, right=False)]


def moment_cells(heading: str, columns: Sequence[ColumnProfile], rows: int, tells: str, width: int) -> list[Cells]:
    """From when to when."""
    ends = [c.range or ("", "", "") for c in columns]
    return [
        names(heading, columns, width),
        *missing(columns, rows),
        Cells("different", [f"{c.different:,}" for c in columns], 5),
        Cells("from", [first for first, _, _ in ends], 0),
        Cells("to", [last for _, _, last in ends], 0),
        *telling(columns, tells),
        histograms(columns),
    ]


def rest_cells(heading: str, columns: Sequence[ColumnProfile], rows: int, _: str, width: int) -> list[Cells]:
    """Why not."""
    before = [
        names(heading, columns, width),
        *missing(columns, rows),
        Cells("kind", [c.kind for c in columns], 3, right=False),
    ]
    room = width - sum(cells.width + 2 for cells in before)
    why = [": ".join(filter(None, (c.reason or c.use, c.why))) for c in columns]
    return [*before, Cells("why", [cut(text, room) for text in why], 0, right=False)]


def names(heading: str, columns: Sequence[ColumnProfile], width: int) -> Cells:
    """The target is marked."""
    marks = {"target": " (target)", "weights": " (weights)", "group": " (group)"}
    return Cells(heading, [cut(f"{c.name}{marks.get(c.use, '')}", width // 4 + 2) for c in columns], 0, right=False)


def missing(columns: Sequence[ColumnProfile], rows: int) -> list[Cells]:
    """Only where something is missing."""
    some = any(c.missing for c in columns)
    return [Cells("missing", [percent(c.missing, rows) if c.missing else "" for c in columns], 3)] if some else []


def telling(columns: Sequence[ColumnProfile], measure: str) -> list[Cells]:
    """How well each alone tells the target."""
    figures = ["" if c.tells is None else f"{c.tells:.2f}" for c in columns]
    return [Cells(measure, figures, 3)] if any(figures) else []


def shares(top: tuple[Level, ...], different: int, known: int, room: int) -> str:
    """`Biscoe 49%, Dream 36%, …`, as many as there is room for."""
    shown = ""
    for i, level in enumerate(top):
        more = f"{', ' if i else ''}{cut(level.value, 24)} {percent(level.rows, known)}"
        if breadth(shown) + breadth(more) + 3 * (i + 1 < different) > room:
            return f"{shown}, …" if shown else cut(more, room)
        shown += more
    return f"{shown}, …" if different > len(top) and shown else shown


def histograms(columns: Sequence[ColumnProfile]) -> Cells:
    """To be drawn."""
    drawn = tuple(c.numbers.histogram if c.numbers else None for c in columns)
    return Cells("", [" " * BARS_WIDE[0]] * len(columns), 4, right=False, drawn=drawn)


def bars(histogram: Histogram | None, room: int) -> str:
    """A bar for each bin, neighbouring ones joined where there is no room."""
    if histogram is None:
        return ""
    joined_bins = -(-len(histogram.counts) // room)
    counts = [sum(histogram.counts[i : i + joined_bins]) for i in range(0, len(histogram.counts), joined_bins)]
    return "".join(BARS[-(-7 * n // max(counts))] for n in counts)


def aligned(table: list[Cells], width: int) -> Iterator[Line]:
    """Drops what matters least until the rest fits; histograms take what room is left."""
    while len(table) > 2 and needed(table) > width:
        least = max(table, key=lambda cells: cells.weight)
        table = [cells for cells in table if cells is not least]
    room = min(BARS_WIDE[1], width - needed(table) + BARS_WIDE[0])
    table = [c._replace(cells=[bars(h, room) for h in c.drawn]) if c.drawn else c for c in table]
    yield Line(joined(table, [cells.heading for cells in table]), "bold")
    for row in zip(*(cells.cells for cells in table), strict=True):
        yield Line(joined(table, row))


def needed(table: list[Cells]) -> int:
    """Characters of a line."""
    return 2 * (len(table) - 1) + sum(cells.width for cells in table)


def joined(table: list[Cells], row: Sequence[str]) -> str:
    """One line of a table."""
    return "  ".join(padded(cell, of.width, right=of.right) for of, cell in zip(table, row, strict=True)).rstrip()


def cut(text: str, room: int) -> str:
    """At most so wide, on one line."""
    text = " ".join(text.split())
    if breadth(text) <= room:
        return text
    while text and breadth(text) >= max(2, room):
        text = text[:-1]
    return f"{text}…"
