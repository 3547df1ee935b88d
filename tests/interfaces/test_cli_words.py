"""Every typo gets the nearest known word, every mistake one plain sentence; help is where one looks for it."""

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from thalweg.interfaces.cli import COMMANDS, FINE, LOUD, QUIET, VERBOSE, WRONG_USE, application, run
from thalweg.interfaces.cli import say as talk
from thalweg.interfaces.cli.completion import PLACES, script_for
from thalweg.interfaces.cli.wrong_words import OTHER_COMMANDS, OTHER_OPTIONS


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


def options():
    """(command, option) for every option of every command."""
    app = application()
    found = []
    for name in COMMANDS:
        for argument in app[name].assemble_argument_collection(parse_docstring=False):
            names = [option for option in argument.names if option.startswith("--")]
            found += [(name, option) for option in names if not option.startswith("--empty-")]
    return found


def twisted(word):
    """The word with two letters in the middle exchanged, or one doubled where they are the same."""
    middle = len(word) // 2
    a, b = word[middle], word[middle + 1]
    return word[:middle] + (b + a if a != b else a + b + b) + word[middle + 2 :]


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_misspelt_is_told_with_its_name(command, capsys):
    code, out, err = told(capsys, twisted(command))
    assert (code, out, err.count("\n")) == (WRONG_USE, "", 1)
    assert f"no command {twisted(command)!r}; did you mean {command}?" in err


@pytest.mark.slow
def test_an_option_misspelt_is_told_with_its_name(capsys):
    for command, option in options()[::9]:
        wrong = twisted(option)
        if len(option) < 9 or wrong == option:
            continue
        code, out, err = told(capsys, command, wrong, "1")
        assert (code, out, err.count("\n")) == (WRONG_USE, "", 1)
        assert f"no option {wrong} in thalweg {command}; did you mean {option}?" in err


MISTAKES = {
    "a number in words": (["train", "iris", "--lr", "fast"], "--lr is 'fast'; expected a number"),
    "a decimal comma": (
        ["train", "iris", "--lr", "0,05"],
        "--lr is '0,05'; expected a number; write 0.05, with a point",
    ),
    "a fraction for a whole number": (["train", "iris", "--steps", "1.5"], "--steps is '1.5'; expected a whole number"),
    "a power for a whole number": (["train", "iris", "--steps", "1e3"], "expected a whole number; write 1000"),
    "fractions in a list": (["train", "iris", "--hidden", "3", "2.5"], "--hidden is '2.5'; expected a whole number"),
    "an option without its value": (["train", "iris", "--lr"], "--lr needs a value: a number"),
    "an option without its text": (["train", "iris", "--target"], "--target needs a value: text"),
    "a list without a value": (["train", "iris", "--hidden"], "--hidden needs one or more values: a whole number"),
    "an empty value": (["train", "iris", "--lr="], "--lr is ''; expected a number"),
    "an option twice": (["train", "iris", "--lr", "1", "--lr", "2"], "--lr is given twice; give it once"),
    "a word too many": (["train", "iris", "more"], "'more' is a word too many for thalweg train"),
    "words too many": (["train", "iris", "two", "more"], "'two', 'more' are words too many"),
    "a choice that is none": (
        ["train", "iris", "--dtype", "flaot32"],
        "expected float64 or float32; did you mean float32?",
    ),
    "a rule that is none": (["train", "iris", "--rule", "adma"], "did you mean adam?"),
    "a sampling that is none": (["train", "iris", "--sampling", "shuffled"], "did you mean reshuffled?"),
    "a switch in words": (["train", "iris", "--standardise=maybe"], "--standardise is 'maybe'; expected yes or no"),
    "a switch that is none": (["train", "iris", "--no-lr"], "no option --no-lr in thalweg train; did you mean --lr?"),
    "an unknown letter": (["train", "iris", "-x"], "no option -x in thalweg train"),
    "a field that is no option": (["train", "iris", "--jump", "3"], "say it with --set jump=3"),
    "a hyperparameter as an option": (["train", "iris", "--beta1=0.8"], "say it with --set beta1=0.8"),
    "a name of other tools": (["train", "iris", "--learning-rate", "3"], "here it is --lr"),
    "nothing to check": (["check"], "thalweg check needs FUNCTION"),
    "an option of thalweg misspelt": (["--versoin"], "no option --versoin; did you mean --version?"),
    "a common option misspelt": (["train", "iris", "--quite"], "did you mean --quiet?"),
    "a command of other tools": (["fit", "iris"], "no command 'fit'; did you mean train?"),
    "help on a typo": (["help", "trian"], "no command 'trian'; did you mean train?"),
    "a file for a command": (["a.csv"], "no command 'a.csv', but a file: write thalweg report a.csv --target COLUMN"),
    "nothing in quotes": ([""], "no command ''"),
}


