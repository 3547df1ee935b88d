"""Laws of the workup: a pure function of its request, whose choice never looks at the test rows."""

import csv

import pytest

from thalweg.descent.folder import as_json
from thalweg.descent.spec import Spec
from thalweg.descent.train import resolved, train
from thalweg.errors import SpecError, UnknownName
from thalweg.evidence.results import results
from thalweg.evidence.workup import FRESH, STAGES, Request, best_entry, work_up
from thalweg.problems.sections import OnSurface, Table


def asked(source, **changes):
    spec = Spec(problem=Table(source=source, target="y")).but(batch_size=16)
    return Request(spec=spec, **{"rules": ("gd", "adam"), "seeds": 2, "budget": 30, "final_steps": 50, **changes})


def worked_up(request):
    """(the stages' names, the workup)."""
    work, stages = work_up(request), []
    while True:
        try:
            stages.append(next(work))
        except StopIteration as done:
            return stages, done.value


@pytest.fixture(scope="module")
def found(table_of):
    return worked_up(asked(table_of("regression")))


@pytest.mark.slow
def test_every_stage_is_told_before_it_begins(found):
    assert [(stage.name, stage.number, stage.of) for stage in found[0]] == [
        (name, number, len(STAGES)) for number, name in enumerate(STAGES, 1)
    ]


@pytest.mark.slow
def test_what_is_reported_is_the_chosen_setting_trained_alone(found):
    _, workup = found
    again = train(workup.run.spec)
    assert again.w.tobytes() == workup.run.w.tobytes()
    assert again.evaluations[-1]["validation_loss"] == workup.run.final["validation_loss"]


@pytest.mark.slow
def test_the_chosen_setting_is_the_best_rule_with_at_most_the_one_change_that_helped_most(found):
    _, workup = found
    setting = best_entry(workup.optimizers).spec
    best, spec = workup.ablation.best, workup.run.spec
    expected = setting.but(**(best.changed if best else {}))
    assert spec.method.rule == expected.method.rule
    assert spec.method.lr == expected.method.lr
    assert spec.problem.l2 == expected.problem.l2
    assert spec.batch.batch_size == expected.batch.batch_size
    assert spec.seed == workup.request.spec.seed
    assert setting.method.rule in workup.why


@pytest.mark.slow
def test_rules_are_compared_on_seeds_that_no_rate_was_chosen_on(found):
    _, workup = found
    swept = {run.spec.seed for sweep in workup.sweeps for run in sweep.study.runs}
    compared = {run.spec.seed for entry in workup.optimizers.entries for run in entry.runs}
    assert swept == {0, 1}
    assert compared == {FRESH, FRESH + 1}
    assert {run.spec.seed for run in workup.ablation.baseline_runs} == compared


@pytest.mark.slow
def test_every_rule_runs_at_the_rate_its_sweep_chose(found):
    _, workup = found
    chosen = {sweep.rule: sweep.chosen.lr for sweep in workup.sweeps}
    assert {entry.name: entry.spec.method.lr for entry in workup.optimizers.entries} == chosen


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["binary", "multiclass", "regression"])
def test_the_same_request_gives_the_same_results_to_the_last_digit(kind, table_of):
    one, two = (as_json(results(worked_up(asked(table_of(kind)))[1])) for _ in range(2))
    assert one == two
    assert b"seconds" not in one


@pytest.mark.slow
def test_the_test_rows_choose_nothing(found, table_of, tmp_path):
    """With other targets in the test rows, all but the test measures stay as they are."""
    _, workup = found
    with open(table_of("regression"), newline="") as file:  # noqa: PTH123 - a plain copy
        header, *rows = list(csv.reader(file))
    for row in workup.problem.split.test:
        rows[row][-1] = str(1000 - 7 * float(rows[row][-1]))
    with (tmp_path / "other.csv").open("w", newline="") as file:
        csv.writer(file).writerows([header, *rows])
    _, other = worked_up(asked(str(tmp_path / "other.csv")))
    assert other.run.spec.but(source="t.csv", sha256="") == workup.run.spec.but(source="t.csv", sha256="")
    assert other.run.w.tobytes() == workup.run.w.tobytes()
    one, two = results(workup), results(other)
    for part in ("sweeps", "optimizers", "ablation", "schedules", "batches", "validation"):
        assert one[part] == two[part]
    assert one["test"] != two["test"]


@pytest.mark.slow
def test_resolving_a_request_first_changes_nothing(table_of):
    request = asked(table_of("binary"))
    assert resolved(resolved(request.spec)) == resolved(request.spec)


@pytest.mark.parametrize(
    ("changes", "error", "says"),
    [
        ({"rules": ()}, SpecError, "rules is empty"),
        ({"rules": ("adma",)}, UnknownName, "did you mean adam"),
        ({"seeds": 0}, SpecError, "seeds is 0"),
        ({"budget": 0}, SpecError, "budget is 0"),
        ({"final_steps": -1}, SpecError, "final_steps is -1"),
        ({"patience": 0}, SpecError, "patience is 0"),
        ({"spec": Spec(problem=OnSurface())}, SpecError, "a report is about a table"),
        ({"spec": Spec(problem=Table(test=0.0))}, SpecError, "needs validation and test rows"),
    ],
)
def test_a_request_that_makes_no_sense_is_refused(changes, error, says, table_of):
    with pytest.raises(error, match=says):
        Request(**({"spec": Spec(problem=Table(source=table_of("binary"), target="y"))} | changes))


@pytest.mark.slow
def test_where_no_rule_trains_that_is_said(table_of):
    request = asked(table_of("regression"), rules=("gd",))
    hopeless = request.spec.but(standardise=False, scale_target=False, param_bound=1e-12)
    with pytest.raises(SpecError, match="no rule trains at any rate tried: No suggestion for gd"):
        worked_up(Request(spec=hopeless, rules=("gd",), seeds=1, budget=10, final_steps=10))
