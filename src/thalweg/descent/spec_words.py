"""What every field of a Spec means and which values it takes: `thalweg spec` and `thalweg show` say it from here.

A test holds these tables to the fields of the Structs, and docs/spec.md to these words.
"""

from typing import Any, Literal, NamedTuple, get_args, get_origin

import msgspec

from thalweg.descent.method_section import Method, Phase
from thalweg.descent.spec import Batch, Spec, Stop
from thalweg.problems.sections import Custom, OnSurface, Table


class Words(NamedTuple):
    """What a field means, and its range where its type does not say that."""

    meaning: str
    range: str = ""


ENGINES = (
    "what computes: numpy takes one step at a time; compiled makes machine code of the epochs of a run (auto: from "
    "20,000 steps on batches of 1 to 64 rows); sweep makes it of many runs at once (auto: where 2 "
    "or more make 3,000,000 steps, of which one counts once more for each 10,000 products of row and parameter)"
)
TOP = {
    "problem": Words("what is minimised: a Table, a surface (OnSurface) or Custom"),
    "method": Words("how one step is made"),
    "batch": Words("which rows each update sees"),
    "stop": Words("when to stop"),
    "seed": Words("initial weights, order of rows, rows drawn with replacement", "0 … 2⁶³ − 1"),
    "dtype": Words("precision of parameters and data"),
    "engine": Words(ENGINES),
    "threads": Words("threads asked of BLAS, recorded in the header; the command line sets one", "1 or more"),
}
TABLE = {
    "source": Words("a bundled name, a file (CSV, TSV, Parquet, JSON), several by a pattern, or a database"),
    "query": Words("SQL over the source, or over files that it names itself"),
    "sample": Words("rows to take from the source, drawn at random; 0 for all", "0 or more"),
    "sha256": Words("of the file; a file that does not match is refused, empty accepts any", "64 hex digits, or empty"),
    "target": Words("column to predict; bundled sets know their own", "a column"),
    "positive": Words("of two classes, the one that is counted as 1; empty: the second in order", "a class"),
    "task": Words("kind of target, told from its values"),
    "features": Words("columns to learn from; empty takes all that are of use", "columns"),
    "drop": Words("columns to leave out", "columns"),
    "id": Words("columns that name a row: never learned from, put beside its prediction", "columns"),
    "weights": Words("column of row weights", "a column of numbers ≥ 0, or empty"),
    "class_weight": Words("weigh classes by how rare they are in the training rows"),
    "missing": Words("gaps in the features: fill them in and mark them, drop such rows, or refuse"),
    "levels": Words('the most levels a category keeps apart; rarer ones share "other"', "2 or more"),
    "validation": Words("share of rows held out for choosing", "0 or more; less than 1 with test"),
    "test": Words("share of rows held out for the end", "0 or more"),
    "test_file": Words("the test rows, where they come in a file of their own", "a file, or empty"),
    "test_sha256": Words("of the file of test rows", "64 hex digits, or empty"),
    "time": Words(
        "split in the order of this column: train on the past, test on what came later", "a column, or empty"
    ),
    "group": Words("rows with the same value in this column stay on one side of the split", "a column, or empty"),
    "split_seed": Words("seed of the split, apart from the run's", "0 or more"),
    "stream": Words("keep the rows on disk, converted once, and read them in blocks"),
    "train_rows": Words("the most rows to train on, drawn from the training rows; 0 for all", "0 or more"),
    "standardise": Words("features to mean 0 and deviation 1, by the training rows"),
    "scale_target": Words("the same for the target; open means yes for regression"),
    "model": Words("linear covers linear, logistic and softmax regression, by the loss"),
    "hidden": Words("widths of hidden layers", "1 or more each; an mlp needs one"),
    "activation": Words("of hidden layers", "an activation"),
    "output": Words("activation of the output; losses on logits want linear", "an activation"),
    "batch_norm": Words("batch norm in hidden layers", "an mlp only"),
    "bias": Words("a bias of its own, or a last column of ones; neither is scaled or penalised"),
    "init": Words("empty: zeros for linear, he_normal for ReLUs, glorot_uniform else", "an initializer"),
    "loss": Words("empty: mse, logistic_cross_entropy or softmax_cross_entropy, by the task", "a loss"),
    "l2": Words("λ of ½ λ ‖weights‖², biases free", "0 or more"),
}
SURFACE = {
    "surface": Words("which one", "a surface"),
    "start": Words("where to start; empty is the surface's own start", "one number for each parameter"),
    "random_start": Words("start somewhere in the plotting box, by the seed"),
    "dims": Words("size of the quadratic", "1 or more"),
    "condition": Words("condition number of the quadratic", "1 or more"),
}
CUSTOM = {
    "label": Words("what the header calls it"),
    "start": Words("where to start; empty draws standard normal numbers by the seed", "one number for each parameter"),
}
METHOD = {
    "rule": Words("update rule or method", "a rule"),
    "lr": Words("learning rate; open is the rule's own default", "over 0"),
    "hyper": Words("hyperparameters of the rule; what is not given keeps its default", "see rules"),
    "schedule": Words("multiplier of lr over the run", "a schedule"),
    "schedule_options": Words("its options", "see schedules"),
    "warmup": Words("updates of linear rise before the schedule", "0 or more"),
    "clip_norm": Words("scale a longer gradient to exactly this norm; 0 is off", "0 or more"),
    "clip_value": Words("clip every entry of the gradient; 0 is off", "0 or more"),
    "groups": Words("{pattern of parameter names: {lr_scale or hyperparameter: value}}", 'patterns such as "b*"'),
    "phases": Words("another rule or rate from update begin on; its memory starts at zero", "growing begin"),
    "allow_l2_with_decay": Words("L2 and decoupled decay at once are refused without it"),
}
PHASE = {
    "begin": Words("the first update of this phase, counted from 0", "1 or more"),
    "rule": Words("update rule of this phase", "a rule"),
    "lr": Words("learning rate of this phase; open is the rule's own default", "over 0"),
    "hyper": Words("hyperparameters of the rule; what is not given keeps its default", "see rules"),
}
BATCH = {
    "batch_size": Words("rows of each update; 0 is the full batch. report and sweep take 32 unless told", "0 or more"),
    "sampling": Words(
        "rows anew each epoch, in one frozen order, drawn with replacement, as in the table, or shuffled in blocks"
    ),
    "last_batch": Words("what happens to an epoch's last partial batch"),
    "block_rows": Words("rows of a block, for sampling blocks; 0 is as many as 128 KiB hold", "0 or more"),
    "buffer_blocks": Words("blocks that are shuffled together, for sampling blocks", "1 or more"),
}
STOP = {
    "steps": Words("updates, at most", "1 or more"),
    "patience": Words("evaluations in a row without a gain", "0 or more"),
    "min_delta": Words("a gain is more than this", "0 or more"),
    "loss_tol": Words("converged: the loss changes by at most this", "0 or more"),
    "grad_tol": Words("converged: ‖g‖ is at most this", "0 or more"),
    "step_tol": Words("converged: ‖lr·g‖ is at most this", "0 or more"),
    "update_tol": Words("converged: the norm of the update is at most this", "0 or more"),
    "nonfinite": Words("diverged: the loss or gradient is not finite"),
    "jump": Words("diverged: the loss grew by this factor in one go, to above where it began", "over 1, or 0"),
    "rises": Words("diverged: the loss rose this many times in a row", "0 or more"),
    "param_bound": Words("diverged: ‖θ‖ is over this", "0 or more"),
    "every": Words("updates between evaluations; 0 is once an epoch, or 100 times a run on full batches", "0 or more"),
}
WORDS: dict[Any, dict[str, Words]] = {
    Spec: TOP,
    Table: TABLE,
    OnSurface: SURFACE,
    Custom: CUSTOM,
    Method: METHOD,
    Phase: PHASE,
    Batch: BATCH,
    Stop: STOP,
}


def comment(struct: Any, name: str) -> str:
    """`updates, at most (1 or more)`: the meaning, and the range in brackets where there is one."""
    meaning, span = WORDS[struct].get(name, Words(name))
    span = span or " | ".join(choices(struct, name))
    return f"{meaning} ({span})" if span else meaning


def choices(struct: Any, name: str) -> list[str]:
    """The words that a field takes, where its type lists them."""
    (field,) = (field for field in msgspec.structs.fields(struct) if field.name == name)
    options = [field.type, *get_args(field.type)]
    return [str(word) for option in options if get_origin(option) is Literal for word in get_args(option)]
