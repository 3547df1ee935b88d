"""Which way of calling a learner's code works? Two steps with every plan, until one moves the parameters."""

import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from thalweg.errors import SpecError, ThalwegError
from thalweg.evidence.own_optimizer.reading.holders import LAYERS, NESTED
from thalweg.evidence.own_optimizer.reading.plans import GENTLE, TELLING, plans
from thalweg.evidence.own_optimizer.reading.session import Plan, Session, Slopes
from thalweg.formulas.arrays import Array

WEIGHTS = (np.array([[1.0, -2.0, 0.5], [0.7, 1.5, -0.9]]), np.array([0.8, -1.1, 2.0, 0.3]))
SLOPES = (np.array([[0.4, 1.0, -0.6], [-1.3, 0.2, 0.9]]), np.array([-0.5, 0.7, 1.2, -0.3]))


@dataclass(frozen=True)
class Reading:
    """How the learner's code is called. `several` parameters at once can be given, or `one` alone."""

    plan: Plan
    several: bool
    one: bool
    file: str

    def start(self, arrays: list[Array], *, clean: bool = True) -> Session:
        return self.plan.start(arrays, clean=clean)

    def path(self, arrays: list[Array], slopes: Sequence[Slopes], *, clean: bool = True) -> list[list[Array]]:
        """The parameters after each step."""
        with quiet():
            session = self.start(arrays, clean=clean)
            return [session.step(one) for one in slopes]


class Broken(Exception):
    """The learner's code raised an error, however it was called: told in a sentence, with the line."""

    def __init__(self, sentence: str, line: int | None):
        super().__init__(sentence)
        self.line = line


@contextmanager
def quiet() -> Iterator[None]:
    """Overflow and division by zero in the learner's arithmetic are results here, not messages."""
    import warnings

    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def read(made: Any, rule: str, file: str, *, gentle: bool = False) -> Reading:
    """The first plan that works, or Broken with the error that came furthest in the learner's code.

    A gentle trial has positive gradients only, and short memories.
    """
    unmoved: tuple[Plan, int] | None = None
    errors: list[Exception] = []
    # That nothing happens tells nothing of one parameter where two failed, nor where arithmetic was reached otherwise.
    failed = set()
    for untried, number in plans(made, rule, GENTLE if gentle else TELLING):
        try:
            moved, plan = _tried(untried, number, gentle=gentle)
        except ThalwegError:
            raise
        except Exception as error:
            errors.append(error)
            failed |= {untried.holder.words} if number > 1 else set()
            continue
        if moved:
            return _reading(plan, number, file)
        nested_wrongly = plan.holder in (NESTED, LAYERS) and any(isinstance(one, ValueError) for one in errors)
        if not nested_wrongly and not (number == 1 and plan.holder.words in failed):
            unmoved = unmoved or (plan, number)
    if unmoved:
        return _reading(*unmoved, file)
    if not errors:
        raise SpecError("there is no way to call it; give it step(params, grads)")
    furthest = max(errors, key=lambda error: last_line(error, file) or 0)
    raise Broken(told(furthest, file), last_line(furthest, file))


def _tried(plan: Plan, number: int, *, gentle: bool = False) -> tuple[bool, Plan]:
    """Do two steps move the parameters? Raises what the learner's code raises."""
    with quiet():
        plan = _with_sign(plan, number)
        session = plan.start(WEIGHTS[:number])
        before = session.arrays
        session.step(_slopes(number, gentle))
        after = session.step(_slopes(number, gentle))
    same = all(np.array_equal(a, b) for a, b in zip(after, before, strict=False))
    return not same and len(after) == number, plan


def _with_sign(plan: Plan, number: int) -> Plan:
    """Where a call returns what to add or to subtract, find out which: the step must go downhill."""
    kinds = {role.kind for role in (*plan.called_with.values(), *plan.made_with.values())}
    order = [role.kind for role in plan.called_with.values()]
    may_add = order[:1] == ["grads"] and ("params" not in kinds or "bundle" in kinds)
    if not may_add or plan.loop:
        return plan
    session = plan.start(WEIGHTS[:number])
    after = session.step(_slopes(number))
    if max(float(np.max(np.abs(a))) for a in after) > 0.5:  # weights, not a step
        return plan
    along = sum(float(np.sum(a * s)) for a, s in zip(after, SLOPES, strict=False))
    return plan.but(adds=1 if along < 0 else -1)


def _slopes(number: int, gentle: bool = False) -> Slopes:
    return lambda _: [np.abs(slope) if gentle else slope.copy() for slope in SLOPES[:number]]


def _reading(plan: Plan, number: int, file: str) -> Reading:
    return Reading(plan, number > 1, number == 1 or _works(plan), file)


def _works(plan: Plan) -> bool:
    """With one array, too?"""
    try:
        return _tried(plan, 1)[0]
    except Exception:
        return False


def last_line(error: BaseException, file: str) -> int | None:
    """The line of the learner's file where the error arose."""
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == file]
    return lines[-1] if lines else None


def told(error: BaseException, file: str) -> str:
    """The error in a line, with its place."""
    line = last_line(error, file)
    place = f"line {line}: " if line else ""
    text = " ".join(str(error).split())
    if isinstance(error, ZeroDivisionError):
        text += ", as by 1 - beta**t where t is still 0; count t before it is used"
    elif "math domain error" in text:
        text += ", as of the root of a negative number"
    return f"{place}{type(error).__name__}: {text}" if text else f"{place}{type(error).__name__}"


def file_of(made: Any) -> str:
    """The file in which the learner's code stands, as Python names it in tracebacks."""
    import inspect

    kind = made if inspect.isclass(made) or inspect.isroutine(made) else type(made)
    functions = [kind] if inspect.isroutine(kind) else [f for f in vars(kind).values() if inspect.isfunction(f)]
    codes = [function.__code__ for function in functions if hasattr(function, "__code__")]
    return codes[0].co_filename if codes else ""


Made = Callable[..., Any]
