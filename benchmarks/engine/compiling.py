"""What compiling costs a report: CPU time of importing the compiler, and of getting each kernel's machine code.

That is all between the first call of a kernel with new types and its start, whether it is compiled or loaded. Each
report runs in a process of its own, on the default set; the first has an empty cache, the others what it left there.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from math import inf
from pathlib import Path
from typing import Any

from benchmarks.engine.goals import GOALS
from benchmarks.engine.sizes import Sizes
from benchmarks.engine.standing import NotHere
from benchmarks.rows import Row
from benchmarks.timing import spread_of

ROOT = Path(__file__).parents[2]
CACHES = ("XDG_CACHE_HOME", "NUMBA_CACHE_DIR", "HOME")


def report(folder: Path, name: str, arguments: tuple[str, ...]) -> dict[str, Any]:
    """What a report under this name said of its compiling."""
    command = [sys.executable, "-m", "benchmarks.engine.compiling_in_report", "report", *arguments, "--name", name]
    settings = dict.fromkeys(CACHES, str(folder / "cache")) | {"PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path])}
    done = subprocess.run(command, cwd=folder, env=os.environ | settings, capture_output=True,  # noqa: S603 - our own
                          text=True, check=False)  # fmt: skip
    if done.returncode:
        raise NotHere((done.stderr.strip().splitlines() or ["the report ended without a word"])[-1])
    told: dict[str, Any] = json.loads(done.stderr.strip().splitlines()[-1])
    if not told["kernels"]:
        raise NotHere("the report used no compiled kernel")
    return told


def in_report(sizes: Sizes) -> Iterator[Row]:
    goals = GOALS["compiling"]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "cache").mkdir()
        cold = report(folder, "cold", sizes.report)
        warm = [report(folder, f"warm{k}", sizes.report) for k in range(2)]
    yield goals["cold"].reached(spread_of([cold["seconds"]]), f"{cold['kernels']} kernels")
    yield goals["warm"].reached(spread_of([told["seconds"] for told in warm]))
    for state, told in (("cold", cold), ("warm", warm[0])):
        measure = f"importing the compiler, {state}"
        yield Row(goals["cold"].scenario, measure, told["importing"], "s", "–", inf)
        yield Row(goals["cold"].scenario, f"CPU time of the report, {state}", told["report"], "s", "–", inf)


PARTS = {in_report: ("cold", "warm")}
