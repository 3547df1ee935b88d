"""Laws of a whole profile: what was planted in a table is found and counted, and a clean table is called clean."""

from dataclasses import asdict

import msgspec
import numpy as np
import pytest

from thalweg.errors import DataError
from thalweg.evidence.check import ORDER
from thalweg.evidence.profile.leaks import chosen_rows, scored, suspects
from thalweg.evidence.profile.profile import profile
from thalweg.evidence.profile.values import Values
from thalweg.problems.build import build, resolve
from thalweg.problems.bundled import BUNDLED
from thalweg.problems.sections import Table
from thalweg.problems.sources.memory import hold

TASKS = ("regression", "binary", "multiclass")


def held(columns, target="y", **fields):
    """The profile of columns in memory."""
    return profile(Table(source=hold(columns).name, target=target, **fields))


def clean(task="binary", rows=200, seed=0):
    """Independent columns of every kind, and a target that depends a little on two of them."""
    rng = np.random.default_rng(seed)
    a, b = rng.normal(10, 2, rows), rng.uniform(0, 5, rows)
    score = (a - 10) / 2 + b / 2 + 2 * rng.normal(size=rows)
    y = score if task == "regression" else np.digitize(score, [1.2] if task == "binary" else [0.5, 2.0])
    words = np.array(["low", "mid", "top"])
    return {
        "a": a,
        "b": b,
        "c": rng.normal(-3, 1, rows),
        "colour": rng.choice(["red", "green", "blue"], rows),
        "flag": rng.random(rows) < 0.4,
        "y": y if task == "regression" else words[y],
    }


def test_a_quantity_that_other_columns_add_up_to_is_said_to_be_their_sum():
    table = clean("regression")
    table["y"] = table["a"] - 2.5 * table["b"] + 3
    found = held(table)
    assert {term.column for term in found.sum} == {"a", "b"}
    told = next(check for check in found.findings if check.code == "leak" and "together" in check.sentence)
    assert told.status == "warn"
    assert "y is a - 2.5 b in every row, up to a constant" in told.sentence
    assert "--drop " in told.sentence
    assert held(clean("regression")).sum == ()
    assert held(clean("binary")).sum == ()


@pytest.mark.slow
def test_the_file_of_test_rows_has_no_say_in_what_a_column_is_used_as(tmp_path):
    """A column that counts the rows of the first file is left out, whatever it does in the second."""
    for name, start in (("train.csv", 1), ("test.csv", 700)):
        rows = (f"{start + i},{i % 7}.5,{'uv'[i % 2]}" for i in range(60))
        (tmp_path / name).write_text("step,a,y\n" + "\n".join(rows) + "\n")
    asked = Table(source=str(tmp_path / "train.csv"), target="y", test_file=str(tmp_path / "test.csv"))
    assert not profile(asked).column("step").learned


def codes(found, status=""):
    return [check.code for check in found.findings if not status or check.status == status]


def check(found, code):
    return next(check for check in found.findings if check.code == code)


@pytest.mark.parametrize("task", TASKS)
def test_a_clean_table_is_called_clean_and_nothing_in_it_is_suspected(task):
    found = held(clean(task, seed=1))
    assert (found.findings, found.suspects, found.refusal) == ((), (), "")
    assert found.target.task == task
    assert [c.use for c in found.columns] == ["number", "number", "number", "category", "flag", "target"]
    assert [c.inputs for c in found.columns] == [1, 1, 1, 2, 1, 0]
    assert found.plan.inputs == 6
    assert sum(found.plan.rows.values()) == 200
    assert found.rows.repeated == found.rows.alike == found.rows.contradictory == 0


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(BUNDLED))
def test_no_column_of_a_bundled_set_is_suspected_and_each_can_be_learned_from(name):
    found = profile(Table(source=name))
    assert found.suspects == ()
    assert found.refusal == ""
    assert found.target.task == BUNDLED[name].task
    assert not {"leak", "named-after", "refused"} & set(codes(found))


