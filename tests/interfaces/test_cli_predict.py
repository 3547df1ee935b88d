"""thalweg predict, as a person uses it: from a file to a file, with every mistake answered in one sentence."""

import csv
import io
import json
import os
import resource
import shutil
import subprocess
import sys
from pathlib import Path

import duckdb
import numpy as np
import pytest

from thalweg.descent.prediction import load_fitted
from thalweg.interfaces.cli import FINE, INTERRUPTED, WRONG_USE, run
from thalweg.interfaces.cli import predict as predict_module
from thalweg.interfaces.cli.rows_out import ENDINGS, write_rows
from thalweg.problems.sources.opening import open_source

COMMAND = [sys.executable, "-c", "from thalweg.interfaces.cli import main; main()"]


def rows(n, seed=0):
    rng = np.random.default_rng(seed)
    a = rng.normal(size=n).round(4)
    return {
        "house": [f"h{seed},{i}" for i in range(n)],
        "a": [None if i % 9 == 4 else v for i, v in enumerate(a.tolist())],
        "town": rng.choice(["Bern", "Zürich", "Arosa"], n).tolist(),
        "price": (2 * a + rng.normal(size=n)).round(4).tolist(),
        "sold": np.where(a + rng.normal(size=n) > 0, "yes", "no").tolist(),
        "class": rng.choice(["u", "v", "w"], n).tolist(),
    }


def write(path, columns):
    with Path(path).open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        writer.writerows(["" if v is None else v for v in row] for row in zip(*columns.values(), strict=True))


TARGETS = ("price", "sold", "class")


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    """Three trained models, one for each task, and new rows."""
    folder = tmp_path_factory.mktemp("desk")
    write(folder / "train.csv", rows(60))
    write(folder / "new.csv", rows(12, seed=1))
    for target in TARGETS:
        others = [name for name in TARGETS if name != target]
        words = ["train", str(folder / "train.csv"), "--target", target, "--id", "house", "--drop", *others]
        assert run([*words, "--steps", "4", "--out", str(folder), "--name", target]) == FINE
    return folder


@pytest.fixture(autouse=True)
def _here(desk, tmp_path, monkeypatch):
    """The user's folder, with everything in it, anew for each test."""
    monkeypatch.chdir(tmp_path)
    for path in desk.iterdir():
        (tmp_path / path.name).symlink_to(path)


def files():
    return {path.name for path in Path().iterdir()}


def told(capsys, *words):
    """(exit code, stdout, stderr) of thalweg predict."""
    capsys.readouterr()
    code = run(["predict", *words])
    return code, *capsys.readouterr()


def read(path):
    """{column: values} of a file of predictions, numbers as numbers."""
    text = Path(path).read_text(encoding="utf-8") if not str(path).endswith(".parquet") else ""
    if str(path).endswith(".parquet"):
        found = duckdb.connect().read_parquet(str(path))
        return dict(zip(found.columns, map(list, zip(*found.fetchall(), strict=True)), strict=True))
    if str(path).endswith((".csv", ".tsv")):
        return as_columns(text, "\t" if str(path).endswith(".tsv") else ",")
    records = json.loads(text) if str(path).endswith(".json") else [json.loads(line) for line in text.splitlines()]
    return {name: [record[name] for record in records] for name in records[0]}


def as_columns(text, separator=","):
    lines = list(csv.reader(io.StringIO(text), delimiter=separator))
    columns = dict(zip(lines[0], map(list, zip(*lines[1:], strict=True)), strict=True))
    return {name: [number(v) for v in values] for name, values in columns.items()}


def number(text):
    try:
        return float(text)
    except ValueError:
        return text or None


