"""The data sets that come with thalweg; LICENCES.md beside this file says what each is and where it is from.

>>> sorted(BUNDLED)
['breast_cancer', 'diabetes', 'digits', 'iris', 'penguins', 'wine']
"""

from dataclasses import dataclass
from pathlib import Path

from thalweg.formulas.registry import Registry

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Bundled:
    """A set by name: its Parquet file, the column that is usually predicted, and the kind of task."""

    name: str
    path: Path
    target: str
    task: str
    doc: str


BUNDLED: Registry[Bundled] = Registry("bundled data set")


def _bundle(name: str, target: str, task: str, doc: str) -> None:
    BUNDLED.add(name, Bundled(name, HERE / f"{name}.parquet", target, task, doc))


_bundle("breast_cancer", "diagnosis", "binary", "569 tumours, 30 measurements of cell nuclei; benign or malignant")
_bundle("digits", "digit", "multiclass", "1797 handwritten digits, 8 × 8 pixels from 0 to 16; 0 to 9")
_bundle("wine", "cultivar", "multiclass", "178 wines, 13 chemical measurements; three cultivars")
_bundle("iris", "species", "multiclass", "150 flowers, 4 lengths and widths; three species")
_bundle("diabetes", "progression", "regression", "442 patients, 10 raw measurements; disease one year later")
_bundle("penguins", "species", "multiclass", "344 penguins, numbers and text with missing values; three species")
