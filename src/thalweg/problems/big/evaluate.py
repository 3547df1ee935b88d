"""Measures of all rows of a part, read piece by piece in a fixed order: the same bits every time."""

from math import fsum

import numpy as np

from thalweg.formulas.arrays import Array
from thalweg.problems.big.stream import Stream
from thalweg.problems.fit import Fit

PIECE = 1 << 14  # rows of a piece; it decides the last bits, so it is no setting


def whole_measures(fit: Fit, w: Array, part: str) -> dict[str, float]:
    """What `fit.evaluate` gives for w (P,), from all rows of a part of a streamed table, in float64.

    r2 takes the spread about the mean of the part, from sums about the mean of its first piece.
    """
    assert isinstance(fit.stream, Stream)  # noqa: S101  for the type checker
    names = ("train", "validation", "test")
    begin = sum(fit.stream.counts[: names.index(part)])
    count = fit.stream.counts[names.index(part)]
    losses: list[float] = []
    hits: list[float] = []
    squares: list[tuple[float, Array, float]] = []
    about: Array | None = None
    for at in range(begin, begin + count, PIECE):
        X, y, weight = fit.stream.file.piece(at, min(at + PIECE, begin + count))
        z = fit.outputs(w, X)
        losses.append(float(fit.loss(z, y, weight)[0]) * len(y))
        if fit.loss.task == "regression":
            wide = y.astype(np.float64)
            about = wide.mean(0) if about is None else about
            off = wide - about
            squares.append((float(((z - y).astype(np.float64) ** 2).sum()), off.sum(0), float((off * off).sum())))
        else:
            hits.append(float(_hits(fit, z, y).sum()))
    found = {"loss": fsum(losses) / count}
    if fit.loss.task != "regression":
        return found | {"accuracy": fsum(hits) / count}
    shift = np.sum([off for _, off, _ in squares], axis=0) / count
    spread = fsum(total for *_, total in squares) - count * float((shift * shift).sum())
    return found | {"r2": 1 - fsum(error for error, *_ in squares) / (spread or np.nan)}


def _hits(fit: Fit, z: Array, y: Array) -> Array:
    """(B,) whether the class is right."""
    if fit.loss.task == "binary":
        return np.asarray((fit.loss.predict(z) > 0.5)[..., 0] == (y > 0.5)[..., 0])
    return np.asarray(z.argmax(-1) == y.argmax(-1))
