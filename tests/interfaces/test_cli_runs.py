"""The commands that look at runs: what they print is what the folders hold, in words or as one JSON document."""

import csv
import io
import json
import os
import shutil
from pathlib import Path

import pytest

from run_folders import SPECS, shared_broken, shared_runs
from thalweg.evidence.run_index import find_runs
from thalweg.interfaces.cli import FINE, WRONG_USE, run


@pytest.fixture
def root(tmp_path_factory, tmp_path, monkeypatch):
    """The folder of all runs is one with every kind of run; one works in an empty folder."""
    monkeypatch.chdir(tmp_path)
    for variable in [name for name in os.environ if name.startswith("THALWEG_")]:
        monkeypatch.delenv(variable)
    folder = shared_runs(tmp_path_factory)
    monkeypatch.setenv("THALWEG_RUNS", str(folder))
    return folder


def told(capsys, *arguments):
    """(exit code, stdout, stderr) of a command."""
    code = run(list(arguments))
    out, err = capsys.readouterr()
    return code, out, err


def fine(capsys, *arguments):
    """stdout of a command that succeeds."""
    code, out, err = told(capsys, *arguments)
    assert code == FINE, err
    return out


def rows_of(text):
    return list(csv.DictReader(io.StringIO(text)))


def test_the_list_names_every_run_newest_first(root, capsys):
    lines = fine(capsys, "runs").splitlines()
    assert [line.split("  ")[0].split(" (")[0] for line in lines[1:]] == [one.name for one in find_runs(root)]
    assert "rates (rates of gd, 4 runs)" in "\n".join(lines)
    assert lines[0].split() == "run data rule lr batch steps seed best measure stopped finished wall time".split()


def test_a_condition_a_column_and_a_limit_choose_what_is_listed(root, capsys):
    words = ["--where", "rule = 'gd' AND kind = 'run'", "--sort", "best_loss", "--columns", "run,best_loss", "t"]
    rows = rows_of(fine(capsys, "runs", *words, "--format", "csv"))
    assert list(rows[0]) == ["run", "best_loss", "t"]
    values = [float(row["best_loss"]) for row in rows]
    assert values == sorted(values)
    assert {row["run"] for row in rows} == {n for n, s in SPECS.items() if s.method.rule == "gd"} | {"iris-stopped"}
    down = rows_of(fine(capsys, "runs", *words, "--descending", "--limit", "2", "--format", "csv"))
    assert [float(row["best_loss"]) for row in down] == values[::-1][:2]


def test_a_run_that_was_not_finished_is_told_with_its_reason(root, capsys):
    code, out, err = told(capsys, "runs")
    assert code == FINE
    assert "note: iris-stopped: paused at step 7" in err
    assert "7 of 25" in out


def test_broken_folders_are_listed_and_never_a_traceback(tmp_path_factory, root, capsys):
    place = shared_broken(tmp_path_factory)
    code, out, err = told(capsys, "runs", str(place))
    assert code == FINE
    for name in ("cut", "short", "foreign", "bytes", "unlogged", "unheaded", "empty", "notes", "half"):
        assert f"note: {name}: " in err
        assert f"\n{name} " in out
    assert fine(capsys, "runs", "log", str(place)).count("\n") == fine(capsys, "runs", "log").count("\n")
    for name in ("cut", "empty", "half"):
        for command in (["runs", "step", str(place / name), "3"], ["runs", "compare", str(place / name), "bowl-gd"]):
            code, out, err = told(capsys, *command)
            assert (code, out, err.count("\n")) == (WRONG_USE, "", 1)
        assert told(capsys, "show", str(place / name))[0] == WRONG_USE


def test_the_log_has_every_run_in_order_of_time_in_all_formats(root, capsys):
    rows = rows_of(fine(capsys, "runs", "log"))
    expected = [one.name for one in find_runs(root, members=True)][::-1]
    assert [row["run"] for row in rows] == expected
    assert fine(capsys, "runs", "log", "--format", "markdown").count("\n") == len(rows) + 2
    assert [row["run"] for row in json.loads(fine(capsys, "runs", "log", "--json"))["runs"]] == expected


def test_what_happened_on_a_step_and_what_differs_are_told_in_sentences(root, capsys):
    out = fine(capsys, "runs", "step", "iris-clipped", "9")
    assert "Step 9 of 25 of iris-clipped, adam" in out
    assert "Its batch was 16 rows of iris" in out
    out = fine(capsys, "runs", "compare", "bowl-gd", "bowl-adam")
    assert "they part at step 2" in out
    assert "rule" in out


