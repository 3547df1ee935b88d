import doctest

import numpy as np
import pytest

from thalweg.errors import ShapeError, SpecError, UnknownName
from thalweg.formulas import surfaces
from thalweg.formulas.surfaces import FAMILIES, SURFACES, Surface, named_surface, quadratic, surface

EVERY = [*SURFACES.values(), quadratic(size=1, condition=1), quadratic(size=7, condition=1e4)]
every_surface = pytest.mark.parametrize("known", EVERY, ids=lambda s: f"{s.name}-{s.size}")


def points_in(known, count=200, seed=0):
    """Points (count, P) spread over the plotting box."""
    low, high = known.box.T
    return np.random.default_rng(seed).uniform(low, high, (count, known.size))


def differences(field, w, h=1e-3):
    """Central differences of field (..., P) -> (..., *S) at w (N, P): (N, *S, P), all points at once.

    Two step sizes combined (Richardson), so that curved surfaces are met to rounding.
    """

    def central(h):
        shifts = h * np.eye(w.shape[-1])
        return (field(w[:, None] + shifts) - field(w[:, None] - shifts)) / (2 * h)

    return np.moveaxis((4 * central(h / 2) - central(h)) / 3, 1, -1)


def descended(known, lr, steps, start=None):
    w = np.array(known.start if start is None else start, float)
    path = [w]
    for _ in range(steps):
        w = w - lr * known.gradient(w)
        path.append(w)
    return np.array(path)


@every_surface
def test_the_gradient_matches_central_differences_of_the_value(known):
    w = points_in(known)
    numeric = differences(known.value, w)
    scale = np.abs(known.value(w))[:, None] + np.abs(numeric) + 1
    assert np.all(np.abs(known.gradient(w) - numeric) <= 1e-9 * scale)


@every_surface
def test_the_hessian_matches_central_differences_of_the_gradient(known):
    w = points_in(known, seed=1)
    numeric = differences(known.gradient, w)
    scale = np.abs(known.gradient(w)).max(-1)[:, None, None] + np.abs(numeric) + 1
    assert np.all(np.abs(known.hessian(w) - numeric) <= 1e-9 * scale)


@every_surface
def test_hessians_are_symmetric(known):
    h = known.hessian(points_in(known))
    assert np.array_equal(h, np.swapaxes(h, -1, -2))


@every_surface
def test_at_every_known_minimiser_the_slope_is_zero_and_no_curvature_is_negative(known):
    curvature = known.hessian(known.minimisers)
    assert np.all(np.abs(known.gradient(known.minimisers)) <= 2e-13)
    assert np.all(np.linalg.eigvalsh(curvature) >= 0)


@every_surface
def test_no_point_of_the_box_lies_below_a_known_minimiser(known):
    if not len(known.minimisers):
        assert known.name == "saddle"
        return
    depth = known.value(known.minimisers)
    assert np.all(depth <= depth.min() + 1e-25)
    assert np.all(known.value(points_in(known, 20_000)) >= depth.max())


@every_surface
def test_a_batch_equals_its_single_points_bit_for_bit(known):
    w = points_in(known, 37, seed=2)
    for field in (known.value, known.gradient, known.hessian):
        together = field(w)
        assert all(np.array_equal(field(point), one) for point, one in zip(w, together, strict=True))


@every_surface
def test_leading_axes_of_any_number_come_back_in_front(known):
    w = points_in(known, 24, seed=3)
    for field in (known.value, known.gradient, known.hessian):
        flat = field(w)
        assert np.array_equal(field(w.reshape(2, 3, 4, -1)), flat.reshape(2, 3, 4, *flat.shape[1:]))
        assert field(w[:0]).shape == (0, *flat.shape[1:])


@every_surface
def test_float32_stays_float32_and_whole_numbers_are_read_as_float64(known):
    w = np.ones(known.size, np.float32)
    for field in (known.value, known.gradient, known.hessian):
        assert field(w).dtype == np.float32
        np.testing.assert_allclose(field(w), field(w.astype(float)), rtol=1e-5, atol=1e-4)


@every_surface
def test_the_start_and_the_minimisers_lie_inside_the_box_and_the_start_is_no_solution(known):
    low, high = known.box.T
    for point in (known.start, *known.minimisers):
        assert np.all((low <= point) & (point <= high))
    assert np.linalg.norm(known.gradient(known.start)) > 0.1


@every_surface
def test_what_is_known_of_a_surface_cannot_be_changed(known):
    for kept in (known.start, known.minimisers, known.box):
        with pytest.raises(ValueError, match="read-only"):
            kept[...] = 0


@every_surface
def test_every_surface_says_its_formula_in_its_first_line(known):
    assert known.doc.splitlines()[0].strip()
    assert not known.doc.startswith(" ")


def test_the_registry_holds_what_was_promised():
    promised = "parabola bowl quadratic saddle flat rosenbrock beale himmelblau rastrigin"
    assert list(SURFACES) == promised.split()
    with pytest.raises(UnknownName, match="did you mean rosenbrock"):
        SURFACES.named("rosenbrok")


@pytest.mark.parametrize("start", [0.0, 4.0, -7.0, 1.625])
def test_on_the_parabola_lr_half_lands_in_one_step_exactly(start):
    path = descended(SURFACES["parabola"], 0.5, 3, [start])
    assert np.array_equal(path[:, 0], [start, 3, 3, 3])


