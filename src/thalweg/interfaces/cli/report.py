"""thalweg report: the main job."""

import shutil
from collections.abc import Generator
from pathlib import Path
from typing import Annotated, Any

import msgspec
from cyclopts import Parameter

from thalweg.descent.folder import require_trust
from thalweg.descent.train import resolved
from thalweg.errors import FolderError, SpecError
from thalweg.evidence.estimate import estimate
from thalweg.evidence.results import results
from thalweg.evidence.trials import Kept
from thalweg.evidence.workup import Request, Stage, Workup, work_up
from thalweg.evidence.workup_folder import TRIALS, begin_folder, read_request, read_stored, save_workup, verify
from thalweg.interfaces.cli import FAILED, FINE, INTERRUPTED
from thalweg.interfaces.cli.flags import DataFlags, Json, MethodFlags, ModelFlags, RunFlags, changes, spec_from, trusted
from thalweg.interfaces.cli.folders import fresh_folder, require_free, stem_of
from thalweg.interfaces.cli.say import command, progress, put_json, quoted, say
from thalweg.problems.build import build

SHOWN_DIFFERENCES = 10
QUICK: dict[str, Any] = {"rules": ("gd", "adam"), "seeds": 2, "budget": 100, "trial_rows": 5_000}
THOROUGH: dict[str, Any] = {"seeds": 5, "budget": 1000, "trial_rows": 100_000, "final_steps": 10_000}
DECIDED = {"lr": "thalweg train", "steps": "--budget and --final-steps", "warmup": "thalweg train"}


def report(
    data: str | None = None,
    *,
    dataset: DataFlags | None = None,
    model: ModelFlags | None = None,
    method: MethodFlags | None = None,
    run: RunFlags | None = None,
    quick: Annotated[bool, Parameter(negative=())] = False,
    thorough: Annotated[bool, Parameter(negative=())] = False,
    rules: Annotated[tuple[str, ...], Parameter(consume_multiple=True)] = (),
    seeds: int | None = None,
    budget: int | None = None,
    trial_rows: int | None = None,
    final_steps: int | None = None,
    out: Path = Path("runs"),
    name: str | None = None,
    resume: Path | None = None,
    verify: Path | None = None,
    json: Json = False,
) -> int:
    """Load, split, standardise, preflight, sweep, ablate, compare, train, test, and write report.html.

    Example: thalweg report houses.csv --target price

    Parameters
    ----------
    data
        A bundled name (breast_cancer, digits, wine, iris, diabetes, penguins), a file (CSV, TSV, Parquet, JSON, also
        several by a pattern), a DuckDB or SQLite database, a SQL query, or a spec.toml.
    quick
        A first look: rules gd and adam, 2 seeds, 100 updates a trial on at most 5,000 rows.
    thorough
        5 seeds, 1,000 updates a trial on at most 100,000 rows, and up to 10,000 for the final run.
    rules
        Rules to sweep and compare (gd momentum nesterov rmsprop adam).
    seeds
        Seeds of every trial (3).
    budget
        Updates of each trial (300).
    trial_rows
        Training rows of a trial, at most; 0 for all (20,000). The final run learns from all of them.
    final_steps
        Updates of the final run, at most (three epochs, between 3,000 and 30,000).
    out
        Where study folders go.
    name
        Name of the study folder; a number is given unless you choose.
    resume
        The folder of a report that was interrupted: finished trials are not run again.
    verify
        A study folder: run it again and say whether every number came back.
    json
        Print the results as JSON on stdout.
    """
    if verify is not None:
        return verify_folder(verify, json, trusted(dataset))
    if resume is not None:
        return go_on(resume, json, trusted(dataset))
    if quick and thorough:
        raise SpecError("--quick and --thorough say different things; give one of them")
    given = {"seeds": seeds, "budget": budget, "trial_rows": trial_rows, "final_steps": final_steps}
    asked: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    rules = asked_rules(rules, method, run)
    require_free(out, name)
    spec = spec_from(data, dataset, model, method, run, defaults={"batch_size": 32}, without=tuple(DECIDED))
    asked |= {"patience": run.patience} if run and run.patience else {}
    asked |= {"rules": rules} if rules else {}
    preset = QUICK if quick else THOROUGH if thorough else {}
    return write_report(Request(spec=spec, **{**preset, **asked}), out, name, json)


def asked_rules(rules: tuple[str, ...], method: MethodFlags | None, run: RunFlags | None) -> tuple[str, ...]:
    """--rule serves as --rules. What a report decides by itself is refused as a flag, rather than ignored."""
    given = changes(method, run)
    for flag, instead in DECIDED.items():
        if flag in given:
            raise SpecError(f"a report decides {flag} by its own trials; leave out --{flag}, or use {instead}")
    rule = given.get("rule")
    if rule and rules:
        raise SpecError(f"--rule {rule} and --rules {' '.join(rules)} say different things; give one of them")
    return (rule,) if rule else tuple(rules)


def write_report(request: Request, out: Path, name: str | None, json: bool) -> int:
    """Work up the request into a new folder, which is removed if it cannot be done."""
    refuse_stream(request)
    spec = resolved(request.spec)  # what cannot be read is said before a folder is made
    request = msgspec.structs.replace(request, spec=request.spec.but(sha256=spec.problem.sha256))  # type: ignore[union-attr]
    for notice in build(spec.problem, spec.dtype).notices:
        say(f"note: {notice}")
    say(estimate(request).sentence)
    stem = stem_of(request.spec.problem)
    with fresh_folder(out, name, stem) as folder:
        begin_folder(folder, request, command())
        return work_in(folder, request, command(), json)


def refuse_stream(request: Request) -> None:
    """A report looks at whole columns, and compares batches up to all rows."""
    if getattr(request.spec.problem, "stream", False):
        raise SpecError(
            "a report needs its table in memory and cannot stream it; report on a part with --sample 200000, or train "
            "on all of it: thalweg train FILE --target COLUMN --stream --batch-size 64"
        )


def go_on(folder: Path, json: bool, trust: bool) -> int:
    """Go on with an interrupted report: the trials it kept are loaded, the others run."""
    if not folder.is_dir():
        raise FolderError(f"no folder {folder}; give the folder of a report that was interrupted")
    request, made_by = read_request(folder)
    require_trust(request.spec, trust, str(folder))
    if (folder / "report.html").is_file():
        say(f"{folder} is finished: see {folder / 'report.html'}")
        return FINE
    return work_in(folder, request, made_by, json)


def work_in(folder: Path, request: Request, made_by: str, json: bool) -> int:
    """Work up the request in its folder. Ctrl-C leaves the finished trials there, and the command that goes on."""
    from thalweg.interfaces.report.build import write_page

    try:
        workup = _followed(work_up(request, Kept(folder / TRIALS)))
        save_workup(workup, folder)
        page = write_page(workup, folder, made_by)
    except KeyboardInterrupt:
        again = quoted(["thalweg", "report", "--resume", str(folder)])
        say(f"\ninterrupted; the finished trials are kept. Go on with:\n  {again}")
        return INTERRUPTED
    shutil.rmtree(folder / TRIALS, ignore_errors=True)
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


def verify_folder(folder: Path, json: bool, trust: bool) -> int:
    """Run a study folder again and compare every number except wall-clock times."""
    if not folder.is_dir():
        raise FolderError(f"no folder {folder}; give a study folder that thalweg report made")
    request, made_by = read_request(folder)
    require_trust(request.spec, trust, str(folder))
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
