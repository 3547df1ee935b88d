"""Laws of one call: it moves the parameters, once, and leaves everything else as it was."""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial

import numpy as np

from thalweg.evidence.own_optimizer.laws.finding import Finding, gradients, scripted, unlike, weights
from thalweg.evidence.own_optimizer.reading.holders import ARRAY, DICT, LIST, NUMBER
from thalweg.evidence.own_optimizer.reading.trial import Reading, quiet
from thalweg.formulas.arrays import Array

SHAPE = (2, 3)


def moves(reading: Reading) -> Iterator[Finding]:
    """A step with an ordinary gradient changes the parameters."""
    start = weights(*shapes_of(reading))
    path = reading.path(start, scripted(gradients(*shapes_of(reading))))
    if all(np.array_equal(a, b) for points in path for a, b in zip(points, start, strict=True)):
        yield Finding(
            "the parameters never change",
            "the parameters never change: step returned nothing new and changed nothing in place. p = p - … only gives "
            "the name p to another array; write p -= … or params[i] = …, or return the new parameters",
        )


def shapes_of(reading: Reading) -> list[tuple[int, ...]]:
    """The parameters to try most laws with: one matrix, if the code takes one alone."""
    if reading.plan.holder is NUMBER:
        return [()]
    return [SHAPE] if reading.one else [SHAPE, (2, 1)]


def keeps_settings(reading: Reading) -> Iterator[Finding]:
    """The learning rate and the other hyperparameters stay as they were handed over."""
    plan = reading.plan
    if plan.make is None or plan.loop:
        return
    shapes = shapes_of(reading)
    with quiet():
        session = reading.start(weights(*shapes))
        before = dict(getattr(session.object, "__dict__", {}))
        for slopes in scripted(gradients(*shapes)):
            session.step(slopes)
    for name, value in before.items():
        now = vars(session.object).get(name)
        given = [number for number in plan.hyper.values() if isinstance(value, float) and value == number]
        if given and isinstance(now, float) and now != value:
            yield Finding(
                "a hyperparameter changes",
                f"self.{name} was handed over as {value:g} and is {now:g} after {len(gradients(*shapes))} steps; keep "
                "what changes from step to step in a variable of its own",
            )


def answers_once(reading: Reading) -> Iterator[Finding]:
    """What is returned and what is changed in place are the same, if both are done."""
    if reading.plan.loop or reading.plan.adds:
        return
    shapes = shapes_of(reading)
    start = weights(*shapes)
    with quiet():
        session = reading.start(start)
        given = session.held
        after = session.step(scripted(gradients(*shapes))[0])
        in_place = reading.plan.holder.read(given)
    if session.held is given or in_place is None or len(in_place) != len(start):
        return
    changed = any(not np.array_equal(np.reshape(a, b.shape), b) for a, b in zip(in_place, start, strict=True))
    if changed and any(not np.allclose(np.reshape(a, b.shape), b) for a, b in zip(in_place, after, strict=True)):
        yield Finding(
            "returns something else than it changed",
            "step changes the parameters in place and returns others: whoever uses the one is wrong by the other. Do "
            "one of the two; a = w; a -= … changes w, too, where a = w.copy() does not",
        )


def leaves_gradients(reading: Reading) -> Iterator[Finding]:
    """The gradients belong to the caller."""
    shapes = shapes_of(reading)
    asked: list[tuple[Array, Array]] = []

    def slopes(_: list[Array]) -> list[Array]:
        given = gradients(*shapes)[0]
        asked.extend((array, array.copy()) for array in given)
        return given

    reading.path(weights(*shapes), [slopes, slopes])
    if any(not np.array_equal(array, copy) for array, copy in asked):
        yield Finding(
            "changes the gradient",
            "step changes the gradient that it was given; others may still need it. Write g = g * … instead of g *= …",
        )


