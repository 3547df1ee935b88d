"""Named arrays inside one flat buffer, weights first and biases last.

One buffer means that a rule, a norm or a checkpoint is one operation on (..., P), whatever the model. Weights
come first so that everything from `undecayed` on, the biases and the scales and shifts of batch norm, is left
alone by penalties and decay.
"""

from collections.abc import Mapping
from itertools import pairwise
from math import prod

import numpy as np

from thalweg.errors import ShapeError
from thalweg.formulas.arrays import Array

Views = dict[str, Array]
Shape = tuple[int, ...]


class Layout:
    """{name: shape} of the weights, then of the biases, as spans of a flat buffer of `size` entries."""

    def __init__(self, weights: Mapping[str, Shape], biases: Mapping[str, Shape]):
        self.shapes = {**weights, **biases}
        if empty := [name for name, shape in self.shapes.items() if not prod(shape)]:
            raise ShapeError(f"parameters {', '.join(empty)} have no entries; expected shapes without a 0")
        edges = np.cumsum([0, *(prod(shape) for shape in self.shapes.values())]).tolist()
        spans = [slice(lo, hi) for lo, hi in pairwise(edges)]
        self.spans: dict[str, slice] = dict(zip(self.shapes, spans, strict=True))
        self.starts = np.array(edges[:-1])  # where each array begins
        self.size: int = edges[-1]
        self.undecayed: int = sum(prod(shape) for shape in weights.values())

    def views(self, flat: Array) -> Views:
        """flat (..., P) -> {name: (..., *shape)}. No copies: to write into a view is to write into `flat`."""
        lead = flat.shape[:-1]
        return {name: flat[..., self.spans[name]].reshape(*lead, *shape) for name, shape in self.shapes.items()}

    def pack(self, named: Mapping[str, Array]) -> Array:
        """{name: array} -> (P,), the opposite of `views`."""
        flat = np.empty(self.size, np.result_type(*named.values()))
        for name, view in self.views(flat).items():
            view[...] = named[name]
        return flat
