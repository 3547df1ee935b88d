"""Laws of minimize: any structure descends as its flat vector, and nobody descends on a wrong gradient unawares."""

import doctest
import json
import os
import signal
from typing import NamedTuple

import numpy as np
import pytest

from thalweg.descent.folder import load_run
from thalweg.descent.header import header
from thalweg.errors import FolderError, SpecError, ThalwegError
from thalweg.evidence import own
from thalweg.evidence.own import WrongGradient, minimize
from thalweg.problems.own_function import FunctionFailed

A = np.array([[3.0, 1.0], [1.0, 2.0]])
B = np.array([1.0, -1.0])


def quadratic(w):
    return 0.5 * w @ A @ w - B @ w, A @ w - B


rng = np.random.default_rng(5)
X = rng.normal(size=(30, 3))
Y = X @ [1.0, -2.0, 0.5] + 0.3 + 0.1 * rng.normal(size=30)


def line(params, rows=slice(None)):
    """Half the mean squared error of a line, on dictionaries."""
    r = X[rows] @ params["W"] + params["b"] - Y[rows]
    return r @ r / (2 * len(r)), {"W": X[rows].T @ r / len(r), "b": r.mean()}


def flat_line(w, rows=slice(None)):
    loss, grad = line({"W": w[:3], "b": w[3]}, rows)
    return loss, np.append(grad["W"], grad["b"])


START = {"W": np.array([0.5, 0.0, -0.5]), "b": 0.1}
FLAT = [0.5, 0.0, -0.5, 0.1]


# The gate

WRONG = {
    "sign": lambda w: (quadratic(w)[0], -quadratic(w)[1]),
    "factor": lambda w: (quadratic(w)[0], 2 * quadratic(w)[1]),
    "one entry": lambda w: (quadratic(w)[0], quadratic(w)[1] + [0, 0.1]),
    "transposed": lambda w: (w @ np.array([[1.0, 5.0], [0.0, 1.0]]) @ w, 2 * np.array([[1.0, 5.0], [0.0, 1.0]]) @ w),
    "zero": lambda w: (quadratic(w)[0], 0 * w),
    "not finite": lambda w: (quadratic(w)[0], w * np.nan),
}
UNFIT = {
    "column": (lambda w: (quadratic(w)[0], quadratic(w)[1][:, None]), r"of w has shape \(2, 1\); expected \(2,\)"),
    "only a loss": (lambda w: quadratic(w)[0], "hand the gradient's own function over as grad="),
    "exchanged": (lambda w: quadratic(w)[::-1], "exchange the two"),
    "nothing": (lambda w: None, "returned a NoneType"),
    "no gradient": (lambda w: (quadratic(w)[0], None), "the gradient is None"),
    "losses": (lambda w: (w, quadratic(w)[1]), "expected one number"),
}


@pytest.mark.parametrize("rule", ["gd", "momentum", "adam", "nadam"])
def test_the_minimum_of_a_quadratic_is_found(rule):
    run = minimize(quadratic, [5.0, -5.0], rule=rule, lr=0.2, steps=1000, grad_tol=1e-6)
    assert np.allclose(run.w, np.linalg.solve(A, B), atol=2e-6)
    assert run.spec.method.rule == rule


@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG.keys())
def test_a_wrong_gradient_is_refused_before_the_first_step(wrong):
    with pytest.raises(WrongGradient, match="Mend the gradient, or say check=False") as refused:
        minimize(wrong, [1.0, 2.0], steps=5)
    assert len(str(refused.value)) > 60


@pytest.mark.parametrize(("unfit", "words"), UNFIT.values(), ids=UNFIT.keys())
def test_what_is_no_gradient_is_refused_whether_the_gate_is_open_or_not(unfit, words):
    with pytest.raises(WrongGradient, match=words) as refused:
        minimize(unfit, [1.0, 2.0], steps=5)
    assert "check=False" not in str(refused.value)
    with pytest.raises(ThalwegError, match=words):
        minimize(unfit, [1.0, 2.0], steps=5, check=False)


def test_the_gate_costs_a_few_calls_and_can_be_left_open():
    def counted(**settings):
        calls = []
        minimize(lambda w: calls.append(1) or quadratic(w), [1.0, 2.0], lr=0.1, steps=5, **settings)
        return len(calls)

    assert counted(check=False) < counted() <= counted(check=False) + 30


def test_the_header_says_whether_the_gradient_was_checked():
    for check, words in ((True, "quadratic, gradient checked"), (False, "quadratic, gradient not checked")):
        run = minimize(quadratic, [1.0, 2.0], lr=0.1, steps=2, check=check)
        assert run.spec.problem.label == words
        assert header(run.spec, run.problem)["problem"]["label"] == words


