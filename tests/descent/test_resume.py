"""Stop at any step, resume, and nothing has happened: the same bits as never stopping."""

from itertools import cycle, product

import numpy as np
import pytest

from thalweg.descent.folder import Writer, load_run
from thalweg.descent.method_section import Method, Phase
from thalweg.descent.train import begin, finish, train
from thalweg.errors import SpecError
from thalweg.formulas.rules import RULES
from thalweg.formulas.schedules import SCHEDULES
from thalweg.problems.objective import UserObjective
from thalweg.problems.sections import Custom

METHODS = [*RULES, "nesterov_lookahead"]
BATCHES = {
    "full": {},
    "reshuffled": {"batch_size": 7},
    "drop": {"batch_size": 7, "last_batch": "drop"},
    "frozen": {"batch_size": 7, "sampling": "frozen"},
    "replacement": {"batch_size": 7, "sampling": "replacement"},
    "sequential": {"batch_size": 7, "sampling": "sequential"},
    "single rows": {"batch_size": 1},
}
DTYPES = ["float64", "float32"]
PLATEAU = {"wait": 1.0, "threshold": 0.9}  # drops at almost every evaluation


def varied(small, rule, schedule, batch, dtype):
    """Twelve updates with a warmup of four, evaluated every third, batches of 7 from 24 rows: nothing fits together."""
    options = PLATEAU if schedule == "plateau" else {}
    spec = small.but(rule=rule, lr=None, schedule=schedule, schedule_options=options, warmup=4, dtype=dtype)
    if rule == "newton":
        spec = spec.but(model="linear", hidden=(), lr=1.0)
    return spec.but(**BATCHES[batch])


def paused_at_every_step(spec, objective=None):
    """Paused and resumed after every single update."""
    run = train(spec, until=0, objective=objective)
    while run.unfinished:
        run = train(spec, resume=run, until=run.state.t + 1, objective=objective)
    return run


def cases(every):
    """All combinations, or a few such that every rule meets every schedule, batch mode and dtype by and by."""
    if every:
        return list(product(METHODS, SCHEDULES, BATCHES, DTYPES))
    schedules, batches, dtypes = cycle(SCHEDULES), cycle(BATCHES), cycle(DTYPES)
    return [(rule, next(schedules), next(batches), next(dtypes)) for rule in METHODS for _ in range(4)]


@pytest.mark.few(12)
@pytest.mark.parametrize(("rule", "schedule", "batch", "dtype"), cases(every=False))
def test_pausing_at_every_step_changes_no_bit(small, assert_same_run, rule, schedule, batch, dtype):
    spec = varied(small, rule, schedule, batch, dtype)
    assert_same_run(paused_at_every_step(spec), train(spec))


@pytest.mark.slow
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("rule", METHODS)
def test_pausing_at_every_step_changes_no_bit_in_any_combination(small, assert_same_run, rule, dtype):
    for schedule, batch in product(SCHEDULES, BATCHES):
        spec = varied(small, rule, schedule, batch, dtype)
        assert_same_run(paused_at_every_step(spec), train(spec))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("schedule", SCHEDULES)
def test_newton_resumes_too(small, assert_same_run, schedule, dtype):
    spec = varied(small, "newton", schedule, "full", dtype)
    assert_same_run(paused_at_every_step(spec), train(spec))


SPECIAL = {
    "plain adam": {"rule": "adam"},
    "in the middle of an epoch": {"rule": "amsgrad", "batch_size": 5},
    "within warmup": {"rule": "nesterov", "warmup": 9},
    "while patience counts": {"rule": "momentum", "lr": 1e-5, "patience": 3, "min_delta": 0.5, "every": 2},
    "on a plateau": {"rule": "momentum", "schedule": "plateau", "schedule_options": PLATEAU, "every": 2},
    "across phases": {
        "rule": "adam",
        "phases": [{"begin": 4, "rule": "momentum"}, {"begin": 8, "rule": "amsgrad", "lr": 0.01}],
        "batch_size": 7,
    },
    "with groups and clipping": {
        "rule": "adamw",
        "groups": {"W1": {"lr_scale": 0.5, "decay": 0.2}},
        "clip_norm": 0.01,
        "clip_value": 0.004,
    },
    "with batch norm": {"rule": "rmsprop", "batch_norm": True, "batch_size": 7},
    "as it diverges": {"rule": "gd", "lr": 1e4, "rises": 2, "jump": 2.0, "activation": "linear", "loss": "mse"},
    "as it converges": {"rule": "gd", "lr": 0.5, "loss_tol": 5e-2, "batch_size": 7, "every": 4},
    "weighted classes": {"rule": "lion", "class_weight": "balanced", "batch_size": 7, "dtype": "float32"},
}


