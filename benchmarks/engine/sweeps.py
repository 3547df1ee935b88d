"""64 rates × 5 seeds of SGD with momentum, 320 runs, as one computation on both sides.

JAX: vmap over seeds of vmap over rates of a scan over the same batches, compiled before the clock starts, its orders
handed to it. We are timed from the list of Specs to the list of Runs: settling them, drawing orders, evaluating at
start and end, all signals. The rates are such that no run diverges, so both sides do the same work.
"""

import warnings
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from benchmarks.engine.goals import GOALS
from benchmarks.engine.ours import apart, in_layers, spec_of, start_of, steps_of
from benchmarks.engine.sizes import Sizes
from benchmarks.engine.standing import Maker, agreement, measured
from benchmarks.rows import Row
from benchmarks.timing import Contender
from thalweg import Run, Spec, Table, train_all
from thalweg.descent.batches import epoch_order

BETA = 0.9


class Case(NamedTuple):
    """A bundled set, a model on it, and the range of rates (powers of ten)."""

    source: str
    batch: int
    rates: tuple[float, float]
    model: dict[str, Any]
    tolerance: dict[str, float]  # of |Δw| between the two sides, by dtype


CASES = {
    "logistic": Case("breast_cancer", 32, (-4, 0), {}, {"float32": 1e-3, "float64": 1e-9}),
    "softmax": Case("digits", 64, (-4, -0.5), {}, {"float32": 1e-3}),
    "mlp": Case("digits", 64, (-4, -1), {"model": "mlp", "hidden": (64,)}, {"float32": 1e-2}),
}


class Sweep(NamedTuple):
    """The Specs, seed by seed, and what a peer is handed: rates (L,), orders (S, T, B), starts by seed."""

    specs: list[Spec]
    rates: np.ndarray
    orders: np.ndarray
    starts: list[list[np.ndarray]]
    X: np.ndarray
    y: np.ndarray


def sweep_of(case: Case, dtype: str, count: tuple[int, int], epochs: int) -> Sweep:
    table = Table(source=case.source, validation=0.0, test=0.0, **case.model)
    base = spec_of(table, dtype, rule="momentum", batch_size=case.batch, last_batch="drop", **{"hyper.ema": 0.0})
    _, X, y = start_of(base)
    per_epoch = len(y) // case.batch
    rates, seeds = np.logspace(*case.rates, count[0]), range(count[1])
    timed = steps_of(base, per_epoch * epochs)
    specs = [timed.but(lr=float(lr), seed=seed, engine="sweep") for seed in seeds for lr in rates]
    orders = [[epoch_order(len(y), seed, epoch)[: per_epoch * case.batch] for epoch in range(epochs)] for seed in seeds]
    starts = [in_layers(start_of(base.but(seed=seed))[0]) for seed in seeds]
    return Sweep(specs, rates.astype(dtype), np.reshape(orders, (count[1], -1, case.batch)), starts, X, y)


def in_jax(sweep: Sweep) -> tuple[Any, Contender]:
    """(run once -> weights (S, L, …) in layers, the contender)."""
    import jax

    from benchmarks.engine.peers import in_jax as peer

    double = sweep.X.dtype == np.float64
    compute = peer.population(peer.mean_loss("relu"), BETA)
    stacked = [np.stack(layers) for layers in zip(*sweep.starts, strict=True)]
    with jax.enable_x64(double):
        rates, X, y, orders = peer.on_device([sweep.rates, sweep.X, sweep.y, sweep.orders.astype(np.int32)])
        weights = peer.on_device(stacked)

    def run(_: None) -> Any:
        with jax.enable_x64(double):
            return peer.wait(compute(rates, weights, X, y, orders))

    return run, Contender("", run, len(sweep.specs))


def in_sklearn(sweep: Sweep, epochs: int, runs: int = 4) -> Contender:
    """A loop over some of the runs; the work is counted in runs."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import SGDClassifier

    warnings.simplefilter("ignore", ConvergenceWarning)
    labels = sweep.y[:, 0].astype(int)
    settings = {"loss": "log_loss", "penalty": None, "learning_rate": "constant", "max_iter": epochs, "tol": None}

    def run(_: None) -> None:
        for lr in sweep.rates[:: max(1, len(sweep.rates) // runs)][:runs]:
            SGDClassifier(eta0=float(lr), random_state=0, **settings).fit(sweep.X, labels)

    return Contender("", run, runs)


def gap_between(sweep: Sweep, theirs: Sequence[np.ndarray], runs: list[Run]) -> float:
    """The largest difference over all weights of all runs."""
    largest = 0.0
    for i, run in enumerate(runs):
        seed, rate = divmod(i, len(sweep.rates))
        layout: Any = run.problem.objective
        mine = in_layers(layout.layout.views(run.w))
        largest = max(largest, apart(mine, [np.asarray(layer)[seed, rate] for layer in theirs]))
    return largest


def contest_of(case: str, dtype: str, names: tuple[str, ...], sizes: Sizes) -> Iterator[Row]:
    goals = {name: GOALS["sweeps"][name] for name in names}
    epochs = sizes.sweep_epochs[case]
    sweep = sweep_of(CASES[case], dtype, sizes.sweep, epochs)
    makers: dict[str, Maker] = {
        "thalweg": lambda: Contender("", lambda _: train_all(sweep.specs), len(sweep.specs)),
        "JAX vmap(scan)": lambda: in_jax(sweep)[1],
    }
    if "sklearn" in names:
        makers["scikit-learn loop"] = lambda: in_sklearn(sweep, epochs)
    standing = measured(makers, sizes.sweep_rounds, sizes.least)
    goal = goals[names[0]]
    if "JAX vmap(scan)" not in standing.absent:
        runs = train_all(sweep.specs)
        left = sum(run.diverged for run in runs)
        gap = gap_between(sweep, in_jax(sweep)[0](None), runs)
        yield agreement(goal, goal.peer, gap, CASES[case].tolerance[dtype], what=f"of all runs, {left} diverged")
    yield standing.row(goal, "thalweg", "JAX vmap(scan)", "their compiling and drawing of orders is outside the clock")
    if "sklearn" in names:
        note = "theirs takes a row to a step and has no momentum; four runs, counted as all"
        yield standing.row(goals["sklearn"], "thalweg", "scikit-learn loop", note)
    yield from standing.each(goal.scenario, "one run", "ms", 1e3)


PARTS = {
    partial(contest_of, "logistic", "float32", ("float32", "sklearn")): ("float32", "sklearn"),
    partial(contest_of, "logistic", "float64", ("float64",)): ("float64",),
    partial(contest_of, "softmax", "float32", ("softmax",)): ("softmax",),
    partial(contest_of, "mlp", "float32", ("mlp",)): ("mlp",),
}
