"""Laws of ablations: one change at a time, paired seeds, and a verdict that follows from the numbers."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from thalweg.descent.spec import Spec
from thalweg.errors import SpecError, UnknownName
from thalweg.evidence.ablation import SAME, _verdict, ablate
from thalweg.problems.sections import OnSurface, Table

CHANGES = {
    "faster": {"lr": 0.1},
    "slower": {"lr": 1e-4},
    "far too fast": {"lr": 1e4},
    "nothing": {"lr": 0.01},
    "another batch": {"batch_size": 20},
    "a schedule": {"schedule": "cosine", "warmup": 3},
    "l2": {"l2": 0.5},
}


@pytest.fixture(scope="module")
def base(table_of):
    return Spec(problem=Table(source=table_of("regression"), target="y")).but(
        steps=60, every=6, batch_size=10, lr=0.01, rule="gd"
    )


@pytest.fixture(scope="module")
def found(base):
    return ablate(base, CHANGES, seeds=[1, 5, 6], title="laws")


def effect(found, name):
    return next(e for e in found.effects if e.name == name)


def test_no_change_makes_no_difference_to_the_last_bit(found):
    same = effect(found, "nothing")
    assert same.values == found.baseline
    assert same.differences == (0.0, 0.0, 0.0)
    assert same.verdict == "no difference shown"


def test_known_effects_get_their_verdicts(found):
    assert effect(found, "faster").verdict == "better"
    assert effect(found, "slower").verdict == "worse"
    assert (effect(found, "far too fast").verdict, effect(found, "far too fast").diverged) == ("diverged", 3)
    assert effect(found, "l2").verdict == "worse"


def test_every_change_is_compared_with_the_baseline_on_the_same_seeds(found):
    for one in found.effects:
        assert [run.spec.seed for run in one.runs] == [run.spec.seed for run in found.baseline_runs] == [1, 5, 6]
        assert one.differences == tuple(v - b for v, b in zip(one.values, found.baseline, strict=True))
        assert one.effect == np.median(one.differences)


def test_each_run_differs_from_the_baseline_in_its_change_alone(found):
    for one in found.effects:
        for run, start in zip(one.runs, found.baseline_runs, strict=True):
            assert run.spec == start.spec.but(**CHANGES[one.name])


def test_the_best_is_the_one_that_helped_most_and_the_sentence_names_every_change_once(found):
    assert found.best == min((e for e in found.effects if e.verdict == "better"), key=lambda e: e.effect)
    for name in CHANGES:
        assert found.sentence.lower().count(name) == 1, found.sentence
    assert found.sentence.startswith(f"{found.best.name[:1].upper()}{found.best.name[1:]} helped most")


def test_where_nothing_helped_nothing_is_best(base):
    found = ablate(base, {"slower": {"lr": 1e-5}}, seeds=[0], title="t")
    assert found.best is None
    assert found.sentence == "Worse: slower."


@given(st.lists(st.floats(-10, 10), min_size=1, max_size=7), st.floats(0.01, 10))
def test_a_verdict_holds_on_every_seed_or_is_none(differences, baseline):
    verdict = _verdict(differences, baseline)
    median = float(np.median(differences))
    assert (verdict == "no difference shown") == (abs(median) <= SAME * baseline)
    if verdict == "better":
        assert max(differences) < 0
    if verdict == "worse":
        assert min(differences) > 0
    if verdict == "mixed":
        assert min(differences) <= 0 <= max(differences)
    assert _verdict([-d for d in differences], baseline) == {"better": "worse", "worse": "better"}.get(verdict, verdict)


def test_ablations_also_work_on_surfaces():
    base = Spec(problem=OnSurface(surface="bowl")).but(lr=0.05, steps=20)
    found = ablate(base, {"faster": {"lr": 0.15}, "momentum": {"rule": "momentum"}}, seeds=[0], title="t")
    assert effect(found, "faster").verdict == "better"


def test_questions_without_sense_are_refused(base):
    for changes, seeds in (({}, [0]), ({"a": {"lr": 1.0}}, [])):
        with pytest.raises(SpecError, match="at least one seed and one change"):
            ablate(base, changes, seeds=seeds, title="t")
    with pytest.raises(SpecError, match="'baseline' is the name of the unchanged run"):
        ablate(base, {"baseline": {"lr": 1.0}}, seeds=[0], title="t")
    with pytest.raises(UnknownName, match="no setting 'speed'"):
        ablate(base, {"a": {"speed": 1.0}}, seeds=[0], title="t")
