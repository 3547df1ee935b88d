"""Laws of nested parameters: a structure goes into a flat vector and comes back as it was, under names."""

from typing import NamedTuple

import numpy as np
import pytest

from thalweg.errors import DataError
from thalweg.problems.tensors import Tensors, leaves_like, mismatch, named_leaves, skeleton, ways


class Layer(NamedTuple):
    W: object
    b: object


def structures():
    rng = np.random.default_rng(3)
    W, b = rng.normal(size=(3, 2)), rng.normal(size=2)
    return {
        "vector": b,
        "matrix": W,
        "number": 0.25,
        "float32": W.astype(np.float32),
        "dictionary": {"W": W, "b": b},
        "bias first": {"b": b, "W": W},
        "list": [W, b],
        "tuple": (W, b),
        "numbers in a dictionary": {"slope": 1.5, "b": -2.0},
        "named tuple": Layer(W, b),
        "named tuple of numbers": Layer(1.0, 2.0),
        "nested": {"layers": [{"W": W, "b": b}, {"W": W.T, "bias": 0.5}], "scale": (b, W[0])},
        "mixed precision": {"W": W.astype(np.float32), "b": b},
        "with an empty array": {"W": W, "none": np.zeros((0, 4)), "b": b},
        "with an empty part": {"W": W, "none": {}, "b": b},
        "keys that are numbers": {0: W, 1: b},
        "columns first": {"W": np.asfortranarray(W)},
    }


every_structure = pytest.mark.parametrize("tree", structures().values(), ids=structures().keys())


def same(one, two):
    if isinstance(one, dict):
        return one.keys() == two.keys() and all(same(one[k], two[k]) for k in one)
    if isinstance(one, list | tuple):
        return type(one) is type(two) and len(one) == len(two) and all(map(same, one, two))
    one, two = np.asarray(one), np.asarray(two)
    return one.dtype == two.dtype and np.array_equal(one, two)


@every_structure
def test_a_structure_comes_back_from_the_flat_vector_as_it_was(tree):
    tensors, flat = Tensors.of(tree)
    assert same(tensors.build(flat), tree)


@every_structure
def test_the_layout_holds_the_same_numbers_weights_first(tree):
    tensors, flat = Tensors.of(tree)
    packed, layout = tensors.packed(flat), tensors.layout
    assert sorted(packed) == sorted(flat)
    views = layout.views(packed)
    for name, leaf in named_leaves(tree):
        assert np.array_equal(np.ravel(views.get(name, [])), np.ravel(leaf))
    biases = [name for name, span in layout.spans.items() if span.start >= layout.undecayed]
    assert all(name.rpartition(".")[2] in ("b", "bias") for name in biases)
    assert "W" not in biases


@every_structure
def test_what_is_built_shares_no_memory_with_the_vector_or_the_start(tree):
    tensors, flat = Tensors.of(tree)
    for (_, built), (_, given) in zip(named_leaves(tensors.build(flat)), named_leaves(tree), strict=True):
        assert not np.shares_memory(built, flat)
        assert not np.shares_memory(built, np.asarray(given))


@every_structure
def test_the_skeleton_has_the_structure_and_no_arrays(tree):
    bare = skeleton(tree)
    assert mismatch(bare, tree) is None
    assert all(leaf is None for _, leaf in named_leaves(bare))
    assert [name for name, _ in named_leaves(bare)] == [name for name, _ in named_leaves(tree)]
    assert len([way for way, count in ways(bare) if count is None]) == len(list(named_leaves(tree)))


def test_leaves_are_found_whatever_the_order_of_keys():
    one, two = {"a": 1.0, "b": {"c": 2.0, "d": 3.0}}, {"b": {"d": 30.0, "c": 20.0}, "a": 10.0}
    assert mismatch(one, two) is None
    assert dict(leaves_like(one, two)) == {"a": 10.0, "b.c": 20.0, "b.d": 30.0}


@pytest.mark.parametrize(
    ("other", "words"),
    [
        ({"W": 1}, "it lacks b"),
        ({"W": 1, "b": 2, "c": 3}, "it has c, which the parameters have not"),
        ({"dW": 1, "db": 2}, "it lacks W, b and has dW, db instead"),
        ([1, 2], "it lacks W, b and has 0, 1 instead"),
        (np.ones(2), "it is a ndarray where the parameters are a dict"),
    ],
)
def test_a_difference_of_structure_is_named(other, words):
    assert mismatch({"W": np.ones(2), "b": np.ones(1)}, other) == words


@pytest.mark.parametrize(
    ("tree", "words"),
    [
        (None, "start is None"),
        ("zeros", "start is the text 'zeros'"),
        (lambda: 1, "start is a function"),
        ({"W": None}, "parameter W is None"),
        ({"W": [np.ones(2), "x"]}, "parameter W.1 is the text 'x'"),
        ({"W": np.array([1.0, np.nan])}, "parameter W holds nan or inf"),
        ({"a": {"b": 1.0}, "a.b": 2.0}, "two parameters are called a.b"),
        ({"W": np.array([[1.0], None], dtype=object)}, "parameter W has dtype object"),
    ],
)
def test_what_is_no_start_is_refused_in_plain_words(tree, words):
    with pytest.raises(DataError, match=words):
        Tensors.of(tree)
