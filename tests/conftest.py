"""For all tests: one BLAS thread, as the command line has it, and no deadline: machines are shared and noisy."""

import os
from collections import defaultdict

import pytest
from hypothesis import settings

for variable in ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS"):
    os.environ.setdefault(variable, "1")  # two would only get in each other's way

settings.register_profile("patient")
settings.load_profile("patient")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """Of a test marked few(n), n cases spread evenly belong to the fast suite; all others are slow."""
    cases = defaultdict(list)
    for item in items:
        if item.get_closest_marker("few"):
            cases[item.nodeid.split("[")[0]].append(item)
    for found in cases.values():
        n = found[0].get_closest_marker("few").args[0]
        kept = {k * len(found) // n for k in range(n)}
        for k, item in enumerate(found):
            if k not in kept:
                item.add_marker("slow")
