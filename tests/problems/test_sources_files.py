"""Laws of files other than CSV, of databases, queries and several files: the same rows are the same table."""

import gzip
import hashlib
import json
import sqlite3

import duckdb
import numpy as np
import pytest

from thalweg.errors import DataError
from thalweg.problems.sources.opening import open_source

ROWS = [
    {"n": 1, "x": 0.1, "s": "b", "when": "2020-01-31", "flag": True},
    {"n": 2, "x": None, "s": None, "when": "2020-02-29 05:06:07", "flag": None},
    {"n": -3, "x": 0.30000000000000004, "s": "a", "when": None, "flag": False},
]


def database(path, *statements):
    """A DuckDB file after these statements."""
    with duckdb.connect(str(path), config={"threads": 1}) as con:
        for statement in statements:
            con.execute(statement)
    return path


def sqlite_file(path, *statements):
    """A SQLite file after these statements."""
    with sqlite3.connect(path) as con:
        for statement in statements:
            con.execute(statement)
    con.close()
    return path


VALUES = (
    "(VALUES (1, 0.1::DOUBLE, 'b', TIMESTAMP '2020-01-31', true), "
    "(2, NULL, NULL, TIMESTAMP '2020-02-29 05:06:07', NULL), "
    "(-3, 0.30000000000000004, 'a', NULL, false)) AS v(n, x, s, \"when\", flag)"
)


def every_form(folder):
    """The same rows in a file of each format."""
    lines = [",".join("" if v is None else str(v) for v in row.values()) for row in ROWS]
    text = "\n".join([",".join(ROWS[0]), *lines])
    records = json.dumps(ROWS)
    by_line = "\n".join(json.dumps(row) for row in ROWS)
    contents = {
        "a.csv": text.encode(),
        "a.tsv": text.replace(",", "\t").encode(),
        "a.csv.gz": gzip.compress(text.encode()),
        "a.json": records.encode(),
        "pretty.json": json.dumps(ROWS, indent=2).encode(),
        "a.jsonl": by_line.encode(),
        "a.ndjson.gz": gzip.compress(by_line.encode()),
        "columns.json": json.dumps({name: [row[name] for row in ROWS] for name in ROWS[0]}).encode(),
        "pandas.json": json.dumps(
            {name: {str(i): row[name] for i, row in enumerate(ROWS)} for name in ROWS[0]}
        ).encode(),
        "wrapped.json": json.dumps({"rows": ROWS}).encode(),
    }
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    duckdb.sql(f"FROM {VALUES}").write_parquet(str(folder / "a.parquet"))
    database(folder / "a.duckdb", f"CREATE TABLE t AS FROM {VALUES}")
    values = ", ".join("(" + ", ".join("NULL" if v is None else repr(v) for v in r.values()) + ")" for r in ROWS)
    sqlite_file(
        folder / "a.sqlite",
        'CREATE TABLE t (n INTEGER, x REAL, s TEXT, "when" TEXT, flag BOOLEAN)',
        f"INSERT INTO t VALUES {values}",  # noqa: S608
    )
    return [*contents, "a.parquet", "a.duckdb", "a.sqlite"]


@pytest.mark.slow
def test_the_same_rows_in_every_format_are_the_same_table(tmp_path):
    for name in every_form(tmp_path):
        columns = open_source(str(tmp_path / name))
        assert columns.names == ("n", "x", "s", "when", "flag"), name
        assert columns.numbers("n").tolist() == [1, 2, -3], name
        assert np.array_equal(columns.numbers("x"), [0.1, np.nan, 0.30000000000000004], equal_nan=True), name
        assert columns.texts("s").tolist() == ["b", None, "a"], name
        assert np.array_equal(columns.times("when"), [1580428800.0, 1582952767.0, np.nan], equal_nan=True), name
        # SQLite has no true and false.
        assert columns.kinds["flag"] == ("number" if name == "a.sqlite" else "boolean"), name
        assert np.array_equal(columns.numbers("flag"), [1, np.nan, 0], equal_nan=True), name
        assert columns.notices == (), name


