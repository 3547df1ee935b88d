"""Laws of data in memory: a copy under a name made of its contents, the same whatever library it comes from."""

import datetime
import decimal
import doctest
import subprocess
import sys

import numpy as np
import pytest

from thalweg.errors import DataError
from thalweg.problems.sources import memory, sample
from thalweg.problems.sources.memory import hold
from thalweg.problems.sources.opening import open_source

COLUMNS = {
    "n": [1, 2, None],
    "x": [0.5, float("nan"), float("inf")],
    "s": ["b", None, "a"],
    "flag": [True, None, False],
    "day": [datetime.date(2020, 1, 31), None, datetime.date(2020, 2, 29)],
    "at": [datetime.time(5, 7), datetime.time(23, 59, 59), None],
    "cost": [decimal.Decimal("1.25"), None, decimal.Decimal(2)],
    "mixed": [1, "two", None],
    "lists": [[1], None, [2, 3]],
    "none": [None, None, None],
}
KINDS = {
    "n": "number", "x": "number", "s": "text", "flag": "boolean", "day": "date", "at": "time", "cost": "number",
    "mixed": "text", "lists": "other", "none": "empty",
}  # fmt: skip


def equal(columns) -> None:
    """These are COLUMNS."""
    assert columns.kinds == KINDS
    assert np.array_equal(columns.numbers("n"), [1, 2, np.nan], equal_nan=True)
    assert np.array_equal(columns.numbers("x"), [0.5, np.nan, np.inf], equal_nan=True)
    assert columns.texts("s").tolist() == ["b", None, "a"]
    assert columns.texts("flag").tolist() == ["true", None, "false"]
    assert np.array_equal(columns.times("day"), [1580428800.0, np.nan, 1582934400.0], equal_nan=True)
    assert np.array_equal(columns.times("at"), [18420.0, 86399.0, np.nan], equal_nan=True)
    assert np.array_equal(columns.numbers("cost"), [1.25, np.nan, 2], equal_nan=True)
    assert columns.texts("mixed").tolist() == ["1", "two", None]
    assert columns.codes("s")[1] == ("a", "b")


def test_lists_of_any_type_become_columns_of_their_kind_and_are_found_again_by_name():
    columns = hold(COLUMNS)
    equal(columns)
    assert columns.name == f"memory:{columns.sha256[:16]}"
    again = open_source(columns.name)
    equal(again)
    assert (again.name, again.sha256) == (columns.name, columns.sha256)


def test_the_name_is_of_the_contents_and_a_copy_is_held():
    X, y = np.arange(6.0).reshape(3, 2), np.array([0, 1, 0])
    first = hold(X, y)
    assert first.names == ("x1", "x2", "y")
    assert hold(X.copy(), y.tolist()).name == first.name
    X[2, 1] = np.nextafter(X[2, 1], np.inf)
    changed = hold(X, y)
    X[0, 0] = 99
    others = {
        hold(X).name,
        hold(X[::-1], y).name,
        hold({"a": [1]}).name,
        hold({"a": [1.5]}).name,
        hold({"b": [1]}).name,
    }
    assert first.name not in {changed.name, *others}
    assert len(others) == 5
    assert open_source(first.name).numbers("x2").tolist() == [1, 3, 5]


def test_a_sample_a_query_and_some_columns_of_what_is_held():
    name = hold({"i": np.arange(100), "s": [str(i) for i in range(100)]}).name
    columns = open_source(name, rows=10, seed=3, only=["i"])
    assert columns.names == ("i",)
    assert columns.rows == 10
    assert (np.diff(columns.numbers("i")) > 0).all()
    assert open_source(name, query="SELECT i * 2 AS d FROM data WHERE i < 3 ORDER BY i").numbers("d").tolist() == [
        0,
        2,
        4,
    ]


@pytest.mark.slow
def test_another_program_says_how_to_hand_the_data_over_again():
    name = hold({"a": [1, 2]}).name
    code = f"from thalweg.problems.sources.opening import open_source; open_source({name!r})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "DataError: memory:" in done.stderr
    assert "hand them over again" in done.stderr


def test_structured_and_masked_arrays_have_their_names_and_gaps():
    structured = np.array([(1, "u"), (2, "v")], dtype=[("n", "i2"), ("s", "U3")])
    assert hold(structured).texts("s").tolist() == ["u", "v"]
    masked = np.ma.masked_array([[1, 2], [3, 4]], [[False, True], [False, False]])
    assert np.array_equal(hold(masked).numbers("x2"), [np.nan, 4], equal_nan=True)
    assert hold(np.array([1.0, 2.0])).names == ("x1",)
    assert hold(np.array(["2020-01-31", "NaT"], dtype="M8[D]")).kinds == {"x1": "date"}
    assert hold(np.array([90, 120], dtype="m8[s]")).numbers("x1").tolist() == [90, 120]


def test_whole_numbers_that_a_float_cannot_hold_stay_apart():
    columns = hold({"id": [2**60 + 1, 2**60 + 2], "u": np.array([2**64 - 1, 0], dtype=np.uint64)})
    assert columns.texts("id").tolist() == [str(2**60 + 1), str(2**60 + 2)]
    assert columns.kinds["u"] == "text"
    assert hold({"big": [2**70, 1]}).numbers("big").tolist() == [2.0**70, 1]