@pytest.mark.slow
@pytest.mark.parametrize("task", TASKS)
def test_a_leak_is_suspected_with_its_figure_however_it_is_dressed(task):
    rng = np.random.default_rng(1)
    for seed in range(3):
        table = clean(task, seed=seed)
        y = table["y"]
        if task == "regression":
            leaks = {"copy": y, "scaled": 3 - 2 * y, "bent": np.exp(y / 3), "blurred": y + 0.02 * rng.normal(size=200)}
        else:
            numbers = np.searchsorted(np.unique(y), y)
            leaks = {
                "copy": y,
                "number": numbers,
                "code": np.array([7, 3, 5])[numbers],
                "blurred": numbers + 0.1 * rng.random(200),
            }
        for name, leak in leaks.items():
            found = held({**table, "leak": leak})
            assert [one.column for one in found.suspects] == ["leak"], name
            suspect = found.suspects[0]
            assert suspect.score > 0.98
            assert suspect.chance < 0.9
            assert found.column("leak").tells == suspect.score
            told = check(found, "leak")
            assert told.status == "warn"
            assert f"{suspect.score:.3f}" in told.sentence
            assert "--drop leak" in told.sentence


@pytest.mark.slow
def test_a_lone_column_is_no_suspect_and_a_name_alone_is_none_either():
    x = np.arange(40) * 0.5
    assert held({"x": x, "y": 3 * x + 2}).suspects == ()
    table = clean("regression")
    assert held({**table, "y_encoded": np.random.default_rng(2).normal(size=200)}).suspects == ()
    named = held({**table, "y_encoded": table["y"] + np.random.default_rng(2).normal(size=200)})
    assert [(one.column, one.why) for one in named.suspects] == [("y_encoded", "name")]


@pytest.mark.slow
def test_two_columns_that_drift_along_the_rows_are_not_called_a_leak():
    rng = np.random.default_rng(3)
    t = np.arange(300.0)
    found = held(
        {
            "pop": t + rng.normal(size=300).cumsum() / 9,
            "b": rng.normal(size=300),
            "y": np.sqrt(t) + 0.02 * rng.normal(size=300),
        }
    )
    assert found.order.alike > 0.9
    assert check(found, "leak").status == "notice"
    assert "drift" in check(found, "leak").sentence


@pytest.mark.slow
def test_repeated_and_contradictory_rows_are_counted_exactly():
    rng = np.random.default_rng(4)
    for copies, liars in ((0, 0), (3, 2), (10, 7)):
        table = clean("binary", 100)
        rows = np.r_[np.arange(100), rng.permutation(100)[: copies + liars]]
        table = {name: np.asarray(values)[rows] for name, values in table.items()}
        table["y"][100 + copies :] = np.where(table["y"][100 + copies :] == "low", "mid", "low")
        found = held(table)
        assert found.rows.repeated == copies
        assert found.rows.alike == copies + liars
        assert found.rows.contradictory == 2 * liars
        assert found.rows.ceiling == pytest.approx(1 - liars / len(rows))
        assert ("duplicate-rows" in codes(found)) == (copies > 0)
        assert ("contradictions" in codes(found)) == (liars > 0)


@pytest.mark.slow
def test_gaps_are_counted_over_the_rows_that_count():
    table = clean("regression")
    a, y = table["a"].copy(), table["y"].copy()
    a[:30], y[20:60] = np.nan, np.nan
    found = held({**table, "a": a, "y": y})
    assert (found.target.rows, found.target.missing, found.target.left_out) == (160, 40, 0)
    assert found.gaps.missing == {"a": 20}
    assert (found.gaps.rows, found.gaps.of) == (20, 160)
    assert found.column("a").missing == 30
    assert check(found, "target-missing").value == 40
    assert check(found, "missing").value == 20
    dropped = held({**table, "a": a, "y": y}, missing="drop")
    assert (dropped.target.rows, dropped.target.missing, dropped.target.left_out) == (140, 40, 20)


