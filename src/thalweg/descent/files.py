"""How anything reaches the disk: whole or not at all.

A file is written under a temporary name, fsynced, renamed, and the folder fsynced; a log is appended to and
fsynced before the checkpoint that records its length. So whenever the process dies, the old or the new file
is there, and logs are at least as long as their checkpoint says.
"""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from thalweg.errors import FolderError

LONGEST_NAME = 80


@contextmanager
def plain_errors(path: Path, doing: str = "write") -> Iterator[None]:
    """Turn what the system says into a sentence."""
    try:
        yield
    except FolderError:
        raise
    except OSError as error:
        reason = error.strerror or str(error)
        cure = "free some space or choose another folder" if doing == "write" else "is it the folder of a run?"
        raise FolderError(f"cannot {doing} {path}: {reason}; {cure}") from error


def write_whole(path: Path, data: bytes) -> None:
    """Replace the file at `path` by `data`, in one step as seen from outside."""
    with plain_errors(path):
        temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
        try:
            handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
            try:
                _write_all(handle, data)
                os.fsync(handle)
            finally:
                os.close(handle)
            os.replace(temporary, path)  # noqa: PTH105 - beside its os.open and os.fsync
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
        sync_folder(path.parent)


def append(path: Path, data: bytes, at: int) -> int:
    """Write `data` at byte `at` of a log, cutting off whatever stood behind; the new length."""
    with plain_errors(path):
        handle = os.open(path, os.O_WRONLY | os.O_CREAT, 0o644)
        try:
            os.ftruncate(handle, at)
            os.lseek(handle, at, os.SEEK_SET)
            _write_all(handle, data)
            os.fsync(handle)
        finally:
            os.close(handle)
    return at + len(data)


def _write_all(handle: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(handle, view) :]


def sync_folder(folder: Path) -> None:
    """Make names in `folder` durable."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def slug(name: str) -> str:
    """The name of a folder inside its root. A name is never a path: anything else than letters, digits, . _ - is
    refused, as are names that begin with a dot."""
    if not re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9._-]*", name) or len(name) > LONGEST_NAME:
        raise FolderError(
            f"name {name!r} cannot be a folder; expected at most {LONGEST_NAME} letters, digits, '.', '_' or '-', "
            "not beginning with '.'"
        )
    return name


def named_folder(root: Path, name: str) -> Path:
    """A new folder root/name; refused if it exists."""
    folder = root / slug(name)
    with plain_errors(folder):
        root.mkdir(parents=True, exist_ok=True)
        try:
            folder.mkdir()
        except FileExistsError:
            raise FolderError(f"{folder} exists already; choose another name or remove it") from None
        sync_folder(root)
    return folder


def numbered_folder(root: Path, stem: str) -> Path:
    """A new folder root/stem-001, or the next number that is free."""
    stem = re.sub(r"[^A-Za-z0-9_-]+", "-", stem).strip("-")[: LONGEST_NAME - 8] or "run"
    with plain_errors(root / stem):
        root.mkdir(parents=True, exist_ok=True)
        taken = [p.name.rpartition("-")[2] for p in root.glob(f"{stem}-*")]
        number = max((int(n) for n in taken if n.isdecimal()), default=0) + 1
        while True:
            try:
                (folder := root / f"{stem}-{number:03d}").mkdir()
            except FileExistsError:
                number += 1
                continue
            sync_folder(root)
            return folder
