"""What the tests of descent share: a small table, and what it means that two runs are the same."""

from dataclasses import asdict

import numpy as np
import pytest

from thalweg.descent.method_section import Method
from thalweg.descent.spec import Spec
from thalweg.problems.sections import Table


@pytest.fixture(scope="session")
def rows_csv(tmp_path_factory):
    """40 rows, three features of different scale, a label that mostly follows them, a number."""
    rng = np.random.default_rng(11)
    X = rng.normal(size=(40, 3)) * [1.0, 20.0, 0.1] + [0.0, 5.0, 1.0]
    label = (X @ [1.0, 0.05, 5.0] + rng.normal(scale=0.8, size=40) > 5.2).astype(int)
    lines = ["a,b,c,label,amount"]
    for row, kind in zip(X.round(4).tolist(), label.tolist(), strict=True):
        lines.append(",".join(map(str, [*row, kind, round(3 * row[0] + row[1] / 7, 4)])))
    path = tmp_path_factory.mktemp("data") / "rows.csv"
    path.write_text("\n".join(lines) + "\n")
    return str(path)


@pytest.fixture(scope="session")
def small(rows_csv):
    """Twelve updates of a small network on that table: 24 rows to train on, evaluated every third update."""
    section = Table(source=rows_csv, target="label", drop=("amount",), model="mlp", hidden=(3,), activation="tanh")
    return Spec(problem=section, method=Method(rule="momentum")).but(steps=12, every=3, lr=0.05)


def _timeless(evaluations):
    return [{name: value for name, value in entry.items() if name != "seconds"} for entry in evaluations]


@pytest.fixture(scope="session")
def assert_same_run():
    """Two runs agree in every bit; only what the clock said may differ."""

    def same_bits(a, b):
        assert a.dtype == b.dtype
        assert a.shape == b.shape
        assert a.tobytes() == b.tobytes()

    def check(a, b):
        assert a.spec == b.spec
        assert asdict(a.stopped) == asdict(b.stopped)
        assert a.state.t == b.state.t
        for one, two in ((a.state.w, b.state.w), (a.state.slots, b.state.slots), (a.best, b.best)):
            same_bits(one, two)
        assert (a.best_value, a.best_t) == (b.best_value, b.best_t)
        assert a.steps.columns == b.steps.columns
        timeless = [c for c in range(len(a.steps.columns)) if a.steps.columns[c] != "seconds"]
        same_bits(a.steps.rows[:, timeless], b.steps.rows[:, timeless])
        assert _timeless(a.evaluations) == _timeless(b.evaluations)

    return check
