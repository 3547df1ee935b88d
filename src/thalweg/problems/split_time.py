"""Rows in order of time: the earliest to train on, later ones to choose by, the latest to test on.

A random split lets a model learn from tomorrow what happened today; when it is used, tomorrow is not there yet.
"""

import numpy as np

from thalweg.errors import DataError
from thalweg.formulas.arrays import Array
from thalweg.problems.split import Split, check_fractions


def split_in_time(times: Array, *, validation: float = 0.2, test: float = 0.2) -> Split:
    """times (N,), no NaN. Rows of one moment stay together: a cut moves to the nearest change of time.

    >>> parts = split_in_time(np.array([5.0, 1.0, 2.0, 4.0, 3.0]))
    >>> parts.train, parts.validation, parts.test
    (array([1, 2, 4]), array([3]), array([0]))
    """
    check_fractions(validation, test, len(times))
    order = np.argsort(times, kind="stable")
    changes = np.flatnonzero(np.diff(times[order]) > 0) + 1  # a part may begin here
    wanted = [len(times) * (1 - validation - test), len(times) * (1 - test)]
    parts = 1 + (validation > 0) + (test > 0)
    if len(changes) < parts - 1:
        raise DataError(
            f"the rows have {len(changes) + 1} different times, too few for {parts} parts; "
            "choose another column for time, or set validation or test to 0"
        )
    cuts = [len(times), len(times)]
    if test > 0:
        late = changes[1:] if validation > 0 else changes  # leaves a change for the earlier cut
        cuts[1] = nearest(late, wanted[1])
    cuts[0] = nearest(changes[changes < cuts[1]], wanted[0]) if validation > 0 else cuts[1]
    return Split(*(np.sort(part) for part in np.split(order, cuts)))


def nearest(places: Array, wanted: float) -> int:
    """The place that is nearest to the one wanted."""
    return int(places[np.abs(places - wanted).argmin()])
