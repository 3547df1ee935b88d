"""A page with every chart, opened in a real browser: narrow and wide, light and dark, with and without script."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from browser import inspect

from thalweg.interfaces.report.blocks import Beside, Callout, Code, Facts, Group, Table
from thalweg.interfaces.report.charts import (
    Bar,
    Event,
    Figure,
    Rates,
    Series,
    Walk,
    bars,
    calibration,
    confusion,
    contours,
    curve,
    histogram,
    lines,
    residuals,
    sweep,
)
from thalweg.interfaces.report.page import render_page

pytestmark = pytest.mark.browser

LONG_NAME = "momentum 0.9 with cosine schedule and warmup, 4096 rows per batch"
STEPS = np.arange(2000)
MADE = np.random.default_rng(0)


def loss_curves() -> list[Figure]:
    fall = {name: 0.01 + 2.3 * np.exp(-STEPS / pace) for name, pace in (("gd", 400), (LONG_NAME, 120), ("adam", 60))}
    broken = np.where(STEPS < 420, 2.3 * np.exp(STEPS / 60.0), np.nan)
    seen = np.arange(0, 2000, 20)
    middle = 0.3 + 0.6 * np.exp(-seen / 300)
    told = [Event(470, "best weights, step 470", "good"), Event(480, "rate halved"), Event(1990, "out of patience")]
    noise = {f"layer {i}, weights": np.exp(MADE.standard_normal(2000) / 3) * 10.0**-i for i in range(9)}
    return [
        lines("Loss", {**fall, "gd, lr 0.9": broken}, y="training loss", events=told, note="A sentence below."),
        lines("Band", [Series("seen", middle, seen, middle - 0.1, middle + 0.1), Series("training", middle / 2, seen)]),
        lines("Norms", noise, x="seconds (s)", y="‖∇L‖ of each layer, mean over the batch, before clipping"),
        lines("Samples", {"loss": [1e-7, 3e-7, 2e-7]}, x="samples seen", y="loss"),
        lines("Large", [Series("loss", [1e12, 5e12, 3e12], x=[1e6, 2e6, 3e6])], x="samples"),
    ]


def comparisons() -> list[Figure]:
    lr = np.logspace(-5, 0, 11)
    loss = 0.1 + (np.log10(lr)[:, None] + 2) ** 2 / 10 + MADE.random((11, 3)) / 50
    loss[-2:] = np.nan
    rules = [Rates(name, lr, np.roll(loss, -i, axis=0), lr[5]) for i, name in enumerate(("gd", LONG_NAME, "adam"))]
    limits = [Event(0.41, "forecast limit of gd, 0.41"), Event(0.5, "limit of momentum, 0.50")]
    effects = [
        Bar(LONG_NAME, 0.06, 0.05, 0.07, "bad"),
        Bar("clip", -0.004, -0.02, 0.01, "good"),
        Bar("rate × 8", np.nan),
    ]
    return [
        sweep("Sweep", rules, limits=limits),
        bars("Effects", effects, x="change of validation loss", signed=True),
        bars("Results", [Bar("adam", 0.304, 0.3, 0.31, "base"), Bar("gd", 0.4)], x="time", unit="s", from_zero=False),
    ]


def predictions() -> list[Figure]:
    places = (np.arange(10) + 0.5) / 10
    many = MADE.poisson(0.7, (20, 20)) + 40 * np.eye(20)
    return [
        calibration("Calibration", places, np.clip(places**1.2, 0, 1), [120, 60, 33, 21, 14, 12, 18, 40, 77, 1600]),
        confusion("Two classes", [[37000, 5], [3, 69]], ["malignant", "benign"]),
        confusion("Twenty classes", many, [f"kind of a thing no. {i}" for i in range(20)]),
        residuals("Residuals", 150 + 50 * MADE.standard_normal(4000), 20 * MADE.standard_normal(4000)),
    ]


def grounds() -> list[Figure]:
    x, y = np.linspace(-2, 2, 90), np.linspace(-1, 3, 90)
    z = (1 - x[None, :]) ** 2 + 20 * (y[:, None] - x[None, :] ** 2) ** 2
    t = np.linspace(0, 3, 120)
    walks = [Walk("gd", -1.3 + t, (t - 1.3) ** 2, 1 / (1 + t)), Walk(LONG_NAME, -1.3 + t / 2, (t / 2 - 1.3) ** 2)]
    steps = 3 + 3 * (-0.8) ** np.arange(14)
    return [
        contours("Contours", x, y, z, walks, minimisers=[[1, 1]], x_name="w₀", y_name="w₁"),
        curve("Curve", 3 + 2 * x, 4 * x**2, [Walk("gd", steps, (steps - 3) ** 2)]),
        histogram("Scales", 10 ** MADE.normal(0, 2, 900), x="scale of a column", log_x=True, marks=[Event(1, "ours")]),
        histogram("Nothing", []),
    ]


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every chart and every block, with the longest names somebody may think of."""
    calibrated, two, twenty, residual = predictions()
    hostile = "<script>document.title='taken'</script> & `code`"
    table = Table(
        ["run", "loss", "steps", "note"], [[LONG_NAME, 0.0213, 812, "a note of some length that has to wrap"]] * 3
    )
    blocks = [
        hostile,
        Callout("good", "Fast and stable", hostile),
        Callout("bad", LONG_NAME),
        table,
        Group("More", [Code(LONG_NAME * 3)]),
        Facts([("rule", "adam"), ("sha256", "9f86d081884c7d65" * 4), ("sampling", LONG_NAME)]),
        Code(LONG_NAME * 3),
    ]
    sections = [
        ("Blocks & more", "blocks", blocks),
        ("Training", "training", loss_curves()),
        ("Comparison", "comparison", comparisons()),
        ("Predictions", "predictions", [Beside([calibrated, two]), twenty, residual]),
        ("Known ground", "ground", grounds()),
    ]
    made = tmp_path_factory.mktemp("page") / "report.html"
    text = render_page(f"A page of {LONG_NAME}", hostile, sections, command="thalweg report x", generated="today")
    made.write_text(text, encoding="utf-8")
    return made


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [390, 800, 1280])
def test_every_text_can_be_read_and_the_page_asks_for_nothing(page: Path, width: int, dark: bool) -> None:
    found = inspect(page, width, dark)
    assert found["width"] == width
    assert found["dark"] == dark
    assert found["figures"] == 16
    assert found["overflow"] == 0
    for trouble in ("errors", "requests", "overlaps", "clipped", "small"):
        assert found[trouble] == [], trouble


