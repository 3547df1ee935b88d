"""Laws of the single answers of a profile, each against a second way of counting."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from thalweg.evidence import row_ids as hashing
from thalweg.evidence.profile.gaps import gaps, related
from thalweg.evidence.profile.levels import spellings, top_levels, words_for_gaps
from thalweg.evidence.profile.naming import named_after, tokens
from thalweg.evidence.profile.numbers import numbers
from thalweg.evidence.profile.order import in_runs, order_of
from thalweg.evidence.profile.outliers import cutoff, outliers
from thalweg.evidence.profile.rows import contradictions, whole_rows
from thalweg.evidence.profile.scores import Truth, area, in_levels, score, smooth_r2
from thalweg.evidence.profile.sums import sum_of
from thalweg.evidence.profile.together import dependence, raw_condition, same_columns, steps_needed, together
from thalweg.evidence.profile.values import Values, clock_text, date_text
from thalweg.evidence.profile.wording import brief, mean_and_sd, named, percent
from thalweg.evidence.row_ids import compared, repeats, row_ids
from thalweg.formulas.measures import roc_auc

SMALL = st.sampled_from([0.0, -0.0, 1.0, 2.5, np.nan])
FEW = settings(max_examples=15)


def number(x, name="x"):
    return Values(name, "number", "number", np.asarray(x, float))


def text(words, name="x"):
    levels = tuple(sorted({word for word in words if word is not None}))
    codes = [np.nan if word is None else levels.index(word) for word in words]
    return Values(name, "text", "text", np.array(codes, float), levels)


# Rows


@FEW
@given(st.integers(1, 12).flatmap(lambda n: st.lists(st.lists(SMALL, min_size=n, max_size=n), min_size=1, max_size=4)))
def test_rows_share_a_number_exactly_where_they_are_equal(columns):
    columns = [np.array(column) for column in columns]
    rows = [tuple("nan" if np.isnan(v) else v + 0.0 for v in row) for row in zip(*columns, strict=True)]
    ids = row_ids(columns).tolist()
    assert all((a == b) == (rows[i] == rows[j]) for (i, a), (j, b) in product(enumerate(ids), enumerate(ids)))
    assert ids == compared(columns).tolist()
    assert repeats(np.array(ids)) == len(rows) - len(set(rows))


def test_rows_are_told_apart_even_when_all_hashes_are_the_same(monkeypatch):
    monkeypatch.setattr(hashing, "mixed", np.zeros_like)
    columns = [np.array([1.0, 2.0, 1.0]), np.array([3.0, 3.0, 3.0])]
    assert row_ids(columns).tolist() == [0, 1, 0]


@FEW
@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), min_size=1, max_size=30))
def test_contradictions_and_the_ceiling_are_those_of_the_best_table_of_answers(pairs):
    x, y = (np.array(column, float) for column in zip(*pairs, strict=True))
    answers = {v: y[x == v] for v in x}
    rows, ceiling = contradictions(row_ids([x]), y, quantity=False)
    assert rows == sum(len(set(answers[v].tolist())) > 1 for v in x)
    assert ceiling == pytest.approx(sum(max(np.bincount(a.astype(int))) for a in answers.values()) / len(y))
    rows, ceiling = contradictions(row_ids([x]), y, quantity=True)
    left = sum(((a - a.mean()) ** 2).sum() for a in answers.values())
    assert ceiling == pytest.approx(1 - left / ((y - y.mean()) ** 2).sum() if y.std() else 1.0)


def test_whole_rows_count_every_copy_but_the_first():
    assert whole_rows([number([1, 1, 1, 2]), text(["a", "a", "b", "a"])]) == 1
    assert whole_rows([]) == 0


# Numbers


@FEW
@given(st.lists(st.floats(allow_nan=False, width=64), min_size=1, max_size=40))
def test_a_histogram_loses_no_value_and_the_summary_is_that_of_the_finite_ones(values):
    x = np.array(values)
    found = numbers(x)
    finite = x[np.isfinite(x)]
    if not len(finite):
        assert found is None
        return
    bins = found.histogram
    assert sum(bins.counts) + bins.below + bins.above == len(finite)
    assert (found.min, found.max, found.infinite) == (finite.min(), finite.max(), len(x) - len(finite))
    assert found.min <= found.median <= found.max
    assert found.sd >= 0
    assert 0 <= found.outliers.count <= len(finite)


@pytest.mark.parametrize("unit", [1, 0.1, 0.01])
def test_bins_of_rounded_values_hold_equally_many_of_them(unit):
    x = np.arange(0, 120) * unit
    assert set(numbers(x).histogram.counts) == {5}


def test_planted_outliers_are_counted_exactly_whatever_the_scale():
    rng = np.random.default_rng(0)
    for n, planted, scale, shift in product((50, 400), (1, 3), (1e-6, 1.0, 1e9), (0.0, 40.0)):
        x = scale * (np.clip(rng.normal(size=n), -2.5, 2.5) + shift)
        x[:planted] = scale * (shift + np.array([30.0, -25.0, 80.0])[:planted])
        found = outliers(np.sort(x))
        assert found.count == planted
        assert found.farthest in x[:planted]
        assert found.rule == "MAD"


@pytest.mark.parametrize("n", [30, *(pytest.param(n, marks=pytest.mark.slow) for n in (10, 200, 3000))])
def test_one_normal_column_in_a_hundred_has_an_outlier_and_hardly_a_skewed_one(n):
    rng = np.random.default_rng(n)
    columns = 400 if n < 1000 else 100
    alarms = sum(outliers(np.sort(rng.normal(size=n))).count > 0 for _ in range(columns))
    assert alarms <= 0.03 * columns
    assert sum(outliers(np.sort(rng.lognormal(size=n))).count > 0 for _ in range(columns)) <= 0.03 * columns
    assert sum(outliers(np.sort(rng.random(n))).count > 0 for _ in range(columns)) <= 0.01 * columns


def test_the_cut_off_is_never_below_three_and_a_half_and_grows_for_few_and_for_many_values():
    assert cutoff(1000) >= 3.5
    assert cutoff(10) > cutoff(100)
    assert cutoff(10**6) > cutoff(1000)


def test_where_half_of_the_values_are_equal_fences_judge_and_constants_are_not_judged():
    x = np.sort(np.r_[np.zeros(60), np.arange(1.0, 41), 1e4])
    found = outliers(x)
    assert (found.rule, found.count, found.farthest) == ("fences", 1, 1e4)
    assert outliers(np.zeros(20)).rule == ""


# Levels


def test_levels_come_most_frequent_first_and_gaps_do_not_count():
    column = text(["b", "a", "b", None, "c", "b", "a"])
    assert [(level.value, level.rows) for level in top_levels(column.x, column.levels, 2)] == [("b", 3), ("a", 2)]


def test_spellings_of_one_level_are_grouped_and_others_are_not():
    assert spellings(["New York", "new-york", "NEW_YORK ", "Newyork", "a", "b"]) == (
        ("New York", "new-york", "NEW_YORK "),
    )
    assert spellings(["a", "b", "ab"]) == ()


def test_words_for_a_gap_are_found_but_none_may_be_a_level():
    column = text(["?", "none", "oak", "Unknown", "?"])
    assert {(level.value, level.rows) for level in words_for_gaps(column.x, column.levels)} == {
        ("?", 2),
        ("Unknown", 1),
    }


# Gaps


@FEW
@given(st.lists(st.tuples(st.booleans(), st.booleans(), st.booleans()), min_size=1, max_size=25))
def test_patterns_of_gaps_are_counted_exactly(rows):
    masks = np.array(rows)
    columns = [number(np.where(masks[:, j], np.nan, 1.0), name) for j, name in enumerate("abc")]
    found = gaps(columns)
    whole = {tuple(name for name, gap in zip("abc", row, strict=True) if gap) for row in rows} - {()}
    assert {p.columns for p in found.patterns} == whole
    assert all(p.rows == sum(tuple(n for n, g in zip("abc", row, strict=True) if g) == p.columns for row in rows)
               for p in found.patterns)  # fmt: skip
    assert found.rows == int(masks.any(1).sum())
    assert found.missing == {n: int(g) for n, g in zip("abc", masks.sum(0), strict=True) if g}
    for group in found.together:
        assert len({masks[:, "abc".index(name)].tobytes() for name in group.columns}) == 1


def test_gaps_at_random_say_nothing_about_the_target_and_others_do():
    rng = np.random.default_rng(1)
    alarms = 0
    for i in range(60):
        y = rng.normal(size=200) if i % 2 else rng.integers(0, 3, 200).astype(float)
        x = np.where(rng.random(200) < 0.3, np.nan, 0.0)
        alarms += len(related([number(x)], y, () if i % 2 else ("a", "b", "c")))
        chosen = np.where(rng.random(200) < np.where(y > 0.5, 0.6, 0.1), np.nan, 0.0)
        assert [one.column for one in related([number(chosen)], y, () if i % 2 else ("a", "b", "c"))] == ["x"]
    assert alarms <= 1


# Columns together


def test_the_condition_number_is_that_of_least_squares_with_a_bias():
    rng = np.random.default_rng(2)
    X = rng.normal(size=(80, 4)) * [1, 5, 100, 0.1] + [3, 0, -7, 1]
    X[:, 3] = X[:, 0] + 0.1 * X[:, 3]
    names = list("abcd")
    found = together((), X, names, names, dict.fromkeys(names, "number"))
    Z = np.c_[(X - X.mean(0)) / X.std(0), np.ones(80)]
    assert found.condition == pytest.approx(np.linalg.cond(Z) ** 2)
    assert found.condition_raw == pytest.approx(np.linalg.cond(np.c_[X, np.ones(80)]) ** 2)
    assert raw_condition(1e200 * X) > found.condition_raw  # no overflow
    assert found.scales[:2] == ("c", "d") or found.scales[0] == "c"


def test_variance_inflation_is_one_over_what_the_others_leave():
    rng = np.random.default_rng(3)
    X = rng.normal(size=(60, 3))
    X[:, 2] = X[:, 0] - X[:, 1] + 0.05 * X[:, 2]
    Z = X - X.mean(0)
    Z /= np.linalg.norm(Z, axis=0)
    found = {one.column: one.factor for one in dependence(Z, list("abc"))[2]}
    for j, name in enumerate("abc"):
        others = np.delete(Z, j, 1)
        left = Z[:, j] - others @ np.linalg.lstsq(others, Z[:, j], rcond=None)[0]
        assert found[name] == pytest.approx(1 / (left @ left))


def test_columns_that_depend_on_each_other_are_named_and_the_others_are_not():
    rng = np.random.default_rng(4)
    X = rng.normal(size=(50, 5))
    X[:, 4] = 2 * X[:, 1] - X[:, 3]
    found = together((), X, list("abcde"), list("abcde"), dict.fromkeys("abcde", "number"))
    assert (found.rank, found.dependent, found.condition) == (4, ("b", "d", "e"), np.inf)


def test_gradient_descent_on_a_quadratic_needs_as_many_steps_as_is_said():
    for condition in (10.0, 1000.0):
        low, high = 1.0, condition
        error, steps = 1.0, 0
        while error > 1e-6:
            error *= (high - low) / (high + low)  # the best fixed rate, 2/(low + high)
            steps += 1
        assert steps == pytest.approx(steps_needed(condition)[0], rel=0.05, abs=1)


def test_columns_are_the_same_value_for_value_or_level_for_level_and_not_by_being_different_everywhere():
    rng = np.random.default_rng(5)
    codes = rng.integers(0, 3, 40)
    columns = [
        number(codes, "class"),
        text([("one", "two", "three")[k] for k in codes], "words"),
        number(codes, "again"),
        number(rng.normal(size=40), "a"),
        number(rng.normal(size=40), "b"),
        number(np.full(40, 7.0), "constant"),
        number(np.full(40, 8.0), "other constant"),
    ]
    found = {(same.column, same.like, same.exact) for same in same_columns(columns)}
    assert found == {("words", "class", False), ("again", "class", True)}


# What a column tells


def truth(y, classes):
    return Truth.of(np.asarray(y, float), {0: "regression", 2: "binary"}.get(classes, "multiclass"), classes)


@pytest.mark.parametrize("n", [60, 400, 5000])
@pytest.mark.parametrize("classes", [0, 2, 3])
def test_a_copy_of_the_target_is_told_behind_any_bend_or_code(n, classes):
    rng = np.random.default_rng(n)
    y = rng.normal(size=n) if classes == 0 else rng.integers(0, classes, n).astype(float)
    known = truth(y, classes)
    for x in (y, -3 * y + 7, np.exp(y), y**3) if classes == 0 else (y, 5 - y, 10 * y + 0.01 * rng.random(n)):
        assert score(x, known, ordered=True) > 0.99
    if classes:
        assert score(np.array([4.0, 1.0, 9.0])[y.astype(int)], known, ordered=False) == 1


@pytest.mark.parametrize("classes", [0, 2, 3])
def test_columns_that_know_nothing_stay_near_chance(classes):
    rng = np.random.default_rng(6)
    y = rng.normal(size=1000) if classes == 0 else rng.integers(0, classes, 1000).astype(float)
    known = truth(y, classes)
    for ordered, draw in ((True, lambda: rng.normal(size=1000)), (False, lambda: rng.integers(0, 300, 1000) * 1.0)):
        scores = [score(draw(), known, ordered=ordered) for _ in range(10)]
        assert max(scores) < known.chance + 0.15
        assert min(scores) >= known.chance


def test_the_share_of_variance_is_the_one_that_a_smooth_function_explains():
    rng = np.random.default_rng(7)
    x = rng.uniform(-3, 3, 3000)
    signal = np.sin(2 * x)
    for noise in (0.1, 0.5, 1.0):
        y = signal + noise * rng.normal(size=3000)
        assert smooth_r2(x, y) == pytest.approx(1 - noise**2 / y.var(), abs=0.05)


@FEW
@given(st.lists(st.tuples(st.integers(0, 5), st.booleans()), min_size=2, max_size=40))
def test_the_area_is_that_of_the_measures(pairs):
    x, y = (np.array(column, float) for column in zip(*pairs, strict=True))
    expected = float(roc_auc(y[:, None], x[:, None])) if 0 < y.mean() < 1 else 0.5
    assert area(x, y) == pytest.approx(expected)


def test_a_bend_that_keeps_the_order_changes_no_score_of_classes():
    rng = np.random.default_rng(8)
    x, y = rng.normal(size=300), rng.integers(0, 2, 300).astype(float)
    assert score(x, truth(y, 2), ordered=True) == score(np.exp(x), truth(y, 2), ordered=True)
    assert np.array_equal(in_levels(x), in_levels(x**3))


def test_a_gap_can_tell_the_target_too():
    rng = np.random.default_rng(9)
    y = rng.integers(0, 2, 200).astype(float)
    boat = np.where(y == 1, rng.integers(1, 9, 200), np.nan)
    assert score(boat, truth(y, 2), ordered=True) == 1
    assert score(boat, truth(y, 2), ordered=False) > 0.99


# Order


def test_sorted_rows_are_called_sorted_shuffled_ones_nothing_and_a_random_walk_alike():
    rng = np.random.default_rng(10)
    codes = np.repeat([0.0, 1.0, 2.0], 30)
    assert order_of(codes, 3, ()).kind == "sorted"
    assert order_of(np.sort(rng.normal(size=50)), 0, ()).kind == "sorted"
    assert order_of(rng.normal(size=300).cumsum(), 0, ()).kind == "alike"
    assert order_of(np.repeat(rng.integers(0, 3, 40), 9).astype(float), 3, ()).kind == "alike"
    for _ in range(50):
        assert order_of(rng.permutation(codes), 3, ()).kind == ""
        assert order_of(rng.normal(size=60), 0, ()).kind == ""


def test_the_column_whose_values_come_in_runs_is_named():
    country = text([name for name in "abcde" for _ in range(6)], "country")
    year = number(np.tile(np.arange(6), 5), "year")
    assert in_runs([year, country, number(np.arange(30), "row")]) == "country"
    assert in_runs([year]) == ""


# Names and words


def test_names_are_taken_apart_and_compared_by_words():
    assert tokens("SalePrice_USD") == ("sale", "price", "usd")
    assert named_after("price_usd", "price")
    assert named_after("Price", "SalePrice")
    assert named_after("target_encoded", "y")
    assert not named_after("dep_delay", "arr_delay")
    assert not named_after("priceless", "price")


@FEW
@given(st.integers(0, 10**7), st.integers(1, 10**7))
def test_no_share_is_called_nothing_unless_it_is_nothing_nor_all_unless_it_is_all(part, whole):
    part = min(part, whole)
    said = percent(part, whole)
    assert (said == "0%") == (part == 0)
    assert (said == "100%") == (part == whole)
    assert len(said) <= 6


@FEW
@given(st.floats(-1e300, 1e300))
def test_a_brief_number_is_short_and_near(value):
    said = brief(value)
    assert len(said) <= 11
    assert float(said.replace(",", "")) == pytest.approx(value, rel=1e-2, abs=1e-300)


def test_numbers_are_written_as_people_write_them():
    assert [brief(v) for v in (0, 2013, 12345, 1234567, 0.03125, 1.5e-7, -2.5)] == [
        "0", "2013", "12,345", "1.23e6", "0.03125", "1.5e-7", "-2.5",
    ]  # fmt: skip
    assert mean_and_sd(43.92193, 5.4595) == "43.9 ± 5.5"
    assert mean_and_sd(3.0, 0.0) == "3"
    assert named(["a", "b", "c"]) == "a, b and c"
    assert named(list("abcdefg"), 3) == "a, b, c and 4 more"
    assert date_text(86400.0 * 365 + 3600 * 5) == "1971-01-01 05:00"
    assert clock_text(3661) == "01:01:01"


# Sums


def terms(columns, y, gap=None):
    values = [number(x, name) for name, x in columns.items()]
    if gap is not None:
        values[0].x[gap] = np.nan
    return {term.column: term.times for term in sum_of(values, np.asarray(y), np.arange(len(y)))}


def test_a_target_that_is_a_sum_of_columns_names_them_with_their_weights_among_others():
    rng = np.random.default_rng(3)
    columns = {name: rng.exponential(10.0**i, 400) for i, name in enumerate("abcde")}
    y = 2 * columns["a"] - columns["c"] + 0.5 * columns["e"] + 7
    for gap in (None, [1, 5, 9]):
        found = terms({name: x.copy() for name, x in columns.items()}, y, gap)
        assert set(found) == {"a", "c", "e"}
        assert found == pytest.approx({"a": 2.0, "c": -1.0, "e": 0.5}, rel=1e-6)
    assert terms(columns, y + 0.01 * y.std() * rng.normal(size=400)) == {}
    assert terms(columns, columns["b"]) == {}  # a copy is another finding
    assert terms(columns, rng.normal(size=400)) == {}


def test_few_rows_constant_targets_and_infinite_values_are_no_sum():
    rng = np.random.default_rng(3)
    a, b = rng.normal(size=(2, 15))
    assert terms({"a": a, "b": b}, a + b) == {}
    a, b = rng.normal(size=(2, 50))
    assert terms({"a": a, "b": b}, np.ones(50)) == {}
    assert terms({"a": np.ones(50), "b": np.ones(50)}, a) == {}
    assert terms({"a": np.where(a > 1, np.inf, a), "b": b}, b + 1) == {}
    assert sum_of([], a, np.arange(50)) == ()
    assert terms({"a": a, "b": b}, a + b) == pytest.approx({"a": 1.0, "b": 1.0})
