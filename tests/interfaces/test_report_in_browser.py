"""Real pages in a real browser: nothing fails, is fetched or cut off, narrow or wide, light or dark."""

import shlex
from pathlib import Path

import numpy as np
import pytest
from browser import inspect

from thalweg.interfaces.cli import FAILED, FINE, run

pytestmark = [pytest.mark.browser, pytest.mark.slow]
QUICK = "--budget 60 --final-steps 200 --seeds 2"
LONG = "a class whose name is as long as a sentence, number"


def many_classes(path):
    """Twenty classes with long names."""
    rng = np.random.default_rng(1)
    rows = [[*rng.normal(size=4), k] for k in range(20) for _ in range(12)]
    lines = [f'{a + k % 5:.4f},{b + k // 5:.4f},{c:.4f},{d:.4f},"{LONG} {k}"' for a, b, c, d, k in rows]
    path.write_text("length,width,height,weight of the whole thing in kilograms,kind\n" + "\n".join(lines) + "\n")


def one_feature(path):
    rng = np.random.default_rng(2)
    x = rng.uniform(0, 10, 60)
    path.write_text("x,y\n" + "".join(f"{a:.4f},{1e9 * (2 * a + rng.normal()):.1f}\n" for a in x))


def few_rows(path):
    rng = np.random.default_rng(3)
    rows = [(*rng.normal(size=2), k % 2) for k in range(16)]
    path.write_text("a,b,y\n" + "".join(f"{a + y:.4f},{b:.4f},{y}\n" for a, b, y in rows))


REPORTS = {
    "the default set": ("report", FINE),
    "a regression": (f"report diabetes {QUICK}", FINE),
    "many classes": (f"report digits {QUICK} --rules gd adam", FINE),
    "a network": (f"report penguins {QUICK} --hidden 12 6 --rules adam lion", FINE),
    "twenty classes with long names": (f"report many.csv --target kind {QUICK} --rules gd adam", FINE),
    "one feature and huge numbers": (f"report one.csv --target y {QUICK}", FINE),
    "two validation rows": (f"report few.csv --target y {QUICK} --validation 0.125 --test 0.25", FINE),
    "a final run that diverges": (f"report iris {QUICK} --rules gd --set param_bound=2.5", FAILED),
}
OTHERS = {
    "a run": ("train breast_cancer --rule adam --hidden 8 --steps 300", FINE),
    "a run of one step": ("train iris --steps 1", FINE),
    "a run that diverged": ("train diabetes --lr 50 --steps 100", FAILED),
    "a run on a surface": ("train bowl.toml --steps 50", FINE),
    "a sweep": ("sweep iris --rules gd adam lion --steps 60 --seeds 2", FINE),
    "a sweep in which all diverged": ("sweep diabetes --rates 1e7 1e8 --steps 20 --seeds 1", FAILED),
    "a descent in one dimension": ("descend parabola --rule gd momentum --lr 0.3 --steps 30", FINE),
    "a descent in two": ("descend rosenbrock --rule gd momentum adam --lr 0.002 --steps 300 --seeds 3", FAILED),
    "a descent in nine": ("descend quadratic --dims 9 --rule gd nesterov --lr 0.1", FINE),
    "a descent that diverged": ("descend bowl --lr 0.25 --steps 400", FAILED),
    "a descent along a valley": ("descend himmelblau --rule gd rmsprop nadam --lr 0.01", FINE),
}


@pytest.mark.parametrize(("words", "code"), [*REPORTS.values(), *OTHERS.values()], ids=[*REPORTS, *OTHERS])
def test_a_page_can_be_read_anywhere(words, code, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    many_classes(Path("many.csv"))
    one_feature(Path("one.csv"))
    few_rows(Path("few.csv"))
    Path("bowl.toml").write_text('[problem]\nkind = "surface"\n')
    assert run(shlex.split(words)) == code, capsys.readouterr().err
    (page,) = Path("runs").glob("*/report.html")
    assert len(page.read_bytes()) <= 500_000
    for width in (390, 1280):
        for dark in (False, True):
            seen = inspect(page, width, dark)
            assert (seen["width"], seen["dark"]) == (width, dark)
            wrong = {name: seen[name] for name in ("errors", "requests", "overlaps", "clipped", "small") if seen[name]}
            assert wrong == {}, (width, dark)
            assert seen["overflow"] == 0
            assert seen["figures"] >= 1
