"""Logistic regression over a table that is larger than the memory it may use: one pass over 10 000 000 × 30 float32.

Each side runs in a process of its own, whose peak memory is all it ever held. We read Parquet files, convert them once
(timed apart), then train in batches of 32 in shuffled blocks. scikit-learn's partial_fit is handed shuffled blocks of
float32 that lie ready in a raw file; it takes a row to a step, with a rate as much smaller.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from math import inf
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.engine.goals import GOALS
from benchmarks.engine.sizes import Sizes
from benchmarks.engine.standing import NotHere, agreement
from benchmarks.rows import Row
from benchmarks.timing import spread_of

FEATURES, PART = 30, 1_000_000
ROOT = Path(__file__).parents[2]
NOTE = "ours takes 32 rows to a step, theirs one; theirs is handed blocks that lie ready in a raw file"
LONG_S, LIMIT_S = 20, 300  # converting 1e7 rows takes a minute or two; a side that takes longer is not measured


def make_files(folder: Path, rows: int) -> None:
    """part-000.parquet, … of columns x0 … x29, y; and the same in raw.x (N, 30), raw.y (N,), float32.

    A million rows are made; a larger table is as many copies of them, read like any others.
    """
    rng = np.random.default_rng(0)
    slope = rng.standard_normal(FEATURES, dtype=np.float32)
    X = rng.standard_normal((min(PART, rows), FEATURES), dtype=np.float32)
    y = (rng.random(len(X), dtype=np.float32) < 1 / (1 + np.exp(-X @ slope))).astype(np.float32)
    first = folder / "part-000.parquet"
    _to_parquet(first, X, y)
    with (folder / "raw.x").open("wb") as x_file, (folder / "raw.y").open("wb") as y_file:
        for part in range(rows // len(X)):
            x_file.write(X.tobytes())
            y_file.write(y.tobytes())
            if part:
                shutil.copyfile(first, folder / f"part-{part:03}.parquet")


def _to_parquet(path: Path, X: np.ndarray, y: np.ndarray) -> None:
    import duckdb

    block = {f"x{j}": np.ascontiguousarray(X[:, j]) for j in range(X.shape[1])} | {"y": y.astype(np.int8)}
    with duckdb.connect(config={"threads": 1}) as connection:
        connection.register("block", block)
        connection.execute(f"COPY (SELECT * FROM block) TO '{path}' (FORMAT parquet, COMPRESSION uncompressed)")  # noqa: S608 - a path of ours


def run_alone(side: str, folder: Path, rows: int) -> dict[str, Any]:
    """What the side says of itself, from a process of its own. Raises NotHere where it cannot."""
    command = [sys.executable, "-m", "benchmarks.engine.streaming_sides", side, str(folder), str(rows)]
    environment = os.environ | {"XDG_CACHE_HOME": str(folder / "cache")}
    try:
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True,  # noqa: S603 - our own
                              check=False, timeout=LIMIT_S)  # fmt: skip
    except subprocess.TimeoutExpired:
        raise NotHere(f"{side} took longer than {LIMIT_S} s over {rows:,} rows") from None
    if done.returncode:
        raise NotHere((done.stderr.strip().splitlines() or ["it ended without a word"])[-1])
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def streamed(sizes: Sizes) -> Iterator[Row]:
    """Rows a second over the large file, the sides in turn; peak memory over both files."""
    goals, (few, many) = GOALS["streaming"], sizes.stream
    with tempfile.TemporaryDirectory() as name:
        make_files(Path(name), few)
        small = run_alone("thalweg", Path(name), few)["peak_mb"]
    yield goals["memory 1e6"].reached(spread_of([small]))
    told: dict[str, list[dict[str, Any]]] = {"thalweg": [], "scikit-learn": []}
    with tempfile.TemporaryDirectory() as name:
        make_files(Path(name), many)
        for _ in range(sizes.stream_rounds):
            for side, found in told.items():
                found.append(run_alone(side, Path(name), many))
            if many / told["thalweg"][0]["rows_per_s"] > LONG_S:
                break  # one round tells enough of a side that is so slow
    yield from compared(told["thalweg"], told["scikit-learn"])
    peak = max(found["peak_mb"] for found in told["thalweg"])
    yield goals["memory"].reached(spread_of([peak]))
    yield goals["same"].reached(spread_of([peak / small]))


def compared(ours: list[dict[str, Any]], theirs: list[dict[str, Any]]) -> Iterator[Row]:
    goal = GOALS["streaming"]["rows"]
    gap = abs(ours[0]["loss"] / theirs[0]["loss"] - 1)
    yield agreement(goal, goal.peer, gap, 0.02, "relative", "of the loss after one pass")
    yield goal.reached(spread_of([a["rows_per_s"] / b["rows_per_s"] for a, b in zip(ours, theirs, strict=True)]), NOTE)
    for peer, side in (("thalweg", ours), (goal.peer, theirs)):
        spread = spread_of([told["rows_per_s"] / 1e6 for told in side])
        yield Row(
            goal.scenario, "millions of rows a second", spread.value, "", peer, -inf, True, spread.low, spread.high
        )
    yield Row(goal.scenario, "converting the table", max(told["preparing_s"] for told in ours), "s", "thalweg", inf)
    yield Row(goal.scenario, "peak memory", max(told["peak_mb"] for told in theirs), "MB", goal.peer, inf)


PARTS = {streamed: ("rows", "memory", "memory 1e6", "same")}
