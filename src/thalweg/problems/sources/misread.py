"""Files that are not what their first line makes of them: values between blanks, no names, a name too few.

Each is refused with what to do about it. Read as it stands it would fail later with a sentence that leads nowhere,
or worse, pass as a table of one column.
"""

import re
from collections.abc import Sequence
from itertools import pairwise

from thalweg.errors import DataError
from thalweg.problems.sources.readings import NUMERAL
from thalweg.problems.words import counted, listed

WORD = re.compile(r'"[^"]*"|[^\s"]+')
FIGURE = re.compile(r"[-+]?([0-9]+[.,]?[0-9]*|[.,][0-9]+)([eE][-+]?[0-9]+)?")
NUMBER = re.compile(rf"\s*{NUMERAL}\s*")
ENOUGH = 2  # lines under the names, from which on they tell something


def refuse_blanks(lines: Sequence[str], cells: Sequence[int], name: str) -> None:
    """Numbers in columns with blanks between them. lines: the names first; cells: how many each has by separators."""
    words = [WORD.findall(line) for line in lines]
    width = len(words[0])
    if len(lines) <= ENOUGH or width < 2 or any(len(line) != width for line in words):
        return
    if cells[0] > 1 and set(cells) == {cells[0]}:
        return
    below = [word for line in words[1:] for word in line]
    if 2 * sum(FIGURE.fullmatch(word) is not None for word in below) <= len(below):
        return
    nameless = all(map(FIGURE.fullmatch, words[0]))
    raise DataError(
        f"{name} has its {width} columns separated by blanks; expected commas, semicolons, tabs or bars: "
        f"write it again with commas{', and put a line of names on top' if nameless else ''}"
    )


def refuse_missing_name(names: int, rows: Sequence[Sequence[str]], name: str) -> None:
    """Rows that all have one cell more than there are names, at their start or at their end."""
    if len(rows) < ENOUGH or any(len(row) != names + 1 for row in rows):
        return
    told = f"{name} has {counted(names, 'column name')} over {names + 1} values in each row"
    if not any(row[-1].strip() for row in rows):
        raise DataError(f"{told}: each row ends in a separator; end the line of names in one, too")
    raise DataError(
        f"{told}; expected one each: where the first values name the rows, as R writes them, "
        "put a name for them in front of the others"
    )


def refuse_values(cells: Sequence[str], where: str) -> None:
    """A first line that is a row: half of it numbers, as no one calls columns.

    Years and wavelengths are names, too: they go up or down. Whole numbers may be the names of things.
    """
    numbers = [float(cell) for cell in cells if NUMBER.fullmatch(cell)]
    steps = [right - left for left, right in pairwise(numbers)]
    in_order = all(step > 0 for step in steps) or (len(steps) > 1 and all(step < 0 for step in steps))
    names_of_things = len(set(numbers)) == len(numbers) and all(number.is_integer() for number in numbers)
    if len(numbers) > 1 and 2 * len(numbers) >= len(cells) and not in_order and not names_of_things:
        raise DataError(
            f"the first line of {where} looks like a row of values ({listed(cells, 4)}); "
            "expected column names: put a line of names on top"
        )


def counts_columns(cells: Sequence[str]) -> bool:
    """0, 1, 2, … as pandas calls columns without a name; two of them could be values as well."""
    return len(cells) > 2 and list(cells) == [str(i) for i in range(len(cells))]
