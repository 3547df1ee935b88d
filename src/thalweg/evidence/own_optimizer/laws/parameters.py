"""Laws of several parameters: each moves as if it were alone."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from thalweg.evidence.own_optimizer.catalogue.lines import Form
from thalweg.evidence.own_optimizer.laws.finding import Finding, alike, gradients, scripted, unlike, weights
from thalweg.evidence.own_optimizer.reading.holders import DICT
from thalweg.evidence.own_optimizer.reading.session import Slopes
from thalweg.evidence.own_optimizer.reading.trial import Reading, last_line, quiet, told
from thalweg.formulas.arrays import Array

ANOTHER_FORMULA = "the second parameter moves by another formula"
SAME, UNLIKE = ((2, 3), (2, 3)), ((2, 3), (4,))


@dataclass(frozen=True)
class Pair:
    """Two parameters and their gradients, together and each alone."""

    start: list[Array]
    grads: list[list[Array]]

    @classmethod
    def of(cls, shapes: tuple[tuple[int, ...], tuple[int, ...]]) -> "Pair":
        return cls(weights(*shapes, index=2), gradients(*shapes, index=2))

    def together(self, reading: Reading) -> list[list[Array]]:
        return reading.path(self.start, scripted(self.grads))

    def alone(self, reading: Reading) -> list[list[Array]]:
        """Both paths, each from a run of its own, put side by side."""
        apart = [reading.path([w], scripted([[step[i]] for step in self.grads])) for i, w in enumerate(self.start)]
        return [[a[0], b[0]] for a, b in zip(*apart, strict=True)]


def are_apart(reading: Reading, forms: Sequence[Form], hyper: Mapping[str, float]) -> Iterator[Finding]:
    """Two parameters move as each does alone. `forms` are what the optimizer is believed to be, for the diagnosis."""
    if reading.plan.holder.most == 1:
        return
    if not reading.one:
        yield from follow_one_formula(reading, Pair.of(SAME), forms, hyper)
        return
    for shapes in (SAME, UNLIKE):
        pair = Pair.of(shapes)
        alone = pair.alone(reading)
        try:
            together = pair.together(reading)
        except Exception as error:
            yield _crash(reading, error)
            return
        k = unlike(together, alone)
        if k and not _only_decay(reading, pair):
            named = _diagnosed(reading, pair, together, alone, forms, hyper)
            named = named or next(follow_one_formula(reading, pair, forms, hyper), None)
            yield named or Finding(
                "parameters disturb each other",
                f"two parameters together move otherwise than each alone, first in step {k}: something is shared "
                "between them, such as a memory, a count or a norm. Keep one memory for each parameter",
            )
            return


def follow_one_formula(
    reading: Reading, pair: Pair, forms: Sequence[Form], hyper: Mapping[str, float]
) -> Iterator[Finding]:
    """Where the first of two parameters follows a formula to the end, so does the second; it may be free of decay."""
    together = pair.together(reading)
    if still := _still(together, pair):
        yield still
        return
    with quiet():
        paths = [_simulated(form, hyper, pair) for form in forms]
        paths = [theirs for theirs in paths if _same(together, theirs, 0)]
        free = [_simulated(form, {**hyper, "decay": 0.0}, pair) for form in forms if "decay" in form.names]
    if not paths or any(_same(together, theirs, 1) for theirs in (*paths, *free)):
        return
    theirs = [points[1:] for points in paths[0]]
    k = unlike([points[1:] for points in together], theirs) or 1
    yield Finding(
        ANOTHER_FORMULA,
        f"of two parameters the first moves by one formula throughout and the second by another, first in step {k}. "
        "Compare the lines for the one (weights) with those for the other (biases)",
    )


def _still(together: list[list[Array]], pair: Pair) -> Finding | None:
    """One of two parameters that never moves, though its gradients are not 0."""
    for i, which in ((1, "first"), (0, "second")):
        if all(np.array_equal(points[i], pair.start[i]) for points in together):
            return Finding(
                f"only the {which} parameter moves",
                f"of two parameters only the {which} moves; is there a return inside the loop over the parameters, or "
                "is something kept for one of them alone?",
            )
    return None


def _crash(reading: Reading, error: Exception) -> Finding:
    return Finding(
        "fails with two parameters",
        f"with two parameters of different shapes it fails, {told(error, reading.file)}; "
        "keep one memory for each parameter, in its shape",
        last_line(error, reading.file),
    )


def _only_decay(reading: Reading, pair: Pair) -> bool:
    """Biases are often left out of the decay; without decay the two must be apart."""
    if "decay" not in {role.name for role in (*reading.plan.made_with.values(), *reading.plan.called_with.values())}:
        return False
    free = replace(reading, plan=reading.plan.but(hyper={**reading.plan.hyper, "decay": 0.0}))
    return unlike(pair.together(free), pair.alone(free)) is None


def _diagnosed(
    reading: Reading,
    pair: Pair,
    together: list[list[Array]],
    alone: list[list[Array]],
    forms: Sequence[Form],
    hyper: Mapping[str, float],
) -> Finding | None:
    """Why, where it can be told exactly."""
    if any(not alike(a, b) for a, b in zip(alone[-1], pair.start, strict=True)) and (still := _still(together, pair)):
        return still
    if wrong := _wrong_gradient(reading, pair, together):
        return wrong
    with quiet():
        for form in forms:
            for (share, per_visit), (name, sentence) in CAUSES.items():
                if per_visit and "t" not in form.names:
                    continue
                theirs = _simulated(form, hyper, pair, share=share, per_visit=per_visit)
                if unlike(together, theirs) is None:
                    return Finding(name, sentence)
    return None


def _wrong_gradient(reading: Reading, pair: Pair, together: list[list[Array]]) -> Finding | None:
    """Does a parameter move by the gradient of the other?"""
    if pair.start[0].shape != pair.start[1].shape:
        return None
    own = pair.alone(reading)
    other = Pair(pair.start, [step[::-1] for step in pair.grads]).alone(reading)
    moved = ["own" if _same(together, own, i) else "other" if _same(together, other, i) else "" for i in (0, 1)]
    which = {
        ("own", "other"): "every parameter moves by the gradient of the first",
        ("other", "own"): "every parameter moves by the gradient of the last",
        ("other", "other"): "the gradients are exchanged between the parameters",
    }.get((moved[0], moved[1]))
    return (which and Finding(which, f"{which}; take gradient number i for parameter number i")) or None


def _same(one: list[list[Array]], other: list[list[Array]], i: int) -> bool:
    return all(alike(a[i], b[i]) for a, b in zip(one, other, strict=True))


CAUSES = {
    (False, True): (
        "t is counted once per parameter",
        "t advances once for each parameter instead of once in each step: with two parameters the second step is "
        "corrected as if it were the third. Move t += 1 in front of the loop over the parameters",
    ),
    (True, False): (
        "one memory for all parameters",
        "all parameters share one memory: what the first leaves behind moves the second. Keep one array for each "
        "parameter, as in self.v[i] or self.v[name]",
    ),
    (True, True): (
        "one memory and one count for all parameters",
        "all parameters share one memory, and t advances once for each of them. Keep one array for each parameter, as "
        "in self.v[i], and move t += 1 in front of the loop",
    ),
}


def _simulated(
    form: Form, hyper: Mapping[str, float], pair: Pair, *, share: bool = False, per_visit: bool = False
) -> list[list[Array]]:
    """Both parameters by the formula, with one memory for both or a count that advances with each."""
    env = form.beginning(hyper, pair.start[0])
    envs = [env, env] if share else [env, form.beginning(hyper, pair.start[1])]
    points, path = list(pair.start), []
    for k, grads in enumerate(pair.grads, 1):
        for i, grad in enumerate(grads):
            envs[i]["w"] = points[i]
            try:
                form.step(envs[i], 2 * k - 1 + i if per_visit else k, _constant(grad))
            except (ValueError, KeyError):  # shapes that do not fit, or a rule with other hyperparameters
                return [[np.array(np.nan)] * 2 for _ in pair.grads]
            points[i] = envs[i]["w"]
        path.append(list(points))
    return path


def _constant(grad: Array) -> Callable[[object], Array]:
    return lambda _: grad


def are_found_by_name(reading: Reading) -> Iterator[Finding]:
    """A dictionary has no order: gradients in another order are the same gradients."""
    if reading.plan.holder is not DICT or not reading.several or reading.plan.takes_function:
        return
    pair = Pair.of(SAME)
    turned = replace(DICT, grads=lambda held, arrays: dict(reversed(DICT.grads(held, arrays).items())))
    there = replace(reading, plan=reading.plan.but(holder=turned))
    if k := unlike(pair.together(reading), pair.together(there)):
        yield Finding(
            "pairs parameters and gradients by position",
            f"gradients under the same names in another order give another path, from step {k} on: they are paired by "
            "position. Look them up by name: grads[name]",
        )


def late_ones_are_welcome(reading: Reading) -> str | None:
    """A remark on parameters that appear later, as after unfreezing a layer. Many a good optimizer refuses them."""
    if reading.plan.holder is not DICT or not reading.several or reading.plan.takes_function:
        return None
    if "params" in {role.kind for role in reading.plan.made_with.values()} or reading.plan.states_given:
        return None
    pair = Pair.of(SAME)
    one: list[Slopes] = scripted([step[:1] for step in pair.grads])
    try:
        with quiet():
            session = reading.start(pair.start[:1])
            session.step(one[0])
            session.held = DICT.hold([*session.arrays, pair.start[1]])
            session.shapes, session.first = [(2, 3)] * 2, pair.start
            session.step(scripted(pair.grads)[1])
    except Exception as error:
        return f"a parameter that appears after the first step is not expected: {told(error, reading.file)}"
    return None
