"""thalweg check: is a user's gradient that of their loss, or their optimizer the rule it is meant to be?"""

from typing import Annotated

import msgspec
from cyclopts import Parameter

from thalweg.errors import SpecError
from thalweg.formulas.rules import RULES
from thalweg.interfaces.cli import FAILED, FINE
from thalweg.interfaces.cli.check import gradient, optimizer
from thalweg.interfaces.cli.check.loading import load, located
from thalweg.interfaces.cli.say import Json, put_json


def check(
    function: str,
    *,
    rule: Annotated[str, Parameter(help=f"The rule that an optimizer is meant to be: {', '.join(RULES)}.")] = "",
    start: Annotated[tuple[float, ...], Parameter(consume_multiple=True)] = (),
    size: int = 0,
    at: str = "",
    grad: str = "",
    seed: int = 0,
    json: Json = False,
) -> int:
    """Check a gradient or an optimizer of your own.

    Example: thalweg check mine.py:loss_and_grad --start 0.5 -1.2 2

    Example: thalweg check mine.py:Adam

    A function of parameters (an array, or dictionaries and lists of arrays) that returns (loss, gradient) is checked
    against central differences. A class with step(params, grads), or a function of weights and gradients such as
    (w, g, m, v, t, lr), is checked against the update rule it is named after, or against --rule: state that leaks,
    t, bias correction, signs, shapes, what is changed in place, resuming. A mistake is named where it is certain.

    Parameters
    ----------
    function
        FILE.py:FUNCTION or FILE.py:CLASS.
    start
        The parameters to check a gradient at, for a function of one flat vector.
    size
        Or how many parameters there are: a random start is drawn.
    at
        Or the name in FILE.py of the parameters, or of a function that makes them.
    grad
        The name in FILE.py of the gradient's own function, where FUNCTION returns the loss alone.
    seed
        Seed of the random points and directions of a gradient check.
    json
        Print the check as JSON on stdout.
    """
    path, name = located(function)
    of_gradient = bool(start or size or at or grad)
    if rule and of_gradient:
        raise SpecError(
            "--rule checks an optimizer; --start, --size, --at and --grad check a gradient; give one or the other"
        )
    if rule:
        RULES.named(rule)
    module = load(path)
    if rule or (not of_gradient and optimizer.is_optimizer(module, path, name)):
        checked = optimizer.optimizer_checked(module, path, name, rule)
        if json:
            put_json(msgspec.to_builtins(checked, enc_hook=str))
        optimizer.tell(checked, path)
        return FINE if checked.passed else FAILED
    found = gradient.gradient_checked(module, path, name, grad, gradient.Place(start, size, at, seed))
    if json:
        put_json(msgspec.to_builtins(found, enc_hook=str))
    gradient.tell(found)
    return FINE if found.passed else FAILED
