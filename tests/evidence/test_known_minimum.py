import doctest

import numpy as np
import pytest

from thalweg.errors import ShapeError, SpecError
from thalweg.evidence import known_minimum
from thalweg.evidence.known_minimum import check_known_minimum
from thalweg.formulas.streams import Purpose, stream
from thalweg.formulas.surfaces import SURFACES


def descended(name, lr, steps):
    """seed -> where gradient descent ends from a random start in the surface's box."""
    known = SURFACES[name]

    def run_one(seed):
        low, high = known.box.T
        w = stream(seed, Purpose.START).uniform(low, high)
        with np.errstate(over="ignore", invalid="ignore"):
            for _ in range(steps):
                w = w - lr * known.gradient(w)
        return w

    return run_one


def test_on_a_bowl_every_seed_arrives():
    found = check_known_minimum(descended("bowl", 0.1, 500), SURFACES["bowl"].minimisers, 1e-6, range(10))
    assert found.passed
    assert found.share == 1
    assert found.sentence.startswith("all 10 seeds reached the known minimum within 1e-06")


def test_among_four_minima_every_seed_arrives_at_some():
    found = check_known_minimum(descended("himmelblau", 0.01, 400), SURFACES["himmelblau"].minimisers, 1e-6, range(20))
    assert found.passed
    assert {arrival.minimiser for arrival in found.arrivals} == {0, 1, 2, 3}
    assert "4 of the 4 were found" in found.sentence


@pytest.mark.slow
def test_where_success_is_luck_the_fragile_setting_is_named():
    found = check_known_minimum(
        descended("beale", 0.01, 1000), SURFACES["beale"].minimisers, 0.1, range(8), setting="the start in the box"
    )
    assert not found.passed
    assert 0 < found.share < 1
    assert "success depends on the seed, so the start in the box is a fragile setting" in found.sentence


def test_where_no_seed_arrives_luck_is_not_blamed():
    found = check_known_minimum(descended("bowl", 0.3, 2000), SURFACES["bowl"].minimisers, 1e-6, range(3))
    assert (found.passed, found.share) == (False, 0)
    assert "none of 3 seeds" in found.sentence
    assert found.sentence.endswith("diverged.")
    assert all(arrival.distance == np.inf for arrival in found.arrivals)


def test_the_distance_is_to_the_nearest_minimiser_and_the_tolerance_is_part_of_the_goal():
    ends = {1: np.array([0.5, 0.0]), 2: np.array([9.0, 0.0])}
    found = check_known_minimum(ends.get, np.array([[0.0, 0.0], [10.0, 0.0]]), 0.5, [1, 2])
    assert [(a.minimiser, a.distance, a.reached) for a in found.arrivals] == [(0, 0.5, True), (1, 1.0, False)]


def test_questions_without_an_answer_are_refused():
    def at_zero(seed):
        return np.zeros(2)

    for minimisers, tolerance, seeds in (([], 1.0, [1]), ([[0.0, 0.0]], 0.0, [1]), ([[0.0, 0.0]], 1.0, [])):
        with pytest.raises(SpecError, match="a tolerance above 0"):
            check_known_minimum(at_zero, minimisers, tolerance, seeds)
    with pytest.raises(ShapeError, match="ended at 2 parameters; the minimisers have 3"):
        check_known_minimum(at_zero, [[0.0, 0.0, 0.0]], 1.0, [1])


def test_the_examples_in_the_docstrings_run():
    assert doctest.testmod(known_minimum).failed == 0
