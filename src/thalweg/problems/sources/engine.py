"""The one DuckDB of the process: in memory, one thread, bounded, and never reaching for the network.

Starting DuckDB costs 30 ms of processor time, a cursor on it 10 µs; each cursor has temporary tables of its
own. One thread, so that rows keep their order and nothing that enters training depends on timing. What does
not fit in memory goes to a temporary folder that DuckDB removes when the process ends.
"""

import atexit
import os
import re
import secrets
import shutil
import tempfile
from functools import lru_cache
from pathlib import Path
from typing import Any

from thalweg.errors import DataError
from thalweg.problems.sources.size import STREAMED, limit
from thalweg.problems.sources.sql import quoted

SHARE = 0.35  # of the memory that reading and training may use; NumPy's copies need the rest
STREAMED_BYTES = 48 << 20  # for a table that stays on the disk, however large it is


def cursor() -> Any:
    """A connection with its own temporary tables; they are gone once it is."""
    connection = _instance(os.getpid())
    share = int(SHARE * limit())
    _allow(os.getpid(), min(share, STREAMED_BYTES) if STREAMED.get() else share)
    return connection.cursor()


def keep_on_disk(con: Any) -> None:
    """From now on the cursor's tables that are not temporary lie in a file of their own, uncompressed.

    What is in memory alone is spilled too, but only up to a point: its bookkeeping grows with the rows.
    """
    folder = Path(tempfile.mkdtemp(prefix="thalweg-"))
    name = f"disk_{secrets.token_hex(4)}"
    con.execute("SET GLOBAL force_compression = 'uncompressed'")
    con.execute(f"ATTACH {quoted(str(folder / 'rows.db'))} AS {name}")
    con.execute(f"USE {name}")
    ON_DISK[name] = folder


def forget_disk() -> None:
    """Removes the files of tables that were kept on the disk, and gives back the memory that they took."""
    if not ON_DISK:
        return
    while ON_DISK:
        name, folder = ON_DISK.popitem()
        _instance(os.getpid()).execute(f"DETACH DATABASE IF EXISTS {name}")
        shutil.rmtree(folder, ignore_errors=True)
    _allow.cache_clear()
    _allow(os.getpid(), int(SHARE * limit()))  # DuckDB's allocator lets go what is free when it is told its limit


ON_DISK: dict[str, Path] = {}


@lru_cache(maxsize=1)
def _allow(process: int, most: int) -> None:
    """Lets DuckDB use so many bytes; asked again only when they have changed."""
    _instance(process).execute(f"SET GLOBAL memory_limit = '{most >> 20}MiB'")


@lru_cache(maxsize=2)
def _instance(_process: int) -> Any:
    """A process that was forked starts its own: DuckDB's state does not survive a fork."""
    import duckdb

    spill = Path(tempfile.gettempdir()) / f"thalweg-{os.getpid()}-{secrets.token_hex(4)}"
    connection = duckdb.connect(
        config={
            "threads": 1,
            "preserve_insertion_order": True,
            "temp_directory": str(spill),
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
            # A query names files and tables, never the variables of the Python that runs it.
            "python_enable_replacements": False,
        }
    )
    # Also where the process ends by an exception: what was spilled goes with it.
    atexit.register(connection.close)
    atexit.register(forget_disk)  # the last that is registered is the first that is called
    # Times without a zone are taken as UTC on every machine.
    connection.execute("SET GLOBAL TimeZone = 'UTC'")
    return connection


def reason(problem: Exception) -> str:
    """The first line of what DuckDB says, without its kind of error and without a final full stop."""
    text = str(problem).strip().partition("\n")[0]
    text = re.sub(r"""(["'])[^"']*[/\\]([^"'/\\]*)\1""", r"\2", text)  # a file by its name, without its folders
    return re.sub(r"^([A-Z][A-Za-z]+ )+Error: ", "", text).rstrip(". ")


def plain(problem: Exception, what: str, advice: str) -> DataError:
    """What DuckDB says as one sentence of ours. what: the file or query; advice: what to do about it."""
    said = reason(problem)
    if "Out of Memory" in str(problem) or "failed to pin block" in said or "failed to allocate" in said:
        return DataError(
            f"{what} needs more memory than the {limit() >> 20:,} MB allowed; read a sample with --sample, "
            "or set THALWEG_MEMORY to more gigabytes"
        )
    return DataError(f"{what} ({said}); {advice}")
