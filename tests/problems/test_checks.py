"""Laws of the shape guard: what passes is (N, D) and (N, K) in float64, what does not is told why."""

import doctest

import numpy as np
import pytest

from thalweg.errors import DataError, ShapeError
from thalweg.problems import checks as checks_module
from thalweg.problems.checks import require_xy

X = np.arange(8.0).reshape(4, 2)


@pytest.mark.parametrize("dtype", [np.float32, np.int8, np.uint64, bool, object])
def test_numbers_of_any_kind_come_back_as_float64_in_rows(dtype):
    X64, y, weights = require_xy(X.astype(dtype), np.array([0, 1, 1, 0], dtype=dtype), np.ones(4, dtype=dtype))
    assert X64.dtype == y.dtype == weights.dtype == np.float64
    assert X64.flags.c_contiguous
    assert (y.shape, weights.shape) == ((4, 1), (4,))
    assert np.array_equal(X64, X.astype(dtype).astype(np.float64))


def test_y_flat_and_y_as_a_column_are_the_same_thing_behind_the_door():
    flat, column = np.arange(4.0), np.arange(4.0)[:, None]
    assert np.array_equal(require_xy(X, flat)[1], require_xy(X, column)[1])
    assert require_xy(X, np.ones((4, 3)))[1].shape == (4, 3)


def test_a_column_of_weights_is_flattened():
    assert require_xy(X, np.ones(4), np.ones((4, 1)))[2].shape == (4,)


@pytest.mark.parametrize(
    ("asked", "error", "words"),
    [
        ((np.ones((120, 2)), np.ones(100)), ShapeError, "X has 120 rows but y has 100; split both with the same rows."),
        ((X, np.ones(4), np.ones(3)), ShapeError, "X has 4 rows but weights have 3"),
        ((X, np.ones((1, 4))), ShapeError, r"y\.T"),
        ((X[:, 0], np.ones(4)), ShapeError, r"reshape\(-1, 1\)"),
        ((X[None], np.ones(1)), ShapeError, "expected \\(rows, features\\)"),
        ((X[:0], np.ones(0)), ShapeError, "at least one row"),
        ((X[:, :0], np.ones(4)), ShapeError, "at least one row and one feature"),
        ((X, np.ones((4, 1, 1))), ShapeError, "expected \\(rows,\\)"),
        (([[1, 2], [3]], [1, 2]), ShapeError, "different lengths"),
        ((np.array([["a"], ["b"]]), [0, 1]), DataError, "real numbers"),
        ((X * 1j, np.ones(4)), DataError, "real numbers"),
        ((X, np.array([0, "a", 1, 2], dtype=object)), DataError, "not numbers"),
        ((np.array([["2020-01-01"]], dtype="datetime64[D]"), [1]), DataError, "real numbers"),
        ((np.where(X == 5, np.nan, X), np.ones(4)), DataError, "X has 1 NaN .* row 2, column 1"),
        ((X, [0, 1, np.inf, np.nan]), DataError, "y has 2 NaN .* row 2"),
        ((X, np.ones(4), [1, 1, -1, 1]), DataError, "from -1 to 1"),
        ((X, np.ones(4), np.zeros(4)), DataError, "some above"),
        ((X, np.ones(4), [1, 1, np.nan, 1]), DataError, "weights"),
        ((X, np.ones(4), np.ones((4, 2))), ShapeError, "weights have shape"),
        ((np.ma.masked_equal(X, 3.0), np.ones(4)), DataError, "masked"),
    ],
)
def test_what_does_not_fit_is_one_plain_sentence(asked, error, words):
    with pytest.raises(error, match=words) as caught:
        require_xy(*asked)
    assert "\n" not in str(caught.value)


def test_a_sparse_matrix_is_told_how_to_become_dense():
    sparse = pytest.importorskip("scipy.sparse")
    with pytest.raises(DataError, match="toarray"):
        require_xy(sparse.eye(4, format="csr"), np.ones(4))


def test_the_example_in_the_docstring_holds():
    assert doctest.testmod(checks_module).failed == 0
