"""What reaches the disk: whole files, logs that fit, names that are never paths, damage that is said plainly."""

import json
import os

import duckdb
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from thalweg.descent import files
from thalweg.descent.files import append, named_folder, numbered_folder, slug, write_whole
from thalweg.descent.folder import CHECKPOINT, Writer, load_run
from thalweg.descent.train import begin, finish, train
from thalweg.errors import FolderError
from thalweg.problems.objective import UserObjective
from thalweg.problems.sections import Custom


@settings(max_examples=300)
@given(st.text(max_size=90))
def test_a_name_is_never_a_path(name):
    try:
        accepted = slug(name)
    except FolderError as error:
        assert "cannot be a folder; expected at most 80 letters, digits" in str(error)  # noqa: PT017 - either is right
        return
    assert accepted == name
    assert os.path.basename(name) == name != ""  # noqa: PTH119 - of text, not of a path
    assert name.isascii()
    assert name[0] not in ".-"
    assert name.isprintable()


@pytest.mark.parametrize(
    "name", ["", ".", "..", "../up", "/etc", "a/b", "a\\b", "a\n", " a", "-rf", ".hidden", "C:", "é", "a\0b", "x" * 81]
)
def test_names_that_could_lead_elsewhere_are_refused(tmp_path, name):
    with pytest.raises(FolderError, match="cannot be a folder"):
        named_folder(tmp_path, name)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["a", "run-1", "A.b_c-9", "_x", "9", "x" * 80])
def test_plain_names_are_folders_inside_the_root(tmp_path, name):
    assert named_folder(tmp_path / "deep" / "root", name) == tmp_path / "deep" / "root" / name


def test_a_name_that_exists_is_refused_and_left_alone(tmp_path):
    named_folder(tmp_path, "mine")
    (tmp_path / "mine" / "kept").write_text("x")
    with pytest.raises(FolderError, match="mine exists already; choose another name or remove it"):
        named_folder(tmp_path, "mine")
    assert (tmp_path / "mine" / "kept").read_text() == "x"


def test_folders_without_a_name_are_numbered_and_unique(tmp_path):
    made = [numbered_folder(tmp_path, "iris").name for _ in range(3)]
    assert made == ["iris-001", "iris-002", "iris-003"]
    (tmp_path / "iris-007").mkdir()
    (tmp_path / "iris-²").mkdir()
    (tmp_path / "iris-mine").mkdir()
    assert numbered_folder(tmp_path, "iris").name == "iris-008"


@settings(max_examples=60)
@given(st.text(max_size=120))
def test_any_text_gives_a_number_to_a_folder_that_is_a_plain_name(tmp_path_factory, stem):
    root = tmp_path_factory.mktemp("root")
    folder = numbered_folder(root, stem)
    assert folder.parent == root
    assert slug(folder.name) == folder.name


def test_write_whole_replaces_a_file_and_leaves_no_other(tmp_path):
    path = tmp_path / "a.bin"
    for data in (b"first and longer", b"", b"third"):
        write_whole(path, data)
        assert path.read_bytes() == data
        assert [entry.name for entry in tmp_path.iterdir()] == ["a.bin"]


@pytest.mark.parametrize("failing", ["write", "fsync", "replace"])
def test_a_write_that_fails_keeps_the_old_file_and_leaves_no_temporary_one(tmp_path, monkeypatch, failing):
    path = tmp_path / "a.bin"
    write_whole(path, b"old")

    def full(*args):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files.os, failing, full)
    with pytest.raises(FolderError, match=r"cannot write .*a.bin: No space left on device; free some space"):
        write_whole(path, b"new")
    monkeypatch.undo()
    assert path.read_bytes() == b"old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.bin"]


def test_a_system_that_writes_only_a_few_bytes_at_a_time_is_asked_again(tmp_path, monkeypatch):
    original = os.write
    monkeypatch.setattr(files.os, "write", lambda handle, data: original(handle, bytes(data)[:3]))
    write_whole(tmp_path / "a", b"0123456789")
    assert append(tmp_path / "b", b"abcdefgh", 0) == 8
    assert (tmp_path / "a").read_bytes() == b"0123456789"
    assert (tmp_path / "b").read_bytes() == b"abcdefgh"


def test_append_cuts_off_what_stands_behind_and_says_the_new_length(tmp_path):
    log = tmp_path / "log"
    assert append(log, b"12345678", 0) == 8
    assert append(log, b"ab", 4) == 6
    assert log.read_bytes() == b"1234ab"
    assert append(log, b"", 2) == 2
    assert log.read_bytes() == b"12"


def test_writing_where_no_folder_is_says_so(tmp_path):
    with pytest.raises(FolderError, match=r"cannot write .*No such file or directory"):
        write_whole(tmp_path / "gone" / "a", b"x")


# A run's folder


