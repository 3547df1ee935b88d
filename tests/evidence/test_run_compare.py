"""Runs side by side: only what differs, and where their losses part."""

import pytest

from run_folders import shared_runs
from thalweg.descent.run_summary import summarise
from thalweg.errors import SpecError
from thalweg.evidence.run_compare import compare_runs


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """Run folders of every kind."""
    return shared_runs(tmp_path_factory)


def compared(root, *names):
    return compare_runs(names, [summarise(root / name) for name in names])


def test_the_same_run_twice_differs_in_nothing(root):
    found = compared(root, "bowl-gd", "bowl-again")
    assert (found.settings, found.made_by) == ({}, {})
    assert "have the same losses, bit for bit, over 30 steps." in " ".join(found.sentences)


def test_only_the_settings_that_differ_are_named(root):
    found = compared(root, "bowl-gd", "bowl-longer", "bowl-wild")
    assert found.settings["steps"] == (30, 40, 200)
    assert found.settings["lr"] == (0.1, 0.1, 0.9)
    assert not {"rule", "seed", "surface", "run"} & found.settings.keys()
    assert found.results["stopped"] == ("steps", "steps", "diverged")


@pytest.mark.parametrize(("a", "b", "t"), [("iris-gd", "iris-later", 11), ("bowl-gd", "bowl-adam", 2)])
def test_where_the_losses_part_is_the_first_step_that_differs(a, b, t, root):
    (said,) = (s for s in compared(root, a, b).sentences if "part at step" in s)
    assert f"bit for bit, up to step {t - 1}; they part at step {t}:" in said


def test_the_order_of_rows_is_compared(root):
    assert "They see the same rows in the same order." in compared(root, "iris-gd", "iris-later").sentences
    told = " ".join(compared(root, "iris-gd", "iris-clipped").sentences)
    assert "another order or in other batches: seed differ" in told


def test_runs_on_other_data_are_not_compared_number_by_number(root):
    assert any("not of the same thing" in s for s in compared(root, "iris-gd", "bowl-gd").sentences)


def test_a_recording_can_stand_beside_a_run(root):
    found = compared(root, "recorded", "bowl-gd")
    assert found.results["best_loss"][0] == 0.5


def test_one_run_or_a_broken_one_cannot_be_compared(root):
    with pytest.raises(SpecError, match="name two or more"):
        compared(root, "bowl-gd")
    with pytest.raises(SpecError, match="nowhere has no files of a run; it cannot be compared"):
        compared(root, "bowl-gd", "nowhere")
