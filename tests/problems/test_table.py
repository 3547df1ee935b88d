"""Laws of reading tables: nothing is lost without a word, and every bad file is answered in one sentence."""

import doctest
import gzip
import socket
import tempfile
from pathlib import Path

import duckdb
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tables import said, written

from thalweg.errors import DataError
from thalweg.problems import table as table_module
from thalweg.problems.sources.markers import MISSING
from thalweg.problems.sources.opening import open_source
from thalweg.problems.table import Table, read_table


def dropped(table: Table) -> int:
    """Rows that the notices count as dropped."""
    counts = [n.split()[1] for n in table.notices if n.startswith("dropped ")]
    return sum(int(count.replace(",", "")) for count in counts)


CELL = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
    st.integers(-(10**6), 10**6).map(str),
    st.sampled_from(MISSING),
)


@settings(max_examples=12)
@given(rows=st.lists(st.tuples(CELL, CELL, CELL), min_size=2, max_size=12))
def test_every_row_is_in_the_table_or_counted_in_a_notice_and_every_number_is_pythons_own(rows):
    numbers = np.array([[np.nan if cell in MISSING else float(cell) for cell in row] for row in rows])
    whole = numbers[~np.isnan(numbers).any(axis=1)]
    if len(whole) < 2 or (whole.min(axis=0) == whole.max(axis=0)).any():
        return  # a constant column
    with tempfile.TemporaryDirectory() as folder:
        path = written(Path(folder), "\n".join(["a,b,y", *(",".join(row) for row in rows)]) + "\n")
        table = read_table(path, "y", task="regression", features=("a", "b"), missing="drop")
        filled = read_table(path, "y", task="regression", features=("a", "b"))
    assert np.array_equal(np.column_stack([table.X, table.y]), whole)
    assert len(table.X) + dropped(table) == len(rows)
    assert len(filled.X) + dropped(filled) == len(rows)
    there = numbers[~np.isnan(numbers[:, 2])]
    for i, name in enumerate("ab"):
        values = filled.X[:, filled.names.index(name)]
        known = there[~np.isnan(there[:, i]), i]
        assert np.array_equal(values[~np.isnan(there[:, i])], known)
        assert np.isclose(values[np.isnan(there[:, i])], np.median(known), rtol=1e-15).all()


def test_permuting_the_rows_of_the_file_permutes_the_rows_of_the_table(tmp_path):
    rng = np.random.default_rng(5)
    rows = [f"{a!r},{b!r},{c}" for a, b, c in zip(*rng.normal(size=(2, 200)).tolist(), "xy" * 100, strict=True)]
    order = rng.permutation(len(rows))
    first = read_table(written(tmp_path, "\n".join(["a,b,y", *rows])), "y")
    second = read_table(written(tmp_path, "\n".join(["a,b,y", *(rows[i] for i in order)]), "other.csv"), "y")
    assert np.array_equal(second.X, first.X[order])
    assert np.array_equal(second.y, first.y[order])
    assert second.sha256 != first.sha256


def test_csv_tsv_gzip_and_parquet_of_the_same_rows_give_the_same_table(tmp_path):
    text = "a,b,y\n1,0.1,u\n2,0.30000000000000004,v\n3,-1e-300,u\n"
    paths = [
        written(tmp_path, text),
        written(tmp_path, text.replace(",", "\t"), "data.tsv"),
        written(tmp_path, gzip.compress(text.encode()), "data.csv.gz"),
        written(tmp_path, b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode(), "windows.csv"),
        tmp_path / "data.parquet",
    ]
    con = duckdb.connect(config={"threads": 1})
    con.read_csv(str(paths[0])).write_parquet(str(paths[-1]))
    tables = [read_table(path, "y") for path in paths]
    for table in tables:
        assert np.array_equal(table.X, [[1, 0.1], [2, 0.30000000000000004], [3, -1e-300]])
        assert table.y.ravel().tolist() == [0, 1, 0]
        assert (table.task, table.classes, table.names) == ("binary", ("u", "v"), ("a", "b"))