def acted(page: Path, script: str, width: int = 1280) -> Any:
    found = inspect(page, width, dark=False, act=f"(() => {{ {script} }})()")
    assert found["errors"] == []
    return found["answer"]


POINTER = """
const titled = (name) => (f) => f.querySelector("figcaption").textContent === name;
const figure = [...document.querySelectorAll("figure")].find(titled("Loss"));
const frame = figure.querySelector(".frame"), box = figure.querySelector(".plot").getBoundingClientRect();
const move = (kind, x) => frame.dispatchEvent(
  new PointerEvent(kind, { clientX: box.left + x * box.width, clientY: box.top + 9, bubbles: true, button: 0 }));
"""


@pytest.mark.parametrize("width", [390, 1280])
def test_pointing_at_a_chart_shows_the_values_there(page: Path, width: int) -> None:
    said = acted(page, POINTER + "move('pointermove', 0.5); return figure.querySelector('.tip').innerText;", width)
    heading, *rows = said.splitlines()
    assert heading in {"step 999", "step 1000"}
    assert [row for row in rows if row.strip()][::2] == ["gd", LONG_NAME, "adam"]  # the broken one ends before
    values = [float(row) for row in [row for row in rows if row.strip()][1::2]]
    assert values == pytest.approx([0.01 + 2.3 * np.exp(-999.5 / pace) for pace in (400, 120, 60)], rel=0.02)


