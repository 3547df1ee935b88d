"""Every run folder below a root is found, and its row says what the run itself says; what is broken is said, too."""

import shutil
from pathlib import Path

import pytest

from run_folders import BOWL, SPECS, break_runs, shared_runs, write_run
from thalweg.descent.folder import load_run
from thalweg.descent.run_summary import summarise
from thalweg.errors import FolderError
from thalweg.evidence.run_index import find_run, find_runs


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """Run folders of every kind."""
    return shared_runs(tmp_path_factory)


@pytest.mark.parametrize("name", [*SPECS, "iris-stopped"])
def test_a_row_says_what_the_run_says(name, root):
    run = load_run(root / name)
    (found,) = (one for one in find_runs(root) if one.name == name)
    row = found.row
    assert (row["rule"], row["lr"], row["seed"], row["steps"]) == (
        *(run.spec.method.rule, run.spec.method.lr, run.spec.seed, run.spec.stop.steps),
    )
    assert (row["t"], row["stopped"], row["why"]) == (run.state.t, run.stopped.kind, run.stopped.sentence)
    assert (row["best_loss"], row["best_step"]) == (run.best_value, run.best_t)
    assert row["seconds"] == run.final["seconds"]
    assert {k: row[f"final_{k}"] for k in run.final if k.endswith("loss")} == {
        k: v for k, v in run.final.items() if k.endswith("loss")
    }
    assert row["batch"] == (run.spec.batch.batch_size or run.problem.objective.examples)
    assert found.summary.rows == len(run.steps)


def test_a_study_stands_in_one_line_by_its_best_run_and_its_members_where_they_are_asked_for(root):
    (study,) = (one for one in find_runs(root) if one.title)
    assert (study.name, study.title, study.members) == ("rates", "rates of gd", 4)
    members = [one for one in find_runs(root, members=True) if one.study == "rates"]
    assert len(members) == 4
    assert study.row["best_loss"] == min(one.row["best_loss"] for one in members)
    assert {one.name for one in find_runs(root / "rates")} == {Path(one.name).name for one in members}


def test_a_recording_is_a_run_of_its_own_kind(root):
    (row,) = (one.row for one in find_runs(root) if one.name == "recorded")
    assert (row["kind"], row["rule"], row["lr"], row["data"]) == ("recorded", "my sgd", 0.5, "mine")
    assert (row["best_loss"], row["best_step"], row["measure"], row["t"]) == (0.5, 2, "val_loss", 4)
    assert row["stopped"] == "closed"


@pytest.mark.slow
def test_the_newest_comes_first(tmp_path):
    import os

    for age, name in enumerate(("a", "b", "c")):
        write_run(tmp_path / name, BOWL.but(steps=2))
        for path in (tmp_path / name).iterdir():
            os.utime(path, (1e9 - age, 1e9 - age))
    assert [one.name for one in find_runs(tmp_path)] == ["a", "b", "c"]


def test_what_is_broken_or_no_run_is_listed_with_the_reason(root, tmp_path):
    place = tmp_path / "runs"
    shutil.copytree(root / "bowl-gd", place / "bowl-gd")
    reasons = break_runs(place)
    rows = {one.name: one.row for one in find_runs(place)}
    assert rows.keys() == {"bowl-gd", *reasons}
    for name, why in reasons.items():
        assert rows[name]["kind"] in ("broken", "foreign"), name
        assert why in rows[name]["why"]
    assert rows["bowl-gd"]["kind"] == "run"


def test_a_checkpoint_cut_at_any_byte_is_told_as_damaged(root, tmp_path):
    shutil.copytree(root / "bowl-gd", tmp_path / "run")
    path = tmp_path / "run" / "checkpoint.safetensors"
    whole = path.read_bytes()
    for length in range(0, len(whole), 97):
        path.write_bytes(whole[:length])
        assert summarise(tmp_path / "run").kind == "broken", length


def test_logs_longer_than_the_checkpoint_knows_are_read_up_to_it(root, tmp_path):
    shutil.copytree(root / "iris-gd", tmp_path / "run")
    before = summarise(tmp_path / "run")
    with (tmp_path / "run" / "metrics.jsonl").open("ab") as file:
        file.write(b'{"t":999,"seconds":1e9,"train_loss":0.0}\n{"t":1000,"sec')
    after = summarise(tmp_path / "run")
    assert (after.best, after.last) == (before.best, before.last)


def test_a_folder_that_is_not_there_is_refused_with_the_nearest_run(root):
    with pytest.raises(FolderError, match="no folder nowhere"):
        find_runs(Path("nowhere"))
    with pytest.raises(FolderError, match=r"no run 'iris-g'; did you mean iris-gd\?"):
        find_run("iris-g", root)
    assert find_run("iris-gd", root) == root / "iris-gd"
    assert find_run(str(root / "iris-gd"), Path("nowhere")) == root / "iris-gd"


def test_links_in_a_circle_end(root, tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "again").symlink_to(tmp_path)
    shutil.copytree(root / "bowl-gd", tmp_path / "a" / "run")
    assert "a/run" in {one.name for one in find_runs(tmp_path)}
