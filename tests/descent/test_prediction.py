"""Predictions from a run's folder: in a fresh process, without the training data, the same bits as from the run."""

import csv
import shutil
import subprocess
import sys

import duckdb
import numpy as np
import pytest

from thalweg.descent.checkpoint import load_checkpoint
from thalweg.descent.folder import CHECKPOINT, Writer, load_run
from thalweg.descent.method_section import Method
from thalweg.descent.prediction import load_fitted
from thalweg.descent.spec import Spec
from thalweg.descent.train import begin, finish
from thalweg.errors import DataError, FolderError, ThalwegError
from thalweg.problems.sections import OnSurface, Table
from thalweg.problems.sources.opening import open_source

N = 80


def messy(n=N, seed=0):
    """Columns of every kind, with gaps; three targets."""
    rng = np.random.default_rng(seed)

    def gaps(values, share=0.1):
        return [None if gone else value for value, gone in zip(values, rng.random(n) < share, strict=True)]

    a = rng.normal(size=n).round(4)
    return {
        "key": [f"k{seed}-{i}" for i in range(n)],
        "a": gaps((1000 * a).tolist()),
        "b": rng.normal(size=n).round(6).tolist(),
        "city": gaps(rng.choice(["Bern", "Genève", "Zürich", "Ennetmoos", "Arosa", "Ilanz"], n).tolist()),
        "member": gaps(rng.choice(["true", "false"], n).tolist()),
        "seen": gaps([f"20{10 + i % 13}-{1 + i % 12:02}-{1 + i % 28:02} {i % 24:02}:15" for i in range(n)]),
        "opens": [f"{i * 7 % 24:02}:30" for i in range(n)],
        "price": (3 * a + rng.normal(size=n)).round(4).tolist(),
        "bought": np.where(a + rng.normal(size=n) > 0, "yes", "no").tolist(),
        "kind": rng.choice(["u", "v", "w"], n).tolist(),
    }


def csv_file(path, columns):
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        writer.writerows(["" if v is None else v for v in row] for row in zip(*columns.values(), strict=True))
    return str(path)


def parquet_file(path, source):
    con = duckdb.connect(config={"threads": 1})
    con.read_csv(source, sample_size=-1).write_parquet(str(path))
    return str(path)


TASKS = {"regression": "price", "binary": "bought", "multiclass": "kind"}
MODELS = {
    "linear": {},
    "ones": {"bias": "ones"},
    "batch-norm": {"model": "mlp", "hidden": (12, 11), "batch_norm": True},
    "raw": {"standardise": False, "scale_target": False},
}


def trained(folder, source, task="binary", dtype="float64", **fields):
    """A run of a few steps on the messy table, and its folder."""
    others = tuple(name for name in TASKS.values() if name != TASKS[task])
    section = Table(**{"source": source, "target": TASKS[task], "drop": others, "id": ("key",), "levels": 4, **fields})
    spec = Spec(problem=section, method=Method(rule="adam", lr=0.02), dtype=dtype).but(steps=5, seed=3)
    population = begin(spec)
    folder.mkdir()
    (writer := Writer(folder)).begin(population)
    run = finish(population)
    writer.end(run)
    return run


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    folder = tmp_path_factory.mktemp("prediction")
    csv_file(folder / "train.csv", messy())
    csv_file(folder / "new.csv", messy(23, seed=1))
    return folder


@pytest.fixture(scope="module")
def run(place):
    return trained(place / "run", str(place / "train.csv"))


@pytest.fixture
def folder(place, run):
    return place / "run"


def predicted(folder, source):
    fitted = load_fitted(folder)
    return fitted.predict(open_source(str(source), how=fitted.preparation.how))[0]


FRESH = """
import sys
from pathlib import Path
from thalweg.descent.prediction import load_fitted
from thalweg.problems.sources.opening import open_source
import numpy as np
for folder in sorted(Path(sys.argv[1]).iterdir()):
    fitted = load_fitted(folder)
    for source in sys.argv[2:]:
        values, _ = fitted.predict(open_source(source, how=fitted.preparation.how))
        print(folder.name, Path(source).name, values.dtype, values.tobytes().hex())
"""


@pytest.mark.slow
def test_a_fresh_process_without_the_training_data_predicts_the_same_bits(tmp_path):
    """From CSV and Parquet, with the columns in another order and other columns among them, and for any model."""
    source, new = csv_file(tmp_path / "train.csv", messy()), messy(23, seed=1)
    (folders := tmp_path / "runs").mkdir()
    runs = {}
    for task in TASKS:
        for name, fields in MODELS.items():
            for dtype in ("float64", "float32"):
                key = f"{task}-{name}-{dtype}"
                runs[key] = trained(folders / key, source, task, dtype, **fields)
    usual = csv_file(tmp_path / "new.csv", new)
    turned = csv_file(tmp_path / "turned.csv", {"more": range(23)} | {k: new[k] for k in reversed(new) if k != "key"})
    sources = [usual, turned, parquet_file(tmp_path / "new.parquet", usual)]
    expected = {name: run.predict(usual) for name, run in runs.items()}
    (tmp_path / "train.csv").unlink()
    answer = subprocess.run(
        [sys.executable, "-c", FRESH, str(folders), *sources], capture_output=True, text=True, timeout=300, check=True
    )
    lines = [line.split() for line in answer.stdout.splitlines()]
    assert len(lines) == len(runs) * len(sources)
    for name, _, dtype, found in lines:
        assert dtype == "float64"
        assert found == expected[name].tobytes().hex(), name


