"""Laws of splits: in time nothing is learned from later rows, a group is on one side, what is drawn is a part."""

import doctest
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tables import csv_of, problem_of, said

from thalweg.errors import DataError, SpecError
from thalweg.problems import split_groups, split_time
from thalweg.problems.build import build, resolve
from thalweg.problems.sections import Table
from thalweg.problems.split_groups import split_by_group
from thalweg.problems.split_time import split_in_time
from thalweg.problems.splitting import split_of
from thalweg.problems.table import open_table

SHARES = st.sampled_from([(0.2, 0.2), (0.0, 0.3), (0.3, 0.0), (0.1, 0.6), (0.0, 0.0)])


def parts_of(split):
    return [split.train, split.validation, split.test]


def is_a_partition(split, count):
    return np.array_equal(np.sort(np.concatenate(parts_of(split))), np.arange(count))


def are_apart(sides):
    return len(set.union(*sides)) == sum(map(len, sides))


# In time


@settings(max_examples=40)
@given(st.lists(st.integers(-5, 5) | st.floats(-1e12, 1e12), min_size=1, max_size=40), SHARES)
@example([0.0, 1.0, 1.0, 1.0], (0.2, 0.2))
@example([2, 1, 0], (0.2, 0.2))
def test_no_row_of_a_later_part_is_earlier_than_one_of_an_earlier_part(times, shares):
    """Ties stay together, every wanted part has rows, and a table that cannot be split so is refused."""
    times, (validation, test) = np.array(times, float), shares
    wanted = [True, validation > 0, test > 0]
    if len(np.unique(times)) < sum(wanted):
        with pytest.raises(DataError, match=r"too few for \d parts|cannot fill"):
            split_in_time(times, validation=validation, test=test)
        return
    split = split_in_time(times, validation=validation, test=test)
    assert is_a_partition(split, len(times))
    assert [len(part) > 0 for part in parts_of(split)] == wanted
    filled = [times[part] for part in parts_of(split) if len(part)]
    for earlier, later in pairwise(filled):
        assert earlier.max() < later.min()


@given(st.integers(10, 500))
@settings(max_examples=30)
def test_where_all_times_differ_the_parts_have_their_shares(count):
    split = split_in_time(np.random.default_rng(count).permutation(count).astype(float))
    assert abs(len(split.test) - 0.2 * count) <= 0.5
    assert abs(len(split.validation) - 0.2 * count) <= 1


def dated(n=60):
    days = [f"2021-{1 + i // 5:02}-{1 + i % 5:02}" for i in range(n)]
    order = np.random.default_rng(4).permutation(n)
    values = np.sin(np.arange(n)).round(6)
    return {"day": [days[i] for i in order], "a": values[order].tolist(), "y": (values[order] ** 2).round(6).tolist()}


def test_a_table_split_by_its_dates_trains_on_the_past(tmp_path):
    columns = dated()
    problem = problem_of(tmp_path, columns, time="day")
    day = np.array(columns["day"])
    train, validation, test = (day[part] for part in parts_of(problem.split))
    assert max(train) < min(validation) <= max(validation) < min(test)
    assert said(problem.notices, "in the order of 'day', the latest rows last: 36 rows for training")
    assert "day days" in problem.table.names


def test_rows_without_a_time_are_dropped_and_counted(tmp_path):
    columns = dated()
    columns["day"][3] = columns["day"][7] = None
    problem = problem_of(tmp_path, columns, time="day")
    assert said(problem.notices, "dropped 2 rows without a 'day' to be put in order by")
    assert 3 not in problem.table.rows
    numbered = problem_of(tmp_path, {**dated(), "day": [*range(59), None]}, "n.csv", time="day")
    assert numbered.table.rows[numbered.split.test].min() > numbered.table.rows[numbered.split.train].max()


