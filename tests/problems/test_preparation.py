"""What is fitted on training rows, and on nothing else; and what becomes of each kind of column."""

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tables import Typed, csv_of, fitted, problem_of, said

from thalweg.errors import DataError
from thalweg.problems.preparation import Preparation, fit_preparation
from thalweg.problems.sections import Table
from thalweg.problems.table import open_table, prepare

USES = {"n": "number", "f": "flag", "c": "category", "d": "date", "t": "time"}
VALUES = {
    "n": st.none() | st.floats(-1e9, 1e9),
    "f": st.none() | st.integers(0, 1),
    "c": st.none() | st.sampled_from(["", "u", "v", "w", "other", "missing", "é", "v=w", "x" * 999]),
    "d": st.none() | st.integers(-4_000_000_000, 4_000_000_000),
    "t": st.none() | st.integers(0, 86_399),
}
ROWS = st.fixed_dictionaries(VALUES)


@settings(max_examples=20)
@given(rows=st.lists(ROWS, min_size=4, max_size=30), others=st.lists(ROWS, max_size=10), data=st.data())
def test_a_prepared_row_is_a_function_of_the_row_and_of_the_training_rows_alone(rows, others, data):
    """Other rows may be anything, anywhere, or not there: parts and rows of X keep every bit."""
    levels = data.draw(st.integers(2, 5))
    alone = Typed(**{name: [row[name] for row in rows] for name in USES})
    try:
        blocks, _ = fit_preparation(alone, USES, np.arange(len(rows)), levels)
    except DataError:
        return  # nothing varies
    order = data.draw(st.permutations(range(len(rows) + len(others))))
    mixed = Typed(**{name: [[*rows, *others][i][name] for i in order] for name in USES})
    train = np.array([order.index(i) for i in range(len(rows))])
    again, _ = fit_preparation(mixed, USES, train, levels)
    assert again == blocks
    one, two = (Preparation("y", "binary", ("a", "b"), b, {}) for b in (blocks, again))
    assert one.apply(alone).tobytes() == two.apply(mixed, train).tobytes()
    assert np.isfinite(two.apply(mixed)).all()
    for i in range(mixed.rows):
        assert two.apply(mixed, np.array([i])).tobytes() == two.apply(mixed)[i : i + 1].tobytes()


@settings(max_examples=20)
@given(rows=st.lists(ROWS, min_size=2, max_size=30), levels=st.integers(2, 5))
def test_what_was_fitted_comes_back_from_json_and_every_column_has_its_own_name(rows, levels):
    table = Typed(**{name: [row[name] for row in rows] for name in USES})
    try:
        blocks, _ = fit_preparation(table, USES, np.arange(len(rows)), levels)
    except DataError:
        return
    stored = Preparation("y", "multiclass", ("a", "ü", ""), blocks, {"n": "decimal comma"})
    back = msgspec.json.decode(msgspec.json.encode(stored), type=Preparation)
    assert back == stored
    X = stored.apply(table)
    assert len(set(back.names)) == len(back.names) == X.shape[1] == len(back.flags)
    assert back.apply(table).tobytes() == X.tobytes()
    assert (X.min(axis=0) != X.max(axis=0)).all()
    assert np.abs(X[:, stored.flags]).max(initial=0) <= 1


def test_values_of_other_rows_enter_nothing_that_training_sees(tmp_path):
    """The same table but for its validation and test rows: what is fitted, and X to train on, keep every bit."""
    rng = np.random.default_rng(5)
    n = 90
    columns = {
        "a": np.where(rng.random(n) < 0.2, None, rng.normal(size=n).round(6)).tolist(),
        "c": rng.choice(["u", "v", "w", "x"], n).tolist(),
        "f": rng.choice(["true", "false"], n).tolist(),
        "d": [f"2021-{1 + i % 12:02}-{1 + i % 28:02}" for i in range(n)],
        "y": rng.normal(size=n).round(6).tolist(),
    }
    first = problem_of(tmp_path, columns, "a.csv", levels=3)
    others = np.setdiff1d(np.arange(n), first.split.train)
    changed = {name: list(values) for name, values in columns.items()}
    for i in others:
        changed["a"][i], changed["c"][i] = [None, 1e6][i % 2], ["never seen", "u"][i % 2]
        changed["f"][i], changed["d"][i], changed["y"][i] = "true", "1066-10-14", 1e9
    second = problem_of(tmp_path, changed, "b.csv", levels=3)
    assert np.array_equal(first.split.train, second.split.train)
    assert first.table.preparation == second.table.preparation
    for one, two in ((first.scaler, second.scaler), (first.target_scaler, second.target_scaler)):
        assert one.mean.tobytes() == two.mean.tobytes()
        assert one.scale.tobytes() == two.scale.tobytes()
    one, two = (problem.objective.splits["train"] for problem in (first, second))
    assert one.X.tobytes() == two.X.tobytes()
    assert one.y.tobytes() == two.y.tobytes()
    assert second.table.X[others].max() > 1e5


