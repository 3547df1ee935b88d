"""thalweg sweep: which learning rate."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from thalweg.descent.train import resolved
from thalweg.errors import SpecError
from thalweg.evidence import sweep as sweeps
from thalweg.evidence.study import save_about, save_json, save_table
from thalweg.formulas.rules import RULES
from thalweg.interfaces.cli import FAILED, FINE
from thalweg.interfaces.cli.flags import DataFlags, Json, MethodFlags, ModelFlags, RunFlags, spec_from
from thalweg.interfaces.cli.folders import fresh_folder, require_free, stem_of
from thalweg.interfaces.cli.say import command, progress, put_json, say


def sweep(
    data: str | None = None,
    *,
    dataset: DataFlags | None = None,
    model: ModelFlags | None = None,
    method: MethodFlags | None = None,
    run: RunFlags | None = None,
    rules: Annotated[tuple[str, ...], Parameter(consume_multiple=True)] = (),
    rates: Annotated[tuple[float, ...], Parameter(consume_multiple=True)] = sweeps.GRID,
    seeds: int = 3,
    out: Path = Path("runs"),
    name: str | None = None,
    json: Json = False,
) -> int:
    """Sweep the learning rate of one or more rules: every rate judged, one chosen, and why.

    Example: thalweg sweep iris --rules gd adam --seeds 5

    Parameters
    ----------
    data
        A bundled name, a CSV or Parquet file, or a spec.toml.
    rules
        Rules to sweep; the Spec's own unless given.
    rates
        Rates to try; more are added where the best lies on the edge, and around the chosen one.
    seeds
        Seeds of every rate.
    out
        Where study folders go.
    name
        Name of the study folder; a number is given unless you choose.
    json
        Print the result as JSON on stdout.
    """
    from thalweg.evidence.results import plain_sweep
    from thalweg.interfaces.report.sweep_page import write_sweep_page

    require_free(out, name)
    base = spec_from(data, dataset, model, method, run, defaults={"batch_size": 32, "steps": 300})
    steps = base.stop.steps
    base = resolved(base.but(every=base.stop.every or max(1, steps // 30), patience=0, lr=None))
    if seeds < 1 or not rates:
        raise SpecError(f"{seeds} seeds and {len(rates)} rates; a sweep needs at least one of both")
    for rate in rates:
        if not rate > 0:
            raise SpecError(f"rate {rate:g}; expected numbers over 0")
    named = [RULES.named(rule).name for rule in rules or (base.method.rule,)]
    found = []
    with progress(len(named)) as show:
        for number, rule in enumerate(named, 1):
            show(f"sweeping {rule}", number)
            found.append(sweeps.sweep(base, rule, seeds=[base.seed + i for i in range(seeds)], grid=rates))
    plain = [plain_sweep(one) for one in found]
    with fresh_folder(out, name, f"{stem_of(base.problem)}-sweep") as folder:
        for one in found:
            one.study.save(folder / one.rule)
        save_table(folder, [row for one in found for row in one.study.table])
        save_json(folder / "results.json", plain)
        save_about(folder, "learning-rate sweep", found[0].study.note, [one.rule for one in found])
        page = write_sweep_page(found, base, folder, command())
    if json:
        put_json({"folder": str(folder), "sweeps": plain})
    for one in found:
        tell(one, rates)
    say(f"report  {page}")
    return FINE if all(one.chosen for one in found) else FAILED


def tell(found: sweeps.Sweep, asked: Sequence[float]) -> None:
    """A line for every rate, those added to the ones asked for marked, then the answer."""
    say(f"\n{found.rule:<10} {'rate':>8}  {'verdict':<9} {'final train':>12} {'best validation':>16}")
    for rate in found.rates:
        mark = "← chosen" if found.chosen and rate.lr == found.chosen.lr else ""
        mark += "" if rate.lr in asked else " (added)"
        train = sorted(rate.final_train)[len(rate.final_train) // 2]
        say(f"{'':<10} {rate.lr:>8.3g}  {rate.verdict:<9} {train:>12.4g} {rate.value:>16.4g}  {mark}")
    say(found.sentence)
