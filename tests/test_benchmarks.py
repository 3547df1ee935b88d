"""Laws of the benchmarks: every row is complete, a wrong name is told, losing rows are printed like winning ones."""

import json
import subprocess
import sys
from dataclasses import replace
from importlib import import_module
from math import inf, nan
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks.__main__ import BEGIN, END, with_table  # noqa: E402
from benchmarks.engine.goals import GOALS  # noqa: E402
from benchmarks.engine.growth import by_parameters, exponent  # noqa: E402
from benchmarks.engine.sizes import FULL, QUICK  # noqa: E402
from benchmarks.engine.standing import NOTHING, group_rows, measured, unjudged  # noqa: E402
from benchmarks.rows import as_markdown, as_plain  # noqa: E402
from benchmarks.timing import Contender, Spread, contest  # noqa: E402

KEYS = {"scenario", "measure", "value", "unit", "peer", "goal", "holds"}


def benchmarks(*arguments):
    return subprocess.run(
        [sys.executable, "-m", "benchmarks", *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )


@pytest.mark.few(1)
@pytest.mark.parametrize(
    "arguments",
    [[], ["spin"], ["spine", "more"], ["--json"], ["engine", "--only", "wheel"], ["engine", "--page", "README.md"]],
)
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


# The engine's table

ISSUE = [  # scenario, peer, at least (or at most), goal: the table that the engine must reach, line by line
    ("Adam update, float32, 1e4", "torch fused", "≥", 8),
    ("Adam update, float32, 1e6", "torch fused", "≥", 1.8),
    ("Adam update, float32, 1e7", "torch fused", "≥", 1.0),
    ("Adam update, float32, 1e6", "a bare loop moving the same bytes", "≤", 1.15),
    ("RMSProp update, float32, 1e6", "optax jit", "≥", 2.3),
    ("RMSProp update, float32, 1e7", "optax jit", "≥", 1.8),
    ("MLP 30-16-1, batch 32", "JAX lax.scan", "≥", 2.5),
    ("MLP 30-16-1, batch 32", "JAX lax.scan", "≥", 2.3),
    ("MLP 30-16-1, batch 32", "torch eager", "≥", 80),
    ("MLP 30-16-1, batch 32", "torch eager", "≥", 12),
    ("MLP 64-128-10, batch 128", "JAX lax.scan", "≥", 1.0),
    ("MLP 64-128-10, batch 128", "torch eager", "≥", 5),
    ("logistic, 300k × 30, batch 1", "scikit-learn SGDClassifier", "≥", 1.5),
    ("logistic, 300k × 30, batch 1", "scikit-learn SGDClassifier", "≥", 2.3),
    ("logistic, 300k × 30, batch 1", "Vowpal Wabbit", "≥", 4),
    ("logistic, 300k × 30, batch 32", "JAX lax.scan", "≥", 3.5),
    ("logistic, 300k × 30, batch 32", "torch eager", "≥", 60),
    ("sweep 64 rates × 5 seeds, logistic 569×30, 30 epochs, float32", "JAX vmap(scan)", "≥", 2),
    ("sweep 64 rates × 5 seeds, logistic 569×30, 30 epochs, float64", "JAX vmap(scan)", "≥", 1.6),
    ("sweep 64 rates × 5 seeds, logistic 569×30, 30 epochs, float32", "scikit-learn loop", "≥", 45),
    ("sweep 64 rates × 5 seeds, softmax on digits", "JAX vmap(scan)", "≥", 1.35),
    ("sweep 64 rates × 5 seeds, MLP 64-64-10", "JAX vmap(scan)", "≥", 1.5),
    ("always-on signals, MLP 64-128-10", "the same step without them", "≤", 1.05),
    ("always-on signals, MLP 30-16-1", "the same step without them", "≤", 1.12),  # compiled
    ("always-on signals, MLP 30-16-1", "the same step without them", "≤", 1.12),  # and in NumPy
    ("1e7 × 30 float32 rows streamed", "scikit-learn partial_fit", "≥", 2.8),
    ("1e7 × 30 float32 rows streamed", "–", "≤", 250),
    ("1e6 × 30 float32 rows streamed", "–", "≤", 250),
    ("1e7 × 30 float32 rows streamed", "–", "≤", 1.05),  # the same at 1e6 and 1e7 rows
    ("compiling, in thalweg report", "–", "≤", 4),
    ("compiling, in thalweg report", "–", "≤", 0.7),
    ("cost against rows", "–", "≤", 1.05),  # nothing worse than linear, to the error of the fit
    ("cost against rows", "–", "≤", 1.05),
    ("cost against members", "–", "≤", 1.05),
    ("cost against features", "–", "–", inf),
    ("cost against parameters", "–", "–", inf),
]
TINY = replace(
    QUICK,
    rounds=2,
    least=0.0,
    parameters={"1e4": 100, "1e6": 200, "1e7": 300},
    epochs=1,
    rows=64,
    sweep=(2, 2),
    sweep_epochs={"logistic": 1, "softmax": 1, "mlp": 1},
    sweep_rounds=1,
    growth_rows=(40, 100, 400),
    growth_features=(2, 4),
    growth_parameters=(10, 100),
    growth_members=(1, 2),
)


def test_every_line_of_the_issue_has_its_row():
    rows = [goal.reached(NOTHING) for group in GOALS.values() for goal in group.values()]
    left = list(rows)
    for scenario, peer, sense, goal in ISSUE:
        found = [
            row for row in left
            if row.scenario.startswith(scenario) and row.peer == peer and row.goal == goal and row.bound[0] == sense
        ]  # fmt: skip
        assert found, (scenario, peer, goal)
        left.remove(found[0])
    assert left == []


@pytest.mark.parametrize("group", GOALS)
def test_what_cannot_be_measured_is_a_row_that_says_so_and_no_pass(group, monkeypatch):
    def fails(sizes):
        raise ModuleNotFoundError("No module named 'jax'", name="jax")
        yield

    module = import_module(f"benchmarks.engine.{group}")
    measured = {name for names in module.PARTS.values() for name in names}
    assert measured == set(GOALS[group])  # each goal has a part that measures it
    monkeypatch.setattr(module, "PARTS", {fails: tuple(GOALS[group])})
    rows = [as_plain(row) for row in group_rows(group, FULL)]
    assert len(rows) == len(GOALS[group])
    for row in rows:
        assert set(row) == KEYS | {"note"}
        assert (row["value"], row["holds"]) == (None, False)
        assert row["note"] == "not measured: jax is not installed; make bench installs it"


def test_a_missing_peer_does_not_hide_the_one_that_is_there():
    def absent():
        raise ModuleNotFoundError("No module named 'jax'", name="jax")

    standing = measured({"ours": lambda: Contender("", lambda _: sum(range(100))), "JAX": absent}, 2, 0.0)
    lost = standing.row(GOALS["mlp"]["wide"], "ours", "JAX")
    assert lost.verdict == "NOT MEASURED"
    assert [row.peer for row in standing.each("a step", "it", "s", 1.0)] == ["ours"]


def test_goals_of_speed_are_lower_bounds_and_those_of_time_upper():
    fast, time = GOALS["mlp"]["wide"], GOALS["signals"]["wide"]
    assert [fast.reached(Spread(value, value, value)).holds for value in (0.99, 1.0, 9.0, nan)] == [
        False,
        True,
        True,
        False,
    ]
    assert [time.reached(Spread(value, value, value)).holds for value in (0.9, 1.05, 1.06, nan)] == [
        True,
        True,
        False,
        False,
    ]


def test_a_contest_interleaves_and_a_ratio_compares_times_of_the_same_round(monkeypatch):
    clock, ran = [0.0], []

    def taking(name, seconds):
        def run(prepared):
            ran.append(name)
            clock[0] += seconds * (1 + len(ran) // 6)  # the machine gets slower and slower

        return Contender(name, run, work=2.0)

    monkeypatch.setattr("benchmarks.timing.time.process_time", lambda: clock[0])
    times = contest([taking("a", 0.1), taking("b", 0.3)], rounds=6, least=0.0001)
    assert ran[4:10] == ["a", "b", "b", "a", "a", "b"]
    assert times.ratio("b", "a").value == pytest.approx(3.0, rel=0.35)
    assert times.of("a").low <= times.of("a").value <= times.of("a").high
    assert times.seconds["a"][0] == pytest.approx(0.05)


def test_what_prepares_a_run_is_not_timed(monkeypatch):
    clock = [0.0]

    def wait(seconds):
        clock[0] += seconds
        return seconds

    monkeypatch.setattr("benchmarks.timing.time.process_time", lambda: clock[0])
    times = contest([Contender("a", lambda prepared: wait(prepared / 100), prepare=lambda: wait(100.0))], 3, 5.0)
    assert times.seconds["a"] == pytest.approx([1.0, 1.0, 1.0])


def test_the_exponent_of_a_power_is_found():
    sizes = [10, 100, 1000, 10000]
    assert exponent(sizes, [1e-6 * size**1.5 for size in sizes]) == pytest.approx(1.5)
    assert exponent(sizes, [3.0] * 4) == pytest.approx(0.0, abs=1e-12)


def test_at_small_sizes_speeds_are_shown_and_not_judged():
    rows = [unjudged(row) for row in by_parameters(TINY)]
    assert {row.scenario.rpartition(" (")[2] for row in rows} == {"quick: smaller)"}
    assert all(row.holds and row.verdict == "" for row in rows)
    assert "holds" not in as_markdown(rows)
    assert all(row.scenario in as_markdown(rows) for row in rows)


def test_a_table_is_written_between_the_marks_of_a_page_and_only_there():
    page = (ROOT / "docs" / "performance.md").read_text(encoding="utf-8")
    once = with_table(page, "| a |")
    assert with_table(once, "| a |") == once
    assert with_table(with_table(page, "| b |"), "| a |") == once
    assert once.count("| a |") == 1
    assert [once.startswith(page.partition(BEGIN)[0]), once.endswith(page.partition(END)[2])] == [True, True]


@pytest.mark.slow
@pytest.mark.parametrize("group", ["updates", "mlp", "logistic", "sweeps", "signals", "growth"])
def test_both_sides_compute_the_same_and_every_goal_has_a_row(group):
    rows = list(group_rows(group, TINY))
    for goal in GOALS[group].values():
        about = [row for row in rows if row.scenario.startswith(goal.scenario) and row.peer == goal.peer]
        assert any(row.measure == goal.measure for row in about), goal
    assert [row for row in rows if row.measure.startswith("agreement") and not row.holds] == []
    reasons = ("is not installed", "expected", "has no way to run without signals")
    assert all(any(why in row.note for why in reasons) for row in rows if row.value != row.value)
