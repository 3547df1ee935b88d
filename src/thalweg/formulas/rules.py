"""Update rules, each written once as the formula in its paper.

A rule's signature is its description:   (w, g, *slots, t, lr, **hyper)
    w, g     parameter and gradient
    slots    what the rule remembers between steps; every slot starts at zero
    t        number of this update, counted from 1, a float
    lr, ...  learning rate, then hyperparameters, with their defaults (lr's is for standardised data)
It returns (w, *slots). Each weight moves by itself: no norms, no means.
"""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from thalweg.formulas.registry import Registry


@dataclass(frozen=True, eq=False)
class Rule:
    """A registered update rule; every field is read off the formula's signature and docstring."""

    formula: Callable[..., tuple[Any, ...]]
    name: str
    slots: tuple[str, ...]
    lr: float  # default learning rate
    defaults: dict[str, float]  # hyperparameters after lr
    doc: str

    @property
    def decays(self) -> bool:
        """Does the rule shrink weights by itself (decoupled decay)?"""
        return "decay" in self.defaults


RULES: Registry[Rule] = Registry("rule")


def as_rule(formula: Callable[..., tuple[Any, ...]]) -> Rule:
    """Read a Rule off `formula`, unregistered. Raises TypeError for a wrong signature or a layer-wise rule."""
    parameters = inspect.signature(formula).parameters
    names = tuple(parameters)
    t = names.index("t") if "t" in names else 0
    if names[:2] != ("w", "g") or names[t + 1 : t + 2] != ("lr",):
        came = f"{formula.__name__}({', '.join(names)})"
        raise TypeError(f"rule {came}: expected (w, g, *slots, t, lr, **hyper); rename or reorder its parameters")
    defaults = {name: parameters[name].default for name in names[t + 2 :]}
    if bare := [name for name, value in defaults.items() if value is inspect.Parameter.empty]:
        raise TypeError(f"rule {formula.__name__}: {', '.join(bare)} has no default; give each hyperparameter one")
    lr = parameters["lr"].default
    lr = 0.01 if lr is inspect.Parameter.empty else lr
    found = Rule(formula, formula.__name__, names[2:t], lr, defaults, inspect.getdoc(formula) or "")
    _require_elementwise(found)
    return found


def rule(formula: Callable[..., tuple[Any, ...]]) -> Rule:
    """Register `formula` under its name, for the command line, benchmarks, docs and tests alike."""
    return RULES.add(formula.__name__, as_rule(formula))


def _require_elementwise(found: Rule) -> None:
    """Three weights together must move as each does alone, or a flat buffer would mix layers."""
    cells = np.array([[1.0, -2.0, 3.0], [0.5, 4.0, -1.0], *[[0.1, 0.2, 0.3]] * len(found.slots)])
    hyper = found.defaults.values()
    together = found.formula(*cells, 2.0, 0.1, *hyper)
    if len(together) != 1 + len(found.slots) or any(np.shape(part) != (3,) for part in together):
        expected = ", ".join(("w", *found.slots))
        raise TypeError(f"rule {found.name} must return ({expected}), each of the shape of w")
    alone = np.array([found.formula(*cell, 2.0, 0.1, *hyper) for cell in cells.T]).T
    if not np.allclose(together, alone, rtol=1e-12):
        raise TypeError(f"rule {found.name} mixes weights (a norm? a mean?); a rule moves each weight by itself")


@rule
def gd(w, g, t, lr=0.1):
    """w ← w − η g. (Cauchy 1847)"""
    return (w - lr * g,)


@rule
def momentum(w, g, v, t, lr=0.1, beta=0.9, ema=1.0):
    """v ← β v + (1 − ema·β) g;  w ← w − η v. (Polyak 1964)

    ema=1 is the moving average; ema=0 is the heavy ball as PyTorch's SGD has it (dampening 0). The moving
    average with η takes the same path as the heavy ball with η(1 − β).
    """
    v = beta * v + (1 - ema * beta) * g
    return w - lr * v, v


@rule
def nesterov(w, g, v, t, lr=0.1, beta=0.9, ema=1.0):
    """v ← β v + c g;  w ← w − η (c g + β v), c = 1 − ema·β. (Nesterov 1983; Sutskever et al. 2013, §2)

    Taught as the gradient at w − η β v; this is the same path seen from those look-ahead points, so that one
    gradient at w is enough (Bengio et al. 2013, §3). ema=0 is PyTorch's SGD(nesterov=True). Under a schedule
    the two stay equal when the look-ahead after this step uses the next step's η.
    """
    c = 1 - ema * beta
    v = beta * v + c * g
    return w - lr * (c * g + beta * v), v


@rule
def adagrad(w, g, s, t, lr=1e-3, eps=1e-10):
    """s ← s + g²;  w ← w − η g / (√s + ε). (Duchi, Hazan & Singer 2011, §1.1)

    s starts from 0 and ε stands outside the root, as in PyTorch.
    """
    s = s + g * g
    return w - lr * g / (np.sqrt(s) + eps), s