@pytest.mark.few(3)
@pytest.mark.parametrize("name", SPECIAL)
def test_resuming_from_every_single_step_changes_no_bit(small, assert_same_run, name):
    spec = small.but(**SPECIAL[name])
    whole = train(spec)
    for k in range(whole.state.t + 1):
        paused = train(spec, until=k)
        assert paused.state.t == k
        assert paused.unfinished == (k < whole.state.t)
        assert_same_run(train(spec, resume=paused), whole)


def test_the_special_cases_end_as_they_are_meant_to(small):
    ends = {name: train(small.but(**changes)).stopped for name, changes in SPECIAL.items()}
    assert ends["while patience counts"].kind == "patience"
    assert ends["as it diverges"].kind == "diverged"
    assert ends["as it converges"].rule == "loss_tol"


def test_a_paused_run_is_left_as_it_was(small, assert_same_run):
    spec = small.but(rule="adam")
    paused, again = train(spec, until=5), train(spec, until=5)
    first = train(spec, resume=paused)
    assert_same_run(paused, again)
    assert_same_run(train(spec, resume=paused), first)


def test_a_finished_run_has_nothing_left_to_do(small, assert_same_run):
    for changes in ({}, {"lr": 0.5, "grad_tol": 0.3}, {"patience": 1, "min_delta": 5.0}):
        spec = small.but(**changes)
        whole = train(spec)
        assert not whole.unfinished
        assert_same_run(train(spec, resume=whole), whole)
        assert_same_run(train(spec, resume=whole, until=3), whole)


def test_a_finished_run_goes_on_when_it_is_given_more_steps(small, assert_same_run):
    """With a schedule that does not look at the end, as if the longer run had been asked for at once."""
    short, long = small.but(steps=6), small.but(steps=12)
    assert_same_run(train(long, resume=train(short)), train(long))


def test_a_run_that_is_given_fewer_steps_than_it_has_ends_where_it_stands(small):
    run = train(small.but(steps=5), resume=train(small, until=9))
    assert (run.stopped.kind, run.state.t) == ("steps", 9)


def test_a_run_resumes_with_its_own_spec_only(small):
    paused = train(small, until=5)
    with pytest.raises(SpecError, match=r"made by another spec; resume it with its own, only \[stop\] may change"):
        train(small.but(lr=0.5), resume=paused)


def test_the_watch_interrupts_where_it_says_so(small, assert_same_run):
    paused = train(small, watch=lambda population: population.state.t == 4)
    assert (paused.stopped.kind, paused.state.t) == ("interrupted", 4)
    assert_same_run(train(small, resume=paused), train(small))


def test_an_objective_of_ones_own_resumes_too(assert_same_run, small):
    centre = np.array([1.0, -2.0, 0.5])

    def pull(w, rows):
        scale = np.mean(np.asarray(range(10))[rows])
        return float(scale * ((w - centre) ** 2).sum()), 2 * scale * (w - centre)

    objective = UserObjective(pull, 3, examples=10, batched=True)
    spec = small.but(problem=Custom(label="pull"), rule="adam", batch_size=3)
    assert_same_run(paused_at_every_step(spec, objective), train(spec, objective=objective))


# Through a folder


def written(spec, folder, until, resume=None):
    """One sitting: train into the folder until this update, as the command line does."""
    population, writer = begin(spec, resume=resume), Writer(folder, updates=2)
    writer.begin(population)
    run = finish(population, until=until, watch=writer.watch)
    writer.end(run)
    return run


OFTEN = ("in the middle of an epoch", "on a plateau", "across phases")  # at every step; the others at every third


@pytest.mark.slow
@pytest.mark.parametrize("name", SPECIAL)
def test_a_run_that_goes_through_a_folder_again_and_again_keeps_every_bit(small, assert_same_run, tmp_path, name):
    spec, pace = small.but(**SPECIAL[name]), 1 if name in OFTEN else 3
    whole = train(spec)
    folder, run, until = tmp_path / "run", None, 0
    folder.mkdir()
    while run is None or run.unfinished:
        in_memory = written(spec, folder, until=until, resume=run)
        run, until = load_run(folder), until + pace
        assert_same_run(run, in_memory)
    assert_same_run(run, whole)
    assert len((folder / "metrics.jsonl").read_text().splitlines()) == len(whole.evaluations)
    assert (folder / "steps.bin").stat().st_size == 8 * whole.steps.rows.size


def test_phases_written_as_records_or_as_text_are_one(small, assert_same_run):
    record = small.but(method=Method(rule="adam", lr=0.05, phases=(Phase(begin=4, rule="momentum"),)))
    text = type(record).from_toml(record.to_toml())
    assert_same_run(train(record), train(text))