def test_a_wrong_gradient_may_be_descended_on_by_who_says_so():
    run = minimize(WRONG["sign"], [1.0, 2.0], lr=0.1, steps=500, check=False)
    assert run.diverged


# Structures


class Layer(NamedTuple):
    W: object
    b: object


def as_layer(p):
    loss, grad = line({"W": p.W, "b": p.b})
    return loss, Layer(grad["W"], grad["b"])


def as_nested(p):
    loss, grad = line({"W": p["layers"][0]["W"][:, 0], "b": p["layers"][0]["b"][0]})
    return loss, {"layers": [{"b": grad["b"][None], "W": grad["W"][:, None]}]}


def as_list(p):
    loss, grad = line({"W": p[0], "b": p[1]})
    return loss, (grad["W"], grad["b"])


W0, B0 = START["W"], START["b"]
STRUCTURES = {
    "dictionary": (line, START),
    "bias first": (line, {"b": B0, "W": W0}),
    "list": (as_list, [W0, np.array(B0)]),
    "tuple": (as_list, (W0, np.array(B0))),
    "named tuple": (as_layer, Layer(W0, B0)),
    "nested": (as_nested, {"layers": [{"W": W0[:, None], "b": np.array([B0])}]}),
}


@pytest.mark.few(4)
@pytest.mark.parametrize("rule", ["gd", "adam"])
@pytest.mark.parametrize(("function", "start"), STRUCTURES.values(), ids=STRUCTURES.keys())
def test_every_structure_descends_bit_for_bit_as_its_flat_vector(function, start, rule):
    flat = minimize(flat_line, FLAT, rule=rule, lr=0.1, steps=25)
    run = minimize(function, start, rule=rule, lr=0.1, steps=25)
    assert run.w.tobytes() == flat.w.tobytes()
    assert run.loss_history.tobytes() == flat.loss_history.tobytes()
    assert type(run.params()) is type(start)


def test_params_are_the_best_weights_in_the_structure_of_the_start():
    run = minimize(line, START, lr=0.1, steps=60)
    best = run.params()
    assert best.keys() == START.keys()
    assert (best["W"].shape, np.shape(best["b"])) == ((3,), ())
    assert line(best)[0] == pytest.approx(run.best_value)
    assert np.allclose(best["W"], [1.0, -2.0, 0.5], atol=0.2)


def test_every_array_has_its_norms():
    run = minimize(line, START, lr=0.1, steps=10)
    for kind in ("grad_norm", "update_norm", "param_norm"):
        parts = run.steps.matching(kind)
        assert list(parts) == ["W", "b"]
        assert np.allclose(np.sqrt(sum(part**2 for part in parts.values())), run.steps[kind])


def test_matrices_and_numbers_and_whole_numbers_may_be_a_start():
    square = minimize(lambda w: ((w**2).sum(), 2 * w), np.ones((2, 3)), lr=0.25, steps=1)
    assert square.params().tolist() == [[0.5] * 3] * 2
    number = minimize(lambda w: ((w - 3) ** 2, 2 * (w - 3)), 1, lr=0.5, steps=1)
    assert number.params() == 3.0


@pytest.mark.parametrize("start", [np.ones(2, np.float32), {"W": np.ones((2, 2), np.float32), "b": np.float32(1)}])
def test_single_precision_stays_single(start):
    seen = set()

    def f(p):
        leaves = list(p.values()) if isinstance(p, dict) else [p]
        seen.update(leaf.dtype for leaf in leaves)
        grads = [2 * leaf for leaf in leaves]
        return sum((leaf**2).sum() for leaf in leaves), dict(zip(p, grads, strict=True)) if len(grads) > 1 else grads[0]

    run = minimize(f, start, lr=0.1, steps=3)
    assert seen == {np.dtype("float32")}
    assert run.w.dtype == np.float32
    assert run.spec.dtype == "float32"


def test_a_dtype_that_is_asked_for_is_what_the_function_sees():
    seen = set()
    minimize(lambda w: (seen.add(w.dtype) or (w**2).sum(), 2 * w), np.ones(2), lr=0.1, steps=2, dtype="float32")
    assert seen == {np.dtype("float32")}


def test_a_function_cannot_damage_the_descent():
    def destroys(params):
        answer = line(params)
        params["W"][:] = np.nan
        params.clear()
        return answer

    with pytest.raises(WrongGradient, match="changed its parameters"):
        minimize(destroys, START, lr=0.1, steps=5)
    wild = minimize(destroys, START, lr=0.1, steps=5, check=False)
    assert wild.w.tobytes() == minimize(line, START, lr=0.1, steps=5).w.tobytes()