def test_objects_within_records_become_columns_and_deeper_ones_are_named_and_left(tmp_path):
    path = tmp_path / "a.json"
    path.write_text(
        '[{"a": {"b c": 1, "d": [1]}, "e/f": {"g": {"h": 1}}, "l": 5}, {"l": null, "a": {"b c": "2"}, "z": "5"}]'
    )
    columns = open_source(str(path))
    assert columns.kinds == {"a.b c": "number", "a.d": "other", "e/f.g": "other", "l": "number", "z": "number"}
    assert columns.numbers("a.b c").tolist() == [1, 2]
    assert any("a.d, e/f.g" in notice for notice in columns.notices)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "is empty"),
        ("[]", "no records"),
        ("[1]", "record 1 of a.json is a number"),
        ('[{"a": 1}, [2]]', "record 2 of a.json is a list"),
        ('[{"a": 1, "a": 2}]', "record 1 of a.json has a key twice"),
        ('{"a": [1, 2], "b": [3]}', r"different lengths: a \(2\), b \(1\)"),
        ('{"a": 1}\n{"a": }\n', "cannot be read as JSON .* line 3"),
        ('[{"a": 1}, {"a"', "cannot be read as JSON"),
        ('[{"a": "caf\u00e9"}]'.encode("latin-1"), "not UTF-8 text in line 1"),
        ('[{"a": 1}]'.encode("utf-16"), "UTF-16"),
        ('[{"a": {"b": 1}, "a.b": 2}]', "more than one column named a.b"),
    ],
)
def test_each_fault_of_a_json_file_is_one_sentence(content, words, tmp_path):
    path = tmp_path / "a.json"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    refused(words, str(path))


def refused(words, *args, **asked):
    """A DataError of one line with these words, and no path of a folder in it."""
    with pytest.raises(DataError, match=words) as caught:
        open_source(*args, **asked)
    message = str(caught.value)
    assert "\n" not in message
    assert len(message) < 400
    assert caught.value.__cause__ is None
    return message


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    """A DuckDB and a SQLite file with the same three tables, alone in a folder."""
    folder = tmp_path_factory.mktemp("shop")
    statements = [
        "CREATE TABLE sales (id INTEGER, amount DOUBLE, day TEXT)",
        "INSERT INTO sales VALUES (1, 2.5, '2020-01-31'), (2, 3.5, '2020-02-01'), (3, 4.5, NULL)",
        'CREATE TABLE "my goods" (id INTEGER, kind TEXT)',
        "INSERT INTO \"my goods\" VALUES (1, 'a'), (3, 'b')",
        'CREATE VIEW both_tables AS SELECT sales.id, amount, kind FROM sales LEFT JOIN "my goods" g ON g.id = sales.id',
    ]
    return [database(folder / "shop.duckdb", *statements), sqlite_file(folder / "shop.db", *statements)]


def test_a_database_with_several_tables_lists_them_and_shows_the_flag(shop):
    for path in shop:
        message = refused("has 3 tables", str(path))
        assert '"my goods" (2 rows)' in message
        assert "both_tables (3 rows)" in message
        assert "sales (3 rows)" in message
        assert '--query "SELECT * FROM' in message


@pytest.mark.slow
def test_a_query_reads_a_database_the_same_in_either_kind_and_changes_nothing(shop):
    for path in shop:
        before = path.read_bytes()
        query = 'SELECT amount, kind, day FROM Sales LEFT JOIN "my goods" USING (id) ORDER BY amount DESC; -- all'
        columns = open_source(str(path), query=query)
        assert columns.numbers("amount").tolist() == [4.5, 3.5, 2.5]
        assert columns.texts("kind").tolist() == ["b", None, "a"]
        assert columns.notices == ()
        assert open_source(str(path), query="FROM both_tables").rows == 3
        assert path.read_bytes() == before
    assert sorted(p.name for p in shop[0].parent.iterdir()) == ["shop.db", "shop.duckdb"]


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("DELETE FROM sales", "kind DELETE; expected a SELECT"),
        ("WITH a AS (DELETE FROM sales RETURNING id) FROM a", "changes a table|syntax error"),
        ("COPY sales TO 'out.csv'", "kind COPY"),
        ("ATTACH 'out.db' AS b", "kind ATTACH"),
        ("INSTALL httpfs", "kind LOAD|kind INSTALL"),
        ("SET threads = 8", "kind SET"),
        ("FROM sales; DROP TABLE sales", "holds 2 statements; expected one"),
        ("-- nothing", "is empty"),
        ("SELECT nope FROM sales", "nope.*; mend it"),
        ("FROM salez", r"name salez does not exist; have .*sales\)"),
        ("SELEC 1", "syntax error"),
        ("SELECT id, id FROM sales", "more than one column named id"),
        ("SELECT id FROM sales WHERE id > 9", "has no rows"),
        ("FROM 'https://example.org/a.csv'", "nothing is fetched"),
        ("SELECT amount FROM sales WHERE id = ?", "Values were not provided"),
    ],
)
def test_a_query_that_does_not_only_read_or_cannot_be_run_is_one_sentence(query, words, shop, monkeypatch):
    folder = shop[0].parent
    monkeypatch.chdir(folder)
    for path in shop:
        before = path.read_bytes()
        message = refused(words, str(path), query=query)
        assert "LINE 1" not in message
        assert path.read_bytes() == before
    assert sorted(p.name for p in folder.iterdir()) == ["shop.db", "shop.duckdb"]


