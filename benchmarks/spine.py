"""The numbers that the spine promises, measured here and now."""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from statistics import median

from benchmarks.rows import Row

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
ROUNDS = 9
SEEDS = 10


def rows() -> Iterator[Row]:
    """All of them, the quick ones first."""
    yield from imports()
    yield from optima()
    yield from optimizers()
    yield from members()
    yield from alarms()
    yield from report()


# What it costs to begin

PROGRAMS = {
    "import numpy": "import numpy",
    "import thalweg": "import thalweg",
    "import thalweg; thalweg.train": "import thalweg; thalweg.train",
    "thalweg --help": "from thalweg.interfaces.cli import main; main(['--help'])",
}
GOALS = {"import thalweg": 1.9, "thalweg --help": 2.4, "import thalweg; thalweg.train": float("inf")}


def imports() -> Iterator[Row]:
    """CPU time of fresh processes, the programs in turn; ratios of medians."""
    spent: dict[str, list[float]] = {name: [] for name in PROGRAMS}
    for _ in range(ROUNDS + 1):
        for name, program in PROGRAMS.items():
            spent[name].append(cpu_seconds(program))
    medians = {name: median(times[1:]) for name, times in spent.items()}  # the first warms the disk
    for name, goal in GOALS.items():
        ratio = medians[name] / medians["import numpy"]
        yield Row(name, "CPU time", ratio, "× import numpy", "numpy", goal)
        yield Row(name, "CPU time", 1000 * medians[name], "ms", "–", float("inf"))


def cpu_seconds(program: str) -> float:
    """Of a fresh Python that runs the program."""
    child = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.DEVNULL)  # noqa: S603 - our own
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise RuntimeError(f"{program} ended with {child.returncode}")
    return usage.ru_utime + usage.ru_stime


# The same optimum as scikit-learn

FITS = (("diabetes", 0.0), ("diabetes", 0.1), ("breast_cancer", 0.01), ("breast_cancer", 1.0), ("wine", 0.01),
        ("iris", 0.01), ("penguins", 0.01))  # fmt: skip


def optima() -> Iterator[Row]:
    """The loss of Newton's method above scikit-learn's, for the same objective on the same rows."""
    from thalweg import Spec, Table, train

    for source, l2 in FITS:
        run = train(Spec(problem=Table(source=source, l2=l2)).but(rule="newton", steps=100, grad_tol=1e-12))
        fit = run.problem.objective
        theirs = peer(fit.splits["train"], l2, fit)
        ours, other = (float(fit.value_and_grad(w)[0]) for w in (run.w, theirs))
        gap = abs(ours - other) / max(1.0, abs(other))
        yield Row(f"{source}, l2 {l2:g}", "loss gap at the optimum", gap, "relative", "scikit-learn", 1e-6)


def peer(examples, l2, fit):
    """scikit-learn's parameters in our layout."""
    import numpy as np
    from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge

    X, y, n = examples.X, examples.y, len(examples.y)
    if fit.loss.task == "regression":
        share = 1.0 if fit.loss.name == "half_mse" else 0.5
        model = Ridge(alpha=share * n * l2, tol=1e-12, solver="cholesky") if l2 else LinearRegression()
        model.fit(X, y)
    else:
        labels = y[:, 0] if y.shape[1] == 1 else y.argmax(1)
        model = LogisticRegression(C=1 / (n * l2), solver="newton-cholesky", tol=1e-10, max_iter=1000).fit(X, labels)
    return fit.layout.pack({"W": np.atleast_2d(model.coef_).T, "b": np.atleast_1d(np.squeeze(model.intercept_))})


# The same steps as PyTorch

PAIRS = {
    "gd": ("SGD", 0.05, {}, {}),
    "momentum": ("SGD", 0.02, {"ema": 0.0, "beta": 0.8}, {"momentum": 0.8}),
    "nesterov": ("SGD", 0.02, {"ema": 0.0, "beta": 0.8}, {"momentum": 0.8, "nesterov": True}),
    "adagrad": ("Adagrad", 0.1, {}, {"eps": 1e-10}),
    "rmsprop": ("RMSprop", 0.01, {"rho": 0.95}, {"alpha": 0.95}),
    "rmsprop_centered": ("RMSprop", 0.01, {"rho": 0.9}, {"alpha": 0.9, "centered": True}),
    "adam": ("Adam", 0.02, {}, {}),
    "amsgrad": ("Adam", 0.02, {"beta2": 0.7}, {"betas": (0.9, 0.7), "amsgrad": True}),
    "adamw": ("AdamW", 0.02, {"decay": 0.3}, {"weight_decay": 0.3}),
    "nadam": ("NAdam", 0.02, {}, {}),
}