def test_dragging_zooms_and_a_double_click_goes_back(page: Path) -> None:
    ticks = "[...figure.querySelectorAll('.x.axis text')].map((t) => t.textContent.replace(/\\s/g, ''))"
    drag = "move('pointerdown', 0.25); move('pointermove', 0.4); move('pointerup', 0.5);"
    before, zoomed, after = acted(
        page,
        f"{POINTER} const ticks = () => {ticks}; const before = ticks(); {drag} const zoomed = ticks();"
        "frame.dispatchEvent(new MouseEvent('dblclick')); return [before, zoomed, ticks()];",
    )
    assert before == after
    assert len(zoomed) >= 3
    assert all(499 <= float(tick) <= 1000 for tick in zoomed)


def test_a_name_in_the_legend_hides_its_line_and_shows_it_again(page: Path) -> None:
    shown = "[...figure.querySelectorAll('.data .line')].map((line) => getComputedStyle(line).display !== 'none')"
    press = "figure.querySelectorAll('.key')[1].click();"
    script = f"{POINTER} const shown = () => {shown}; {press} const once = shown(); {press} return [once, shown()];"
    once, twice = acted(page, script)
    assert once == [True, False, True, True]
    assert all(twice)


def test_the_slider_follows_a_walk_step_by_step(page: Path) -> None:
    until = "(n) => { slider.value = n; slider.dispatchEvent(new Event('input')); return path().split('L').length; }"
    script = f"""const figure = document.querySelector('figure.contours'), slider = figure.querySelector('input');
        const path = () => figure.querySelector('.walk').getAttribute('d'), until = {until};
        return [until(0), until(5), until(119), figure.querySelector('output').textContent];"""
    start, few, whole, said = acted(page, script)
    assert (start, few, whole) == (1, 6, 120)
    assert said.startswith("step 119")


def test_the_button_turns_the_page_dark_and_light_again(page: Path) -> None:
    paper = "const paper = () => getComputedStyle(document.body).backgroundColor;"
    press = "document.querySelector('#theme').click();"
    before, dark, after = acted(
        page, f"{paper} const a = paper(); {press} const b = paper(); {press} return [a, b, paper()];"
    )
    assert before == after != dark


def test_text_of_a_user_does_not_run(page: Path) -> None:
    assert acted(page, "return document.title;").startswith("A page of")


def test_without_script_the_whole_page_is_there(page: Path) -> None:
    found = inspect(
        page, 1280, dark=False, script=False, act="document.querySelectorAll('.player:not([hidden])').length"
    )
    assert found["answer"] == 0
    assert found["figures"] == 16
    assert found["overlaps"] == found["clipped"] == found["errors"] == []


def test_on_paper_a_dark_page_is_light(page: Path) -> None:
    found = inspect(page, 720, dark=True, media="print")
    assert found["paper"] == "rgb(255, 255, 255)"
    assert found["overlaps"] == found["clipped"] == []


def test_the_inspection_sees_what_it_is_there_to_see(tmp_path: Path) -> None:
    made = tmp_path / "bad.html"
    made.write_text(
        """<!doctype html><title>bad</title><body style="margin:0"><figure><figcaption>Fig</figcaption>
        <svg width="300" height="60"><text x="5" y="30">one</text><text x="12" y="32">two</text>
        <text x="5" y="50" font-size="8">three</text></svg></figure><p style="width:3000px">wide</p>
        <img src="nowhere.png"><script>throw new Error("broken")</script>"""
    )
    found = inspect(made, 390, dark=False)
    assert found["overlaps"] == ['Fig: "one" meets "two"']
    assert found["small"] == ['Fig: "three"']
    assert found["clipped"] == ['P "wide" leaves the page']
    assert found["overflow"] > 1000
    assert [Path(url).name for url in found["requests"]] == ["nowhere.png"]
    assert any("broken" in error for error in found["errors"])
