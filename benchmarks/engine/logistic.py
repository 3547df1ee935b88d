"""One epoch of logistic regression by SGD, 300 000 × 30, a row or 32 rows to a step.

scikit-learn shuffles once an epoch with a generator of its own, so agreement is checked on rows in their order.
Vowpal Wabbit reads its cache in order and computes in float32. JAX and PyTorch are handed their order; we draw ours.
"""

import tempfile
import warnings
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.engine.goals import BATCHES, EPOCH, GOALS, ONE_ROW
from benchmarks.engine.ours import apart, spec_of, start_of, table_of, trained, training
from benchmarks.engine.sizes import Sizes
from benchmarks.engine.standing import Maker, agreement, measured
from benchmarks.rows import Row
from benchmarks.timing import Contender
from thalweg import Spec, Table

FEATURES, LR, PASSES = 30, 0.01, 3
CHECKED = 4_000  # rows of the checks of agreement
VW_ROWS = 20_000  # distinct rows of Vowpal Wabbit's file, repeated: it reads them from its cache, one after another


@cache
def rows_of(count: int) -> Table:
    """Rows whose label is drawn by the logistic model."""
    rng = np.random.default_rng(0)
    X, slope = rng.standard_normal((count, FEATURES)), rng.standard_normal(FEATURES)
    return table_of(X, (rng.random(count) < 1 / (1 + np.exp(-X @ slope))).astype(int), task="binary")


def spec_for(count: int, batch: int, dtype: str, sampling: str = "reshuffled") -> Spec:
    return spec_of(rows_of(count), dtype, rule="gd", lr=LR, batch_size=batch, sampling=sampling)


