"""What thalweg would do with the table: rows, columns, model, loss."""

from dataclasses import dataclass

import msgspec

from thalweg.evidence.profile.encoding import Encoding
from thalweg.problems.split import Split
from thalweg.problems.splitting import split_notices
from thalweg.problems.table import Opened
from thalweg.problems.tabular import DEFAULT_LOSS, model_of
from thalweg.problems.words import listed

TRIAL_ROWS = 20_000  # of which a report's trials learn at most
MODELS = {"regression": "linear regression", "binary": "logistic regression", "multiclass": "softmax regression"}


@dataclass(frozen=True)
class Plan:
    """rows: part -> how many. split: how they are chosen. inputs: columns that the model gets, of `features` columns.

    time: how long a report takes, roughly. notices: what would be done to columns and rows, as a report says it.
    """

    task: str
    model: str
    loss: str
    features: int
    inputs: int
    parameters: int
    rows: dict[str, int]
    split: str
    standardised: bool
    target_scaled: bool
    time: str
    notices: tuple[str, ...]


def plan_of(opened: Opened, split: Split, encoding: Encoding) -> Plan:
    """For a table that can be learned from."""
    section, task = opened.section, opened.target.task
    outputs = opened.target.y.shape[1]
    drawn = msgspec.structs.replace(section, init=section.init or "zeros")  # the sizes do not depend on it
    model = model_of(drawn, len(encoding.names) + (section.bias == "ones"), outputs)
    parts = {"train": split.train, "validation": split.validation, "test": split.test}
    return Plan(
        task=task,
        model=MODELS[task] if section.model == "linear" else f"multilayer perceptron ({listed(section.hidden)})",
        loss=section.loss or DEFAULT_LOSS[task],
        features=len(set(encoding.sources)),
        inputs=len(encoding.names),
        parameters=model.layout.size,
        rows={part: len(rows) for part, rows in parts.items()},
        split=how_split(opened),
        standardised=section.standardise,
        target_scaled=task == "regression" if section.scale_target is None else section.scale_target,
        time=time_class(len(split.train), len(encoding.names), outputs),
        notices=(*opened.notices, *encoding.notices, *split_notices(opened, split)),
    )


def time_class(rows: int, inputs: int, outputs: int) -> str:
    """From reports that were timed on two cores; a report itself times a few steps and says it better."""
    seconds = 15 + 1.2e-5 * min(rows, TRIAL_ROWS) * inputs * outputs
    if seconds < 60:
        return "about half a minute"
    return "some minutes" if seconds < 600 else "ten minutes or more; --quick takes a first look"


def how_split(opened: Opened) -> str:
    """In a few words."""
    section = opened.section
    ways = [
        (section.test_file, f"test rows are those of {section.test_file}, the others at random"),
        (section.time, f"in the order of {section.time}, the latest rows for the test"),
        (section.group, f"by {section.group}, a group never on two sides"),
    ]
    random = "at random" if opened.target.task == "regression" else "at random, each class in its share"
    return next((words for asked, words in ways if asked), random)