@pytest.mark.slow
def test_queries_answer_in_every_format(root, capsys):
    query = "SELECT run, t FROM runs WHERE kind = 'run' ORDER BY run LIMIT 3"
    table = fine(capsys, "sql", query)
    rows = rows_of(fine(capsys, "sql", query, "--format", "csv"))
    assert [line.split()[0] for line in table.splitlines()[1:]] == [row["run"] for row in rows]
    document = json.loads(fine(capsys, "sql", query, "--json"))
    assert document["rows"] == [{"run": row["run"], "t": int(row["t"])} for row in rows]
    assert fine(capsys, "sql", query, "--format", "markdown").splitlines()[0] == "| run | t |"


def test_rows_beyond_the_limit_are_counted_in_a_note(root, capsys):
    code, out, err = told(capsys, "sql", "SELECT * FROM steps", "--limit", "5")
    assert (code, out.count("\n")) == (FINE, 6)
    assert "more of" in err
    assert len(json.loads(fine(capsys, "sql", "SELECT * FROM steps", "--json"))["rows"]) > 100


@pytest.mark.slow
def test_without_a_query_the_tables_are_told_and_their_examples_run(root, capsys):
    out = fine(capsys, "sql")
    examples = [
        line.strip().removeprefix("thalweg sql ").strip('"') for line in out.splitlines() if "thalweg sql" in line
    ]
    assert len(examples) == 3
    for example in examples:
        fine(capsys, "sql", example)
    assert '"group" varchar' in out


@pytest.mark.parametrize(
    ("thing", "says"),
    [
        ("adam", ["rule", "Kingma & Ba", "rate = lr / (1 - beta1**t)", "beta2", "0.999"]),
        ("mse", ["loss", "def mse(z, y"]),
        ("rosenbrock", ["surface", "Rosenbrock 1960", "def rosenbrock", "minimisers"]),
        ("quadratic", ["surface", "def quadratic"]),
        ("one_cycle", ["schedule", "rise", "0.3", "def one_cycle"]),
        ("one-cycle", ["schedule"]),
        ("he_normal", ["initializer", "def he_normal"]),
        ("tanh", ["activation", "def tanh"]),
        ("r2", ["measure", "higher", "def r2"]),
        ("iris", ["data set", "species"]),
        ("jump", ["stop rule", "def jump"]),
        ("newton", ["rule", "class Newton"]),
        ("batch_size", ["setting", "rows of each update"]),
        ("constant", ["schedule", "initializer"]),
        ("rules", ["gd ", "nesterov_lookahead"]),
        ("stop rules", ["patience"]),
        ("initialisers", ["zeros"]),
        ("iris-clipped", ["clip_norm", "0.3", "steps.parquet", "best, at step"]),
        ("rates", ["which rate", "The run with the lowest loss"]),
        ("recorded", ["my sgd", "val loss 0.5", "what its loop said"]),
    ],
)
def test_a_name_is_shown_with_what_it_is(thing, says, root, capsys):
    out = fine(capsys, "show", thing)
    assert [word for word in says if word not in out] == []
    assert isinstance(json.loads(fine(capsys, "show", thing, "--json")), dict)


def test_every_registered_name_can_be_shown(root, capsys):
    for kind, names in json.loads(fine(capsys, "show", "--json")).items():
        listed = json.loads(fine(capsys, "show", kind, "--json"))[kind]
        assert [entry["name"] for entry in listed] == names
        assert all(entry["doc"] for entry in listed)
        if kind not in ("settings", "datasets"):
            assert all("def " in entry["source"] for entry in listed), kind


def test_a_folder_of_the_name_of_a_rule_is_told_and_shown_by_its_path(root, tmp_path, capsys):
    shutil.copytree(root / "bowl-gd", "adam")
    code, out, err = told(capsys, "show", "adam")
    assert (code, out.startswith("adam: a rule")) == (FINE, True)
    assert "thalweg show ./adam shows it" in err
    assert "settings that are not the default" in fine(capsys, "show", "./adam")


def test_names_are_found_in_the_folder_of_all_runs_and_as_paths(root, capsys, monkeypatch):
    one = json.loads(fine(capsys, "runs", "step", "bowl-gd", "3", "--json"))
    assert json.loads(fine(capsys, "runs", "step", str(root / "bowl-gd"), "3", "--json")) == one
    monkeypatch.chdir(root.parent)
    monkeypatch.delenv("THALWEG_RUNS")
    assert json.loads(fine(capsys, "runs", "step", "runs/bowl-gd", "3", "--json")) == one