def keeps_no_gradient(reading: Reading) -> Iterator[Finding]:
    """The caller may fill the same gradient array anew for every step."""
    shapes = shapes_of(reading)
    grads = gradients(*shapes)
    buffers = [np.empty(shape) for shape in shapes]

    def refilled(arrays: list[Array], _: list[Array]) -> list[Array]:
        for buffer, array in zip(buffers, arrays, strict=True):
            buffer[...] = array
        return buffers

    fresh = reading.path(weights(*shapes), scripted(grads))
    reused = reading.path(weights(*shapes), [partial(refilled, arrays) for arrays in grads])
    if k := unlike(fresh, reused):
        yield Finding(
            "keeps the caller's gradient",
            f"it keeps the gradient array itself instead of a copy: where the caller fills the same array anew, step "
            f"{k} comes out differently. Write v = g.copy(), or v = beta * v + g, which makes a new array",
        )


def keeps_float64(reading: Reading) -> Iterator[Finding]:
    """float64 stays float64."""
    shapes = shapes_of(reading)
    if not reading.plan.holder.shape_kept:
        return
    with quiet():
        session = reading.start(weights(*shapes))
        session.step(scripted(gradients(*shapes))[0])
        read = reading.plan.holder.read(session.held) or []
    if came := next((array.dtype for array in read if array.dtype != np.float64), None):
        yield Finding("changes the dtype", f"float64 parameters come back as {came}; keep the dtype of the parameters")


def widens_float32(reading: Reading) -> str | None:
    """A remark on float32 parameters that come back as float64, which costs memory and time."""
    if reading.plan.holder not in (LIST, DICT, ARRAY) or reading.plan.adds:  # added by us, in float64
        return None
    shapes = shapes_of(reading)
    start = [array.astype(np.float32) for array in weights(*shapes)]
    grads = [array.astype(np.float32) for array in gradients(*shapes)[0]]
    with quiet():
        session = reading.start(start)
        session.step(lambda _: [array.copy() for array in grads])
        read = reading.plan.holder.read(session.held) or []
    if any(array.dtype == np.float64 for array in read):
        return "float32 parameters come back as float64; make the memory by np.zeros_like(w) to keep their dtype"
    return None


def keeps_shapes(reading: Reading) -> Iterator[Finding]:
    """A vector, a column, a matrix: the same numbers move the same way, and the shape stays."""
    if reading.plan.holder not in (LIST, DICT, ARRAY) or not reading.one:
        return
    found = _shape_that_differs(reading)
    undecayed = replace(reading, plan=reading.plan.but(hyper={**reading.plan.hyper, "decay": 0.0}))
    if found and (found.name == "changes the shape" or _shape_that_differs(undecayed)):
        yield found  # vectors are often left out of the decay, which is no mistake


def _shape_that_differs(reading: Reading) -> Finding | None:
    flat, grads = weights((6,))[0], gradients((6,))
    expected: list[Array] | None = None
    for shape in ((2, 3), (6,), (6, 1), (1, 6)):
        slopes = scripted([[g.reshape(shape) for g in step] for step in grads])
        path = reading.path([flat.reshape(shape)], slopes)
        came = path[-1][0].shape
        if came != shape:
            sentence = f"parameters of shape {shape} come back with shape {came}; keep their shape"
            return Finding("changes the shape", sentence)
        end = [points[0].ravel() for points in path]
        expected = expected or end
        if k := unlike([[a] for a in expected], [[a] for a in end]):
            return Finding(
                "depends on the shape",
                f"the same six numbers move differently as {shape} than as (2, 3), first in step {k}; "
                "a rule moves each weight by itself, whatever the shape",
            )
    return None


def survives_zero(reading: Reading) -> Iterator[Finding]:
    """A gradient of zeros, as behind a dead unit, is no reason for nan."""
    shapes = shapes_of(reading)
    nothing = [[np.zeros_like(array) for array in arrays] for arrays in gradients(*shapes)]
    path = reading.path(weights(*shapes), scripted(nothing[:2]))
    for k, points in enumerate(path, 1):
        if not all(np.isfinite(array).all() for array in points):
            yield Finding(
                "a zero gradient gives nan",
                f"with a gradient of zeros the parameters are no numbers after step {k}: it divides 0 by 0. "
                "Add eps to the denominator",
            )
            return
