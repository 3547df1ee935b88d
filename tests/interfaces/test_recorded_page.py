"""The page of a recording, and of a function of one's own: every recording has one, and what is on it is so."""

import json
import re
import warnings

import numpy as np
import pytest
from browser import inspect

from thalweg.interfaces.own import minimize
from thalweg.interfaces.recorder import Recorder
from thalweg.interfaces.report.history_charts import MOST_CHARTS, MOST_POINTS, grouped
from thalweg.interfaces.report.recorded_page import write_recorded_page

rng = np.random.default_rng(4)
X = rng.normal(size=(200, 3))
Y = (X @ [1.0, -2.0, 0.5] + 0.3 * rng.normal(size=200) > 0).astype(float)


def logistic(params, rows=slice(None)):
    z = X[rows] @ params["W"] + params["b"]
    r = 0.5 * (1 + np.tanh(z / 2)) - Y[rows]
    return np.mean(np.logaddexp(0, z) - Y[rows] * z), {"W": X[rows].T @ r / len(r), "b": r.mean()}


START = {"W": np.zeros(3), "b": np.zeros(())}


def trained(rec, steps, lr=0.5):
    params = {"W": np.zeros(3), "b": 0.0}
    for t in range(steps):
        loss, grads = logistic(params, rng.integers(200, size=16))
        rec.step(loss, params=params, grads=grads, lr=lr / (1 + t / 100))
        params = {name: value - lr / (1 + t / 100) * grads[name] for name, value in params.items()}
        if t % 10 == 9:
            rec.evaluate(val_loss=logistic(params)[0], val_accuracy=0.9, train_accuracy=0.95, gap=0.05)


def long_names(rec):
    """Many arrays and measures, with names as long as sentences."""
    params = {f"block.{i}.attention.projection.weight of the encoder": rng.normal(size=5) for i in range(30)}
    for _ in range(20):
        rec.step(rng.gamma(2.0), params=params, grads=params)
        params = {name: 0.9 * value for name, value in params.items()}
        rec.evaluate({f"a measure with a very long name, number {i}": rng.normal() for i in range(20)})


def diverging(rec):
    w = np.ones(3)
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        for _ in range(900):
            rec.step(float(w @ w), params=w, grads=2 * w)
            w = w - 2.5 * w


def now_and_then(rec):
    for t in range(50):
        rec.step(1.0 / (t + 1), params=np.full(2, float(t)) if t % 10 < 2 else None)


LOOPS = {
    "a short one": lambda rec: trained(rec, 30),
    "a long one": lambda rec: trained(rec, 800),
    "losses alone": lambda rec: [rec.step(1.0 / (t + 1)) for t in range(40)],
    "norms now and then": now_and_then,
    "one step": lambda rec: rec.step(1.0),
    "no step": lambda rec: None,
    "measures alone": lambda rec: [rec.evaluate(val_loss=v) for v in (3.0, 2.0)],
    "a diverging one": diverging,
    "long names": long_names,
    "markup for names": lambda rec: [rec.evaluate({"<script>alert(1)</script>": v}) for v in (1, 2)],
}


def page_of(rec):
    return (rec.folder / "report.html").read_text(encoding="utf-8")


@pytest.mark.slow
@pytest.mark.parametrize("loop", LOOPS.values(), ids=LOOPS.keys())
def test_every_recording_has_a_page_of_modest_size(loop, tmp_path):
    with Recorder("mine", out=tmp_path, rule="my sgd") as rec:
        loop(rec)
    page = page_of(rec)
    assert len(page.encode()) < 500_000
    assert "Recording: mine" in page
    assert "<script>alert" not in page
    assert "nan" not in re.sub(r"<script.*?</script>", "", page, flags=re.DOTALL).lower().replace("unanswered", "")


def test_the_page_says_what_came_of_it(tmp_path):
    with Recorder("mine", out=tmp_path, rule="my sgd", batch_size=16) as rec:
        trained(rec, 40)
    page, run = page_of(rec), rec.run
    assert "Ended at step 40." in page
    assert f"Lowest val loss {run.best_value:.4g}, at step {run.best_t}." in page
    for words in ("my sgd", "batch size", "Loss", "Accuracy", "Gap", "Norms", "Update ratio by array", "Learning rate"):
        assert words in page, words
    assert "cannot run it again" in page


