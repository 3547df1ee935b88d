"""Laws of reading text: every way in which people write numbers, dates and missing values, and nothing guessed."""

import csv
import datetime
import io
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from thalweg.errors import DataError
from thalweg.problems.sources import dates, finding, readings
from thalweg.problems.sources.markers import DOUBTFUL, MISSING, UNUSUAL
from thalweg.problems.sources.opening import open_source


def opened(folder, text, name="data.csv", **asked):
    """The columns of a file with this text."""
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return open_source(str(path), **asked)


def file_of(columns: dict, separator: str = ",") -> str:
    """CSV of columns of equal length."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=separator)
    writer.writerow(columns)
    writer.writerows(zip(*columns.values(), strict=True))
    return text.getvalue()


def said(columns, *words) -> bool:
    """Whether one notice holds all the words."""
    return any(all(word in notice for word in words) for notice in columns.notices)


def turned(text: str) -> str:
    """1,234.5 as 1.234,5."""
    return text.translate(str.maketrans(",.", ".,"))


NOTATIONS = {
    "plain": (repr, "number"),
    "grouped": ("{:,.2f}".format, "thousands comma"),
    "turned": (lambda x: turned(f"{x:,.2f}"), "decimal comma"),
    "percent": ("{:.2f}%".format, "%"),
    "dollars": (lambda x: f"-${-x:,.2f}" if x < 0 else f"${x:,.2f}", "$"),
    "books": (lambda x: f"({-x:,.2f})" if x < 0 else f"{x:,.2f}", "thousands comma"),
    "euros": (lambda x: turned(f"{x:,.2f}") + " €", "€ with decimal comma"),
}


@pytest.mark.slow
@settings(max_examples=12)
@given(values=st.lists(st.integers(-(10**8), 10**8).map(lambda i: i / 100), min_size=2, max_size=9))
def test_numbers_in_every_notation_are_the_same_numbers(values, tmp_path_factory):
    values = [-4321.25, 7654321.5, *values]  # so that no column is only of plain numbers
    cells = {name: [write(value) for value in values] for name, (write, _) in NOTATIONS.items()}
    columns = opened(tmp_path_factory.mktemp("notations"), file_of(cells, ";"))
    for name, (_, how) in NOTATIONS.items():
        assert columns.numbers(name).tolist() == values, name
        # Where ; separates, the comma is the decimal sign unless a point says otherwise.
        assert columns.how[name] == how


@pytest.mark.parametrize("name", [name for name in NOTATIONS if name != "plain"])
def test_one_value_in_another_notation_leaves_the_column_text_and_is_named(name, tmp_path):
    cells = [NOTATIONS[name][0](value) for value in (1234.5, -2345.25, 3456.75, 4567.5)]
    columns = opened(tmp_path, file_of({"x": [*cells, "5 kg"], "i": range(5)}, ";"))
    assert columns.kinds["x"] == "text"
    assert columns.texts("x").tolist() == [*cells, "5 kg"]
    assert "'5 kg' in data row 5" in columns.remarks["x"]


def test_numbers_in_brackets_alone_are_a_numbering_and_no_amounts_below_zero(tmp_path):
    assert opened(tmp_path, "x\n(1)\n(2)\n").kinds["x"] == "text"


@pytest.mark.parametrize("cell", ["1_000", "0x1F", "+-5", "1d", "١", "1 000", "--5", "1e", "5-", "nan1", "1,2,3"])
def test_what_only_some_program_takes_for_a_number_is_text(cell, tmp_path):
    assert opened(tmp_path, file_of({"x": ["1", cell]})).texts("x").tolist() == ["1", cell]


@pytest.mark.slow
@settings(max_examples=50)
@given(values=st.lists(st.floats(allow_nan=False), min_size=1, max_size=8))
def test_numbers_as_text_are_pythons_own_without_a_final_point_zero(values, tmp_path_factory):
    columns = opened(tmp_path_factory.mktemp("texts"), file_of({"x": [repr(value) for value in values]}))
    assert columns.numbers("x").tolist() == values
    for text, value in zip(columns.texts("x"), values, strict=True):
        assert float(text) == value
        assert text in (repr(value).removesuffix(".0"), repr(abs(value)).removesuffix(".0"))


STEP = datetime.timedelta(days=17, hours=5, minutes=7, seconds=9, microseconds=250_000)
MOMENTS = [datetime.datetime(1999, 1, 5, 3, 4, 5, 500_000) + i * STEP for i in range(60)]


@pytest.mark.slow
def test_dates_of_every_usual_form_are_read_as_pythons_strptime_reads_them(tmp_path):
    forms = [reading.how for reading in dates.DATED]
    cells = {form: [moment.strftime(form) for moment in MOMENTS] for form in dict.fromkeys(forms)}
    columns = opened(tmp_path, file_of(cells))
    for form, texts in cells.items():
        expected = [datetime.datetime.strptime(text, form).replace(tzinfo=datetime.UTC).timestamp() for text in texts]
        assert columns.kinds[form] == "date", form
        assert columns.times(form).tolist() == expected, form


def test_iso_dates_with_a_zone_are_in_utc_and_others_are_taken_as_they_stand(tmp_path):
    texts = ["2020-01-31", "2020-01-31T05:06:07Z", "2020-06-01 05:06+02:00", "2020-12-31 23:59:59.25-0330"]
    zoned = [datetime.datetime.fromisoformat(text) for text in texts]
    expected = [(m if m.tzinfo else m.replace(tzinfo=datetime.UTC)).timestamp() for m in zoned]
    assert opened(tmp_path, file_of({"d": texts})).times("d").tolist() == expected


@pytest.mark.parametrize("cell", ["2020-02-30", "2020-13-01", "2020-01-31 24:30", "0000-01-01x", "infinity", "epoch"])
def test_an_impossible_date_leaves_the_column_text(cell, tmp_path):
    columns = opened(tmp_path, f"d\n2020-01-31\n2020-02-01\n2020-02-02\n{cell}\n")
    assert columns.kinds["d"] == "text"
    assert repr(cell) in columns.remarks["d"]


@pytest.mark.parametrize(
    ("cells", "how"),
    [
        (["31/01/2020", "01/02/2020"], "%d/%m/%Y"),
        (["01/31/2020", "02/01/2020"], "%m/%d/%Y"),
        (["01/02/2020", "03/04/2020"], "text"),  # nothing tells
        (["01.02.2020", "03.04.2020"], "%d.%m.%Y"),  # with points the day comes first wherever points are used
        (["1/1/2020", "2/1/2020", "3/1/2020"], "%m/%d/%Y"),  # the first of each month
        (["1/1/2020", "1/2/2020", "1/3/2020"], "%d/%m/%Y"),
        (["3/3/2020", "4/4/2021"], "%m/%d/%Y"),  # the same day either way
        (["1.2.10", "3.2.11"], "text"),  # versions
    ],
)
def test_day_and_month_are_told_apart_by_all_values_or_not_at_all(cells, how, tmp_path):
    columns = opened(tmp_path, file_of({"d": cells}))
    assert columns.how["d"] == how
    if "/" in cells[0]:
        assert said(columns, "'d'", "left as text" if how == "text" else how)


def test_times_of_day_are_seconds_since_midnight(tmp_path):
    columns = opened(tmp_path, "t,u,v\n05:17,5:17 PM,5:17\n23:59:59.5,12:00 AM,25:00\n")
    assert columns.times("t").tolist() == [19020.0, 86399.5]
    assert columns.times("u").tolist() == [62220.0, 0.0]
    assert columns.kinds["v"] == "text"


def test_whole_numbers_with_leading_zeros_are_codes_if_they_have_one_length(tmp_path):
    columns = opened(tmp_path, "zip,n,x\n01234,07,00.5\n90210,123,1.5\n")
    assert columns.texts("zip").tolist() == ["01234", "90210"]
    assert columns.numbers("n").tolist() == [7, 123]
    assert columns.numbers("x").tolist() == [0.5, 1.5]
    assert said(columns, "'zip'", "'01234'", "left as text")
    assert said(columns, "'n'", "'07'", "as numbers")
    assert not said(columns, "'x'")


def test_whole_numbers_that_a_float_cannot_hold_stay_text_and_others_are_numbers(tmp_path):
    columns = opened(tmp_path, f"id,n\n9007199254740993,9007199254740992\n{'1' * 45},{10**18}\n")
    assert columns.texts("id").tolist() == ["9007199254740993", "1" * 45]
    assert columns.numbers("n").tolist() == [2.0**53, 1e18]
    assert said(columns, "'id'", "left as text")


@pytest.mark.slow
def test_sure_markers_are_missing_in_text_and_numbers_and_unusual_ones_are_counted(tmp_path):
    numbers = {f"x{i}": ["1", marker, "2"] for i, marker in enumerate(MISSING)}
    texts = {f"s{i}": ["u", "v", f" {marker} "] for i, marker in enumerate(MISSING)}
    columns = opened(tmp_path, file_of(numbers | texts))
    for i, marker in enumerate(MISSING):
        assert np.array_equal(columns.numbers(f"x{i}"), [1, np.nan, 2], equal_nan=True), marker
        assert columns.texts(f"s{i}").tolist() == ["u", "v", None], marker
        assert said(columns, f"2 values {marker!r} count as missing: x{i} (1), s{i} (1)") == (marker in UNUSUAL)


@pytest.mark.slow
def test_doubtful_markers_are_missing_among_numbers_and_dates_and_levels_among_text(tmp_path):
    cells = {}
    for i, marker in enumerate(DOUBTFUL):
        cells |= {f"x{i}": ["1", marker, "2"], f"s{i}": ["beer", marker, "wine"]}
        cells |= {f"d{i}": ["2020-01-31", "2020-02-01", marker]} if i < 9 else {}
    columns = opened(tmp_path, file_of(cells))
    for i, marker in enumerate(DOUBTFUL):
        assert np.isnan(columns.numbers(f"x{i}")).tolist() == [False, True, False], marker
        assert columns.texts(f"s{i}").tolist() == cells[f"s{i}"]
        also = f", d{i} (1)" if i < 9 else ""
        assert said(columns, f"{marker!r} count", f"missing: x{i} (1){also}")
    assert all(columns.kinds[f"d{i}"] == "date" for i in range(9))


@pytest.mark.parametrize("rows", [18, 30])
def test_a_few_strays_in_a_column_of_numbers_are_told_and_missing(rows, tmp_path):
    columns = opened(tmp_path, "x\n" + "\n".join([*map(str, range(rows)), "oops"]))
    assert columns.kinds["x"] == "text"
    assert f"'oops' in data row {rows + 1}" in columns.remarks["x"]
    assert columns.texts("x")[-1] == "oops"
    assert columns.stray.get("x") == ((1, "oops", rows + 1) if rows >= 20 else None)
    assert np.array_equal(columns.numbers("x"), [*range(rows), np.nan], equal_nan=True)


def test_strays_are_told_in_every_notation_and_a_number_without_the_sign_is_one(tmp_path):
    cells = [f"€{i}" for i in range(1, 40)]
    columns = opened(tmp_path, file_of({"x": [*cells, "1"], "g": [f"{i},000" for i in range(1, 40)] + ["none at all"]}))
    assert columns.stray == {"x": (1, "1", 40), "g": (1, "none at all", 40)}
    assert np.array_equal(columns.numbers("x"), [*range(1, 40), np.nan], equal_nan=True)
    assert np.array_equal(columns.numbers("g"), [*range(1000, 40000, 1000), np.nan], equal_nan=True)
    assert columns.how == {"x": "€", "g": "thousands comma"}


def test_another_file_is_read_in_the_ways_of_the_first_whatever_its_values_look_like(tmp_path):
    first = opened(
        tmp_path,
        file_of(
            {
                "day": ["31/01/2020", "1/2/2020"],
                "zip": ["01234", "90210"],
                "price": ["1.234,5", "2,5"],
                "share": ["5%", "6%"],
                "flag": ["true", "false"],
                "size": ["1", "2"],
            },
            ";",
        ),
    )
    row = {"size": ["7"], "flag": ["1"], "share": ["7"], "price": ["1.500"], "zip": ["5"], "day": ["3/4/2020"]}
    other = opened(tmp_path, file_of(row, ";"), "other.csv", how=first.how)
    assert other.how == {name: first.how[name] for name in row}
    assert other.times("day")[0] == datetime.datetime(2020, 4, 3, tzinfo=datetime.UTC).timestamp()
    assert other.texts("zip").tolist() == ["5"]
    assert [other.numbers(name)[0] for name in ("price", "share", "flag", "size")] == [1500, 7, 1, 7]
    assert other.stray == {}


def test_values_that_do_not_fit_the_reading_asked_for_are_missing_and_told(tmp_path):
    how = {"x": "number", "d": "date", "b": "boolean", "absent": "number"}
    columns = opened(tmp_path, "x,d,b\n1,2020-01-31,true\nfive,soon,maybe\n-,-,none\nsix,,\n", how=how)
    assert columns.stray == {"x": (2, "five", 2), "d": (1, "soon", 2), "b": (1, "maybe", 2)}
    assert np.array_equal(columns.numbers("x"), [1, np.nan, np.nan, np.nan], equal_nan=True)
    with pytest.raises(DataError, match=r"'x' cannot be read as 'figure'"):
        opened(tmp_path, "x\n1\n", how={"x": "figure"})


@pytest.mark.slow
def test_every_reading_can_be_asked_for_by_its_name_and_its_patterns_mean_the_same_to_duckdb(tmp_path):
    cells = ["1", "-1.5", "1,5", "$5", "5 €", "30%", "(7)", "true", "2020-01-31", "31/01/2020", "Jan 5, 2020", "5:17"]
    text = opened(tmp_path, file_of({"s": [*cells, "text"]}))
    for how, reading in finding.READINGS.items():
        fits = text.connection.execute(f"SELECT {reading.fits('c0')} FROM t").fetchall()  # noqa: S608
        for (fit,), cell in zip(fits, [*cells, "text"], strict=True):
            assert not fit or reading.may_fit([cell]), (how, cell)
    assert readings.NUMBER.may_fit(["1", "-1.5"])


@pytest.mark.slow
@settings(max_examples=30)
@given(cells=st.lists(st.sampled_from(["b", "a", "B", "é", "", "a b", "Z", "10", "9"]), min_size=1, max_size=30))
def test_codes_and_levels_are_numpys_unique(cells, tmp_path_factory):
    columns = opened(tmp_path_factory.mktemp("codes"), file_of({"i": range(len(cells)), "s": [*cells]}))
    present = [cell for cell in cells if cell]
    codes, levels = columns.codes("s")
    numbers = columns.kinds["s"] == "number"
    assert list(levels) == sorted(set(present), key=float if numbers else None)
    assert [levels[code] if code >= 0 else "" for code in codes] == cells
    assert columns.distinct("s") == len(levels)


def test_only_the_columns_that_are_needed_are_kept_and_a_misspelt_one_gets_the_nearest_name(tmp_path):
    columns = opened(tmp_path, "a,b,c\n1,2,3\n", only=["c", "a"])
    assert columns.names == ("a", "c")
    with pytest.raises(DataError, match=r"no column 'cc' in data.csv; did you mean 'c'\? have a, b, c"):
        opened(tmp_path, "a,b,c\n1,2,3\n", only=["cc"])


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("a\ncaf\u00e9\n".encode("cp1252"), "line 2 .*iconv -f WINDOWS-1252"),
        ("a,b\n1,2\n".encode("utf-16"), "UTF-16 text.*iconv -f UTF-16"),
        (b"a\n1\n\x00\n", "line 3 .*NUL"),
        ('a,b\n1,2\n3,5" pipe\n', "line 3 .*quotation mark in the middle"),
        ('a,b\n1,"x\ny"\n"3\n', "line 4 .*never closed"),
        ('a,b\n1,"x\ny"\n3,"z" \n', "line 4 .*quotation mark in the middle"),
        ('a,b\n1,"x\n\ny"\n3\n', "line 5 .*1 value; expected 2"),
        ("Smith, John,42,\n1,2,3,4\n1,2,3,4,\n", "line 3 .*5 values; expected 4"),
        ("a,b\n1,2\n3,4\r\n", "mixes.*line 3 ends in CR LF, the first in LF"),
        ("SQLite format 3\0", "SQLite file"),
        ("a,b,\n1,2,3\n,,\n1,2\n", "line 4"),
    ],
)
def test_each_fault_is_told_with_its_line(content, words, tmp_path):
    with pytest.raises(DataError, match=words) as caught:
        opened(tmp_path, content)
    assert "\n" not in str(caught.value)


def test_lines_above_the_names_and_numbers_among_the_names_are_told(tmp_path):
    columns = opened(tmp_path, "# it's \"odd\n\nsep=;\na;1990\n1,5;2\n")
    assert columns.numbers("a").tolist() == [1.5]
    assert said(columns, "skipped 3 lines")
    assert said(columns, "read as column names", "1990")


def test_the_separator_is_the_one_that_the_rows_agree_with(tmp_path):
    columns = opened(tmp_path, "Price, EUR;Weight, kg;y\n1;2;3\n4;5;6\n")
    assert columns.names == ("Price, EUR", "Weight, kg", "y")


def test_an_empty_line_in_a_file_of_one_column_is_skipped_and_told_and_an_empty_value_is_missing(tmp_path):
    columns = opened(tmp_path, 'a\n1\n\n""\n2\n')
    assert np.array_equal(columns.numbers("a"), [1, np.nan, 2], equal_nan=True)
    assert said(columns, "skipped 1 empty line")


def test_a_missing_value_is_never_a_level_nor_counted_as_different(tmp_path):
    columns = opened(tmp_path, "a,e\nx,\nNA,\ny,\n")
    assert columns.codes("a")[0].tolist() == [0, -1, 1]
    assert columns.codes("e") == (pytest.approx([-1, -1, -1]), ())
    assert columns.distinct("e") == 0
    assert math.isnan(columns.numbers("e")[0])
    assert columns.texts("e").tolist() == [None] * 3
