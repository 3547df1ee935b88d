"""Random streams: no two purposes, seeds or indices share one."""

from itertools import product

import numpy as np
import pytest

from thalweg.formulas.streams import Purpose, stream

SEEDS = (0, 1, 2, 2**32 - 1, 2**32, 2**32 + 1, 2**63 - 1, 2**64 - 1)
INDICES = (0, 1, 2, 7, 2**32 - 1)


def first(seed, purpose, index):
    return tuple(stream(seed, purpose, index).integers(2**63, size=2).tolist())


def test_no_two_purposes_seeds_or_indices_share_a_stream():
    drawn = [first(*words) for words in product(SEEDS, Purpose, INDICES)]
    assert len(set(drawn)) == len(SEEDS) * len(Purpose) * len(INDICES)


def test_a_stream_is_the_same_whenever_it_is_asked_for():
    before = stream(5, Purpose.ORDER, 3).permutation(50)
    stream(5, Purpose.ORDER, 2).permutation(50)
    assert np.array_equal(before, stream(5, Purpose.ORDER, 3).permutation(50))


def test_high_and_low_words_of_a_seed_are_not_mixed_up():
    """A seed of 1 with index 0 must not be the seed 0 with another word set to 1."""
    assert first(1, Purpose.START, 0) != first(2**32, Purpose.START, 0)
    assert first(0, Purpose.START, 1) != first(1, Purpose.START, 0)


def test_neighbouring_epochs_are_not_correlated():
    orders = np.array([stream(0, Purpose.ORDER, epoch).permutation(400) for epoch in range(20)])
    correlations = np.corrcoef(orders)[~np.eye(20, dtype=bool)]
    assert np.abs(correlations).max() < 0.25  # 380 pairs, standard deviation 0.05


def test_a_purpose_never_changes_its_number():
    """Old runs are re-run by these numbers; new purposes get new ones."""
    known = ["START", "ORDER", "REPLACEMENT", "SPLIT", "SAMPLE", "PROBE", "LABELS", "RESAMPLE"]
    assert [Purpose(number).name for number in range(1, 9)] == known
    assert len({int(purpose) for purpose in Purpose}) == len(Purpose)


@pytest.mark.parametrize(("seed", "index"), [(-1, 0), (2**64, 0), (0, -1), (0, 2**32)])
def test_numbers_out_of_range_are_refused_with_the_range(seed, index):
    with pytest.raises(ValueError, match="expected a whole number from 0 to"):
        stream(seed, Purpose.START, index)


def test_streams_neither_read_nor_move_numpys_global_generator():
    np.random.seed(1)
    before = np.random.get_state()[1].copy()
    first_draw = first(0, Purpose.START, 0)
    assert np.array_equal(np.random.get_state()[1], before)
    np.random.seed(2)
    assert first(0, Purpose.START, 0) == first_draw