@pytest.mark.slow
def test_a_few_slips_in_a_column_of_numbers_count_as_missing_and_the_notice_names_the_first(tmp_path):
    rows = [f"{i % 17},{i},{i / 7}" for i in range(30_000)]
    path = written(tmp_path, "\n".join(["a,b,y", *rows, "oops,1,2.5"]))
    table = read_table(path, "y", drop=("b",))
    assert table.names == ("a", "a missing")
    assert len(table.X) == 30_001
    assert table.X[-1].tolist() == [8.0, 1.0]
    assert said(table.notices, "'a'", "1 value that is no number", "'oops' in data row 30,001")
    assert said(table.notices, "a (1 with the median 8)")
    with pytest.raises(DataError, match=r"'oops' in data row 30,001"):
        read_table(path, "a", task="regression")


def test_text_among_few_numbers_makes_the_column_text_and_names_the_value(tmp_path):
    path = written(tmp_path, "a,b,y\n1,2,1.5\n2,3,2\n3,5,4\noops,7,2\n")
    table = read_table(path, "y")
    assert table.names == ("b",)
    assert said(table.notices, "identifiers", "a (4 different texts in 4 rows)")
    assert read_table(path, "y", features=("a",)).names == ("a=2", "a=3", "a=oops")
    with pytest.raises(DataError, match=r"'oops' in data row 4"):
        read_table(path, "a", task="regression")


@pytest.mark.slow
@pytest.mark.parametrize("marker", MISSING)
def test_each_missing_marker_is_missing_in_features_and_targets_of_any_kind(marker, tmp_path):
    text = (
        f"a,flag,y,label\n1,true,1.5,u\n2,false,2.5,v\n{marker},true,3,u\n4, {marker} ,4,v\n5,true,{marker},{marker}\n"
    )
    path = written(tmp_path, text)
    quantity = read_table(path, "y", missing="drop", drop=("label",))
    assert quantity.X.tolist() == [[1, 1], [2, 0]]
    assert quantity.y.tolist() == [[1.5], [2.5]]
    assert dropped(quantity) == 3
    assert said(quantity.notices, "a (1)", "flag (1)")
    filled = read_table(path, "y", drop=("label",))
    assert filled.names == ("a", "a missing", "flag", "flag missing")
    assert filled.X.tolist() == [[1, 0, 1, 0], [2, 0, 0, 0], [2, 1, 1, 0], [4, 0, 1, 1]]
    labels = read_table(path, "label", features=["a"], missing="drop")
    assert labels.classes == ("u", "v")
    assert len(labels.X) == 3
    with pytest.raises(DataError, match=r"misses values in a \(1\), flag \(1\), and missing is refuse"):
        read_table(path, "y", drop=("label",), missing="refuse")


def test_a_missing_text_target_in_parquet_is_dropped_and_no_class_of_its_own(tmp_path):
    path = tmp_path / "t.parquet"
    rows = "(VALUES (1, 'u'), (2, NULL), (3, 'v'), (4, 'u')) t(a, y)"
    con = duckdb.connect(config={"threads": 1})
    con.sql(f"FROM {rows}").write_parquet(str(path))
    table = read_table(path, "y")
    assert table.classes == ("u", "v")
    assert table.X.ravel().tolist() == [1, 3, 4]
    assert said(table.notices, "dropped 1 row", "target 'y'")


def test_nothing_is_left_out_without_its_name_and_the_reason(tmp_path):
    text = "a,when,who,none,same,y\n1,2020-01-01,Ann,,7,1.5\n2,2020-01-02,Bo,,7,2.5\n3,2020-02-30,Cy,,7,3\n"
    table = read_table(written(tmp_path, text), "y")
    assert table.names == ("a",)
    assert said(
        table.notices, "left out, identifiers", "when (3 different texts", "who (3 different texts", "--features"
    )
    assert said(table.notices, "'when'", "2020-02-30")
    assert said(table.notices, "left out, empty: none")
    assert said(table.notices, "left out, constant: same")
    dates = read_table(written(tmp_path, text.replace("02-30", "02-29")), "y")
    assert said(dates.notices, "taken apart", "when (days, month, weekday)")


