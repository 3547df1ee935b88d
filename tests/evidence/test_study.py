"""Laws of a study's table and folder: a row for every run, every number in full, and all of it read back."""

import csv
import io
from pathlib import Path

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from thalweg.descent.files import slug
from thalweg.descent.folder import load_run
from thalweg.descent.spec import Spec
from thalweg.errors import FolderError, SpecError
from thalweg.evidence.study import Note, as_csv, as_markdown, by_seed, log_row, run_study
from thalweg.problems.sections import OnSurface, Table

NOTE = Note("which rate", "the lowest loss", "the rate", "momentum")
cells = st.one_of(
    st.none(),
    st.integers(-(10**9), 10**9),
    st.floats(allow_nan=False),
    st.text(st.characters(codec="utf-8", exclude_characters="\r"), max_size=12),
)


@pytest.fixture(scope="module")
def study():
    base = Spec(problem=OnSurface(surface="bowl")).but(steps=30)
    settings = {"fine": base.but(lr=0.1), "wild": base.but(lr=9.0), "warm": base.but(rule="momentum", warmup=3)}
    return run_study("three rates", NOTE, settings)


@given(st.lists(st.fixed_dictionaries({"run": st.text("abc", min_size=1), "x": cells, "y": cells}), min_size=1))
def test_what_is_written_as_csv_is_read_back_number_for_number(rows):
    text = as_csv(rows)
    back = list(csv.DictReader(io.StringIO(text, newline="")))
    assert len(back) == len(rows)
    for row, read in zip(rows, back, strict=True):
        for name, value in row.items():
            if isinstance(value, float):
                assert float(read[name]) == value
            elif value is None:
                assert read[name] == ""
            else:
                assert read[name] == str(value)


@given(st.lists(st.fixed_dictionaries({"run": cells, "x|y": cells}), min_size=1))
def test_a_markdown_table_has_a_line_for_each_row_and_no_cell_breaks_out(rows):
    lines = as_markdown(rows).split("\n")
    assert lines.pop() == ""
    assert len(lines) == len(rows) + 2
    for line in lines[1:]:
        bars = line.replace("\\|", "").count("|")
        assert bars == 3


def test_no_runs_are_no_table():
    assert as_markdown([]) == "no runs\n"
    assert as_csv([]) == "\n" or as_csv([]) == ""


def test_the_tuning_log_has_a_row_for_each_run_whatever_came_of_it(study):
    assert [row["run"] for row in study.table] == ["fine", "wild", "warm"]
    assert [row["base_lr"] for row in study.table] == [0.1, 9.0, 0.1]
    assert study.table[1]["notes"].startswith("diverged at step ")
    assert study.table[2]["warmup"] == 3
    for row, run in zip(study.table, study.runs, strict=True):
        assert (row["steps"], row["best_loss"], row["best_step"]) == (run.state.t, run.best_value, run.best_t)
        assert row["measure"] == "train_loss"


def test_a_folder_gives_every_run_and_row_back(study, tmp_path):
    study.save(folder := tmp_path / "study")
    about = msgspec.toml.decode((folder / "study.toml").read_bytes())
    assert (about["title"], about["holds"]) == ("three rates", ["fine", "wild", "warm"])
    assert about["note"] == msgspec.to_builtins(NOTE)
    for name, run in zip(study.names, study.runs, strict=True):
        stored = load_run(folder / name)
        assert stored.spec == run.spec
        assert np.array_equal(stored.steps.rows, run.steps.rows, equal_nan=True)
        assert log_row(name, stored) == log_row(name, run)
    back = list(csv.DictReader(io.StringIO((folder / "table.csv").read_text(), newline="")))
    assert [float(row["best_loss"]) for row in back] == [run.best_value for run in study.runs]


def test_specs_that_differ_in_more_than_numbers_still_come_back_in_their_order(table_of):
    base = Spec(problem=Table(source=table_of("binary"), target="y")).but(steps=8)
    settings = {
        f"{rule}-{batch}-{lr}": base.but(rule=rule, batch_size=batch, lr=lr)
        for lr in (0.1, 0.01) for rule in ("adam", "gd") for batch in (0, 7)
    }  # fmt: skip
    study = run_study("mixed", NOTE, settings)
    for name, run in zip(study.names, study.runs, strict=True):
        rule, batch, lr = name.split("-")
        assert (run.spec.method.rule, run.spec.batch.batch_size, run.spec.method.lr) == (rule, int(batch), float(lr))


def test_a_study_is_saved_into_a_folder_of_its_own(study, tmp_path):
    study.save(tmp_path / "one")
    assert {path.name for path in (tmp_path / "one").iterdir()} == {
        "study.toml", "table.csv", "table.md", "fine", "wild", "warm",
    }  # fmt: skip
    with pytest.raises(FileExistsError):
        study.save(Path(tmp_path / "one"))


@pytest.mark.parametrize("name", ["../escaped", "/etc/x", ".hidden", "a b", "", "x" * 99])
def test_names_of_runs_are_never_paths(name, tmp_path):
    study = run_study("names", NOTE, {name: Spec(problem=OnSurface()).but(steps=1)})
    with pytest.raises(FolderError, match="cannot be a folder"):
        study.save(tmp_path / "study")
    assert {path.name for path in tmp_path.rglob("*")} <= {"study"}


@given(st.lists(st.text(max_size=70), min_size=1, max_size=5, unique=True), st.lists(st.integers(0, 99), max_size=3))
def test_settings_of_any_name_get_folders_of_their_own_or_are_refused(names, seeds):
    settings = {name: Spec(problem=OnSurface()) for name in names}
    try:
        found = by_seed(settings, seeds)
    except SpecError:
        return  # two of them are alike
    assert [spec.seed for spec in found.values()] == seeds * len(names)
    assert all(slug(name) == name for name in found)
