"""Laws of `thalweg data`: it fits its terminal, JSON says the same as the text, each mistake has its sentence."""

import json
from pathlib import Path

import numpy as np
import pytest

from thalweg.interfaces.cli import COMMANDS, FAILED, FINE, WRONG_USE, run
from thalweg.interfaces.cli.column_tables import bars
from thalweg.interfaces.cli.styled import BARS, breadth, plain

LINE = "What is in a table, what may be wrong with it, and what thalweg would do with it."


@pytest.fixture(autouse=True)
def _desk(tmp_path, monkeypatch):
    """A folder of a user's with a table of every kind of column, and a terminal of 80 columns."""
    monkeypatch.setitem(COMMANDS, "data", LINE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.delenv("NO_COLOR", raising=False)
    rng = np.random.default_rng(0)
    rows = ["id,price,price_in_cents,area,city,sold,flag,a column whose name is rather longer than most names are,one"]
    for i in range(60):
        area = rng.normal(100, 20)
        price = 3 * area + rng.normal(0, 30)
        gap = "" if i % 10 == 0 else f"{area:.2f}"
        city = rng.choice(["Oslo", "Bergen", "a town with a very long name indeed"])
        rows.append(
            f"{100 + i},{price:.2f},{price * 100:.0f},{gap},{city},2021-{1 + i % 12:02}-05,{i % 2 == 0},"
            f"{rng.random():.4f},7"
        )
    Path("houses.csv").write_text("\n".join(rows) + "\n")
    Path("one.csv").write_text("a,y\n" + "".join(f"{i * i % 7},x\n" for i in range(30)))
    Path("broken.csv").write_text("a,y\n1,2\n1,2,3\n")
    Path("empty.csv").write_text("")
    Path("surface.toml").write_text('[problem]\nkind = "surface"\nsurface = "bowl"\n')


def told(capsys, *arguments):
    """(exit code, stdout, stderr) of the command."""
    code = run(["data", *arguments])
    return code, *capsys.readouterr()


def test_the_first_lines_say_what_it_is_and_the_last_what_to_type_next(capsys):
    code, out, err = told(capsys, "houses.csv", "--target", "price", "--drop", "flag")
    lines = out.splitlines()
    assert (code, err) == (FINE, "")
    assert lines[0].startswith("houses.csv: 60 rows, 9 columns")
    assert "thalweg can learn price (regression)." in out
    assert lines[-1] == "next  thalweg report houses.csv --target price --drop flag"
    assert out.index("price_in_cents alone tells price nearly perfectly") < out.index("Numbers")


@pytest.mark.parametrize(
    "columns", [60, pytest.param(80, marks=pytest.mark.slow), pytest.param(140, marks=pytest.mark.slow)]
)
def test_no_line_is_wider_than_the_terminal(capsys, monkeypatch, columns):
    monkeypatch.setenv("COLUMNS", str(columns))
    for arguments in (["houses.csv", "--target", "price"], ["houses.csv"]):
        _, out, _ = told(capsys, *arguments)
        body = [line for line in out.splitlines() if "  thalweg " not in line]
        assert max(map(len, body)) <= columns
        assert not any(line != line.rstrip() for line in body)


def test_json_is_one_document_of_finite_numbers_that_says_what_the_text_says(capsys):
    code, out, err = told(capsys, "houses.csv", "--target", "price", "--json")
    assert (code, err) == (FINE, "")
    found = json.loads(out, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))
    _, text, _ = told(capsys, "houses.csv", "--target", "price")
    flat = " ".join(text.split())
    profile = found["profile"]
    assert found["next"] in text
    for column in profile["columns"]:
        assert column["name"][:18] in text
    for check in profile["findings"]:
        assert " ".join(f"{check['title']}: {check['sentence']}".split()) in flat
    assert f"{profile['plan']['inputs']} input columns from {profile['plan']['features']} columns" in flat
    assert profile["rows"]["rows"] == 60
    suspect = profile["suspects"][0]
    assert (suspect["column"], round(suspect["score"], 2)) == ("price_in_cents", 1.0)
    prices = next(column for column in profile["columns"] if column["name"] == "price")
    assert sum(prices["numbers"]["histogram"]["counts"]) == 60


