"""thalweg descend: rules on a surface whose minima are known, with the picture."""

from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from thalweg.descent.folder import Writer
from thalweg.descent.run import Run
from thalweg.descent.spec import Spec
from thalweg.descent.train import begin, finish, train_all
from thalweg.evidence.known_minimum import KnownMinimumCheck, check_known_minimum
from thalweg.interfaces.cli import FAILED, FINE
from thalweg.interfaces.cli.flags import Json, assignments
from thalweg.interfaces.cli.folders import fresh_folder
from thalweg.interfaces.cli.say import command, put_json, say
from thalweg.problems.sections import OnSurface


def descend(
    surface: str = "bowl",
    *,
    rule: Annotated[tuple[str, ...], Parameter(consume_multiple=True)] = ("gd",),
    lr: float | None = None,
    steps: int = 100,
    start: Annotated[tuple[float, ...], Parameter(consume_multiple=True)] = (),
    seeds: int = 0,
    tolerance: float = 1e-3,
    dims: int = 2,
    condition: float = 10.0,
    set: Annotated[tuple[str, ...], Parameter(consume_multiple=True)] = (),
    out: Path = Path("runs"),
    json: Json = False,
) -> int:
    """Walk one or more rules down a surface and draw their paths.

    Example: thalweg descend rosenbrock --rule gd momentum adam --lr 0.002 --steps 500

    Parameters
    ----------
    surface
        parabola, bowl, quadratic, saddle, flat, rosenbrock, beale, himmelblau, rastrigin.
    rule
        One or more of gd, momentum, nesterov, adagrad, rmsprop, adam, amsgrad, adamw, nadam, lion, ….
    lr
        Learning rate of all; each rule's own default unless given.
    steps
        Updates.
    start
        Where to start; the surface's own start unless given.
    seeds
        Also run from so many random starts: does every one reach a known minimum?
    tolerance
        Distance to the minimum that counts as reached.
    dims
        Size of the quadratic.
    condition
        Condition number of the quadratic.
    set
        Other fields and hyperparameters, as in --set beta=0.8 schedule=cosine.
    out
        Where the folder goes.
    json
        Print where each rule ended as JSON on stdout.
    """
    from thalweg.interfaces.report.descent_page import write_descent_page

    problem = OnSurface(surface=surface, start=start, dims=dims, condition=condition)
    base = Spec(problem=problem).but(steps=steps, every=max(1, steps // 100))
    specs = {name: base.but(rule=name, lr=lr).but(**assignments(set)) for name in rule}
    runs = {name: finish(begin(spec)) for name, spec in specs.items()}
    checks = known_minima(specs, seeds, tolerance)
    with fresh_folder(out, None, f"{surface}-{'-'.join(rule)}") as folder:
        for name, run in runs.items():
            (own := folder / name).mkdir()
            writer = Writer(own)
            writer.begin(begin(specs[name]))
            writer.end(run)
        page = write_descent_page(runs, checks, folder, command())
    if json:
        put_json({"folder": str(folder), "runs": {name: ending(run) for name, run in runs.items()}})
    for name, run in runs.items():
        say(line(name, run))
    for name, check in checks.items():
        say(f"{name}: {check.sentence}")
    say(f"picture {page}")
    bad = any(run.diverged for run in runs.values()) or any(not check.passed for check in checks.values())
    return FAILED if bad else FINE


def known_minima(specs: dict[str, Spec], seeds: int, tolerance: float) -> dict[str, KnownMinimumCheck]:
    """Does every random start reach a known minimum? Nothing to ask without seeds or known minima."""
    found = {}
    for name, spec in specs.items():
        if seeds < 1:
            continue
        many = train_all([spec.but(random_start=True, start=(), seed=seed) for seed in range(seeds)])
        surface = many[0].problem.surface
        if surface is not None and len(surface.minimisers):
            ends = {run.spec.seed: run.w for run in many}
            found[name] = check_known_minimum(ends.__getitem__, surface.minimisers, tolerance, range(seeds))
        else:
            say(f"{name}: {spec.problem.surface} has no known minimum to reach")  # type: ignore[union-attr]
    return found


def ending(run: Run) -> dict[str, Any]:
    """Where a run ended, as plain data."""
    return {
        "w": run.w.tolist(),
        "loss": run.final["train_loss"],
        "steps": run.state.t,
        "lr": run.spec.method.lr,
        "stopped": run.stopped.kind,
        "sentence": run.stopped.sentence,
    }


def line(name: str, run: Run) -> str:
    """One rule's ending in a line."""
    w = ", ".join(f"{value:.6g}" for value in run.w[:4]) + (", …" if len(run.w) > 4 else "")
    numbers = f"lr {run.spec.method.lr:<8.3g} loss {run.final['train_loss']:<12.6g} at ({w})"
    return f"{name:<10} {numbers}  {run.stopped.sentence}"
