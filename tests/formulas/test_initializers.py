"""Initial weights have the variances of their papers."""

import numpy as np
import pytest

from thalweg.formulas.initializers import INITIALIZERS

IN, OUT = 300, 200
VARIANCE = {
    "he_normal": 2 / IN,
    "he_uniform": 2 / IN,
    "glorot_normal": 2 / (IN + OUT),
    "glorot_uniform": 2 / (IN + OUT),
    "normal": 0.01**2,
    "uniform": 0.05**2 / 3,
    "zeros": 0.0,
    "constant": 0.0,
}
every_initializer = pytest.mark.parametrize("name", INITIALIZERS)


def drawn(name, seed=0, shape=(IN, OUT)):
    return INITIALIZERS[name](np.random.default_rng(seed), *shape)


def test_every_initializer_has_its_variance_stated_here():
    assert set(VARIANCE) == set(INITIALIZERS)


@every_initializer
def test_the_variance_is_that_of_the_paper(name):
    """60 000 draws: the sample variance of a normal is right to 0.6 %, one standard deviation."""
    W = drawn(name)
    assert W.shape == (IN, OUT)
    assert W.var() == pytest.approx(VARIANCE[name], rel=0.03, abs=1e-30)
    assert abs(W.mean() - {"constant": 0.1}.get(name, 0.0)) <= 5 * np.sqrt(VARIANCE[name] / W.size) + 1e-15


@pytest.mark.parametrize("name", ["he_uniform", "glorot_uniform", "uniform"])
def test_uniform_laws_stay_within_root_3_standard_deviations(name):
    bound = np.sqrt(3 * VARIANCE[name])
    assert 0.99 * bound < np.abs(drawn(name)).max() <= bound


@pytest.mark.parametrize("name", ["he_normal", "glorot_normal", "normal"])
def test_normal_laws_have_normal_tails(name):
    within = np.abs(drawn(name)) <= np.sqrt(VARIANCE[name])
    assert within.mean() == pytest.approx(0.6827, abs=0.01)


def test_he_keeps_the_scale_through_relus_where_small_normal_loses_it():
    rng = np.random.default_rng(1)
    kept = lost = rng.normal(size=(200, 128))
    for _ in range(6):
        kept = np.maximum(kept @ INITIALIZERS["he_normal"](rng, 128, 128), 0)
        lost = np.maximum(lost @ INITIALIZERS["normal"](rng, 128, 128), 0)
    assert 0.3 < np.sqrt((kept**2).mean()) < 3
    assert np.sqrt((lost**2).mean()) < 1e-5


@every_initializer
def test_the_same_generator_draws_the_same_weights(name):
    assert np.array_equal(drawn(name, 3), drawn(name, 3))
    constant = name in ("zeros", "constant")
    assert np.array_equal(drawn(name, 3), drawn(name, 4)) == constant
