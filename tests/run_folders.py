"""Some run folders to read: finished, diverged, interrupted, recorded, a study, broken ones and strangers."""

import shutil
from pathlib import Path

import numpy as np

from thalweg.descent.folder import Writer
from thalweg.descent.recorded_folder import RecordingWriter
from thalweg.descent.recording import Recording, ended
from thalweg.descent.spec import Spec
from thalweg.descent.trail import SIGNALS, Steps
from thalweg.descent.train import begin, finish
from thalweg.evidence.study import Note, by_seed, run_study
from thalweg.problems.sections import OnSurface

BOWL = Spec(problem=OnSurface(surface="bowl")).but(steps=30)
IRIS = Spec().but(source="iris", steps=25, batch_size=16, every=5)
MADE: dict[str, Path] = {}  # one for all tests of a process
SPECS = {
    "bowl-gd": BOWL,
    "bowl-adam": BOWL.but(rule="adam", lr=0.05),
    "bowl-wild": BOWL.but(lr=0.9, steps=200),
    "iris-gd": IRIS,
    "bowl-again": BOWL,
    "bowl-longer": BOWL.but(steps=40, every=1),
    "iris-later": IRIS.but(phases=[{"begin": 9, "rule": "gd", "lr": 0.01}]),
    "iris-clipped": IRIS.but(rule="adam", clip_norm=0.3, schedule="cosine", warmup=3, seed=1),
}


def write_run(folder: Path, spec: Spec, until: int | None = None) -> None:
    """A run and its folder."""
    folder.mkdir(parents=True)
    (writer := Writer(folder)).begin(population := begin(spec))
    writer.end(finish(population, until=until))


def write_recording(folder: Path, steps: int = 4) -> None:
    """A folder as tw.Recorder writes it."""
    folder.mkdir(parents=True)
    writer = RecordingWriter(folder)
    header = {"kind": "recorded", "rule": "my sgd", "lr": 0.5, "data": "mine"}
    writer.begin(header)
    rows = np.tile(np.arange(1.0, steps + 1)[:, None], (1, len(SIGNALS)))
    evaluations = ({"t": 2, "val_loss": 0.5}, {"t": steps, "val_loss": 0.75})
    writer.end(Recording(folder.name, header, Steps(SIGNALS, rows), evaluations, ended("closed", steps)))


def make_runs(root: Path) -> None:
    """All kinds of run folders below the root."""
    for name, spec in SPECS.items():
        write_run(root / name, spec)
    write_run(root / "iris-stopped", IRIS, until=7)
    write_recording(root / "recorded")
    note = Note("which rate", "a low loss", "the rate")
    named = by_seed({f"lr{lr}": BOWL.but(lr=lr) for lr in (0.01, 0.1)}, [0, 1])
    run_study("rates of gd", note, named).save(root / "rates")


def break_runs(root: Path) -> dict[str, str]:
    """{folder: what is wrong with it}, made from the runs that are there."""
    for name in ("cut", "short", "foreign", "bytes", "unlogged", "unheaded"):
        shutil.copytree(root / "bowl-gd", root / name)
    checkpoint = "checkpoint.safetensors"
    (root / "cut" / checkpoint).write_bytes((root / "cut" / checkpoint).read_bytes()[:-8])
    (root / "short" / checkpoint).write_bytes(b"\x01\x02")
    (root / "foreign" / checkpoint).write_bytes((2).to_bytes(8, "little") + b"{}")
    (root / "bytes" / checkpoint).write_bytes(b"\xff" * 300)
    (root / "unlogged" / "metrics.jsonl").unlink()
    (root / "unheaded" / "header.json").write_text("{")
    for name in ("empty", "notes", "half"):
        (root / name).mkdir()
    (root / "notes" / "a.txt").write_text("x")
    (root / "half" / "spec.toml").write_text(BOWL.to_toml())
    return {
        "cut": "is cut off: it has",
        "short": "is cut off",
        "foreign": "not a checkpoint of thalweg",
        "bytes": "not a checkpoint of thalweg",
        "unlogged": "has no metrics.jsonl",
        "unheaded": "header.json is damaged",
        "empty": "an empty folder",
        "notes": "no files of a run, but a.txt",
        "half": "has spec.toml but no checkpoint",
    }


def shared_runs(factory) -> Path:
    """Run folders of every kind, made once; only to be read."""
    if "root" not in MADE:
        root = factory.mktemp("shared") / "runs"
        make_runs(root)
        MADE["root"] = root
    return MADE["root"]


def shared_broken(factory) -> Path:
    """The same with broken ones and strangers among them."""
    if "broken" not in MADE:
        root = factory.mktemp("broken") / "runs"
        shutil.copytree(shared_runs(factory), root)
        break_runs(root)
        MADE["broken"] = root
    return MADE["broken"]
