"""Descent on a function of the user's own, behind the gate: its gradient is checked before the first step."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from thalweg.descent.files import named_folder
from thalweg.descent.folder import Writer
from thalweg.descent.interrupt import interruptible
from thalweg.descent.population import Population
from thalweg.descent.run import Run
from thalweg.descent.setup import batches_of
from thalweg.descent.spec import Spec
from thalweg.descent.train import begin, finish
from thalweg.errors import FolderError, SpecError, ThalwegError
from thalweg.evidence.gradcheck import gate
from thalweg.problems.objective import UserObjective
from thalweg.problems.own_function import OwnFunction, OwnMeasures, a, failed
from thalweg.problems.sections import Custom
from thalweg.problems.tensors import Tensors

LossAndGrad = Callable[..., Any]
Page = Callable[[Run, Path], object]


class WrongGradient(SpecError):
    """The gate found that a gradient is not the gradient of its loss."""


def minimize(
    loss_and_grad: LossAndGrad,
    start: Any,
    *,
    grad: Callable[..., Any] | None = None,
    examples: int = 0,
    evaluate: Callable[[Any], Mapping[str, Any]] | None = None,
    check: bool = True,
    folder: Path | str | None = None,
    page: Page | None = None,
    **changes: Any,
) -> Run:
    """Minimise loss_and_grad(params) -> (loss, gradient) from `start`, which may be built as you like.

    start: an array of any shape, or dictionaries, lists and tuples of arrays, nested, float32 or float64. The
    function gets fresh arrays in that structure and returns a gradient in the same; `run.params()` has the best
    weights in it, and the norms of every array are in `run.steps`. Arrays called b, b1, bias, … are not decayed.

    grad: the gradient's own function, where loss_and_grad returns the loss alone. examples: rows to draw
    batches from; the function is then called as (params, rows), rows (B,) being indices, and batch_size=… says
    how many. evaluate(params) -> {"loss": …, "accuracy": …} is asked at every evaluation, at best about rows that
    are not trained on, and kept as validation_loss, …; names that begin with train_ stay as they are.

    check=False leaves the gate out; the Spec's label, and so the run's header, says whether the gradient was
    checked. folder: a new folder that the run is written to while it runs, with its page; it holds numbers, not
    your code, and cannot run itself again. `changes` are fields of the Spec: rule, lr, steps, grad_tol, …

    >>> run = minimize(lambda w: (((w - 3) ** 2).sum(), 2 * (w - 3)), [0.0], lr=0.5, steps=2)
    >>> run.w.tolist(), run.spec.problem.label
    ([3.0], '<lambda>, gradient checked')
    >>> def loss_and_gradients(params):
    ...     error = params["slope"] * 2 + params["b"] - 7
    ...     return error**2, {"slope": 4 * error, "b": 2 * error}
    >>> run = minimize(loss_and_gradients, {"slope": 0.0, "b": 0.0}, lr=0.1, steps=1)
    >>> {name: round(float(value), 3) for name, value in run.params().items()}
    {'slope': 2.8, 'b': 1.4}
    """
    _require_functions(loss_and_grad, grad, evaluate)
    own, spec = _prepared(loss_and_grad, start, grad, examples, check, changes)
    if folder is not None and Path(folder).exists():
        raise FolderError(f"{folder} exists already; choose another name or remove it")
    if check:
        _pass_gate(own, spec)
    objective = UserObjective(
        own,
        own.layout.size,
        examples=max(1, examples),
        batched=examples > 0,
        named=own.layout,
        structure=own.params,
        measures=OwnMeasures(evaluate, own.params) if evaluate else None,
    )
    population = begin(spec, objective=objective)
    return finish(population) if folder is None else _written(population, Path(folder), page)


def _require_functions(loss_and_grad: Any, grad: Any, evaluate: Any) -> None:
    if not callable(loss_and_grad):
        came = a(type(loss_and_grad).__name__)
        raise SpecError(f"loss_and_grad is {came}; expected a function, as in minimize(loss_and_grad, start)")
    for name, given in (("grad", grad), ("evaluate", evaluate)):
        if given is not None and not callable(given):
            raise SpecError(f"{name} is {a(type(given).__name__)}; expected a function of the parameters")


def _prepared(
    loss_and_grad: LossAndGrad, start: Any, grad: Any, examples: Any, check: bool, changes: dict[str, Any]
) -> tuple[OwnFunction, Spec]:
    """The user's function on flat vectors, and the Spec with its start."""
    if isinstance(examples, bool) or not isinstance(examples, int | np.integer) or examples < 0:
        came = f"{examples!r}" if isinstance(examples, int | float) else a(type(examples).__name__)
        raise SpecError(f"examples is {came}; expected how many rows there are, as in examples=len(X)")
    tensors, flat = Tensors.of(start)
    single = all(dtype.itemsize <= 4 for dtype in tensors.dtypes)
    spec = Spec(problem=Custom(), dtype="float32" if single else "float64").but(**changes)
    if spec.batch.batch_size and not examples:
        raise SpecError(
            f"batch_size is {spec.batch.batch_size}, but there are no rows to draw from; "
            "say examples=… and let the function take (params, rows)"
        )
    if "dtype" in changes:
        tensors = tensors.cast(spec.dtype)
    own = OwnFunction(loss_and_grad, tensors, grad, int(examples))
    label = f"{changes.get('label', own.name)}, gradient {'checked' if check else 'not checked'}"
    return own, spec.but(problem=Custom(label=label, start=tuple(tensors.packed(flat).tolist())))


def _pass_gate(own: OwnFunction, spec: Spec) -> None:
    """Check the gradient near the start, on the rows of the first batch; raise if it is wrong."""
    rows = None
    if own.examples:
        first = batches_of(spec, own.examples)(0)
        rows = np.arange(own.examples)[first]
    start = own.params(np.array(getattr(spec.problem, "start", ())))
    try:
        found = gate(lambda params: own.answer(params, rows), start)
    except ThalwegError:
        raise
    except Exception as error:
        raise failed(own.call, error) from error
    if found.passed:
        return
    if found.fault in ("structure", "shape", "dtype"):  # nothing to descend on
        raise WrongGradient(f"{own.name}: {found.sentence.removeprefix('the gradient was not checked: ')}")
    cure = "Mend the gradient, or say check=False to descend on it all the same."
    raise WrongGradient(f"{own.name}: {found.sentence} {cure}")


def _written(population: Population, folder: Path, page: Page | None) -> Run:
    """Advance to the end, writing into a new folder. What was done before an exception or Ctrl-C is kept."""
    writer = Writer(named_folder(folder.parent, folder.name))
    with interruptible() as interrupt:
        try:
            writer.begin(population)
            run = finish(population, watch=lambda now: writer.watch(now) or interrupt.asked)
        except FolderError:
            raise
        except Exception:
            _end(writer, population.runs("interrupted")[0], page)
            raise
        _end(writer, run, page)
    if interrupt.asked:
        raise KeyboardInterrupt
    return run


def _end(writer: Writer, run: Run, page: Page | None) -> None:
    writer.end(run)
    if page:
        page(run, writer.folder)