WRONG = {
    "no runs yet": (["runs"], "no folder runs yet; thalweg train iris makes the first run"),
    "a folder that is not there": (["runs", "nowhere"], "no folder nowhere"),
    "a subcommand misspelt": (["runs", "comapre"], "did you mean thalweg runs compare?"),
    "a subcommand misspelt, with runs": (["runs", "comapre", "a", "b"], "did you mean thalweg runs compare?"),
    "a column misspelt": (["runs", "{root}", "--sort", "best_los"], "did you mean best_loss?"),
    "a column that is not there": (["runs", "{root}", "--columns", "zzz"], "no column 'zzz'"),
    "no condition": (["runs", "{root}", "--where", "lr <"], "'lr <' is no condition"),
    "a condition on no column": (["runs", "{root}", "--where", "lrr = 1"], "did you mean lr?"),
    "a format that is not there": (["runs", "--format", "cvs"], "did you mean csv?"),
    "one run to compare": (["runs", "compare", "{root}/bowl-gd"], "name two or more"),
    "none to compare": (["runs", "compare"], "name two or more"),
    "a run misspelt": (["runs", "step", "bowl-gdd", "3"], "no run 'bowl-gdd'"),
    "a step in words": (["runs", "step", "{root}/bowl-gd", "last"], "'last'"),
    "a step too far": (["runs", "step", "{root}/bowl-gd", "99"], "has steps 1 to 30"),
    "a step of no number": (["runs", "step", "{root}/bowl-gd"], "needs NUMBER"),
    "a file for a folder": (["runs", "a.txt"], "no folder a.txt"),
    "a query that writes": (["sql", "DROP TABLE runs", "{root}"], "only reading is done here"),
    "a query of no table": (["sql", "SELECT * FROM rusn", "{root}"], "did you mean runs?"),
    "a query in pieces": (["sql", "SELECT", "*"], "no folder *"),
    "a name that nothing has": (["show", "adma"], "did you mean adam?"),
    "a path that is not there": (["show", "./adma"], "no folder ./adma"),
    "a shell that is not there": (["completion", "bsh"], "did you mean bash?"),
}


@pytest.mark.parametrize(("arguments", "says"), WRONG.values(), ids=WRONG.keys())
def test_wrong_use_gets_one_plain_sentence(arguments, says, root, capsys, monkeypatch):
    monkeypatch.delenv("THALWEG_RUNS")
    Path("a.txt").write_text("x")
    code, out, err = told(capsys, *(word.replace("{root}", str(root)) for word in arguments))
    assert (code, out) == (WRONG_USE, "")
    assert err.startswith("thalweg: ")
    assert err.count("\n") == 1, err
    assert says in err
    assert not any(jargon in err for jargon in ("Traceback", "duckdb", "Error", "NoneType", "`"))


DOCUMENTS = {
    "runs": ["runs"],
    "runs --all": ["runs", "--all"],
    "runs compare": ["runs", "compare", "bowl-gd", "iris-gd", "recorded"],
    "runs step": ["runs", "step", "iris-gd", "3"],
    "runs step, not finite": ["runs", "step", "bowl-wild", "2"],
    "runs log": ["runs", "log"],
    "sql": ["sql", "SELECT * FROM runs"],
    "sql, tables": ["sql"],
    "sql, odd values": [
        "sql",
        "SELECT 1/0 AS a, 'inf'::DOUBLE AS b, [1, 2] AS c, DATE '2020-01-01' AS d, {'x': 1} AS e",
    ],
    "show": ["show"],
    "show a name": ["show", "adam"],
    "show a run": ["show", "bowl-wild"],
    "show a study": ["show", "rates"],
    "spec": ["spec", "iris"],
    "spec --show-config": ["spec", "iris", "--show-config"],
    "completion": ["completion", "bash"],
}


@pytest.mark.parametrize(
    "arguments",
    [pytest.param(words, marks=pytest.mark.slow if "completion" in words else ()) for words in DOCUMENTS.values()],
    ids=DOCUMENTS.keys(),
)
def test_json_puts_exactly_one_document_on_stdout(arguments, root, capsys):
    code, out, _ = told(capsys, *arguments, "--json")
    assert code == FINE
    assert isinstance(json.loads(out, parse_constant=pytest.fail), dict)


@pytest.mark.slow
def test_looking_changes_nothing(root, capsys):
    before = {path: path.stat().st_mtime_ns for path in root.rglob("*")}
    for words in DOCUMENTS.values():
        if words[0] != "completion":
            told(capsys, *words)
    assert {path: path.stat().st_mtime_ns for path in root.rglob("*")} == before
    assert not list(Path().iterdir())


def test_a_page_that_nobody_reads_is_no_error(root):
    read, write = os.pipe()
    os.close(read)
    child = os.fork()
    if child == 0:
        os.dup2(write, 1)
        os._exit(run(["runs", "log"]))
    os.close(write)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == FINE