def test_every_column_is_accounted_for(tmp_path):
    """Target, weights, a feature, or named in a notice: nothing else can happen to a column."""
    rng = np.random.default_rng(3)
    columns = {
        "id": range(1, 61),
        "name": [f"n{i}" for i in range(60)],
        "text": [f"a few more words than {i} of them" for i in range(60)],
        "void": [""] * 60,
        "same": ["x"] * 60,
        "day": [f"2021-{1 + i % 12:02}-11" for i in range(60)],
        "yes": ["true", "false", ""] * 20,
        "level": ["u", "v", "w"] * 20,
        "w": [1, 2] * 30,
        "ask": range(60),
        "gone": range(60),
        "x": rng.normal(size=60).tolist(),
        "y": rng.normal(size=60).tolist(),
    }
    lines = [",".join(map(str, row)) for row in zip(*columns.values(), strict=True)]
    path = written(tmp_path, "\n".join([",".join(columns), *lines]))
    table = read_table(path, "y", weights="w", id=("ask",), drop=("gone",))
    used = {block.part.column for block in table.preparation.blocks}
    for name in set(columns) - used - {"y", "w"}:
        assert said(table.notices, name), name
    assert used == {"day", "yes", "level", "x"}


@pytest.mark.parametrize(
    ("values", "task", "classes"),
    [
        ("0 1 1 0", "binary", ("0", "1")),
        ("no yes no yes", "binary", ("no", "yes")),
        ("TRUE false True False", "binary", ("false", "true")),
        ("b c a b", "multiclass", ("a", "b", "c")),
        ("10 9 9 10 10 9 9 9 9 10", "binary", ("9", "10")),
        ("1 2 3 4", "regression", ()),
        ("0.5 1 0.5 1 0.5 1 0.5 1 0.5 1", "regression", ()),
        (" ".join(str(i % 20) for i in range(100)), "multiclass", tuple(str(i) for i in range(20))),
        (" ".join(str(i % 20) for i in range(99)), "regression", ()),
        (" ".join(str(i % 21) for i in range(210)), "regression", ()),
    ],
)
def test_the_task_follows_from_the_target_and_the_choice_is_said(values, task, classes, tmp_path):
    lines = [f"{i},{value}" for i, value in enumerate(values.split())]
    table = read_table(written(tmp_path, "\n".join(["a,y", *lines])), "y")
    assert (table.task, table.classes) == (task, classes)
    assert said(table.notices, "'y'", "quantity" if task == "regression" else task)
    assert table.y.shape == (len(lines), max(1, len(classes) if task == "multiclass" else 1))


def test_a_task_that_is_asked_for_is_given(tmp_path):
    path = written(tmp_path, "a,y\n1,0\n2,1\n3,0\n4,1\n")
    assert read_table(path, "y", task="regression").classes == ()
    one_hot = read_table(path, "y", task="multiclass").y
    assert one_hot.tolist() == [[1, 0], [0, 1], [1, 0], [0, 1]]


def test_features_keep_the_order_asked_for_and_drop_and_weights_are_no_features(tmp_path):
    path = written(tmp_path, "a,b,c,w,y\n1,2,3,1,0.5\n4,5,6,,1.5\n7,8,9,2,2\n")
    assert read_table(path, "y", features=["c", "a"]).names == ("c", "a")
    table = read_table(path, "y", drop=["b"], weights="w")
    assert table.names == ("a", "c")
    assert table.weights.tolist() == [1, 2]
    assert said(table.notices, "dropped 1 row without a weight")
    assert said(table.notices, "left out as asked: b")


def test_a_decimal_comma_is_read_where_a_semicolon_separates_and_nowhere_else(tmp_path):
    table = read_table(written(tmp_path, "a;y\n1,5;0,25\n2,5;3\n"), "y")
    assert table.X.tolist() == [[1.5], [2.5]]
    assert table.y.tolist() == [[0.25], [3.0]]
    assert said(table.notices, "columns a, y are read with the comma as decimal sign")
    assert read_table(written(tmp_path, 'a,y\n"1,500",1\n"2,500",0\n'), "y").X.tolist() == [[1500], [2500]]