def test_without_a_target_there_is_a_suggestion_and_the_command_that_follows_it(capsys):
    code, out, _ = told(capsys, "houses.csv", "--drop", "flag")
    assert code == FINE
    assert "No target is named; perhaps price." in out
    assert out.splitlines()[-1] == "next  thalweg data houses.csv --drop flag --target price"
    assert run(out.splitlines()[-1].split()[2:]) == FINE


def test_what_cannot_be_learned_from_is_shown_with_the_obstacle_first_and_exit_code_1(capsys):
    code, out, _ = told(capsys, "one.csv", "--target", "y")
    assert code == FAILED
    assert "thalweg cannot learn from it as asked. 1 obstacle" in out
    assert "expected at least two classes" in " ".join(out.split())
    assert "y (target)" in out
    assert out.splitlines()[-1].startswith("once that is mended  thalweg report")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nofile.csv"], "no file nofile.csv"),
        (["broken.csv"], "line 3 of broken.csv has 3 values"),
        (["empty.csv"], "empty.csv is empty"),
        (["houses.csv", "--target", "prize"], "did you mean 'price'?"),
        (["houses.csv", "--target", "price", "--drop", "nope"], "no column 'nope'"),
        (["houses.csv", "--target", "price", "--time", "sould"], "did you mean 'sold'?"),
        (["houses.csv", "--columns", "many"], "--columns many: expected a number from 1 on, or all"),
        (["houses.csv", "--columns", "0"], "--columns 0"),
        (["houses.csv", "--task", "clustering"], "task"),
        (["surface.toml"], "data is about a table"),
    ],
)
def test_wrong_use_is_one_sentence_and_exit_code_2(capsys, arguments, words):
    code, out, err = told(capsys, *arguments)
    assert (code, out) == (WRONG_USE, "")
    assert words in err
    assert err.startswith("thalweg: ")
    assert len(err.strip().splitlines()) == 1


@pytest.mark.slow
def test_of_many_columns_the_telling_ones_are_shown_and_all_on_demand(capsys):
    _, out, _ = told(capsys, "digits", "--columns", "10")
    assert "and 55 more columns; --columns all" in out
    assert "digit (target)" in out
    _, out, _ = told(capsys, "digits", "--columns", "all")
    assert "more columns" not in out
    assert sum(line.startswith("pixel_") for line in out.splitlines()) == 64


@pytest.mark.slow
def test_a_terminal_gets_bars_and_colours_unless_it_wants_none(capsys, monkeypatch):
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    for no_color in (False, True):
        if no_color:
            monkeypatch.setenv("NO_COLOR", "1")
        _, out, _ = told(capsys, "houses.csv", "--target", "price")
        assert ("\x1b[33m" in out) == (not no_color)
        assert any(bar in out for bar in BARS)


def test_what_is_not_a_terminal_gets_plain_text(capsys):
    _, out, _ = told(capsys, "houses.csv", "--target", "price")
    assert "\x1b" not in out
    assert not any(bar in out for bar in BARS)


@pytest.mark.slow
def test_every_sign_of_ours_has_its_plain_form(capsys):
    for name in ("breast_cancer", "diabetes", "penguins"):
        _, out, _ = told(capsys, name)
        assert plain(out).isascii()


def test_bars_keep_their_order_and_their_room():
    from thalweg.evidence.profile.numbers import Histogram

    counts = Histogram(0.0, 1.0, tuple(range(24)), 0, 0)
    for room in (6, 8, 12, 24):
        drawn = bars(counts, room)
        assert len(drawn) <= room
        assert list(drawn) == sorted(drawn)
        assert drawn[-1] == BARS[-1]


def test_what_stands_in_a_table_cannot_speak_to_the_terminal_and_wide_letters_stay_in_line(capsys):
    towns = ["東京都", "Oslo\x1b[31m", "Å"]
    Path("towns.csv").write_text("town,温度,y\n" + "".join(f"{towns[i % 3]},{i * 7 % 11},{i % 2}\n" for i in range(60)))
    code, out, _ = told(capsys, "towns.csv", "--target", "y")
    assert code == FINE
    assert "\x1b" not in out
    lines = out.splitlines()
    first = next(i for i, line in enumerate(lines) if line.startswith("Numbers"))
    heading, row = lines[first], next(line for line in lines[first:] if line.startswith("温度"))
    ends = [breadth(line[: line.index(cell) + len(cell)]) for line, cell in ((heading, "max"), (row, " 10 "))]
    assert ends[0] == ends[1] - 1