@pytest.mark.few(8)
@pytest.mark.parametrize(("arguments", "says"), MISTAKES.values(), ids=MISTAKES.keys())
def test_a_mistake_is_one_sentence_that_says_what_to_write(arguments, says, capsys):
    Path("a.csv").write_text("a,b\n1,2\n")
    code, out, err = told(capsys, *arguments)
    assert (code, out) == (WRONG_USE, "")
    assert err.startswith("thalweg: ")
    assert err.count("\n") == 1, err
    assert says in err
    assert not any(jargon in err for jargon in ("Traceback", "convert", "Parameter", "token", "int.", "float."))


@pytest.mark.slow
def test_the_names_of_other_tools_stand_for_names_that_are_there():
    known = {option for _, option in options()}
    assert {other.split()[0] for other in OTHER_OPTIONS.values()} <= known
    assert not (OTHER_OPTIONS.keys() - {"--output"}) & {option for command, option in options() if command == "train"}
    assert set(OTHER_COMMANDS.values()) <= set(COMMANDS)


# Help


@pytest.mark.slow
@pytest.mark.parametrize("command", ["train", "runs"])
def test_help_is_there_in_front_and_behind(command, capsys):
    assert told(capsys, "help", command) == told(capsys, command, "--help")


def test_help_alone_is_the_help_of_all(capsys):
    assert told(capsys, "help") == told(capsys, "--help")
    assert told(capsys, "help")[0] == FINE


@pytest.mark.few(3)
@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_takes_json(command):
    assert (command, "--json") in options()


@pytest.mark.parametrize("subcommand", ["compare", "step", "log"])
def test_subcommands_show_an_example_and_take_json(subcommand, capsys):
    out = told(capsys, "runs", subcommand, "--help")[1]
    assert f"Example: thalweg runs {subcommand}" in out
    assert "--json" in out


# How much is told


@pytest.mark.slow
@pytest.mark.parametrize("word", ["-q", "--quiet"])
def test_quiet_leaves_errors_and_results_only(word, capsys):
    Path("s.toml").write_text('[problem]\nsurface = "bowl"\n[stop]\nsteps = 20\n')
    code, out, err = told(capsys, "train", "s.toml", word)
    assert (code, out, err) == (FINE, "", "")
    code, out, err = told(capsys, "train", "s.toml", "--json", word)
    assert isinstance(json.loads(out), dict)
    assert err == ""
    assert told(capsys, "train", word, "s.toml", "--lr", "x")[2].startswith("thalweg: --lr is 'x'")
    assert LOUD.get() != QUIET


def test_words_behind_two_hyphens_are_left_as_they_are(capsys):
    code, _, err = told(capsys, "show", "--", "-q")
    assert code == WRONG_USE
    assert "'-q'" in err


@pytest.mark.parametrize(("words", "loud"), [(["--verbose"], VERBOSE), (["-q"], QUIET)])
def test_loudness_holds_for_the_command_and_no_longer(words, loud, monkeypatch):
    seen = []
    monkeypatch.setattr("thalweg.interfaces.cli._done", lambda _: seen.append(LOUD.get()) or 0)
    run(["train", *words])
    assert seen == [loud]
    assert LOUD.get() not in (QUIET, VERBOSE)


@pytest.mark.parametrize(("term", "is_live"), [("xterm", True), ("dumb", False), ("unknown", False)])
def test_lines_are_drawn_over_only_where_the_terminal_can(term, is_live, monkeypatch):
    class Terminal:
        def isatty(self):
            return True

    monkeypatch.setenv("TERM", term)
    assert talk.live(Terminal()) is is_live
    assert talk.live(io.StringIO()) is False


def test_progress_off_a_terminal_is_a_plain_line_for_each_part(capsys):
    with talk.progress(2) as show:
        show("one", 1)
        show("two", 2)
    assert capsys.readouterr().err == "[1/2] one\n[2/2] two\n"


