"""Which engine computes a run: NumPy, step by step, or compiled epochs. The Spec's sizes decide, never a clock."""

from importlib.util import find_spec

from thalweg.descent.compiled.batch_source import activation_source, loss_source
from thalweg.descent.compiled.epochs import shape_of
from thalweg.descent.compiled.kernel import numba_is_here
from thalweg.descent.compiled.translate import NotTranslatable, translated
from thalweg.descent.spec import Spec
from thalweg.errors import SpecError
from thalweg.formulas.activations import ACTIVATIONS
from thalweg.formulas.losses import LOSSES
from thalweg.formulas.rules import RULES
from thalweg.problems.fit import Fit
from thalweg.problems.objective import Objective

LARGEST_BATCH = 64  # of more rows, BLAS does most of the work in either engine
FEWEST_STEPS = 20_000  # below this compiling costs more than it saves


def engine_of(spec: Spec, objective: Objective) -> str:
    """ "numpy" or "compiled". Raises SpecError where the Spec asks for compiled epochs that cannot be."""
    if spec.engine == "numpy":
        return "numpy"
    size = spec.batch.batch_size
    if spec.engine == "auto" and not (0 < size <= LARGEST_BATCH and spec.stop.steps >= FEWEST_STEPS):
        return "numpy"
    why = why_not(spec, objective)
    if why and spec.engine == "compiled":
        raise SpecError(f'engine compiled {why}; say engine = "numpy" or "auto"')
    return "numpy" if why else "compiled"


def why_not(spec: Spec, objective: Objective) -> str:
    """Why this run cannot be made of compiled epochs, as the end of a sentence, or nothing."""
    if not numba_is_here() or find_spec("scipy") is None:
        return "needs Numba and SciPy (pip install 'thalweg[fast]')"
    if not isinstance(objective, Fit):
        return "is for models fitted to a table"
    if getattr(objective.model, "batch_norm", False):
        return "has no batch norm"
    if spec.method.rule not in RULES or spec.method.phases:
        return f"takes one elementwise rule, not {'phases' if spec.method.phases else spec.method.rule}"
    shape = shape_of(objective, spec.dtype)
    try:
        translated(RULES[spec.method.rule])
        loss_source(LOSSES[shape.loss].formula, spec.dtype, shape.weighted)
        for name in {shape.hidden, shape.output}:
            activation_source(ACTIVATIONS[name], name, spec.dtype)
    except (NotTranslatable, KeyError) as why:
        return f"cannot compile this rule, loss or activation: {why}"
    return ""