def test_on_the_parabola_lr_one_swings_for_ever_exactly():
    path = descended(SURFACES["parabola"], 1.0, 1000)[:, 0]
    assert set(path[::2]) == {0.0}
    assert set(path[1::2]) == {6.0}


def test_on_the_bowl_lr_a_fifth_swings_for_ever_exactly():
    path = descended(SURFACES["bowl"], 0.2, 1000)
    assert set(path[::2, 1]) == {2.0}
    assert set(path[1::2, 1]) == {-6.0}
    assert path[-1, 0] == pytest.approx(1)


@pytest.mark.parametrize(("lr", "diverges"), [(0.199, False), (0.2001, True), (0.25, True)])
def test_on_the_bowl_gradient_descent_diverges_above_lr_a_fifth(lr, diverges):
    loss = SURFACES["bowl"].value(descended(SURFACES["bowl"], lr, 400))
    assert (loss[-1] > loss[1]) == diverges


def test_divergence_overflows_to_numbers_that_are_not_finite_instead_of_raising():
    with np.errstate(over="ignore", invalid="ignore"):
        for known in EVERY:
            far = np.full(known.size, 1e200)
            assert not np.all(np.isfinite(known.value(far)))
            assert known.gradient(far).shape == far.shape


def test_himmelblau_has_four_different_minima_that_cannot_be_improved_in_float64():
    known = SURFACES["himmelblau"]
    assert len(known.minimisers) == 4
    newton = np.linalg.solve(known.hessian(known.minimisers), known.gradient(known.minimisers)[..., None])
    assert np.all(np.abs(newton[..., 0]) <= 2 * np.spacing(np.abs(known.minimisers)))


@pytest.mark.parametrize(("size", "condition"), [(2, 10.0), (2, 1.0), (5, 1e3), (100, 1e8)])
def test_a_quadratic_has_the_size_and_the_condition_number_asked_for(size, condition):
    known = named_surface("quadratic", size=size, condition=condition)
    curvatures = np.linalg.eigvalsh(known.hessian(known.start))
    assert known.size == size
    assert curvatures[-1] == 1
    assert curvatures[-1] / curvatures[0] == pytest.approx(condition)
    assert np.ptp(np.diff(np.log(curvatures))) < 1e-9


@pytest.mark.parametrize("settings", [{"size": 0}, {"condition": 0.5}, {"size": 1}, {"condition": np.inf}])
def test_a_quadratic_that_cannot_exist_is_refused(settings):
    with pytest.raises(SpecError, match="expected size 1 or more"):
        quadratic(**settings)


def test_settings_that_a_surface_does_not_have_are_refused_with_those_it_has():
    with pytest.raises(SpecError, match=r"no setting kappa; it takes size, condition"):
        named_surface("quadratic", kappa=3)
    with pytest.raises(SpecError, match=r"it takes none"):
        named_surface("bowl", size=3)


@pytest.mark.parametrize("name", list(SURFACES))
def test_without_settings_a_named_surface_is_the_registered_one(name):
    assert named_surface(name) is SURFACES[name]
    assert (name in FAMILIES) == (name == "quadratic")


def test_a_new_surface_is_one_function():
    try:

        @surface(start=[1.0], box=[(-2, 2)], minimisers=[[0]])
        def cosh_well(x):
            """cosh x"""
            return np.cosh(x), (np.sinh(x),), ((np.cosh(x),),)

        assert SURFACES.named("cosh_well") is cosh_well
        assert cosh_well.doc == "cosh x"
        assert float(cosh_well.hessian(np.zeros(1))[0, 0]) == 1
        with pytest.raises(ValueError, match="registered already"):
            SURFACES.add("cosh_well", cosh_well)
    finally:
        del SURFACES["cosh_well"]


def test_a_function_of_ones_own_is_a_surface_and_needs_neither_hessian_nor_box():
    own = Surface("own", lambda w: (w**4).sum(-1), lambda w: 4 * w**3, start=[2.0, -1.0], minimisers=[[0, 0]])
    assert (own.size, own.hessian) == (2, None)
    assert own.box.tolist() == [[-1, 3], [-1.5, 0.5]]
    alone = Surface("alone", own.value, own.gradient, start=[8.0])
    assert alone.minimisers.shape == (0, 1)
    assert alone.box.tolist() == [[4, 12]]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"start": 1.0}, r"start of surface 'own' has shape \(\); expected \(P,\)"),
        ({"start": []}, "start of surface 'own'"),
        ({"minimisers": [[0.0]]}, r"minimisers .* shape \(1, 1\); expected \(1, 2\)"),
        ({"minimisers": [0.0, 1.0]}, "minimisers"),
        ({"box": [(0, 1)]}, r"box .* expected \(2, 2\)"),
    ],
)
def test_what_does_not_fit_the_start_is_refused(wrong, message):
    with pytest.raises(ShapeError, match=message):
        Surface("own", np.sum, np.copy, **{"start": [1.0, 2.0], **wrong})


def test_the_examples_in_the_docstrings_run():
    assert doctest.testmod(surfaces).failed == 0
