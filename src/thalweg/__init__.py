"""thalweg: a gradient-descent workbench. `import thalweg as tw`.

Names are imported when first used, so that importing thalweg, and `thalweg --help`, stay quick.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from thalweg.descent.folder import load_run as load_run
    from thalweg.descent.loop import descend as descend
    from thalweg.descent.method_section import Method as Method
    from thalweg.descent.optimizer import Optimizer as Optimizer
    from thalweg.descent.run import Run as Run
    from thalweg.descent.spec import Batch as Batch
    from thalweg.descent.spec import Spec as Spec
    from thalweg.descent.spec import Stop as Stop
    from thalweg.descent.state import State as State
    from thalweg.descent.state import Step as Step
    from thalweg.descent.train import train as train
    from thalweg.descent.train import train_all as train_all
    from thalweg.formulas.rules import rule as rule
    from thalweg.formulas.surfaces import SURFACES as SURFACES
    from thalweg.formulas.surfaces import Surface as Surface
    from thalweg.problems.sections import Table as Table

__version__ = "0.1.0"

_HOMES = {
    "descent.folder": ["load_run"],
    "descent.loop": ["descend"],
    "descent.optimizer": ["Optimizer"],
    "descent.run": ["Run"],
    "descent.method_section": ["Method"],
    "descent.spec": ["Batch", "Spec", "Stop"],
    "descent.state": ["State", "Step"],
    "descent.train": ["train", "train_all"],
    "formulas.rules": ["rule"],
    "formulas.surfaces": ["SURFACES", "Surface"],
    "problems.sections": ["Table"],
}
_PLACES = {name: home for home, names in _HOMES.items() for name in names}
__all__ = [*_PLACES, "__version__"]  # noqa: PLE0604 - names are text, found below


def __getattr__(name: str) -> Any:
    if name not in _PLACES:
        raise AttributeError(f"thalweg has no {name!r}; it has {', '.join(sorted(_PLACES))}")
    return getattr(import_module(f"thalweg.{_PLACES[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
