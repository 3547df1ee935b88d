"""From a Spec's section to its problem."""

from functools import lru_cache

import numpy as np

from thalweg.errors import SpecError
from thalweg.formulas.arrays import Array
from thalweg.formulas.streams import Purpose, stream
from thalweg.formulas.surfaces import named_surface
from thalweg.problems import objective as objectives
from thalweg.problems.big.problem import resolve_streamed, streamed_problem
from thalweg.problems.objective import Objective
from thalweg.problems.problem import Problem, Start, fixed_or_normal
from thalweg.problems.sections import OnSurface, Section, Table
from thalweg.problems.tabular import resolve_table, table_problem


def resolve(section: Section) -> Section:
    """The section with everything decided that was left open, from the data where needed."""
    if not isinstance(section, Table):
        return section
    return resolve_streamed(section) if section.stream else resolve_table(section)


def build(section: Section, dtype: str = "float64", objective: Objective | None = None) -> Problem:
    """The problem of a resolved section. `objective` is the user's own, for a Custom section."""
    if isinstance(section, Table):
        return streamed_problem(section, dtype) if section.stream else table_problem(section, dtype)
    if isinstance(section, OnSurface):
        return _surface_problem(section, dtype)
    if objective is None:
        raise SpecError(f"problem {section.label!r} is custom; hand its objective to train beside the spec")
    return Problem(section, objective, fixed_or_normal(section.start, objective.size, dtype))


@lru_cache(maxsize=16)
def _surface_problem(section: OnSurface, dtype: str) -> Problem:
    settings = {"size": section.dims, "condition": section.condition} if section.surface == "quadratic" else {}
    surface = named_surface(section.surface, **settings)
    start = fixed_or_normal(section.start or tuple(surface.start), surface.size, dtype)
    if section.random_start:
        start = _inside(np.asarray(surface.box, float), dtype)
    return Problem(section, objectives.OnSurface(surface), start, surface=surface)


def _inside(box: Array, dtype: str) -> Start:
    """Somewhere in the box (P, 2), by the seed."""
    return lambda seed: stream(seed, Purpose.START).uniform(box[:, 0], box[:, 1]).astype(dtype)
