"""Laws of the command line: exit codes, one sentence for every wrong use, nothing left behind, JSON that is JSON."""

import json
import os
from pathlib import Path

import pytest

from thalweg.descent.folder import load_run
from thalweg.descent.spec import Spec
from thalweg.interfaces.cli import COMMANDS, FAILED, FINE, INTERRUPTED, WRONG_USE, run

QUICK = ["--steps", "20"]


@pytest.fixture(autouse=True)
def _desk(tmp_path, monkeypatch):
    """A folder of a user's, with a few files in it, and a narrow terminal."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")
    Path("t.csv").write_text("a,b,y\n" + "".join(f"{i % 7},{i % 5},{i % 2}\n" for i in range(40)))
    Path("two.csv").write_text("a,b,y\n1,2,0\n2,1,1\n")
    Path("words.csv").write_text("a,y\n" + "".join(f"word{i},{i}\n" for i in range(20)))
    Path("empty.csv").write_text("")
    Path("rule.toml").write_text('[method]\nrule = "adma"\n')
    Path("value.toml").write_text("[stop]\nsteps = -3\n")
    Path("key.toml").write_text("[stop]\nstep = 3\n")
    Path("broken.toml").write_text("x = [")
    Path("bytes.toml").write_bytes(b"\xff\xfe\x00")
    Path("surface.toml").write_text('[problem]\nkind = "surface"\nsurface = "bowl"\n')
    Path("folder").mkdir()
    Path("crash.py").write_text("def f(w):\n    return 1 / 0\n\ndef right(w):\n    return w @ w, 2 * w\n\nnumber = 3\n")
    Path("syntax.py").write_text("def f(w:\n")
    Path("leaves.py").write_text("import sys\nsys.exit(3)\n")
    Path("leaves_later.py").write_text("import sys\ndef f(w):\n    sys.exit(0)\n")


def files() -> set[Path]:
    return set(Path().rglob("*")) - set(Path().rglob("__pycache__")) - set(Path().rglob("*.pyc"))


def told(capsys, *arguments):
    """(exit code, stdout, stderr) of a command."""
    code = run(list(arguments))
    out, err = capsys.readouterr()
    return code, out, err


# Wrong use: the words, and what the sentence must say.
WRONG = {
    "a command that is not there": (["nope"], "have report,"),
    "a command misspelt": (["trian", "iris"], "did you mean train?"),
    "an option that is not there": (["train", "iris", "--speed", "3"], "--speed"),
    "an option misspelt": (["train", "iris", "--rul", "adam"], "did you mean --rule?"),
    "a word too many": (["train", "iris", "more"], "'more'"),
    "a word for a number": (["train", "iris", "--steps", "abc"], "'abc'; expected a whole number"),
    "an option without its value": (["train", "iris", "--lr"], "--lr"),
    "a rule misspelt": (["train", "iris", "--rule", "adma"], "did you mean adam?"),
    "a rule misspelt, swept": (["sweep", "iris", "--rules", "adma"], "did you mean adam?"),
    "a rule misspelt, reported": (["report", "iris", "--rules", "adma"], "did you mean adam?"),
    "a rule misspelt, descending": (["descend", "bowl", "--rule", "adma"], "did you mean adam?"),
    "a schedule misspelt": (["train", "iris", "--schedule", "cosin"], "did you mean cosine?"),
    "a loss misspelt": (["train", "iris", "--loss", "mes"], "did you mean mse?"),
    "an initialiser misspelt": (["train", "iris", "--hidden", "4", "--init", "he_norm"], "did you mean he_normal?"),
    "an activation misspelt": (["train", "iris", "--hidden", "4", "--activation", "rely"], "did you mean relu?"),
    "a precision that is not there": (["train", "iris", "--dtype", "float16"], "float32"),
    "a setting that is not there": (["train", "iris", "--set", "beta7=1"], "no setting 'beta7'"),
    "a setting of another rule": (["train", "iris", "--rule", "gd", "--set", "beta1=0.8"], "'beta1'"),
    "a setting without a value": (["train", "iris", "--set", "lr"], "name=value"),
    "a setting without a name": (["train", "iris", "--set", "=3"], "name=value"),
    "a setting of the wrong kind": (["train", "iris", "--set", "lr=fast"], "lr"),
    "no steps": (["train", "iris", "--steps", "0"], "expected 1 or more"),
    "a rate below 0": (["train", "iris", "--lr", "-1"], "over 0"),
    "a rate of nan": (["train", "iris", "--lr", "nan"], "over 0"),
    "a seed below 0": (["train", "iris", "--seed", "-1"], "seed is -1"),
    "patience below 0": (["train", "iris", "--patience", "-1"], "patience is -1"),
    "a batch below 0": (["train", "iris", "--batch-size", "-1"], "batch_size is -1"),
    "all rows held out": (["train", "iris", "--validation", "0.6", "--test", "0.6"], "no rows to train on"),
    "a file that is not there": (["train", "missing.csv", "--target", "y"], "no file missing.csv"),
    "a folder for a table": (["train", "folder", "--target", "y"], "folder is a folder"),
    "an empty file": (["train", "empty.csv", "--target", "y"], "empty.csv"),
    "a column that is not there": (["train", "t.csv", "--target", "z"], "have a, b, y"),
    "no target": (["train", "t.csv"], "needs a target"),
    "columns of words only": (["train", "words.csv", "--target", "y"], "words.csv"),
    "a feature that is not there": (["train", "t.csv", "--target", "y", "--features", "q"], "'q'"),
    "a dropped column that is not there": (["train", "t.csv", "--target", "y", "--drop", "q"], "'q'"),
    "a weight column that is not there": (["train", "t.csv", "--target", "y", "--weights", "q"], "'q'"),
    "a task that does not fit": (["train", "diabetes", "--task", "binary"], "binary"),
    "a spec that is not there": (["train", "nofile.toml"], "no file nofile.toml"),
    "a spec with an unknown rule": (["train", "rule.toml"], "rule.toml line 2: no rule 'adma'"),
    "a spec out of range": (["train", "value.toml"], "value.toml line 2: "),
    "a spec with an unknown key": (["train", "key.toml"], "key.toml line 2: no field 'step' in [stop]; did you mean"),
    "a spec that is no TOML": (["train", "broken.toml"], "broken.toml line 1: "),
    "a spec that is no text": (["train", "bytes.toml"], "bytes.toml: "),
    "a table's setting for a surface": (["train", "surface.toml", "--target", "y"], "no setting 'target'"),
    "a name that is a path": (["train", "iris", "--name", "../x"], "'../x' cannot be a folder"),
    "a name from the root": (["train", "iris", "--name", "/etc/x"], "'/etc/x' cannot be a folder"),
    "a hidden name": (["train", "iris", "--name", ".hidden"], "'.hidden' cannot be a folder"),
    "a very long name": (["train", "iris", "--name", "a" * 300], "at most 80"),
    "a name in other letters": (["train", "iris", "--name", "übung"], "'übung' cannot be a folder"),
    "a name with a line break": (["train", "iris", "--name", "a\nb"], "cannot be a folder"),
    "an empty name": (["train", "iris", "--name", ""], "'' cannot be a folder"),
    "an empty name, reported": (["report", "iris", "--name", ""], "'' cannot be a folder"),
    "a reported name that is a path": (["report", "iris", "--name", "../x"], "'../x' cannot be a folder"),
    "a file to write into": (["train", "iris", "--out", "t.csv", *QUICK], "is a file"),
    "resuming nothing": (["train", "--resume", "nowhere"], "no folder nowhere"),
    "resuming what is no run": (["train", "--resume", "folder"], "is it the folder of a run?"),
    "resuming a file": (["train", "--resume", "t.csv"], "no folder t.csv"),
    "resuming with other settings": (["train", "--resume", "folder", "--lr", "1"], "leave out lr"),
    "newton on a network": (["train", "iris", "--rule", "newton", "--hidden", "4"], "convex"),
    "a surface that is not there": (["descend", "bowll"], "did you mean bowl?"),
    "a surface that is a path": (["descend", "../../x"], "no surface '../../x'"),
    "a start of the wrong size": (["descend", "bowl", "--start", "1"], "2 parameters"),
    "a start in words": (["descend", "bowl", "--start", "here"], "'here'; expected a number"),
    "a descent of no steps": (["descend", "bowl", "--steps", "0"], "expected 1 or more"),
    "a descent at rate 0": (["descend", "bowl", "--lr", "0"], "over 0"),
    "a quadratic of no size": (["descend", "quadratic", "--dims", "0"], "expected 1 or more"),
    "a report of a surface": (["report", "surface.toml"], "a report is about a table"),
    "a report without validation rows": (["report", "iris", "--validation", "0"], "needs validation and test rows"),
    "a report without test rows": (["report", "iris", "--test", "0"], "needs validation and test rows"),
    "a report of no seeds": (["report", "iris", "--seeds", "0"], "expected 1 or more"),
    "a report of no budget": (["report", "iris", "--budget", "0"], "expected 1 or more"),
    "a report of no trials": (["report", "iris", "--budget", "0"], "expected 1 or more"),
    "a report of two rows": (["report", "two.csv", "--target", "y"], "2 rows"),
    "a report of a missing column": (["report", "t.csv", "--target", "z"], "have a, b, y"),
    "verifying nothing": (["report", "--verify", "nowhere"], "no folder nowhere"),
    "verifying what is no study": (["report", "--verify", "folder"], "no study.toml"),
    "a sweep of no seeds": (["sweep", "iris", "--seeds", "0"], "at least one"),
    "a sweep of rates below 0": (["sweep", "iris", "--rates", "-1"], "over 0"),
    "a sweep of rate 0": (["sweep", "iris", "--rates", "0"], "over 0"),
    "a check without a function": (["check", "crash.py"], "is not FILE.py:FUNCTION"),
    "a check of a missing file": (["check", "missing.py:f"], "no file missing.py"),
    "a check of a missing function": (["check", "crash.py:ff", "--size", "2"], "did you mean f?"),
    "a check of a number": (["check", "crash.py:number", "--size", "2"], "'number'"),
    "a check of nowhere": (["check", "crash.py:right"], "where shall the gradient be checked?"),
    "a check at two places": (["check", "crash.py:right", "--size", "2", "--start", "1"], "give one of them"),
    "a function that crashes": (["check", "crash.py:f", "--size", "3"], "line 2: ZeroDivisionError"),
    "a file that is no Python": (["check", "syntax.py:f", "--size", "3"], "does not run: line 1"),
    "a file that leaves": (["check", "leaves.py:f", "--size", "3"], "does not run"),
    "a function that leaves": (["check", "leaves_later.py:f", "--size", "3"], "SystemExit"),
}


@pytest.mark.few(30)
@pytest.mark.parametrize(("arguments", "says"), WRONG.values(), ids=WRONG.keys())
def test_wrong_use_gets_one_plain_sentence_and_leaves_nothing(arguments, says, capsys):
    before = files()
    code, out, err = told(capsys, *arguments)
    assert (code, out) == (WRONG_USE, "")
    lines = err.strip().splitlines()
    assert len(lines) == 1, err
    assert lines[0].startswith("thalweg: ")
    assert says in lines[0]
    assert not any(jargon in err for jargon in ("Traceback", "msgspec", "NoneType", "$.", "`"))
    assert files() == before


@pytest.mark.slow
def test_a_name_that_exists_is_refused_and_what_lies_there_is_untouched(capsys):
    assert run(["train", "iris", "--name", "mine", *QUICK]) == FINE
    before = {path: path.read_bytes() for path in Path("runs").rglob("*") if path.is_file()}
    capsys.readouterr()
    for command in (["train", "iris", *QUICK], ["sweep", "iris", "--steps", "3", "--seeds", "1"], ["report", "iris"]):
        code, out, err = told(capsys, *command, "--name", "mine")
        assert (code, out) == (WRONG_USE, "")
        assert "exists already; choose another name or remove it" in err
        assert {path: path.read_bytes() for path in Path("runs").rglob("*") if path.is_file()} == before


@pytest.mark.slow
def test_folders_are_numbered_and_never_used_twice():
    for _ in range(3):
        assert run(["descend", "bowl", "--steps", "3"]) == FINE
    assert sorted(path.name for path in Path("runs").iterdir()) == [f"bowl-gd-00{i}" for i in (1, 2, 3)]


@pytest.mark.slow
def test_a_finished_run_has_nothing_left_to_resume_and_is_told_again(capsys):
    run(["train", "iris", "--name", "mine", *QUICK])
    before = {path: path.read_bytes() for path in Path("runs/mine").iterdir()}
    capsys.readouterr()
    code, _, err = told(capsys, "train", "--resume", "runs/mine")
    assert code == FINE
    assert "nothing is left to do" in err
    assert {path: path.read_bytes() for path in Path("runs/mine").iterdir()} == before


# Help


@pytest.mark.few(4)
@pytest.mark.parametrize("command", COMMANDS)
def test_the_help_of_every_command_shows_an_example(command, capsys):
    code, out, err = told(capsys, command, "--help")
    assert (code, err) == (FINE, "")
    assert f"Example: thalweg {command}" in out


@pytest.mark.slow
@pytest.mark.parametrize("command", COMMANDS)
def test_every_option_is_explained(command, capsys):
    _, out, _ = told(capsys, command, "--help")
    rows = [line.strip("│ ").split("  ") for line in out.splitlines() if line.lstrip("│ ").startswith("--")]
    bare = [row[0] for row in rows if len([part for part in row if part.strip()]) < 2]
    assert not [option for option in bare if not out.split(option)[1].strip()], bare


def test_help_of_all_names_every_command_and_where_to_start(capsys):
    for arguments in ([], ["--help"]):
        code, out, _ = told(capsys, *arguments)
        assert code == FINE
        assert all(command in out for command in COMMANDS)
        assert "Start with: thalweg report" in out


def test_the_version_is_told(capsys):
    from thalweg import __version__

    assert told(capsys, "--version")[:2] == (FINE, f"{__version__}\n")


# JSON

AS_JSON = {
    "train": ["train", "iris", *QUICK],
    "train, diverging": ["train", "diabetes", "--lr", "50", "--steps", "50"],
    "sweep": ["sweep", "iris", "--steps", "10", "--seeds", "2", "--rates", "0.01", "1e9"],
    "descend": ["descend", "bowl", "--rule", "gd", "adam", "--steps", "5", "--seeds", "2"],
    "descend, diverging": ["descend", "bowl", "--lr", "9", "--steps", "500"],
    "check": ["check", "crash.py:right", "--size", "3"],
}


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(words, marks=() if name in ("train", "check") else pytest.mark.slow)
        for name, words in AS_JSON.items()
    ],
    ids=AS_JSON.keys(),
)
def test_json_puts_exactly_one_document_on_stdout(arguments, capsys):
    quiet = told(capsys, *arguments)
    code, out, err = told(capsys, *arguments, "--json")
    assert (quiet[0], quiet[1]) == (code, "")
    assert isinstance(json.loads(out, parse_constant=pytest.fail), dict)  # nor NaN, nor Infinity
    assert err  # people are told all the same


def test_the_json_of_a_run_is_its_row_of_the_tuning_log(capsys):
    row = json.loads(told(capsys, "train", "iris", "--lr", "0.3", "--name", "mine", "--json", *QUICK)[1])
    stored = load_run(Path(row["folder"]))
    assert (row["rule"], row["base_lr"], row["steps"]) == ("gd", 0.3, 20)
    assert row["final_train_loss"] == stored.final["train_loss"]
    assert row["best_loss"] == stored.best_value


# Exit codes


def test_a_run_that_diverges_ends_with_1_and_is_kept(capsys):
    code, _, err = told(capsys, "train", "diabetes", "--lr", "50", "--steps", "200", "--name", "mine")
    assert code == FAILED
    assert "Diverged at step" in err
    assert load_run(Path("runs/mine")).diverged
    assert "diverged" in Path("runs/mine/report.html").read_text()


@pytest.mark.slow
def test_descending_fails_where_a_rule_diverges_or_a_minimum_is_missed(capsys):
    assert run(["descend", "bowl", "--lr", "0.19", "--steps", "300", "--seeds", "3"]) == FINE
    assert run(["descend", "bowl", "--lr", "0.21", "--steps", "2000"]) == FAILED
    code, _, err = told(
        capsys, "descend", "rastrigin", "--rule", "gd", "--lr", "0.001", "--steps", "100", "--seeds", "5"
    )
    assert code == FAILED
    assert "fragile" in err or "none of 5 seeds" in err


def test_a_sweep_without_an_answer_fails_and_says_why(capsys):
    code, _, err = told(capsys, "sweep", "diabetes", "--rates", "1e7", "1e8", "--steps", "30", "--seeds", "1")
    assert code == FAILED
    assert "No suggestion for gd, because every rate from 1e+07 to 1e+08 was diverged." in err


@pytest.mark.parametrize(("factor", "code"), [("2", FINE), ("1", FAILED)])
def test_a_check_says_by_its_exit_code_whether_the_gradient_is_right(factor, code, capsys):
    Path("mine.py").write_text(f"def loss_and_grad(w):\n    return w @ w, {factor} * w\n")
    assert told(capsys, "check", "mine.py:loss_and_grad", "--start", "0.5", "-1.2", "2")[0] == code


@pytest.mark.slow
def test_a_check_finds_its_parameters_and_a_gradient_of_its_own(capsys):
    Path("mine.py").write_text(
        "import numpy as np\nparams = {'W': np.ones((2, 3)), 'b': np.zeros(3)}\n"
        "def loss(p):\n    return float((p['W'] ** 2).sum() + p['b'].sum())\n"
        "def grad(p):\n    return {'W': 2 * p['W'], 'b': np.ones(3)}\n"
        "def made():\n    return params\n"
    )
    assert told(capsys, "check", "mine.py:loss", "--grad", "grad")[0] == FINE
    assert told(capsys, "check", "mine.py:loss", "--grad", "grad", "--at", "made")[0] == FINE
    code, _, err = told(capsys, "check", "mine.py:loss", "--grad", "grad", "--at", "mode")
    assert code == WRONG_USE
    assert "did you mean made?" in err


# Flags


def test_flags_override_the_spec_and_set_reaches_every_field():
    Path("spec.toml").write_text(
        '[problem]\nkind = "table"\nsource = "iris"\n[method]\nrule = "adam"\nlr = 0.5\n[stop]\nsteps = 900\n'
    )
    words = "train spec.toml --lr 0.25 --steps 7 --set beta1=0.8 jump=0 schedule=cosine --name mine"
    assert run(words.split()) == FINE
    spec = Spec.from_toml(Path("runs/mine/spec.toml").read_text())
    assert (spec.method.rule, spec.method.lr, spec.method.hyper) == ("adam", 0.25, {"beta1": 0.8})
    assert (spec.stop.steps, spec.stop.jump, spec.method.schedule) == (7, 0, "cosine")
    assert spec.problem.source == "iris"


@pytest.mark.slow
def test_another_target_of_a_bundled_set_makes_another_task():
    assert run(["train", "iris", "--target", "petal_width_cm", "--name", "mine", *QUICK]) == FINE
    spec = Spec.from_toml(Path("runs/mine/spec.toml").read_text())
    assert (spec.problem.target, spec.problem.task) == ("petal_width_cm", "regression")


@pytest.mark.slow
def test_the_stored_spec_makes_the_same_run_again():
    assert run(["train", "wine", "--rule", "nadam", "--batch-size", "7", "--name", "one", *QUICK]) == FINE
    assert run(["train", "runs/one/spec.toml", "--name", "two"]) == FINE
    one, two = load_run(Path("runs/one")), load_run(Path("runs/two"))
    assert one.spec == two.spec
    assert one.w.tobytes() == two.w.tobytes()


def test_hidden_layers_make_a_network_and_a_switch_can_be_turned_off():
    assert (
        run(["train", "iris", "--hidden", "5", "3", "--no-standardise", "--batch-norm", "--name", "mine", *QUICK])
        == FINE
    )
    problem = Spec.from_toml(Path("runs/mine/spec.toml").read_text()).problem
    assert (problem.model, problem.hidden, problem.standardise, problem.batch_norm) == ("mlp", (5, 3), False, True)


def test_the_page_names_the_command_that_makes_it_again():
    assert run(["train", "t.csv", "--target", "y", "--steps", "3", "--name", "it's"]) == WRONG_USE
    assert run(["train", "t.csv", "--target", "y", "--steps", "3", "--name", "mine"]) == FINE
    assert "thalweg train t.csv --target y --steps 3 --name mine" in Path("runs/mine/report.html").read_text()


@pytest.mark.slow
def test_a_surface_can_be_trained_and_swept_from_a_spec():
    assert run(["train", "surface.toml", "--name", "one", *QUICK]) == FINE
    assert run(["sweep", "surface.toml", "--steps", "20", "--seeds", "1", "--name", "two"]) == FINE
    assert (Path("runs/two") / "report.html").is_file()


def test_an_interrupted_sweep_is_told_and_leaves_nothing(monkeypatch, capsys):
    def stop(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("thalweg.evidence.sweep.sweep", stop)
    before = files()
    code, out, err = told(capsys, "sweep", "iris")
    assert (code, out) == (INTERRUPTED, "")
    assert "interrupted" in err
    assert files() == before


def test_an_output_that_nobody_reads_is_no_error(tmp_path):
    read, write = os.pipe()
    os.close(read)
    child = os.fork()
    if child == 0:
        os.dup2(write, 1)
        os._exit(run(["descend", "bowl", "--steps", "3", "--json"]))
    os.close(write)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == FINE