@pytest.mark.slow
@pytest.mark.parametrize("task", TASKS)
def test_the_folder_knows_all_that_the_run_knew(tmp_path, place, task):
    run = trained(tmp_path / "run", str(place / "train.csv"), task, model="mlp", hidden=(5,), batch_norm=True)
    stored = load_checkpoint(tmp_path / "run" / CHECKPOINT)
    assert stored.preparation == run.problem.table.preparation
    assert {type(b.part).__name__ for b in stored.preparation.blocks} == {"Filled", "Category", "Moment"}
    assert stored.preparation.how["seen"] == "date"
    assert TASKS[task] in stored.preparation.how
    fitted = load_fitted(tmp_path / "run")
    X = run.problem.table.X
    assert fitted.predictor.predict(X).tobytes() == run.problem.predict(run.best, X).tobytes()
    assert predicted(tmp_path / "run", place / "new.csv").tobytes() == run.predict(place / "new.csv").tobytes()
    assert load_run(tmp_path / "run").predict(place / "new.csv").tobytes() == run.predict(place / "new.csv").tobytes()


def test_some_of_the_rows_in_another_order_are_predicted_alike(folder, place, tmp_path):
    new, whole = messy(23, seed=1), predicted(folder, place / "new.csv")
    for rows in ([5], [22, 0, 7, 7], list(range(22, -1, -1))):
        part = csv_file(tmp_path / "part.csv", {name: [values[i] for i in rows] for name, values in new.items()})
        assert predicted(folder, part).tobytes() == whole[rows].tobytes()


def notices(folder, tmp_path, **changes):
    """(values, notices) of ten new rows with some columns changed, or, if None, left out."""
    columns = {name: v for name, v in (messy(10, seed=2) | changes).items() if v is not None}
    fitted = load_fitted(folder)
    return fitted.predict(open_source(csv_file(tmp_path / "rows.csv", columns), how=fitted.preparation.how))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (
            {"city": ["Paris"] * 9 + ["Bern"]},
            "city: 2 levels without a column of their own count as \"other\": 'Paris' (9 rows), 'Bern' (1 row)",
        ),
        ({"a": [None] * 10}, "missing values filled in as in training: a (10)"),
        ({"seen": [None] * 10}, "seen (10)"),
        ({"city": [None] * 10}, "city (10)"),
        ({"opens": [None] * 10}, "opens (10)"),
        (
            {"extra": range(10), "more": range(10)},
            "columns that the model does not learn from are ignored: price, kind, extra, more",
        ),
    ],
)
def test_what_is_done_with_other_values_is_said(folder, tmp_path, changes, words):
    values, told = notices(folder, tmp_path, **changes)
    assert any(words in notice for notice in told), told
    assert np.isfinite(values).all()


@pytest.mark.slow
def test_a_slip_among_many_values_counts_as_missing_and_is_named(folder, place, tmp_path):
    columns = messy(40, seed=1)
    columns["a"][3], columns["b"][4] = None, "low"
    fitted = load_fitted(folder)
    values, told = fitted.predict(open_source(csv_file(tmp_path / "slip.csv", columns), how=fitted.preparation.how))
    assert any("count as missing: b (1 value that does not fit, such as 'low' in data row 5)" in n for n in told)
    assert any(notice.startswith("missing values filled in as in training") and "b (1)" in notice for notice in told)
    assert np.isfinite(values).all()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"a": None}, r"rows.csv has no column a; expected those of training: a, b, city, member, seen, opens"),
        ({"a": None, "b": None, "B": range(10)}, r"no column a, b \(perhaps its B\)"),
        ({"a": ["low"] * 10}, r"column 'a' of rows.csv held numbers in training; here 'low' in data row 1 is not such"),
        ({"a": ["2020-01-01"] * 10}, r"held numbers in training; here '2020-01-01'"),
        ({"a": ["low", *range(9)]}, r"'low' in data row 1 is not such: mend it, or write NA for missing"),
        ({"a": [1, "inf", *range(8)]}, r"column 'a' of rows.csv is infinite in 1 data row \(2\)"),
        ({"member": [5] * 10}, r"column 'member' of rows.csv held true or false in training"),
        ({"seen": ["soon"] * 10}, r"column 'seen' of rows.csv held dates in training; here 'soon'"),
        ({"opens": range(10)}, r"column 'opens' of rows.csv held times of day in training"),
    ],
)
def test_columns_of_another_kind_are_refused_by_name(folder, tmp_path, changes, words):
    with pytest.raises(DataError, match=words) as caught:
        notices(folder, tmp_path, **changes)
    assert "\n" not in str(caught.value)