def test_comments_above_the_names_are_skipped_and_names_behind_a_hash_are_names(tmp_path):
    table = read_table(written(tmp_path, "# made by hand\n\na,y\n1,1.5\n2,3\n"), "y")
    assert table.X.tolist() == [[1], [2]]
    assert said(table.notices, "skipped 2 lines")
    assert read_table(written(tmp_path, "# a, y\n1,1.5\n2,3\n"), "y").X.tolist() == [[1], [2]]


def test_names_may_differ_by_case_alone_and_hold_any_sign(tmp_path):
    text = 'a,A,"b ""c"", d",SELECT\n1,2,3,0.5\n4,5,6,1.5\n'
    table = read_table(written(tmp_path, text), "SELECT")
    assert table.names == ("a", "A", 'b "c", d')
    assert table.X.tolist() == [[1, 2, 3], [4, 5, 6]]


def test_a_path_may_hold_any_sign(tmp_path):
    folder = tmp_path / "year=2020" / "it's [1]"
    folder.mkdir(parents=True)
    table = read_table(written(folder, "a,y\n1,1.5\n2,3\n", "d*?[a].csv"), "y")
    assert table.names == ("a",)
    con = duckdb.connect(config={"threads": 1})
    con.sql("FROM (VALUES (1, 1.5), (2, 3)) t(a, y)").write_parquet(str(folder / "d.parquet"))
    # A folder named year=2020 is no column of the file in it.
    assert read_table(folder / "d.parquet", "y").names == ("a",)


def test_nothing_reaches_for_the_network(tmp_path, monkeypatch):
    def refuse(*_args, **_kwargs):
        raise AssertionError("a socket was opened")

    monkeypatch.setattr(socket, "socket", refuse)
    with pytest.raises(DataError, match="address"):
        read_table("https://example.org/data.csv", "y")
    path = written(tmp_path, "a,y\n1,1.5\n2,3\n")
    opened = open_source(str(path)).connection
    setting = "SELECT current_setting('autoinstall_known_extensions'), current_setting('autoload_known_extensions')"
    assert opened.execute(setting).fetchone() == (False, False)
    assert opened.execute("SELECT current_setting('threads')").fetchone() == (1,)


FILES = {
    "empty": ("", "is empty"),
    "blank": ("\n\n", "no line of column names"),
    "header only": ("a,y\n", "no rows"),
    "all numbers": ("1,2\n3,4\n", "only numbers"),
    "twice": ("a,a,y\n1,2,3\n", "more than one column named a"),
    "short row": ("a,b,y\n1,2,3\n4,5\n", "line 3 .* 2 values; expected 3"),
    "long row": ("a,b,y\n1,2,3\n4,5,6,7\n", "line 3 .* 4 values; expected 3"),
    "open quotation": ('a,y\n"1,2\n3,4\n', "line 2 .* quotation mark"),
    "open header": ('"a\nb",y\n1,2\n', "quotation mark"),
    "line ends": (b"a,y\r\n1,2\n3,4\r\n", "line ends"),
    "utf-16": ("a,y\n1,2\n".encode("utf-16"), "UTF-16"),
    "utf-16 without mark": ("a,y\n1,2\n".encode("utf-16-le"), "not UTF-8 text in line 1"),
    "nul": (b"a,y\n1,2\n\x003,4\n", "not UTF-8 text in line 3"),
    "latin-1": ("a,y\n1,2\n1,caf\u00e9\n".encode("latin-1"), "not UTF-8 text in line 3"),
    "parquet by content": (b"PAR1abcdPAR1", "Parquet"),
    "gzip by content": (gzip.compress(b"a,y"), "gzip"),
    "nothing to learn from": ("a,y\nu,1.5\nv,2\n", r"no column to learn from .* a \(2 different texts in 2 rows\)"),
    "constant features": ("a,b,y\n1,u,1.5\n1,u,2\n", "no column of data.csv varies"),
    "constant target": ("a,y\n1,2.5\n2,2.5\n", r"2.5 in all 2 rows"),
    "infinite feature": ("a,y\n1,2.5\ninf,3\n1e999,4\n", r"'a' .* infinite in 2 data rows \(2, 3\)"),
    "infinite target": ("a,y\n1,2.5\n2,-inf\n", "'y' .* infinite in 1 data row"),
    "one class": ("a,y\n1,u\n2,u\n", "'u' in all 2 rows"),
    "target empty": ("a,y\n1,\n2,NA\n", "empty"),
    "target of dates": ("a,y\n1,2020-01-01\n", "date"),
    "too many classes": ("a,y\n" + "".join(f"{i},n{i}\n" for i in range(60)), "too many for classes"),
}


