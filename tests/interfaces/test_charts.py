"""Laws of the charts: ticks, thinning, escaping, and that no input whatever breaks a drawing."""

import base64
import itertools
import math
import re
from collections.abc import Callable
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

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
from thalweg.interfaces.report.charts.drawable import numbers, packed
from thalweg.interfaces.report.charts.events import place
from thalweg.interfaces.report.charts.marks import line_path
from thalweg.interfaces.report.charts.markup import data_script, number, tag, text
from thalweg.interfaces.report.charts.plot import NARROW
from thalweg.interfaces.report.charts.scale import Scale, counting, fit, wants_log
from thalweg.interfaces.report.charts.thinning import thinned_cloud, thinned_line, thinned_rows
from thalweg.interfaces.report.charts.wording import MINUS, THIN_SPACE, short, truncated

Draw = Callable[[str, np.ndarray], Figure]


def draw_lines(name: str, v: np.ndarray) -> Figure:
    return lines(name, {name: v, "other": v[::-1]}, y=name, events=[Event(3, name, "bad")], note=name)


def draw_sweep(name: str, v: np.ndarray) -> Figure:
    rates = [Rates(name, v[:40], v[:40], 0.1), Rates("b", np.abs(v[:40]), np.stack([v, -v], 1)[:40])]
    return sweep(name, rates, limits=[Event(0.1, name)])


def draw_contours(name: str, v: np.ndarray) -> Figure:
    walk = Walk(name, v, v, v)
    return contours(name, v, v, np.outer(v, v), [walk], minimisers=[[1, 1]], x_name=name)


CHARTS: dict[str, Draw] = {
    "lines": draw_lines,
    "lines on log axes": lambda name, v: lines(name, {name: v}, log=True, log_x=True),
    "lines with a band": lambda name, v: lines(name, [Series(name, v, x=v, lo=v - 1, hi=v + 1)]),
    "sweep": draw_sweep,
    "bars": lambda name, v: bars(name, [Bar(name, x, x, x + 1, "good") for x in v[:9]], x=name, unit=name),
    "dots": lambda name, v: bars(name, [Bar(name, x) for x in v[:9]], from_zero=False, signed=True),
    "calibration": lambda name, v: calibration(name, v[:30], v[:30], v[:30], note=name),
    "confusion": lambda name, v: confusion(name, np.outer(v, v)[:6, :6], [name] * 3, note=name),
    "residuals": lambda name, v: residuals(name, v, v[::-1], x=name, y=name, note=name),
    "histogram": lambda name, v: histogram(name, v, x=name, marks=[Event(0, name)], note=name),
    "histogram on a log axis": lambda name, v: histogram(name, v, log_x=True),
    "contours": draw_contours,
    "curve": lambda name, v: curve(name, v, v * v, [Walk(name, v, v)], x_name=name, note=name),
}

NASTY = {
    "empty": np.zeros(0),
    "one point": np.array([2.5]),
    "constant": np.full(7, 3.0),
    "zeros": np.zeros(5),
    "all NaN": np.full(6, np.nan),
    "infinite": np.array([np.inf, -np.inf, 1.0, np.inf]),
    "huge": np.array([1e300, -1e300, 1.7e308, 1.0]),
    "tiny": np.array([5e-324, 1e-310, 1e-300, 1e-200]),
    "tiny differences": 1 + np.arange(6) * 2.3e-16,
    "far from zero": 1e15 + np.arange(5.0),
    "everything at once": np.array([np.nan, 1e300, -3.0, 0.0, 1e-300, np.inf, 2.0, 1e-5, np.nan]),
    "negative": -np.arange(1.0, 9.0),
    "ends in NaN": np.array([4.0, 2.0, 1.0, 8.0, np.nan, np.nan]),
    "long": np.sin(np.arange(700.0)) + 2,
}

finite_floats = st.floats(-1e12, 1e12)
texts = st.text(max_size=40)


def parsed(figure: Figure) -> ElementTree.Element:
    """The figure read as XML, which also proves that it is well formed."""
    return ElementTree.fromstring(figure.html)  # noqa: S314 - our own markup


def in_pieces(found: ElementTree.Element) -> list[tuple[str, str]]:
    return [(key, value) for element in found.iter() for key, value in element.attrib.items()]


