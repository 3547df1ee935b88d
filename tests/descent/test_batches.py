"""Which rows an update sees: a function of seed, epoch and t, and of nothing else."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from thalweg.descent.batches import Batches, epoch_order
from thalweg.descent.spec import Spec
from thalweg.descent.train import train
from thalweg.errors import SpecError
from thalweg.problems.objective import ALL
from thalweg.problems.sections import Table

sizes = st.tuples(st.integers(1, 60), st.integers(1, 70))
ordered = st.sampled_from(["reshuffled", "frozen", "sequential"])


def epoch(batches, number):
    first = number * batches.per_epoch
    parts = [batches(t) for t in range(first, first + batches.per_epoch)]
    return [np.arange(batches.examples)[part] for part in parts]


@settings(max_examples=80)
@given(sizes, ordered, st.integers(0, 2**63 - 1), st.integers(0, 5))
def test_an_epoch_visits_every_row_once(sizes, sampling, seed, number):
    examples, size = sizes
    parts = epoch(Batches(examples, size, sampling, seed=seed), number)
    assert sorted(np.concatenate(parts)) == list(range(examples))
    assert {len(part) for part in parts[:-1]} <= {size}


@settings(max_examples=80)
@given(st.integers(2, 60), ordered, st.integers(0, 2**63 - 1), st.integers(0, 5), st.data())
def test_the_order_of_an_epoch_does_not_depend_on_the_batch_size(examples, sampling, seed, number, data):
    one, other = (data.draw(st.integers(1, examples - 1)) for _ in range(2))
    orders = [np.concatenate(epoch(Batches(examples, size, sampling, seed=seed), number)) for size in (one, other)]
    assert np.array_equal(*orders)
    assert np.array_equal(orders[0], epoch_order(examples, seed, number, sampling))


@settings(max_examples=50)
@given(st.integers(2, 60), st.data())
def test_dropping_the_last_partial_batch_leaves_whole_ones_only(examples, data):
    size = data.draw(st.integers(1, examples - 1))
    kept, dropped = (Batches(examples, size, last=last) for last in ("keep", "drop"))
    assert dropped.per_epoch == examples // size
    parts = epoch(dropped, 1)
    assert {len(part) for part in parts} == {size}
    assert np.array_equal(np.concatenate(parts), np.concatenate(epoch(kept, 1))[: len(parts) * size])


def test_reshuffled_epochs_differ_and_frozen_ones_do_not():
    for sampling, alike in (("reshuffled", False), ("frozen", True), ("sequential", True)):
        batches = Batches(30, 7, sampling, seed=3)
        first, second = (np.concatenate(epoch(batches, number)) for number in (0, 1))
        assert np.array_equal(first, second) == alike


def test_another_seed_is_another_order_but_not_for_sequential_rows():
    for sampling, alike in (("reshuffled", False), ("frozen", False), ("replacement", False), ("sequential", True)):
        one, two = (np.concatenate(epoch(Batches(30, 7, sampling, seed=seed), 0)) for seed in (0, 1))
        assert np.array_equal(one, two) == alike


def test_sequential_rows_come_as_in_the_table():
    assert [part.tolist() for part in epoch(Batches(5, 2, "sequential"), 4)] == [[0, 1], [2, 3], [4]]


def test_the_rows_of_an_update_do_not_depend_on_what_was_asked_before():
    for sampling in ("reshuffled", "frozen", "replacement"):
        asked = Batches(30, 7, sampling, seed=1)
        forwards = [asked(t).tolist() for t in range(20)]
        assert [asked(t).tolist() for t in reversed(range(20))] == forwards[::-1]
        assert [Batches(30, 7, sampling, seed=1)(t).tolist() for t in range(20)] == forwards


def test_rows_drawn_with_replacement_are_uniform_and_may_repeat():
    batches = Batches(10, 8, "replacement")
    drawn = np.concatenate([batches(t) for t in range(1000)])
    assert np.abs(np.bincount(drawn, minlength=10) / 800 - 1).max() < 0.15  # five standard deviations
    assert any(len(set(batches(t).tolist())) < 8 for t in range(20))


def test_with_replacement_a_batch_may_be_larger_than_the_table():
    batches = Batches(3, 10, "replacement")
    assert not batches.full
    assert batches(0).shape == (10,)


@pytest.mark.parametrize("size", [0, 30, 31])
def test_zero_or_all_rows_is_the_full_batch(size):
    batches = Batches(30, size)
    assert batches.full
    assert batches(5) == ALL
    assert batches.per_epoch == 1


def test_batches_larger_than_the_table_that_would_all_be_dropped_are_refused():
    with pytest.raises(SpecError, match="batch_size 31 is over the 30 rows, and partial batches are dropped"):
        Batches(30, 31, last="drop")


@pytest.mark.parametrize(
    ("changes", "seen", "epochs"),
    [
        ({}, 6 * 24, 6.0),
        ({"batch_size": 7}, 24 + 14, 38 / 24),
        ({"batch_size": 7, "last_batch": "drop"}, 42, 42 / 24),
        ({"batch_size": 7, "sampling": "replacement"}, 42, 42 / 24),
        ({"batch_size": 1}, 6, 0.25),
    ],
)
def test_a_run_knows_how_many_rows_it_has_seen(small, changes, seen, epochs):
    run = train(small.but(steps=6, **changes))
    assert run.final["samples"] == seen
    assert run.final["epoch"] == pytest.approx(epochs)


def test_batch_size_alone_switches_between_full_batches_mini_batches_and_single_rows(small):
    full = train(small)
    assert np.array_equal(full.w, train(small.but(batch_size=24)).w)
    assert np.array_equal(full.w, train(small.but(batch_size=24, sampling="frozen")).w)
    others = [train(small.but(batch_size=size)).w for size in (1, 7, 23)]
    assert len(np.unique([full.w, *others], axis=0)) == 4


def test_one_epoch_is_the_default_between_evaluations():
    spec = Spec(problem=Table(source="iris")).but(batch_size=32, steps=9)
    assert [entry["t"] for entry in train(spec).evaluations] == [0, 3, 6, 9]
    assert [entry["t"] for entry in train(spec.but(batch_size=0, steps=300)).evaluations] == list(range(0, 301, 3))