@pytest.mark.slow
def test_each_column_that_orders_nothing_is_refused(tmp_path):
    columns = dated() | {"word": ["u", "v", "w"] * 20, "same": ["2020-01-01"] * 60, "big": [1.5, np.inf] * 30}
    for name, words in (
        ("word", "time 'word' is text; expected dates or numbers"),
        ("same", "1 different times, too few for 3 parts"),
        ("big", "column 'big' of data.csv is infinite"),
    ):
        with pytest.raises(DataError, match=words):
            problem_of(tmp_path, columns, time=name, drop=("same", "big"))
    with pytest.raises(SpecError, match="give one of them"):
        Table(time="a", group="b")


# By group


@settings(max_examples=40)
@given(st.lists(st.integers(-1, 12), min_size=1, max_size=60), SHARES, st.integers(0, 3))
@example([0, 0, 0, 0, 0, 0, 0, 0, 1, 2], (0.2, 0.2), 0)
def test_a_group_is_never_on_two_sides_and_the_parts_miss_their_shares_by_one_group_at_most(groups, shares, seed):
    groups, (validation, test) = np.array(groups), shares
    wanted = np.array([1 - validation - test, validation, test])
    sizes = np.bincount(groups[groups >= 0]) if (groups >= 0).any() else np.array([1])
    number = len(np.unique(groups[groups >= 0])) + (groups < 0).sum()
    if number < (wanted > 0).sum():
        with pytest.raises(DataError, match=r"too few for \d parts|cannot fill"):
            split_by_group(groups, validation=validation, test=test, seed=seed)
        return
    split = split_by_group(groups, validation=validation, test=test, seed=seed)
    again = split_by_group(groups, validation=validation, test=test, seed=seed)
    assert is_a_partition(split, len(groups))
    assert are_apart([set(groups[part]) - {-1} for part in parts_of(split)])
    for part, same, share in zip(parts_of(split), parts_of(again), wanted, strict=True):
        assert np.array_equal(part, same)
        assert (len(part) > 0) == (share > 0)
        assert len(part) - share * len(groups) <= max(1, sizes.max())


def grouped(n=60):
    rng = np.random.default_rng(2)
    return {
        "who": [f"p{i}" for i in rng.integers(0, 15, n)],
        "a": rng.normal(size=n).round(4).tolist(),
        "y": rng.normal(size=n).round(4).tolist(),
    }


def test_a_table_split_by_group_does_not_learn_from_it(tmp_path):
    columns = grouped()
    columns["who"][5] = None
    problem = problem_of(tmp_path, columns, group="who")
    who = np.array(columns["who"], dtype=object)
    assert are_apart([set(who[part]) - {None} for part in parts_of(problem.split)])
    assert problem.table.names == ("a",)
    assert said(problem.notices, "by 'who', a group never on two sides", "1 row without one count as groups of one")


@pytest.mark.slow
def test_the_seed_of_the_split_chooses_the_groups(tmp_path):
    tests = {tuple(problem_of(tmp_path, grouped(), group="who", split_seed=s).split.test) for s in (0, 0, 1, 2)}
    assert len(tests) == 3


def test_two_groups_cannot_fill_three_parts(tmp_path):
    columns = grouped() | {"who": ["u", "v"] * 30}
    with pytest.raises(DataError, match=r"form 2 groups, too few for 3 parts; set validation or test to 0"):
        problem_of(tmp_path, columns, group="who")
    assert problem_of(tmp_path, columns, group="who", validation=0.0).split.test.size == 30


# Fewer rows to train on


@pytest.mark.slow
@pytest.mark.parametrize("how", [{}, {"time": "day"}, {"group": "who"}])
def test_fewer_training_rows_are_some_of_the_training_rows_and_nothing_else_changes(tmp_path, how):
    columns = dated() | {"who": grouped()["who"]}
    whole, few = (problem_of(tmp_path, columns, train_rows=n, **how) for n in (0, 10))
    assert len(few.split.train) == 10
    assert set(few.split.train) <= set(whole.split.train)
    assert np.array_equal(few.split.validation, whole.split.validation)
    assert np.array_equal(few.split.test, whole.split.test)
    assert said(few.notices, "trained on 10 rows drawn from")
    assert not said(whole.notices, "drawn from")
    assert np.allclose(few.scaler.mean, few.table.X[few.split.train].mean(axis=0))
    again = problem_of(tmp_path, columns, train_rows=10, **how)
    assert np.array_equal(again.split.train, few.split.train)
    enough = problem_of(tmp_path, columns, train_rows=1000, **how)
    assert np.array_equal(enough.split.train, whole.split.train)


