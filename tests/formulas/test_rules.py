"""Rules: what their papers say, whatever the library. Agreement with PyTorch is in test_rules_torch.py."""

import inspect

import numpy as np
import pytest

from thalweg.formulas.rules import RULES, as_rule, rule

every_rule = pytest.mark.parametrize("known", RULES.values(), ids=lambda known: known.name)
ADAMS = ["adam", "amsgrad", "adamw", "nadam"]


def walked(name, grads, lr=0.1, start=None, **hyper):
    """The path (T + 1, P) of a rule fed with given gradients (T, P), t counted from 1."""
    known = RULES[name]
    w = np.zeros(grads.shape[1]) if start is None else np.array(start, float)
    slots, path = [np.zeros_like(w) for _ in known.slots], [w]
    for t, g in enumerate(grads, 1):
        w, *slots = known.formula(w, g, *slots, float(t), lr, **hyper)
        path.append(w)
    return np.array(path)


def gradients(steps=50, size=5, seed=0):
    return np.random.default_rng(seed).normal(size=(steps, size))


def test_the_rules_of_the_specification_are_all_there():
    asked = "gd momentum nesterov adagrad rmsprop rmsprop_centered adam amsgrad adamw nadam lion"
    assert set(asked.split()) <= set(RULES)


@every_rule
def test_a_rules_fields_are_read_off_its_signature(known):
    names = list(inspect.signature(known.formula).parameters)
    assert names == ["w", "g", *known.slots, "t", "lr", *known.defaults]
    assert known.doc
    assert RULES.named(known.name) is known
    assert known.decays == ("decay" in known.defaults)


def test_defaults_are_those_of_the_specification():
    for known in RULES.values():
        given = {"beta": 0.9, "rho": 0.9, "beta1": 0.9, "beta2": 0.999, "eps": 1e-8, "ema": 1.0}
        given |= {"adagrad": {"eps": 1e-10}, "lion": {"beta2": 0.99}}.get(known.name, {})
        for name, value in known.defaults.items():
            assert given.get(name, value) == value, (known.name, name)
    assert {RULES[name].lr for name in ("gd", "momentum", "nesterov")} == {0.1}
    adaptive = ("adagrad", "rmsprop", "rmsprop_centered", *ADAMS)
    assert {RULES[name].lr for name in adaptive} == {1e-3}


@pytest.mark.parametrize("name", ["momentum", "nesterov"])
def test_the_moving_average_walks_as_the_heavy_ball_with_lr_times_one_minus_beta(name):
    grads, beta = gradients(), 0.8
    average = walked(name, grads, 0.3, beta=beta, ema=1.0)
    ball = walked(name, grads, 0.3 * (1 - beta), beta=beta, ema=0.0)
    assert np.allclose(average, ball, rtol=0, atol=1e-12)


@pytest.mark.parametrize(("name", "hyper"), [("momentum", {"beta": 0.0}), ("nesterov", {"beta": 0.0})])
def test_without_memory_momentum_is_gradient_descent(name, hyper):
    grads = gradients()
    assert np.allclose(walked(name, grads, **hyper), walked("gd", grads), rtol=0, atol=1e-13)


def test_adamw_without_decay_is_adam():
    grads = gradients()
    assert np.allclose(walked("adamw", grads, decay=0.0), walked("adam", grads), rtol=0, atol=1e-14)


def test_amsgrad_is_adam_as_long_as_the_second_moment_grows():
    growing = np.cumsum(np.abs(gradients()) + 0.1, axis=0)
    assert np.allclose(walked("amsgrad", growing), walked("adam", growing), rtol=0, atol=1e-13)


def test_amsgrad_never_forgets_the_largest_raw_second_moment():
    grads = np.concatenate([np.full((1, 1), 100.0), np.full((60, 1), 0.1)])
    m = v = top = np.zeros(1)
    for t, g in enumerate(grads, 1):
        _, m, v, top = RULES["amsgrad"].formula(np.zeros(1), g, m, v, top, float(t), 0.1)
        assert top >= v
    assert top == pytest.approx((1 - 0.999) * 100.0**2, rel=1e-12)


@pytest.mark.parametrize("name", ["adam", "amsgrad", "adamw"])
def test_bias_correction_makes_the_first_step_lr_times_the_sign_of_the_gradient(name):
    g = np.array([[3.0, -1e-3, 200.0]])
    assert np.allclose(walked(name, g, 0.1)[1], -0.1 * np.sign(g[0]), rtol=1e-4)


@pytest.mark.parametrize("name", ["adam", "amsgrad", "adamw", "rmsprop", "adagrad", "rmsprop_centered"])
def test_epsilon_stands_outside_the_root(name):
    """With a huge ε the step is lr·g/ε; inside the root it would be lr·g/√ε."""
    known, g, eps = RULES[name], np.array([2.0]), 1e12
    w, *_ = known.formula(np.zeros(1), g, *([np.zeros(1)] * len(known.slots)), 1.0, 0.1, eps=eps)
    assert w == pytest.approx(-0.1 * 2.0 / eps, rel=1e-9)


def test_adam_is_its_algorithm_line_by_line():
    """Kingma & Ba 2015, algorithm 1, with plain numbers."""
    grads, w, m, v = gradients(30, 1)[:, 0].tolist(), 0.5, 0.0, 0.0
    for t, g in enumerate(grads, 1):
        m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g**2
        w -= 0.01 * (m / (1 - 0.9**t)) / ((v / (1 - 0.999**t)) ** 0.5 + 1e-8)
    found = walked("adam", np.array(grads)[:, None], 0.01, start=[0.5])[-1, 0]
    assert found == pytest.approx(w, abs=1e-13)


