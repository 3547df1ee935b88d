"""New folders of commands: made when a command starts to write, gone again if it cannot finish."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from thalweg.descent.files import named_folder, numbered_folder, slug
from thalweg.errors import FolderError


@contextmanager
def fresh_folder(out: Path, name: str | None, stem: str) -> Iterator[Path]:
    """out/name, or out/stem-001 where no name is given; whatever is raised inside leaves nothing behind."""
    before = [parent for parent in (out, *out.parents) if not parent.exists()]
    try:
        folder = numbered_folder(out, stem) if name is None else named_folder(out, name)
    except BaseException:
        _remove(before)
        raise
    try:
        yield folder
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        _remove(before)
        raise


def require_free(out: Path, name: str | None) -> None:
    """Refuses a place that cannot be written to or a name that is taken, before anything is read or computed."""
    if out.exists() and not out.is_dir():
        raise FolderError(f"{out} is a file; expected a folder to put results in: choose another --out")
    if name is not None and (out / slug(name)).exists():
        raise FolderError(f"{out / name} exists already; choose another name or remove it")


def stem_of(problem: Any) -> str:
    """What a folder is called after: the file or data set, the surface, or "query"."""
    if getattr(problem, "query", ""):
        return "query"
    source = getattr(problem, "source", None) or getattr(problem, "surface", None) or "custom"
    return "data" if source.startswith("memory:") else Path(source).name.split(".")[0]


def _remove(made: list[Path]) -> None:
    """Folders that were not there before, if they are empty; the innermost first."""
    for path in made:
        try:
            path.rmdir()
        except OSError:
            return
