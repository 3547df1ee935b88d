"""Hints about columns that are not there: only a column that has no other part, and not for a likeness by chance."""

import pytest
from tables import columns_of

from thalweg.errors import DataError
from thalweg.problems.matching import match, renamed


@pytest.mark.parametrize(
    ("name", "spare", "hint"),
    [
        ("sepal_length", ["Sepal Length"], "Sepal Length"),
        ("temp_max", ["wind", "TempMax"], "TempMax"),
        ("x10", ["x1", "x100"], ""),
        ("sales_2020", ["sales_2021"], ""),
        ("sales_2020", ["Sales 2020"], "Sales 2020"),
        ("a", ["aa", "ab"], ""),
        ("a", ["A"], "A"),
        ("price", ["area"], ""),
        ("price", [], ""),
    ],
)
def test_a_hint_is_the_same_name_written_otherwise(name, spare, hint):
    assert renamed(name, spare) == hint


def test_a_column_that_is_needed_itself_is_no_hint(tmp_path):
    columns = columns_of(tmp_path, {"petal_length_cm": [1, 2], "colour": ["u", "v"]})
    with pytest.raises(DataError, match="has no column sepal_length_cm; expected those"):
        match(columns, {"sepal_length_cm": "number", "petal_length_cm": "number"})
    with pytest.raises(DataError, match=r"sepal_length_cm \(perhaps its petal_length_cm\)"):
        match(columns, {"sepal_length_cm": "number"})
