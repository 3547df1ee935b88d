"""The documents say what is: their code runs, their links lead somewhere, their lists are complete."""

import contextlib
import io
import re
from pathlib import Path

import msgspec
import numpy as np
import pytest

from thalweg.descent.method_section import OTHER_METHODS, Method, Phase, default_lr, known_hyper
from thalweg.descent.spec import Batch, Spec, Stop
from thalweg.formulas.activations import ACTIVATIONS
from thalweg.formulas.initializers import INITIALIZERS
from thalweg.formulas.losses import LOSSES
from thalweg.formulas.measures import MEASURES
from thalweg.formulas.rules import RULES
from thalweg.formulas.schedules import SCHEDULES
from thalweg.formulas.surfaces import SURFACES
from thalweg.interfaces.cli import COMMANDS, run
from thalweg.problems.bundled import BUNDLED
from thalweg.problems.sections import Custom, OnSurface, Table

ROOT = Path(__file__).parents[1]
DOCUMENTS = [ROOT / name for name in ("README.md", "CHANGELOG.md", "CONTRIBUTING.md")]
DOCUMENTS += sorted((ROOT / "docs").rglob("*.md"))
PYTHON = re.compile(r"^```python\n(.*?)^```\n(?:\n```text\n(.*?)^```\n)?", re.DOTALL | re.MULTILINE)
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)|<img src=\"([^\"]+)\"")


