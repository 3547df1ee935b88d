"""SQL over run folders: the tables hold what the folders say, and nothing can be written."""

import shutil

import numpy as np
import pytest

from run_folders import SPECS, shared_broken
from thalweg.descent.folder import load_run
from thalweg.errors import SpecError
from thalweg.evidence.run_index import find_runs
from thalweg.evidence.run_tables import EXAMPLES, TABLES, ask, described, where


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """Run folders of every kind, broken ones among them."""
    return shared_broken(tmp_path_factory)


def test_steps_and_evaluations_are_those_of_the_runs(root):
    for name in ("bowl-gd", "iris-clipped"):
        run = load_run(root / name)
        rows = ask(f"SELECT t, loss, grad_norm FROM steps WHERE run = '{name}' ORDER BY t", root).rows  # noqa: S608
        assert np.array_equal(np.array(rows), np.stack([run.steps[c] for c in ("t", "loss", "grad_norm")], 1))
        found = ask(f"SELECT t, train_loss FROM evaluations WHERE run = '{name}' ORDER BY t", root).rows  # noqa: S608
        assert found == [(e["t"], e["train_loss"]) for e in run.evaluations]


def test_other_columns_of_steps_come_by_their_names(root):
    run = load_run(root / "bowl-gd")
    rows = ask("SELECT \"theta[1]\" FROM steps WHERE run = 'bowl-gd' ORDER BY t", root).rows
    assert [row[0] for row in rows] == run.steps["theta[1]"].tolist()
    assert ask("SELECT count(*) FROM steps WHERE run = 'iris-gd' AND \"theta[1]\" IS NULL", root).rows == [(0,)]


def test_steps_come_from_parquet_where_the_rows_are_gone(root, tmp_path):
    shutil.copytree(root / "bowl-gd", tmp_path / "run")
    query = "SELECT t, loss FROM steps ORDER BY t"
    before = ask(query, tmp_path).rows
    (tmp_path / "run" / "steps.bin").unlink()
    assert ask(query, tmp_path).rows == before


def test_members_of_studies_are_runs_with_their_study(root):
    assert ask("SELECT count(*) FROM runs WHERE study = 'rates'", root).rows == [(4,)]
    assert ask("SELECT title, members, objective FROM studies", root).rows == [("rates of gd", 4, "which rate")]


@pytest.mark.slow
def test_every_table_can_be_described_also_where_there_are_no_runs(root, tmp_path):
    for place in (root, tmp_path):
        assert list(described(place)) == list(TABLES)
        for query in EXAMPLES:
            ask(query, place)
    assert ask("SELECT run FROM runs WHERE lr < 0.1 AND study = 'x' AND finished > '2020-01-01'", tmp_path).rows == []


@pytest.mark.parametrize(
    "query",
    [
        "COPY (SELECT 1) TO 'out.csv'",
        "CREATE TABLE x AS SELECT 1",
        "INSTALL httpfs",
        "LOAD httpfs",
        "ATTACH 'x.db'",
        "EXPORT DATABASE 'x'",
        "SET threads = 4",
        "PRAGMA database_list",
        "DROP TABLE runs",
        "SELECT 1; COPY (SELECT 1) TO 'out.csv'",
        "INSERT INTO runs VALUES (1)",
        "CALL pragma_version()",
    ],
)
def test_what_writes_is_refused(query, root, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SpecError, match=r"only reading is done here|give one SELECT"):
        ask(query, root)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("SELECT best_los FROM runs", "no column 'best_los'; did you mean best_loss?"),
        ("SELECT * FROM run", "no table 'run'; did you mean runs?"),
        ("SELEC 1", "syntax error"),
        ("", "the query is empty"),
        ("SELECT lr + run FROM runs", "No function matches"),
        ("SELECT * FROM 'nofile.csv'", "nofile.csv"),
        ("SELECT * FROM read_csv('https://example.com/x.csv')", "SQL: "),
    ],
)
def test_a_wrong_query_is_one_sentence(query, says, root):
    with pytest.raises(SpecError) as error:
        ask(query, root)
    assert says in str(error.value)
    assert "\n" not in str(error.value)


def test_rows_are_cut_and_counted(root):
    answer = ask("SELECT * FROM steps", root, 3)
    assert len(answer.rows) == 3
    assert answer.total == ask("SELECT count(*) FROM steps", root).rows[0][0]


@pytest.mark.slow
def test_conditions_choose_rows_as_python_would(root):
    rows = [one.row for one in find_runs(root)]
    for condition, chosen in {
        "lr < 0.1 AND rule = 'adam'": lambda r: r["rule"] == "adam" and r["lr"] < 0.1,
        "stopped = 'diverged' OR t > 25": lambda r: r["stopped"] == "diverged" or (r["t"] or 0) > 25,
        "clip_norm > 0": lambda r: (r.get("clip_norm") or 0) > 0,
        "kind = 'broken'": lambda r: r["kind"] == "broken",
        "validation_accuracy IS NOT NULL": lambda r: r.get("validation_accuracy") is not None,
        "beta1 = 0.9 -- a comment": lambda r: r.get("beta1") == 0.9,
    }.items():
        assert where(rows, condition) == [row for row in rows if chosen(row)], condition
    for wrong in ("lr <", "rule", "1 = 1; DROP TABLE runs"):
        with pytest.raises(SpecError, match="is no condition"):
            where(rows, wrong)
    with pytest.raises(SpecError, match=r"no column 'lrr'; did you mean lr\?"):
        where(rows, "lrr = 1")


def test_the_names_of_all_runs_are_in_the_table(root):
    expected = {one.name for one in find_runs(root, members=True)}
    assert {row[0] for row in ask("SELECT run FROM runs", root).rows} == expected
    assert set(SPECS) < expected
