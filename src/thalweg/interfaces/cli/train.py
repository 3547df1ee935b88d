"""thalweg train: one setting."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from thalweg.descent.folder import Writer, load_run
from thalweg.descent.interrupt import Interrupt, interruptible
from thalweg.descent.population import Population
from thalweg.descent.run import Run
from thalweg.descent.spec import Spec, Stop
from thalweg.descent.train import begin, finish
from thalweg.errors import SpecError
from thalweg.evidence.study import log_row
from thalweg.interfaces.cli import FAILED, FINE, INTERRUPTED, LOUD, VERBOSE
from thalweg.interfaces.cli.flags import DataFlags, Json, MethodFlags, ModelFlags, RunFlags, changes, spec_from, trusted
from thalweg.interfaces.cli.folders import fresh_folder, require_free, stem_of
from thalweg.interfaces.cli.say import command, put_json, quoted, say

LINES = 10  # of progress


def train(
    data: str | None = None,
    *,
    dataset: DataFlags | None = None,
    model: ModelFlags | None = None,
    method: MethodFlags | None = None,
    run: RunFlags | None = None,
    resume: Path | None = None,
    out: Path = Path("runs"),
    name: str | None = None,
    json: Json = False,
) -> int:
    """Train one setting and write its run folder.

    Example: thalweg train iris --rule adam --lr 0.05 --steps 500

    Parameters
    ----------
    data
        A bundled name, a CSV or Parquet file, or a spec.toml; flags change what it says.
    resume
        The folder of a run that was interrupted: go on where it stopped, bit for bit.
    out
        Where run folders go.
    name
        Name of the run folder; a number is given unless you choose.
    json
        Print the run's row of the tuning log as JSON on stdout.
    """
    if resume is not None:
        return go_on(resume, json, {"DATA": data, **changes(dataset, model, method, run)}, trusted(dataset))
    require_free(out, name)
    spec = spec_from(data, dataset, model, method, run)
    population = begin(spec)
    spec = population.setup.specs[0]
    for notice in population.problem.notices:
        say(f"note: {notice}")
    with interruptible() as interrupt:
        with fresh_folder(out, name, stem(spec)) as folder:
            (writer := Writer(folder)).begin(population)
        done = follow(population, writer, interrupt)
    return tell(done, folder, json)


def go_on(folder: Path, json: bool, given: dict[str, object], trust: bool) -> int:
    """Resume a run folder with its own Spec; only the stop rules may be changed, as in --steps 5000."""
    stops = {name: value for name, value in given.items() if name in Stop.__struct_fields__}
    if asked := [name for name, value in given.items() if value is not None and name not in stops]:
        raise SpecError(f"--resume goes on with the run's own spec; leave out {', '.join(asked)}")
    with interruptible() as interrupt:
        stored = load_run(folder, trust=trust)
        if not stored.unfinished and not stops:
            say(f"{folder}: {stored.stopped.sentence}; nothing is left to do, unless you say --steps")
            return tell(stored, folder, json)
        say(f"going on from step {stored.state.t}")
        population = begin(stored.spec.but(**stops), resume=stored)
        (writer := Writer(folder)).begin(population)
        run = follow(population, writer, interrupt)
    return tell(run, folder, json)


def follow(population: Population, writer: Writer, interrupt: Interrupt) -> Run:
    """Advance to the end, saving and telling on the way. Ctrl-C leaves a checkpoint."""
    from thalweg.interfaces.report.run_page import write_run_page

    setup = population.setup
    spoken = setup.every if LOUD.get() == VERBOSE else max(1, setup.specs[0].stop.steps // LINES)
    due = (population.state.t // spoken + 1) * spoken

    def watch(now: Population) -> bool:
        nonlocal due
        writer.watch(now)
        latest = now.trail.evaluations[0][-1]
        if latest["t"] >= due:
            say(progress_line(latest))
            due = (latest["t"] // spoken + 1) * spoken
        return interrupt.asked

    run = finish(population, watch=watch)
    writer.end(run)
    if not run.unfinished:
        write_run_page(run, writer.folder, command())
    return run


def progress_line(latest: Mapping[str, Any]) -> str:
    """An evaluation, and the step it is of."""
    measures = [
        f"{name.replace('_', ' ')} {latest[name]:.4g}" for name in latest if name.endswith(("loss", "accuracy", "r2"))
    ]
    return f"step {latest['t']:>6}   epoch {latest['epoch']:>6.4g}   " + "   ".join(measures)


def tell(run: Run, folder: Path, json: bool) -> int:
    """The last lines; of an interrupted run the command that goes on."""
    if run.unfinished:
        say(f"{run.stopped.sentence}; go on with:\n  {quoted(['thalweg', 'train', '--resume', str(folder)])}")
        return INTERRUPTED
    if json:
        put_json({"folder": str(folder), **log_row(folder.name, run)})
    say(run.stopped.sentence[:1].upper() + run.stopped.sentence[1:] + ".")
    best = run.best_evaluation
    measures = ", ".join(
        f"{k.replace('_', ' ')} {best[k]:.4g}" for k in best if k.startswith(("train_", "validation_"))
    )
    say(f"Best weights at step {run.best_t}: {measures}.")
    say(f"report  {folder / 'report.html'}")
    return FAILED if run.diverged else FINE


def stem(spec: Spec) -> str:
    """What a run's folder is called before its number."""
    return f"{stem_of(spec.problem)}-{spec.method.rule}"
