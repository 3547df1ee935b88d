"""Complaints about a TOML file name the file, the line, and the nearest key that is known."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_spec import specs

from thalweg.descent.spec import Spec
from thalweg.descent.toml_text import read_text
from thalweg.errors import SpecError

WRONG = {
    "a key misspelt": ("[batch]\nbatchsize = 3", 2, "no field 'batchsize' in [batch]; did you mean batch_size?"),
    "a key of another section": ("[batch]\n\nlr = 3", 3, "no field 'lr' in [batch]; it belongs in [method]"),
    "a key outside its section": ("lr = 3", 1, "no field 'lr' outside the sections; it belongs in [method]"),
    "a key misspelt, of another section": ("[method]\nbatchsiz = 3", 2, "did you mean batch_size in [batch]?"),
    "a hyperparameter among the fields": ("[method]\nbeta1 = 0.8", 2, "it belongs in [method.hyper]"),
    "a section misspelt": ("[methods]\nlr = 1", 1, "did you mean method?"),
    "a key of a phase": (
        '[[method.phases]]\nbegin = 3\nrule = "gd"\nlrr = 3',
        4,
        "in [method.phases]; did you mean lr?",
    ),
    "text for a number": ('# a comment\n[stop]\nsteps = "many"', 3, "steps is 'many'; expected a whole number"),
    "a fraction for a whole number": ("seed = 1.5", 1, "seed is 1.5; expected a whole number"),
    "a number for text": ("[method]\nrule = 3", 2, "rule is 3; expected text"),
    "a number for a switch": ("[stop]\nnonfinite = 1", 2, "nonfinite is 1; expected true or false"),
    "a date for a number": ("seed = 2024-01-01", 1, "seed is 2024-01-01; expected a whole number"),
    "a number for a list": ("[method]\nphases = 3", 2, "phases is 3; expected a list"),
    "a wrong item of a list": ('[problem]\nmodel = "mlp"\nhidden = [1,\n  "a"]', 3, "item 2 of hidden is 'a'"),
    "a wrong hyperparameter": ('[method]\nrule = "adam"\n[method.hyper]\nbeta1 = "x"', 4, "beta1 is 'x'"),
    "an unknown hyperparameter": (
        '[method]\nrule = "adam"\nhyper = { beta7 = 1 }',
        3,
        "no hyperparameter of adam 'beta7'",
    ),
    "a word that is no choice": ('dtype = "float16"', 1, "expected float64 or float32; did you mean float64?"),
    "an unknown kind": ('[problem]\nkind = "tabel"', 2, "expected table, surface or custom; did you mean table?"),
    "an unknown rule": ('[method]\nlr = 1\nrule = "adma"', 3, "no rule 'adma'; did you mean adam?"),
    "an unknown rule of a phase": ('[[method.phases]]\nbegin = 2\nrule = "x"', 3, "no rule 'x'"),
    "an unknown loss": ('[problem]\nloss = "mes"', 2, "no loss 'mes'; did you mean mse?"),
    "a value out of range": ("[stop]\nsteps = -3", 2, "steps is -3; expected 1 or more"),
    "a value that is none": ("[method]\nlr = nan", 2, "lr is nan; expected a number over 0"),
    "two values that contradict": ("[problem]\nl2 = 0.1\n[method]\nrule = 'adamw'", 2, "l2 0.1 and decoupled decay"),
    "a missing key": ('[method]\nphases = [{ rule = "gd" }]', 2, "begin is missing in item 1 of phases"),
    "text without quotes": ("[method]\nrule = adam", 2, 'text stands in quotes, as in rule = "adam"'),
    "a capital switch": ("[stop]\nnonfinite = True", 2, "write nonfinite = true"),
    "a number without its 0": ("[method]\nlr = .1", 2, "write lr = 0.1"),
    "a decimal comma": ("[method]\nlr = 0,1", 2, "'lr = 0,1' is not TOML"),
    "a colon": ("[method]\nlr: 0.1", 2, "write a setting as name = value"),
    "a key set twice": ("seed = 1\nthreads = 1\nseed = 2\n", 3, "sets a key that was set before"),
    "a section opened twice": ("[stop]\nsteps = 1\n[stop]\nrises = 1", 3, "[stop] stands there twice"),
    "a bracket left open": ("[problem]\nhidden = [3, 4", 2, "is not TOML"),
}


@pytest.mark.parametrize(("text", "line", "says"), WRONG.values(), ids=WRONG.keys())
def test_a_complaint_names_file_line_and_what_to_write(text, line, says):
    with pytest.raises(SpecError) as error:
        Spec.from_toml(text, "mine.toml")
    message = str(error.value)
    assert message.startswith(f"mine.toml line {line}: "), message
    assert says in message
    assert "`" not in message
    assert "\n" not in message


def paths(plain, path=()):
    """Every key of nested tables and lists."""
    pairs = plain.items() if isinstance(plain, dict) else enumerate(plain) if isinstance(plain, list) else ()
    for key, value in pairs:
        yield (*path, key), value
        yield from paths(value, (*path, key))


@pytest.mark.slow
@settings(max_examples=25)
@given(specs, st.integers(0, 3))
def test_the_line_of_every_key_is_where_it_stands(spec, blank):
    text = "\n" * blank + spec.to_toml().replace("\n[", "\n# a comment\n[")
    rows = text.split("\n")
    said = read_text(text, "spec.toml")
    for path, value in paths(said.plain):
        name = str(path[-1])
        in_a_list = any(isinstance(part, int) for part in path)
        if isinstance(value, int | float | bool) and name.isidentifier() and not in_a_list:
            assert f"{name} = " in rows[said.lines[path] - 1], path


def test_lines_are_found_behind_values_that_span_several():
    text = '[problem]\nsource = """a\n[stop]\nsteps = 3"""\nhidden = [\n  1,\n  2,\n]\nl2 = 0.5\n'
    said = read_text(text, "spec.toml")
    assert said.lines["problem", "hidden"] == 5
    assert said.lines["problem", "l2"] == 9
    assert ("stop",) not in said.lines


@settings(max_examples=100)
@given(st.text(alphabet="[]{}=\"'#\n ._-+0123456789eabmethodstoprulelr,:\\\ufeff", max_size=60))
def test_whatever_a_file_holds_there_is_a_spec_or_a_sentence(text):
    message = "mine.toml is fine"
    try:
        Spec.from_toml(text, "mine.toml")
    except SpecError as error:
        message = str(error)
    assert message.startswith("mine.toml")
    assert "\n" not in message


def test_a_problem_without_a_kind_is_of_the_kind_that_its_settings_are_of():
    assert Spec.from_toml("[problem]\nsurface = 'saddle'").problem.surface == "saddle"
    assert Spec.from_toml("[problem]\nsource = 'iris'").problem.source == "iris"
    assert Spec.from_toml("\ufeff[problem]\nlabel = 'mine'").problem.label == "mine"