@pytest.mark.slow
@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("target", TARGETS)
def test_every_format_holds_the_predictions_of_the_run_bit_for_bit(capsys, target, ending):
    code, out, err = told(capsys, target, "new.csv", "--out", f"found{ending}")
    assert (code, out) == (FINE, "")
    assert f"12 predictions of '{target}' in found{ending}" in err
    found, fitted = read(f"found{ending}"), load_fitted(Path(target))
    values = fitted.predict(open_source("new.csv", how=fitted.preparation.how))[0]
    assert next(iter(found)) == "house"
    assert found["house"] == rows(12, seed=1)["house"]
    if target == "price":
        assert list(found) == ["house", "prediction"]
        assert found["prediction"] == values[:, 0].tolist()
        return
    p = values if target == "class" else np.concatenate([1 - values, values], axis=1)
    classes = {"class": ["u", "v", "w"], "sold": ["no", "yes"]}[target]
    assert list(found) == ["house", "prediction", *(f"p({name})" for name in classes)]
    for i, name in enumerate(classes):
        assert found[f"p({name})"] == p[:, i].tolist()
    assert found["prediction"] == [classes[i] for i in p.argmax(axis=1)]


def test_without_a_file_the_predictions_are_csv_on_stdout_and_all_else_is_on_stderr(capsys):
    code, out, err = told(capsys, "sold", "new.csv")
    assert code == FINE
    found = as_columns(out)
    assert list(found) == ["house", "prediction", "p(no)", "p(yes)"]
    assert len(found["house"]) == 12
    assert "note: missing values filled in as in training: a (1)" in err
    assert "note: columns that the model does not learn from are ignored: price, class" in err
    assert "measured on the 12 rows with a 'sold': accuracy" in err


def test_json_is_one_document(capsys):
    code, out, _ = told(capsys, "class", "new.csv", "--json")
    document = json.loads(out)
    assert code == FINE
    assert (document["run"], document["target"]) == ("class", "class")
    assert list(document["rows"][0]) == ["house", "prediction", "p(u)", "p(v)", "p(w)"]
    assert len(document["rows"]) == 12
    code, out, _ = told(capsys, "price", "new.csv", "--json", "--out", "too.csv")
    assert json.loads(out)["rows"][3]["prediction"] == read("too.csv")["prediction"][3]


def test_rows_are_named_by_the_columns_asked_for_or_numbered(capsys):
    _, out, _ = told(capsys, "price", "new.csv", "--id", "town", "house")
    assert list(as_columns(out)) == ["town", "house", "prediction"]
    write("unnamed.csv", {name: v for name, v in rows(3, seed=2).items() if name != "house"})
    _, out, _ = told(capsys, "price", "unnamed.csv")
    assert as_columns(out)["row"] == [1, 2, 3]


@pytest.mark.slow
def test_the_threshold_decides_and_is_what_is_measured_at(capsys):
    decided, accuracy = {}, {}
    for threshold in ("0.01", "0.5", "0.99"):
        _, out, err = told(capsys, "sold", "new.csv", "--threshold", threshold)
        found = as_columns(out)
        decided[threshold] = found["prediction"]
        assert found["prediction"] == ["yes" if p >= float(threshold) else "no" for p in found["p(yes)"]]
        right = np.mean([a == b for a, b in zip(found["prediction"], rows(12, seed=1)["sold"], strict=True)])
        assert f"accuracy {right:.4g}," in err
        accuracy[threshold] = err.partition("roc auc")[2]
    assert set(decided["0.01"]) == {"yes"}
    assert set(decided["0.99"]) == {"no"}
    assert len(set(accuracy.values())) == 1  # what no threshold changes


@pytest.mark.slow
def test_without_a_target_nothing_is_measured_and_strange_classes_are_left_out(capsys):
    new = rows(12, seed=1)
    write("plain.csv", {name: v for name, v in new.items() if name not in TARGETS})
    assert "measured" not in told(capsys, "sold", "plain.csv")[2]
    write("other.csv", new | {"sold": ["maybe"] * 11 + ["yes"]})
    err = told(capsys, "sold", "other.csv")[2]
    assert "not measured on classes of 'sold' that training did not have: 'maybe' (11 rows)" in err
    assert "measured on the 1 row with a 'sold': accuracy" in err
    assert "nan" not in err
    write("some.csv", new | {"price": [None] * 6 + new["price"][6:]})
    assert "measured on the 6 rows with a 'price': r2" in told(capsys, "price", "some.csv")[2]
    write("words.csv", new | {"price": ["dear"] * 12})
    assert "no row of words.csv can be measured" in told(capsys, "price", "words.csv")[2]