# Numbers and flags


def test_gaps_get_the_median_or_the_more_frequent_value_and_a_mark():
    columns = {"a": [1, 2, None, 10, None], "f": [True, False, True, None, True]}
    preparation, X, notices = fitted(columns, {"a": "number", "f": "flag"})
    assert preparation.names == ("a", "a missing", "f", "f missing")
    assert X.T.tolist() == [[1, 2, 2, 10, 2], [0, 0, 1, 0, 1], [1, 0, 1, 1, 1], [0, 0, 0, 1, 0]]
    assert said(notices, "a (2 with the median 2), f (1 with the more frequent true)")


def test_columns_with_the_same_gaps_share_one_mark():
    columns = {"a": [1, 2, None, 4], "b": [5, 7, None, 9], "c": ["u", None, "v", "u"], "d": [None, 3, 4, 5]}
    uses = {"a": "number", "b": "number", "c": "category", "d": "number"}
    preparation, _, _ = fitted(columns, uses)
    assert preparation.names == ("a", "a missing", "b", "c=v", "c missing", "d", "d missing")


def test_a_column_that_is_constant_but_for_its_gaps_is_learned_from_by_its_gaps_and_this_is_said():
    columns = {"a": [7, None, 7, 7], "c": ["u", "u", None, "u"], "b": [1, 2, 3, 4], "same": [3, 3, 3, 3]}
    uses = {"a": "number", "c": "category", "b": "number", "same": "number"}
    preparation, X, notices = fitted(columns, uses)
    assert preparation.names == ("a missing", "c missing", "b")
    assert X[:, :2].T.tolist() == [[0, 1, 0, 0], [0, 0, 1, 0]]
    assert said(notices, "constant where there is a value", "a, c")
    assert said(notices, "left out, constant: same")


def test_a_median_of_huge_values_is_finite():
    _, X, _ = fitted({"a": [1.5e308, 1.7e308, None]}, {"a": "number"})
    assert X[2, 0] == pytest.approx(1.6e308)


def test_a_column_without_a_value_in_the_training_rows_is_left_out_and_named():
    columns = {"a": [None, None, 3, 4], "b": [1, 2, 3, 4]}
    preparation, _, notices = fitted(columns, {"a": "number", "b": "number"}, train=[0, 1])
    assert preparation.names == ("b",)
    assert said(notices, "without a value in the training rows: a")
    with pytest.raises(DataError, match=r"no column of typed varies over the training rows: a"):
        fitted(columns, {"a": "number"}, train=[0, 1])


# Categories


def category(values, levels=20, train=None):
    preparation, X, notices = fitted({"c": values, "x": range(len(values))}, {"c": "category"}, train, levels)
    return preparation.blocks[0].part, preparation.names, X, notices


def test_each_level_but_the_most_frequent_has_a_column():
    part, names, X, notices = category(["u", "v", "w", "v"])
    assert (part.usual, part.levels, part.other, part.marks) == ("v", ("u", "w"), False, False)
    assert names == ("c=u", "c=w")
    assert X.tolist() == [[1, 0], [0, 0], [0, 1], [0, 0]]
    assert said(notices, "c (3 levels)")


def test_over_the_cap_the_rarest_levels_share_other_and_ties_go_by_the_alphabet():
    values = [*"aaaa", *"bbb", *"ccc", *"dd", *"ee", "f"]
    part, names, X, notices = category(values, levels=4)
    assert (part.usual, part.levels, part.other) == ("a", ("b", "c"), True)
    assert names == ("c=b", "c=c", "c=other")
    assert X.sum(axis=0).tolist() == [3, 3, 5]
    assert said(notices, "c has 6 levels: the 3 most frequent ones are kept apart, 3 share", "--levels")
    part, *_ = category(values[::-1], levels=3)
    assert (part.usual, part.levels) == ("a", ("b",))
    assert category(values, levels=6)[0].other is False
    assert category(values, levels=2)[1] == ("c=other",)


