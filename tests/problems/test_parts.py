"""What becomes of dates and times of day, and what each part says about its columns."""

from datetime import datetime, timedelta

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tables import fitted, said

from thalweg.errors import DataError
from thalweg.problems.parts import Category, Filled, Moment
from thalweg.problems.preparation import Block

# Dates and times of day


def moment(values, use="date", train=None):
    preparation, X, notices = fitted({"d": values, "x": range(len(values))}, {"d": use}, train)
    return dict(zip(preparation.names, X.T, strict=True)), preparation, notices


@settings(max_examples=25)
@given(st.lists(st.datetimes(datetime(1, 1, 1), datetime(9000, 1, 1)), min_size=2, max_size=20, unique=True))
@example([datetime(1969, 12, 31, 23, 59), datetime(1970, 1, 1), datetime(2020, 2, 29), datetime(2021, 2, 28)])
def test_days_months_weekdays_and_hours_are_pythons_own(moments):
    seconds = [(m - datetime(1970, 1, 1)) / timedelta(seconds=1) for m in moments]
    part = Moment("d", "date", 0.0, ("days", "month", "weekday", "hour"), False)
    X = part.apply(np.array(seconds))
    assert np.allclose(X[:, 0] * 86400, seconds, rtol=1e-15)
    hours = [(m - m.replace(hour=0, minute=0, second=0, microsecond=0)) / timedelta(hours=24) for m in moments]
    circles = [[(m.month - 1) / 12 for m in moments], [m.weekday() / 7 for m in moments], hours]
    for k, circle in enumerate(circles):
        angle = 2 * np.pi * np.array(circle)
        assert np.abs(X[:, 1 + 2 * k] - np.sin(angle)).max() < 1e-8
        assert np.abs(X[:, 2 + 2 * k] - np.cos(angle)).max() < 1e-8


def test_only_the_pieces_that_vary_are_kept():
    found, _, notices = moment(["2020-03-02", "2020-03-09", "2020-03-16"])
    assert list(found) == ["d days"]
    assert said(notices, "d (days)")
    found, _, notices = moment(["2020-03-02 08:00", "2020-03-02 20:00", "2020-03-02 11:30"])
    assert list(found) == ["d days", "d hour sin", "d hour cos"]
    assert said(notices, "d (days, hour)")
    found, _, _ = moment(["1950-06-01", "2050-06-01", "2000-06-01", "1975-06-01"])
    assert list(found) == ["d days", "d weekday sin", "d weekday cos"]
    found, _, _ = moment(["2020-11-02", "2020-12-07", "2021-11-01"])  # two months: one column tells them apart
    assert list(found) == ["d days", "d month sin"]
    with pytest.raises(DataError, match="varies"):
        moment(["2020-03-02"] * 3)


def test_months_on_opposite_sides_of_the_circle_differ_in_one_column():
    """sin π comes out as 1e-16: taken for a difference, it would stand 1e16 deviations out in April."""
    found, _, _ = moment(["2020-01-05", "2020-07-05", "2021-01-03", "2019-07-07"])
    assert list(found) == ["d days", "d month cos"]


def test_gaps_in_dates_get_the_median_moment_and_a_mark():
    found, preparation, notices = moment(["2020-02-28", None, "2020-03-01", "2020-02-29", None])
    assert found["d missing"].tolist() == [0, 1, 0, 0, 1]
    assert found["d days"][1] == found["d days"][3]
    assert said(notices, "d (2 with the median 2020-02-29)")
    assert preparation.flags.tolist() == [False] + [True] * (len(found) - 1)


def test_a_time_of_day_is_a_point_on_a_circle():
    found, _, notices = moment(["00:00", "06:00", "18:00", None, "12:00"], "time")
    assert list(found) == ["d hour sin", "d hour cos", "d missing"]
    assert found["d hour sin"].tolist()[:3] == [0, 1, -1]
    assert found["d hour cos"].tolist()[:3] == [1, 0, 0]
    assert said(notices, "d (1 with the median 09:00:00)")


# The parts as they are stored


def test_a_part_says_what_each_of_its_columns_is():
    parts = (
        Filled("a", "number", 1.0, True),
        Filled("f", "flag", 1.0, True),
        Category("c", "u", ("v",), True, True),
        Moment("d", "date", 0.0, ("days", "hour"), True),
        Moment("t", "time", 0.0, ("hour",), False),
    )
    names = [part.names for part in parts]
    assert names == [
        ("a", "a missing"), ("f", "f missing"), ("c=v", "c=other", "c missing"),
        ("d days", "d hour sin", "d hour cos", "d missing"), ("t hour sin", "t hour cos"),
    ]  # fmt: skip
    bounded = [[part.bounded(i) for i in range(len(part.names))] for part in parts]
    assert bounded == [[False, True], [True] * 2, [True] * 3, [False, True, True, True], [True] * 2]
    block = Block(parts[3], (0, 3))
    assert block.names == ("d days", "d missing")
    assert block.apply(np.array([86400.0, np.nan])).tolist() == [[1, 0], [0, 1]]