def test_the_start_is_the_callers_and_stays_as_it_was():
    start = {"W": np.array([5.0, -5.0, 1.0]), "b": np.array(0.0)}
    run = minimize(line, start, lr=0.1, steps=10)
    assert (start["W"].tolist(), start["b"].tolist()) == ([5.0, -5.0, 1.0], 0.0)
    assert run.theta_history[0].tolist() == [5.0, -5.0, 1.0, 0.0]


def test_decay_spares_what_is_called_like_a_bias():
    idle = {"W": np.ones(2), "b1": np.ones(2), "out_bias": np.ones(1)}

    def nothing(p):
        return 0.0, {name: np.zeros_like(value) for name, value in p.items()}

    run = minimize(nothing, idle, rule="adamw", lr=0.1, decay=0.5, steps=1)
    ended = run.problem.objective.params(run.w)
    assert (ended["W"] < 1).all()
    assert ended["b1"].tolist() == [1.0, 1.0]
    assert ended["out_bias"].tolist() == [1.0]


def test_the_gradient_may_have_a_function_of_its_own():
    one = minimize(line, START, lr=0.1, steps=5)
    two = minimize(lambda p: line(p)[0], START, grad=lambda p: line(p)[1], lr=0.1, steps=5)
    assert one.w.tobytes() == two.w.tobytes()
    assert two.spec.problem.label == "<lambda> with <lambda>, gradient checked"


# Rows and measures


def test_minibatches_visit_every_row_once_an_epoch_in_the_engines_order():
    seen = []

    def f(params, rows):
        seen.append(rows.tolist())
        rows.sort()  # ours to spoil
        return line(params, rows)

    run = minimize(f, START, examples=30, batch_size=8, lr=0.1, steps=8, check=False, every=8)
    steps = [rows for rows in seen if len(rows) < 30]
    assert [len(rows) for rows in steps] == [8, 8, 8, 6] * 2
    first, second = (np.concatenate(half) for half in (steps[:4], steps[4:]))
    assert sorted(first) == sorted(second) == list(range(30))
    assert steps[0] != sorted(steps[0])
    assert run.final["epoch"] == 2.0


def test_all_rows_at_once_are_the_function_without_rows():
    whole = minimize(line, START, lr=0.1, steps=5)
    rows = minimize(line, START, examples=30, lr=0.1, steps=5)
    assert rows.w.tobytes() == whole.w.tobytes()
    assert header(rows.spec, rows.problem)["batch_size"] == 30


def test_a_gradient_that_divides_by_all_rows_is_caught_on_a_batch():
    def wrong(params, rows):
        loss, grad = line(params, rows)
        return loss, {name: g * len(rows) / 30 for name, g in grad.items()}

    with pytest.raises(WrongGradient, match="not that of the loss"):
        minimize(wrong, START, examples=30, batch_size=8, lr=0.1, steps=5)


def test_measures_are_recorded_at_every_evaluation_and_say_which_weights_are_best():
    def evaluate(params):
        return {"loss": (float(params["b"]) - 0.2) ** 2, "train_distance": 1.5}

    run = minimize(line, START, lr=0.1, steps=50, every=5, evaluate=evaluate)
    t, loss = run.history("validation_loss")
    assert t.tolist() == list(range(0, 51, 5))
    assert run.history("train_distance")[1].tolist() == [1.5] * 11
    assert run.best_value == loss.min()
    assert run.best_t == t[loss.argmin()] < 50


# Mistakes


def fails_at_the_start(params):
    return params["V"]


def fails_later():
    calls = []

    def f(params):
        calls.append(1)
        if len(calls) > 60:
            raise ZeroDivisionError("no rows\nleft")
        return line(params)

    return f


@pytest.mark.parametrize(
    ("function", "told"), [(fails_at_the_start, "KeyError: 'V'"), (fails_later(), "ZeroDivisionError: no rows left")]
)
def test_an_exception_is_told_in_one_sentence_and_kept_as_the_cause(function, told):
    words = rf"{function.__name__}\(params\) failed in test_own.py, line \d+: {told}"
    with pytest.raises(FunctionFailed, match=words) as raised:
        minimize(function, START, lr=0.1, steps=200)
    assert type(raised.value.__cause__).__name__ == told.partition(":")[0]


def test_a_function_defined_only_near_its_start_is_not_refused_for_it():
    def root(w):
        if w[0] < 0:
            raise ValueError("a negative number has no root")
        return w[0] ** 1.5, 1.5 * np.sqrt(w)

    assert minimize(root, [1e-3], lr=1e-4, steps=5).state.t == 5


