"""Laws of a recording: its rows are those of a run of ours, and its folder can be read whenever the process dies."""

import json

import numpy as np
import pytest
from killing import deaths

from thalweg.descent.log import Log
from thalweg.descent.measuring import MOST_ARRAYS, Measurer, structure
from thalweg.descent.recorded_folder import RecordingWriter, is_recording, load_recording
from thalweg.descent.recording import Recording, ended
from thalweg.descent.spec import Spec
from thalweg.descent.trail import SIGNALS
from thalweg.descent.train import train
from thalweg.errors import FolderError, ShapeError
from thalweg.problems.layout import Layout
from thalweg.problems.objective import UserObjective
from thalweg.problems.sections import Custom

rng = np.random.default_rng(8)
H = rng.normal(size=(26, 26))
H = H @ H.T / 26 + np.eye(26)
LAYOUT = Layout({"W": (6, 4)}, {"b": (2,)})


def bowl(w):
    return float(0.5 * w @ H @ w), H @ w


def recorded(steps=12, lr=0.05, kind=np.float64):
    """A loop by hand on that bowl, from ones, told step by step."""
    log, w = Log(), np.ones(26, kind)
    for t in range(steps):
        loss, grad = bowl(w)
        views, grads = LAYOUT.views(w), LAYOUT.views(grad.astype(kind))
        log.step(float(t), lr, loss, views, grads)
        w -= lr * grad.astype(kind)  # in place: what was handed over changes too
    log.led_to(LAYOUT.views(w))
    return log


def test_a_recorded_loop_has_the_rows_of_our_own_run_of_the_same_descent():
    spec = Spec(problem=Custom(start=(1.0,) * 26)).but(lr=0.05, steps=12)
    run = train(spec, objective=UserObjective(bowl, 26, named=LAYOUT))
    log = recorded()
    assert log.rows.columns == run.steps.columns
    timeless = [i for i, column in enumerate(log.rows.columns) if column != "seconds"]
    assert np.allclose(log.rows.filled[:, timeless], run.steps.rows[:, timeless], rtol=1e-12, atol=0)


@pytest.mark.parametrize("kind", [np.float32, np.float16])
def test_norms_of_coarse_numbers_are_taken_in_float64(kind):
    fine, coarse = recorded().rows.filled, recorded(kind=kind).rows.filled
    known = np.isfinite(fine)
    assert np.allclose(
        coarse[known], fine[known], rtol=40 * np.finfo(kind).eps, atol=0.05 if kind == np.float16 else 1e-6
    )
    big = np.full(70_000, 1e30, np.float32)  # its squares overflow float32
    (_, _), (norm, *_) = Measurer("grads", big).row(None, big)
    assert norm == pytest.approx(1e30 * np.sqrt(70_000), rel=1e-6)


@pytest.mark.parametrize("size", [1e-300, 1e-170, 1.0, 1e170, 1e307])
def test_only_what_is_not_finite_has_no_finite_norm(size):
    measurer = Measurer("grads", np.ones(3))
    assert measurer.row(None, size * np.array([2.0, 3.0, 6.0]))[1][0] == pytest.approx(7 * size)
    assert measurer.broken == ""
    measurer.row(None, np.array([1.0, np.nan, 2.0]))
    assert measurer.broken == "the gradient is"


def test_the_largest_arrays_have_norms_of_their_own_and_all_count_together():
    sizes = rng.permutation(40) + 1
    grads = {f"layer{i}": rng.normal(size=size) for i, size in enumerate(sizes)}
    measurer = Measurer("grads", grads)
    assert [sizes[int(name[5:])] for name in measurer.shown] == [n for n in sizes if n > 40 - MOST_ARRAYS]
    assert measurer.sentence == "the 16 largest of 40 arrays"
    _, row = measurer.row(None, grads)
    assert row[0] == pytest.approx(np.sqrt(sum(g @ g for g in grads.values())))
    assert len(measurer.columns) == len(SIGNALS) + 3 * MOST_ARRAYS + 16


def test_what_is_not_told_is_nan_and_an_update_is_known_only_between_neighbours():
    log, w = Log(), np.ones(3)
    for t in range(8):
        log.step(0.0, 0.1, 1.0, w + t if t in (2, 3, 6) else None, 2 * w if t > 4 else None)
    updates, grads = log.steps()["update_norm"], log.steps()["grad_norm"]
    assert np.flatnonzero(np.isfinite(updates)).tolist() == [2]
    assert updates[2] == pytest.approx(np.sqrt(3))
    assert np.flatnonzero(np.isfinite(grads)).tolist() == [5, 6, 7]
    assert np.isfinite(log.steps()["param_norm"]).nonzero()[0].tolist() == [2, 3, 6]


