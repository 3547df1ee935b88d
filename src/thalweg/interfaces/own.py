"""tw.minimize: descent on a function of one's own, with the page that only this layer can draw."""

from functools import wraps
from pathlib import Path
from typing import Any

from thalweg.descent.run import Run
from thalweg.evidence import own
from thalweg.interfaces.report.run_page import write_run_page


@wraps(own.minimize)
def minimize(*arguments: Any, **settings: Any) -> Run:
    return own.minimize(*arguments, **{"page": _page, **settings})


def _page(run: Run, folder: Path) -> None:
    write_run_page(run, folder, "")
