"""The bundled sets are what their sources are, are found by name, and carry their licences."""

import doctest
import hashlib

import duckdb
import numpy as np
import pytest

from thalweg.problems import bundled as bundled_module
from thalweg.problems.bundled import BUNDLED
from thalweg.problems.table import read_table

LICENCES = (BUNDLED["iris"].path.parent / "LICENCES.md").read_text(encoding="utf-8")
SHAPES = {
    "breast_cancer": ((569, 30), "binary", 2),
    "digits": ((1797, 61), "multiclass", 10),  # of 64 pixels three are never anything but 0
    "wine": ((178, 13), "multiclass", 3),
    "iris": ((150, 4), "multiclass", 3),
    "diabetes": ((442, 10), "regression", 0),
    "penguins": ((344, 10), "multiclass", 3),  # five numbers, island and sex as 0/1, two marks of gaps
}


@pytest.mark.parametrize("name", SHAPES)
def test_each_set_reads_by_its_name_alone(name):
    table, (shape, task, classes) = read_table(name), SHAPES[name]
    assert (table.X.shape, table.task, len(table.classes)) == (shape, task, classes)
    assert (table.source, table.target) == (name, BUNDLED[name].target)
    assert table.sha256 == hashlib.sha256(BUNDLED[name].path.read_bytes()).hexdigest()
    assert np.isfinite(table.X).all()


def test_the_shapes_above_leave_out_no_set():
    assert set(SHAPES) == set(BUNDLED)


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("breast_cancer", {}),
        ("digits", {}),
        ("wine", {}),
        ("iris", {}),
        ("diabetes", {"scaled": False}),
    ],
)
def test_each_set_equals_scikit_learns_loader_bit_for_bit(name, options):
    datasets = pytest.importorskip("sklearn.datasets")
    source, table = getattr(datasets, f"load_{name}")(**options), read_table(name)
    varying = source.data.min(axis=0) != source.data.max(axis=0)
    assert np.array_equal(table.X, source.data[:, varying])
    if table.task == "regression":
        assert np.array_equal(table.y[:, 0], source.target)
        return
    codes = table.y[:, 0] if table.task == "binary" else table.y.argmax(axis=1)
    # In the loader the code 0 is malignant; here classes are sorted, so that malignant is the positive one.
    assert np.array_equal(codes, 1 - source.target if name == "breast_cancer" else source.target)
    if name in ("breast_cancer", "iris"):
        assert table.classes == tuple(sorted(source.target_names))


def test_penguins_keep_their_text_and_their_missing_values():
    counts = "count(*), count(island), count(sex), count(body_mass_g), count(DISTINCT species)"
    con = duckdb.connect(config={"threads": 1})
    path = str(BUNDLED["penguins"].path)
    assert con.read_parquet(path).aggregate(counts).fetchall() == [(344, 344, 333, 342, 3)]
    table = read_table("penguins")
    assert any("0/1 columns" in notice and "island (3 levels), sex (2 levels)" in notice for notice in table.notices)
    assert any("sex (11 with the most frequent, 'male')" in notice for notice in table.notices)
    assert len(read_table("penguins", missing="drop").X) == 333
    assert read_table("penguins", "sex").classes == ("female", "male")


@pytest.mark.parametrize("name", SHAPES)
def test_each_set_has_its_source_its_licence_and_all_its_columns_described(name):
    chapter = LICENCES.split(f"## {name}\n")[1].split("\n## ")[0]
    assert "Licence: " in chapter
    assert "https://doi.org/" in chapter
    assert f"`{name}.parquet`" in LICENCES
    missing = [column for column in column_names(name) if not described(column, chapter)]
    assert missing == []


def column_names(name: str) -> list[str]:
    return duckdb.connect(config={"threads": 1}).read_parquet(str(BUNDLED[name].path)).columns


def described(column: str, chapter: str) -> bool:
    """In backquotes by itself, or as one of a family: `mean_…` of a `radius`, a pixel."""
    property_ = column.removeprefix("mean_").removeprefix("worst_").removesuffix("_error")
    family = column.startswith("pixel_") and "`pixel_0_0`" in chapter
    return family or f"`{column}`" in chapter or f"`{property_}`" in chapter


def test_the_licence_texts_are_named_and_the_one_that_must_be_given_is_given():
    assert "https://creativecommons.org/licenses/by/4.0/" in LICENCES
    assert "https://creativecommons.org/publicdomain/zero/1.0/" in LICENCES
    assert "Redistributions in binary form must reproduce the above copyright notice" in LICENCES


def test_another_target_of_a_bundled_set_decides_its_own_task():
    assert read_table("iris", "petal_length_cm").task == "regression"
    assert read_table("wine", task="regression").task == "regression"


def test_the_files_are_small():
    assert sum(bundled.path.stat().st_size for bundled in BUNDLED.values()) < 250_000


def test_the_example_in_the_docstring_holds():
    assert doctest.testmod(bundled_module).failed == 0
