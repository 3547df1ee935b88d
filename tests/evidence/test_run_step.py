"""The story of a step says what was recorded, and names the very rows that the step saw."""

import re

import numpy as np
import pytest

from run_folders import shared_runs
from thalweg.descent.folder import load_run
from thalweg.descent.run_summary import summarise
from thalweg.errors import SpecError
from thalweg.evidence.run_step import happened, step_number


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """Run folders of every kind."""
    return shared_runs(tmp_path_factory)


@pytest.mark.parametrize("name", ["bowl-gd", "iris-clipped", "recorded"])
@pytest.mark.parametrize("t", [1, 2, 4])
def test_its_numbers_are_those_recorded_and_its_neighbours_are_beside(name, t, root):
    summary = summarise(root / name)
    found = happened(summary, t)
    if name != "recorded":
        assert found.signals == load_run(root / name).steps.at(t)
    assert found.around[str(t)]["loss"] == found.signals["loss"]
    assert list(found.around) == [*map(str, range(max(1, t - 2), min(summary.rows, t + 2) + 1)), "median"]
    assert found.sentences[0].startswith(f"Step {t} of {summary.rows} of {name}")


@pytest.mark.parametrize("name", ["iris-gd", "iris-clipped"])
def test_the_rows_it_names_are_the_rows_whose_loss_was_recorded(name, root):
    run = load_run(root / name)
    theta = run.theta_history  # all of them: 15 parameters
    table, objective = run.problem.table, run.problem.objective
    place = {int(row) + 1: i for i, row in enumerate(table.rows[run.problem.split.train])}
    for t in (1, 2, 9, 25):
        rows = happened(summarise(root / name), t).rows
        where = np.array([place[row] for row in rows])
        loss, _ = objective.value_and_grad(theta[t - 1][None], where)
        assert loss[0] == run.loss_history[t - 1], t


def test_clipping_is_told_as_it_was(root):
    run, summary = load_run(root / "iris-clipped"), summarise(root / "iris-clipped")
    for t in range(1, len(run.steps) + 1):
        told = " ".join(happened(summary, t).sentences)
        assert ("It was clipped" in told) == (run.grad_norm_history[t - 1] > 0.3)
    assert "no clipping is set" in " ".join(happened(summarise(root / "bowl-gd"), 3).sentences)


def test_the_share_of_the_base_rate_is_told_with_its_reason(root):
    said = happened(summarise(root / "iris-clipped"), 2).sentences[0]
    share = float(re.search(r"rate ([\d.e-]+), ", said)[1]) / 1e-3
    assert f"{share:.3g} of the base rate 0.001 (schedule cosine and warmup of 3 updates)" in said


def test_the_evaluations_around_it_are_told(root):
    found = happened(summarise(root / "iris-gd"), 7)
    assert [entry["t"] for entry in found.evaluations] == [5, 10]
    assert [entry["t"] for entry in happened(summarise(root / "iris-gd"), 10).evaluations] == [5, 10]


def test_the_last_step_says_why_it_was_the_last(root):
    summary = summarise(root / "bowl-wild")
    assert "It was the last: the run diverged" in happened(summary, summary.rows).sentences[-1]


def test_without_the_data_the_places_among_the_training_rows_are_told(root, monkeypatch):
    def gone(*_):
        raise SpecError("no file houses.csv")

    monkeypatch.setattr("thalweg.evidence.run_step.build", gone)
    found = happened(summarise(root / "iris-gd"), 1)
    assert len(found.rows) == 16
    assert any("cannot be told: no file houses.csv" in sentence for sentence in found.sentences)


@pytest.mark.parametrize(("t", "says"), [(0, "step 0 was not run"), (999, "step 999 was not run"), (-1, "was not run")])
def test_a_step_that_was_not_run_is_refused(t, says, root):
    with pytest.raises(SpecError, match=says):
        happened(summarise(root / "bowl-gd"), t)


def test_the_number_of_a_step_is_a_whole_number():
    assert step_number("37") == 37
    for wrong in ("a", "1.5", "-3", ""):
        with pytest.raises(SpecError, match="expected the number of an update"):
            step_number(wrong)
