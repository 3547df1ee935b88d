"""What a workup says, in sentences that follow from its numbers; the command line and the page say the same."""

from math import hypot

from thalweg.evidence.held_out import HeldOut
from thalweg.evidence.workup import Workup, fit_of
from thalweg.problems.words import counted

MAIN = {"regression": "r2", "binary": "accuracy", "multiclass": "accuracy"}
NAMES = {
    "r2": "R²",
    "mae": "mean absolute error",
    "rmse": "root mean squared error",
    "roc_auc": "ROC AUC",
    "f1": "F1",
    "brier": "Brier score",
    "calibration_error": "calibration error",
    "balanced_accuracy": "balanced accuracy",
}


def named(measure: str) -> str:
    """A measure in words."""
    return NAMES.get(measure, measure.replace("_", " "))


def conclusions(workup: Workup) -> list[str]:
    """The findings, most important first."""
    run = workup.run
    found = [
        _verdict(workup),
        f"Chosen: {workup.why}",
        f"The final run {_lower(run.stopped.sentence)}; best weights at step {run.best_t}, "
        f"validation loss {run.best_value:.4g}.",
        _generalises(workup),
    ]
    troubled = [check for check in workup.checks if check.status in ("warn", "fail")]
    found += [f"Preflight: {check.sentence}" for check in troubled]
    if not troubled:
        found.append(f"All {len(workup.checks)} preflight checks passed.")
    found += [f"On the edge: {sweep.sentence}" for sweep in workup.sweeps if sweep.at_edge]
    return found


def _verdict(workup: Workup) -> str:
    """How good, on rows never used, and beside what one gets for nothing."""
    test, task = workup.test, fit_of(workup).loss.task
    name = MAIN[task]
    shown = "{:.3f}" if task == "regression" else "{:.1%}"
    ends = [shown.format(end) for end in test.intervals.get(name, ())]
    span = f" (95% interval {' to '.join(ends)})" if ends else ""
    target = workup.problem.table.target if workup.problem.table else "the target"
    text = f"{named(name)} {shown.format(test.measures[name])} on {counted(test.rows, 'test row')}{span} for {target}"
    tail = "" if beats_nothing(workup) else ", which is as good or better"
    return f"{text[:1].upper()}{text[1:]}; {_for_nothing(workup, test)[1]}{tail}."


def beats_nothing(workup: Workup) -> bool:
    """Is the model better on the test rows than the best constant answer?"""
    reached = workup.test.measures[MAIN[fit_of(workup).loss.task]]
    return reached > _for_nothing(workup, workup.test)[0]


def _for_nothing(workup: Workup, test: HeldOut) -> tuple[float, str]:
    """What the best constant answer reaches on the same rows, and that in words."""
    table = workup.problem.table
    if fit_of(workup).loss.task == "regression" or table is None:
        return 0.0, "always predicting the mean gives about 0"
    truth = test.truth if test.truth.shape[1] > 1 else 1 - test.truth
    shares = [float(share) for share in truth.mean(0)]
    shares = shares if len(shares) > 1 else [shares[0], 1 - shares[0]]
    best = max(range(len(shares)), key=shares.__getitem__)
    return shares[best], f"always answering {table.classes[best]} gives {shares[best]:.1%}"


def _generalises(workup: Workup) -> str:
    """Do the test rows agree with the validation rows that were chosen on?"""
    name = MAIN[fit_of(workup).loss.task]
    ours, theirs = workup.validation, workup.test
    if name not in ours.intervals or name not in theirs.intervals:
        return "There are too few validation or test rows to compare the two."
    gap = ours.measures[name] - theirs.measures[name]
    widths = [(held.intervals[name][1] - held.intervals[name][0]) / 2 for held in (ours, theirs)]
    chance = hypot(*widths)
    text = f"{named(name)} on the validation rows, which chose the setting, is {ours.measures[name]:.3f}"
    if abs(gap) <= chance:
        return f"{text[:1].upper()}{text[1:]}: within chance (± {chance:.3f}) of the test rows."
    return (
        f"{text[:1].upper()}{text[1:]}: further from the test rows than chance (± {chance:.3f}), "
        "so trust the test rows, and look at the split."
    )


def _lower(sentence: str) -> str:
    return sentence[:1].lower() + sentence[1:]