def points(path: str) -> np.ndarray:
    """The points (N, 2) a path of M and l commands goes through."""
    places, x, y = [], 0, 0
    for kind, a, b in re.findall(r"([Ml])(-?\d+)\s?(-?\d+)", path):
        x, y = (int(a), int(b)) if kind == "M" else (x + int(a), y + int(b))
        places.append((x, y))
    return np.array(places)


# --- every chart on every input ------------------------------------------------------------------------


@pytest.mark.few(24)
@pytest.mark.parametrize("values", NASTY.values(), ids=NASTY)
@pytest.mark.parametrize("draw", CHARTS.values(), ids=CHARTS)
def test_every_chart_draws_any_numbers_without_raising_or_writing_nan(draw: Draw, values: np.ndarray) -> None:
    with np.errstate(all="ignore"):  # the arithmetic of the test's own lambdas, not of the charts
        figure = draw("title", values)
    for key, value in in_pieces(parsed(figure)):
        if key in {"d", "x", "y", "x1", "x2", "y1", "y2", "cx", "cy", "r", "width", "height", "style", "viewBox"}:
            assert not re.search(r"nan|inf", value, re.IGNORECASE), (key, value)


@pytest.mark.parametrize("draw", CHARTS.values(), ids=CHARTS)
def test_every_chart_says_so_where_nothing_can_be_drawn(draw: Draw) -> None:
    figure = draw("title", np.full(4, np.nan))
    assert "nothing finite to draw" in figure.html
    assert "<path" not in figure.html


@settings(max_examples=25)
@given(values=st.lists(st.floats(), max_size=30), draw=st.sampled_from(sorted(CHARTS)))
def test_no_list_of_floats_breaks_a_chart(values: list[float], draw: str) -> None:
    with np.errstate(all="ignore"):
        parsed(CHARTS[draw]("title", np.array(values)))


@pytest.mark.parametrize("draw", CHARTS.values(), ids=CHARTS)
def test_every_figure_has_a_title_a_description_and_its_numbers_in_thirty_rows(draw: Draw) -> None:
    found = parsed(draw("The title", np.abs(np.sin(np.arange(500.0))) + 0.1))
    assert found.find("figcaption").text == "The title"
    described = [e for e in found.iter() if e.get("role") == "img"]
    assert described
    assert all(e.get("aria-label", "").startswith("The title") for e in described)
    assert 0 < len(found.findall(".//details//tbody/tr")) <= 30


@pytest.mark.few(3)
@settings(max_examples=20)
@given(name=texts)
@pytest.mark.parametrize("draw", CHARTS.values(), ids=CHARTS)
def test_no_text_becomes_markup(draw: Draw, name: str) -> None:
    values = np.array([1.0, 2.0, 0.5, 4.0, np.nan])
    hostile, harmless = parsed(draw(f"</script><b>&{name}", values)), parsed(draw("x", values))
    assert {e.tag for e in hostile.iter()} <= {e.tag for e in harmless.iter()} | {"title"}
    assert "<b>" not in draw(f"<b>{name}", values).html


# --- markup ---------------------------------------------------------------------------------------------


@given(value=texts, attribute=texts)
def test_escaped_text_comes_back_as_it_was(value: str, attribute: str) -> None:
    found = ElementTree.fromstring(tag("p", text(value), title=attribute))  # noqa: S314 - our own markup
    unwritable = "[\x00-\x08\x0b-\x1f\x7f-\x9f\ufffe\uffff]"
    assert (found.text or "") == re.sub(unwritable, "\ufffd", value)
    assert found.get("title").split() == re.sub(unwritable, "\ufffd", attribute).split()


@given(value=texts)
def test_data_for_the_script_cannot_end_its_element(value: str) -> None:
    inside = data_script({value: value}).removeprefix('<script type="application/json">').removesuffix("</script>")
    assert not set("<>&") & set(inside)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_coordinate_that_is_not_finite_is_refused(value: float) -> None:
    with pytest.raises(ValueError, match="expected a finite number"):
        number(value)


# --- scales and ticks -----------------------------------------------------------------------------------


@given(a=finite_floats, b=finite_floats, target=st.integers(2, 9))
def test_linear_ticks_lie_inside_the_axis_evenly_and_at_nice_places(a: float, b: float, target: int) -> None:
    lo, hi = min(a, b), max(a, b)
    assume(hi - lo > 1e-9 * max(abs(lo), abs(hi)) and hi - lo > 1e-100)
    ticks = Scale(lo, hi).ticks(target)
    values = [tick.value for tick in ticks]
    assert all(lo <= value <= hi for value in values)
    assert 1 <= len(values) <= target + 1
    if len(values) > 2:
        step = (values[-1] - values[0]) / (len(values) - 1)
        mantissa = step / 10 ** math.floor(math.log10(step) + 1e-6)
        assert min(abs(mantissa - nice) for nice in (1, 2, 2.5, 5)) < 1e-3
        assert np.allclose(np.diff(values), step, rtol=1e-4)


