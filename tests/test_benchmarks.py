"""Laws of the benchmarks: every row is complete, a wrong name is told, losing rows are printed like winning ones."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
KEYS = {"scenario", "measure", "value", "unit", "peer", "goal", "holds"}


def benchmarks(*arguments):
    return subprocess.run(
        [sys.executable, "-m", "benchmarks", *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )


@pytest.mark.few(1)
@pytest.mark.parametrize("arguments", [[], ["spin"], ["spine", "more"], ["--json"]])
def test_a_wrong_name_gets_a_sentence(arguments):
    told = benchmarks(*arguments)
    assert (told.returncode, told.stdout) == (2, "")
    assert told.stderr.startswith("benchmarks: ")
    assert "have spine: " in told.stderr
    assert "Traceback" not in told.stderr


def test_rows_that_lose_are_printed_like_those_that_win():
    printed = subprocess.run(
        [sys.executable, "-c", "from benchmarks.rows import *; r = [Row('a', 'm', v, 's', '–', 1) for v in "
         "(0.5, 2.0, float('nan'), float('inf'))]; print(as_text(r)); print([as_plain(x)['holds'] for x in r])"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    ).stdout.splitlines()  # fmt: skip
    assert [line.endswith("DOES NOT HOLD") for line in printed[1:5]] == [False, True, True, True]
    assert printed[5] == "[True, False, False, False]"


@pytest.mark.slow
def test_the_spines_rows_are_complete_and_what_it_promises_holds():
    told = benchmarks("spine", "--json")
    rows = json.loads(told.stdout)
    assert all(set(row) == KEYS for row in rows)
    assert {"report, default set", "import thalweg", "thalweg --help", "adam"} <= {row["scenario"] for row in rows}
    # Times are for the benchmark to print, not for the suite to judge.
    lost = [row for row in rows if not row["holds"] and row["unit"] not in ("s", "× import numpy")]
    assert lost == []
