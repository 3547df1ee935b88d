import numpy as np
import pytest

from thalweg.errors import DataError, ShapeError
from thalweg.evidence.check import Check, worst
from thalweg.evidence.data_checks import PAIR_LIMIT, agreement, check_data
from thalweg.evidence.row_ids import row_ids
from thalweg.problems.split import Split


def table(rows=300, columns=5, seed=0, positives=0.5):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(rows, columns))
    return X, (rng.random((rows, 1)) < positives).astype(float)


def thirds(rows=300):
    return Split(*np.split(np.arange(rows), [rows * 3 // 5, rows * 4 // 5]))


def checked(X, y=None, split=None, names=None):
    y = table(len(X))[1] if y is None else y
    return {check.code: check for check in check_data(X, y, split or thirds(len(X)), names)}


def statuses(checks):
    return {code: check.status for code, check in checks.items() if check.status != "ok"}


def test_a_sound_table_is_called_sound_in_every_respect():
    for seed in range(20):
        X, y = table(seed=seed)
        found = checked(X, y)
        assert statuses(found) == {}
        assert all(check.ok and check.sentence.endswith(".") for check in found.values())


def test_rows_of_training_that_stand_again_in_validation_and_test_are_counted():
    X, y = table()
    X[200:203], X[290:295] = X[:3], X[10:15]
    X[299] = X[210]  # from validation, which chooses, to test
    found = checked(X, y)["duplicates-across"]
    assert (found.status, found.value, found.unit) == ("warn", 9, "rows")
    assert "9 of 120" in found.sentence


def test_rows_repeated_within_training_are_counted_apart():
    X, y = table()
    X[5:9] = X[0]
    found = checked(X, y)
    assert statuses(found) == {"duplicates-within": "notice"}
    assert found["duplicates-within"].value == 4


def test_repeats_that_coarse_columns_bring_by_chance_are_only_a_notice():
    X = np.random.default_rng(0).integers(0, 3, (300, 4)).astype(float)
    found = checked(X)["duplicates-across"]
    assert found.value > 50
    assert found.status == "notice"
    assert "by chance" in found.sentence


def test_rows_are_equal_to_the_last_bit_or_not_at_all_and_zero_has_one_sign():
    X = np.array([[0.1, 0.0], [0.1, -0.0], [np.nextafter(0.1, 1), 0.0], [0.0, 0.1]])
    assert row_ids(list(X.T)).tolist() == [0, 0, 1, 2]
    assert row_ids(list(np.asfortranarray(X).T)).tolist() == [0, 0, 1, 2]


def test_a_column_that_varies_only_outside_training_is_constant():
    X, y = table()
    X[:180, 2] = 7.0
    found = checked(X, y, names=["a", "b", "c", "d", "e"])
    assert statuses(found) == {"constant-columns": "notice"}
    assert found["constant-columns"].sentence.startswith("c never changes in training")


def test_a_column_that_repeats_another_is_named_and_counts_as_dependence_but_not_as_a_pair():
    X, y = table()
    X[:, 4] = X[:, 1]
    found = checked(X, y)
    assert statuses(found) == {"duplicate-columns": "warn", "conditioning": "warn"}
    assert "column 4 = column 1" in found["duplicate-columns"].sentence
    assert found["conditioning"].value == np.inf


@pytest.mark.parametrize("sign", [1, -1])
def test_nearly_equal_columns_are_a_collinear_pair_at_any_scale(sign):
    X, y = table()
    X[:, 3] = sign * 1e-6 * (X[:, 0] + 0.01 * X[:, 3]) + 5
    found = checked(X, y)["collinear-columns"]
    assert (found.status, found.value) == ("warn", 1)
    assert "column 0 and column 3 (r = " in found.sentence


def test_the_pair_limit_is_the_correlation_that_makes_a_condition_index_of_thirty():
    r = np.array([[1, PAIR_LIMIT], [PAIR_LIMIT, 1]])
    assert np.sqrt(np.linalg.cond(r)) == pytest.approx(30)


def test_pairs_are_found_in_tables_wider_than_a_block():
    X, _ = table(rows=100, columns=1200)
    X[:, 1100] = X[:, 3] + 1e-4 * X[:, 1100]
    X[:, 700] = X[:, 699] + 1e-4 * X[:, 700]
    found = checked(X)["collinear-columns"]
    assert found.value == 2
    assert "column 3 and column 1100" in found.sentence
    assert "column 699 and column 700" in found.sentence


def test_dependence_among_many_columns_shows_although_no_pair_does():
    X, y = table()
    X[:, 4] = X[:, :4].sum(1)
    found = checked(X, y)
    assert statuses(found) == {"conditioning": "warn"}
    assert "5 varying columns span only 4 dimensions" in found["conditioning"].sentence


def test_the_condition_index_is_that_of_the_standardised_training_rows():
    X, y = table()
    X[:, 4] = X[:, :4].sum(1) + 0.05 * X[:, 4]
    found = checked(100 * X + 3, y)["conditioning"]
    train = X[:180]
    assert found.value == pytest.approx(np.linalg.cond((train - train.mean(0)) / train.std(0)))
    assert found.status == "notice"
    assert checked(X, y, split=Split(np.arange(180), np.array([], int), np.array([], int)))


def test_more_columns_than_rows_are_told_from_dependent_columns():
    X, _ = table(rows=20, columns=50)
    assert "no more rows than columns" in checked(X)["conditioning"].sentence


@pytest.mark.parametrize(("factor", "status"), [(5, "ok"), (30, "notice"), (1e6, "warn")])
def test_scales_far_apart_are_measured_and_named(factor, status):
    X, y = table()
    X[:, 2] *= factor
    found = checked(X, y)["scale-spread"]
    sigma = X[:180].std(0)
    assert found.status == status
    assert found.value == pytest.approx(sigma.max() / sigma.min())
    assert ("column 2 spreads" in found.sentence) == (status != "ok")


@pytest.mark.parametrize(("positives", "status"), [(60, "ok"), (240, "ok"), (20, "notice"), (280, "notice")])
def test_the_rarest_class_is_weighed(positives, status):
    y = np.zeros((300, 1))
    y[np.linspace(0, 299, positives).astype(int)] = 1
    found = checked(table()[0], y)["class-balance"]
    assert found.status == status
    assert found.value == pytest.approx(min(y[:180].mean(), 1 - y[:180].mean()))


def test_an_extremely_rare_class_is_a_warning_and_one_without_training_rows_a_failure():
    X, _ = table(rows=3000)
    y = np.zeros((3000, 1))
    y[[1, 2000, 2900]] = 1
    assert checked(X, y)["class-balance"].status == "warn"
    y[1] = 0
    found = checked(X, y)["class-balance"]
    assert found.status == "fail"
    assert "class 1 has no training row" in found.sentence


def test_classes_are_called_by_their_names_where_these_are_given():
    X, _ = table()
    y = np.zeros((300, 1))
    y[::30] = 1
    split = thirds()
    named = {c.code: c for c in check_data(X, y, split, classes=("healthy", "ill"))}["class-balance"]
    assert named.sentence.startswith("ill has 3.33% of the training rows (6)")
    assert "class 1 has 3.33%" in checked(X, y)["class-balance"].sentence
    y[:180] = 0
    absent = {c.code: c for c in check_data(X, y, split, classes=("healthy", "ill"))}["class-balance"]
    assert absent.sentence.startswith("ill has no training row")


@pytest.mark.parametrize("rows", [50, 40_000])
def test_the_chance_that_two_rows_agree_is_that_of_two_different_rows(rows):
    rng = np.random.default_rng(0)
    assert agreement(rng.normal(size=rows)) == 0
    assert agreement(np.zeros(rows)) == 1
    halves = agreement(np.arange(rows) % 2)
    assert halves == pytest.approx((rows / 2 - 1) / (rows - 1), abs=1e-3)


def test_a_class_that_a_part_lacks_is_a_warning():
    X, y = table()
    y[180:240] = 0
    found = checked(X, y)["class-balance"]
    assert found.status == "warn"
    assert "missing from validation" in found.sentence


def test_ten_even_classes_are_balanced_and_regression_has_no_classes():
    X, _ = table()
    assert checked(X, np.eye(10)[np.arange(300) % 10])["class-balance"].status == "ok"
    assert "class-balance" not in checked(X, np.random.default_rng(0).normal(size=(300, 2)))


def test_what_is_checked_is_left_as_it_was_and_warns_of_nothing_even_at_extreme_scales():
    X, y = table()
    X *= [1e-200, 1e200, 1, 1e-300, 1e-5]
    before = X.copy()
    assert checked(X, y)["conditioning"].status == "ok"
    assert np.array_equal(X, before)


def test_a_table_without_a_column_that_varies_is_answered():
    assert statuses(checked(np.ones((300, 3)))).keys() == {
        "duplicates-across",
        "duplicates-within",
        "constant-columns",
    }


def test_tables_that_do_not_fit_are_refused():
    X, y = table()
    with pytest.raises(ShapeError, match=r"expected \(N, D\) and \(N, K\)"):
        check_data(X, y[:, 0], thirds())
    with pytest.raises(ShapeError, match="expected one name for each"):
        check_data(X, y, thirds(), ["a"])
    X[3, 3] = np.nan
    with pytest.raises(DataError, match="nan or inf"):
        check_data(X, y, thirds())


def test_the_worst_status_speaks_for_all():
    def of(status):
        return Check("c", "t", status, 0.0, "", "s.")

    assert worst([]) == "ok"
    assert worst([of("ok"), of("warn"), of("notice")]) == "warn"
    assert worst([of("fail"), of("warn")]) == "fail"
    assert [of(status).ok for status in ("ok", "notice", "warn", "fail")] == [True, True, False, False]