@pytest.mark.parametrize("name", FILES)
def test_each_bad_file_is_one_plain_sentence(name, tmp_path):
    content, words = FILES[name]
    refused(written(tmp_path, content), words, target="y")


def test_rows_that_are_all_dropped_are_refused_with_the_emptiest_columns(tmp_path):
    path = written(tmp_path, "a,b,c,y\n,1,3,1\n2,,4,2\n3,,5,3\n")
    refused(path, r"every row .*by column: b \(2\), a \(1\)", target="y", task="regression", missing="drop")


def refused(source: object, words: str, **asked: object) -> None:
    """A DataError of one line with the words and nothing of what was raised underneath."""
    with pytest.raises(DataError, match=words) as caught:
        read_table(source, **asked)
    message = str(caught.value)
    assert "\n" not in message
    assert len(message) < 400
    assert not any(noise in message for noise in ("LINE 1", "Possible", "strict_mode", "SELECT", "Traceback"))
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


def test_each_bad_path_is_one_plain_sentence(tmp_path):
    refused(tmp_path, "is a folder", target="y")
    refused(tmp_path / "none.csv", "no file", target="y")
    refused("iriss", "did you mean iris", target="y")
    refused(written(tmp_path, "a", "book.xlsx"), "ends in .xlsx; expected .csv", target="y")
    refused(written(tmp_path, b"PAR1" + bytes(60) + b"PAR1", "junk.parquet"), "not a whole Parquet file", target="y")
    refused(written(tmp_path, b"", "empty.parquet"), "not a whole Parquet file", target="y")
    refused(written(tmp_path, b"a,y\n1,2\n", "text.csv.gz"), "cannot be unpacked", target="y")
    cut = gzip.compress(b"a,y\n" + b"1,2\n" * 999)[:-12]
    refused(written(tmp_path, cut, "cut.csv.gz"), "cannot be unpacked", target="y")


def test_each_bad_choice_of_columns_is_one_plain_sentence(tmp_path):
    path = written(tmp_path, "alpha,word,w,price\n1,u,1,2.5\n2,v,-1,3\n")
    refused(path, r"needs a target.* alpha \(number\), word \(text\).*'price'")
    refused(path, "did you mean 'price'", target="Prices")
    refused(path, "did you mean 'alpha'", target="price", features=["alfa"])
    refused(path, "no column 'zz'", target="price", drop=["zz"])
    refused(path, "w is named more than once", target="price", features=["w", "alpha"], drop=["w"])
    refused(path, "more than once", target="price", features=["price"])
    refused(path, r"expected a list of column names, as in \['alpha'\]", target="price", features="alpha")
    refused(path, "from -1 to 1", target="price", weights="w")
    refused(path, "'word' is text", target="price", weights="word")
    refused(path, "task is 'guess'", target="price", task="guess")
    refused(path, "regression expects numbers", target="word", task="regression")
    three = written(tmp_path, "a,y\n1,u\n2,v\n3,w\n", "three.csv")
    refused(three, "3 classes .* binary expects two", target="y", task="binary")


def test_a_table_cannot_be_written_to():
    table = read_table("iris")
    with pytest.raises(ValueError, match="read-only"):
        table.X[0, 0] = 1.0


def test_the_examples_in_the_docstrings_hold():
    assert doctest.testmod(table_module).failed == 0