def text_of(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def short(path: Path) -> str:
    return str(path.relative_to(ROOT))


README = text_of(ROOT / "README.md")
SPEC = text_of(ROOT / "docs" / "spec.md")


def blocks(text: str, language: str) -> list[str]:
    return [body for kind, body in BLOCK.findall(text) if kind == language]


def commands() -> list[str]:
    """The README's command lines, in order."""
    lines = [line for body in blocks(README, "sh") for line in body.splitlines()]
    assert all(line.startswith(("thalweg ", "make ")) for line in lines), lines
    return [line for line in lines if line.startswith("thalweg ")]


def write_files(folder: Path) -> None:
    """The files of a reader's own that the README's commands name."""
    rng = np.random.default_rng(1)
    rows = ["street,area,rooms,age,distance,price"]
    for i in range(400):
        area, age, distance = rng.uniform(40, 220), rng.integers(0, 90), rng.gamma(2, 4)
        rooms = int(np.clip(np.rint(area / 28 + rng.normal(0, 0.8)), 1, 8))
        price = 20 + 1.9 * area + 9 * rooms - 0.5 * age - 3 * distance + rng.normal(0, 18)
        shown = "" if i in (7, 60) else rooms
        rows.append(f"{('oak', 'elm', 'ash')[i % 3]},{area:.0f},{shown},{age},{distance:.1f},{price:.1f}")
    (folder / "houses.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    mine = next(body for body in blocks(README, "python") if body.startswith("# mine.py\n"))
    (folder / "mine.py").write_text(mine, encoding="utf-8")


@pytest.fixture
def desk(tmp_path, monkeypatch):
    """A folder to work in, and the rules as they were afterwards."""
    monkeypatch.chdir(tmp_path)
    write_files(tmp_path)
    before = dict(RULES)
    yield tmp_path
    RULES.clear()
    RULES.update(before)


with_python = [path for path in DOCUMENTS if "```python\n" in text_of(path)]


@pytest.mark.parametrize("path", with_python, ids=short)
def test_the_python_of_a_document_runs_and_prints_what_it_shows(path, desk):
    namespace: dict[str, object] = {}
    for code, shown in PYTHON.findall(text_of(path)):
        said = io.StringIO()
        with contextlib.redirect_stdout(said):
            exec(compile(code, short(path), "exec"), namespace)  # noqa: S102 - our own documents
        if shown:
            assert said.getvalue() == shown


@pytest.mark.slow
def test_the_short_commands_of_the_readme_succeed(desk):
    for line in commands():
        if not line.startswith("thalweg report"):
            assert run(line.split()[1:]) == 0, line


@pytest.mark.slow
def test_the_reports_of_the_readme_succeed_and_can_be_verified(desk):
    lines = [line for line in commands() if line.startswith("thalweg report")]
    assert any("--verify" in line for line in lines)
    for line in lines:
        assert run(line.split()[1:]) == 0, line


def test_the_readme_shows_every_command():
    shown = {line.split()[1] for line in commands()}
    assert shown == set(COMMANDS)


def test_the_changelog_names_every_command():
    text = text_of(ROOT / "CHANGELOG.md")
    assert [name for name in COMMANDS if f"`thalweg {name}`" not in text] == []


def anchors(text: str) -> set[str]:
    """What the headings of a Markdown file can be linked by."""
    titles = re.findall(r"^#+ (.+)$", BLOCK.sub("", text), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("path", DOCUMENTS, ids=short)
def test_every_link_of_a_document_leads_somewhere(path):
    for link in (a or b for a, b in LINK.findall(text_of(path))):
        if "://" in link:
            continue
        file, _, anchor = link.partition("#")
        there = (path.parent / file).resolve() if file else path
        assert there.exists(), link
        if anchor:
            assert anchor in anchors(text_of(there)), link


REGISTRIES = {
    "Rules": [*RULES, *OTHER_METHODS],
    "Schedules": SCHEDULES,
    "Losses": LOSSES,
    "Activations": ACTIVATIONS,
    "Initializers": INITIALIZERS,
    "Surfaces": SURFACES,
    "Measures": MEASURES,
    "Bundled data sets": BUNDLED,
}


def chapter(title: str) -> str:
    """The text under a heading of docs/spec.md, up to the next one."""
    found = re.search(rf"^#+ {re.escape(title)}\n(.*?)(?=^#|\Z)", SPEC, re.DOTALL | re.MULTILINE)
    assert found is not None, title
    return found[1]


@pytest.mark.parametrize("title", REGISTRIES)
def test_the_reference_lists_every_registered_name(title):
    listed = chapter(title)
    assert [name for name in REGISTRIES[title] if f"`{name}`" not in listed] == []


FIELDS = {
    "Top level": Spec,
    'kind = "table": a model fitted to rows': Table,
    'kind = "surface": known ground': OnSurface,
    'kind = "custom": an objective of your own': Custom,
    "method": Method,
    "batch": Batch,
    "stop": Stop,
}
ROW = re.compile(r"^\| `(\w+)` \| (.*?) \|", re.MULTILINE)


@pytest.mark.parametrize("title", FIELDS)
def test_the_reference_has_every_field_with_its_default(title):
    rows = dict(ROW.findall(chapter(title)))
    defaults = msgspec.structs.asdict(FIELDS[title]())
    assert rows.keys() == defaults.keys()
    for name, default in defaults.items():
        if isinstance(default, msgspec.Struct):
            continue
        shown = rows[name].strip("`")
        if default is None:
            assert shown == "open", name
        else:
            expected = list(default) if isinstance(default, tuple) else default
            assert msgspec.toml.decode(f"x = {shown}")["x"] == expected, name


@pytest.mark.parametrize("rule", REGISTRIES["Rules"])
def test_the_reference_has_every_hyperparameter_with_its_default(rule):
    lr, rest = re.search(rf"^\| `{rule}` \| (\S+) \|(.*)\|$", chapter("Rules"), re.MULTILINE).groups()
    shown = {name: float(value) for name, value in re.findall(r"`(\w+)` ([\d.e-]+)", rest)}
    assert float(lr) == default_lr(rule)
    assert shown == known_hyper(rule)


def test_the_example_has_every_field_and_trains(desk):
    (example,) = blocks(SPEC, "toml")
    plain = msgspec.toml.decode(example)
    for section, kind in (("problem", Table), ("method", Method), ("batch", Batch), ("stop", Stop)):
        assert plain[section].keys() - {"kind"} == set(kind.__struct_fields__)
    assert plain.keys() == set(Spec.__struct_fields__)
    assert plain["method"]["phases"][0].keys() == set(Phase.__struct_fields__)
    Path("spec.toml").write_text(example, encoding="utf-8")
    assert run(["train", "spec.toml"]) == 0
