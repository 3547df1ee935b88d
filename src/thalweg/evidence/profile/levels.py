"""The levels of a column of text: the most frequent ones, spellings of one level, and words that stand for a gap."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from thalweg.formulas.arrays import Array

SHOWN = 8
# What people type where nothing is known. None of these is read as missing when a file is opened.
GAPS = {"?", "??", "-", "--", "---", ".", "..", "*", "#", "unknown", "unk", "missing", "not available", "not known",
        "unspecified", "undefined", "tbd", "tba", "blank", "empty", "not applicable", "no data", "nodata",
        "#n/a", "n/a", "n.a.", "na", "nan", "null", "none", "nil"}  # fmt: skip
WORDS_FOR_NOTHING = {"none", "nil"}  # often a level of its own: no garage, no allergy


@dataclass(frozen=True)
class Level:
    """One value and the rows that have it."""

    value: str
    rows: int


def top_levels(x: Array, levels: Sequence[str], most: int = SHOWN) -> tuple[Level, ...]:
    """x (N,) codes with NaN where missing; the most frequent levels, ties in the order of the levels."""
    counts = np.bincount(x[~np.isnan(x)].astype(np.intp), minlength=len(levels))
    order = np.argsort(-counts, kind="stable")[:most]
    return tuple(Level(str(levels[i]), int(counts[i])) for i in order if counts[i])


def spellings(levels: Sequence[str]) -> tuple[tuple[str, ...], ...]:
    """Groups of levels that differ only in case, blanks or signs between words: ("New York", "new-york")."""
    alike: dict[str, list[str]] = {}
    for level in levels:
        alike.setdefault(re.sub(r"[\s_\-]+", " ", level.casefold()).strip(), []).append(level)
    return tuple(tuple(group) for group in alike.values() if len(group) > 1)


def words_for_gaps(x: Array, levels: Sequence[str]) -> tuple[Level, ...]:
    """Levels such as "?" or "unknown" with their rows."""
    found = [i for i, level in enumerate(levels) if level.strip().casefold() in GAPS - WORDS_FOR_NOTHING]
    return tuple(Level(str(levels[i]), int((x == i).sum())) for i in found)
