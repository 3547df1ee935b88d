"""Which engine computes runs: NumPy, step by step, compiled epochs of a run, or compiled strides of a population.

Sizes in the Spec and the number of members decide, never a clock.
"""

from importlib.util import find_spec
from typing import Any

from thalweg.descent.compiled.batch_source import activation_source, loss_source
from thalweg.descent.compiled.epochs import shape_of
from thalweg.descent.compiled.kernel import numba_is_here
from thalweg.descent.compiled.translate import NotTranslatable, translated
from thalweg.descent.spec import Spec
from thalweg.descent.sweeping.texts import activation_text, loss_text, update_text
from thalweg.descent.sweeping.tracing import Untraceable
from thalweg.errors import SpecError
from thalweg.formulas.activations import ACTIVATIONS
from thalweg.formulas.losses import LOSSES
from thalweg.formulas.rules import RULES
from thalweg.problems.fit import Fit
from thalweg.problems.linear import Linear
from thalweg.problems.mlp import MLP
from thalweg.problems.objective import Objective

LARGEST_BATCH = 64  # of more rows, BLAS does most of the work in either engine
FEWEST_STEPS = 20_000  # below this compiling costs more than it saves
SWEEP = 3_000_000  # work of all members from which strides repay the 25 s of CPU that compiling them takes at first
PRODUCTS = 10_000  # of a row and a parameter: about what NumPy computes in the time that an update costs it anyway


def engine_of(spec: Spec, objective: Objective, members: int = 1) -> str:
    """ "numpy", "compiled" or "sweep", for so many members. Raises SpecError where the one asked for cannot do it."""
    if spec.engine != "auto":
        if why := why_not(spec.engine, spec, objective):
            raise SpecError(f'engine {spec.engine} {why}; say engine = "numpy" or "auto"')
        return spec.engine
    if members > 1 and members * work_of(spec, objective) >= SWEEP and not why_not("sweep", spec, objective):
        return "sweep"
    small = 0 < spec.batch.batch_size <= LARGEST_BATCH
    if small and spec.stop.steps >= FEWEST_STEPS and not why_not("compiled", spec, objective):
        return "compiled"
    return "numpy"


def work_of(spec: Spec, objective: Objective) -> int:
    """What NumPy does in a run: its updates, and one more for every PRODUCTS of a row and a parameter."""
    rows = spec.batch.batch_size or objective.examples
    return spec.stop.steps + spec.stop.steps * rows * objective.size // PRODUCTS


def why_not(engine: str, spec: Spec, objective: Objective) -> str:
    """Why this engine cannot make these runs, as the end of a sentence, or nothing."""
    if engine == "numpy":
        return ""
    return _missing(engine) or _unfit(engine, spec, objective) or _untranslatable(engine, spec, objective)


def _missing(engine: str) -> str:
    if engine == "sweep":
        return "" if numba_is_here() else "needs Numba (pip install 'thalweg[fast]')"
    return "" if numba_is_here() and find_spec("scipy") else "needs Numba and SciPy (pip install 'thalweg[fast]')"


def _unfit(engine: str, spec: Spec, objective: Objective) -> str:
    if not isinstance(objective, Fit) or not isinstance(objective.model, Linear | MLP):
        return "is for models fitted to a table"
    if getattr(objective.model, "batch_norm", False):
        return "has no batch norm"
    if engine == "sweep" and objective.stream:
        return "reads tables that are in memory, and this one is streamed"
    if spec.method.rule not in RULES or spec.method.phases:
        return f"takes one elementwise rule, not {'phases' if spec.method.phases else spec.method.rule}"
    return ""


def _untranslatable(engine: str, spec: Spec, fit: Any) -> str:
    """Tries to write the engine's source of the formulas."""
    shape, rule = shape_of(fit, spec.dtype), RULES[spec.method.rule]
    own = {shape.hidden, shape.output}
    try:
        if engine == "sweep":
            loss_text(fit.loss, spec.dtype, shape.weighted)
            update_text(rule, spec.dtype)
            for name in own:
                activation_text("own", ACTIVATIONS[name], spec.dtype)
            return ""
        translated(rule)
        loss_source(LOSSES[shape.loss].formula, spec.dtype, shape.weighted)
        for name in own:
            activation_source(ACTIVATIONS[name], name, spec.dtype)
    except (NotTranslatable, Untraceable, KeyError) as why:
        return f"cannot compile this rule, loss or activation: {why}"
    return ""
