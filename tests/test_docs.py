"""The documents say what is: their code runs and prints what they show, their links lead somewhere, their lists are
complete, and the site builds without a warning."""

import inspect
import os
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import msgspec
import pytest

import thalweg
from thalweg.descent.method_section import OTHER_METHODS, Method, Phase, default_lr, known_hyper
from thalweg.descent.spec import Batch, Spec, Stop
from thalweg.descent.spec_words import WORDS
from thalweg.formulas.activations import ACTIVATIONS
from thalweg.formulas.initializers import INITIALIZERS
from thalweg.formulas.losses import LOSSES
from thalweg.formulas.measures import MEASURES
from thalweg.formulas.rules import RULES
from thalweg.formulas.schedules import SCHEDULES
from thalweg.formulas.surfaces import SURFACES
from thalweg.interfaces.cli import COMMANDS
from thalweg.problems.bundled import BUNDLED
from thalweg.problems.sections import Custom, OnSurface, Table

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "docs"))
sys.path.insert(0, str(ROOT / "tests" / "interfaces"))

import running  # noqa: E402 - docs/running.py

PAGES = sorted(path for path in (ROOT / "docs").rglob("*.md") if "_build" not in path.parts)
DOCUMENTS = [ROOT / name for name in ("README.md", "CHANGELOG.md", "CONTRIBUTING.md")] + PAGES
FENCED = re.compile(r"^(`{3,})\S*\n.*?^\1$", re.DOTALL | re.MULTILINE)
LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)|!\[[^\]]*\]\(([^)\s]+)\)|<img src=\"([^\"]+)\"")


