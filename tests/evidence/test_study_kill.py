"""A study that dies at any file operation goes on from its kept trials to the same runs; its table is whole or not."""

import sys
from pathlib import Path

import pytest

from thalweg.descent.header import git_commit
from thalweg.descent.spec import Spec
from thalweg.evidence.study import Note, as_csv, run_study
from thalweg.evidence.trials import Kept
from thalweg.problems.sections import OnSurface

sys.path.insert(0, str(Path(__file__).parent.parent / "descent"))
from killing import deaths

pytestmark = pytest.mark.kill
NOTE = Note("what survives", "everything or nothing", "the moment of death")


def specs():
    base = Spec(problem=OnSurface(surface="bowl")).but(steps=3, every=1)
    return {f"lr{lr}": base.but(lr=lr) for lr in (0.05, 0.1)}


def study_in(folder):
    """Two trials, kept, then saved as a study."""
    study = run_study("deaths", NOTE, specs(), Kept(folder / "trials"))
    study.save(folder / "study")
    return study


def test_a_study_killed_anywhere_goes_on_to_the_same_runs(tmp_path):
    git_commit()
    (tmp_path / "whole").mkdir()
    whole = study_in(tmp_path / "whole")

    def folder_for(name):
        (folder := tmp_path / name).mkdir()
        return folder

    trials = 0
    for trial in deaths(study_in, folder_for):
        trials += 1
        table = trial.folder / "study" / "table.csv"
        assert not table.exists() or table.read_text() == as_csv(whole.table)
        again = run_study("deaths", NOTE, specs(), Kept(trial.folder / "trials"))
        assert as_csv(again.table) == as_csv(whole.table)
        for one, two in zip(again.runs, whole.runs, strict=True):
            assert one.w.tobytes() == two.w.tobytes()
    assert trials > 30