@pytest.mark.slow
def test_an_update_that_nobody_has_seen_yet_is_not_shown_as_a_breakdown(tmp_path):
    for name, loop in (("a", lambda rec: trained(rec, 30)), ("b", lambda rec: trained(rec, 700)), ("c", now_and_then)):
        with Recorder(name, out=tmp_path) as rec:
            loop(rec)
        assert "not finite after" not in page_of(rec), name


@pytest.mark.slow
def test_divergence_is_marked(tmp_path):
    with Recorder("mine", out=tmp_path) as rec:
        diverging(rec)
    assert rec.run.diverged
    assert f"Diverged at step {rec.run.stopped.t}: the loss is inf." in page_of(rec)
    assert f"diverged at step {rec.run.stopped.t}" in page_of(rec)
    assert "not finite after" not in page_of(rec)


@pytest.mark.slow
def test_many_measures_get_the_first_charts_and_all_their_last_values(tmp_path):
    with Recorder("mine", out=tmp_path) as rec:
        long_names(rec)
    page = page_of(rec)
    assert page.count('<figure class="chart lines"') <= MOST_CHARTS + 3
    assert "a measure with a very long name, number 19" in page


def test_parts_of_one_measure_share_a_chart():
    found = grouped(["train_loss", "val_loss", "validation_accuracy", "accuracy", "test_score_of_all"])
    assert found == {
        "loss": {"training": "train_loss", "validation": "val_loss"},
        "accuracy": {"validation": "validation_accuracy", "accuracy": "accuracy"},
        "score_of_all": {"test": "test_score_of_all"},
    }


@pytest.mark.slow
def test_many_steps_are_drawn_as_medians_with_their_range(tmp_path):
    with Recorder("mine", out=tmp_path) as rec:
        for _ in range(8 * MOST_POINTS):
            rec.step(rng.gamma(2.0))
    assert "Points are medians of 8 steps, with their range shaded." in page_of(rec)


@pytest.mark.slow
def test_a_killed_recording_can_be_drawn_from_its_folder(tmp_path):
    rec = Recorder("mine", out=tmp_path)
    trained(rec, 30)
    rec._flush()
    page = write_recorded_page(Recorder.load(rec.folder), rec.folder).read_text(encoding="utf-8")
    assert "Was not closed: it still runs, or was killed." in page
    rec.close()


# A function of one's own


def own_run(folder, **settings):
    def evaluate(params):
        return {"loss": logistic(params)[0], "accuracy": 0.9, "margin": 1.5}

    chosen = {"examples": 200, "batch_size": 16, "lr": 0.5, "steps": 60, "evaluate": evaluate} | settings
    return minimize(logistic, START, folder=folder, **chosen)


def test_a_function_of_ones_own_has_a_page_that_is_honest_about_it(tmp_path):
    run = own_run(tmp_path / "mine")
    page = (tmp_path / "mine" / "report.html").read_text(encoding="utf-8")
    assert "A function of your own: logistic, gradient checked." in page
    assert "cannot run it again by itself" in page
    assert "This page is made again by" not in page
    for words in ("Accuracy", "Margin", "Update ratio by array", f"Best weights at step {run.best_t}."):
        assert words in page, words


@pytest.mark.slow
def test_a_long_start_is_not_repeated_on_the_page(tmp_path):
    start = rng.normal(size=5000)
    minimize(lambda w: (w @ w, 2 * w), start, lr=0.1, steps=5, folder=tmp_path / "mine")
    page = (tmp_path / "mine" / "report.html").read_text(encoding="utf-8")
    assert "Its start of 5,000 numbers is in spec.toml." in page
    assert len(page) < 200_000
    assert json.loads((tmp_path / "mine" / "header.json").read_text())["problem"]["parameters"] == 5000


@pytest.mark.slow
@pytest.mark.browser
@pytest.mark.parametrize("name", [*LOOPS, "a function of one's own"])
def test_a_page_can_be_read_anywhere(name, tmp_path):
    if name in LOOPS:
        with Recorder("mine", out=tmp_path, rule="my sgd", note="a remark as long as a sentence, or longer") as rec:
            LOOPS[name](rec)
    else:
        own_run(tmp_path / "mine")
    for width in (390, 1280):
        for dark in (False, True):
            seen = inspect(tmp_path / "mine" / "report.html", width, dark)
            wrong = {key: seen[key] for key in ("errors", "requests", "overlaps", "clipped", "small") if seen[key]}
            assert wrong == {}, (width, dark)
            assert seen["overflow"] == 0
