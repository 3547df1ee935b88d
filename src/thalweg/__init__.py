"""thalweg: a gradient-descent workbench. `import thalweg as tw`.

Names are imported when first used, so that importing thalweg, and `thalweg --help`, stay quick.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from thalweg.descent.classic import GD as GD
    from thalweg.descent.classic import Adagrad as Adagrad
    from thalweg.descent.classic import Adam as Adam
    from thalweg.descent.classic import AdamW as AdamW
    from thalweg.descent.classic import AMSGrad as AMSGrad
    from thalweg.descent.classic import Lion as Lion
    from thalweg.descent.classic import Momentum as Momentum
    from thalweg.descent.classic import NAdam as NAdam
    from thalweg.descent.classic import Nesterov as Nesterov
    from thalweg.descent.classic import RMSProp as RMSProp
    from thalweg.descent.folder import load_run as load_run
    from thalweg.descent.loop import descend as descend
    from thalweg.descent.method_section import Method as Method
    from thalweg.descent.method_section import Phase as Phase
    from thalweg.descent.optimizer import Optimizer as Optimizer
    from thalweg.descent.run import Run as Run
    from thalweg.descent.spec import Batch as Batch
    from thalweg.descent.spec import Spec as Spec
    from thalweg.descent.spec import Stop as Stop
    from thalweg.descent.state import State as State
    from thalweg.descent.state import Step as Step
    from thalweg.descent.train import begin as begin
    from thalweg.descent.train import train as train
    from thalweg.descent.train import train_all as train_all
    from thalweg.evidence.ablation import ablate as ablate
    from thalweg.evidence.gradcheck import check_gradient as check_gradient
    from thalweg.evidence.own_optimizer.check import check_optimizer as check_optimizer
    from thalweg.evidence.study import Study as Study
    from thalweg.evidence.sweep import sweep as sweep
    from thalweg.formulas.rules import rule as rule
    from thalweg.formulas.surfaces import SURFACES as SURFACES
    from thalweg.formulas.surfaces import Surface as Surface
    from thalweg.interfaces.own import minimize as minimize
    from thalweg.interfaces.recorder import Recorder as Recorder
    from thalweg.problems.classic import LinearModel as LinearModel
    from thalweg.problems.classic import MLPModel as MLPModel
    from thalweg.problems.sections import Custom as Custom
    from thalweg.problems.sections import OnSurface as OnSurface
    from thalweg.problems.sections import Table as Table

__version__ = "0.1.0"

_HOMES = {
    "descent.classic": [
        "GD",
        "Momentum",
        "Nesterov",
        "Adagrad",
        "RMSProp",
        "Adam",
        "AMSGrad",
        "AdamW",
        "NAdam",
        "Lion",
    ],
    "descent.folder": ["load_run"],
    "descent.loop": ["descend"],
    "descent.method_section": ["Method", "Phase"],
    "descent.optimizer": ["Optimizer"],
    "descent.run": ["Run"],
    "descent.spec": ["Batch", "Spec", "Stop"],
    "descent.state": ["State", "Step"],
    "descent.train": ["begin", "train", "train_all"],
    "evidence.ablation": ["ablate"],
    "evidence.gradcheck": ["check_gradient"],
    "evidence.own_optimizer.check": ["check_optimizer"],
    "evidence.study": ["Study"],
    "evidence.sweep": ["sweep"],
    "formulas.rules": ["rule"],
    "formulas.surfaces": ["SURFACES", "Surface"],
    "interfaces.own": ["minimize"],
    "interfaces.recorder": ["Recorder"],
    "problems.classic": ["LinearModel", "MLPModel"],
    "problems.sections": ["Custom", "OnSurface", "Table"],
}
_PLACES = {name: home for home, names in _HOMES.items() for name in names}
__all__ = [*_PLACES, "__version__"]  # noqa: PLE0604 - names are text, found below


def __getattr__(name: str) -> Any:
    if name not in _PLACES:
        raise AttributeError(f"thalweg has no {name!r}; it has {', '.join(sorted(_PLACES))}")
    return getattr(import_module(f"thalweg.{_PLACES[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
