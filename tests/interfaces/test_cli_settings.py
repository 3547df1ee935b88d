"""Flag over environment over TOML over default, and whoever decided is told."""

import itertools
import json
import os
from pathlib import Path

import msgspec
import pytest

from thalweg.descent.spec import Spec
from thalweg.errors import SpecError, ThalwegError
from thalweg.formulas.activations import ACTIVATIONS
from thalweg.interfaces.cli import FINE, WRONG_USE, run
from thalweg.interfaces.cli.ambient import OPTIONS, runs_root
from thalweg.interfaces.cli.settings import NEVER_SAID_BEFORE, fields_of, read_spec, settle, unknown_variables
from thalweg.problems.sections import OnSurface, Table


@pytest.fixture(autouse=True)
def _desk(tmp_path, monkeypatch):
    """An empty folder to work in, and an environment that says nothing."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")
    for variable in [name for name in os.environ if name.startswith("THALWEG_")]:
        monkeypatch.delenv(variable)


def told(capsys, *arguments):
    """(exit code, stdout, stderr) of a command."""
    code = run(list(arguments))
    out, err = capsys.readouterr()
    return code, out, err


SOURCES = ("thalweg.toml", "spec.toml", "environment", "flag")  # the weakest first


@pytest.mark.parametrize("who", [c for n in range(5) for c in itertools.combinations(SOURCES, n)], ids="+".join)
def test_the_strongest_source_wins(who, monkeypatch):
    values = dict(zip(SOURCES, (0.01, 0.02, 0.03, 0.04), strict=True))
    if "thalweg.toml" in who:
        Path("thalweg.toml").write_text("[method]\nlr = 0.01\n")
    if "environment" in who:
        monkeypatch.setenv("THALWEG_LR", "0.03")
    file = None
    if "spec.toml" in who:
        Path("spec.toml").write_text("[method]\nlr = 0.02\n")
        file = read_spec(Path("spec.toml"))[1]
    settled = settle({"lr": 0.04} if "flag" in who else {}, file, defaults={"steps": 7}, command="train")
    assert settled.spec.method.lr == (values[who[-1]] if who else None)
    assert settled.spec.stop.steps == 7
    assert bool(settled.before) == (who[-1:] in (("thalweg.toml",), ("environment",)))


OTHERS = {  # another value of each field whose type does not say one
    **{"source": "wine", "query": "SELECT 1", "rule": "adam", "schedule": "cosine", "loss": "mse", "init": "zeros"},
    **{"activation": "tanh", "output": "sigmoid", "model": "linear", "bias": "ones", "scale_target": True},
    **{"task": "binary", "features": ("a", "b"), "drop": ("c",), "id": ("d",), "hidden": (3, 2), "lr": 0.5},
    **{"groups": {"b*": {"lr_scale": 0.5}}, "test": 0.1, "validation": 0.1, "surface": "beale", "start": (1.0, 2.0)},
}


def another(name, type_, default):
    """A value that is not the default."""
    if name in OTHERS:
        return OTHERS[name]
    if isinstance(default, bool):
        return not default
    if isinstance(default, int | float):
        return default + 3
    words = [word for word in getattr(type_, "__args__", ()) if isinstance(word, str) and word != default]
    return words[0] if words else "name"


def as_variable(value):
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple):
        return " ".join(map(str, value))
    return value if isinstance(value, str) else msgspec.toml.encode({"x": value}).decode()[4:].strip()


PLAIN = [
    (kind, name)
    for kind in (Table, OnSurface)
    for name in fields_of(kind)
    if name not in (*NEVER_SAID_BEFORE, "phases", "schedule_options", "groups", "batch_norm", "query")
]


@pytest.mark.few(20)
@pytest.mark.parametrize(("kind", "name"), PLAIN, ids=lambda part: getattr(part, "__name__", part))
def test_every_field_can_be_said_by_the_environment(kind, name, monkeypatch):
    spec = Spec(problem=kind())
    parts = [spec, spec.problem, spec.method, spec.batch, spec.stop]
    default = next(getattr(part, name) for part in parts if name in part.__struct_fields__)
    value = another(name, fields_of(kind)[name], default)
    monkeypatch.setenv(f"THALWEG_{name.upper()}", as_variable(value))
    text = '[problem]\nkind = "surface"\n' if kind is OnSurface else ""
    Path("spec.toml").write_text(text)
    assert unknown_variables() == []
    settled = settle({}, read_spec(Path("spec.toml"))[1])
    expected = {name: value} | ({"model": "mlp"} if name == "hidden" else {})
    assert settled.spec == spec.but(**expected)
    assert settled.origins[name] == f"THALWEG_{name.upper()}"


def test_hyperparameters_are_settings_like_others(monkeypatch):
    monkeypatch.setenv("THALWEG_BETA1", "0.8")
    assert settle({"rule": "adam"}).spec.method.hyper == {"beta1": 0.8}
    assert settle({"rule": "momentum"}).spec.method.hyper == {}
    assert settle({}).spec == Spec()
    with pytest.raises(ThalwegError, match="no setting 'beta1'"):
        settle({"beta1": 0.8})


def test_what_belongs_to_a_choice_leaves_with_it(monkeypatch):
    Path("thalweg.toml").write_text(
        '[problem]\nsource = "houses.csv"\ntarget = "price"\ndrop = ["id"]\nvalidation = 0.3\n'
        '[method]\nrule = "adam"\nschedule = "cosine"\nlr = 0.02\n'
        "[method.hyper]\nbeta1 = 0.8\n[method.schedule_options]\nfloor = 0.5\n"
    )
    kept = settle({}).spec
    assert (kept.problem.source, kept.problem.target, kept.method.hyper) == ("houses.csv", "price", {"beta1": 0.8})
    other = settle({"source": "iris", "rule": "momentum", "schedule": "step"}).spec
    assert (other.problem.source, other.problem.target, other.problem.drop) == ("iris", "", ())
    assert (other.problem.validation, other.method.lr) == (0.3, 0.02)
    assert (other.method.hyper, other.method.schedule_options) == ({}, {})
    assert settle({"source": "houses.csv"}).spec.problem.target == "price"


def test_a_complete_spec_is_not_changed_by_a_settings_file():
    Path("thalweg.toml").write_text(
        '[problem]\nl2 = 0.5\n[method]\nrule = "adam"\nwarmup = 5\n[method.hyper]\nbeta1 = 0.8\n[stop]\njump = 3.0\n'
    )
    spec = Spec().but(rule="adam", lr=0.1, scale_target=False, steps=9)
    Path("spec.toml").write_text(spec.to_toml())
    assert settle({}, read_spec(Path("spec.toml"))[1]).spec == spec


def test_what_is_said_of_another_kind_of_problem_is_left_out(monkeypatch):
    monkeypatch.setenv("THALWEG_TARGET", "price")
    monkeypatch.setenv("THALWEG_STEPS", "9")
    Path("spec.toml").write_text('[problem]\nkind = "surface"\nsurface = "bowl"\n')
    spec = settle({}, read_spec(Path("spec.toml"))[1]).spec
    assert spec == Spec(problem=OnSurface()).but(steps=9)


def test_fields_that_a_command_decides_cannot_be_said_before(monkeypatch):
    monkeypatch.setenv("THALWEG_LR", "0.5")
    settled = settle({}, without=("lr",))
    assert (settled.spec.method.lr, settled.before) == (None, ())


def test_the_nearest_settings_file_above_counts(tmp_path, monkeypatch):
    Path("thalweg.toml").write_text('runs = "all"\n[stop]\nsteps = 11\n')
    (tmp_path / "a" / "b").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "a" / "b")
    settled = settle({})
    assert settled.spec.stop.steps == 11
    assert settled.origins["steps"] == f"{tmp_path / 'thalweg.toml'} line 3"
    assert runs_root() == tmp_path / "all"
    (tmp_path / "a" / "thalweg.toml").write_text("[stop]\nsteps = 12\n")
    assert settle({}).spec.stop.steps == 12
    assert runs_root() == Path("runs")


def test_paths_in_a_settings_file_start_from_its_folder(tmp_path, monkeypatch):
    (tmp_path / "houses.csv").write_text("a,price\n1,2\n")
    Path("thalweg.toml").write_text('[problem]\nsource = "houses.csv"\n')
    (tmp_path / "a").mkdir()
    monkeypatch.chdir(tmp_path / "a")
    assert settle({}).spec.problem.source == str(tmp_path / "houses.csv")


WRONG = {
    "a misspelt field": (
        "[batch]\nbatchsize = 3",
        "thalweg.toml line 2: no field 'batchsize' in [batch]; did you mean",
    ),
    "a value out of range": ("[stop]\nsteps = 0", "thalweg.toml line 2: steps is 0; expected 1 or more"),
    "no TOML": ("[stop\n", "thalweg.toml line 1: '[stop' is not TOML"),
    "a folder that is no text": ("runs = 3", "thalweg.toml line 1: runs is 3; expected the path of a folder"),
    "an unknown option": (
        "[report]\nseedz = 3",
        "thalweg.toml line 2: no option of thalweg report here 'seedz'; did you",
    ),
    "SQL": ('[problem]\nquery = "SELECT 1"', "thalweg.toml line 2: query is not taken from here"),
    "code": ('[problem]\nkind = "custom"', "thalweg.toml line 1: a custom problem is not taken from here"),
    "bytes": (b"\xff\xfe", "thalweg.toml: byte 0 is not text in UTF-8"),
}


@pytest.mark.parametrize(("text", "says"), WRONG.values(), ids=WRONG.keys())
def test_a_wrong_settings_file_is_one_sentence_with_its_line(text, says, capsys):
    Path("thalweg.toml").write_bytes(text if isinstance(text, bytes) else text.encode())
    code, out, err = told(capsys, "spec", "iris")
    assert (code, out) == (WRONG_USE, "")
    assert err.count("\n") == 1
    assert err.startswith(f"thalweg: {says}"), err


@pytest.mark.parametrize(
    ("variable", "value", "says"),
    [
        ("THALWEG_LR", "fast", "THALWEG_LR: lr is 'fast'; expected a number"),
        ("THALWEG_STEPS", "0", "THALWEG_STEPS: steps is 0; expected 1 or more"),
        ("THALWEG_RULE", "adma", "THALWEG_RULE: no rule 'adma'; did you mean adam?"),
        ("THALWEG_TEST", "half", "--test half: expected a share of the rows"),
    ],
)
def test_a_wrong_variable_is_one_sentence_with_its_name(variable, value, says, capsys, monkeypatch):
    monkeypatch.setenv(variable, value)
    code, out, err = told(capsys, "spec", "iris")
    assert (code, out) == (WRONG_USE, "")
    assert err.startswith(f"thalweg: {says}"), err


def test_the_command_is_not_blamed_for_what_was_said_before(monkeypatch):
    monkeypatch.setenv("THALWEG_RULE", "adamw")
    with pytest.raises(SpecError, match=r"^THALWEG_RULE: l2 0\.1 and decoupled decay"):
        settle({"l2": 0.1})


def test_an_unknown_variable_is_told_with_the_nearest_name(capsys, monkeypatch):
    monkeypatch.setenv("THALWEG_LRR", "1")
    code, _, err = told(capsys, "spec", "iris")
    assert code == FINE
    assert "note: no setting 'THALWEG_LRR'; did you mean THALWEG_LR?" in err


@pytest.mark.slow
def test_what_was_set_before_is_told_before_the_work(capsys, monkeypatch):
    monkeypatch.setenv("THALWEG_LR", "0.25")
    Path("thalweg.toml").write_text("[stop]\nsteps = 7\n")
    Path("s.toml").write_text('[problem]\nsurface = "bowl"\n')
    code, _, err = told(capsys, "train", "s.toml", "--name", "mine")
    assert code == FINE
    assert "note: set before this command: steps 7 (thalweg.toml line 2), lr 0.25 (THALWEG_LR)" in err
    made = Spec.from_toml(Path("runs/mine/spec.toml").read_text())
    assert (made.method.lr, made.stop.steps) == (0.25, 7)


@pytest.mark.slow
def test_the_folder_of_all_runs_can_be_said_before(capsys, monkeypatch):
    Path("s.toml").write_text('[problem]\nsurface = "bowl"\n[stop]\nsteps = 3\n')
    monkeypatch.setenv("THALWEG_RUNS", "elsewhere")
    assert run(["train", "s.toml", "--name", "one"]) == FINE
    assert Path("elsewhere/one/spec.toml").is_file()
    assert run(["train", "s.toml", "--name", "two", "--out", "here"]) == FINE
    assert Path("here/two/spec.toml").is_file()
    capsys.readouterr()
    assert "one" in told(capsys, "runs")[1]
    assert not Path("runs").exists()


def shown(capsys, *arguments):
    """The document of --show-config."""
    code, out, _ = told(capsys, *arguments, "--show-config", "--json")
    assert code == FINE
    return json.loads(out)


@pytest.mark.parametrize("command", ["train", "sweep", "report", "spec"])
def test_every_value_is_shown_with_who_said_so_and_nothing_is_done(command, capsys, monkeypatch):
    monkeypatch.setenv("THALWEG_SEED", "5")
    monkeypatch.setenv("THALWEG_SEEDS", "2")
    Path("thalweg.toml").write_text('[batch]\nbatch_size = 8\n[report]\nrules = ["gd", "adam"]\n')
    found = shown(capsys, command, "iris", "--l2", "0.1")
    section = found["spec"]["problem, a table"]
    assert section["source"] == {"value": "iris", "from": "flag"}
    assert section["l2"] == {"value": 0.1, "from": "flag"}
    assert found["spec"][""]["seed"] == {"value": 5, "from": "THALWEG_SEED"}
    assert found["spec"]["batch"]["batch_size"] == {"value": 8, "from": "thalweg.toml line 2"}
    assert section["hidden"]["from"] == "default"
    if command in OPTIONS:
        assert found["options"]["seeds"] == {"value": "2", "from": "THALWEG_SEEDS"}
    if command == "report":
        assert found["options"]["rules"] == {"value": "gd adam", "from": "thalweg.toml line 4"}
    fields = {name for part in found["spec"].values() for name in part}
    assert fields == set(fields_of(Table))
    assert not Path("runs").exists()


@pytest.mark.slow
def test_options_of_commands_that_can_be_said_before_are_options_of_theirs(capsys):
    for command, names in OPTIONS.items():
        _, out, _ = told(capsys, command, "--help")
        assert [name for name in names if f"--{name.replace('_', '-')}" not in out] == []


@pytest.mark.parametrize(
    ("name", "value"), [("THALWEG_SEEDS", "x"), ("THALWEG_SEEDS", "1.5"), ("THALWEG_RATES", "a b")]
)
def test_a_wrong_option_names_the_variable(name, value, capsys, monkeypatch):
    monkeypatch.setenv(name, value)
    code, out, err = told(capsys, "sweep", "iris")
    assert (code, out) == (WRONG_USE, "")
    assert err.startswith(f"thalweg: {name} is {value.split()[0]!r}; expected a "), err


@pytest.mark.slow
def test_the_text_of_spec_makes_the_spec_of_the_flags(capsys):
    flags = (
        "iris --rule adamw --hidden 3 4 --schedule cosine --set beta1=0.8 schedule_options={floor=0.1} jump=0".split()
    )
    code, out, _ = told(capsys, "spec", *flags)
    assert code == FINE
    Path("s.toml").write_text(out)
    assert Spec.from_toml(out) == read_spec(Path("s.toml"))[0]
    one, two = (json.loads(told(capsys, "spec", *words, "--json")[1])["spec"] for words in (flags, ["s.toml"]))
    assert one == two
    assert one["method"]["hyper"] == {"beta1": 0.8}


@pytest.mark.slow
def test_resolving_leaves_nothing_open(capsys):
    code, out, _ = told(capsys, "spec", "iris", "--resolved")
    assert code == FINE
    spec = Spec.from_toml(out)
    assert (spec.problem.target, spec.problem.task, spec.engine) == ("species", "multiclass", "numpy")
    assert spec.method.lr == 0.1
    assert "= …" not in out


def test_activations_are_named_alike_in_all_sources(monkeypatch):
    for name in ACTIVATIONS:
        monkeypatch.setenv("THALWEG_ACTIVATION", name)
        assert settle({}).spec.problem.activation == name
