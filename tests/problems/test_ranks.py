"""Laws of medians by counting: they are those of sorting."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from thalweg.problems import ranks

numbers = st.floats(allow_nan=False, allow_infinity=False, width=64)


@pytest.mark.parametrize("room", [1, 3, 1 << 19])
@settings(max_examples=40)
@given(values=st.lists(st.one_of(numbers, st.sampled_from([0.0, -0.0, 1.0, 2.0])), min_size=1, max_size=12))
def test_the_median_of_pieces_is_that_of_all_values_however_few_fit_in_memory(room, values):
    x = np.array(values)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ranks, "ROOM", room)
        found = ranks.median(lambda: iter([x[: len(x) // 3], x[len(x) // 3 :]]), len(x))
    low, high = np.sort(x)[[(len(x) - 1) // 2, len(x) // 2]]
    assert found == (low if low == high else 2 * (low / 4 + high / 4))
    assert np.copysign(1.0, found) == 1.0 or found < 0


def test_the_order_of_the_numbers_is_that_of_the_values_and_they_come_back():
    x = np.array([-np.inf, -1e308, -1.0, -5e-324, 0.0, 5e-324, 1.0, 1e308, np.inf])
    keys = ranks.ordered(x)
    assert (keys[1:] > keys[:-1]).all()
    assert np.array_equal(ranks.restored(keys), x)
