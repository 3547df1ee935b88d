"""Every rule takes PyTorch's path: float64, 100 steps, to 1e-12. Each case says which convention is compared.

The gradient comes from one function of w for both, so that a difference grows instead of passing unseen.
"""

import os
from importlib.util import find_spec

import numpy as np
import pytest

from thalweg.formulas.rules import RULES

pytestmark = pytest.mark.torch
STEPS, TOLERANCE = 100, 1e-12

if find_spec("torch") is None:
    if os.environ.get("CI"):
        raise ModuleNotFoundError("CI compares every rule with PyTorch, but torch is not installed there")
    pytest.skip(
        "torch is not installed: that rules agree with PyTorch's optimizers was not checked", allow_module_level=True
    )

import torch  # noqa: E402 - only where it is installed


@pytest.fixture(autouse=True)
def _scalars_in_float64():
    """NAdam keeps its product in the default dtype; its own rounding to float32 is not what is compared."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(before)


rng = np.random.default_rng(7)
A = rng.normal(size=(12, 8))
H, CENTRE, START = A.T @ A / 12, rng.normal(size=8), rng.normal(size=8)


def slope(w, t):
    """∇ of a quadratic with ripples, and noise that is a function of t: small steps and large, both signs."""
    return H @ (w - CENTRE) + 0.3 * np.sin(3 * w) + 0.2 * np.sin(t * np.arange(1, 9))


def ours(name, lr, **hyper):
    known, w = RULES[name], START.copy()
    slots, path = [np.zeros(8) for _ in known.slots], []
    for t in range(1, STEPS + 1):
        w, *slots = known.formula(w, slope(w, t), *slots, float(t), lr, **hyper)
        path.append(w)
    return np.array(path)


def theirs(kind, lr, **settings):
    w = torch.tensor(START, requires_grad=True)
    optimizer, path = kind([w], lr=lr, **settings), []
    for t in range(1, STEPS + 1):
        w.grad = torch.tensor(slope(w.detach().numpy(), t))
        optimizer.step()
        path.append(w.detach().numpy().copy())
    return np.array(path)


def assert_same_path(a, b):
    assert np.abs(a - START).max() > 1e-3  # it went somewhere
    assert np.abs(a - b).max() <= TOLERANCE


def test_gd_is_sgd():
    assert_same_path(ours("gd", 0.05), theirs(torch.optim.SGD, 0.05))


def test_momentum_with_ema_0_is_sgd_with_momentum_and_dampening_0():
    sgd = theirs(torch.optim.SGD, 0.02, momentum=0.8, dampening=0)
    assert_same_path(ours("momentum", 0.02, beta=0.8, ema=0.0), sgd)


def test_momentum_as_a_moving_average_is_sgd_with_momentum_and_lr_times_one_minus_beta():
    sgd = theirs(torch.optim.SGD, 0.1 * (1 - 0.8), momentum=0.8, dampening=0)
    assert_same_path(ours("momentum", 0.1, beta=0.8, ema=1.0), sgd)


def test_nesterov_with_ema_0_is_sgd_with_nesterov():
    sgd = theirs(torch.optim.SGD, 0.02, momentum=0.8, nesterov=True)
    assert_same_path(ours("nesterov", 0.02, beta=0.8, ema=0.0), sgd)


def test_nesterov_as_a_moving_average_is_sgd_with_nesterov_and_lr_times_one_minus_beta():
    sgd = theirs(torch.optim.SGD, 0.1 * (1 - 0.8), momentum=0.8, nesterov=True)
    assert_same_path(ours("nesterov", 0.1, beta=0.8, ema=1.0), sgd)


def test_adagrad_is_adagrad_from_an_accumulator_of_0():
    adagrad = theirs(torch.optim.Adagrad, 0.1, initial_accumulator_value=0, eps=1e-10)
    assert_same_path(ours("adagrad", 0.1, eps=1e-10), adagrad)


def test_rmsprop_with_rho_is_rmsprop_with_alpha():
    assert_same_path(ours("rmsprop", 0.01, rho=0.95), theirs(torch.optim.RMSprop, 0.01, alpha=0.95, eps=1e-8))


def test_rmsprop_centered_is_rmsprop_with_centered():
    theirs_centred = theirs(torch.optim.RMSprop, 0.01, alpha=0.9, eps=1e-8, centered=True)
    assert_same_path(ours("rmsprop_centered", 0.01, rho=0.9), theirs_centred)


def test_adam_is_adam():
    assert_same_path(ours("adam", 0.02, beta1=0.8), theirs(torch.optim.Adam, 0.02, betas=(0.8, 0.999), eps=1e-8))


def test_a_large_epsilon_acts_alike():
    assert_same_path(ours("adam", 0.02, eps=0.3), theirs(torch.optim.Adam, 0.02, eps=0.3))


def test_amsgrad_is_adam_with_amsgrad():
    """β2 small, so that the largest second moment is not the latest."""
    amsgrad = theirs(torch.optim.Adam, 0.02, betas=(0.9, 0.7), amsgrad=True)
    assert_same_path(ours("amsgrad", 0.02, beta2=0.7), amsgrad)
    assert np.abs(amsgrad - theirs(torch.optim.Adam, 0.02, betas=(0.9, 0.7))).max() > 1e-3


def test_adamw_is_adamw():
    assert_same_path(ours("adamw", 0.02, decay=0.3), theirs(torch.optim.AdamW, 0.02, weight_decay=0.3))


def test_nadam_with_psi_is_nadam_with_momentum_decay():
    nadam = theirs(torch.optim.NAdam, 0.02, momentum_decay=4e-3)
    assert_same_path(ours("nadam", 0.02, psi=4e-3), nadam)


def test_no_rule_that_pytorch_has_is_left_out():
    """Lion is in no release of PyTorch; test_rules.py compares it with its paper and with optax."""
    compared = "gd momentum nesterov adagrad rmsprop rmsprop_centered adam amsgrad adamw nadam"
    assert set(RULES) == {*compared.split(), "lion"}
