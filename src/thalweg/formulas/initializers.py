"""Initial weights. Each takes (rng, fan_in, fan_out) and returns a (fan_in, fan_out) matrix.

Biases start at zero. Variances are those of the papers; the spread of a uniform law is √3 times its standard
deviation.
"""

from collections.abc import Callable

import numpy as np

from thalweg.formulas.arrays import Array
from thalweg.formulas.registry import Registry

Initializer = Callable[[np.random.Generator, int, int], Array]

INITIALIZERS: Registry[Initializer] = Registry("initializer")


def initializer(formula: Initializer) -> Initializer:
    """Register `formula` under its name."""
    return INITIALIZERS.add(formula.__name__, formula)


@initializer
def he_normal(rng, fan_in, fan_out):
    """N(0, 2 / fan_in), keeps the variance through ReLUs. (He et al. 2015, §2.2)"""
    return rng.normal(scale=np.sqrt(2 / fan_in), size=(fan_in, fan_out))


@initializer
def he_uniform(rng, fan_in, fan_out):
    """U(−a, a), a = √(6 / fan_in). (He et al. 2015, §2.2)"""
    a = np.sqrt(6 / fan_in)
    return rng.uniform(-a, a, (fan_in, fan_out))


@initializer
def glorot_normal(rng, fan_in, fan_out):
    """N(0, 2 / (fan_in + fan_out)), for tanh and sigmoid. (Glorot & Bengio 2010, §4.2.1)"""
    return rng.normal(scale=np.sqrt(2 / (fan_in + fan_out)), size=(fan_in, fan_out))


@initializer
def glorot_uniform(rng, fan_in, fan_out):
    """U(−a, a), a = √(6 / (fan_in + fan_out)). (Glorot & Bengio 2010, equation 16)"""
    a = np.sqrt(6 / (fan_in + fan_out))
    return rng.uniform(-a, a, (fan_in, fan_out))


@initializer
def normal(rng, fan_in, fan_out):
    """N(0, 0.01²), whatever the width: too small for deep networks, as one can see."""
    return rng.normal(scale=0.01, size=(fan_in, fan_out))


@initializer
def uniform(rng, fan_in, fan_out):
    """U(−0.05, 0.05), whatever the width."""
    return rng.uniform(-0.05, 0.05, (fan_in, fan_out))


@initializer
def zeros(rng, fan_in, fan_out):
    """0 everywhere: right for a convex model, a trap for hidden layers (all units stay alike)."""
    return np.zeros((fan_in, fan_out))


@initializer
def constant(rng, fan_in, fan_out):
    """0.1 everywhere: hidden units that start alike stay alike."""
    return np.full((fan_in, fan_out), 0.1)