class Tensor:
    """An array of some other library: NumPy reads it once it is detached."""

    def __init__(self, values, attached=True, wide=True):
        self.values, self.attached, self.wide = np.asarray(values), attached, wide

    def detach(self):
        return Tensor(self.values, False, self.wide)

    def cpu(self):
        return self

    def double(self):
        return Tensor(self.values, False)

    def __array__(self, dtype=None, copy=None):
        if self.attached or not self.wide:
            raise TypeError("cannot be read by NumPy")
        return self.values.astype(dtype or self.values.dtype)


@pytest.mark.parametrize("wide", [True, False])
def test_tensors_of_other_libraries_are_read_where_numpy_can(wide):
    tree = {"W": Tensor([3.0, 4.0], wide=wide)}
    assert Measurer("params", tree).row(tree, None)[1][2] == 5.0


def test_whole_numbers_and_flags_are_numbers_too():
    measurer = Measurer("params", {"n": np.array([3, 4], np.uint8), "on": np.array([True, False])})
    (_, _), row = measurer.row({"n": np.array([3, 4], np.uint8), "on": np.array([True, False])}, None)
    assert row[2] == pytest.approx(np.sqrt(26))
    (update, _), _ = measurer.row({"n": np.array([0, 0], np.uint8), "on": np.array([True, False])}, None)
    assert update == 5.0


def test_two_arrays_of_one_name_are_refused():
    with pytest.raises(ShapeError, match="two of the params have the same name"):
        Measurer("params", {"a": {"b": 1.0}, "a.b": 2.0})


def test_named_parameters_may_come_as_an_iterator():
    assert structure(iter([("W", 1), ("b", 2)])) == {"W": 1, "b": 2}
    assert structure(iter([1, 2])) == [1, 2]
    assert structure({"W": 1}) == {"W": 1}


def test_nothing_of_the_loop_is_kept_alive_or_changed():
    w, g = {"W": np.ones(3)}, {"W": np.arange(3.0)}
    log = Log()
    for _ in range(3):
        log.step(0.0, 0.1, 1.0, w, g)
    assert w["W"].tolist() == [1, 1, 1]
    assert g["W"].tolist() == [0, 1, 2]
    assert not any(np.shares_memory(kept, w["W"]) for kept in log.measurer._kept.values())
    assert log.measurer.tree == {"W": None}


@pytest.mark.parametrize("numbers", [(np.nan, None, None), (1.0, None, np.inf), (1.0, np.nan, None)])
def test_divergence_is_told_once_with_its_step_and_taken_back_when_all_is_finite_again(numbers):
    log, one = Log(), np.ones(2)
    first = []
    for t in range(6):
        loss, param, grad = numbers if t in (2, 3) else (1.0, None, None)
        params, grads = one if param is None else one * param, one if grad is None else one * grad
        first.append(log.step(0.0, 0.1, loss, params, grads))
        assert log.broken[0] == (3 if t in (2, 3) else 0)
    assert first == [False, False, True, False, False, False]


@pytest.mark.parametrize(
    ("later", "words"),
    [
        ({"W": np.ones(2)}, "grads are not built like the params of the first step: it lacks b"),
        ([np.ones(2), 1.0], "it lacks W, b and has 0, 1 instead"),
        ({"W": np.ones((2, 1)), "b": 1.0}, r"W of grads has shape \(2, 1\); expected \(2,\)"),
        ({"W": np.ones(2), "b": "x"}, "b of grads is of type str"),
    ],
)
def test_another_structure_is_refused_and_leaves_the_log_as_it_was(later, words):
    log, params = Log(), {"W": np.ones(2), "b": 1.0}
    log.step(0.0, 0.1, 1.0, params, None)
    before = log.rows.filled.copy()
    with pytest.raises(ShapeError, match=words):
        log.step(0.0, 0.1, 1.0, params, later)
    assert np.array_equal(log.rows.filled, before, equal_nan=True)
    log.step(0.0, 0.1, 1.0, params, {"b": None, "W": np.ones(2)})  # no gradient of b is no mistake
    assert log.t == 2


# Folders


def recording_of(log, kind="closed"):
    return Recording("mine", {"kind": "recorded"}, log.steps(), tuple(log.evaluations), ended(kind, log.t))


def going_on(folder):
    """A loop that writes a block after every second step; parameters come up late, so that rows get wider."""
    log, writer = Log(), RecordingWriter(folder)
    writer.begin({"kind": "recorded", "rule": "mine"})
    for t in range(8):
        log.step(float(t), 0.1, 8.0 - t, np.full(2, t) if t > 3 else None, None)
        log.evaluations.append({"t": t + 1, "seconds": float(t), "validation_loss": 1.0 / (t + 1)})
        if t % 2:
            if writer.columns != log.rows.columns:
                writer.widen(log.rows.columns, log.complete)
            writer.write(log.complete, log.evaluations)
    return log, writer