def test_levels_that_only_other_rows_have_are_other_or_the_most_frequent_one_and_this_is_said():
    values = ["u", "u", "v", "w", "new", "newer"]
    part, names, X, notices = category(values, train=range(4))
    assert names == ("c=v", "c=w")
    assert X[4:].tolist() == [[0, 0], [0, 0]]
    assert said(notices, "c: 2 levels of no training row count as the most frequent one, 'u'")
    assert part.unseen(Typed(c=values)) == {"new": 1, "newer": 1}
    _, names, X, _ = category(values, levels=2, train=range(4))
    assert X[4:].ravel().tolist() == [1, 1]


def test_names_of_levels_and_of_other_columns_may_collide():
    """Levels called "other" and "missing", a column called "c=b": each keeps its values, each has a name."""
    columns = {
        "c": ["b", "other", "missing", None, "a", "a", "a"],
        "c=b": [1, 2, 3, 4, 5, 6, 8],
        "c missing": [2, 3, 4, 5, 6, 7, 9],
        "c=other": ["b", "b", "a", "a", "b", "b", "b"],
    }
    uses = {"c": "category", "c=b": "number", "c missing": "number", "c=other": "category"}
    preparation, X, _ = fitted(columns, uses)
    assert preparation.names == (
        "c=b", "c=missing", "c=other", "c missing", "c=b (2)", "c missing (2)", "c=other=a",
    )  # fmt: skip
    assert X[:4, :4].tolist() == [[1, 0, 0, 0], [0, 0, 1, 0], [0, 1, 0, 0], [0, 0, 0, 1]]
    assert X[:, 4].tolist() == columns["c=b"]
    capped, X, _ = fitted(columns, {"c": "category"}, levels=3)
    assert capped.names == ("c=b", "c=other", "c missing")
    assert X[:4].tolist() == [[1, 0, 0], [0, 1, 0], [0, 1, 0], [0, 0, 1]]
    named, X, _ = fitted({"c": ["other", "other", "a", "a", "a", "z", "q"]}, {"c": "category"}, levels=3)
    assert named.names == ("c=other", "c=other (2)")
    assert X.tolist() == [[1, 0], [1, 0], [0, 0], [0, 0], [0, 0], [0, 1], [0, 1]]


@pytest.mark.parametrize("level", ["Zoë", "漢字", "🐧", "a,b", 'say "x"', "  ", "x" * 5000, "a=b", "0", "-0.0"])
def test_a_level_may_be_any_text(level):
    part, names, X, _ = category(["plain", "plain", level, "u"])
    assert X.shape == (4, len(part.levels) + part.marks)
    assert X[2].sum() == 1
    assert names[int(X[2].argmax())] in (f"c={level}", "c missing")


def test_one_level_and_gaps_is_a_mark_and_two_levels_are_one_column():
    assert category(["u", None, "u"])[1] == ("c missing",)
    assert category(["u", "v", "u"])[1] == ("c=v",)
    with pytest.raises(DataError, match=r"no column of typed varies"):
        category(["u", "u", "u"])


# Under the standardiser, and for other rows


def test_columns_of_0_and_1_keep_their_scale_under_the_standardiser(tmp_path):
    rng = np.random.default_rng(0)
    columns = {
        "a": (100 * rng.normal(size=200)).tolist(),
        "c": ["u"] * 190 + ["v"] * 10,
        "y": rng.normal(size=200).tolist(),
    }
    problem = problem_of(tmp_path, columns)
    X = problem.objective.splits["train"].X
    assert np.allclose(X.mean(axis=0), 0, atol=1e-12)
    assert X[:, 0].std() == pytest.approx(1)
    assert np.ptp(X[:, 1]) == pytest.approx(1)


def test_one_reading_serves_every_split(tmp_path):
    """What is fitted belongs to the rows it is fitted on: the same opened table, prepared for other rows."""
    columns = {"a": [1, None, 3, 4, 50, 60], "y": [1.5, 2, 3, 4, 5, 6]}
    opened = open_table(Table(source=csv_of(tmp_path, columns), target="y"))
    low, high = prepare(opened, np.arange(4)), prepare(opened, np.arange(2, 6))
    assert (low.preparation.blocks[0].part.fill, high.preparation.blocks[0].part.fill) == (3.0, 27.0)
    assert low.X.shape == (6, 2)
    assert high.names == ("a",)
