"""What columns are used as, on columns made like real ones; and what is said about each decision."""

import doctest
import hashlib

import numpy as np
import pytest
from tables import columns_of, csv_of, said, written

from thalweg.errors import DataError
from thalweg.problems import roles as roles_module
from thalweg.problems.recognise import recognise
from thalweg.problems.roles import assign, likely_target
from thalweg.problems.sections import Table
from thalweg.problems.sources.opening import open_source
from thalweg.problems.table import read_table
from thalweg.problems.targets import encode_target

N = 400
RNG = np.random.default_rng(7)
FIRST, LAST = (
    "Ann Bo Cy Dee Ed Flo Gus Hal Ina Jo".split(),
    "Ames Bell Cole Dunn Egan Ford Gray Hunt Innes Jung".split(),
)
PEOPLE = [f"{LAST[i % 10]}{i}, {FIRST[i // 10 % 10]}" for i in range(N)]
STATES = "Alabama;Alaska;Arizona;Iowa;New York;North Dakota;Ohio;Rhode Island;Texas;Utah;West Virginia;Wyoming".split(
    ";"
)


def drawn(levels, n=N):
    """n of the levels at random, each at least once."""
    return [*levels, *RNG.choice(list(levels), n - len(levels)).tolist()]


REAL = {
    # name of the column: (its values, what it is used as, or the reason why it is not)
    "passenger": (PEOPLE, "names or free text"),
    "e-mail": ([f"{first.lower()}{i}@example.org" for i, first in enumerate(FIRST * 40)], "identifiers"),
    "homepage": ([f"https://example.org/people/with/a/long/path/{i}.html" for i in range(N)], "identifiers"),
    "booking": ([f"PC {17000 + 7 * i}" for i in range(N)], "names or free text"),
    "hash": ([hashlib.sha256(bytes([i % 256, i // 256])).hexdigest() for i in range(N)], "identifiers"),
    "remark": ([f"the part number {i} did not hold what was promised" for i in range(N)], "free text"),
    "state": (drawn(STATES), "category"),
    "all states": (drawn([f"state {i}" for i in range(50)]), "category"),
    "smokes": (drawn(["yes", "no"]), "category"),
    "sex": (drawn(["male", "female", None]), "category"),
    "consent": (drawn(["true", "false"]), "flag"),
    "stars": (drawn(range(1, 6)), "number"),
    "grade": (drawn(["A", "B", "C", "D", "F"]), "category"),
    "zip": (drawn(range(10001, 10101)), "category"),
    "zipcode": ([f"{1000 + i:05}" for i in drawn(range(50))], "category"),
    "phone": ([5_550_000 + 37 * i for i in range(N)], "identifiers"),
    "phone number": ([f"+1 555 {i:04}" for i in range(N)], "names or free text"),
    "phone calls": (drawn(range(60)), "number"),
    "customer_id": (RNG.permutation(N * 3)[:N].tolist(), "identifiers"),
    "customerId": (drawn(range(1000, 1100)), "identifiers"),
    "paid": (drawn(range(100)), "number"),
    "uuid": (
        [hashlib.md5(bytes([i % 256, i // 256]), usedforsecurity=False).hexdigest() for i in range(N)],
        "identifiers",
    ),
    "Unnamed: 0": (RNG.permutation(N).tolist(), "identifiers"),
    "X": (RNG.permutation(np.arange(1, N + 1)).tolist(), "identifiers"),
    "anything": (range(N), "identifiers"),
    "x": ((3 * RNG.permutation(N)).tolist(), "number"),
    "year": (drawn(range(1990, 2020)), "number"),
    "limit": ([1.5, 2.5, "inf", "inf"] * (N // 4), "number"),
    "income": (RNG.lognormal(10, 1, N).round(2).tolist(), "number"),
    "joined": ([f"20{10 + i % 10}-03-{1 + i % 28:02}" for i in range(N)], "date"),
    "opened": ([f"{1 + i % 28}.{1 + i % 12}.2019 08:15" for i in range(N)], "date"),
    "starts": ([f"{i % 24:02}:30" for i in range(N)], "time"),
    "nothing": ([None] * N, "empty"),
    "shop_id": (drawn([3, 7, 12, 40]), "category"),
    "basket": (RNG.permutation([f"{20 + i / 4:g} kg" for i in range(N)]).tolist(), "numbers written as text"),
    "wage": ([f"{1 + i // 7} {i:03}" for i in range(N)], "numbers written as text"),
    "fare": ([f"{1 + i // 7}'{i:03}.50" for i in range(N)], "numbers written as text"),
    "flat": ([f"{i} {'ab'[i % 2]}" for i in range(N)], "names or free text"),
    "mostly gone": ([*(f"c{i}" for i in range(30)), *[None] * (N - 30)], "identifiers"),
    "cabin": ([*(f"c{i}" for i in range(30)), *(f"c{i}" for i in range(30)), *[None] * (N - 60)], "category"),
}


@pytest.fixture(scope="module")
def real(tmp_path_factory):
    return columns_of(tmp_path_factory.mktemp("real"), {name: values for name, (values, _) in REAL.items()})


@pytest.mark.parametrize("name", REAL)
def test_columns_like_real_ones_are_recognised(name, real):
    seen, expected = recognise(real, name), REAL[name][1]
    assert (seen.use or seen.reason) == expected
    assert bool(seen.use) != bool(seen.why)


@pytest.mark.parametrize("name", [name for name, (_, use) in REAL.items() if use != "empty"])
def test_features_take_in_what_would_be_left_out(name, real):
    """A column that is asked for is used, whatever it looks like."""
    roles = assign(real, Table(target="income" if name != "income" else "year", features=(name,)))
    assert list(roles.uses) == [name]
    assert not said(roles.notices, "left out")


def test_each_column_that_is_left_out_is_named_with_its_reason_once(real):
    roles = assign(real, Table(target="income", id=("passenger",), drop=("e-mail",)))
    told = " ".join(roles.notices)
    for name, (_, use) in REAL.items():
        if name in roles.uses or name == "income":
            continue
        if name == "passenger":
            assert said(roles.notices, "not learned from: passenger")
        elif name == "e-mail":
            assert said(roles.notices, "left out as asked: e-mail")
        else:
            assert said(roles.notices, f"left out, {use}", f"{name} (")
    assert told.count("homepage (") == 1
    assert said(roles.notices, "'zip'", "code by its name")
    assert said(roles.notices, "'shop_id'", "identifier by its name", "levels of a category")
    assert said(roles.notices, "numbers written as text", "all end in 'kg'", "thousands")


def test_a_lone_counter_is_what_there_is_to_learn_from(tmp_path):
    for name in ("id", "x", "row", "step"):
        table = read_table(csv_of(tmp_path, {name: range(1, 41), "y": [i**2 for i in range(40)]}, f"{name}.csv"), "y")
        assert table.names == (name,)


def test_an_answer_in_almost_all_different_texts_leaves_nothing_to_learn_from_and_says_how_to_go_on(tmp_path):
    path = csv_of(tmp_path, {"who": PEOPLE, "y": [i % 7 + 0.5 for i in range(N)]})
    with pytest.raises(DataError, match=r"no column to learn from besides 'y': who \(400 .*name the ones you want"):
        read_table(path, "y")
    assert len(read_table(path, "y", features=("who",)).names) == 19  # 18 and "other", of 20 levels


@pytest.mark.parametrize(
    ("names", "likely"),
    [
        (["a", "Species", "b"], "Species"),
        (["price", "a"], "price"),
        (["sale_price", "a", "b"], "sale_price"),
        (["a", "b", "c"], "c"),
        (["y", "a", "target"], "target"),
        (["Class", "y"], "Class"),
        (["a", "b", "id"], "b"),
    ],
)
def test_without_a_target_the_likeliest_is_suggested(tmp_path, names, likely):
    columns = columns_of(tmp_path, {name: [i * 1.5, 2.0, 7.0] for i, name in enumerate(names)})
    assert likely_target(columns) == likely
    with pytest.raises(DataError, match=rf"needs a target.*perhaps --target '{likely}'"):
        assign(columns, Table())


def test_a_date_is_no_target_and_a_list_is_no_feature(tmp_path):
    import duckdb

    path = tmp_path / "lists.parquet"
    rows = "(VALUES (DATE '2020-01-01', [1, 2], 3, 0.5), (DATE '2020-01-02', [3], 5, 1.5)) t(day, tags, a, y)"
    duckdb.connect(config={"threads": 1}).sql(f"FROM {rows}").write_parquet(str(path))
    columns = open_source(str(path))
    with pytest.raises(DataError, match="target 'day' is a date"):
        assign(columns, Table(target="day"))
    with pytest.raises(DataError, match=r"nothing can be learned from tags"):
        assign(columns, Table(target="y", features=("a", "tags")))
    roles = assign(columns, Table(target="y"))
    notice = next(n for n in roles.notices if "tags" in n)
    assert "--features" not in notice


def test_each_bad_part_is_one_plain_sentence(tmp_path):
    columns = columns_of(
        tmp_path,
        {"a": [1, 2, 5], "when": ["2020-01-01"] * 3, "word": ["u", "v", "u"], "void": [None] * 3, "y": [1, 2, 4]},
    )
    for asked, words in (
        ({"group": "words"}, "did you mean 'word'"),
        ({"time": "whem"}, "did you mean 'when'"),
        ({"id": ("a", "a")}, "a is named more than once"),
        ({"group": "a", "weights": "a"}, "a is named more than once"),
        ({"group": "y"}, "y is named more than once"),
        ({"time": "y"}, "time 'y' is also the target"),
        ({"group": "void"}, "group 'void' is empty"),
        ({"weights": "when"}, "weights 'when' is a date; expected numbers"),
        ({"drop": "when"}, r"drop is the text 'when'; expected a list of column names, as in \['when'\]"),
        ({"drop": ("a", "when", "word")}, "no column to learn from"),
    ):
        with pytest.raises(DataError, match=words) as caught:
            assign(columns, Table(target="y", **asked))
        assert "\n" not in str(caught.value)


# What is learned


@pytest.mark.parametrize("task", ["auto", "binary"])
def test_the_positive_class_is_the_one_that_is_asked_for(task):
    values = np.array(["no", "yes", "no", "yes"], dtype=object)
    usual, other = (encode_target(values, "y", task, positive) for positive in ("", "no"))
    assert (usual.classes, other.classes) == (("no", "yes"), ("yes", "no"))
    assert np.array_equal(other.y, 1 - usual.y)
    again = encode_target(values, "y", "binary", "yes")
    assert again.classes == usual.classes
    assert np.array_equal(again.y, usual.y)
    assert said(usual.notices, "the positive class of 'y' is 'yes'; --positive chooses")


@pytest.mark.parametrize(
    ("values", "positive", "classes"),
    [
        (np.array([0.0, 1.0, 1.0]), "0", ("1", "0")),
        (np.array([True, False, True]), "false", ("true", "false")),
        (np.array([1.5, 2.5, 1.5]), "1.5", ("2.5", "1.5")),
        (np.array([-1.0, 1.0]), "-1", ("1", "-1")),
    ],
)
def test_classes_of_any_kind_can_be_the_positive_one(values, positive, classes):
    assert encode_target(values, "y", "binary", positive).classes == classes


@pytest.mark.parametrize(
    ("values", "task", "positive", "words"),
    [
        (["no", "yes"], "auto", "yess", "did you mean 'yes'"),
        (["u", "v", "w"], "auto", "v", r"positive is for two classes; target 'y' has 3 \(u, v, w\)"),
        (["u", "v"], "multiclass", "v", "in a multiclass task no class is"),
        ([0.5, 1.5, 2.5], "regression", "0.5", "a quantity has no classes"),
        (["u", "u"], "auto", "", "'u' in all 2 rows"),
        ([3.0, 3.0], "auto", "", "3 in all 2 rows"),
        ([3.0, 3.0], "multiclass", "", "'3' in all 2 rows"),
        (["2020", "x"], "regression", "", "regression expects numbers"),
    ],
)
def test_each_bad_target_is_one_plain_sentence(values, task, positive, words):
    array = np.array(values, dtype=object if isinstance(values[0], str) else float)
    with pytest.raises(DataError, match=words):
        encode_target(array, "y", task, positive)


def test_rows_without_a_target_are_dropped_and_counted(tmp_path):
    table = read_table(written(tmp_path, "a,y\n1,u\n2,\n3,v\n4,NA\n5,u\n"), "y")
    assert table.X.ravel().tolist() == [1, 3, 5]
    assert table.rows.tolist() == [0, 2, 4]
    assert said(table.notices, "dropped 2 rows in which the target 'y' is missing")


def test_the_examples_in_the_docstrings_hold():
    assert doctest.testmod(roles_module).failed == 0
