"""A file of test rows: its rows are the test part and nothing else, and its columns are those of training."""

import numpy as np
import pytest
from tables import csv_of, problem_of, said, written

from thalweg.errors import DataError
from thalweg.problems.build import build, resolve
from thalweg.problems.sections import Table
from thalweg.problems.sources.opening import open_source
from thalweg.problems.stacked import Stacked

RNG = np.random.default_rng(8)


def rows(n=50, seed=0):
    rng = np.random.default_rng(seed)
    return {
        "name": [f"row {seed} {i}" for i in range(n)],
        "a": rng.normal(size=n).round(4).tolist(),
        "c": rng.choice(["u", "v", "w"], n).tolist(),
        "f": rng.choice(["true", "false"], n).tolist(),
        "d": [f"2020-{1 + i % 12:02}-01" for i in range(n)],
        "y": rng.choice(["no", "yes"], n).tolist(),
    }


def with_test_file(folder, train, test, name="test.csv", **fields):
    return problem_of(folder, train, "train.csv", test_file=csv_of(folder, test, name), **fields)


def test_the_rows_of_the_test_file_are_the_test_part_in_their_order(tmp_path):
    train, test = rows(), rows(20, seed=1)
    problem = with_test_file(tmp_path, train, test)
    split = problem.split
    assert split.test.tolist() == list(range(50, 70))
    assert sorted([*split.train, *split.validation]) == list(range(50))
    assert len(split.validation) == 10
    positions = problem.table.rows[split.test] - 50
    expected = [test["a"][i] for i in positions]
    assert problem.table.X[split.test, problem.table.names.index("a")].tolist() == expected
    assert problem.table.y[split.test, 0].tolist() == [float(test["y"][i] == "yes") for i in positions]
    assert said(problem.notices, "test rows are those of", "test.csv: 20 rows")


def test_the_test_file_changes_nothing_that_training_sees(tmp_path):
    """Neither its values nor how its columns look: the parts and rows of training keep every bit."""
    train = rows()
    one = with_test_file(tmp_path, train, rows(20, seed=1), "a.csv")
    strange = rows(500, seed=2)
    strange["a"] = (1e6 * np.array(strange["a"])).tolist()
    strange["c"] = [f"new {i}" for i in range(500)]
    strange["name"] = ["all the same"] * 500
    strange["d"] = ["1999-01-01"] * 500
    two = with_test_file(tmp_path, train, strange, "b.csv")
    assert one.table.preparation == two.table.preparation
    assert np.array_equal(one.split.train, two.split.train)
    a, b = (problem.objective.splits["train"] for problem in (one, two))
    assert a.X.tobytes() == b.X.tobytes()
    assert a.y.tobytes() == b.y.tobytes()
    assert said(two.notices, "c: 500 levels of no training row count as the most frequent one")


@pytest.mark.slow
def test_the_order_of_its_columns_and_columns_that_are_not_learned_from_do_not_matter(tmp_path):
    train, test = rows(), rows(20, seed=1)
    usual = with_test_file(tmp_path, train, test, "a.csv", id=("name",))
    turned = {name: test[name] for name in reversed(test) if name != "name"} | {"extra": range(20)}
    other = with_test_file(tmp_path, train, turned, "b.csv", id=("name",))
    assert usual.table.X.tobytes() == other.table.X.tobytes()
    assert said(other.notices, "columns of b.csv alone are ignored: extra")
    left_out = with_test_file(tmp_path, train, {k: v for k, v in test.items() if k != "name"}, "c.csv")
    assert left_out.table.X.tobytes() == usual.table.X.tobytes()
    dropped = {k: v for k, v in test.items() if k not in ("d", "f")} | {"f": range(20)}
    assert with_test_file(tmp_path, train, dropped, "d.csv", drop=("d", "f")).table.names == ("a", "c=u", "c=v")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("change", "asked", "words"),
    [
        ({"a": None}, {}, r"test.csv has no column a; expected those of training: y, a, c, f, d"),
        ({"a": None, "A": range(20)}, {}, r"no column a \(perhaps its A\)"),
        ({"y": None}, {}, r"test.csv has no column y"),
        ({"a": ["low"] * 20}, {}, r"column 'a' of test.csv held numbers in training; here 'low' in data row 1 is not"),
        ({"a": [1.5] * 10 + ["low"] * 10}, {}, r"'low' in data row 11 is not such, nor are 9 more: mend it"),
        ({"f": range(20)}, {}, r"column 'f' of test.csv held true or false in training"),
        ({"d": ["soon"] * 20}, {}, r"column 'd' of test.csv held dates in training; here 'soon'"),
        ({"y": [None] * 20}, {}, r"no row of .*test.csv can be tested on: its target 'y' is missing"),
        ({"a": [*range(19), "inf"]}, {}, r"column 'a' of test.csv is infinite in 1 data row \(20\)"),
        ({}, {"weights": "w"}, r"test.csv has no column w"),
        ({"y": ["perhaps"] * 20}, {"task": "binary"}, r"3 classes"),
    ],
)
def test_a_test_file_with_other_columns_is_refused_by_name(tmp_path, change, asked, words):
    test = {name: values for name, values in (rows(20, seed=1) | change).items() if values is not None}
    with pytest.raises(DataError, match=words) as caught:
        with_test_file(tmp_path, rows() | ({"w": [1, 2] * 25} if "weights" in asked else {}), test, **asked)
    assert "\n" not in str(caught.value)


