"""Laws of the estimate: it is of the order of what the report then takes, and it changes no result."""

import time

import pytest

from thalweg.descent.spec import Spec
from thalweg.evidence.estimate import Estimate, estimate, spoken
from thalweg.evidence.workup import Request, work_up
from thalweg.problems.sections import Table


@pytest.mark.slow
def test_the_estimate_is_of_the_order_of_what_the_work_takes(table_of):
    request = Request(spec=Spec(problem=Table(source=table_of("binary"), target="y")).but(batch_size=16), seeds=2)
    expected = estimate(request)
    begin = time.perf_counter()
    for _ in work_up(request):
        pass
    taken = time.perf_counter() - begin
    assert taken / 8 < expected.trials + expected.final < 8 * taken + 10  # the clock of a shared machine


def test_more_is_said_to_take_longer(table_of):
    spec = Spec(problem=Table(source=table_of("regression"), target="y")).but(batch_size=16)
    little = estimate(Request(spec=spec, seeds=1, budget=30, rules=("gd",)))
    much = estimate(Request(spec=spec, seeds=3, budget=3000))
    assert much.trials > 3 * little.trials


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(1, "5 seconds"), (63, "65 seconds"), (150, "2 minutes"), (4000, "67 minutes"), (9000, "2 hours")],
)
def test_times_are_said_as_people_say_them(seconds, said):
    assert spoken(seconds) == said


def test_a_subsample_is_stated_and_a_long_wait_offers_a_shorter_way():
    assert Estimate(10, 5, 20_000, 100_000).sentence.endswith(
        "trials learn from 20,000 of 100,000 training rows, the final run from all"
    )
    assert "--quick" in Estimate(1000, 5, 100, 100).sentence
