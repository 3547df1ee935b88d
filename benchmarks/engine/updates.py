"""One optimizer update of P parameters, the gradient given: torch fused, optax under jit, the memory's limit."""

from collections.abc import Iterator
from functools import partial

import numpy as np

from benchmarks.engine.goals import GOALS
from benchmarks.engine.ours import apart
from benchmarks.engine.sizes import Sizes
from benchmarks.engine.standing import Maker, NotHere, agreement, measured
from benchmarks.rows import Row
from benchmarks.timing import Contender
from thalweg import Optimizer

LR, STEPS = 1e-3, 5
TOLERANCE = 2e-6  # some last digits of float32, weights of about 1
FORM = "ε is 1e-8 and outside the root on both sides"


def start_of(size: int) -> tuple[np.ndarray, np.ndarray]:
    """Weights and a gradient (P,) float32."""
    rng = np.random.default_rng(0)
    return rng.standard_normal(size, dtype=np.float32), rng.standard_normal(size, dtype=np.float32)


def ours(rule: str, w: np.ndarray, grad: np.ndarray) -> tuple[np.ndarray, Contender]:
    """Our weights (1, P), which the contender moves."""
    method = Optimizer.named(rule, eps=1e-8)
    state, held = method.start(w.copy()), grad[None].copy()
    return state.w, Contender("thalweg", lambda _: method.step(state, held, LR))


def in_torch(w: np.ndarray, grad: np.ndarray) -> tuple[np.ndarray, Contender]:
    from benchmarks.engine.peers.in_torch import fused

    parameter, optimizer = fused("Adam", w, grad, lr=LR, eps=1e-8)
    return parameter.detach().numpy(), Contender("torch fused", lambda _: optimizer.step())


def in_optax(w: np.ndarray, grad: np.ndarray) -> tuple[list[np.ndarray], Contender]:
    """The box holds the weights: JAX hands back another array each time."""
    import optax

    from benchmarks.engine.peers import in_jax

    tx = optax.rmsprop(LR, decay=0.9, eps=1e-8, eps_in_sqrt=False)
    step = in_jax.update(tx)
    p, g = in_jax.on_device([w, grad])
    box = [p, tx.init(p)]

    def run(_: None) -> None:
        box[:] = in_jax.wait(step(*box, g))

    return box, Contender("optax jit", run)


def bare_loop(w: np.ndarray, grad: np.ndarray) -> Contender:
    """Reads what Adam reads and writes what it writes, with an addition in place of its formula."""
    from importlib.util import find_spec

    if find_spec("numba") is None:
        raise NotHere("numba is not installed; make bench installs it")
    from numba import njit

    @njit(error_model="numpy")
    def move(w, g, m, v):  # type: ignore[no-untyped-def]
        for i in range(w.size):
            x = g[i]
            m[i] += x
            v[i] += x
            w[i] += x

    arrays = (w.copy(), grad.copy(), np.zeros_like(w), np.zeros_like(w))
    return Contender("bare loop", lambda _: move(*arrays))


def _moved(weights: np.ndarray | list[np.ndarray], contender: Contender) -> np.ndarray:
    for _ in range(STEPS):
        contender.run(None)
    return np.array(weights[0] if isinstance(weights, list) else weights, copy=True).reshape(-1)


def adam(size: str, sizes: Sizes) -> Iterator[Row]:
    goals, (w, grad) = GOALS["updates"], start_of(sizes.parameters[size])
    goal = goals[f"adam {size}"]
    makers: dict[str, Maker] = {
        "thalweg": lambda: ours("adam", w, grad)[1],
        "torch fused": lambda: in_torch(w, grad)[1],
    }
    if size == "1e6":
        makers["bare loop"] = lambda: bare_loop(w, grad)
    standing = measured(makers, sizes.rounds, sizes.least)
    if "torch fused" not in standing.absent:
        gap = apart([_moved(*ours("adam", w, grad))], [_moved(*in_torch(w, grad))])
        yield agreement(goal, goal.peer, gap, TOLERANCE, what=f"over {STEPS} updates")
    yield standing.row(goal, "thalweg", "torch fused", FORM)
    if size == "1e6":
        yield standing.row(goals["traffic"], "thalweg", "bare loop")
    yield from standing.each(goal.scenario, goal.measure, "µs", 1e6)


def rmsprop(size: str, sizes: Sizes) -> Iterator[Row]:
    goal, (w, grad) = GOALS["updates"][f"rmsprop {size}"], start_of(sizes.parameters[size])
    makers = {"thalweg": lambda: ours("rmsprop", w, grad)[1], "optax jit": lambda: in_optax(w, grad)[1]}
    standing = measured(makers, sizes.rounds, sizes.least)
    if "optax jit" not in standing.absent:
        gap = apart([_moved(*ours("rmsprop", w, grad))], [_moved(*in_optax(w, grad))])
        yield agreement(goal, goal.peer, gap, TOLERANCE, what=f"over {STEPS} updates")
    yield standing.row(goal, "thalweg", "optax jit", FORM)
    yield from standing.each(goal.scenario, goal.measure, "µs", 1e6)


PARTS = {
    partial(adam, "1e4"): ("adam 1e4",),
    partial(adam, "1e6"): ("adam 1e6", "traffic"),
    partial(adam, "1e7"): ("adam 1e7",),
    partial(rmsprop, "1e6"): ("rmsprop 1e6",),
    partial(rmsprop, "1e7"): ("rmsprop 1e7",),
}