def into(folder):
    """The same, closed."""
    log, writer = going_on(folder)
    writer.end(recording_of(log))
    return log


def test_a_folder_reads_back_as_it_was_written(tmp_path):
    log = into(tmp_path)
    found = load_recording(tmp_path)
    assert found.steps.columns == log.rows.columns
    assert found.steps.rows.tobytes() == log.rows.filled.tobytes()
    assert list(found.evaluations) == log.evaluations
    assert (found.stopped, found.header["rule"]) == (ended("closed", 8), "mine")
    assert sorted(p.name for p in tmp_path.iterdir()) == [
        "header.json",
        "metrics.jsonl",
        "recording.json",
        "steps.bin",
        "steps.parquet",
    ]
    assert is_recording(tmp_path)


def test_measures_that_are_not_finite_come_back_as_nan(tmp_path):
    log, writer = Log(), RecordingWriter(tmp_path)
    writer.begin({})
    log.evaluations.append({"t": 0, "seconds": 0.0, "train_loss": float("inf")})
    writer.write(log.complete, log.evaluations)
    assert np.isnan(load_recording(tmp_path).history("train_loss")[1]).all()


@pytest.mark.kill
def test_a_process_killed_at_any_point_leaves_a_folder_that_reads_as_a_part_of_the_whole(tmp_path):
    (tmp_path / "whole").mkdir()
    whole = into(tmp_path / "whole").steps()

    def folder_for(name):
        (folder := tmp_path / name).mkdir()
        return folder

    read = 0
    for trial in deaths(into, folder_for):
        try:
            found = load_recording(trial.folder)
        except FolderError:
            assert not is_recording(trial.folder), trial
            continue
        read += 1
        narrow = [found.steps.columns.index(c) for c in SIGNALS]
        rows, same = found.steps.rows[:, narrow], whole.rows[: found.t, : len(SIGNALS)]
        assert np.array_equal(np.nan_to_num(rows[:-1]), np.nan_to_num(same[:-1])), trial
        assert [e["t"] for e in found.evaluations] == list(range(1, len(found.evaluations) + 1)), trial
        assert found.unfinished or found.t == 8, trial
    assert read > 20


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda folder: (folder / "recording.json").unlink(), "has no recording.json and so is no recording"),
        (lambda folder: (folder / "recording.json").write_text("{}"), "is not what this version"),
        (lambda folder: (folder / "recording.json").write_text("]"), "is damaged"),
        (lambda folder: (folder / "header.json").unlink(), "cannot read"),
        (lambda folder: (folder / "metrics.jsonl").write_text("{\n{\n"), "is damaged"),
        (lambda folder: (folder / "recording.json").rename(folder / "spec.toml"), "load it with load_run"),
    ],
)
def test_what_is_no_recording_is_refused(damage, words, tmp_path):
    going_on(tmp_path)
    damage(tmp_path)
    with pytest.raises(FolderError, match=words):
        load_recording(tmp_path)


def test_a_torn_last_row_or_line_is_left_out(tmp_path):
    going_on(tmp_path)
    before = load_recording(tmp_path)
    for name in ("steps-wider.bin", "metrics.jsonl"):
        data = (tmp_path / name).read_bytes()
        (tmp_path / name).write_bytes(data[:-3])
    found = load_recording(tmp_path)
    assert (found.t, len(found.evaluations)) == (before.t - 1, len(before.evaluations) - 1)
    assert json.loads((tmp_path / "recording.json").read_text())["format"] == 1


# What a recording says of itself


def test_the_best_step_is_told_by_the_validation_loss_if_there_is_one():
    log = Log()
    for t, loss in enumerate([3.0, 1.0, 2.0, np.nan]):
        log.step(float(t), 0.1, loss, None, None)
    assert (recording_of(log).best_t, recording_of(log).best_value, recording_of(log).watched) == (2, 1.0, "loss")
    log.evaluations += [{"t": 1, "val_loss": 5.0}, {"t": 3, "val_loss": 4.0, "accuracy": 0.5}]
    found = recording_of(log)
    assert (found.best_t, found.best_value, found.watched) == (3, 4.0, "val_loss")
    assert found.measures == ("val_loss", "accuracy")
    assert found.final["accuracy"] == 0.5
    happened = found.happened(3)
    assert (happened["loss"], happened["val_loss"], happened["accuracy"]) == (2.0, 4.0, 0.5)
    assert found.history("accuracy")[0].tolist() == [3]
    assert found.history("lr")[1].tolist() == [0.1] * 4
    assert found.history("nothing")[0].size == 0


def test_a_recording_without_steps_says_so_without_failing():
    empty = recording_of(Log(), "running")
    assert (empty.t, empty.best_t, empty.best_value, empty.unfinished) == (0, 0, np.inf, True)
    assert empty.theta_history.shape == (0, 0)
