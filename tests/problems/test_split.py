"""Laws of the split: disjoint, complete, stratified, and a function of labels, fractions and seed."""

import doctest

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from thalweg.errors import DataError
from thalweg.problems import split as split_module
from thalweg.problems.split import split_rows

LABELS = st.lists(st.integers(0, 6), min_size=6, max_size=120).map(np.array)
FRACTION = st.sampled_from([0.0, 0.05, 0.1, 0.2, 0.25, 1 / 3, 0.45])


def sizes(labels, split):
    """Rows (C, 3) of each class in each part."""
    parts = (split.train, split.validation, split.test)
    return np.array([[np.sum(labels[part] == c) for part in parts] for c in np.unique(labels)])


@pytest.mark.slow
@settings(max_examples=150)
@given(labels=LABELS, validation=FRACTION, test=FRACTION, seed=st.integers(0, 2**40), stratify=st.booleans())
def test_the_parts_are_sorted_disjoint_and_cover_all_rows(labels, validation, test, seed, stratify):
    split = split_rows(labels, validation=validation, test=test, seed=seed, stratify=stratify)
    for part, fraction in ((split.validation, validation), (split.test, test), (split.train, 1)):
        assert part.dtype == np.intp
        assert (np.diff(part) > 0).all()
        assert (len(part) > 0) == (fraction > 0)
    together = np.concatenate([split.train, split.validation, split.test])
    assert np.array_equal(np.sort(together), np.arange(len(labels)))


@settings(max_examples=150)
@given(labels=LABELS, validation=FRACTION, test=FRACTION, seed=st.integers(0, 2**40))
def test_a_class_of_three_rows_or_more_is_in_every_part_that_is_not_empty(labels, validation, test, seed):
    counts = sizes(labels, split_rows(labels, validation=validation, test=test, seed=seed))
    wanted = np.array([True, validation > 0, test > 0])
    assert (counts[counts.sum(axis=1) >= 3][:, wanted] > 0).all()


@pytest.mark.slow
@settings(max_examples=150)
@given(
    classes=st.lists(st.integers(20, 90), min_size=1, max_size=9),
    validation=FRACTION,
    test=FRACTION,
    seed=st.integers(0, 2**40),
)
def test_every_class_has_its_share_to_within_a_row_and_the_parts_their_exact_sizes(classes, validation, test, seed):
    labels = np.repeat(np.arange(len(classes)), classes)
    counts = sizes(labels, split_rows(labels, validation=validation, test=test, seed=seed))
    fractions = np.array([1 - validation - test, validation, test])
    assert (np.abs(counts - np.array(classes)[:, None] * fractions) < 1 + 1e-9).all()
    assert (np.abs(counts.sum(axis=0) - len(labels) * fractions) < 1 + 1e-9).all()
    plain = split_rows(labels, validation=validation, test=test, seed=seed, stratify=False)
    assert counts.sum(axis=0).tolist() == [len(plain.train), len(plain.validation), len(plain.test)]


def test_labels_that_are_all_different_still_fill_the_parts_exactly_and_at_random():
    labels = np.arange(1000) / 7
    split = split_rows(labels, validation=0.1, test=0.2)
    assert [len(split.train), len(split.validation), len(split.test)] == [700, 100, 200]
    assert abs(split.test.mean() - 500) < 100


def test_the_same_labels_fractions_and_seed_give_the_same_split_whatever_else_was_drawn():
    labels = np.arange(300) % 4
    first = split_rows(labels, seed=11)
    np.random.default_rng(0).random(10)
    second, other = split_rows(labels.astype(str), seed=11), split_rows(labels, seed=12)
    assert np.array_equal(first.test, second.test)
    assert np.array_equal(first.train, second.train)
    assert not np.array_equal(first.test, other.test)


def test_one_hot_rows_split_like_the_labels_they_stand_for_and_a_column_like_a_flat_array():
    labels = np.arange(90) % 3
    flat = split_rows(labels, seed=2)
    # np.unique sorts one-hot rows backwards, so the classes meet the random order in another sequence.
    one_hot = split_rows(np.eye(3)[labels], seed=2)
    assert np.array_equal(sizes(labels, flat), sizes(labels, one_hot))
    assert np.array_equal(flat.test, split_rows(labels[:, None], seed=2).test)


def test_every_row_comes_to_the_test_part_equally_often():
    labels = np.repeat([0, 1, 2], [40, 7, 3])
    times = np.zeros(len(labels))
    for seed in range(600):
        times[split_rows(labels, seed=seed).test] += 1
    share = times / 600
    for c in range(3):
        spread = share[labels == c]
        assert np.abs(spread - spread.mean()).max() < 5 * np.sqrt(0.25 / 600)


def test_text_labels_are_stratified():
    labels = np.array(["rare"] * 5 + ["common"] * 95, dtype=object)
    split = split_rows(labels)
    assert np.sum(labels[split.test] == "rare") == 1
    assert np.sum(labels[split.validation] == "rare") == 1


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"validation": -0.1}, "validation is -0.1"),
        ({"test": 1.0}, "test is 1"),
        ({"test": float("nan")}, "test is nan"),
        ({"validation": 0.5, "test": 0.5}, "nothing to train on"),
    ],
)
def test_bad_fractions_are_one_plain_sentence(asked, words):
    with pytest.raises(DataError, match=words):
        split_rows(np.arange(10), **asked)


def test_rows_that_cannot_fill_the_parts_are_refused():
    with pytest.raises(DataError, match="2 rows cannot fill 3 parts"):
        split_rows([0, 1])
    with pytest.raises(DataError, match="shape"):
        split_rows([])
    with pytest.raises(DataError, match="NaN"):
        split_rows([0.0, 1.0, np.nan])


def test_the_example_in_the_docstring_holds():
    assert doctest.testmod(split_module, extraglobs={"np": np}).failed == 0
