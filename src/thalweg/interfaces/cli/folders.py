"""New folders of commands: made when a command starts to write, gone again if it cannot finish."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from thalweg.descent.files import named_folder, numbered_folder


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


def _remove(made: list[Path]) -> None:
    """Folders that were not there before, if they are empty; the innermost first."""
    for path in made:
        try:
            path.rmdir()
        except OSError:
            return