def ours(count: int, batch: int, dtype: str, sampling: str = "reshuffled") -> Contender:
    """An epoch, or as much of it as fits into half a second; the work is counted in rows."""
    return training(spec_for(count, batch, dtype, sampling).but(engine="compiled"), count // batch, batch)


# A row to a step: scikit-learn and Vowpal Wabbit


def sgd_classifier(shuffle: bool, epochs: int = PASSES) -> Any:
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import SGDClassifier

    warnings.simplefilter("ignore", ConvergenceWarning)
    settings = {"penalty": None, "learning_rate": "constant", "eta0": LR, "max_iter": epochs, "tol": None}
    return SGDClassifier(loss="log_loss", shuffle=shuffle, random_state=0, **settings)


def in_sklearn(count: int) -> Contender:
    """Three epochs, so that its set-up is a small part."""
    _, X, y = start_of(spec_for(count, 1, "float64"))
    labels = y[:, 0].astype(int)
    return Contender("", lambda _: sgd_classifier(True).fit(X, labels), PASSES * count)


def in_vw(count: int, folder: Path) -> Contender:
    from benchmarks.engine.peers import in_vw as peer

    _, X, y = start_of(spec_for(min(count, VW_ROWS), 1, "float64"))
    repeated = max(1, count // len(X))
    path = folder / "rows.vw"
    peer.write(path, with_ones(X), y[:, 0])
    path.write_text(path.read_text() * repeated)
    settings = peer.cache(path, LR)
    return Contender("", lambda _: peer.one_pass(settings), len(X) * repeated)


def with_ones(X: np.ndarray) -> np.ndarray:
    return np.concatenate([X, np.ones((len(X), 1))], axis=1)


def agree_sklearn() -> Row:
    spec = spec_for(CHECKED, 1, "float64", "sequential")
    _, X, y = start_of(spec)
    theirs = sgd_classifier(False, 1).fit(X, y[:, 0].astype(int))
    gap = apart(trained(spec, CHECKED), [theirs.coef_.T, theirs.intercept_])
    goal = GOALS["logistic"]["permutation"]
    return agreement(goal, goal.peer, gap, 1e-10, what=f"over {CHECKED} steps in order")


def agree_vw(folder: Path) -> Row:
    from benchmarks.engine.peers import in_vw as peer

    spec = spec_for(CHECKED, 1, "float64", "sequential")
    _, X, y = start_of(spec)
    path = folder / "few.vw"
    peer.write(path, with_ones(X), y[:, 0])
    mine = trained(spec, CHECKED)
    logits = X[:200] @ mine["W"][:, 0] + mine["b"]
    gap = apart([logits], [peer.raw_predictions(path, LR, with_ones(X[:200]))])
    goal = GOALS["logistic"]["vw"]
    return agreement(goal, goal.peer, gap, 1e-3, "max |Δz|", f"of logits after {CHECKED} steps in order")


def by_row(sizes: Sizes) -> Iterator[Row]:
    goals, n = GOALS["logistic"], sizes.rows
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        makers: dict[str, Maker] = {
            "thalweg, full permutation": lambda: ours(n, 1, "float64"),
            "thalweg, block shuffle": lambda: ours(n, 1, "float64", "blocks"),
            "scikit-learn SGDClassifier": lambda: in_sklearn(n),
            "Vowpal Wabbit": lambda: in_vw(n, folder),
        }
        standing = measured(makers, sizes.rounds, sizes.least)
        if "scikit-learn SGDClassifier" not in standing.absent:
            yield agree_sklearn()
        if "Vowpal Wabbit" not in standing.absent:
            yield agree_vw(folder)
    yield standing.row(
        goals["permutation"],
        "thalweg, full permutation",
        "scikit-learn SGDClassifier",
        "float64; three epochs of theirs",
    )
    yield standing.row(
        goals["blocks"], "thalweg, block shuffle", "scikit-learn SGDClassifier", "float64; theirs is a full permutation"
    )
    yield standing.row(goals["vw"], "thalweg, full permutation", "Vowpal Wabbit", "theirs reads in order, in float32")
    yield from standing.each(ONE_ROW, EPOCH, "ns a row", 1e9)


# 32 rows to a step: JAX and PyTorch, float32


def in_jax(count: int) -> tuple[Any, Contender]:
    """(run once -> weights, the contender). The order is drawn outside the clock."""
    from benchmarks.engine.peers import in_jax as peer

    weights, X, y = start_of(spec_for(count, 32, "float32"))
    data = peer.on_device([weights["W"], weights["b"]]), *peer.on_device([X, y])
    epoch = peer.epoch_of_rows(LR, peer.mean_loss())

    def run(order: np.ndarray) -> Any:
        return peer.wait(epoch(*data, order))

    (order,) = peer.on_device([np.random.default_rng(1).permutation(count)[: count // 32 * 32].reshape(-1, 32)])
    return run, Contender("", lambda _: run(order), count // 32 * 32)


def in_torch(count: int, steps: int) -> tuple[Any, Any, Contender]:
    """(net, run over these rows, the contender)."""
    import torch

    from benchmarks.engine.peers import in_torch as peer

    weights, X, y = start_of(spec_for(count, 32, "float32"))
    net = peer.network([weights["W"], weights["b"]])
    optimizer = torch.optim.SGD(net.parameters(), lr=LR, fused=True)
    data = torch.from_numpy(X), peer.targets(y)
    rows = torch.from_numpy(np.random.default_rng(1).permutation(count)[: 32 * steps]).split(32)
    return (
        net,
        lambda rows: peer.epoch(net, optimizer, *data, rows),
        Contender("", lambda _: peer.epoch(net, optimizer, *data, rows), 32 * len(rows)),
    )


def by_32(sizes: Sizes) -> Iterator[Row]:
    goals, n = GOALS["logistic"], sizes.rows
    makers: dict[str, Maker] = {
        "thalweg": lambda: ours(n, 32, "float32"),
        "JAX lax.scan": lambda: in_jax(n)[1],
        "torch eager": lambda: in_torch(n, 500)[2],
    }
    standing = measured(makers, sizes.rounds, sizes.least)
    kept = CHECKED // 32 * 32
    mine = trained(spec_for(kept, 32, "float32", "sequential"), kept // 32)
    if "JAX lax.scan" not in standing.absent:
        theirs = in_jax(kept)[0](np.arange(kept).reshape(-1, 32))
        yield agreement(goals["jax"], goals["jax"].peer, apart(mine, theirs), 1e-5, what="over 125 steps in order")
    if "torch eager" not in standing.absent:
        from benchmarks.engine.peers.in_torch import weights_of

        net, run, _ = in_torch(kept, 1)
        run([slice(k, k + 32) for k in range(0, kept, 32)])
        gap = apart(mine, weights_of(net))
        yield agreement(goals["torch"], goals["torch"].peer, gap, 1e-5, what="over 125 steps in order")
    handed = "float32; we draw the order inside the clock, they are handed theirs"
    yield standing.row(goals["jax"], "thalweg", "JAX lax.scan", handed)
    yield standing.row(goals["torch"], "thalweg", "torch eager", handed)
    yield from standing.each(BATCHES, EPOCH, "ns a row", 1e9)


PARTS = {by_row: ("permutation", "blocks", "vw"), by_32: ("jax", "torch")}