MISTAKES = {
    "start first": (lambda: minimize(START, line), "loss_and_grad is a dict; expected a function"),
    "no start": (lambda: minimize(line, None), "start is None; expected an array"),
    "start in words": (lambda: minimize(line, "zeros"), "start is the text 'zeros'"),
    "nan at the start": (lambda: minimize(line, {"W": W0 * np.nan, "b": 0.0}), "parameter W holds nan or inf"),
    "no parameters": (lambda: minimize(line, {}), "start holds no parameters"),
    "a number for a gradient": (lambda: minimize(line, START, grad=3), "grad is an int; expected a function"),
    "batches without rows": (lambda: minimize(line, START, batch_size=8), "no rows to draw from; say examples="),
    "the rows themselves": (lambda: minimize(line, START, examples=X), r"as in examples=len\(X\)"),
    "half a row": (lambda: minimize(line, START, examples=2.5), "examples is 2.5"),
    "too few arguments": (
        lambda: minimize(lambda p: (0.0, p), START, examples=30),
        r"cannot be called as <lambda>\(params, rows\)",
    ),
    "a typo": (lambda: minimize(line, START, momentun=0.9), "no setting 'momentun'"),
    "a setting of tables": (lambda: minimize(line, START, l2=0.1), "no setting 'l2'"),
    "newton": (lambda: minimize(line, START, rule="newton"), "newton needs a convex model"),
    "measures that are none": (lambda: minimize(line, START, evaluate=lambda p: 3), "expected a dictionary of numbers"),
}


@pytest.mark.parametrize(("call", "words"), MISTAKES.values(), ids=MISTAKES.keys())
def test_a_mistake_is_one_plain_sentence(call, words):
    with pytest.raises(ThalwegError, match=words) as refused:
        call()
    assert "\n" not in str(refused.value)


def test_a_callable_object_has_a_name_too():
    class Bowl:
        def __call__(self, w):
            return w @ w, 2 * w

    assert minimize(Bowl(), [1.0], lr=0.1, steps=2).spec.problem.label == "Bowl, gradient checked"


# Folders


def test_a_folder_holds_the_run_and_its_page_and_reads_back(tmp_path):
    pages = []
    folder = tmp_path / "runs" / "mine"
    run = minimize(line, START, lr=0.1, steps=9, folder=folder, page=lambda *told: pages.append(told))
    assert pages == [(run, folder)]
    head = json.loads((folder / "header.json").read_text())
    assert (head["rule"], head["problem"]["kind"], head["problem"]["parameters"]) == ("gd", "custom", 4)
    again = load_run(folder, run.problem.objective)
    assert again.w.tobytes() == run.w.tobytes()
    assert again.params()["W"].tobytes() == run.params()["W"].tobytes()
    with pytest.raises(FolderError, match="hand its objective along"):
        load_run(folder)


def test_a_folder_that_exists_is_refused_before_the_function_is_called(tmp_path):
    calls = []
    with pytest.raises(FolderError, match="exists already; choose another name"):
        minimize(lambda w: calls.append(w) or quadratic(w), [1.0, 2.0], folder=tmp_path)
    assert calls == []


@pytest.mark.parametrize("function", [fails_at_the_start, WRONG["sign"]])
def test_a_refusal_leaves_no_folder_behind(function, tmp_path):
    start = START if function is fails_at_the_start else [1.0, 2.0]
    with pytest.raises((FunctionFailed, SpecError)):
        minimize(function, start, lr=0.1, folder=tmp_path / "runs" / "mine")
    assert list(tmp_path.iterdir()) == []


def test_what_was_done_before_an_exception_is_kept(tmp_path):
    f = fails_later()
    with pytest.raises(FunctionFailed):
        minimize(f, START, lr=0.1, steps=100, folder=tmp_path / "mine")
    run = load_run(tmp_path / "mine", minimize(line, START, lr=0.1, steps=1).problem.objective)
    assert run.unfinished
    assert len(run.steps) == run.state.t > 10
    assert run.loss_history.tobytes() == minimize(line, START, lr=0.1, steps=100).loss_history[: run.state.t].tobytes()


def test_ctrl_c_ends_at_a_whole_step_and_is_passed_on(tmp_path):
    calls = []

    def f(params):
        calls.append(1)
        if len(calls) == 60:
            os.kill(os.getpid(), signal.SIGINT)
        return line(params)

    with pytest.raises(KeyboardInterrupt):
        minimize(f, START, lr=0.1, steps=500, folder=tmp_path / "mine")
    run = load_run(tmp_path / "mine", minimize(line, START, lr=0.1, steps=1).problem.objective)
    assert run.stopped.kind == "interrupted"
    assert 0 < run.state.t == len(run.steps) < 60


def test_the_examples_in_the_docstrings_run():
    assert doctest.testmod(own).failed == 0