def test_a_query_reads_files_that_it_names_and_no_variable_of_the_program(tmp_path):
    path = tmp_path / "it's.csv"
    path.write_text("a,b\n1,x\n2,NA\n")
    quoted = str(path).replace("'", "''")
    query = f"SELECT * FROM '{quoted}' ORDER BY a DESC"  # noqa: S608
    columns = open_source("", query=query)
    assert columns.numbers("a").tolist() == [2, 1]
    assert columns.texts("b").tolist() == [None, "x"]
    hidden = {"a": np.arange(3)}
    assert len(hidden) == 1
    refused("hidden does not exist", "", query="SELECT * FROM hidden")


def test_a_query_over_a_file_calls_it_data_with_its_columns_as_they_are_read(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text('day,price\n31/01/2020,"1,234"\n1/2/2020,"2,000"\n')
    columns = open_source(str(path), query="SELECT month(day) AS m, price / 2 AS half FROM data ORDER BY 1 DESC")
    assert columns.numbers("m").tolist() == [2, 1]
    assert columns.numbers("half").tolist() == [1000, 617]
    assert any("thousands" in notice for notice in columns.notices)


@pytest.mark.slow
def test_the_hash_of_a_query_is_of_its_text_and_of_what_it_gives(tmp_path):
    path = database(tmp_path / "a.duckdb", "CREATE TABLE t AS SELECT i, 's' || i AS s FROM range(4) r(i)")
    first = open_source(str(path), query="FROM t ORDER BY i")
    assert first.sha256 == open_source(str(path), query="FROM t ORDER BY i").sha256
    others = [
        open_source(str(path), query=q).sha256 for q in ("FROM t ORDER BY i ", "FROM t ORDER BY i DESC", "FROM t")
    ]
    database(path, "UPDATE t SET s = 'S1' WHERE i = 1")
    others.append(open_source(str(path), query="FROM t ORDER BY i").sha256)
    assert first.sha256 not in others[1:]
    assert any("no ORDER BY" in notice for notice in open_source(str(path), query="FROM t").notices)


def test_columns_of_sqlite_become_what_their_values_are_and_text_is_looked_at(tmp_path):
    path = sqlite_file(
        tmp_path / "a.db",
        "CREATE TABLE t (whole, mixed, words, numbers TEXT, big INTEGER, raw BLOB)",
        "INSERT INTO t VALUES (1, 1.5, 'x', '1.5', 9007199254740993, x'00'), (NULL, 2, 3, 'NA', 1, NULL)",
    )
    columns = open_source(str(path))
    kinds = {"whole": "number", "mixed": "number", "words": "text", "numbers": "number", "big": "text", "raw": "other"}
    assert columns.kinds == kinds
    assert columns.texts("words").tolist() == ["x", "3"]
    assert columns.texts("big").tolist() == ["9007199254740993", "1"]


@pytest.mark.parametrize(
    "content", [b"", b"junk" * 99, b"SQLite format 3\0" + bytes(90), bytes(8) + b"DUCK" + bytes(99)]
)
def test_a_file_that_is_no_database_is_one_sentence(content, tmp_path):
    path = tmp_path / "a.db"
    path.write_bytes(content)
    refused("a.db", str(path))


def test_a_database_without_tables_is_one_sentence(tmp_path):
    refused("has no tables", str(database(tmp_path / "a.duckdb")))
    refused("has no tables", str(sqlite_file(tmp_path / "a.sqlite", "CREATE TABLE t (a)", "DROP TABLE t")))


def test_several_files_are_one_table_in_the_order_of_their_names(tmp_path):
    (tmp_path / "b.csv").write_text("x,s\n3,c\n")
    (tmp_path / "a.csv").write_text("s;x\na;1\nb;oops\n")
    columns = open_source(str(tmp_path / "[ab].csv"))
    assert columns.texts("x").tolist() == ["1", "oops", "3"]
    assert columns.texts("s").tolist() == ["a", "b", "c"]
    assert any("read 2 files (3 rows): a.csv, b.csv" in notice for notice in columns.notices)
    assert columns.name == "[ab].csv"
    before = columns.sha256
    (tmp_path / "b.csv").write_text("x,s\n4,c\n")
    assert open_source(str(tmp_path / "[ab].csv")).sha256 != before


@pytest.mark.parametrize("form", ["csv", "jsonl", "parquet"])
def test_a_file_named_like_a_pattern_is_itself_and_not_what_fits_the_pattern(form, tmp_path):
    for name, value in (("a[1]", 1), ("a1", 2), ("it's *", 3), ("it's here", 4)):
        duckdb.sql(f"SELECT {value} AS x, 's' AS s").write_parquet(str(tmp_path / "new"))
        text = {"csv": f"x,s\n{value},s\n", "jsonl": f'{{"x": {value}, "s": "s"}}\n{{"x": 0, "s": "s"}}\n'}.get(form)
        content = text.encode() if text else (tmp_path / "new").read_bytes()
        (tmp_path / f"{name}.{form}").write_bytes(content)
    assert [open_source(str(tmp_path / f"{n}.{form}")).numbers("x")[0] for n in ("a[1]", "it's *")] == [1, 3]
    assert open_source(str(tmp_path / f"a?.{form}")).name == f"a1.{form}"
    assert open_source(str(tmp_path / f"a*.{form}")).numbers("x").tolist()[0] == 2
    digest = hashlib.sha256((tmp_path / f"a[1].{form}").read_bytes()).hexdigest()
    assert open_source(str(tmp_path / f"a[1].{form}")).sha256 == digest


def test_files_that_differ_in_columns_kinds_or_format_are_refused_by_name(tmp_path):
    (tmp_path / "a.csv").write_text("x,s\n1,2\n")
    (tmp_path / "b.csv").write_text("x,t\n1,2\n")
    refused("b.csv lacks column s, which a.csv has", str(tmp_path / "?.csv"))
    (tmp_path / "b.csv").write_text("x,s,t\n1,2,3\n")
    refused("b.csv has column t, which a.csv lacks", str(tmp_path / "?.csv"))
    (tmp_path / "b.csv").write_text("x,s\n1\n")
    refused("line 2 of b.csv", str(tmp_path / "?.csv"))
    (tmp_path / "b.json").write_text('[{"x": 1}]')
    refused("several formats", str(tmp_path / "*"))
    refused("no file fits", str(tmp_path / "*.tsv"))
    for name, value in (("a", "1"), ("b", "'x'")):
        duckdb.sql(f"SELECT {value} AS v").write_parquet(str(tmp_path / f"{name}.parquet"))
    refused("column 'v' is number in a.parquet and text in b.parquet", str(tmp_path / "*.parquet"))


def test_parquet_keeps_its_types_and_text_in_it_stays_text(tmp_path):
    path = tmp_path / "a.parquet"
    duckdb.sql(
        "SELECT 1::UTINYINT AS i, 1.5::DECIMAL(4, 2) AS d, 'nan'::FLOAT AS f, '1' AS s, uuid() AS u, [1] AS l, "
        "{'a': 1, 'b': [2]} AS o, INTERVAL 1 DAY AS v, TIMESTAMPTZ '2020-01-31 05:00:00+02' AS z, TIME '05:00' AS t, "
        "'infinity'::DATE AS e, true AS b, 9007199254740993::BIGINT AS big, NULL AS n, 'x'::BLOB AS r"
    ).write_parquet(str(path))
    columns = open_source(str(path))
    assert columns.kinds == {
        "i": "number", "d": "number", "f": "empty", "s": "text", "u": "text", "l": "other", "o": "other", "v": "other",
        "z": "date", "t": "time", "e": "empty", "b": "boolean", "big": "text", "n": "empty", "r": "other",
    }  # fmt: skip
    assert columns.times("z").tolist() == [1580439600.0]
    assert columns.times("t").tolist() == [18000.0]
    assert columns.texts("big").tolist() == ["9007199254740993"]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("book.xlsx", "save the sheet as CSV"),
        ("data.csv.zip", "unpack it first"),
        ("data", "ends in nothing"),
        ("a.parquet", "not a whole Parquet file"),
        ("a.csv.gz", "cannot be unpacked"),
        ("a.json.gz", "cannot be unpacked"),
    ],
)
def test_what_cannot_be_read_says_what_to_do(name, words, tmp_path):
    (tmp_path / name).write_bytes(b"PK junk")
    message = refused(words, str(tmp_path / name))
    assert name.split(".")[0] in message


def test_what_is_no_file_says_so(tmp_path):
    refused("is a folder", str(tmp_path))
    refused("no file .*none.csv; check the path", str(tmp_path / "none.csv"))
    refused("null byte", "a\0.csv")
    refused("cannot be opened", "a" * 5000 + ".csv")
    refused("is an address", "https://example.org/a.csv")
    refused("no data are named", "")
    refused("rows is -1", "a.csv", rows=-1)
