"""Writes the bundled data sets as small Parquet files: `python tools/bundle_data.py penguins.csv`.

Five sets come from scikit-learn's loaders, penguins from the CSV file of the PyPI package `palmerpenguins`
(`pip install --target DIR palmerpenguins`, then `DIR/palmerpenguins/data/penguins.csv`). Nothing is changed
but the column names; row order is the source's. What each set is and its licence: bundled/LICENCES.md.
"""

import argparse
import re
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
from sklearn import datasets

BUNDLED = Path(__file__).parents[1] / "src/thalweg/problems/bundled"
DIABETES = [
    "age",
    "sex",
    "bmi",
    "blood_pressure",
    "total_cholesterol",
    "ldl",
    "hdl",
    "tch_ratio",
    "ltg",
    "glucose",
]
Columns = dict[str, Any]


def snake(name: str) -> str:
    """`sepal length (cm)` becomes `sepal_length_cm`."""
    return re.sub(r"[^0-9a-z]+", "_", name.lower()).strip("_")


def narrowed(column: Any) -> Any:
    """Whole numbers as the smallest whole-number type: smaller files, the same values."""
    if np.array_equal(column, np.rint(column)):
        return column.astype(np.min_scalar_type(int(column.max())))
    return column


def from_loader(loader: Any, target: str, labels: Any, names: Any = None, **options: Any) -> Columns:
    """One column per feature in the loader's order, the target last; `labels` maps its codes."""
    bunch = loader(**options)
    names = names or [snake(name) for name in bunch.feature_names]
    columns = {name: narrowed(column) for name, column in zip(names, bunch.data.T, strict=True)}
    return columns | {target: np.array([labels(code) for code in bunch.target])}


def loaded() -> dict[str, Columns]:
    """The five sets of scikit-learn."""
    cancer, iris = datasets.load_breast_cancer(), datasets.load_iris()
    return {
        "breast_cancer": from_loader(
            datasets.load_breast_cancer, "diagnosis", lambda code: str(cancer.target_names[code])
        ),
        "digits": from_loader(datasets.load_digits, "digit", np.uint8),
        "wine": from_loader(datasets.load_wine, "cultivar", lambda code: np.uint8(code + 1)),
        "iris": from_loader(datasets.load_iris, "species", lambda code: str(iris.target_names[code])),
        "diabetes": from_loader(datasets.load_diabetes, "progression", float, names=DIABETES, scaled=False),
    }


def write(columns: Columns, path: Path) -> None:
    """A Parquet file with zstd compression; DuckDB reads the NumPy columns by name."""
    con = duckdb.connect(config={"threads": 1})
    con.register("columns", columns)
    con.sql("FROM columns").write_parquet(str(path), compression="zstd")


def write_penguins(csv: Path, path: Path) -> None:
    """The CSV with `NA` as missing; measurements as numbers, species, island and sex as text."""
    con = duckdb.connect(config={"threads": 1})
    source = con.read_csv(str(csv), na_values="NA", header=True, sample_size=-1)
    source.write_parquet(str(path), compression="zstd")


def main() -> None:
    parser = argparse.ArgumentParser(description="write the bundled data sets")
    parser.add_argument("penguins", type=Path, help="penguins.csv of the PyPI package palmerpenguins")
    csv = parser.parse_args().penguins
    for name, columns in loaded().items():
        write(columns, BUNDLED / f"{name}.parquet")
    write_penguins(csv, BUNDLED / "penguins.parquet")
    for path in sorted(BUNDLED.glob("*.parquet")):
        rows = duckdb.read_parquet(str(path)).shape
        print(f"{path.name:24} {rows[0]:5} rows {rows[1]:3} columns {path.stat().st_size:7} bytes")


if __name__ == "__main__":
    main()