@pytest.fixture
def folder(small, tmp_path):
    """Of a run that was paused after eight of its twelve updates."""
    path = named_folder(tmp_path, "run")
    population, writer = begin(small.but(rule="adam")), Writer(path)
    writer.begin(population)
    writer.end(finish(population, until=8))
    return path


def test_a_folder_holds_what_was_asked_what_happened_and_where_to_go_on(folder, small, assert_same_run):
    assert {entry.name for entry in folder.iterdir()} >= {
        "spec.toml",
        "header.json",
        "metrics.jsonl",
        "steps.bin",
        CHECKPOINT,
    }
    run = load_run(folder)
    assert_same_run(run, train(small.but(rule="adam"), until=8))
    assert type(small).from_toml((folder / "spec.toml").read_text()) == run.spec
    header = json.loads((folder / "header.json").read_text())
    assert (header["rule"], header["lr"], header["seed"]) == ("adam", run.spec.method.lr, 0)
    lines = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    assert lines == list(run.evaluations)


def test_a_finished_runs_steps_are_a_parquet_table_too(folder, small):
    population, writer = begin(small.but(rule="adam"), resume=load_run(folder)), Writer(folder)
    writer.begin(population)
    run = finish(population)
    writer.end(run)
    table = duckdb.read_parquet(str(folder / "steps.parquet"))
    assert table.columns == list(run.steps.columns)
    assert np.array_equal(np.array(table.fetchall()), run.steps.rows)
    assert not [entry.name for entry in folder.iterdir() if "tmp" in entry.name]


def test_losing_the_log_of_evaluations_loses_nothing(folder, small):
    """The checkpoint has them; a resumed run writes the log anew instead of filling a gap with zeros."""
    before = (folder / "metrics.jsonl").read_bytes()
    for damage in (lambda path: path.unlink(), lambda path: path.write_bytes(before[:20])):
        damage(folder / "metrics.jsonl")
        Writer(folder).begin(begin(small.but(rule="adam"), resume=load_run(folder)))
        assert (folder / "metrics.jsonl").read_bytes() == before


def test_a_folder_that_is_none_or_no_runs_says_so(tmp_path):
    with pytest.raises(FolderError, match=r"no folder .*gone; give the folder of a run"):
        load_run(tmp_path / "gone")
    with pytest.raises(FolderError, match=r"has no checkpoint; is it the folder of a run"):
        load_run(tmp_path)


def test_a_checkpoint_cut_short_anywhere_is_refused_with_a_sentence(folder):
    whole = (folder / CHECKPOINT).read_bytes()
    for length in [*range(0, 40), *range(40, len(whole), 97), len(whole) - 1]:
        (folder / CHECKPOINT).write_bytes(whole[:length])
        with pytest.raises(FolderError, match="is not a checkpoint of thalweg, or is damaged"):
            load_run(folder)
    (folder / CHECKPOINT).write_bytes(whole)
    assert load_run(folder).state.t == 8


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"\x80\x04\x95", b"{}", b"\0" * 64, b"\xff" * 64])
def test_any_other_file_in_its_place_is_refused(folder, content):
    (folder / CHECKPOINT).write_bytes(content)
    with pytest.raises(FolderError, match="is not a checkpoint of thalweg, or is damaged"):
        load_run(folder)


def test_steps_that_are_missing_or_too_short_are_said_plainly(folder):
    data = (folder / "steps.bin").read_bytes()
    (folder / "steps.bin").write_bytes(data[:-1])
    with pytest.raises(FolderError, match=r"steps.bin is shorter than its checkpoint says"):
        load_run(folder)
    (folder / "steps.bin").unlink()
    with pytest.raises(FolderError, match=r"cannot read .*steps.bin: No such file"):
        load_run(folder)


def test_a_run_with_an_objective_of_ones_own_asks_for_it(tmp_path, assert_same_run):
    from thalweg.descent.spec import Spec

    objective = UserObjective(lambda w: (float((w * w).sum()), 2 * w), 2)
    spec = Spec(problem=Custom(label="mine", start=(1.0, 2.0))).but(steps=5)
    population, writer = begin(spec, objective=objective), Writer(tmp_path)
    writer.begin(population)
    writer.end(finish(population))
    with pytest.raises(FolderError, match=r"is of a custom problem \(mine\); hand its objective along"):
        load_run(tmp_path)
    assert_same_run(load_run(tmp_path, objective), train(spec, objective=objective))


def test_values_that_are_not_finite_survive_the_folder_as_not_finite(tmp_path):
    from thalweg.descent.spec import Spec

    objective = UserObjective(lambda w: (float("nan"), w), 1)
    spec = Spec(problem=Custom(start=(1.0,))).but(steps=5)
    population, writer = begin(spec, objective=objective), Writer(tmp_path)
    writer.begin(population)
    writer.end(finish(population))
    run = load_run(tmp_path, objective)
    assert run.stopped.rule == "nonfinite"
    assert run.best_value == np.inf
    assert not any(np.isfinite(entry["train_loss"]) for entry in run.evaluations)
