"""A commented spec.toml has every field, reads back as the same Spec, and says what docs/spec.md says."""

import re
import tomllib
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from test_spec import specs

from thalweg.descent.method_section import known_hyper
from thalweg.descent.spec import Spec
from thalweg.descent.spec_text import commented
from thalweg.descent.spec_words import WORDS, choices
from thalweg.problems.sections import OnSurface

DOCS = Path(__file__).parents[2] / "docs" / "spec.md"


@pytest.mark.slow
@settings(max_examples=40)
@given(specs)
def test_a_commented_spec_reads_back_as_itself(spec):
    assert Spec.from_toml(commented(spec, "thalweg spec\nand more\x07")) == spec


@pytest.mark.slow
@settings(max_examples=20)
@given(specs)
def test_every_field_stands_there_with_a_value_or_as_open(spec):
    text = commented(spec)
    plain = tomllib.loads(text)
    for section, record in (
        ("", spec),
        *((name, getattr(spec, name)) for name in ("problem", "method", "batch", "stop")),
    ):
        there = plain if not section else plain[section]
        for name in record.__struct_fields__:
            if name == "phases" and not spec.method.phases:
                continue
            assert name in there or f"\n# {name} = …" in text, name
    for name in known_hyper(spec.method.rule):
        assert f"{name} = " in text


WRITTEN = {
    "the default": Spec(),
    "a rule with everything": Spec().but(
        rule="adamw", beta1=0.8, lr=0.5, schedule="cosine", schedule_options={"floor": 0.1},
        groups={"b*": {"decay": 0}},
        phases=[{"begin": 3, "rule": "momentum", "hyper": {"beta": 0.5}}, {"begin": 9, "rule": "gd", "lr": 0.1}],
    ),
    "a surface": Spec(problem=OnSurface(surface="beale", start=(1.0, -2.5))).but(seed=2**63 - 1, param_bound=1e300),
    "odd names": Spec().but(source='a "b"\\c.csv', drop=("x y", "ü", "#"), groups={"W.1 x": {"lr_scale": 0.5}}),
    "an mlp": Spec().but(model="mlp", hidden=(4, 3), scale_target=False, dtype="float32"),
}  # fmt: skip


@pytest.mark.parametrize("spec", WRITTEN.values(), ids=WRITTEN.keys())
def test_a_spec_written_by_hand_reads_back_from_its_commented_text(spec):
    assert Spec.from_toml(commented(spec)) == spec


@pytest.mark.parametrize("struct", WORDS, ids=lambda struct: struct.__name__)
def test_every_field_has_its_words_and_no_other_has(struct):
    assert list(WORDS[struct]) == list(struct.__struct_fields__)
    for name, words in WORDS[struct].items():
        assert words.meaning
        assert not (words.range and choices(struct, name)), f"the type of {name} says its range"


def plain(cell: str) -> str:
    """A cell of a Markdown table as one reads it."""
    cell = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", cell)
    return re.sub(r"(?<!\w)`|`(?!\w)|`", "", cell).replace("'", "'").strip()


def test_the_reference_says_the_same():
    rows = re.findall(r"^\| `(\w+)` \| (.*?) \| (.*?) \|(.*?)\|$", DOCS.read_text(encoding="utf-8"), re.MULTILINE)
    said = {(name, plain(meaning)) for name, _, meaning, _ in rows}
    documented = {name for name, *_ in rows}
    words = {(name, plain(words.meaning)) for table in WORDS.values() for name, words in table.items()}
    missing = [pair for pair in sorted(words) if pair[0] in documented and pair not in said]
    assert [pair for pair in missing if pair[0] not in ("lr", "rule", "hyper", "begin")] == []


def test_what_is_not_the_default_is_not_marked_as_default():
    text = commented(Spec().but(rule="adam", lr=0.5, steps=7, beta1=0.8))
    marked = {line.split(" = ")[0].strip("# ") for line in text.splitlines() if "; default" in line}
    assert not marked & {"rule", "lr", "steps", "beta1"}
    assert {"seed", "warmup", "batch_size", "jump"} <= marked
    assert msgspec.toml.decode(text)["method"]["hyper"] == {"beta1": 0.8}
