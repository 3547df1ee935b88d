"""train(spec) -> Run, and the same for many Specs at once."""

import random
from collections.abc import Callable, Sequence
from dataclasses import replace

import msgspec
import numpy as np

from thalweg.descent.block_settings import batch_settings
from thalweg.descent.engine import engine_of
from thalweg.descent.method_section import OTHER_METHODS, default_lr
from thalweg.descent.population import Population
from thalweg.descent.run import Run
from thalweg.descent.setup import evaluation_cadence, make_setup
from thalweg.descent.spec import Spec, replaced
from thalweg.descent.stretches import LONGEST
from thalweg.errors import SpecError
from thalweg.problems.build import build, resolve
from thalweg.problems.fit import Fit
from thalweg.problems.objective import Objective
from thalweg.problems.problem import Problem
from thalweg.problems.sections import Custom, Table

Watch = Callable[[Population], bool]  # called after every update, or stretch of compiled ones; True pauses the run
WATCHED = 64  # steps of a compiled stretch while somebody watches


def resolved(spec: Spec, objective: Objective | None = None, members: int = 1) -> Spec:
    """The Spec with everything decided: data, loss, lr, engine, cadence. Resolving twice changes nothing.

    members: how many runs of it, which differ in numbers only, are trained together.
    """
    section = resolve(spec.problem)
    problem = build(section, spec.dtype, objective)
    method = spec.method
    if method.rule == "newton" and not problem.objective.convex:
        raise SpecError("newton needs a convex model: a linear one with a loss on logits or outputs")
    if method.lr is None:
        method = msgspec.structs.replace(method, lr=default_lr(method.rule))
    phases = tuple(
        phase if phase.lr is not None else msgspec.structs.replace(phase, lr=default_lr(phase.rule))
        for phase in method.phases
    )
    batch = batch_settings(spec, section, problem.objective)
    every = evaluation_cadence(spec, problem.objective.examples)
    return replaced(
        spec,
        problem=section,
        method=msgspec.structs.replace(method, phases=phases),
        batch=batch,
        stop=msgspec.structs.replace(spec.stop, every=every),
        engine=engine_of(spec, problem.objective, members),
    )


def train(
    spec: Spec,
    *,
    resume: Run | None = None,
    objective: Objective | None = None,
    until: int | None = None,
    watch: Watch | None = None,
) -> Run:
    """Run a Spec to its end; a pure function of the Spec, on one machine to the last bit.

    resume: a paused Run of the same Spec, which goes on as if it had never stopped. objective: your own, for a
    Spec whose problem is Custom. until: pause after this many updates. watch: called after every update with
    the Population; return True to pause.

    >>> from thalweg.problems.sections import OnSurface
    >>> run = train(Spec(problem=OnSurface(surface="parabola")).but(lr=0.5, steps=3))
    >>> run.w.tolist(), run.stopped.kind
    ([3.0], 'steps')
    """
    population = begin(spec, resume=resume, objective=objective)
    return finish(population, until=until, watch=watch)


def begin(spec: Spec, *, resume: Run | None = None, objective: Objective | None = None) -> Population:
    """A population of one, at its start or where `resume` left off."""
    spec = resolved(spec, objective)
    problem = resume.problem if resume else build(spec.problem, spec.dtype, objective)
    setup = make_setup([spec], problem.objective)
    if resume is None:
        _seed_globals(spec.seed)
        return Population.fresh(setup, problem)
    if replaced(resume.spec, stop=spec.stop) != spec:
        raise SpecError("this run was made by another spec; resume it with its own, only [stop] may change")
    return Population.resumed(setup, resume)


def finish(population: Population, *, until: int | None = None, watch: Watch | None = None) -> Run:
    """Advance a population of one until it stops, reaches `until`, or `watch` says so."""
    pause = "paused"
    if until is None or population.state.t < until:
        for step in population.advance(WATCHED if watch else LONGEST, until):
            if watch and watch(population):
                pause = "interrupted"
                break
            if until is not None and step.t >= until:
                break
    return population.runs(pause)[0]


