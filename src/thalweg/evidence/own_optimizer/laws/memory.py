"""Laws of what is remembered: each run has its own memory, and all of it can be copied and saved."""

import copy
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import numpy as np

from thalweg.evidence.own_optimizer.laws.calling import shapes_of
from thalweg.evidence.own_optimizer.laws.finding import Finding, gradients, scripted, unlike, weights
from thalweg.evidence.own_optimizer.reading.names import plain
from thalweg.evidence.own_optimizer.reading.session import Session, Slopes
from thalweg.evidence.own_optimizer.reading.slate import same
from thalweg.evidence.own_optimizer.reading.trial import Reading, quiet
from thalweg.formulas.arrays import Array

SAVE = ("statedict", "getstate", "exportstate", "savestate")
LOAD = ("loadstatedict", "setstate", "importstate", "loadstate", "restorestate")
RESET = ("reset", "zerostate", "resetstate", "clear", "clearstate")


def repeats(reading: Reading) -> Iterator[Finding]:
    """The same gradients give the same path, when everything starts anew."""
    start, slopes = _start(reading)
    if unlike(reading.path(start, slopes), reading.path(start, slopes)):
        yield Finding(
            "not repeatable",
            "two fresh runs with the same gradients differ; an optimizer draws no random numbers and asks no clock",
        )


def starts_anew(reading: Reading) -> Iterator[Finding]:
    """A second optimizer knows nothing of the first, after it or beside it."""
    start, slopes = _start(reading)
    first = reading.path(start, slopes)
    places = reading.plan.slate.changed()
    kept = f", in {_listed(places)}" if places else ""
    after = unlike(first, reading.path(start, slopes, clean=False))
    if after:
        yield Finding(
            "state leaks between instances",
            f"state leaks from one run into the next{kept}: a second, new optimizer with the same gradients goes "
            f"another way from step {after} on. Make the memory in __init__, as self.v = …, anew for each object",
        )
        return
    if reading.plan.loop or (k := unlike(first, _beside_another(reading))) is None:
        return
    yield Finding(
        "state is shared by instances",
        f"two optimizers at work at the same time disturb each other{kept}, first in step {k}. Make the memory in "
        "__init__, as self.v = …, so that each object has its own",
    )


def _beside_another(reading: Reading) -> list[list[Array]]:
    """The path of one while another works on other gradients."""
    start, slopes = _start(reading)
    others = scripted(gradients(*shapes_of(reading), index=1))
    with quiet():
        one, other = reading.start(start), reading.start(start, clean=False)
        path = []
        for mine, theirs in zip(slopes, others, strict=True):
            path.append(one.step(mine))
            other.step(theirs)
    return path


def can_be_copied(reading: Reading) -> str | None:
    """A remark on memory that a deep copy in the middle of a run does not take along."""
    if reading.plan.make is None or reading.plan.loop:
        return None
    start, slopes = _start(reading)
    with quiet():
        session = reading.start(start)
        if isinstance(session.object, SimpleNamespace):  # functions: what they remember cannot be copied
            return None
        for one in slopes[:3]:
            session.step(one)
        twin = _twin(session)
        there = [twin.step(one) for one in slopes[3:]]
        here = [session.step(one) for one in slopes[3:]]
    if unlike(here, there) is None:
        return None
    return (
        "a deep copy of the optimizer and its parameters in the middle of a run goes another way: part of the memory "
        "is outside the object, or is found by id(), which a copy changes"
    )


def _twin(session: Session) -> Session:
    twin = copy.copy(session)
    twin.object, twin.held, twin.states = copy.deepcopy((session.object, session.held, session.states))
    return twin


def can_be_saved(reading: Reading) -> Iterator[Finding]:
    """What its state_dict holds is all that load_state_dict needs to go on."""
    if reading.plan.make is None or reading.plan.loop:
        return
    start, slopes = _start(reading)
    with quiet():
        session = reading.start(start)
        save, load = _method(session.object, SAVE), _method(session.object, LOAD)
        if not save or not load:
            return
        for one in slopes[:3]:
            session.step(one)
        saved, points = getattr(session.object, save)(), session.arrays
        kept = copy.deepcopy(saved)
        remembered = dict(vars(session.object)) if hasattr(session.object, "__dict__") else {}
        remembered = copy.deepcopy({k: v for k, v in remembered.items() if k != "params"})
        here = [session.step(one) for one in slopes[3:]]
        resumed, lost = _resumed(reading, points, load, kept, remembered)
        there = [resumed.step(one) for one in slopes[3:]]
        if unlike(here, there):
            what = f": {_listed(lost)} did not come back" if lost else ""
            yield Finding(
                "resuming forgets state",
                f"a run that is saved by {save} and resumed by {load} goes another way than one that never "
                f"stopped{what}. Save every moment and t, and put all of it back",
            )
            return


def saves_a_copy(reading: Reading) -> str | None:
    """A remark on saved state that goes on changing. PyTorch's does, too, so it is no mistake."""
    if reading.plan.make is None or reading.plan.loop:
        return None
    start, slopes = _start(reading)
    with quiet():
        session = reading.start(start)
        save = _method(session.object, SAVE)
        if not save:
            return None
        session.step(slopes[0])
        saved = getattr(session.object, save)()
        before = copy.deepcopy(saved)
        session.step(slopes[1])
    if same(saved, before):
        return None
    return f"what {save} returns goes on changing with the next steps, as in PyTorch; save a copy of it"


def _resumed(
    reading: Reading, points: list[Array], load: str, saved: Any, remembered: dict[str, Any]
) -> tuple[Session, list[str]]:
    """A new run that goes on from what was saved, and what of the object is not as it was."""
    resumed = reading.start(points)
    getattr(resumed.object, load)(saved)
    now = getattr(resumed.object, "__dict__", {})
    return resumed, [name for name, value in remembered.items() if name in now and not same(now[name], value)]


def can_be_reset(reading: Reading) -> Iterator[Finding]:
    """After its reset it is as new."""
    if reading.plan.make is None or reading.plan.loop:
        return
    start, slopes = _start(reading)
    with quiet():
        session = reading.start(start)
        reset = _method(session.object, RESET)
        if not reset or "params" in {role.kind for role in reading.plan.made_with.values()}:
            return
        fresh = [session.step(one) for one in slopes]
        try:
            getattr(session.object, reset)()
        except TypeError:  # it wants something that we do not know
            return
        session.held = reading.plan.holder.hold([np.array(array) for array in start])
        again = [session.step(one) for one in slopes]
    if k := unlike(fresh, again):
        yield Finding(
            "reset keeps state", f"after {reset} it is not as new: step {k} differs. Set every moment and t back to 0"
        )


def _method(thing: Any, names: tuple[str, ...]) -> str:
    own = [name for name in dir(thing) if not name.startswith("_") and callable(getattr(thing, name))]
    return next((name for name in own if plain(name) in names), "")


def _start(reading: Reading) -> tuple[list[Array], list[Slopes]]:
    shapes = shapes_of(reading)
    return weights(*shapes), scripted(gradients(*shapes))


def _listed(words: list[str]) -> str:
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)
