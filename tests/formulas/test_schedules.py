"""Schedules: never 0 at first, no jump where warmup ends, and the end that the docstring promises."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from thalweg.errors import UnknownName
from thalweg.formulas.schedules import SCHEDULES, Scheduled

every_schedule = pytest.mark.parametrize("name", SCHEDULES)
PLAIN = [name for name in SCHEDULES if name != "plateau"]


def multipliers(name, total=100, warmup=0, **options):
    made = Scheduled(name, total, warmup, tuple(options.items()))
    return np.array([made(t) for t in range(total)])


def test_the_schedules_of_the_specification_are_all_there():
    assert {"constant", "step", "exponential", "cosine", "one_cycle", "plateau"} <= set(SCHEDULES)


@settings(max_examples=150)
@given(st.sampled_from(list(SCHEDULES)), st.integers(1, 300), st.integers(0, 320))
def test_every_multiplier_is_over_0_and_at_most_1(name, total, warmup):
    found = multipliers(name, total, warmup)
    assert found[0] > 0
    assert (found > 0).all()
    assert (found <= 1).all()


@settings(max_examples=150)
@given(st.sampled_from(list(SCHEDULES)), st.integers(2, 300), st.integers(1, 60))
def test_warmup_is_a_straight_line_that_meets_the_schedule_without_a_jump(name, total, warmup):
    """The rise up to the first update of the schedule proper has equal steps, the join among them."""
    made = Scheduled(name, total + warmup, warmup)
    start = Scheduled(name, total)(0)
    found = np.array([0.0, *(made(t) for t in range(warmup + 1))])
    assert np.allclose(np.diff(found), start / (warmup + 1), rtol=1e-9)
    assert found[-1] == pytest.approx(start)


@every_schedule
def test_behind_the_warmup_the_schedule_runs_over_what_is_left(name):
    late, alone = multipliers(name, 120, 20)[20:], multipliers(name, 100)
    assert np.allclose(late, alone, rtol=1e-12)


@every_schedule
def test_without_warmup_no_schedule_but_one_cycle_starts_below_1(name):
    assert multipliers(name)[0] == pytest.approx(0.04 if name == "one_cycle" else 1.0)


@pytest.mark.parametrize(
    ("name", "options", "end"),
    [
        ("constant", {}, 1.0),
        ("step", {"factor": 0.2, "drops": 3}, 0.2**3),
        ("exponential", {"last": 0.03}, 0.03),
        ("cosine", {"floor": 0.02}, 0.02),
        ("one_cycle", {"last": 1e-3}, 1e-3),
    ],
)
@pytest.mark.parametrize("warmup", [0, 7])
def test_schedules_end_as_documented_and_stay_there(name, options, end, warmup):
    made = Scheduled(name, 200, warmup, tuple(options.items()))
    assert made(200) == pytest.approx(end, rel=1e-12)
    assert made(10**6) == pytest.approx(end, rel=1e-12)
    assert made(199) == pytest.approx(end, rel=0.05, abs=2e-4)  # the last update is next to it


@pytest.mark.parametrize("name", ["step", "exponential", "cosine"])
def test_decays_never_rise(name):
    assert (np.diff(multipliers(name)) <= 0).all()


def test_steps_drop_at_equal_distances():
    found = multipliers("step", 90, factor=0.1, drops=2)
    assert np.allclose(found[[0, 29, 30, 59, 60, 89]], [1, 1, 0.1, 0.1, 0.01, 0.01])


def test_exponential_decay_has_one_factor_for_every_update():
    found = multipliers("exponential", 50, last=0.1)
    assert np.allclose(found[1:] / found[:-1], 0.1 ** (1 / 50), rtol=1e-12)


def test_cosine_is_halfway_in_the_middle():
    assert Scheduled("cosine", 100, 0, (("floor", 0.0),))(50) == pytest.approx(0.5)


def test_one_cycle_rises_to_1_and_falls():
    found = multipliers("one_cycle", 100, rise=0.25)
    assert found.argmax() == 25
    assert found.max() == pytest.approx(1.0)
    assert (np.diff(found[:26]) > 0).all()
    assert (np.diff(found[25:]) < 0).all()


def folded(losses, **options):
    return Scheduled("plateau", 100, 0, tuple(options.items()))(50, losses)


def test_plateau_waits_for_so_many_evaluations_without_gain():
    assert folded([]) == 1.0
    assert folded([1.0] * 3, wait=3) == 1.0  # the first one is the best
    assert folded([1.0] * 4, wait=3) == 0.5
    assert folded([1.0] * 6, wait=3) == 0.5
    assert folded([1.0] * 7, wait=3) == 0.25


def test_a_gain_starts_the_wait_anew():
    assert folded([1.0, 1.0, 1.0, 0.5, 0.5, 0.5], wait=3) == 1.0
    assert folded([1.0, 1.0, 1.0, 0.5, 0.5, 0.5, 0.5], wait=3) == 0.5


def test_gains_under_the_threshold_are_none():
    creeping = [1.0 - 1e-6 * k for k in range(10)]
    assert folded(creeping, wait=3, threshold=1e-4) == 0.5**3
    assert folded(creeping, wait=3, threshold=0.0) == 1.0


def test_the_threshold_is_relative_also_for_negative_losses():
    assert folded([-1000.0, -1000.01, -1000.02, -1000.03], wait=3) == 0.5
    assert folded([-0.001, -0.002, -0.003, -0.004], wait=3) == 1.0


def test_plateau_ends_at_its_floor():
    assert folded([1.0] * 90, wait=1, floor=0.1) == 0.1


def test_a_run_that_starts_with_infinite_losses_is_not_on_a_plateau():
    assert folded([np.inf] * 20, wait=3) == 1.0


def test_only_plateau_depends_on_the_evaluations():
    for name in SCHEDULES:
        made = Scheduled(name, 100)
        differs = made(50, [1.0] * 30) != made(50, [])
        assert made.folds == differs == (name == "plateau")


@every_schedule
def test_an_unknown_option_is_named_with_those_there_are(name):
    with pytest.raises(UnknownName, match=f"no option of schedule {name} 'flor'"):
        Scheduled(name, 100, 0, (("flor", 0.1),))


def test_an_unknown_schedule_is_named_with_the_nearest():
    with pytest.raises(UnknownName, match="no schedule 'cosin'; did you mean cosine"):
        Scheduled("cosin")


@every_schedule
def test_a_schedule_is_a_pure_function_of_the_step(name):
    made = Scheduled(name, 60, 5)
    forwards = [made(t, [1.0] * t) for t in range(60)]
    assert forwards == [made(t, [1.0] * t) for t in reversed(range(60))][::-1]