def train_all(specs: Sequence[Spec], *, objective: Objective | None = None) -> list[Run]:
    """One Run for each Spec, in their order. Specs that differ only in numbers run as one population.

    An engine left open is chosen for each population by the number of its members, too: see engine_of.
    """
    found: dict[int, Run] = {}
    groups: dict[bytes, list[int]] = {}
    for i, spec in enumerate(specs):
        groups.setdefault(_common(spec), []).append(i)
    for places in groups.values():
        places.sort(key=lambda i: specs[i].seed)  # those that see the same rows, side by side
        runs = _together(_resolved_alike([specs[i] for i in places], objective), objective)
        found |= dict(zip(places, runs, strict=True))
    return [found[i] for i in range(len(specs))]


def _resolved_alike(specs: Sequence[Spec], objective: Objective | None) -> list[Spec]:
    """Specs that have all in common but numbers, resolved: what was left open is the same for all."""
    first = resolved(specs[0], objective, len(specs))
    return [first if i == 0 else _like(first, spec) for i, spec in enumerate(specs)]


def _like(first: Spec, spec: Spec) -> Spec:
    """A Spec resolved as `first` is, with its own numbers."""
    given = spec.method
    lr = default_lr(given.rule) if given.lr is None else given.lr
    numbers = {"lr": lr, "hyper": given.hyper, "clip_norm": given.clip_norm, "clip_value": given.clip_value}
    problem = first.problem
    if isinstance(problem, Table) and isinstance(spec.problem, Table) and problem.l2 != spec.problem.l2:
        problem = msgspec.structs.replace(problem, l2=spec.problem.l2)
    method = msgspec.structs.replace(first.method, **numbers)
    return msgspec.structs.replace(first, problem=problem, method=method, seed=spec.seed)


def _common(spec: Spec) -> bytes:
    """What the members of one population must share: all but lr, hyperparameters, L2, clipping and seed."""
    method = msgspec.structs.replace(spec.method, lr=1.0, hyper={}, clip_norm=0.0, clip_value=0.0)
    problem = spec.problem
    if isinstance(problem, Table):
        problem = msgspec.structs.replace(problem, l2=0.0)
    if isinstance(problem, Custom):  # a user's code may draw from the global generators: each run starts them anew
        return msgspec.json.encode(spec)
    alone = method.rule in OTHER_METHODS and spec.method.hyper
    seed = spec.seed if getattr(problem, "stream", False) else 0  # one buffer follows one order
    kept = msgspec.structs.replace(spec, method=spec.method if alone else method, problem=problem, seed=seed)
    return msgspec.json.encode(kept)


def _together(specs: Sequence[Spec], objective: Objective | None) -> list[Run]:
    problem = build(specs[0].problem, specs[0].dtype, objective)
    _seed_globals(specs[0].seed)
    l2 = np.array([getattr(spec.problem, "l2", 0.0) for spec in specs])
    if isinstance(problem.objective, Fit) and len(set(l2)) > 1:
        problem = replace(problem, objective=replace(problem.objective, l2=l2))
    population = Population.fresh(make_setup(specs, problem.objective), problem)
    for _ in population.advance(LONGEST):
        pass
    own: dict[float, Problem] = {}  # by L2: each member has the problem of its own Spec
    for spec, penalty in zip(specs, l2.tolist(), strict=True):
        if penalty not in own:
            own[penalty] = build(spec.problem, spec.dtype, objective)
    return [replace(run, problem=own[penalty]) for run, penalty in zip(population.runs(), l2.tolist(), strict=True)]


def _seed_globals(seed: int) -> None:
    """NumPy's and Python's own generators, for a user's code; thalweg never draws from them."""
    random.seed(seed)
    np.random.seed(seed & 0xFFFFFFFF)