@pytest.mark.parametrize("decay", [0.0, 0.1])
def test_lion_is_its_paper_and_what_optax_does(decay):
    """Chen et al. 2023, algorithm 2: c = β1 m + (1−β1) g; w −= η (sign c + λ w); m = β2 m + (1−β2) g.

    optax.lion chains scale_by_lion (b1, b2), add_decayed_weights and scale(−lr), written out here.
    """
    grads, lr = gradients(60, 3), 0.02
    m = mu = np.zeros(3)
    w = optax = np.array([1.0, -2.0, 0.5])
    for g in grads:
        c = 0.9 * m + 0.1 * g
        w, m = w - lr * (np.sign(c) + decay * w), 0.99 * m + 0.01 * g
        updates = np.sign((1 - 0.9) * g + 0.9 * mu)
        mu = (1 - 0.99) * g + 0.99 * mu
        optax = optax + -lr * (updates + decay * optax)
    found = walked("lion", grads, lr, start=[1.0, -2.0, 0.5], beta1=0.9, beta2=0.99, decay=decay)[-1]
    assert np.allclose(found, w, rtol=0, atol=1e-12)
    assert np.allclose(found, optax, rtol=0, atol=1e-12)


def test_lion_moves_every_weight_by_exactly_lr():
    path = walked("lion", gradients(40), 0.01)
    assert np.allclose(np.abs(np.diff(path, axis=0)), 0.01, rtol=0, atol=1e-15)


def test_adagrad_has_no_memory_but_the_sum_of_squares():
    grads = gradients()
    steps = np.diff(walked("adagrad", grads, 0.1), axis=0)
    assert np.allclose(steps, -0.1 * grads / (np.sqrt(np.cumsum(grads**2, axis=0)) + 1e-10), rtol=0, atol=1e-12)


def test_the_centred_second_moment_is_the_variance_under_the_same_average():
    grads, rho = gradients(40) + 3.0, 0.8
    ages = rho ** np.arange(40)[::-1] * (1 - rho)
    variance = ages @ grads**2 - (ages @ grads) ** 2
    last = np.diff(walked("rmsprop_centered", grads, 0.1, rho=rho), axis=0)[-1]
    assert np.allclose(last, -0.1 * grads[-1] / (np.sqrt(variance) + 1e-8), rtol=1e-9)


def test_a_variance_that_rounding_pushed_below_zero_counts_as_zero():
    known, g = RULES["rmsprop_centered"], np.full(1, 0.1)
    s, a = np.full(1, 0.01), np.full(1, np.nextafter(0.1, 1))
    w, *_ = known.formula(np.zeros(1), g, s, a, 5.0, 0.1)
    assert np.isfinite(w).all()


def test_nadams_product_computed_from_t_is_the_product_that_pytorch_remembers():
    """Also far beyond where the loop may end."""
    product, psi, beta1 = 1.0, 0.004, 0.9
    w0 = np.zeros(1)
    for t in range(1, 401):
        product *= beta1 * (1 - 0.5 * 0.96 ** (t * psi))
        ahead = beta1 * (1 - 0.5 * 0.96 ** ((t + 1) * psi))
        mu = beta1 * (1 - 0.5 * 0.96 ** (t * psi))
        m, v, g = np.array([0.3]), np.array([0.2]), np.array([0.7])
        m1, v1 = beta1 * m + (1 - beta1) * g, 0.999 * v + 0.001 * g * g
        m_hat = ahead * m1 / (1 - product * ahead) + (1 - mu) * g / (1 - product)
        expected = -0.1 * m_hat / (np.sqrt(v1 / (1 - 0.999**t)) + 1e-8)
        found, *_ = RULES["nadam"].formula(w0, g, m, v, float(t), 0.1)
        assert np.allclose(found, expected, rtol=1e-12, atol=0), t


def test_ever_longer_histories_do_not_make_nadam_slower():
    """The product is over within a few hundred factors whatever t; a billion would never end."""
    w, *_ = RULES["nadam"].formula(np.zeros(1), np.ones(1), np.ones(1), np.ones(1), 1e9, 0.1)
    assert np.isfinite(w).all()


def test_a_rule_with_another_signature_is_refused_with_the_expected_one():
    def swapped(g, w, t, lr):
        return (w,)

    def rateless(w, g, t, speed):
        return (w,)

    def bare(w, g, t, lr, beta):
        return (w,)

    for wrong in (swapped, rateless):
        with pytest.raises(TypeError, match=r"expected \(w, g, \*slots, t, lr, \*\*hyper\)"):
            as_rule(wrong)
    with pytest.raises(TypeError, match="beta has no default"):
        as_rule(bare)


def test_a_rule_that_mixes_weights_is_refused():
    def normed(w, g, t, lr=0.1):
        return (w - lr * g / np.sqrt((g * g).sum()),)

    with pytest.raises(TypeError, match="mixes weights"):
        as_rule(normed)


def test_a_rule_that_returns_too_little_is_refused():
    def forgetful(w, g, v, t, lr=0.1):
        return (w - lr * g,)

    with pytest.raises(TypeError, match=r"must return \(w, v\)"):
        as_rule(forgetful)


def test_a_name_is_registered_once():
    def gd(w, g, t, lr=0.1):
        return (w - lr * g,)

    with pytest.raises(ValueError, match="registered already"):
        rule(gd)
