"""Budgets: what importing thalweg and asking for help cost, as multiples of what importing NumPy costs.

CPU time of child processes, interleaved, so that whatever else the machine does hits all alike. Ratios of medians.
"""

import os
import subprocess
import sys
from statistics import median

import pytest

IMPORT, HELP = 1.9, 2.4  # times `import numpy`
ROUNDS, ATTEMPTS = 7, 3
HELPING = "import sys; from thalweg.interfaces.cli import main; sys.argv = ['thalweg', '--help']; main()"
PROGRAMS = {
    "import numpy": "import numpy",
    "import thalweg": "import thalweg",
    "import thalweg; thalweg.train": "import thalweg; thalweg.train",
    "thalweg --help": HELPING,
}


def cost(program):
    """CPU seconds of a fresh Python that runs the program."""
    child = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    assert child.returncode == 0, program
    return usage.ru_utime + usage.ru_stime


def measured():
    """{program: median CPU seconds}, the programs taken in turn."""
    spent = {name: [] for name in PROGRAMS}
    for _ in range(ROUNDS):
        for name, program in PROGRAMS.items():
            spent[name].append(cost(program))
    return {name: median(times) for name, times in spent.items()}


@pytest.mark.slow
def test_importing_and_asking_for_help_stay_within_their_budgets(capsys):
    for program in PROGRAMS.values():
        cost(program)  # compiled files and disk caches
    for _ in range(ATTEMPTS):
        found = measured()
        numpy = found["import numpy"]
        with capsys.disabled():
            print()
            for name, seconds in found.items():
                print(f"  {name:<32} {1000 * seconds:6.0f} ms CPU   {seconds / numpy:.2f} × import numpy")
        if found["import thalweg"] <= IMPORT * numpy and found["thalweg --help"] <= HELP * numpy:
            return
    assert found["import thalweg"] <= IMPORT * numpy
    assert found["thalweg --help"] <= HELP * numpy


def imported(program):
    """The modules that a program imports."""
    listing = f"{program}; import sys; print(*sys.modules)"
    return set(
        subprocess.run([sys.executable, "-c", listing], capture_output=True, text=True, check=True).stdout.split()
    )


def test_help_needs_neither_numpy_nor_data():
    helping = "from thalweg.interfaces.cli import run; run(['--help'])"
    modules = imported(helping)
    assert "thalweg.interfaces.cli" in modules
    assert not {"numpy", "duckdb", "safetensors", "jinja2", "scipy", "numba"} & modules


def test_importing_thalweg_imports_none_of_what_it_may_need_later():
    heavy = {"numpy", "duckdb", "cyclopts", "rich", "jinja2", "contourpy", "safetensors", "scipy", "numba", "sklearn"}
    assert not heavy & imported("import thalweg")
    assert not (heavy - {"numpy"}) & imported("import thalweg; thalweg.train")
