"""Turns of phrase of the notices and errors about data: lists that stay short, counts, the nearest name."""

from collections.abc import Iterable
from difflib import get_close_matches


def listed(names: Iterable[object], most: int = 12) -> str:
    """`a, b, c`, or the first `most` and how many more there are."""
    words = [str(name) for name in names]
    shown = ", ".join(words[:most])
    return shown if len(words) <= most else f"{shown} and {len(words) - most} more"


def counted(number: int, thing: str) -> str:
    """`1 row`, `1,200 rows`."""
    return f"{number:,} {thing}" if number == 1 else f"{number:,} {thing}s"


def nearest(name: str, names: Iterable[str]) -> str:
    """The name that was probably meant, or nothing."""
    near = {known.casefold(): known for known in reversed(list(names))}
    match = get_close_matches(name.casefold(), list(near), n=1)
    return near[match[0]] if match else ""


def no_column(name: str, names: Iterable[str], where: str) -> str:
    """The sentence for a column that is not there, with the nearest name and all that are."""
    known = list(names)
    near = nearest(name, known)
    hint = f"; did you mean {near!r}?" if near else ";"
    return f"no column {name!r} in {where}{hint} have {listed(known, 30)}"
