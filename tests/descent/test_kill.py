"""Whenever the process dies, its folder holds the old or the new state, and going on leads where it would have led."""

import json
import os
import shutil

import numpy as np
import pytest
from killing import deaths, life

from thalweg.descent.folder import CHECKPOINT, Writer, load_run
from thalweg.descent.header import git_commit
from thalweg.descent.train import begin, finish, train
from thalweg.errors import FolderError

pytestmark = pytest.mark.kill
EVERY = 4  # updates between checkpoints


def sitting(spec, until=None, resume=None):
    """What is to be killed: one sitting of training into a folder."""

    def work(folder):
        population = begin(spec, resume=load_run(folder) if resume else None)
        writer = Writer(folder, updates=EVERY)
        writer.begin(population)
        writer.end(finish(population, until=until, watch=writer.watch))

    return work


@pytest.fixture(scope="module")
def spec(small):
    """Network, Adam's two moments, batches, plateau: all kinds of state. Everything is warmed up before a fork."""
    git_commit()
    chosen = small.but(rule="adam", batch_size=7, schedule="plateau", schedule_options={"wait": 1.0}, steps=9)
    train(chosen)
    return chosen


@pytest.fixture
def folder_for(tmp_path):
    """A new folder for each life."""

    def make(name, like=None):
        folder = tmp_path / f"run-{name}"
        shutil.copytree(like, folder) if like else folder.mkdir()
        return folder

    return make


def assert_logs_fit(folder, run):
    """The logs are at least as long as the checkpoint says, and agree with it so far."""
    width = len(run.steps.columns)
    rows = np.fromfile(folder / "steps.bin", "<f8", count=run.steps.rows.size).reshape(-1, width)
    assert rows.tobytes() == run.steps.rows.tobytes()
    lines = (folder / "metrics.jsonl").read_bytes().splitlines()[: len(run.evaluations)]
    assert [json.loads(line) for line in lines] == list(run.evaluations)


def assert_goes_on(folder, whole, assert_same_run):
    """Resumed in this process, into the same folder, it becomes the run that never stopped."""
    sitting(whole.spec, resume=True)(folder)
    again = load_run(folder)
    assert_same_run(again, whole)
    assert_logs_fit(folder, again)
    assert (folder / "steps.bin").stat().st_size == 8 * whole.steps.rows.size
    assert len((folder / "metrics.jsonl").read_bytes().splitlines()) == len(whole.evaluations)
    assert (folder / "steps.parquet").stat().st_size > 0


def assert_survives(trial, whole, allowed, assert_same_run, older=False):
    """Either no checkpoint yet, said plainly, or one of those that were meant to be written."""
    if not older and not (trial.folder / CHECKPOINT).exists():
        with pytest.raises(FolderError, match="has no checkpoint; is it the folder of a run"):
            load_run(trial.folder)
        return 0
    run = load_run(trial.folder)
    assert run.state.t in allowed, trial
    assert_same_run(run, allowed[run.state.t] if run.unfinished else whole)
    assert_logs_fit(trial.folder, run)
    assert_goes_on(trial.folder, whole, assert_same_run)
    return 1


def test_dying_at_any_operation_of_a_run_leaves_a_folder_that_goes_on(spec, folder_for, assert_same_run):
    whole = train(spec)
    allowed = {t: train(spec, until=t) for t in (0, 4, 8, 9)}
    trials, loaded = 0, 0
    for trial in deaths(sitting(whole.spec), folder_for):
        loaded += assert_survives(trial, whole, allowed, assert_same_run)
        trials += 1
    assert trials > 80  # begin, two saves and the last one, and each write half done
    assert 20 < trials - loaded < 50  # deaths before the first checkpoint


def test_dying_while_resuming_loses_nothing_either(spec, folder_for, tmp_path, assert_same_run):
    """From a folder whose logs are longer than its checkpoint: the process died between the two."""
    whole = train(spec)
    seed = tmp_path / "seed"
    seed.mkdir()
    sitting(whole.spec, until=4)(seed)
    ahead = train(spec, until=6)
    with (seed / "steps.bin").open("ab") as log:
        log.write(ahead.steps.rows[4:].tobytes() + b"half a row")
    with (seed / "metrics.jsonl").open("ab") as log:
        log.write(b'{"t":6,"train_lo')
    allowed = {t: train(spec, until=t) for t in (4, 8, 9)}
    resumed = sitting(whole.spec, resume=True)
    for trial in deaths(resumed, lambda name: folder_for(name, like=seed)):
        assert assert_survives(trial, whole, allowed, assert_same_run, older=True)


def test_dying_again_and_again_comes_to_the_same_end(spec, folder_for, assert_same_run):
    """Each life has 45 operations, enough for one checkpoint and some; the folder still gets there."""
    whole, folder = train(spec), folder_for("unlucky")
    lives = [True]
    while lives[-1] and len(lives) < 20:
        lives.append(life(sitting(whole.spec, resume=(folder / CHECKPOINT).exists()), folder, 45).died)
    assert 3 < len(lives) < 20
    assert_same_run(load_run(folder), whole)


def test_the_harness_counts_every_kind_of_operation(tmp_path):
    """A writer that is careless dies with a broken file somewhere: the harness would find it."""

    def careless(folder):
        handle = os.open(folder / "state", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.write(handle, b"12345678")
        os.close(handle)
        (folder / "other").write_text("x")
        (folder / "other").rename(folder / "third")
        (folder / "third").unlink()
        (folder / "sub").mkdir()

    def make(name):
        (folder := tmp_path / name).mkdir()
        (folder / "state").write_bytes(b"abcdefgh")
        return folder

    trials = list(deaths(careless, make))
    assert trials[-1].number == 7  # open, write, open, rename, remove, mkdir; then nothing was left to hit
    left = {(trial.folder / "state").read_bytes() for trial in trials}
    assert left == {b"abcdefgh", b"", b"1234", b"12345678"}