def test_constant_empty_and_repeated_columns_are_named():
    table = clean()
    more = {
        "same": np.full(200, "x"),
        "one": np.ones(200),
        "nothing": np.full(200, np.nan),
        "again": table["a"],
        "farbe": np.where(table["colour"] == "red", "rot", np.where(table["colour"] == "green", "grün", "blau")),
    }
    found = held(table | more)
    assert {c.name: c.reason for c in found.columns if c.reason} == {
        "same": "constant",
        "one": "constant",
        "nothing": "empty",
    }
    assert check(found, "constant-columns").value == 3
    assert [(s.column, s.like, s.exact) for s in found.together.same] == [
        ("again", "a", True),
        ("farbe", "colour", False),
    ]
    assert check(found, "duplicate-columns").value == 2
    assert "conditioning" in codes(found, "warn")


@pytest.mark.slow
def test_codes_for_missing_values_stand_apart_and_real_values_do_not():
    table = clean("regression")
    a, b = table["a"].copy(), table["b"].copy()
    a[:4], b[:5] = 999, -1
    found = held({**table, "a": a, "b": b})
    told = check(found, "codes-for-missing")
    assert told.value == 2
    assert "a 999 (4 rows)" in told.sentence
    assert "b -1 (5 rows)" in told.sentence
    c = table["c"].copy()
    c[:4] = -1  # among others below zero
    assert "codes-for-missing" not in codes(held({**table, "c": c}))


def test_zeros_far_below_a_quantity_are_asked_about_and_those_of_a_count_are_not():
    rng = np.random.default_rng(6)
    table = clean()
    weight = rng.normal(80, 10, 200).round(1)
    weight[:9] = 0
    found = held({**table, "weight": weight, "children": rng.poisson(3, 200) * 1.0})
    assert check(found, "zeros").value == 1
    assert f"weight (9 rows; the others start at {weight[9:].min():g})" in check(found, "zeros").sentence


def test_words_and_spellings_are_told_with_their_levels():
    table = clean()
    colour = table["colour"].copy().astype(object)
    colour[:5], colour[5:9] = "unknown", "RED"
    found = held({**table, "colour": colour})
    assert "colour 'unknown' (5 rows)" in check(found, "words-for-missing").sentence
    assert "'RED' / 'red'" in check(found, "spellings").sentence


@pytest.mark.slow
def test_groups_and_times_are_hinted_at_unless_the_split_knows_them():
    table = clean()
    day = np.datetime64("2020-01-01") + np.arange(200)
    table |= {"patient_id": np.repeat(np.arange(40), 5) + 1000, "day": day}
    found = held(table)
    assert [(one.column, one.groups, one.rows_each) for one in found.groups] == [("patient_id", 40, 5.0)]
    assert [(one.column, one.earliest, one.latest) for one in found.times] == [("day", "2020-01-01", "2020-07-18")]
    assert {"group", "time"} <= set(codes(found))
    assert "group" not in codes(held(table, group="patient_id"))
    assert "time" not in codes(held(table, time="day"))


def test_without_a_target_all_is_told_that_needs_none_and_a_target_is_suggested():
    table = clean()
    found = held({"label": table.pop("y"), **table, "again": table["a"]}, target="")
    assert found.suggestion == "label"
    assert (found.target, found.plan, found.order, found.suspects, found.refusal) == (None, None, None, (), "")
    assert found.column("label").use == "category"
    assert "duplicate-columns" in codes(found)
    assert all(c.tells is None for c in found.columns)


@pytest.mark.slow
def test_what_cannot_be_learned_from_is_shown_all_the_same_with_the_reason():
    table = clean()
    one_class = held({**table, "y": np.full(200, "x")})
    assert "expected at least two classes" in one_class.refusal
    assert codes(one_class)[0] == "refused"
    assert one_class.column("a").numbers.max == table["a"].max()
    a = table["a"].copy()
    a[3] = np.inf
    infinite = held({**table, "a": a})
    assert "infinite" in infinite.refusal
    assert infinite.column("a").numbers.infinite == 1
    assert check(held({**table, "a": a}, target=""), "infinite").status == "warn"
    gap = table["a"].copy()
    gap[3] = np.nan
    assert "missing is refuse" in held({**table, "a": gap}, missing="refuse").refusal


