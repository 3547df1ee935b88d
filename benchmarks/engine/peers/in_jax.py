"""Training in JAX: whole epochs inside one compiled lax.scan, parameters donated; populations by vmap."""

import functools
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

Weights = tuple[Any, ...]  # W1, b1, W2, b2, …
ACTIVATIONS = {"tanh": jnp.tanh, "relu": jax.nn.relu}


def on_device(arrays: Sequence[np.ndarray]) -> Weights:
    """Copies, since their buffers are donated."""
    return tuple(jnp.asarray(np.array(array)) for array in arrays)


def mean_loss(activation: str = "tanh") -> Callable[..., Any]:
    """(weights, X (B, D), y (B, K)) -> the mean cross-entropy from logits: logistic for K = 1, softmax above."""

    def loss(weights: Weights, X: Any, y: Any) -> Any:
        h = X
        for W, b in zip(weights[:-2:2], weights[1:-2:2], strict=True):
            h = ACTIVATIONS[activation](h @ W + b)
        z = h @ weights[-2] + weights[-1]
        entropy = optax.sigmoid_binary_cross_entropy if y.shape[-1] == 1 else optax.softmax_cross_entropy
        return entropy(z, y).mean()

    return loss


def epoch_of_batches(tx: Any, loss: Callable[..., Any]) -> Callable[..., Any]:
    """((weights, memory), X (S, B, D), y (S, B, K)) -> the same after S steps, and the losses (S,)."""

    def step(carry: Any, batch: Any) -> Any:
        weights, memory = carry
        value, grad = jax.value_and_grad(loss)(weights, *batch)
        updates, memory = tx.update(grad, memory, weights)
        return (optax.apply_updates(weights, updates), memory), value

    return jax.jit(lambda carry, X, y: jax.lax.scan(step, carry, (X, y)), donate_argnums=0)


def epoch_of_rows(lr: float, loss: Callable[..., Any]) -> Callable[..., Any]:
    """(weights, X (N, D), y (N, K), order (S, B)) -> weights after S steps of SGD, the rows gathered in the scan."""

    @jax.jit
    def epoch(weights: Weights, X: Any, y: Any, order: Any) -> Weights:
        def step(weights: Weights, rows: Any) -> Any:
            grad = jax.grad(loss)(weights, X[rows], y[rows])
            return tuple(w - lr * g for w, g in zip(weights, grad, strict=True)), None

        return jax.lax.scan(step, weights, order)[0]

    return epoch


def population(loss: Callable[..., Any], beta: float) -> Callable[..., Any]:
    """(rates (L,), weights (S, …), X, y, orders (S, T, B)) -> weights (S, L, …): SGD with momentum (heavy ball)."""

    def run(lr: Any, weights: Weights, X: Any, y: Any, order: Any) -> Weights:
        def step(carry: Any, rows: Any) -> Any:
            weights, velocity = carry
            grad = jax.grad(loss)(weights, X[rows], y[rows])
            velocity = tuple(beta * v + g for v, g in zip(velocity, grad, strict=True))
            return (tuple(w - lr * v for w, v in zip(weights, velocity, strict=True)), velocity), None

        return jax.lax.scan(step, (weights, jax.tree.map(jnp.zeros_like, weights)), order)[0][0]

    by_rate = jax.vmap(run, in_axes=(0, None, None, None, None))
    return jax.jit(jax.vmap(by_rate, in_axes=(None, 0, None, None, 0)))


def update(tx: Any) -> Callable[..., Any]:
    """(w, memory, grad) -> w, memory after one update, in place on the device."""

    @functools.partial(jax.jit, donate_argnums=(0, 1))
    def step(w: Any, memory: Any, grad: Any) -> Any:
        updates, memory = tx.update(grad, memory, w)
        return optax.apply_updates(w, updates), memory

    return step


def wait(arrays: Any) -> Any:
    """JAX returns before it has computed; this returns after."""
    return jax.block_until_ready(arrays)