@given(low=st.floats(-290, 280), decades=st.floats(0.01, 500), target=st.integers(3, 8))
def test_log_ticks_lie_inside_the_axis_and_are_never_missing(low: float, decades: float, target: int) -> None:
    assume(low + decades < 299)
    scale = Scale(10**low, 10 ** (low + decades), log=True)
    ticks = scale.ticks(target)
    assert ticks
    assert all(scale.lo <= tick.value <= scale.hi for tick in ticks)
    assert len([tick for tick in ticks if tick.label]) <= 3 * target + 1


@given(a=finite_floats, b=finite_floats)
def test_labels_of_an_axis_differ_and_read_back_as_their_ticks(a: float, b: float) -> None:
    lo, hi = min(a, b), max(a, b)
    assume(hi - lo > 1e-6 * max(abs(lo), abs(hi)) and hi - lo > 1e-100)
    ticks = Scale(lo, hi).ticks()
    labels = [tick.label for tick in ticks]
    assert len(set(labels)) == len(labels)
    for tick in ticks:
        assert read(tick.label) == pytest.approx(tick.value, abs=1e-3 * (hi - lo))


def read(label: str) -> float:
    return float(label.replace(MINUS, "-").replace(THIN_SPACE, ""))


@given(last=st.integers(2, 10_000))
def test_an_axis_that_counts_steps_has_no_ticks_between_them(last: int) -> None:
    steps = np.arange(last + 1.0)
    ticks = counting(fit(steps, pad=0), steps).ticks(8)
    assert len(ticks) >= 2
    assert all(tick.value == round(tick.value) for tick in ticks)


def test_a_log_axis_under_two_decades_has_minor_ticks_and_labels_at_1_2_5() -> None:
    ticks = Scale(0.09, 2.1, log=True).ticks()
    assert [tick.label for tick in ticks if tick.label] == ["0.1", "0.2", "0.5", "1", "2"]
    assert sum(not tick.label for tick in ticks) == 7  # 0.09, 0.3, 0.4, 0.6 … 0.9


@given(values=st.lists(st.floats(allow_nan=True), min_size=1, max_size=20), log=st.booleans())
def test_a_fitted_scale_keeps_order_and_holds_everything_it_was_fitted_to(values: list[float], log: bool) -> None:
    drawable = np.sort(numbers(values))
    scale = fit(drawable, log=log)
    shown = drawable[np.isfinite(drawable) & ((drawable > 0) | (not log))]
    assert (scale is None) == (not shown.size)
    if scale is not None:
        u = scale.unit(shown)
        assert np.all(np.diff(u) >= 0)
        assert 0 <= u.min() <= u.max() <= 1


def test_the_axis_becomes_logarithmic_only_where_that_tells_more() -> None:
    assert wants_log(np.array([1e-3, 1.0]))
    assert not wants_log(np.array([0.5, 2.3]))
    assert not wants_log(np.array([-1.0, 1e9]))
    assert not wants_log(np.zeros(0))


# --- thinning -------------------------------------------------------------------------------------------


@given(seed=st.integers(0, 2**32 - 1), count=st.integers(2, 4000), columns=st.integers(5, 300))
def test_thinning_keeps_the_lowest_and_highest_point_of_every_column(seed: int, count: int, columns: int) -> None:
    made = np.random.default_rng(seed)
    u, v = np.sort(made.random(count)), made.standard_normal(count)
    kept = thinned_line(u, v, columns)
    where = np.clip((u * columns).astype(int), 0, columns - 1)
    assert len(kept) <= 2 * columns + 2
    assert {0, count - 1} <= set(kept)
    for column in np.unique(where):
        inside, left = v[where == column], v[kept][where[kept] == column]
        assert left.min() == inside.min()
        assert left.max() == inside.max()


@pytest.mark.slow
def test_a_single_spike_in_a_million_steps_is_drawn() -> None:
    y = np.ones(1_000_000)
    y[654_321] = 50.0
    figure = lines("spike", {"loss": y}, log=False)
    path = next(e for e in parsed(figure).iter("path") if "line" in e.get("class", "").split())
    heights = points(path.get("d"))[:, 1]
    assert len(heights) <= 600
    assert np.ptp(heights) > 8000  # nearly the whole box of 10 000 units


