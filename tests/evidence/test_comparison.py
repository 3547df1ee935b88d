"""Laws of comparisons: equal samples, paired seeds, and "no difference is shown" unless it holds on every seed."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from thalweg.descent.spec import Spec
from thalweg.evidence.comparison import CLOSE, compare_batches, compare_rules, compare_schedules, ties, wobble
from thalweg.problems.sections import Table


@pytest.fixture(scope="module")
def base(table_of):
    return Spec(problem=Table(source=table_of("binary"), target="y")).but(steps=40, every=4, batch_size=16, lr=0.1)


losses = st.lists(st.integers(1, 10_000).map(lambda n: n / 100), min_size=2, max_size=30)


@given(losses, st.floats(0.1, 10))
def test_wobble_does_not_depend_on_the_scale_and_is_0_exactly_for_curves_that_only_fall(curve, scale):
    measured = wobble(np.array(curve))
    if curve[0] <= min(curve):
        assert measured == np.inf
    else:
        assert measured >= 0
        assert measured == pytest.approx(wobble(scale * np.array(curve)), rel=1e-6, abs=1e-9)
        assert (measured == 0) == all(np.diff(curve) <= 0)


def test_batch_sizes_see_the_same_samples(base):
    found = compare_batches(base, seeds=[0, 1], epochs=4)
    examples = found.entries[0].runs[0].problem.objective.examples
    assert [entry.name for entry in found.entries] == ["batch 1", "batch 32", "full batch"]
    assert {entry.samples for entry in found.entries} == {4 * examples}
    assert [entry.steps for entry in found.entries] == [4 * examples, 4 * -(-examples // 32), 4]
    for part in ("Fewest samples to the mark", "Most stable", "alidation loss"):
        assert part in found.sentence


def test_batches_that_hold_all_rows_are_one_setting(base):
    found = compare_batches(base, seeds=[0], epochs=2, sizes=(8, 60, 500, 0))
    examples = found.entries[0].runs[0].problem.objective.examples
    assert examples < 60
    assert [entry.name for entry in found.entries] == ["batch 8", "full batch"]


def test_the_clock_is_kept_apart_from_what_can_be_repeated(base):
    one, two = (compare_batches(base, seeds=[0], epochs=3) for _ in range(2))
    assert one.sentence == two.sentence
    assert " s)" not in one.sentence
    assert "by the clock" in one.clock


def test_schedules_are_compared_on_the_same_run(base):
    found = compare_schedules(base, seeds=[2, 3])
    assert [entry.name for entry in found.entries] == ["constant", "step", "exponential", "cosine, warmup 2"]
    for entry in found.entries:
        assert [run.spec.seed for run in entry.runs] == [2, 3]
        plain = [run.spec.but(schedule="constant", warmup=0, seed=2) for run in entry.runs]
        assert plain == [found.entries[0].spec] * 2
    best = min(found.entries, key=lambda entry: entry.final_train)
    assert f"Refined best late: {best.name}" in found.sentence


def test_equal_settings_show_no_difference(base):
    found = compare_rules({"one": base, "other": base}, seeds=[0, 1])
    assert found.sentence == "In validation loss no difference is shown between one, other."
    assert ties(found.entries) == ["other"]


def test_a_clear_winner_wins_on_every_seed_and_one_that_diverges_never(base):
    settings = {"good": base, "slow": base.but(lr=1e-4), "wild": base.but(lr=1e6)}
    found = compare_rules(settings, seeds=[0, 1, 2])
    good, slow, wild = found.entries
    assert (good.diverged, slow.diverged) == (0, 0)
    assert wild.diverged > 0
    assert slow.best - good.best > CLOSE * good.best
    assert found.sentence.startswith("Lowest validation loss: good (")
    assert found.sentence.endswith("Diverged: wild.")


def test_where_all_diverge_no_one_wins(base):
    found = compare_rules({"a": base.but(lr=1e6), "b": base.but(lr=1e7)}, seeds=[0])
    assert found.sentence == "All diverged."
    assert ties(found.entries) == []


def test_a_mark_that_was_not_reached_takes_for_ever(base):
    found = compare_rules({"good": base, "slow": base.but(lr=1e-6)}, seeds=[0])
    good, slow = found.entries
    assert np.isfinite(good.samples_to_target)
    assert slow.samples_to_target == np.inf