@pytest.mark.slow
def test_true_and_false_may_come_as_1_and_0_and_numbers_as_text_that_reads_as_numbers(folder, tmp_path):
    usual, _ = notices(folder, tmp_path)
    columns = messy(10, seed=2)
    member = [None if v is None else int(v == "true") for v in columns["member"]]
    a = [None if v is None else f" {v}" for v in columns["a"]]
    other, _ = notices(folder, tmp_path, member=member, a=a)
    assert other.tobytes() == usual.tobytes()


@pytest.mark.slow
def test_typed_columns_of_other_types_are_read_as_what_they_stand_for(folder, tmp_path):
    """Parquet with whole numbers, decimals and timestamps of a zone for what was text in training."""
    columns = messy(10, seed=2) | {"a": range(10), "seen": [f"2020-01-{i + 1:02} 10:00:00" for i in range(10)]}
    source = csv_file(tmp_path / "typed.csv", columns)
    con = duckdb.connect(config={"threads": 1})
    con.execute("SET TimeZone = 'UTC'")
    casts = "CAST(a AS DECIMAL(9, 2)) AS a, CAST(seen AS TIMESTAMPTZ) AS seen, CAST(b AS FLOAT) AS b"
    rows = con.read_csv(source, sample_size=-1).project(f"* REPLACE ({casts})")
    rows.write_parquet(str(tmp_path / "typed.parquet"))
    near, exact = predicted(folder, tmp_path / "typed.parquet"), predicted(folder, source)
    assert np.allclose(near, exact, rtol=1e-5)


# What to do about gaps is part of the model


@pytest.mark.slow
def test_a_model_that_dropped_rows_with_gaps_predicts_none_for_them(place, tmp_path):
    run = trained(tmp_path / "run", str(place / "train.csv"), missing="drop")
    assert not any(name.endswith("missing") for name in run.problem.table.names)
    new = messy(23, seed=1)
    features = [new[name] for name in ("a", "b", "city", "member", "seen", "opens")]
    gap = np.array([None in row for row in zip(*features, strict=True)])
    values = predicted(tmp_path / "run", place / "new.csv")
    assert np.array_equal(np.isnan(values[:, 0]), gap)
    assert 0 < gap.sum() < 23


@pytest.mark.slow
def test_a_model_that_refused_gaps_refuses_them_again(tmp_path):
    whole = {name: [v if v is not None else "" for v in values] for name, values in messy().items()}
    full = {name: values for name, values in whole.items() if "" not in values}
    run = trained(tmp_path / "run", csv_file(tmp_path / "full.csv", full), missing="refuse")
    assert run.problem.table.preparation.columns == ("b", "opens")
    assert np.isfinite(predicted(tmp_path / "run", tmp_path / "full.csv")).all()
    full["b"][4] = None
    with pytest.raises(DataError, match=r"rows.csv misses values in b \(1\); this model was trained to refuse that"):
        predicted(tmp_path / "run", csv_file(tmp_path / "rows.csv", full))


# Folders that are none


def test_each_folder_that_cannot_predict_is_one_plain_sentence(folder, tmp_path):
    with pytest.raises(FolderError, match=r"no folder .*gone; give the folder of a run"):
        load_fitted(tmp_path / "gone")
    with pytest.raises(FolderError, match="has no checkpoint; is it the folder of a run"):
        load_fitted(tmp_path)
    (walk := tmp_path / "walk").mkdir()
    population = begin(Spec(problem=OnSurface()).but(steps=3))
    (writer := Writer(walk)).begin(population)
    writer.end(finish(population))
    with pytest.raises(FolderError, match="only a model fitted to a table predicts"):
        load_fitted(walk)
    shutil.copytree(folder, tmp_path / "report" / "final")
    assert load_fitted(tmp_path / "report").needed == load_fitted(folder).needed


@pytest.mark.slow
def test_a_damaged_checkpoint_predicts_or_is_refused_in_a_sentence(folder, place, tmp_path):
    """Cut anywhere, or a byte changed anywhere: never anything but a prediction or a plain refusal."""
    shutil.copytree(folder, broken := tmp_path / "broken")
    data = (folder / CHECKPOINT).read_bytes()
    rng = np.random.default_rng(0)
    trials = [data[:cut] for cut in rng.integers(0, len(data), 40)]
    for place_, byte in zip(rng.integers(0, len(data), 300), rng.integers(0, 256, 300), strict=True):
        trials.append(data[:place_] + bytes([byte]) + data[place_ + 1 :])
    refused = 0
    for trial in trials:
        (broken / CHECKPOINT).write_bytes(trial)
        try:
            predicted(broken, place / "new.csv")
        except ThalwegError as refusal:
            refused += 1
            assert "\n" not in str(refusal)  # noqa: PT017  the others predict
    assert refused >= 40
