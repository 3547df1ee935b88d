"""Where converted tables are kept: a folder for each in the user's cache folder, made whole or not at all.

    ~/.cache/thalweg/tables/<what it was made from>/   about.json  X  y  weight

A folder is written under another name and renamed when all of it is on the disk. It is used again as long as its files
are the very ones that were written then: their sizes, times and numbers on the disk are in about.json, and that has a
hash of itself. Anything else is a reason to convert the table again.
"""

import errno
import hashlib
import os
import shutil
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from thalweg.errors import DataError
from thalweg.problems.big.file import NAMES
from thalweg.problems.sources.size import gigabytes

Identity = tuple[int, int, int, int]  # size, last change in ns, the same of its entry, number on the disk
T = TypeVar("T")


def cache_folder() -> Path:
    """The user's folder for converted tables, by the customs of the system; only the user may enter."""
    if sys.platform == "win32":
        root = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    elif sys.platform == "darwin":
        root = Path.home() / "Library" / "Caches"
    else:
        root = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = root / "thalweg" / "tables"
    with plainly(folder, 0):
        for one in (folder.parent, folder):
            one.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def identity(path: Path) -> Identity:
    """What changes when anybody writes to the file, whatever he does to its date."""
    found = path.stat()
    return found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino


def identities(folder: Path) -> dict[str, Identity]:
    """Of the files of rows."""
    return {name: identity(folder / name) for name in NAMES if (folder / name).is_file()}


def read_signed(path: Path, type_: type[T]) -> T | None:
    """What `write_signed` wrote; None where there is nothing, or anything else."""
    try:
        digest, _, body = path.read_bytes().partition(b"\n")
        if digest.decode() != hashlib.sha256(body).hexdigest():
            return None
        return msgspec.json.decode(body, type=type_)
    except (OSError, UnicodeDecodeError, msgspec.MsgspecError):
        return None


def write_signed(path: Path, value: Any) -> None:
    """A record under the hash of its bytes, in one step."""
    body = msgspec.json.encode(value)
    temporary = path.with_name(f"{mark()}{path.name}")
    with plainly(path, len(body)):
        try:
            handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(handle, "wb") as file:
                file.write(hashlib.sha256(body).hexdigest().encode() + b"\n" + body)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)


@contextmanager
def new_folder(final: Path, bytes_: int) -> Iterator[Path]:
    """A folder to be filled with so many bytes; it gets its name when the block ends, and is gone if it fails."""
    remove_leftovers(final.parent)
    temporary = final.with_name(f"{mark()}{final.name}")
    with plainly(final.parent, bytes_):
        try:
            if shutil.disk_usage(final.parent).free < bytes_:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            temporary.mkdir(mode=0o700)
            yield temporary
            if final.exists():  # damaged, or made meanwhile by another program
                final.rename(old := final.with_name(f"{mark()}old-{final.name}"))
                shutil.rmtree(old, ignore_errors=True)
            temporary.rename(final)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)


def mark() -> str:
    """The beginning of a name that says who is writing."""
    return f".{socket.gethostname()}-{os.getpid()}-"


def remove_leftovers(folder: Path) -> None:
    """What programs of this machine left unfinished that do not run any more."""
    start = f".{socket.gethostname()}-"
    for path in folder.glob(f"{start}*"):
        process = path.name.removeprefix(start).partition("-")[0]
        if process.isdecimal() and not running(int(process)):
            shutil.rmtree(path, ignore_errors=True) if path.is_dir() else path.unlink(missing_ok=True)


def running(process: int) -> bool:
    """Whether there is a process of this number; where that cannot be told, yes."""
    if sys.platform == "win32":
        return True
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


@contextmanager
def plainly(folder: Path, bytes_: int) -> Iterator[None]:
    """What the system says while it writes, as a sentence."""
    try:
        yield
    except OSError as problem:
        if problem.errno in (errno.ENOSPC, errno.EDQUOT):
            raise DataError(
                f"the disk is full: the converted table needs {gigabytes(bytes_)} in {folder}; make room, say --dtype "
                "float32, or name another folder in XDG_CACHE_HOME"
            ) from None
        raise DataError(
            f"{folder} cannot be written to ({problem.strerror}); a table that is streamed is kept there: mend its "
            "permissions, or name another folder in XDG_CACHE_HOME"
        ) from None
