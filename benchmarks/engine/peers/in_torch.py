"""Training in PyTorch, eager, as its tutorials have it, with the fused optimizers."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch

torch.set_num_threads(1)
ACTIVATIONS = {"tanh": torch.nn.Tanh, "relu": torch.nn.ReLU}


def network(weights: Sequence[np.ndarray], activation: str = "tanh") -> torch.nn.Sequential:
    """Linear layers with these weights W1 (D, H), b1, …, and activations between."""
    layers: list[torch.nn.Module] = []
    for W, b in zip(weights[::2], weights[1::2], strict=True):
        layer = torch.nn.Linear(*W.shape)
        with torch.no_grad():
            layer.weight.copy_(torch.from_numpy(np.ascontiguousarray(W.T)))
            layer.bias.copy_(torch.from_numpy(b))
        layers += [layer, ACTIVATIONS[activation]()]
    return torch.nn.Sequential(*layers[:-1])


def weights_of(net: torch.nn.Sequential) -> list[np.ndarray]:
    """W1 (D, H), b1, …"""
    found = (parameter.detach().numpy() for parameter in net.parameters())
    return [array.T if array.ndim == 2 else array for array in found]


def entropy(outputs: int) -> Callable[..., Any]:
    """The mean cross-entropy from logits (B, K) and targets (B, K)."""
    functional = torch.nn.functional
    return functional.binary_cross_entropy_with_logits if outputs == 1 else functional.cross_entropy


def targets(y: np.ndarray) -> torch.Tensor:
    """Classes by number where there are several: PyTorch's fast way."""
    return torch.from_numpy(y) if y.shape[1] == 1 else torch.from_numpy(y.argmax(1))


def epoch(net: torch.nn.Module, optimizer: Any, X: torch.Tensor, y: torch.Tensor, rows: Sequence[Any]) -> None:
    """One step for each of `rows`, which are slices or index tensors."""
    loss = entropy(1 if y.ndim == 2 else 2)
    for batch in rows:
        optimizer.zero_grad()
        loss(net(X[batch]), y[batch]).backward()
        optimizer.step()


def fused(kind: str, w: np.ndarray, grad: np.ndarray, **settings: Any) -> tuple[torch.nn.Parameter, Any]:
    """A parameter with a gradient that stays, and a fused optimizer on it."""
    parameter = torch.nn.Parameter(torch.from_numpy(w.copy()))
    parameter.grad = torch.from_numpy(grad.copy())
    return parameter, getattr(torch.optim, kind)([parameter], fused=True, **settings)
