"""One training step of a small MLP, tanh and Adam, float32, 64 batches in the order of the table.

What is timed is a whole training with its schedule, stop rules, recorded signals and last evaluation; JAX runs an epoch
in one compiled scan and returns the losses; PyTorch runs the eager loop of its tutorials.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np

from benchmarks.engine.goals import GOALS, SMALL, STEP, WIDE, Goal
from benchmarks.engine.ours import apart, in_layers, spec_of, start_of, table_of, trained, training, without_signals
from benchmarks.engine.sizes import Sizes
from benchmarks.engine.standing import Maker, Standing, agreement, measured
from benchmarks.rows import Row
from benchmarks.timing import Contender
from thalweg import Spec

LR, EPS, BATCHES = 1e-3, 1e-8, 64
TOLERANCE = 2e-4  # float32 over 64 steps of Adam, whose division makes last digits of small gradients larger
ORDER = "all sides read the batches in the order of the table; signals off: loss, gradient and update, nothing recorded"


def spec_for(features: int, hidden: int, outputs: int, batch: int) -> Spec:
    """An MLP on made rows, as many as 64 batches."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((BATCHES * batch, features))
    y = (X[:, 0] > 0).astype(int) if outputs == 1 else rng.integers(0, outputs, len(X))
    task = "binary" if outputs == 1 else "multiclass"
    table = table_of(X, y, task=task, model="mlp", hidden=(hidden,), activation="tanh")
    return spec_of(table, "float32", rule="adam", lr=LR, batch_size=batch, sampling="sequential", **{"hyper.eps": EPS})


def in_jax(spec: Spec) -> tuple[list[Any], Contender]:
    """The box holds (weights, memory): JAX hands back other arrays each time."""
    import optax

    from benchmarks.engine.peers import in_jax as peer

    weights, X, y = start_of(spec)
    tx = optax.adam(LR, eps=EPS)
    epoch = peer.epoch_of_batches(tx, peer.mean_loss())
    batches = peer.on_device([array.reshape(BATCHES, -1, array.shape[1]) for array in (X, y)])
    started = peer.on_device(in_layers(weights))
    box = [started, tx.init(started)]

    def run(_: None) -> None:
        box[:] = peer.wait(epoch(tuple(box), *batches))[0]

    return box, Contender("JAX lax.scan", run, BATCHES)


def in_torch(spec: Spec) -> tuple[Any, Contender]:
    import torch

    from benchmarks.engine.peers import in_torch as peer

    weights, X, y = start_of(spec)
    net = peer.network(in_layers(weights))
    optimizer = torch.optim.Adam(net.parameters(), lr=LR, eps=EPS, fused=True)
    size = spec.batch.batch_size
    rows = [slice(k * size, (k + 1) * size) for k in range(BATCHES)]
    data = torch.from_numpy(X), peer.targets(y)
    return net, Contender("torch eager", lambda _: peer.epoch(net, optimizer, *data, rows), BATCHES)


def agreements(goal: Goal, spec: Spec, standing: Standing) -> Iterator[Row]:
    """An epoch from the same weights over the same batches."""
    mine = in_layers(trained(spec, BATCHES))
    if "JAX lax.scan" not in standing.absent:
        box, contender = in_jax(spec)
        contender.run(None)
        yield agreement(goal, "JAX lax.scan", apart(mine, box[0]), TOLERANCE, what="over 64 steps")
    if "torch eager" not in standing.absent:
        from benchmarks.engine.peers.in_torch import weights_of

        net, contender = in_torch(spec)
        contender.run(None)
        yield agreement(goal, "torch eager", apart(mine, weights_of(net)), TOLERANCE, what="over 64 steps")


def small(sizes: Sizes) -> Iterator[Row]:
    goals, spec = GOALS["mlp"], spec_for(30, 16, 1, 32)
    steps = BATCHES * sizes.epochs
    makers: dict[str, Maker] = {
        "thalweg compiled": lambda: training(spec.but(engine="compiled"), steps),
        "thalweg compiled, signals off": lambda: without_signals(spec.but(engine="compiled"), steps),
        "thalweg NumPy": lambda: training(spec.but(engine="numpy"), steps),
        "JAX lax.scan": lambda: in_jax(spec)[1],
        "torch eager": lambda: in_torch(spec)[1],
    }
    standing = measured(makers, sizes.rounds, sizes.least)
    yield from agreements(goals["on"], spec, standing)
    yield standing.row(goals["off"], "thalweg compiled, signals off", "JAX lax.scan", ORDER)
    yield standing.row(goals["on"], "thalweg compiled", "JAX lax.scan", ORDER)
    yield standing.row(goals["torch"], "thalweg compiled", "torch eager", ORDER)
    yield standing.row(goals["numpy"], "thalweg NumPy", "torch eager", ORDER)
    yield from standing.each(SMALL, STEP, "µs", 1e6)


def wide(sizes: Sizes) -> Iterator[Row]:
    goals, spec = GOALS["mlp"], spec_for(64, 128, 10, 128)
    makers: dict[str, Maker] = {
        "thalweg": lambda: training(spec, BATCHES * sizes.epochs),
        "thalweg compiled": lambda: training(spec.but(engine="compiled"), BATCHES * sizes.epochs),
        "JAX lax.scan": lambda: in_jax(spec)[1],
        "torch eager": lambda: in_torch(spec)[1],
    }
    standing = measured(makers, sizes.rounds, sizes.least)
    yield from agreements(goals["wide"], spec, standing)
    yield standing.row(goals["wide"], "thalweg", "JAX lax.scan", ORDER)
    yield standing.row(goals["wide torch"], "thalweg", "torch eager", ORDER)
    yield from standing.each(WIDE, STEP, "µs", 1e6)


PARTS = {small: ("off", "on", "torch", "numpy"), wide: ("wide", "wide torch")}