def optimizers() -> Iterator[Row]:
    """The largest distance between a rule's path and PyTorch's over 100 steps; nothing without PyTorch."""
    if find_spec("torch") is None:
        print("  PyTorch is not installed: its optimizers were not compared", file=sys.stderr)
        return
    import numpy as np
    import torch

    torch.set_default_dtype(torch.float64)
    rng = np.random.default_rng(7)
    root, centre, start = rng.normal(size=(12, 8)), rng.normal(size=8), rng.normal(size=8)
    curvature = root.T @ root / 12
    for rule, (kind, lr, hyper, settings) in PAIRS.items():
        apart = walk_apart(rule, getattr(torch.optim, kind), lr, hyper, settings, start, curvature, centre)
        yield Row(rule, "distance over 100 steps", apart, "max |Δw|", f"PyTorch {kind}", 1e-12)


def walk_apart(rule, kind, lr, hyper, settings, start, curvature, centre) -> float:
    """Both walk down the same quadratic with ripples; the largest difference on the way."""
    import numpy as np
    import torch

    from thalweg import Optimizer, State

    def slope(w, t):
        return curvature @ (w - centre) + 0.3 * np.sin(3 * w) + 0.2 * np.sin(t * np.arange(1, 9))

    method = Optimizer.named(rule, **hyper)
    state = method.start(start[None].copy())
    assert isinstance(state, State)
    theirs, largest = torch.tensor(start, requires_grad=True), 0.0
    optimizer = kind([theirs], lr=lr, **settings)
    for t in range(1, 101):
        method.step(state, slope(state.w[0], t)[None], lr)
        theirs.grad = torch.tensor(slope(theirs.detach().numpy(), t))
        optimizer.step()
        largest = max(largest, float(np.abs(state.w[0] - theirs.detach().numpy()).max()))
    return largest


# A member of a population and its single run


def members() -> Iterator[Row]:
    """The largest difference in any parameter after 100 convex steps."""
    import numpy as np

    from thalweg import Spec, Table, train, train_all

    for source in ("breast_cancer", "diabetes", "digits"):
        base = Spec(problem=Table(source=source, l2=0.01)).but(steps=100, batch_size=32, every=50)
        specs = [base.but(rule="adam", lr=lr, seed=seed) for lr in (1e-3, 1e-2, 0.1) for seed in (0, 1)]
        apart = max(float(np.abs(run.w - train(run.spec).w).max()) for run in train_all(specs))
        yield Row(f"sweep of adam on {source}", "member against single run", apart, "max |Δw|", "train alone", 1e-10)


# Preflight on healthy sets


def alarms() -> Iterator[Row]:
    """Checks that train something and complain, over seeds, splits and the bundled sets."""
    import msgspec

    from thalweg import Spec, Table
    from thalweg.descent.train import resolved
    from thalweg.evidence.preflight import by_heart, first_loss, gradient, shuffled_labels
    from thalweg.problems.build import build
    from thalweg.problems.bundled import BUNDLED

    for source in BUNDLED:
        false = asked = 0
        for seed in range(SEEDS):
            section = msgspec.structs.replace(Table(source=source), split_seed=seed)
            spec = resolved(Spec(problem=section, seed=seed))
            problem = build(spec.problem, spec.dtype)
            for check in (first_loss, gradient, by_heart, shuffled_labels):
                asked += 1
                false += check(spec, problem, problem.objective).status != "ok"
        yield Row(f"preflight of {source}", f"false alarms of {asked} checks", false, "checks", "–", 0)


# The main job


def report() -> Iterator[Row]:
    """`thalweg report` on the default set, and whether its numbers come back."""
    with tempfile.TemporaryDirectory() as folder:
        began, before = time.perf_counter(), cpu_of_children()
        thalweg("report", "--name", "spine", folder=folder)
        wall, cpu = time.perf_counter() - began, cpu_of_children() - before
        page = Path(folder, "runs/spine/report.html").stat().st_size
        told = thalweg("report", "--verify", "runs/spine", "--json", folder=folder)
        verified = json.loads(told)
    yield Row("report, default set", "wall-clock time", wall, "s", "–", 60)
    yield Row("report, default set", "CPU time", cpu, "s", "–", 60)
    yield Row("report, default set", "size of the page", page / 1000, "KB", "–", 500)
    yield Row("report --verify", f"numbers that differ, of {verified['compared']:,}", len(verified["differences"]),
              "numbers", "the same again", 0)  # fmt: skip


def thalweg(*arguments: str, folder: str) -> bytes:
    """What the command prints on stdout; a verification may end with 1, where numbers differ."""
    command = [sys.executable, "-m", "thalweg", *arguments]
    done = subprocess.run(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False)  # noqa: S603
    if done.returncode not in (0, 1):
        raise RuntimeError(f"thalweg {' '.join(arguments)} ended with {done.returncode}")
    return done.stdout


def cpu_of_children() -> float:
    """CPU seconds of all child processes that have ended."""
    spent = os.times()
    return spent.children_user + spent.children_system
