"""Laws of a user's function: what it must return is said in one sentence, and so is what it raised."""

import numpy as np
import pytest

from thalweg.errors import SpecError, ThalwegError
from thalweg.problems.own_function import ContractError, FunctionFailed, OwnFunction, OwnMeasures, a, number
from thalweg.problems.tensors import Tensors

START = {"W": np.ones((2, 2)), "b": np.zeros(2)}
GRAD = {"W": np.ones((2, 2)), "b": np.ones(2)}


def own(function, start=START, **settings):
    tensors, _ = Tensors.of(start)
    return OwnFunction(function, tensors, **settings)


def ask(function, **settings):
    asked = own(function, **settings)
    return asked(np.ones(asked.layout.size))


ANSWERS = {
    "nothing": (None, "returned a NoneType; expected"),
    "a loss": (0.5, "hand the gradient's own function over as grad="),
    "a gradient": (GRAD, "returned a dict; expected"),
    "three": ((0.5, GRAD, 1), "returned 3 things"),
    "exchanged": ((GRAD, 0.5), "exchange the two"),
    "losses": ((np.ones(5), GRAD), "expected one number, such as the mean"),
    "loss as a list": (([0.5], GRAD), "the loss is a list"),
    "loss as text": (("0.5", GRAD), "the loss is str"),
    "complex loss": ((1j, GRAD), "the loss is complex"),
    "no gradient": ((0.5, None), "the gradient is None"),
    "no gradient of one": ((0.5, {**GRAD, "b": None}), "the gradient of b is None"),
    "renamed": ((0.5, {"dW": 1, "db": 1}), "it lacks W, b and has dW, db instead"),
    "column": ((0.5, {**GRAD, "b": np.ones((2, 1))}), r"of b has shape \(2, 1\); expected \(2,\)"),
    "text": ((0.5, {**GRAD, "b": np.array(["x", "y"])}), "of b has dtype"),
}


@pytest.mark.parametrize(("answer", "words"), ANSWERS.values(), ids=ANSWERS.keys())
def test_what_is_no_loss_with_its_gradient_is_refused(answer, words):
    with pytest.raises(ContractError, match=words):
        ask(lambda params: answer)


@pytest.mark.parametrize("loss", [0.5, np.float32(0.5), np.array(0.5), np.array([[0.5]]), 1, np.nan, np.inf])
def test_any_single_number_is_a_loss_and_divergence_is_data(loss):
    value, grad = ask(lambda params: (loss, GRAD))
    assert np.array_equal(value, np.reshape(loss, ()), equal_nan=True)
    assert grad.tolist() == [1.0] * 6


def test_the_gradient_follows_the_layout_whatever_its_order():
    _, grad = own(lambda p: (0.0, {"b": 2 * p["b"], "W": 3 * p["W"]}), {"b": np.zeros(2), "W": np.ones(3)})(np.ones(5))
    assert grad.tolist() == [3.0, 3.0, 3.0, 2.0, 2.0]


def deep(params):
    raise IndexError("row\n  seven")


def test_an_exception_becomes_a_sentence_with_the_line_and_keeps_its_cause():
    with pytest.raises(FunctionFailed, match=r"deep\(params\) failed in test_own_function.py, line \d+: Ind") as raised:
        ask(deep)
    assert str(raised.value).endswith("IndexError: row seven")
    assert isinstance(raised.value.__cause__, IndexError)
    assert isinstance(raised.value, ThalwegError)


def test_an_exception_inside_numpy_is_told_with_the_users_line():
    with pytest.raises(FunctionFailed, match=r"test_own_function.py, line"):
        ask(lambda params: (np.linalg.inv(np.zeros((2, 2))), GRAD))


def test_wrong_arguments_are_told_as_the_call_that_was_tried():
    with pytest.raises(FunctionFailed, match=r"cannot be called as <lambda>\(params, rows\): TypeError"):
        ask(lambda params: (0.5, GRAD), examples=4)


def test_two_functions_serve_as_one_and_a_pair_is_no_loss():
    loss, grad = ask(lambda p: 0.5, grad=lambda p: GRAD)
    assert (float(loss), grad.tolist()) == (0.5, [1.0] * 6)
    with pytest.raises(ContractError, match="leave grad= out"):
        ask(lambda p: (0.5, GRAD), grad=lambda p: GRAD)


def test_rows_are_indices_of_their_own_and_all_of_them_where_none_are_named():
    seen = []

    def f(params, rows):
        seen.append(rows.copy())
        rows[:] = 0
        return 0.5, GRAD

    asked, order = own(f, examples=6), np.array([4, 2])
    w = np.ones(6)
    asked(w)
    asked(w, order)
    assert [rows.tolist() for rows in seen] == [[0, 1, 2, 3, 4, 5], [4, 2]]
    assert order.tolist() == [4, 2]


def test_measures_go_to_their_splits_and_are_asked_once_for_both():
    calls = []

    def evaluate(params):
        calls.append(params)
        return {"loss": 1.0, "validation_r2": np.float32(0.5), "train_r2": np.array([0.75]), "seen": 3}

    measures = OwnMeasures(evaluate, lambda w: w)
    w = np.ones(2)
    assert measures(w, "train") == {"r2": 0.75}
    assert measures(w, "validation") == {"loss": 1.0, "r2": 0.5, "seen": 3.0}
    assert len(calls) == 1
    measures(w + 1, "validation")
    assert len(calls) == 2


@pytest.mark.parametrize(
    ("found", "words"),
    [(0.5, "returned a float; expected a dictionary"), ({"r2": [1, 2]}, "r2 of <lambda> is a list of shape")],
)
def test_what_is_no_measure_is_refused(found, words):
    with pytest.raises(SpecError, match=words):
        OwnMeasures(lambda params: found, lambda w: w)(np.ones(2), "train")


@pytest.mark.parametrize("value", [1, 1.0, True, np.float32(1), np.array([[1.0]]), np.int8(1), [1.0]])
def test_anything_with_one_number_in_it_is_a_number(value):
    assert number("loss", value) == 1.0
    assert type(number("loss", value)) is float


@pytest.mark.parametrize("value", [None, "1", [1, 2], {}, object(), 1j, [[1], [2, 3]]])
def test_anything_else_is_no_number(value):
    with pytest.raises(SpecError, match=r"loss is .*; expected one number"):
        number("loss", value)


def test_nouns_have_their_article():
    assert (a("list"), a("int"), a("ndarray")) == ("a list", "an int", "an ndarray")
