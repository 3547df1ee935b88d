"""A rule's kernel, or why it has none. Proven on the spot: it must move 300 weights to the formula's very bits."""

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from typing import Any

import numpy as np

from thalweg.descent.compiled.kernel_files import imported
from thalweg.descent.compiled.translate import NotTranslatable, Translation, translated
from thalweg.descent.compiled.update_source import update_source
from thalweg.errors import FolderError
from thalweg.formulas.arrays import Array
from thalweg.formulas.rules import RULES, Rule


class NotCompiled(UserWarning):
    """A rule of one's own runs in NumPy where a compiled one would be quicker."""


@dataclass(frozen=True)
class Kernel:
    """update and advance are compiled; see a kernel's file for what they take."""

    translation: Translation
    update: Callable[..., None]
    advance: Callable[..., None]


@cache
def numba_is_here() -> bool:
    """Without it NumPy does everything."""
    return find_spec("numba") is not None


@cache
def kernel_of(rule: Rule, dtype: str) -> Kernel | None:
    """The kernel for weights of this dtype, float32 or float64, or None, with a notice for a rule of one's own."""
    if not numba_is_here():
        return None
    try:
        kernel = _made(rule)
        _require_the_same_bits(kernel, np.dtype(dtype))
    except NotTranslatable as why:
        _notice(rule, str(why))
    except FolderError as why:
        _notice(rule, f"kernels are not kept: {why}")
    else:
        return kernel
    return None


@cache
def _made(rule: Rule) -> Kernel:
    translation = translated(rule)
    module = imported(rule.name, update_source(translation))
    return Kernel(translation, module.update, module.advance)


def _require_the_same_bits(kernel: Kernel, dtype: Any) -> None:
    """Three updates of 300 weights: some ordinary, some huge, tiny or zero."""
    rule = kernel.translation.rule
    grad = np.sin(np.arange(1.0, 301.0)) * 10.0 ** (np.arange(300) % 13 - 6)
    grad[::17] = 0.0
    grad = grad.astype(dtype)[None]
    w = np.cos(np.arange(300.0)).astype(dtype)[None]
    slots = np.zeros((len(rule.slots), *w.shape), dtype)
    expected = (w.copy(), *slots.copy())
    edges, group, lr = np.array([0, 300]), np.zeros(1, int), rule.lr
    for t in (1.0, 2.0, 3.0):
        with np.errstate(all="ignore"):
            expected = rule.formula(expected[0], grad, *expected[1:], t, lr, *rule.defaults.values())
            numbers = kernel.translation.numbers(t, lr, *rule.defaults.values())
        kernel.update(w, grad, slots, constants_of([numbers], 1, dtype), edges, group)
    for found, due in zip((w, *slots), expected, strict=True):
        if due.dtype != dtype or not np.array_equal(found.view(f"i{dtype.itemsize}"), due.view(f"i{dtype.itemsize}")):
            raise NotTranslatable(f"its {dtype} bits are not those of the formula")


def constants_of(numbers: list[tuple[Any, ...]], runs: int, dtype: Any) -> Array:
    """(G, R, C) in the weights' dtype, from each group's numbers: Python's, or (R, 1) where runs differ."""
    found = np.empty((len(numbers), runs, len(numbers[0])), dtype)
    for place, values in zip(found, numbers, strict=True):
        for i, value in enumerate(values):
            _require_weak(value, dtype)
            place[:, i : i + 1] = value
    return found


def _require_weak(value: Any, dtype: Any) -> None:
    """NumPy computes in the dtype of the weights only with Python's numbers, and with arrays of that dtype."""
    if type(value) in (float, int) or getattr(value, "dtype", None) == dtype:
        return
    raise NotTranslatable(f"it has a number of type {type(value).__name__}, not float")


def _notice(rule: Rule, why: str) -> None:
    if rule.name not in RULES or not rule.formula.__module__.startswith("thalweg."):
        said = f"rule {rule.name} is not compiled but runs in NumPy: {why}"
        warnings.warn(said, NotCompiled, stacklevel=2)