@pytest.mark.slow
def test_a_bundled_name_is_data_to_predict(capsys):
    assert run(["train", "iris", "--steps", "3", "--name", "flowers", "--out", "."]) == FINE
    code, out, err = told(capsys, "flowers", "iris")
    assert code == FINE
    assert len(as_columns(out)["row"]) == 150
    assert "measured on the 150 rows with a 'species'" in err


WRONG = {
    "no such folder": (["gone", "new.csv"], "no folder gone; give the folder of a run"),
    "a folder without a run": (["nothing", "new.csv"], "nothing has no checkpoint; is it the folder of a run?"),
    "a file for a folder": (["new.csv", "new.csv"], "no folder new.csv"),
    "a walk down a surface": (["walk", "new.csv"], "only a model fitted to a table predicts"),
    "a broken checkpoint": (["broken", "new.csv"], "not a checkpoint of thalweg, or is damaged"),
    "no such file": (["sold", "nwe.csv"], "nwe.csv"),
    "an address": (["sold", "https://example.org/x.csv"], "is an address"),
    "an empty file": (["sold", "empty.csv"], "empty.csv is empty"),
    "a file of names alone": (["sold", "names.csv"], "no rows"),
    "no data": (["sold"], "DATA"),
    "a column too few": (["sold", "few.csv"], "few.csv has no column a; expected those of training: a, town"),
    "an unknown ending": (["sold", "new.csv", "--out", "x.xlsx"], "x.xlsx ends in .xlsx; expected one of .csv, .tsv"),
    "no ending": (["sold", "new.csv", "--out", "x"], "x ends in nothing; expected one of"),
    "a file that exists": (["sold", "new.csv", "--out", "train.csv"], "train.csv exists; choose another name"),
    "no folder for it": (["sold", "new.csv", "--out", "far/x.csv"], "no folder far; make it"),
    "a threshold of 1": (["sold", "new.csv", "--threshold", "1"], "threshold is 1; expected a probability between"),
    "a threshold for a quantity": (["price", "new.csv", "--threshold", "0.3"], "threshold is for two classes"),
    "an id misspelt": (["sold", "new.csv", "--id", "hous"], "no column 'hous' in new.csv; did you mean 'house'?"),
    "an id twice": (["sold", "new.csv", "--id", "town", "town"], "town is named twice"),
    "an id like a prediction": (["sold", "clash.csv", "--id", "p(yes)"], "predictions are called so; rename it"),
    "an unknown flag": (["sold", "new.csv", "--treshold", "0.3"], "--threshold"),
}


@pytest.mark.parametrize("name", WRONG)
def test_each_wrong_use_is_one_sentence_and_leaves_nothing(capsys, name):
    Path("nothing").mkdir()
    Path("empty.csv").touch()
    Path("names.csv").write_text("a,town\n")
    write("few.csv", {"aa": [1, 2], "town": ["Bern", "Bern"]})
    write("clash.csv", {"a": [1, 2], "town": ["Bern", "Bern"], "p(yes)": [1, 2]})
    if name == "a walk down a surface":
        assert (
            run(["train", "surface.toml", "--steps", "2", "--name", "walk", "--out", "."]) == FINE if surface() else 1
        )
    if name == "a broken checkpoint":
        shutil.copytree("sold", "broken")
        (Path("broken") / "checkpoint.safetensors").write_bytes(b"PK\x03\x04 not at all")
    before = files()
    words, expected = WRONG[name]
    code, out, err = told(capsys, *words)
    assert (code, out) == (WRONG_USE, "")
    assert expected in err
    assert err.count("\n") == 1
    assert "Traceback" not in err
    assert files() == before


def surface():
    return Path("surface.toml").write_text('[problem]\nkind = "surface"\nsurface = "bowl"\n')


