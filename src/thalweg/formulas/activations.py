"""Activations. Each is one function that returns its value and its pullback.

    h, pullback = relu(a)        a (..., K)
    da = pullback(dh)            the gradient by a, from the gradient by h

So the formula and its derivative stand side by side, and softmax, whose outputs depend on one another, needs
no other interface than ReLU.
"""

from collections.abc import Callable

import numpy as np

from thalweg.formulas.arrays import Array
from thalweg.formulas.registry import Registry

Pullback = Callable[[Array], Array]
Activation = Callable[[Array], tuple[Array, Pullback]]

ACTIVATIONS: Registry[Activation] = Registry("activation")


def activation(formula: Activation) -> Activation:
    """Register `formula` under its name."""
    return ACTIVATIONS.add(formula.__name__, formula)


def logistic(a: Array) -> Array:
    """σ(a) = 1 / (1 + e⁻ᵃ) = ½ (1 + tanh ½a), which cannot overflow."""
    return 0.5 * (1 + np.tanh(0.5 * a))


def softmax_of(a: Array) -> Array:
    """eᵃ / Σ eᵃ over the last axis, shifted by the largest entry so that it cannot overflow."""
    e = np.exp(a - a.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


@activation
def linear(a):
    """h = a."""
    return a, lambda dh: dh


@activation
def relu(a):
    """h = max(a, 0); slope 0 at the kink. (Nair & Hinton 2010)"""
    return np.maximum(a, 0), lambda dh: dh * (a > 0)


@activation
def leaky_relu(a):
    """h = a for a > 0, else 0.01 a. (Maas, Hannun & Ng 2013)"""
    return np.where(a > 0, a, 0.01 * a), lambda dh: np.where(a > 0, dh, 0.01 * dh)


@activation
def sigmoid(a):
    """h = 1 / (1 + e⁻ᵃ), slope h (1 − h)."""
    h = logistic(a)
    return h, lambda dh: dh * h * (1 - h)


@activation
def tanh(a):
    """h = tanh a, slope 1 − h²."""
    h = np.tanh(a)
    return h, lambda dh: dh * (1 - h * h)


@activation
def softmax(a):
    """h = eᵃ / Σ eᵃ over the last axis; da = h (dh − Σ h dh)."""
    h = softmax_of(a)
    return h, lambda dh: h * (dh - (h * dh).sum(-1, keepdims=True))
