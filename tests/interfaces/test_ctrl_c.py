"""Ctrl-C at any moment: exit code 130, a sentence instead of a traceback, and a run that goes on as never stopped."""

import os
import re
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from thalweg.descent.folder import load_run
from thalweg.interfaces.cli import FINE, INTERRUPTED

pytestmark = pytest.mark.slow
# Says when the command is at work: before Python itself is up, no program of its can answer a signal.
START = """
import os, thalweg.interfaces.cli as cli
done = cli._done
cli._done = lambda arguments: os.write(2, b"up\\n") and done(arguments)
cli.main()
"""
TRAIN = "train wine --rule adam --batch-size 8 --schedule cosine --warmup 50 --steps 6000 --set every=97"


@pytest.fixture(autouse=True)
def _desk(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def started(command):
    child = subprocess.Popen(
        [sys.executable, "-c", START, *shlex.split(command)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert child.stderr.readline() == "up\n"
    return child


def until(condition, child):
    """Wait for something to happen while the child lives."""
    end = time.monotonic() + 60
    while not condition() and child.poll() is None and time.monotonic() < end:
        os.sched_yield()


def ended(child):
    """(exit code, stderr), stdout must be empty and nobody may see a traceback."""
    out, err = child.communicate(timeout=120)
    assert out == ""
    assert "Traceback" not in err
    return child.returncode, err


def numbers(folder):
    """All of a run's numbers except the clock's."""
    run = load_run(Path(folder))
    steps = np.delete(run.steps.rows, run.steps.columns.index("seconds"), axis=1)
    evaluations = [{k: v for k, v in entry.items() if k != "seconds"} for entry in run.evaluations]
    arrays = [array.tobytes() for array in (run.state.w, run.state.slots, run.best, steps)]
    return run.state.t, run.best_t, run.stopped, run.spec, arrays, evaluations


def test_an_interrupted_run_goes_on_to_the_same_bits_wherever_it_was_stopped():
    whole = started(f"{TRAIN} --name whole")
    assert ended(whole)[0] == FINE
    dice, places = np.random.default_rng(7), set()
    for number in range(3):
        command, name = f"{TRAIN} --name r{number}", f"runs/r{number}"
        for _ in range(8):
            child = started(command)
            until((Path(name) / "checkpoint.safetensors").exists, child)
            waits = time.monotonic() + dice.uniform(0, 0.8)
            until(lambda waits=waits: time.monotonic() > waits, child)
            child.send_signal(signal.SIGINT)
            code, err = ended(child)
            if code == FINE:  # it was done before it heard
                break
            assert code == INTERRUPTED
            if err.strip() == "interrupted":  # before it had read the run: nothing has changed
                continue
            assert "interrupted at step" in err
            places.add(load_run(Path(name)).state.t)
            said = err.strip().splitlines()[-1].strip()
            assert said == f"thalweg train --resume {name}"
            command = said.removeprefix("thalweg ")
        else:
            assert ended(started(command))[0] == FINE
        assert numbers(name) == numbers("runs/whole")
        assert (Path(name) / "report.html").exists()
        assert (Path(name) / "steps.parquet").exists()
    assert len(places) > 1  # the dice hit different places


def test_a_second_ctrl_c_ends_at_once_and_the_run_can_still_go_on():
    assert ended(started(f"{TRAIN} --name whole"))[0] == FINE
    dice = np.random.default_rng(3)
    for number in range(3):
        child = started(f"{TRAIN} --name r{number}")
        until((Path("runs") / f"r{number}" / "checkpoint.safetensors").exists, child)
        pause = time.monotonic() + dice.uniform(0, 0.6)
        until(lambda pause=pause: time.monotonic() > pause, child)
        child.send_signal(signal.SIGINT)
        child.send_signal(signal.SIGINT)
        assert ended(child)[0] == INTERRUPTED
        assert ended(started(f"train --resume runs/r{number}"))[0] == FINE
        assert numbers(f"runs/r{number}") == numbers("runs/whole")


def test_before_the_first_step_nothing_or_a_run_that_can_go_on_is_left():
    dice = np.random.default_rng(5)
    for number in range(8):
        child = started(f"train iris --steps 20 --name r{number}")
        pause = time.monotonic() + dice.uniform(0, 0.5)
        until(lambda pause=pause: time.monotonic() > pause, child)
        child.send_signal(signal.SIGINT)
        code, err = ended(child)
        assert code in (INTERRUPTED, FINE)
        if Path(f"runs/r{number}").exists():
            assert ended(started(f"train --resume runs/r{number}"))[0] == FINE
        else:
            assert "interrupted" in err


REPORT = "report iris --seeds 1 --budget 60 --rules gd adam"


def test_an_interrupted_report_goes_on_to_the_same_results_wherever_it_was_stopped():
    assert ended(started(f"{REPORT} --name whole"))[0] == FINE
    for stage in (1, 2, 4, 6, 8):
        child = started(f"{REPORT} --name r{stage}")
        for line in child.stderr:
            if line.startswith(f"[{stage}/8]"):
                break
        pause = time.monotonic() + np.random.default_rng(stage).uniform(0, 0.1)
        until(lambda pause=pause: time.monotonic() > pause, child)
        child.send_signal(signal.SIGINT)
        code, err = ended(child)
        if code == INTERRUPTED:
            said = err.strip().splitlines()[-1].strip()
            assert said == f"thalweg report --resume runs/r{stage}"
            assert ended(started(said.removeprefix("thalweg ")))[0] == FINE
        else:
            assert (code, stage) == (FINE, 8)  # done before it heard
        one, two = ((Path("runs") / name / "results.json").read_bytes() for name in ("whole", f"r{stage}"))
        assert one == two
        kept = [{path.name for path in (Path("runs") / name).iterdir()} for name in ("whole", f"r{stage}")]
        assert kept[0] == kept[1]


def test_an_interrupted_verification_leaves_the_folder_as_it_was():
    assert ended(started("report iris --seeds 1 --budget 30 --final-steps 40 --rules gd adam --name mine"))[0] == FINE
    before = {path: path.read_bytes() for path in Path("runs").rglob("*") if path.is_file()}
    child = started("report --verify runs/mine")
    for line in child.stderr:
        if re.match(r"\[2/8\]", line):
            break
    child.send_signal(signal.SIGINT)
    code, err = ended(child)
    assert code == INTERRUPTED
    assert "thalweg report --verify runs/mine" in err
    assert {path: path.read_bytes() for path in Path("runs").rglob("*") if path.is_file()} == before
