"""thalweg report: the main job."""

from collections.abc import Generator
from pathlib import Path
from typing import Annotated

import msgspec
from cyclopts import Parameter

from thalweg.descent.train import resolved
from thalweg.errors import FolderError
from thalweg.evidence.results import results
from thalweg.evidence.workup import RULES_COMPARED, Request, Stage, Workup, work_up
from thalweg.evidence.workup_folder import begin_folder, read_request, read_stored, save_workup, verify
from thalweg.interfaces.cli import FAILED, FINE, INTERRUPTED
from thalweg.interfaces.cli.flags import DataFlags, Json, MethodFlags, ModelFlags, RunFlags, spec_from
from thalweg.interfaces.cli.folders import fresh_folder
from thalweg.interfaces.cli.say import command, progress, put_json, say

SHOWN_DIFFERENCES = 10


def report(
    data: str | None = None,
    *,
    dataset: DataFlags | None = None,
    model: ModelFlags | None = None,
    method: MethodFlags | None = None,
    run: RunFlags | None = None,
    rules: Annotated[tuple[str, ...], Parameter(consume_multiple=True)] = RULES_COMPARED,
    seeds: int = 3,
    budget: int = 300,
    final_steps: int = 3000,
    out: Path = Path("runs"),
    name: str | None = None,
    verify: Path | None = None,
    json: Json = False,
) -> int:
    """Load, split, standardise, preflight, sweep, ablate, compare, train, test, and write report.html.

    Example: thalweg report houses.csv --target price

    Parameters
    ----------
    data
        A bundled name (breast_cancer, digits, wine, iris, diabetes, penguins), a CSV or Parquet file, or a spec.toml.
    rules
        Rules to sweep and compare.
    seeds
        Seeds of every trial.
    budget
        Updates of each trial.
    final_steps
        Updates of the final run, at most.
    out
        Where study folders go.
    name
        Name of the study folder; a number is given unless you choose.
    verify
        A study folder: run it again and say whether every number came back.
    json
        Print the results as JSON on stdout.
    """
    if verify is not None:
        return verify_folder(verify, json)
    spec = spec_from(data, dataset, model, method, run)
    if not spec.batch.batch_size and (run is None or run.batch_size is None):
        spec = spec.but(batch_size=32)
    patience = {"patience": run.patience} if run and run.patience else {}
    request = Request(spec=spec, rules=tuple(rules), seeds=seeds, budget=budget, final_steps=final_steps, **patience)
    return write_report(request, out, name, json)


def write_report(request: Request, out: Path, name: str | None, json: bool) -> int:
    """Work up the request into a new folder. Nothing is left behind if it cannot be done."""
    from thalweg.interfaces.report.build import write_page

    seen = resolved(request.spec).problem  # what cannot be read is said before a folder is made
    request = msgspec.structs.replace(request, spec=request.spec.but(sha256=seen.sha256))  # type: ignore[union-attr]
    stem = Path(request.spec.problem.source).stem  # type: ignore[union-attr]
    try:
        with fresh_folder(out, name, stem) as folder:
            begin_folder(folder, request, command())
            workup = _followed(work_up(request))
            save_workup(workup, folder)
            page = write_page(workup, folder, command())
    except KeyboardInterrupt:
        say(f"\ninterrupted; nothing was kept, because trials are quick to repeat. Start again with:\n  {command()}")
        return INTERRUPTED
    if json:
        put_json({"folder": str(folder), "report": str(page), **results(workup)})
    tell(workup, folder, page)
    return FAILED if workup.run.diverged else FINE


def _followed(work: Generator[Stage, None, Workup]) -> Workup:
    """Run the generator to its end, showing its stages."""
    with progress(8) as show:
        while True:
            try:
                stage = next(work)
            except StopIteration as done:
                workup: Workup = done.value
                return workup
            show(stage.name, stage.number)


def tell(workup: Workup, folder: Path, page: Path) -> None:
    """The last lines: what was found, and where the report lies."""
    from thalweg.interfaces.report.conclusions import conclusions

    say()
    for sentence in conclusions(workup):
        say(f"  {sentence}")
    say()
    say(f"report  {page}")
    say(f"verify  thalweg report --verify {folder}")


def verify_folder(folder: Path, json: bool) -> int:
    """Run a study folder again and compare every number except wall-clock times."""
    if not folder.is_dir():
        raise FolderError(f"no folder {folder}; give a study folder that thalweg report made")
    request, made_by = read_request(folder)
    stored = read_stored(folder)
    say(f"running again: {made_by}")
    try:
        workup = _followed(work_up(request))
    except KeyboardInterrupt:
        say(f"\ninterrupted; the folder is as it was. Start again with:\n  {command()}")
        return INTERRUPTED
    compared, differences = verify(stored, workup)
    if json:
        shown = [{"where": d.where, "stored": d.stored, "now": d.now} for d in differences]
        put_json({"compared": compared, "differences": shown})
    if not differences:
        say(f"verified: all {compared:,} numbers came back")
        return FINE
    say(f"{len(differences):,} of {compared:,} numbers differ:")
    for difference in differences[:SHOWN_DIFFERENCES]:
        say(f"  {difference.where}: stored {difference.stored}, now {difference.now}")
    say("Other versions, another processor or other data give other numbers; final/header.json says what made these.")
    return FAILED