def test_what_is_refused_is_refused_before_anything_is_computed(capsys, monkeypatch):
    monkeypatch.setattr(predict_module, "load_fitted", None)
    for words in (["--out", "train.csv"], ["--out", "x.xlsx"], ["--out", "far/x.csv"], ["--threshold", "2"]):
        assert told(capsys, "sold", "new.csv", *words)[0] == WRONG_USE


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_full_disk_is_one_sentence_and_leaves_nothing(ending, tmp_path):
    from thalweg.errors import FolderError

    table = {"row": np.arange(4_000), "prediction": np.random.default_rng(0).normal(size=4_000)}
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (8_000, hard))
    try:
        with pytest.raises(FolderError, match=r"cannot write .*; free some space or choose another folder") as refusal:
            write_rows(table, tmp_path / f"big{ending}")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert "\n" not in str(refusal.value)
    assert not any(path.name.startswith((".big", "big")) for path in tmp_path.iterdir())


@pytest.mark.parametrize("ending", ENDINGS)
def test_text_of_any_sign_comes_back_from_every_format(ending, tmp_path):
    names = ["plain", "Zürich", 'say "x", y', "a\tb", "two\nlines", "漢字", None]
    table = {
        'the "id"': np.array(names, dtype=object),
        "none": np.array([None] * 7, dtype=object),
        "x": np.arange(7) / 3,
    }
    table["x"][2] = np.nan
    write_rows(table, tmp_path / f"text{ending}")
    found = read(tmp_path / f"text{ending}")
    assert found['the "id"'] == names
    assert found["none"] == [None] * 7
    assert [v for v in found["x"] if v == v and v is not None] == [i / 3 for i in (0, 1, 3, 4, 5, 6)]  # noqa: PLR0124


@pytest.mark.slow
def test_stdout_that_is_full_is_a_sentence_and_a_reader_that_went_away_is_no_error():
    with Path("/dev/full").open("w") as device:
        full = subprocess.run(
            [*COMMAND, "predict", "sold", "new.csv"], check=False, stdout=device, stderr=subprocess.PIPE, text=True
        )
    assert full.returncode == WRONG_USE
    assert full.stderr.strip().splitlines()[-1].startswith("thalweg: cannot write to stdout")
    assert "Traceback" not in full.stderr
    write("many.csv", rows(20_000, seed=3))
    command = " ".join([f"'{word}'" for word in COMMAND] + ["predict", "sold", "many.csv", "|", "head", "-2"])
    head = subprocess.run(["bash", "-o", "pipefail", "-c", command], check=False, capture_output=True, text=True)
    assert head.returncode == FINE
    assert len(head.stdout.splitlines()) == 2
    assert "Traceback" not in head.stderr


@pytest.mark.slow
@pytest.mark.parametrize("ending", [".csv", ".parquet"])
@pytest.mark.parametrize("where", ["os.open", "os.write", "os.fsync", "os.replace"])
def test_an_interrupt_leaves_nothing_half_written(capsys, monkeypatch, where, ending):
    """Ctrl-C at any step on the way to the disk."""

    def interrupted(*_args, **_kwargs):
        raise KeyboardInterrupt

    before = files()
    monkeypatch.setattr(f"thalweg.descent.files.{where}", interrupted)
    assert told(capsys, "sold", "new.csv", "--out", f"found{ending}")[0] == INTERRUPTED
    assert files() == before


@pytest.mark.slow
def test_a_fresh_process_writes_the_same_bytes_with_the_columns_turned(capsys):
    """The law of the spine, from the command line; test_prediction.py has it for every model."""
    new = rows(12, seed=1)
    write("turned.csv", {name: new[name] for name in reversed(new)})
    assert told(capsys, "class", "new.csv", "--out", "here.csv")[0] == FINE
    subprocess.run(
        [*COMMAND, "predict", "class", "turned.csv", "--out", "there.csv"],
        check=True, capture_output=True, env={k: v for k, v in os.environ.items() if not k.endswith("_NUM_THREADS")},
    )  # fmt: skip
    assert Path("there.csv").read_bytes() == Path("here.csv").read_bytes()
