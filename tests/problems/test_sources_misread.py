"""Files that are not what their first line makes of them are refused with what to do; odd but sound ones are read."""

import pytest
from tables import written

from thalweg.errors import DataError
from thalweg.problems.sources.opening import open_source

MISREAD = {
    "blanks": ("a   b    y\n1.5  2  3\n10.5 2  30\n", "3 columns separated by blanks"),
    "blanks without names": ("0.1 18 2.3\n0.2 19 2.4\n0.3 20 2.5\n", "by blanks.*put a line of names on top"),
    "blanks and a tab": ('mpg\tcyl name\n18.0 8\t"a car"\n15.0 8   9\n', "3 columns separated by blanks"),
    "blanks and decimal commas": ("a b y\n1,5 2,5 3\n1,5 2,5 4\n", "3 columns separated by blanks"),
    "row names of R": ('"a","y"\n"1",1.5,2\n"2",1.5,3\n', "2 column names over 3 values in each row.*as R writes them"),
    "separators at the end": ("a,y\n1,2,\n3,4,\n", "each row ends in a separator"),
    "no names": ("5.1,3.5,red\n4.9,3.0,blue\n", r"looks like a row of values \(5.1, 3.5, red\)"),
    "no names, a number twice": ("3,7,3,red\n4,9,1,blue\n", "looks like a row of values"),
}
SOUND = {
    "years": ("country,1990,1991,1992\nChad,1,2,3\nMali,4,5,6\n", ("country", "1990", "1991", "1992")),
    "wavelengths": ("400.5,401.0,401.5,y\n1,2,3,4\n5,6,7,8\n", ("400.5", "401.0", "401.5", "y")),
    "numbers of things": ("item,17,3,25\n1,2,3,4\n5,6,7,8\n", ("item", "17", "3", "25")),
    "pandas": ("0,1,2\n5.5,6,7\n1,2,3\n", ("0", "1", "2")),
    "blanks in names and values": ("price eur\tcost eur\n1 000\t2 000\n3 000\t4 000\n", ("price eur", "cost eur")),
    "one column with its unit": ("unit price\n5 USD\n7 USD\n8 USD\n", ("unit price",)),
    "blanks behind commas": ("a, b, y\n1, 2, 3\n4, 5, 6\n", ("a", "b", "y")),
    "names in single quotation marks": ("'a'\t'y'\n1\t2\n3\t4\n", ("a", "y")),
}


@pytest.mark.parametrize("name", MISREAD)
def test_what_is_no_table_of_separators_under_names_is_refused_with_what_to_do(name, tmp_path):
    text, words = MISREAD[name]
    with pytest.raises(DataError, match=words) as caught:
        open_source(str(written(tmp_path, text)))
    assert "data.csv" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", SOUND)
def test_names_that_look_odd_are_names(name, tmp_path):
    text, names = SOUND[name]
    columns = open_source(str(written(tmp_path, text)))
    assert columns.names == names
    assert columns.rows == text.count("\n") - 1


def test_counted_columns_are_said_and_two_numbers_could_be_values(tmp_path):
    columns = open_source(str(written(tmp_path, "0,1,2\n5.5,6,7\n")))
    assert any("counts the columns (0, 1, 2): read as their names" in notice for notice in columns.notices)
    with pytest.raises(DataError, match="only numbers"):
        open_source(str(written(tmp_path, "0,1\n5.5,6\n", "two.csv")))
