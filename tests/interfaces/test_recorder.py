"""Laws of the recorder: three lines in a loop of one's own, whatever the loop does, and however it ends."""

import doctest
import json
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest

from thalweg.errors import FolderError, ThalwegError
from thalweg.evidence.own import minimize
from thalweg.interfaces import recorder
from thalweg.interfaces.recorder import Recorder

PARAMS = {"W": np.ones((2, 2)), "b": np.zeros(2)}


def bowl(w):
    return float(((w - 3) ** 2).sum()), 2 * (w - 3)


def descend(rec, steps=5, lr=0.25, w=0.0):
    """A loop of one's own, in place, as a reader would write it."""
    w = np.full(2, w)
    for _ in range(steps):
        loss, grad = bowl(w)
        rec.step(loss=loss, params=w, grads=grad, lr=lr)
        w -= lr * grad
    return w


def test_a_loop_that_is_recorded_looks_like_minimize_from_inside():
    with Recorder() as rec:
        descend(rec, 20)
    run = minimize(bowl, [0.0, 0.0], lr=0.25, steps=20)
    assert np.allclose(rec.loss_history, run.loss_history, rtol=1e-12)
    assert np.allclose(rec.grad_norm_history, run.grad_norm_history, rtol=1e-12)
    assert np.allclose(rec.step_norm_history[:-1], run.step_norm_history[:-1], rtol=1e-12)
    assert np.isnan(rec.step_norm_history[-1])
    assert np.allclose(rec.run.theta_history, run.theta_history[:-1])
    assert rec.happened(7)["loss"] == pytest.approx(run.happened(7)["loss"])


def test_the_last_update_is_known_where_close_is_told_where_it_led():
    rec = Recorder()
    rec.close(params=descend(rec))
    assert np.isfinite(rec.step_norm_history).all()


def test_a_loss_alone_is_enough():
    rec = Recorder(lr=0.5)
    for loss in (3, np.float32(2), np.array([[1.0]])):
        rec.step(loss)
    assert rec.loss_history.tolist() == [3.0, 2.0, 1.0]
    assert rec.history("lr")[1].tolist() == [0.5] * 3
    assert np.isnan(rec.grad_norm_history).all()