def text_of(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def short(path: Path) -> str:
    return str(path.relative_to(ROOT))


README = text_of(ROOT / "README.md")
SPEC = text_of(ROOT / "docs" / "spec.md")
BLOCKS = {path: running.blocks_of(text_of(path)) for path in DOCUMENTS}


def has(path: Path, language: str) -> bool:
    return any(block.language == language for block in BLOCKS[path])


@pytest.fixture
def desk(tmp_path, monkeypatch):
    """A folder to work in, and the registries as they were afterwards."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", running.WIDTH)
    running.lay_out(tmp_path)
    registries = RULES, SURFACES
    before = [dict(registry) for registry in registries]
    yield tmp_path
    for registry, known in zip(registries, before, strict=True):
        registry.clear()
        registry.update(known)


def follow(blocks):
    """Do the blocks in order and compare what they print with what is shown under them."""
    namespace: dict[str, object] = {}
    for block in blocks:
        printed = running.done(block, namespace)
        if block.shown is not None:
            assert running.agree(block.shown, printed), f"{block.body}\nprinted\n{printed}\nbut shown is\n{block.shown}"


WITH_COMMANDS = [path for path in DOCUMENTS if has(path, "sh")]
WITHOUT_COMMANDS = [path for path in DOCUMENTS if has(path, "python") and path not in WITH_COMMANDS]
LONG = {  # documents whose Python takes more than a moment
    "docs/concepts/curvature.md",
    "docs/concepts/evidence.md",
    "docs/concepts/learning-rates.md",
    "docs/concepts/optimizers.md",
    "docs/how-to/use-my-own-loss.md",
}


@pytest.mark.parametrize(
    "path",
    [pytest.param(p, marks=pytest.mark.slow if short(p) in LONG else ()) for p in WITHOUT_COMMANDS],
    ids=short,
)
def test_the_python_of_a_document_runs_and_prints_what_it_shows(path, desk):
    follow(block for block in BLOCKS[path] if block.language == "python")


@pytest.mark.slow
@pytest.mark.parametrize("path", WITH_COMMANDS, ids=short)
def test_a_document_with_commands_can_be_followed_from_its_top(path, desk):
    follow(BLOCKS[path])


@pytest.mark.parametrize("path", WITH_COMMANDS, ids=short)
def test_the_command_lines_of_documents_are_ones_that_can_be_tested(path):
    lines = [line for block in BLOCKS[path] if block.language == "sh" for line in block.body.splitlines()]
    assert [line for line in lines if not line.startswith(("thalweg ", "make "))] == []


@pytest.mark.parametrize(
    ("shown", "printed", "due"),
    [
        ("loss 0.1234 in 3 s\n", "loss 0.1235 in 41 s\n", True),
        ("seconds  0.25  0.31\n", "seconds  1.5  0.2\n", True),
        ("loss 0.1234\n", "loss 0.2234\n", False),
        ("gd won\n", "adam won\n", False),
        ("one\ntwo\n", "one\n", False),
        ("…\nlast\n", "first\nlast\n", True),
        ("…\nlast\n", "last\nfirst\n", False),
        ("first\n…\n", "first\nlast\n", True),
        ("a\n…\nb\n…\nc\n", "a\nx\nb\ny\nc\n", True),
        ("a\n…\nb\n…\nc\n", "a\nx\ny\nc\n", False),
    ],
)
def test_what_is_shown_agrees_with_what_is_printed_but_for_times_and_last_digits(shown, printed, due):
    assert running.agree(shown, printed) is due


def test_the_readme_shows_every_command():
    lines = [arguments for block in BLOCKS[ROOT / "README.md"] for arguments, _ in running.commands_of(block)]
    assert {arguments[0] for arguments in lines} == set(COMMANDS)


def test_the_changelog_names_every_command():
    text = text_of(ROOT / "CHANGELOG.md")
    assert [name for name in COMMANDS if f"`thalweg {name}`" not in text] == []


def anchors(text: str) -> set[str]:
    """What the headings of a Markdown file can be linked by."""
    titles = re.findall(r"^#+ (.+)$", FENCED.sub("", text), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("path", DOCUMENTS, ids=short)
def test_every_link_of_a_document_leads_somewhere(path):
    for link in ("".join(found) for found in LINK.findall(FENCED.sub("", text_of(path)))):
        if "://" in link:
            continue
        file, _, anchor = link.partition("#")
        there = (path.parent / file).resolve() if file else path
        assert there.exists(), link
        if anchor and "```{generated}" not in text_of(there):  # of a generated page the build knows the headings
            assert anchor in anchors(text_of(there)), link


def test_every_page_is_in_a_table_of_contents():
    listed = {ROOT / "docs" / "index.md"}
    for page in PAGES:
        for body in re.findall(r"^```\{toctree\}\n(.*?)^```$", text_of(page), re.DOTALL | re.MULTILINE):
            entries = [line for line in body.splitlines() if line and not line.startswith(":")]
            listed |= {found for entry in entries for found in page.parent.glob(f"{entry}.md")}
    assert [short(page) for page in PAGES if page not in listed] == []


def own_docstring(name: str) -> str:
    """Of a public name: not what a library's class hands down."""
    thing = getattr(thalweg, name)
    return (vars(thing).get("__doc__") if inspect.isclass(thing) else inspect.getdoc(thing)) or ""


@pytest.mark.parametrize("name", [name for name in thalweg.__all__ if name != "__version__"])
def test_every_public_name_has_a_docstring_of_its_own(name):
    assert own_docstring(name).strip()


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


@pytest.mark.parametrize("title", FIELDS)
def test_the_reference_says_of_a_field_what_thalweg_spec_says(title):
    rows = re.findall(r"^\| `(\w+)` \| .*? \| (.*?) \|", chapter(title), re.MULTILINE)
    shown = {name: re.sub(r"\[(.*?)\]\(.*?\)", r"\1", meaning).replace("`", "") for name, meaning in rows}
    assert shown == {name: words.meaning for name, words in WORDS[FIELDS[title]].items()}


@pytest.mark.parametrize("rule", REGISTRIES["Rules"])
def test_the_reference_has_every_hyperparameter_with_its_default(rule):
    lr, rest = re.search(rf"^\| `{rule}` \| (\S+) \|(.*)\|$", chapter("Rules"), re.MULTILINE).groups()
    shown = {name: float(value) for name, value in re.findall(r"`(\w+)` ([\d.e-]+)", rest)}
    assert float(lr) == default_lr(rule)
    assert shown == known_hyper(rule)


def test_the_example_has_every_field():
    (example,) = (block.body for block in BLOCKS[ROOT / "docs" / "spec.md"] if block.language == "toml")
    plain = msgspec.toml.decode(example)
    for section, kind in (("problem", Table), ("method", Method), ("batch", Batch), ("stop", Stop)):
        assert plain[section].keys() - {"kind"} == set(kind.__struct_fields__)
    assert plain.keys() == set(Spec.__struct_fields__)
    assert plain["method"]["phases"][0].keys() == set(Phase.__struct_fields__)


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The built site, and what Sphinx said."""
    if find_spec("sphinx") is None:
        said = "sphinx is not installed (make docs installs it): that the site builds was not checked"
        pytest.fail(said) if os.environ.get("CI") else pytest.skip(said)
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-n", "-q", "-E", str(ROOT / "docs"), str(folder)]
    made = subprocess.run(command, capture_output=True, text=True, check=False)
    return folder, made.returncode, made.stderr


@pytest.mark.slow
def test_the_site_builds_without_a_warning_and_names_every_public_name_command_and_rule(site):
    folder, code, said = site
    assert (code, said) == (0, "")
    python = text_of(folder / "reference" / "python.html")
    assert [name for name in thalweg._PLACES if f'id="thalweg.{name}"' not in python] == []
    commands = text_of(folder / "reference" / "command-line.html")
    assert [name for name in COMMANDS if f"<h2>thalweg {name}<" not in commands] == []
    names = text_of(folder / "reference" / "names.html")
    everything = [*RULES, *OTHER_METHODS, *LOSSES, *SCHEDULES, *ACTIVATIONS, *INITIALIZERS, *SURFACES, *MEASURES]
    assert [name for name in everything if f">{name}<" not in names] == []


WIDE = ["index", "spec", "comparison", "reference/python", "concepts/learning-rates"]


@pytest.mark.slow
@pytest.mark.browser
@pytest.mark.parametrize(("width", "dark"), [(390, True), (1280, False)])
def test_pages_stay_inside_the_window_and_ask_nothing_of_the_network(site, width, dark):
    from browser import inspect as look

    for page in WIDE:
        found = look(site[0] / f"{page}.html", width, dark)
        outside = [url for url in found["requests"] if not url.startswith("file:")]
        assert (page, found["overflow"], outside, found["errors"]) == (page, 0, [], [])
