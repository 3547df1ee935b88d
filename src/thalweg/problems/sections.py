"""The part of a Spec that says what is minimised: a table and a model, a surface, or something of the user's.

Plain frozen records of scalars and text. Empty text and None stand for "decide from the data"; `resolve` in
problems/build.py replaces them, so that a stored Spec says what was run.
"""

from typing import Any, Literal

import msgspec

from thalweg.errors import SpecError
from thalweg.formulas.activations import ACTIVATIONS
from thalweg.formulas.initializers import INITIALIZERS
from thalweg.formulas.losses import LOSSES
from thalweg.formulas.surfaces import SURFACES


def require(condition: bool, message: str) -> None:
    """Raise SpecError with this message unless the condition holds."""
    if not condition:
        raise SpecError(message)


class Table(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="table"):
    """A model fitted to the rows of a table."""

    source: str = "breast_cancer"  # a bundled name, a file, several files by a pattern, or a database
    query: str = ""  # SQL over the source, or over files that it names itself
    sample: int = 0  # rows to take from the source, 0 for all
    sha256: str = ""
    target: str = ""
    positive: str = ""  # of two classes, the one that is counted as 1
    task: Literal["auto", "regression", "binary", "multiclass"] = "auto"
    features: tuple[str, ...] = ()
    drop: tuple[str, ...] = ()
    id: tuple[str, ...] = ()  # columns that name a row: never learned from, kept with its prediction
    weights: str = ""  # a column of row weights
    class_weight: Literal["none", "balanced"] = "none"
    missing: Literal["impute", "drop", "refuse"] = "impute"
    levels: int = 20  # the most levels a category keeps apart; rarer ones share "other"
    validation: float = 0.2
    test: float = 0.2
    test_file: str = ""  # the test rows, where they come in a file of their own
    test_sha256: str = ""
    time: str = ""  # split in the order of this column: train on the past, test on what came later
    group: str = ""  # rows with the same value in this column stay on one side of the split
    split_seed: int = 0
    stream: bool = False  # converted once to a file of rows, and read from there in blocks
    train_rows: int = 0  # the most rows to train on, drawn from the training rows; 0 for all of them
    standardise: bool = True
    scale_target: bool | None = None
    model: Literal["linear", "mlp"] = "linear"
    hidden: tuple[int, ...] = ()
    activation: str = "relu"
    output: str = "linear"
    batch_norm: bool = False
    bias: Literal["separate", "ones"] = "separate"
    init: str = ""
    loss: str = ""
    l2: float = 0.0

    def __post_init__(self) -> None:
        require(isinstance(self.source, str), f"source is {type(self.source).__name__}; expected text")
        require(bool(self.source or self.query), "source is empty; name a data set or a file, or give a query")
        require(self.levels >= 2, f"levels is {self.levels}; expected 2 or more")
        require(self.train_rows >= 0, f"train_rows is {self.train_rows}; expected 1 or more, or 0 for all")
        require(self.sample >= 0, f"sample is {self.sample}; expected a number of rows, or 0 for all")
        require(not (self.time and self.group), "time and group each say how rows are split; give one of them")
        require(self.split_seed >= 0, f"split_seed is {self.split_seed}; expected a whole number from 0 on")
        require(0 <= self.l2 < float("inf"), f"l2 is {self.l2:g}; expected a number of 0 or more")
        ACTIVATIONS.named(self.activation)
        ACTIVATIONS.named(self.output)
        if self.init:
            INITIALIZERS.named(self.init)
        if self.loss:
            LOSSES.named(self.loss)
        require(all(width > 0 for width in self.hidden), f"hidden is {self.hidden}; expected widths of 1 or more")
        if self.model == "linear":
            require(not self.hidden, f"model linear has no hidden layers, but hidden is {self.hidden}; use model mlp")
            require(not self.batch_norm, "model linear has no layer to batch-normalise; use model mlp")
        else:
            require(bool(self.hidden), "model mlp needs hidden layers; give their widths, as in hidden = [16]")
            require(self.bias == "separate", "bias as a column of ones is for model linear; an mlp has its own biases")
        fractions = self.validation + self.test
        require(
            self.validation >= 0 and self.test >= 0 and fractions < 1,
            f"validation {self.validation:g} + test {self.test:g} leave no rows to train on; use less than 1 together",
        )

    @classmethod
    def of(cls, data: Any, y: Any = None, **fields: Any) -> "Table":
        """A table of data in memory: a pandas or polars frame, a dictionary of arrays, or arrays X (N, D) and y (N,).

        The Spec names them by the hash of their values; a stored one finds them again while they are held here.

        >>> Table.of([[1.0, 2.0], [3.0, 4.0]], [0, 1]).target
        'y'
        """
        from thalweg.problems.sources.memory import hold

        columns = hold(data, y)
        return cls(source=columns.name, **({"target": columns.names[-1]} if y is not None else {}) | fields)


class OnSurface(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="surface"):
    """A surface with known minimisers."""

    surface: str = "bowl"
    start: tuple[float, ...] = ()
    random_start: bool = False  # somewhere in the plotting box, by the seed
    dims: int = 2  # for the quadratic, its size
    condition: float = 10.0  # for the quadratic, its condition number

    def __post_init__(self) -> None:
        if self.surface != "quadratic":
            SURFACES.named(self.surface)
        require(self.dims >= 1, f"dims is {self.dims}; expected 1 or more")
        require(self.condition >= 1, f"condition is {self.condition:g}; expected 1 or more")


class Custom(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="custom"):
    """An objective of the user's, handed to `train` beside the Spec; its folder cannot re-run it by itself."""

    label: str = "custom"
    start: tuple[float, ...] = ()


Section = Table | OnSurface | Custom
