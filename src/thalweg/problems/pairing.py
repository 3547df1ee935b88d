"""Which output, loss and target go together. Wrong pairs can be run, so that they can be studied; they are named."""

from thalweg.formulas.losses import LOSSES
from thalweg.problems.sections import Table

PROBABILITIES = {"binary": ("sigmoid",), "multiclass": ("softmax",)}


def pairing_notices(section: Table) -> tuple[str, ...]:
    """A sentence for each pair of output, loss and task that does not fit."""
    loss = LOSSES.named(section.loss)
    notices = []
    if loss.task != section.task:
        notices.append(
            f"loss {loss.name} is for a {loss.task} target, but {section.target!r} is {section.task}: "
            "the fit may look fine and mean nothing"
        )
    if loss.takes == "logits" and section.output != "linear":
        notices.append(
            f"loss {loss.name} takes logits and applies its own link, but output {section.output} hands over "
            "something squashed already: use output linear"
        )
    if loss.takes == "probabilities" and section.output not in PROBABILITIES[loss.task]:
        notices.append(
            f"loss {loss.name} takes probabilities, but output {section.output} gives none: "
            f"use output {PROBABILITIES[loss.task][0]}, or the loss from logits"
        )
    if loss.takes == "outputs" and section.output != "linear":
        notices.append(f"output {section.output} cannot reach every value of a regression target: use output linear")
    return tuple(f"unsuitable pair: {notice}" for notice in notices)
