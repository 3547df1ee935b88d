"""Laws of the page: it holds what it was given, escaped; it is whole by itself; its colours can be read."""

import base64
import hashlib
import html
import itertools
import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from thalweg.interfaces.report import page
from thalweg.interfaces.report.blocks import Beside, Callout, Code, Facts, Group, Table, prose, shown
from thalweg.interfaces.report.charts import lines
from thalweg.interfaces.report.page import Section, render_page

CSS = (Path(page.__file__).parent / "report.css").read_text(encoding="utf-8")
THEMES = ("light", "dark")
SERIES = [f"c{i}" for i in range(8)]
GROUNDS = ("paper", "card")


def rendered(*blocks: object, title: str = "Title", anchor: str = "part") -> str:
    return render_page(title, "Subtitle", [(title, anchor, blocks)], command="thalweg report x", generated="today")


# --- content ---------------------------------------------------------------------------------------------


@settings(max_examples=40)
@given(words=st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="`"), min_size=1, max_size=30))
def test_no_text_of_a_user_becomes_markup_anywhere_on_the_page(words: str) -> None:
    hostile = f"<img src=x onerror=alert(1)>'\"&{words}"
    blocks = [
        hostile,
        Callout("bad", hostile, hostile),
        Table([hostile], [[hostile]], caption=hostile),
        Facts([(hostile, hostile)]),
        Group(hostile, [Code(hostile)]),
        Beside([hostile]),
        lines(hostile, {hostile: [1, 2]}, note=hostile),
    ]
    made = render_page(hostile, hostile, [(hostile, hostile, blocks)], command=hostile, generated=hostile)
    assert "<img" not in made
    assert html.unescape(made).count(hostile) >= 15


def test_a_page_needs_nothing_from_outside() -> None:
    made = rendered(lines("Loss", {"gd": [3.0, 2.0, 1.0]}))
    addresses = set(re.findall(r"""https?://[^\s"'<>)]+""", made))
    assert addresses <= {"http://www.w3.org/2000/svg"}  # a name in the script, never fetched
    assert "default-src 'none'" in made
    assert not re.search(r"<(link|img|iframe|script)[^>]+(src|href)=(?!\"data:,\")", made)


def test_the_policy_allows_exactly_the_script_of_the_page() -> None:
    made = rendered("text")
    script = re.search(r"<script>(.*?)</script>", made, re.DOTALL).group(1)
    fingerprint = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    policy = html.unescape(re.search(r'Security-Policy" content="([^"]*)"', made).group(1))
    assert f"script-src 'sha256-{fingerprint}'" in policy
    assert not re.search(r"\son[a-z]+=", made.replace(script, ""))


def test_anchors_are_plain_words_and_never_twice_the_same() -> None:
    sections = [Section("A", "Same & same", ["a"]), ("B", "same same", ["b"]), ("C", "", ["c"])]
    made = render_page("t", "", sections, command="", generated="")
    anchors = re.findall(r'<section id="([^"]*)"', made)
    assert anchors == ["same-same", "same-same-2", "section-3"]
    assert re.findall(r'<a href="#([^"]*)">[ABC]<', made) == anchors


def test_columns_of_numbers_stand_at_the_right_unless_told_otherwise() -> None:
    rows = [["gd", 1.5, None, True, "x" * 40], ["adam", 2, 3, False, "short"]]
    table = Table(["name", "loss", "step", "ok", "note"], rows)
    assert table.classes() == ["left short", "right short", "right short", "left short", "left long"]
    assert Table(["a", "b"], [[1, "x"]], align="cr").classes() == ["center short", "right short"]


@pytest.mark.parametrize(
    ("value", "words"),
    [(None, "–"), (True, "yes"), (0.123456, "0.1235"), (7, "7"), (float("nan"), "not finite"), ("a", "a")],
)
def test_values_are_shown_as_people_write_them(value: object, words: str) -> None:
    assert shown(value) == words


def test_backticks_set_code_and_the_rest_stays_text() -> None:
    assert prose("use `lr < 1` & go") == "use <code>lr &lt; 1</code> &amp; go"


def test_groups_hold_blocks_within_blocks() -> None:
    made = rendered(Group("More", [Group("Yet more", ["deep inside"], open=True)]))
    assert re.search(r"<details class=\"group\">.*<details class=\"group\" open>.*deep inside", made, re.DOTALL)


def test_a_page_of_a_dozen_long_charts_stays_under_half_a_megabyte() -> None:
    noise = np.random.default_rng(0)
    series = {name: np.exp(noise.standard_normal(20_000)) for name in ("gd", "momentum", "adam")}
    made = rendered(*(lines(f"Chart {i}", series) for i in range(12)))
    assert len(made.encode()) < 500_000


# --- colours ---------------------------------------------------------------------------------------------


def colour(name: str, theme: str) -> np.ndarray:
    """Linear RGB of a variable of the style sheet, 0 to 1."""
    light, dark = re.search(rf"--{name}: light-dark\((#[0-9a-f]{{6}}), (#[0-9a-f]{{6}})\)", CSS).groups()
    written = light if theme == "light" else dark
    stored = np.array([int(written[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    return np.where(stored <= 0.04045, stored / 12.92, ((stored + 0.055) / 1.055) ** 2.4)


def contrast(one: str, other: str, theme: str) -> float:
    """Contrast ratio as WCAG 2.2 defines it."""
    low, high = sorted(float(colour(name, theme) @ [0.2126, 0.7152, 0.0722]) for name in (one, other))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("name", ["ink", "muted", "accent", "good", "warn", "bad"])
def test_text_has_a_contrast_of_four_and_a_half(name: str, theme: str) -> None:
    assert min(contrast(name, ground, theme) for ground in GROUNDS) >= 4.5


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("name", SERIES)
def test_lines_have_a_contrast_of_three(name: str, theme: str) -> None:
    assert min(contrast(name, ground, theme) for ground in GROUNDS) >= 3


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("shade", range(10))
def test_text_on_every_shade_of_the_heat_map_can_be_read(shade: int, theme: str) -> None:
    on = "on-low" if shade < 6 else "on-high"
    assert contrast(on, f"h{shade}", theme) >= 4.5


# Linear RGB as people with one kind of cone missing see it (Machado, Oliveira & Fernandes 2009, severity 1).
SIGHT = {
    "full": np.eye(3),
    "protan": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deutan": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]],
}


def oklab(linear: np.ndarray) -> np.ndarray:
    """A colour in the space of Ottosson (2020), where distances are about what eyes tell apart."""
    cones = np.array(
        [[0.4122215, 0.5363325, 0.051446], [0.2119035, 0.6806995, 0.107397], [0.0883025, 0.2817188, 0.6299787]]
    )
    axes = np.array(
        [[0.2104543, 0.7936178, -0.0040720], [1.9779985, -2.4285922, 0.4505937], [0.0259040, 0.7827718, -0.8086758]]
    )
    return axes @ np.cbrt(cones @ np.clip(linear, 0, 1))


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("sight", SIGHT)
def test_colours_of_the_first_five_series_differ_for_every_kind_of_sight(sight: str, theme: str) -> None:
    seen = [oklab(np.array(SIGHT[sight]) @ colour(name, theme)) for name in SERIES[:5]]
    assert min(np.linalg.norm(a - b) for a, b in itertools.combinations(seen, 2)) > 0.08
