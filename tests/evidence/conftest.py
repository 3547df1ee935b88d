"""What the tests of evidence share: a small table on disk, of the task asked for."""

import numpy as np
import pytest


@pytest.fixture(scope="session")
def table_of(tmp_path_factory):
    """kind -> the path of a CSV file with 90 rows that can be learned; its target is y."""
    folder, made = tmp_path_factory.mktemp("tables"), {}

    def write(kind):
        if kind not in made:
            rng = np.random.default_rng(8)
            X = rng.normal(size=(90, 3)) * [1.0, 3.0, 0.5]
            score = X @ [1.0, -0.5, 2.0] + 0.3 * rng.normal(size=90)
            if kind == "regression":
                y = [f"{10 + 5 * v:.6f}" for v in score]
            else:
                y = np.array(["no", "yes", "maybe"])[np.digitize(score, [0.0] if kind == "binary" else [-1.0, 1.0])]
            rows = [",".join([*(f"{v:.6f}" for v in row), str(label)]) for row, label in zip(X, y, strict=True)]
            made[kind] = folder / f"{kind}.csv"
            made[kind].write_text("a,b,c,y\n" + "\n".join(rows) + "\n")
        return str(made[kind])

    return write