def test_names_that_are_not_there_are_refused():
    for fields in (
        {"target": "z"},
        {"drop": ("z",)},
        {"time": "z"},
        {"group": "z"},
        {"features": ("z",)},
        {"id": ("z",)},
    ):
        with pytest.raises(DataError, match="no column 'z'"):
            held(clean(), **fields)
    with pytest.raises(DataError, match="more than once"):
        held(clean(), drop=("a",), id=("a",))


def test_findings_come_by_weight_and_say_what_they_say_in_sentences():
    table = clean("binary", 60)
    a = table["a"].copy()
    a[:3] = np.nan
    found = held({**table, "a": a, "leak": table["y"], "one": np.ones(60), "id": np.arange(60)})
    order = [ORDER.index(one.status) for one in found.findings]
    assert order == sorted(order, reverse=True)
    assert found.findings[0].code == "leak"
    assert all(one.sentence.endswith(".") and one.title for one in found.findings)


ASKED = {"validation": 0.3, "test": 0.1, "standardise": False, "levels": 2, "model": "mlp", "hidden": (4,)}


@pytest.mark.parametrize("fields", [{}, ASKED], ids=["as it is", "as asked"])
def test_what_the_plan_says_is_what_thalweg_then_does(fields):
    table = clean("multiclass")
    a = table["a"].copy()
    a[:40] = np.nan
    section = Table(source=hold({**table, "a": a, "id": np.arange(200)}).name, target="y", **fields)
    found, problem = profile(section), build(resolve(section))
    assert found.plan.inputs == problem.table.X.shape[1]
    assert found.plan.parameters == problem.objective.size
    assert found.plan.rows == {part: len(getattr(problem.split, part)) for part in ("train", "validation", "test")}
    assert found.plan.loss == resolve(section).loss
    assert found.plan.standardised == (problem.scaler is not None)
    assert set(found.plan.notices) <= set(problem.notices)
    assert {c.name for c in found.features} == set(problem.table.preparation.columns)


@pytest.mark.slow
def test_two_profiles_of_one_table_are_the_same_and_are_plain_data():
    table = clean()
    a = table["a"].copy()
    a[:50] = np.nan
    section = Table(source=hold({**table, "a": a, "leak": table["y"]}).name, target="y")
    one, two = profile(section), profile(section)
    assert asdict(one) == asdict(two)
    assert msgspec.json.decode(msgspec.json.encode(one))["rows"]["rows"] == 200


@pytest.mark.slow
def test_the_order_of_the_rows_changes_no_column():
    table = clean("multiclass", 150)
    order = np.random.default_rng(5).permutation(150)
    one = held(table)
    two = held({name: np.asarray(values)[order] for name, values in table.items()})
    for here, there in zip(one.columns, two.columns, strict=True):
        assert here.numbers == there.numbers or here.numbers.mean == pytest.approx(there.numbers.mean)
        assert (here.top, here.different, here.missing, here.use) == (
            there.top,
            there.different,
            there.missing,
            there.use,
        )


@pytest.mark.slow
def test_independent_columns_are_never_suspected_over_many_tables():
    for seed in range(150):
        rng = np.random.default_rng(1000 + seed)
        rows, width, task = int(rng.choice([15, 30, 80, 300])), int(rng.choice([3, 20, 60])), TASKS[seed % 3]
        values = {f"x{i}": Values(f"x{i}", "number", "number", rng.normal(size=rows)) for i in range(width)}
        y = rng.normal(size=rows)
        classes = {"regression": 0, "binary": 2, "multiclass": 3}[task]
        y = y if not classes else np.digitize(y, [0.3] if classes == 2 else [-0.4, 0.4]).astype(float)
        found = scored(list(values.values()), y, np.arange(rows), task, classes)
        assert suspects(found, values, list(values), "y", ()) == ()


def test_rows_that_are_scored_are_all_of_them_or_as_many_of_each_class():
    codes = np.r_[np.zeros(90_000), np.ones(900), np.full(100, 2.0)]
    chosen = chosen_rows(codes, 3, 3000)
    assert np.bincount(codes[chosen].astype(int)).tolist() == [2000, 900, 100]
    assert len(np.unique(chosen)) == 3000
    assert chosen_rows(codes, 0, 10**6).tolist() == list(range(91_000))