def test_measures_come_at_any_cadence_under_any_name():
    rec = Recorder()
    rec.evaluate(validation_loss=9)
    for t in range(6):
        rec.step(1.0)
        if t % 2:
            rec.evaluate({"accuracy": t}, epoch=t // 2)
    assert rec.history("validation_loss")[0].tolist() == [0]
    assert rec.history("accuracy")[0].tolist() == [2, 4, 6]
    assert rec.happened(4)["accuracy"] == 3.0


def test_without_a_name_nothing_is_written(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with Recorder(rule="mine") as rec:
        descend(rec)
    assert list(tmp_path.iterdir()) == []
    assert rec.folder is None
    assert rec.run.header["rule"] == "mine"


def test_a_named_folder_holds_header_histories_and_page(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def my_model():
        pass

    with Recorder("mine", rule="my adam", lr=0.25, sizes=np.arange(3), model=my_model, data=Path("a")) as rec:
        descend(rec)
        rec.evaluate(validation_loss=0.5)
    assert sorted(p.name for p in Path("runs/mine").iterdir()) == [
        "header.json",
        "metrics.jsonl",
        "recording.json",
        "report.html",
        "steps.bin",
        "steps.parquet",
    ]
    head = json.loads(Path("runs/mine/header.json").read_text())
    assert (head["kind"], head["rule"], head["lr"], head["sizes"]) == ("recorded", "my adam", 0.25, [0, 1, 2])
    assert (head["model"], head["data"], head["norms_of"]) == ("my_model", "a", "every array")
    assert {"versions", "machine", "git_commit", "started"} <= head.keys()
    found = Recorder.load("runs/mine")
    assert found.steps.rows.tobytes() == rec.run.steps.rows.tobytes()
    assert found.evaluations == rec.run.evaluations
    assert found.stopped == rec.run.stopped


@pytest.mark.slow
def test_the_rate_of_the_first_step_is_in_the_header_where_nobody_gave_one(tmp_path):
    with Recorder("mine", out=tmp_path) as rec:
        rec.step(1.0, lr=0.3)
        rec.step(1.0, lr=0.1)
    assert json.loads((tmp_path / "mine" / "header.json").read_text())["lr"] == 0.3


@pytest.mark.slow
def test_a_name_that_exists_is_refused_before_anything_is_written(tmp_path):
    Recorder("mine", out=tmp_path).close()
    before = {p: p.stat().st_mtime_ns for p in tmp_path.rglob("*")}
    with pytest.raises(FolderError, match="mine exists already; choose another name"):
        Recorder("mine", out=tmp_path)
    assert {p: p.stat().st_mtime_ns for p in tmp_path.rglob("*")} == before


@pytest.mark.slow
def test_without_a_name_folders_are_numbered(tmp_path):
    first, second = Recorder(out=tmp_path), Recorder(out=tmp_path)
    assert [r.folder.name for r in (first, second)] == ["recorded-001", "recorded-002"]
    first.close()
    second.close()


# Endings


def test_an_exception_in_the_loop_is_recorded_and_passed_on(tmp_path):
    rec = Recorder("mine", out=tmp_path)
    rec.step(1.0)
    with pytest.raises(ZeroDivisionError), rec:
        rec.step(1 / (1 - rec.t))
    found = Recorder.load(tmp_path / "mine")
    assert found.stopped.kind == "failed"
    assert found.stopped.sentence.startswith("ended at step 1 by ZeroDivisionError: division by zero, test_recorder.py")
    assert rec.run.stopped == found.stopped
    assert (tmp_path / "mine" / "report.html").is_file()


def test_ctrl_c_is_recorded_and_passed_on():
    rec = Recorder()
    rec.step(1.0)
    with pytest.raises(KeyboardInterrupt), rec:
        raise KeyboardInterrupt
    assert rec.run.stopped.sentence == "interrupted at step 1"


def test_divergence_is_said_once_at_the_line_of_the_loop_and_is_the_ending():
    rec = Recorder()
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        for loss in (1.0, 2.0, np.inf, np.nan):
            rec.step(loss)
    assert [str(warning.message) for warning in said] == ["step 3: the loss is inf"]
    assert Path(said[0].filename).name == "test_recorder.py"
    assert rec.diverged
    found = rec.close()
    assert (found.diverged, found.stopped.t) == (True, 3)
    assert found.stopped.sentence == "diverged at step 3: the loss is inf"


def test_a_step_that_was_not_finite_is_no_divergence_if_the_loop_recovers():
    rec = Recorder()
    with pytest.warns(RuntimeWarning, match="step 1: the gradient is not finite"):
        rec.step(1.0, grads=np.array([np.inf]))
    rec.step(1.0, grads=np.array([1.0]))
    assert not rec.diverged
    assert rec.close().stopped.kind == "closed"


def test_closing_twice_does_no_harm_and_nothing_comes_after_it():
    rec = Recorder()
    rec.step(1.0)
    assert rec.close().stopped == rec.close().stopped
    for more in (lambda: rec.step(1.0), lambda: rec.evaluate(accuracy=1)):
        with pytest.raises(ThalwegError, match=r"over \(ended at step 1\); make another Recorder"):
            more()


PROGRAM = """
import sys, os, signal
from thalweg.interfaces import recorder
recorder.SECONDS = 0.0
rec = recorder.Recorder("mine")
for t in range(50):
    rec.step(1.0 / (t + 1), params=[float(t)])
    if t == 30:
        {end}
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("end", "kind", "steps"),
    [
        ("pass", "left", 50),
        ("sys.exit(3)", "left", 31),
        ("1 / 0", "failed", 31),
        ("os.kill(os.getpid(), signal.SIGINT)", "interrupted", 31),
        ("os.kill(os.getpid(), signal.SIGTERM)", "running", 30),
        pytest.param("os.kill(os.getpid(), signal.SIGKILL)", "running", 30, marks=pytest.mark.kill),
    ],
)
def test_a_recorder_that_nobody_closes_is_closed_when_the_program_ends_if_it_can_be(end, kind, steps, tmp_path):
    subprocess.run([sys.executable, "-c", PROGRAM.format(end=end)], cwd=tmp_path, capture_output=True, check=False)
    found = Recorder.load(tmp_path / "runs" / "mine")
    assert (found.stopped.kind, found.t) == (kind, steps)
    assert (tmp_path / "runs" / "mine" / "report.html").is_file() == (kind != "running")


def test_a_disk_that_is_full_for_a_while_costs_the_loop_nothing(tmp_path, monkeypatch):
    rec = Recorder("mine", out=tmp_path)
    monkeypatch.setattr(recorder, "SECONDS", 0.0)
    rec._due = 0.0

    def full(*args):
        raise FolderError("cannot write: no space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("thalweg.descent.recorded_folder.append", full)
        with pytest.warns(RuntimeWarning, match="goes on in memory") as said:
            [rec.step(1.0) for _ in range(5)]
    assert len(said) == 1
    rec.step(1.0)
    assert Recorder.load(rec.folder).t == 6
    rec.close()


# Mistakes


def twice(**later):
    rec = Recorder()
    rec.step(1.0, params=PARAMS)
    rec.step(1.0, **later)


MISTAKES = {
    "no loss": (lambda: Recorder().step(params=PARAMS), "came without a loss; say step"),
    "losses": (lambda: Recorder().step(np.ones(3)), r"loss is an ndarray of shape \(3,\); expected one number"),
    "loss in words": (lambda: Recorder().step("low"), "loss is a str 'low'; expected one number"),
    "a measure as a step": (lambda: Recorder().step(1.0, accuracy=1), r"say evaluate\(accuracy=…\)"),
    "a typo": (lambda: Recorder().step(1.0, gradients=PARAMS), "takes no gradients; did you mean grads"),
    "nothing to evaluate": (lambda: Recorder().evaluate(), "came without measures"),
    "a measure of many": (lambda: Recorder().evaluate(accuracy=[1, 2]), "accuracy is a list of shape"),
    "a measure called loss": (lambda: Recorder().evaluate(loss=1), "such as train_loss"),
    "another model": (lambda: twice(params={"V": np.ones(2)}), "it lacks W, b and has V instead"),
    "another shape": (lambda: twice(params={**PARAMS, "b": np.ones(3)}), r"b of params has shape \(3,\)"),
    "another gradient": (lambda: twice(grads=np.ones(3)), "it is a ndarray where the params are a dict"),
    "no parameters": (lambda: Recorder().step(1.0, params={}), "params hold no numbers"),
    "parameters in words": (lambda: Recorder().step(1.0, params="all"), "params is of type str"),
    "a parameter that is none": (lambda: Recorder().step(1.0, params={"W": None}), "W of params is None"),
    "a word of ours": (lambda: Recorder(kind="sgd"), "kind is written into the header by the recorder itself"),
    "a path for a name": (lambda: Recorder("a/b"), "name 'a/b' cannot be a folder"),
    "an unknown history": (lambda: Recorder().history("losss"), "no measure 'losss'; did you mean loss"),
    "no such folder": (lambda: Recorder.load("nowhere"), "no folder nowhere; give the folder of a recording"),
}


@pytest.mark.parametrize(("call", "words"), MISTAKES.values(), ids=MISTAKES.keys())
def test_a_mistake_is_one_plain_sentence_and_leaves_nothing_behind(call, words, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ThalwegError, match=words) as refused:
        call()
    assert "\n" not in str(refused.value)
    assert not list(tmp_path.rglob("*.json"))


@pytest.mark.torch
def test_tensors_with_gradients_are_recorded_as_they_are():
    torch = pytest.importorskip("torch")
    torch.manual_seed(0)
    model = torch.nn.Linear(3, 1)
    x, y = torch.randn(20, 3), torch.randn(20, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    rec, losses, norms = Recorder(), [], []
    for _ in range(5):
        optimizer.zero_grad()
        loss = torch.nn.functional.mse_loss(model(x), y)
        loss.backward()
        grads = {name: p.grad for name, p in model.named_parameters()}
        rec.step(loss=loss, params=model.named_parameters(), grads=grads, lr=0.1)
        losses.append(loss.item())
        norms.append(float(torch.cat([g.ravel() for g in grads.values()]).double().norm()))
        optimizer.step()
    assert rec.loss_history.tolist() == losses
    assert np.allclose(rec.grad_norm_history, norms, rtol=1e-12)
    assert np.allclose(rec.step_norm_history[:-1], 0.1 * rec.grad_norm_history[:-1], rtol=1e-5)
    assert list(rec.run.steps.matching("grad_norm")) == ["weight", "bias"]
    half = Recorder()
    half.step(1.0, params={"w": torch.ones(4, dtype=torch.bfloat16, requires_grad=True)})
    assert half.history("param_norm")[1].tolist() == [2.0]


def test_the_examples_in_the_docstrings_run():
    assert doctest.testmod(recorder).failed == 0