# What training does not see


def test_training_rows_of_one_class_or_one_value_are_refused(tmp_path):
    order = {"t": range(40), "a": np.sin(np.arange(40)).tolist()}
    for y, words in (
        (["u"] * 30 + ["v"] * 10, "target 'y' is 'u' in all 24 training rows"),
        (["u"] * 30 + ["v"] * 5 + ["w"] * 5, "target 'y' is 'u' in all 24 training rows"),
        ([0.5] * 30 + [1.5] * 10, "target 'y' is 0.5 in all 24 training rows"),
    ):
        with pytest.raises(DataError, match=words):
            problem_of(tmp_path, order | {"y": y}, time="t")


def test_a_class_without_a_training_row_is_named(tmp_path):
    columns = {"t": range(40), "a": np.sin(np.arange(40)).tolist(), "y": ["u", "v"] * 15 + ["w"] * 10}
    assert said(
        problem_of(tmp_path, columns, time="t").notices, "no training row is of class w: it cannot be predicted"
    )


@pytest.mark.slow
@pytest.mark.parametrize("rows", range(1, 8))
@pytest.mark.parametrize("y", ["0.5 1.5 2.5 3.5 4.5 5.5 6.5", "u v u v u v u", "a b c d e f g"])
def test_a_tiny_table_works_or_is_refused_in_a_plain_sentence(tmp_path, rows, y):
    columns = {"a": [3, 1, 4, 1, 5, 9, 2][:rows], "b": list("uvuvuvu")[:rows], "y": y.split()[:rows]}
    refusals = []
    for how in ({}, {"time": "a"}, {"group": "b"}, {"validation": 0.0, "test": 0.0}):
        try:
            problem = problem_of(tmp_path, columns, **how)
        except DataError as refusal:
            refusals.append(str(refusal))
            continue
        assert is_a_partition(problem.split, rows)
        value, grad = problem.objective.value_and_grad(problem.start(0))
        assert np.isfinite(value)
        assert np.isfinite(grad).all()
    assert not any("\n" in refusal for refusal in refusals)
    assert rows > 1 or len(refusals) == 4


# What is resolved stays resolved


@pytest.mark.parametrize(
    ("y", "asked"),
    [
        (["no", "yes"], {}),
        (["no", "yes"], {"positive": "no"}),
        (["no", "yes"], {"positive": "yes", "task": "binary"}),
        (["no", "yes"], {"task": "multiclass"}),
        (["u", "v", "w"], {}),
        ([1, 0], {"positive": "0"}),
        ([0, 1], {"task": "regression"}),
        ([0.5, 1.5, 2.5], {}),
        (["true", "false"], {"positive": "false"}),
    ],
)
def test_resolving_twice_is_resolving_once(tmp_path, y, asked):
    source = csv_of(tmp_path, {"a": range(2, 62), "y": (y * 60)[:60]})
    once = resolve(Table(source=source, target="y", **asked))
    assert resolve(once) == once
    if "positive" in asked:
        assert once.positive == asked["positive"]
        assert build(once).table.classes[1] == asked["positive"]
        positive = np.array((y * 60)[:60]).astype(str) == asked["positive"]
        assert np.array_equal(build(once).table.y[:, 0], positive)


def test_the_split_is_that_of_the_opened_table(tmp_path):
    columns = grouped()
    problem = problem_of(tmp_path, columns, group="who")
    opened = open_table(Table(source=csv_of(tmp_path, columns), target="y", group="who"))
    assert np.array_equal(split_of(opened).test, problem.split.test)


def test_the_examples_in_the_docstrings_hold():
    for module in (split_time, split_groups):
        assert doctest.testmod(module).failed == 0
