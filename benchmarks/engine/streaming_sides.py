"""One pass over a large table in this process: python -m benchmarks.engine.streaming_sides SIDE FOLDER ROWS.

Prints rows a second of CPU time, seconds of preparing, peak memory and the loss afterwards, as JSON. Preparing is what
happens once: converting the table, and getting the compiled steps ready. Peak memory is that of the whole process.
"""

import json
import resource
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks.one_thread import hold_to_one_thread

hold_to_one_thread()

import numpy as np  # noqa: E402

FEATURES, BLOCK, BATCH, LR = 30, 65_536, 32, 0.01
Side = Callable[[Path, int], tuple[np.ndarray, float, float]]


def blocks(folder: Path, rows: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """X (B, 30) and y (B,) of each block, in shuffled order, read into one buffer."""
    X, y = np.empty((BLOCK, FEATURES), np.float32), np.empty(BLOCK, np.float32)
    with (folder / "raw.x").open("rb") as x_file, (folder / "raw.y").open("rb") as y_file:
        for block in np.random.default_rng(0).permutation(-(-rows // BLOCK)):
            start, size = int(block) * BLOCK, min(BLOCK, rows - int(block) * BLOCK)
            x_file.seek(4 * FEATURES * start)
            y_file.seek(4 * start)
            x_file.readinto(memoryview(X[:size]).cast("B"))
            y_file.readinto(memoryview(y[:size]).cast("B"))
            yield X[:size], y[:size]


def in_sklearn(folder: Path, rows: int) -> tuple[np.ndarray, float, float]:
    from sklearn.linear_model import SGDClassifier

    model = SGDClassifier(loss="log_loss", penalty=None, learning_rate="constant", eta0=LR / BATCH, shuffle=True)
    began = time.process_time()
    for X, y in blocks(folder, rows):
        model.partial_fit(X, y, classes=[0, 1])
    spent = time.process_time() - began
    return np.append(model.coef_, model.intercept_), 0.0, spent


def in_thalweg(folder: Path, rows: int) -> tuple[np.ndarray, float, float]:
    from thalweg import Spec, Table, begin
    from thalweg.descent.train import finish

    table = Table(
        source=f"{folder}/part-*.parquet",
        target="y",
        task="binary",
        validation=0.0,
        test=0.0,
        standardise=False,
        stream=True,
    )
    steps = rows // BATCH
    spec = Spec(problem=table, dtype="float32").but(
        rule="gd", lr=LR, batch_size=BATCH, sampling="blocks", steps=steps, every=steps, jump=0.0, rises=0
    )
    began = time.process_time()
    finish(begin(spec), until=1)  # as scikit-learn is imported before its clock starts
    population = begin(spec)
    prepared = time.process_time()
    run = finish(population)
    return run.w, prepared - began, time.process_time() - prepared


SIDES: dict[str, Side] = {"thalweg": in_thalweg, "scikit-learn": in_sklearn}


def loss_on(folder: Path, w: np.ndarray) -> float:
    """The mean logistic loss on the first rows; w is the 30 slopes, then the bias."""
    X = np.fromfile(folder / "raw.x", np.float32, BLOCK * FEATURES).reshape(-1, FEATURES)
    y = np.fromfile(folder / "raw.y", np.float32, BLOCK)
    z = X @ w[:FEATURES] + w[FEATURES]
    return float(np.mean(np.logaddexp(0, z) - y * z))


def peak_mb() -> float:
    """The most memory this process has held; ru_maxrss would count what its parent held when it was started."""
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024
    except (OSError, StopIteration):
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main(side: str, folder: Path, rows: int) -> None:
    w, preparing, spent = SIDES[side](folder, rows)
    peak = peak_mb()
    told = {"rows_per_s": rows / spent, "preparing_s": preparing, "peak_mb": peak, "loss": loss_on(folder, w)}
    print(json.dumps(told))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]))
