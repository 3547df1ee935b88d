"""Everything a workup found, as plain data: what report, results.json and --verify are made of.

No wall-clock time is in it, so that the same request gives the same results, number for number.
"""

from collections.abc import Sequence
from typing import Any

import msgspec

from thalweg.descent.header import header
from thalweg.descent.run import Run
from thalweg.evidence.ablation import Ablation
from thalweg.evidence.comparison import Comparison
from thalweg.evidence.held_out import HeldOut
from thalweg.evidence.study import Study, log_row
from thalweg.evidence.sweep import JUDGEMENT, Sweep
from thalweg.evidence.workup import Workup

Plain = dict[str, Any]


def results(workup: Workup) -> Plain:
    """All numbers and sentences of a workup."""
    run = workup.run
    return {
        "header": header(run.spec, run.problem),
        "checks": [msgspec.to_builtins(check) for check in workup.checks],
        "judgement": list(JUDGEMENT),
        "sweeps": [plain_sweep(sweep) for sweep in workup.sweeps],
        "optimizers": _comparison(workup.optimizers),
        "ablation": _ablation(workup.ablation),
        "schedules": _comparison(workup.schedules),
        "batches": _comparison(workup.batches),
        "chosen": {
            "why": workup.why,
            **log_row("final", run),
            "evaluations": [{k: v for k, v in entry.items() if k != "seconds"} for entry in run.evaluations],
            "fast_and_stable": msgspec.to_builtins(workup.criterion),
        },
        "validation": _held_out(workup.validation),
        "test": _held_out(workup.test),
    }


def studies(workup: Workup) -> dict[str, Study]:
    """The workup's studies by the name of their folders."""
    found = {f"sweep-{sweep.rule}": sweep.study for sweep in workup.sweeps}
    found |= {"optimizers": workup.optimizers.study, "ablations": workup.ablation.study}
    return found | {"schedules": workup.schedules.study, "batches": workup.batches.study}


def plain_sweep(sweep: Sweep) -> Plain:
    """A sweep as plain data."""
    return {
        "rule": sweep.rule,
        "chosen": sweep.chosen.lr if sweep.chosen else None,
        "at_edge": sweep.at_edge,
        "sentence": sweep.sentence,
        "rates": [
            {
                "lr": rate.lr,
                "verdict": rate.verdict,
                "final_train": list(rate.final_train),
                "best_validation": list(rate.best_validation),
                "best_step": list(rate.best_step),
            }
            for rate in sweep.rates
        ],
    }


def _comparison(comparison: Comparison) -> Plain:
    return {
        "sentence": comparison.sentence,
        "entries": [
            {
                "name": entry.name,
                "best": entry.best,
                "final_train": entry.final_train,
                "early_wobble": entry.early_wobble,
                "wobble": entry.wobble,
                "steps": entry.steps,
                "samples": entry.samples,
                "samples_to_target": entry.samples_to_target,
                "diverged": entry.diverged,
                "values": _values(entry.runs),
            }
            for entry in comparison.entries
        ],
    }


def _ablation(ablation: Ablation) -> Plain:
    return {
        "sentence": ablation.sentence,
        "baseline": list(ablation.baseline),
        "effects": [
            {
                "name": effect.name,
                "changed": effect.changed,
                "values": list(effect.values),
                "differences": list(effect.differences),
                "verdict": effect.verdict,
                "diverged": effect.diverged,
            }
            for effect in ablation.effects
        ],
    }


def _held_out(held: HeldOut) -> Plain:
    return {
        "split": held.split,
        "rows": held.rows,
        "measures": held.measures,
        "intervals": {name: list(interval) for name, interval in held.intervals.items()},
        "threshold": held.threshold,
        "confusion": None if held.confusion is None else held.confusion.tolist(),
    }


def _values(runs: Sequence[Run]) -> list[float]:
    return [run.best_value for run in runs]