@rule
def rmsprop(w, g, s, t, lr=1e-3, rho=0.9, eps=1e-8):
    """s ← ρ s + (1−ρ) g²;  w ← w − η g / (√s + ε). (Tieleman & Hinton 2012, lecture 6e)

    ε stands outside the root, as in PyTorch; TensorFlow has it inside.
    """
    s = rho * s + (1 - rho) * g * g
    return w - lr * g / (np.sqrt(s) + eps), s


@rule
def rmsprop_centered(w, g, s, a, t, lr=1e-3, rho=0.9, eps=1e-8):
    """a ← ρ a + (1−ρ) g;  w ← w − η g / (√(s − a²) + ε). (Graves 2013, §4.2, without its momentum)

    s − a² estimates the variance of g. Rounding may push it below zero, where it is taken as zero. ε stands
    outside the root, as in PyTorch's RMSprop(centered=True).
    """
    s = rho * s + (1 - rho) * g * g
    a = rho * a + (1 - rho) * g
    return w - lr * g / (np.sqrt(np.maximum(s - a * a, 0)) + eps), s, a


@rule
def adam(w, g, m, v, t, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
    """w ← w − η m̂ / (√v̂ + ε), m̂ and v̂ bias-corrected moments. (Kingma & Ba 2015, algorithm 1)

    t counts updates; ε stands outside the root of the corrected moment, as in the paper and in PyTorch. m̂ is
    m / (1 − β1ᵗ) and √v̂ is √v / √(1 − β2ᵗ): the corrections are applied to numbers, not to arrays, as the end of
    their section 2 advises.
    """
    m = beta1 * m + (1 - beta1) * g
    v = beta2 * v + (1 - beta2) * g * g
    rate = lr / (1 - beta1**t)
    scale = 1 / (1 - beta2**t) ** 0.5
    return w - rate * m / (np.sqrt(v) * scale + eps), m, v


@rule
def amsgrad(w, g, m, v, top, t, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
    """Adam with the largest second moment so far in place of the latest. (Reddi, Kale & Kumar 2018, alg. 2)

    As in PyTorch: the maximum is of the raw moment, and bias is corrected afterwards.
    """
    m = beta1 * m + (1 - beta1) * g
    v = beta2 * v + (1 - beta2) * g * g
    top = np.maximum(top, v)
    rate = lr / (1 - beta1**t)
    scale = 1 / (1 - beta2**t) ** 0.5
    return w - rate * m / (np.sqrt(top) * scale + eps), m, v, top


@rule
def adamw(w, g, m, v, t, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8, decay=0.01):
    """Adam, and w shrinks by η·decay outside the moments. (Loshchilov & Hutter 2019, algorithm 2)"""
    m = beta1 * m + (1 - beta1) * g
    v = beta2 * v + (1 - beta2) * g * g
    rate = lr / (1 - beta1**t)
    scale = 1 / (1 - beta2**t) ** 0.5
    return w - (rate * m / (np.sqrt(v) * scale + eps) + lr * decay * w), m, v


def _nadam_product(t, beta1, psi):
    """Π μᵢ for i = 1…t. Below 1e-20 further factors no longer change 1 − Π, so the loop ends there."""
    product = 1.0
    for i in range(1, int(t) + 1):
        product = product * (beta1 * (1 - 0.5 * 0.96 ** (psi * i)))
        if np.max(product) < 1e-20:
            break
    return product


@rule
def nadam(w, g, m, v, t, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8, psi=0.004):
    """Adam with Nesterov's look-ahead in m̂. (Dozat 2016, algorithm 2)

    PyTorch's form: μₜ = β1 (1 − ½·0.96^(ψt)), m̂ = μₜ₊₁ m / (1 − Πμ…μₜ₊₁) + (1−μₜ) g / (1 − Πμ…μₜ), with the
    product computed from t instead of being remembered.
    """
    mu = beta1 * (1 - 0.5 * 0.96 ** (psi * t))
    mu_next = beta1 * (1 - 0.5 * 0.96 ** (psi * (t + 1)))
    product = _nadam_product(t, beta1, psi)
    m = beta1 * m + (1 - beta1) * g
    v = beta2 * v + (1 - beta2) * g * g
    m_hat = mu_next / (1 - product * mu_next) * m + (1 - mu) / (1 - product) * g
    scale = 1 / (1 - beta2**t) ** 0.5
    return w - lr * m_hat / (np.sqrt(v) * scale + eps), m, v


@rule
def lion(w, g, m, t, lr=1e-4, beta1=0.9, beta2=0.99, decay=0.0):
    """w ← w − η (sign(β1 m + (1−β1) g) + decay·w);  m ← β2 m + (1−β2) g. (Chen et al. 2023, algorithm 2)"""
    u = np.sign(beta1 * m + (1 - beta1) * g)
    return w - lr * (u + decay * w), beta2 * m + (1 - beta2) * g