def child(*words, **environment):
    """A command in a process of its own: (code, stdout, stderr) as bytes."""
    clean = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "FORCE_COLOR", "TERM")}
    command = [sys.executable, "-c", "from thalweg.interfaces.cli import main; main()", *words]
    made = subprocess.run(command, capture_output=True, env=clean | environment, check=False)
    return made.returncode, made.stdout, made.stderr


@pytest.mark.slow
def test_colour_is_used_only_where_it_is_wanted():
    assert b"\x1b[" not in child("--help")[1]
    assert b"\x1b[" in child("--help", FORCE_COLOR="1", TERM="xterm-256color")[1]
    assert b"\x1b[3" not in child("--help", NO_COLOR="1", FORCE_COLOR="1", TERM="xterm-256color")[1]


@pytest.mark.slow
def test_a_terminal_that_knows_ascii_only_gets_question_marks_and_no_traceback():
    code, out, err = child("show", "adam", PYTHONIOENCODING="ascii", PYTHONUTF8="0", LC_ALL="C")
    assert (code, err) == (FINE, b"")
    assert b"Kingma" in out


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (OSError(28, "No space left on device", "runs/x"), "runs/x: No space left on device"),
        (PermissionError(13, "Permission denied", "data.csv"), "data.csv: Permission denied"),
        (MemoryError("Unable to allocate 9.3 TiB"), "not enough memory (Unable to allocate 9.3 TiB)"),
    ],
)
def test_what_the_system_refuses_is_a_sentence(error, says, capsys, monkeypatch):
    def refuse(_):
        raise error

    monkeypatch.setattr("thalweg.interfaces.cli._done", refuse)
    code, out, err = told(capsys, "train")
    assert (code, out) == (WRONG_USE, "")
    assert err.startswith(f"thalweg: {says}")
    assert err.count("\n") == 1


# Completion


@pytest.mark.slow
@pytest.mark.parametrize("shell", PLACES)
def test_the_script_of_a_shell_knows_every_command_and_every_option(shell):
    script = script_for(shell)
    assert [name for name in COMMANDS if name not in script] == []
    shown = {option for _, option in options() if not option.startswith("--no-")}
    assert [option for option in sorted(shown) if option.removeprefix("--") not in script] == []
    assert "nesterov_lookahead" in script


@pytest.mark.slow
def test_bash_completes_commands_options_and_choices(tmp_path):
    (tmp_path / "thalweg.bash").write_text(script_for("bash"))
    ask = (
        'source thalweg.bash; try() { COMP_WORDS=("$@"); COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); COMPREPLY=(); '
        '_thalweg; echo "${COMPREPLY[*]}"; }; '
        'try thalweg tr; try thalweg train --dt; try thalweg train --dtype ""; try thalweg train --rule nest; '
        "try thalweg runs comp; try thalweg sql --format m"
    )
    made = subprocess.run(["bash", "-c", ask], capture_output=True, text=True, check=True)
    assert made.stdout.splitlines() == [
        *("train", "--dtype", "float64 float32", "nesterov nesterov_lookahead", "compare", "markdown"),
    ]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("shell", "place"), [("bash", ".local/share/bash-completion/completions/thalweg"), ("zsh", ".zfunc/_thalweg")]
)
def test_completion_is_installed_where_the_shell_looks(shell, place, tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("SHELL", f"/bin/{shell}")
    for variable in ("XDG_DATA_HOME", "ZDOTDIR"):
        monkeypatch.delenv(variable, raising=False)
    code, out, err = told(capsys, "--install-completion")
    assert (code, out) == (FINE, "")
    written = tmp_path / "home" / place
    assert written.read_text() == script_for(shell)
    assert str(written) in err
    assert [path for path in (tmp_path / "home").rglob("*") if path.is_file()] == [written]


def test_a_shell_that_is_not_known_is_asked_for(capsys, monkeypatch):
    monkeypatch.setenv("SHELL", "/bin/tcsh")
    code, out, err = told(capsys, "completion")
    assert (code, out) == (WRONG_USE, "")
    assert "your shell is 'tcsh'; say which to complete in" in err


def test_a_report_of_a_streamed_table_is_refused_with_two_ways_out(capsys):
    code, out, err = told(capsys, "report", "iris", "--stream")
    assert (code, out, err.count("\n")) == (WRONG_USE, "", 1)
    assert all(way in err for way in ("--sample", "thalweg train"))
    assert not any(Path().iterdir())
