"""Whether a table fits in memory, told before it is read: rows × columns × 8 bytes × the copies training makes."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from thalweg.errors import DataError
from thalweg.problems.words import counted

VARIABLE = "THALWEG_MEMORY"
BASE = 150 << 20  # bytes: Python, NumPy, DuckDB and its buffers, before the first row
ROW = 64  # bytes for each row of a table that stays on the disk: its number, target, part, and one column of values
COPIES = 4  # of each value: the column, X, the split rows and the standardised ones; measured on 1,000,000 × 10

STREAMED: ContextVar[bool] = ContextVar("STREAMED", default=False)


def limit() -> int:
    """Bytes that reading and training may use: 1 GB, or what the environment variable THALWEG_MEMORY says."""
    text = os.environ.get(VARIABLE, "").strip() or "1"
    try:
        gigabytes = float(text)
    except ValueError:
        gigabytes = 0.0
    if not 0.25 <= gigabytes <= 1e6:
        raise DataError(f"{VARIABLE} is {text!r}; expected gigabytes of memory, 0.25 or more, as in {VARIABLE}=4")
    return int(gigabytes * (1 << 30))


@contextmanager
def on_disk() -> Iterator[None]:
    """Inside, tables stay on the disk, and a column at a time is in memory."""
    token = STREAMED.set(True)
    try:
        yield
    finally:
        STREAMED.reset(token)


def needed(rows: int, columns: int) -> int:
    """Bytes for training on so many rows and columns."""
    if STREAMED.get():
        return BASE + ROW * rows
    return BASE + 8 * COPIES * rows * columns


def room_for(columns: int) -> int:
    """So many rows of so many columns fit."""
    if STREAMED.get():
        return (limit() - BASE) // ROW
    return max(1000, (limit() - BASE) // (8 * COPIES * max(columns, 1)))


def require_room(rows: int, columns: int, what: str, about: str = "") -> None:
    """Refuses a table that would need more than the limit. about: "about " where the rows are estimated."""
    most = limit()
    bytes_ = needed(rows, columns)
    if bytes_ > most:
        fits = room_for(columns)
        fits -= fits % 10 ** (len(str(fits)) - 1)  # a round number below
        raise DataError(
            f"{what} has {about}{counted(rows, 'row')} and {counted(columns, 'column')}, which need about "
            f"{gigabytes(bytes_)} of memory; the limit is {gigabytes(most)}: {ways_out(fits)}, or allow more "
            f"with {VARIABLE}={round_up(bytes_)}"
        )


def ways_out(fits: int) -> str:
    """What to do about a table that is too large: stream it, or take less of it."""
    if STREAMED.get():
        return f"take a sample with --sample {fits}"
    return f"train from the disk with --stream, take a sample with --sample {fits}, fewer columns with --features"


def gigabytes(bytes_: int) -> str:
    """`1.32 GB`."""
    return f"{bytes_ / (1 << 30):.2f} GB"


def round_up(bytes_: int) -> int:
    """Whole gigabytes that are enough."""
    return -(-bytes_ // (1 << 30))