def test_text_in_memory_stays_text():
    columns = hold({"s": ["1", "2", "NA"]})
    assert columns.kinds == {"s": "text"}
    assert columns.codes("s")[1] == ("1", "2", "NA")


@pytest.mark.parametrize(
    ("data", "y", "words"),
    [
        ({}, None, "no columns"),
        ({"a": []}, None, "no rows"),
        ({"a": [1, 2], "b": [1]}, None, "b has 1 row but a has 2"),
        ({"a": 5}, None, "a' is a single value, 5"),
        ({"a": "xyz"}, None, "a' is a single value"),
        ({"a": [[1, 2], [3, 4]]}, None, None),
        (np.zeros((2, 2, 2)), None, r"shape \(2, 2, 2\); expected \(rows, columns\)"),
        (np.zeros((0, 2)), None, r"shape \(0, 2\)"),
        (None, None, "shape"),
        (np.array([[1j]]), None, "complex"),
        ({"a": np.array([b"x"])}, None, "bytes"),
        ({"a": [b"x", None]}, None, "bytes; decode"),
        ({"y": [1]}, [1], "called 'y'"),
        ({"a": [1, 2]}, [1], "y has 1 row but a has 2"),
        ({"a": [1]}, np.zeros((1, 3)), r"y has shape \(1, 3\); expected \(rows,\)"),
        ({"a": np.zeros((2, 2))}, None, "shape"),
    ],
)
def test_each_misfit_is_one_sentence(data, y, words):
    if words is None:
        assert hold(data, y).kinds == {"a": "other"}
        return
    with pytest.raises(DataError, match=words) as caught:
        hold(data, y)
    assert "\n" not in str(caught.value)


class Sparse:
    def toarray(self):
        return np.eye(2)


class Lazy:
    def collect(self):
        return self

    lazy = collect


def test_what_is_no_table_yet_says_how_to_make_it_one():
    with pytest.raises(DataError, match="toarray"):
        hold(Sparse())
    with pytest.raises(DataError, match="collect"):
        hold(Lazy())


class Arrow:
    """A table that speaks as pyarrow's does."""

    column_names = ("a", "b")

    def to_pydict(self):
        return {"a": [1, None], "b": ["u", "v"]}


def test_an_arrow_table_is_its_dictionary():
    assert hold(Arrow()).kinds == {"a": "number", "b": "text"}


@pytest.mark.slow
def test_a_pandas_frame_is_the_same_table():
    import pandas as pd

    frame = pd.DataFrame({name: pd.Series(values, dtype=object) for name, values in COLUMNS.items()})
    assert hold(frame).sha256 == hold(COLUMNS).sha256
    typed = pd.DataFrame(
        {
            "i": pd.array([1, None, 3], dtype="Int64"),
            "b": pd.array([True, None, False], dtype="boolean"),
            "s": pd.array(["u", None, "v"], dtype="string"),
            "c": pd.Categorical([10, None, 9]),
            "z": pd.to_datetime(["2020-01-31 02:00", None, "2020-02-29 02:00"]).tz_localize("Europe/Berlin"),
            "d": pd.to_timedelta([60, None, 90], unit="s"),
        }
    )
    columns = hold(typed, y=pd.Series([1, 2, 3], name="target"))
    assert columns.kinds == {
        "i": "number",
        "b": "boolean",
        "s": "text",
        "c": "text",
        "z": "date",
        "d": "number",
        "target": "number",
    }
    assert columns.texts("c").tolist() == ["10", None, "9"]
    assert np.array_equal(columns.times("z"), [1580432400.0, np.nan, 1582938000.0], equal_nan=True)
    assert np.array_equal(columns.numbers("d"), [60, np.nan, 90], equal_nan=True)
    indexed = hold(typed.set_index("s"))
    assert "s" not in indexed.names
    assert any("index (s)" in notice for notice in indexed.notices)


@pytest.mark.slow
def test_a_polars_frame_is_the_same_table():
    import polars as pl

    frame = pl.DataFrame({name: values for name, values in COLUMNS.items() if name != "mixed"})
    columns = hold(frame)
    assert columns.kinds == {name: kind for name, kind in KINDS.items() if name != "mixed"}
    assert columns.texts("s").tolist() == ["b", None, "a"]
    assert np.array_equal(columns.times("at"), [18420.0, 86399.0, np.nan], equal_nan=True)
    zoned = frame.select(
        pl.col("day").cast(pl.Datetime).dt.replace_time_zone("Europe/Berlin"), pl.col("s").cast(pl.Categorical)
    )
    assert hold(zoned).times("day")[0] == 1580425200.0
    assert hold(zoned).codes("s")[1] == ("a", "b")
    with pytest.raises(DataError, match="collect"):
        hold(frame.lazy())


def test_the_examples_in_the_docstrings_hold():
    assert [doctest.testmod(module).failed for module in (memory, sample)] == [0, 0]