@given(seed=st.integers(0, 2**32 - 1), count=st.integers(1, 5000), most=st.integers(10, 2000))
def test_a_thinned_cloud_keeps_its_extremes(seed: int, count: int, most: int) -> None:
    v = np.random.default_rng(seed).standard_normal(count)
    kept = thinned_cloud(v, most)
    assert len(kept) <= max(most, 2)
    assert v[kept].min() == v.min()
    assert v[kept].max() == v.max()


@given(count=st.integers(1, 10_000), most=st.integers(2, 40))
def test_thinned_rows_have_the_first_and_the_last_and_are_few(count: int, most: int) -> None:
    rows = thinned_rows(count, most)
    assert (rows[0], rows[-1]) == (0, count - 1)
    assert len(rows) == min(count, most)


# --- numbers and words ----------------------------------------------------------------------------------


@given(value=st.floats(-1e300, 1e300))
def test_a_short_number_reads_back_to_its_digits(value: float) -> None:
    assert read(short(value)) == pytest.approx(value, rel=1e-3, abs=1e-320)


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (0.0, "0"),
        (0.25, "0.25"),
        (1234.5, "1234"),
        (12345.6, f"12{THIN_SPACE}346"),
        (1.5e-5, "1.5e-5"),
        (-0.5, f"{MINUS}0.5"),
    ],
)
def test_numbers_are_written_as_people_write_them(value: float, written: str) -> None:
    assert short(value) == written


@given(label=texts, most=st.integers(3, 30))
def test_a_truncated_name_is_never_longer_than_asked(label: str, most: int) -> None:
    assert len(truncated(label, most)) <= most


@given(values=st.lists(st.floats(-1e300, 1e300), min_size=1, max_size=20))
def test_packed_numbers_come_back_to_seven_digits(values: list[float]) -> None:
    data = packed(numbers(values))
    found = np.frombuffer(base64.b64decode(data[2:]), dtype="<" + data[:2])
    assert found == pytest.approx(numbers(values), rel=1e-6)


@given(u=st.lists(st.floats(-3, 4), min_size=1, max_size=30), seed=st.integers(0, 99))
def test_a_path_goes_through_every_point_it_is_given(u: list[float], seed: int) -> None:
    across = np.array(u)
    v = np.random.default_rng(seed).random(len(u))
    expected = np.stack([np.clip(np.rint(across * 1e4), -1e4, 2e4), np.rint((1 - v) * 1e4)], 1)
    assert np.array_equal(points(line_path(across, v)), expected)


# --- what single charts promise ---------------------------------------------------------------------------


@given(
    found=st.lists(st.tuples(st.floats(0, 1), st.text("abc ", min_size=1, max_size=60)), max_size=8),
    wider=st.floats(1, 5),
)
def test_texts_of_events_never_meet_at_any_width(found: list[tuple[float, str]], wider: float) -> None:
    placed = place([Event(x, words) for x, words in found], Scale(0, 1))
    assert len(placed) == len(found)
    spans = [(p.row, p.u * NARROW * wider + p.start, p.u * NARROW * (wider - 1) + p.span[1]) for p in placed]
    for i, (row, begin, end) in enumerate(spans):
        for other_row, other_begin, other_end in spans[i + 1 :]:
            assert row != other_row or end <= other_begin + 1e-6 or other_end <= begin + 1e-6


def test_a_series_that_ends_not_finite_is_marked_and_one_with_gaps_is_not() -> None:
    diverged = lines("t", {"a": [3.0, 2.0, 5.0, np.inf, np.nan], "b": [3.0, 2.0, 1.0, 0.9, 0.8]})
    assert "a: not finite after step 2" in diverged.html
    assert len([e for e in parsed(diverged).iter() if e.get("class") == "cross"]) == 1
    gaps = lines("t", {"a": [3.0, np.nan, 2.0, np.nan, 1.0]})
    assert "not finite after" not in gaps.html
    path = next(e for e in parsed(gaps).iter("path") if "line" in e.get("class", ""))
    assert path.get("d").count("M") == 3


def test_a_divergence_the_caller_names_is_not_named_twice() -> None:
    figure = lines("t", {"a": [1.0, 2.0, np.nan]}, events=iter([Event(1, "diverged at step 2", "bad")]))
    assert "diverged at step 2" in figure.html
    assert "not finite after" not in figure.html


