"""Which rule is meant: by what the learner called it, or by the path it takes."""

import inspect
import re
from typing import Any

from thalweg.evidence.own_optimizer.reading.names import words
from thalweg.formulas.rules import RULES

# What people call the rules: words of a name, written together. The later rules here win over the earlier ones.
CALLED = {
    "gd": words(
        "gd sgd gradientdescent batchgradientdescent stochasticgradientdescent vanilla vanillasgd steepestdescent bgd"
    ),
    "momentum": words("momentum heavyball sgdm msgd polyak mom momentumsgd sgdmomentum sgdwithmomentum gdm velocity"),
    "nesterov": words("nesterov nag nesterovmomentum nesterovaccelerated accelerated lookahead sgdnesterov"),
    "adagrad": words("adagrad adaptivegradient"),
    "rmsprop": words("rmsprop rms rmspropagation rootmeansquare rmspropopt"),
    "rmsprop_centered": words("rmspropcentered centeredrmsprop rmspropcentred centredrmsprop"),
    "adam": words("adam adaptivemoment adaptivemomentestimation"),
    "amsgrad": words("amsgrad adamams ams"),
    "adamw": words("adamw adamweightdecay adamwithweightdecay decoupledadam adamdecoupled"),
    "nadam": words("nadam nesterovadam adamnesterov"),
    "lion": words("lion"),
}
# Rules of other names, some of which contain one of these and are none of them.
OTHERS = words(
    "adamax radam adadelta adabelief adabound adafactor lamb lars adan sophia nadamw yogi adahessian shampoo muon ftrl "
    "rprop rectifiedadam adamp adamod sgdw lbfgs bfgs newton"
)
FILLERS = words(
    "my own simple custom naive basic optimizer optimiser opt optim step update rule class scratch numpy np the impl "
    "from in of with and a method algorithm plain good bad wrong broken fixed buggy v parameters params weights "
    "minimize minimise descent train run fit make create build get do apply one ten lines learner student"
)


def rule_by_name(made: Any) -> str | None:
    """The rule that a class or function is named after. Says of what it is no check, and None of what it cannot tell.

    >>> rule_by_name(type("MyAdamW2", (), {}))
    'adamw'
    """
    thing = made if inspect.isclass(made) or inspect.isroutine(made) else type(made)
    parts = _parts(thing.__name__)
    joined = _joined(parts)
    if joined & set(OTHERS):
        return None
    known = {alias: rule for rule, aliases in CALLED.items() for alias in aliases}
    known |= {rule.replace("_", ""): rule for rule in RULES}
    found = [known[word] for word in joined if word in known]
    if not found:
        found = [rule for word in parts if (rule := _within(word, known))]
    order = [*CALLED, *(rule for rule in RULES if rule not in CALLED)]
    return max(found, key=order.index) if found else None


def other_rule(made: Any) -> str | None:
    """A rule that exists and is not among ours, if the name says one."""
    thing = made if inspect.isclass(made) or inspect.isroutine(made) else type(made)
    joined = _joined(_parts(thing.__name__))
    return next((name for name in OTHERS if name in joined), None)


def _joined(parts: list[str]) -> set[str]:
    """Every run of parts, written together."""
    return {"".join(parts[i:j]) for i in range(len(parts)) for j in range(i + 1, len(parts) + 1)}


def _parts(name: str) -> list[str]:
    """MyAdamW2 as my, adam, w; sgd_momentum as sgd, momentum."""
    parts = re.findall(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+", name)
    return [part.casefold() for part in parts]


def _within(word: str, known: dict[str, str]) -> str | None:
    """adamopt, myadam: a known word with a filler before or after it."""
    for alias in sorted(known, key=len, reverse=True):
        before, found, after = word.partition(alias)
        if found and all(part == "" or part in FILLERS for part in (before, after)):
            return known[alias]
    return None