def test_a_few_slips_of_the_test_file_count_as_missing_and_are_named(tmp_path):
    test = rows(40, seed=1)
    test["a"][7] = "low"
    problem = with_test_file(tmp_path, rows(), test)
    assert said(
        problem.notices,
        "in test.csv these count as missing",
        "a (1 value that does not fit, such as 'low' in data row 8)",
    )


def test_rows_of_either_file_without_a_target_are_dropped_and_counted(tmp_path):
    train, test = rows(), rows(20, seed=1)
    train["y"][3] = test["y"][5] = test["y"][6] = None
    problem = with_test_file(tmp_path, train, test)
    assert said(problem.notices, "dropped 3 rows in which the target 'y' is missing")
    assert len(problem.split.test) == 18
    nothing = train | {"y": [None] * 50}
    with pytest.raises(DataError, match="target 'y' is empty"):
        with_test_file(tmp_path, nothing, test, "b.csv")


def test_a_class_of_the_test_file_alone_is_named(tmp_path):
    train, test = rows(), rows(20, seed=1)
    train["y"] = RNG.choice(["u", "v", "w"], 50).tolist()
    test["y"] = ["x"] * 20
    assert said(with_test_file(tmp_path, train, test).notices, "no training row is of class x: it cannot be predicted")


@pytest.mark.slow
def test_groups_of_the_test_file_that_are_trained_on_are_counted(tmp_path):
    train, test = rows(), rows(20, seed=1)
    train["name"] = [f"p{i % 10}" for i in range(50)]
    test["name"] = [f"p{i % 4 + 8}" for i in range(20)]
    assert said(with_test_file(tmp_path, train, test, group="name").notices, "2 groups of the test rows occur among")


def test_numbers_of_the_test_file_are_read_as_those_of_training_were(tmp_path):
    """A decimal comma in training is one in the test file, also where its values would fit another reading."""
    train = "a;y\n" + "".join(f"{i},5;{i}\n" for i in range(40))
    problem = build(
        resolve(
            Table(
                source=str(written(tmp_path, train, "train.csv")),
                test_file=str(written(tmp_path, "a;y\n1,250;3\n2,750;4\n", "test.csv")),
                target="y",
                task="regression",
            )
        )
    )
    assert problem.table.X[problem.split.test, 0].tolist() == [1.25, 2.75]


@pytest.mark.slow
def test_a_stack_answers_as_one_table_would(tmp_path):
    first, later = rows(), rows(20, seed=1)
    later["c"][0], later["a"][1] = "z", None
    both = {name: [*first[name], *later[name]] for name in first}
    parts = [open_source(csv_of(tmp_path, part, name)) for part, name in ((first, "a.csv"), (later, "b.csv"))]
    stack, whole = Stacked(*parts), open_source(csv_of(tmp_path, both, "c.csv"))
    assert (stack.rows, stack.names, stack.kinds, stack.name) == (whole.rows, whole.names, whole.kinds, "a.csv")
    for name in both:
        codes, levels = stack.codes(name)
        assert [levels[code] if code >= 0 else None for code in codes] == whole.texts(name).tolist()
        assert stack.texts(name).tolist() == whole.texts(name).tolist()
        assert stack.distinct(name) == whole.distinct(name)
    assert np.array_equal(stack.numbers("a"), whole.numbers("a"), equal_nan=True)
    assert np.array_equal(stack.times("d"), whole.times("d"))
    lacking = Stacked(parts[0], open_source(csv_of(tmp_path, {"y": later["y"]}, "d.csv")))
    assert np.isnan(lacking.numbers("a")[50:]).all()
    assert lacking.texts("name")[50:].tolist() == [None] * 20
    assert (lacking.codes("c")[0][50:] == -1).all()