def test_a_line_that_explodes_does_not_flatten_the_others() -> None:
    t = np.arange(300.0)
    figure = lines("t", {"good": 2 * np.exp(-t / 50) + 0.1, "bad": 2 * np.exp(t)})
    good = next(e for e in parsed(figure).iter("path") if e.get("class") == "line c0 d0")
    assert np.ptp(points(good.get("d"))[:, 1]) > 1000  # a tenth of the box and more


def test_values_at_or_below_zero_are_counted_where_a_log_axis_hides_them() -> None:
    assert "2 values at or below zero" in lines("t", {"a": [1.0, 0.0, -1.0, 2.0]}, log=True).html


def test_a_sweep_crosses_out_what_diverged_and_rings_what_was_chosen() -> None:
    loss = np.array([[2.0, 2.2], [1.0, 1.1], [0.5, np.nan], [np.inf, np.nan]])
    figure = sweep("t", [Rates("gd", [0.001, 0.01, 0.1, 1.0], loss, chosen=0.01)])
    titles = [e.text for e in parsed(figure).iter("title")]
    assert "gd, lr 0.1: 1 of 2 diverged" in titles
    assert "gd, lr 1: 2 of 2 diverged" in titles
    assert "gd: chosen rate 0.01" in titles
    assert sum(e.get("class") == "dot" for e in parsed(figure).iter("circle")) == 3


@given(values=st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=300), log=st.booleans())
def test_a_histogram_counts_every_value_once(values: list[float], log: bool) -> None:
    shown = [v for v in numbers(values) if v > 0 or not log]
    rows = parsed(histogram("t", values, log_x=log, bins=20)).findall(".//tbody/tr")
    assert sum(int(row[-1].text) for row in rows) == len(shown)


def test_cells_of_a_confusion_matrix_show_counts_and_shares_of_their_row() -> None:
    found = parsed(confusion("t", [[8, 2], [0, 5]], ["cat", "a dog with a very long name"]))
    words = [e.text for e in found.iter("text")]
    assert {"8", "80%", "2", "20%", "5", "100%"} <= set(words)
    assert "true cat, predicted a dog with a very long name: 2 (20.0%)" in [e.text for e in found.iter("title")]


def test_bars_on_one_side_of_zero_start_at_the_edge_and_both_signs_share_a_zero() -> None:
    positive = parsed(bars("t", [Bar("a", 1.0), Bar("b", 2.0)]))
    assert [rect.get("x") for rect in positive.iter("rect")] == ["0%", "0%"]
    both = list(parsed(bars("t", [Bar("a", -1.0), Bar("b", 2.0)], signed=True)).iter("rect"))
    left, right = (float(rect.get("x").rstrip("%")) for rect in both)
    assert left + float(both[0].get("width").rstrip("%")) == pytest.approx(right, abs=0.02)
    assert 5 < right < 95


def test_thousands_of_residuals_are_thinned_and_the_figure_says_so() -> None:
    made = np.random.default_rng(0)
    figure = residuals("t", made.random(9000), made.standard_normal(9000))
    cloud = next(e for e in parsed(figure).iter("path") if "cloud" in e.get("class"))
    assert cloud.get("d").count("M") <= 2000
    assert "of 9000 rows are drawn" in figure.html


def test_contours_sink_towards_the_minimum() -> None:
    x = np.linspace(-2, 2, 41)
    z = x[None, :] ** 2 + 3 * x[:, None] ** 2
    found = parsed(contours("t", x, x, z, [Walk("gd", [-1, 0.5, 0], [1, -0.5, 0], [4, 1, 0])], minimisers=[[0, 0]]))
    levels = [points(e.get("d")) for e in found.iter("path") if e.get("class") == "level"]
    assert len(levels) >= 8
    for inner, outer in itertools.pairwise(levels):  # each region lies within the next
        assert np.all(inner.min(axis=0) >= outer.min(axis=0))
        assert np.all(inner.max(axis=0) <= outer.max(axis=0))
    assert [e.get("class") for e in found.iter("path")][-1] == "minimiser"


def test_a_walk_that_leaves_the_numbers_is_followed_to_there() -> None:
    x = np.linspace(-1, 1, 20)
    figure = curve("t", x, x**2, [Walk("gd", [0.5, -2.0, np.nan, 1.0], [0.25, 4.0, np.nan, 1.0])])
    assert "gd is not finite after step 1." in figure.html
