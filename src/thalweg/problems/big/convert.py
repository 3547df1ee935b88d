"""A table to a file of rows as the model sees them: X standardised, y encoded, weights; row after row.

First the training rows in the order of the table, then those to choose by, then those of the test. Statistics are
computed column by column, in pieces, with the functions that serve tables in memory: the same to the last bit.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from thalweg.formulas.arrays import Array
from thalweg.problems.big.cache import Identity, identities, new_folder, write_signed
from thalweg.problems.big.file import NAMES
from thalweg.problems.big.reading import BigTable, pieces
from thalweg.problems.parts import Category
from thalweg.problems.predictor import prepared
from thalweg.problems.preparation import Preparation, applied, fit_preparation, training_values
from thalweg.problems.ranks import Pieces
from thalweg.problems.sections import Table as Section
from thalweg.problems.standardiser import Standardiser, moments_of
from thalweg.problems.tabular import row_weights

PARTS = ("train", "validation", "test")
ABOUT = "about.json"
Scaled = tuple[tuple[float, ...], tuple[float, ...], float, tuple[bool, ...]]  # mean, scale, eps, constant


class About(msgspec.Struct, frozen=True):
    """What is known of a converted table. counts: rows of training, validation and test; widths: of X, y, weight."""

    source: str
    sha256: str
    preparation: Preparation
    scaler: Scaled | None
    target_scaler: Scaled | None
    counts: tuple[int, int, int]
    widths: tuple[int, int, int]
    notices: tuple[str, ...]
    files: dict[str, Identity] = {}


def convert(big: BigTable, section: Section, dtype: str, final: Path) -> About:
    """Writes the folder `final`; whatever goes wrong, it is there whole or not at all."""
    preparation, fitted = fit_big(big, section)
    scaler = fit_scaler(big, preparation) if section.standardise else None
    target_scaler = Standardiser.fit(big.opened.target.y[big.part == 0]) if section.scale_target else None
    weight = row_weights(section, big.codes, len(big.opened.target.classes), big.opened.weights, big.part == 0)
    outputs = len(preparation.classes) if preparation.task == "multiclass" else 1
    about = About(
        big.columns.name, big.opened.sha256, preparation, stored(scaler), stored(target_scaler),
        big.counts,
        (len(preparation.names) + (section.bias == "ones"), outputs, int(weight is not None)),
        (*big.opened.notices, *fitted, *big.notices),
    )  # fmt: skip
    bytes_ = sum(about.counts) * sum(about.widths) * np.dtype(dtype).itemsize
    with new_folder(final, bytes_) as folder:
        write_inputs(folder / NAMES[0], big, preparation, (scaler, section.bias == "ones", dtype))
        append_parts(folder / NAMES[1], (answers(big, i, target_scaler, outputs, dtype) for i in range(3)))
        if weight is not None:
            own = (weight[big.part == i] for i in range(3))
            append_parts(folder / NAMES[2], (iter([(some / some.mean()).astype(dtype)]) for some in own if len(some)))
        about = msgspec.structs.replace(about, files=identities(folder))
        write_signed(folder / ABOUT, about)
    return about


def fit_big(big: BigTable, section: Section) -> tuple[Preparation, tuple[str, ...]]:
    """What turns columns into numbers, fitted on the training rows."""
    opened, name = big.opened, big.opened.roles.target
    blocks, notices = fit_preparation(big.columns, opened.roles.uses, big.rows_of(0), section.levels)
    read = (name, *(block.part.column for block in blocks))
    how = {column: big.columns.how[column] for column in read if column in big.columns.how}
    return Preparation(name, opened.target.task, opened.target.classes, blocks, how), notices


def fit_scaler(big: BigTable, preparation: Preparation) -> Standardiser:
    """Mean and deviation of every column of X over the training rows."""
    rows, columns = big.rows_of(0), big.columns
    found: list[tuple[float, float, bool]] = []
    for block in preparation.blocks:
        part = block.part
        if isinstance(part, Category):
            values = part.read(columns)[rows]
            pieces: Pieces = lambda: iter([values])  # noqa: B023, E731  used up before the next
        else:
            pieces = training_values(columns, part.column, part.use, rows)
        found += [moments_of(applied(part, pieces, i)) for i in block.kept]
    mean, scale, constant = (np.array(s) for s in zip(*found, strict=True))
    return Standardiser(mean, np.where(preparation.flags, 1.0, scale), 1e-300, constant)


def write_inputs(path: Path, big: BigTable, preparation: Preparation, seen: tuple[Any, bool, str]) -> None:
    """X of all parts, one behind the other, from one pass over the table."""
    scaler, ones, dtype = seen
    part = np.full(big.columns.rows, -1, np.int8)
    part[big.keep] = big.part
    begins = np.concatenate([[0], np.cumsum(big.counts)])[:3]
    width = (len(preparation.names) + ones) * np.dtype(dtype).itemsize
    with path.open("xb", buffering=0) as file:
        for start, columns in pieces(big.columns):
            of = part[start : start + columns.rows]
            kept = np.flatnonzero(of >= 0)
            X = prepared(preparation.apply(columns, kept), scaler, ones).astype(dtype, copy=False)
            for i in range(len(PARTS)):
                some = np.ascontiguousarray(X[of[kept] == i])
                file.seek(int(begins[i]) * width)
                write_all(file, some)
                begins[i] += len(some)
        os.fsync(file.fileno())


def answers(big: BigTable, part: int, scaler: Standardiser | None, outputs: int, dtype: str) -> Iterator[Array]:
    """y of the rows of a part, piece by piece."""
    for at in range(0, len(big.part), 1 << 16):
        some = at + np.flatnonzero(big.part[at : at + (1 << 16)] == part)
        if big.codes is None:
            y = big.opened.target.y[some]
            y = scaler.apply(y) if scaler else y
        else:
            codes = big.codes[some]
            y = codes[:, None] if outputs == 1 else codes[:, None] == np.arange(outputs)
        yield y.astype(dtype)


def append_parts(path: Path, parts: Iterator[Iterator[Array]]) -> None:
    """A file of arrays, one behind the other."""
    with path.open("xb", buffering=0) as file:
        for part in parts:
            for array in part:
                write_all(file, array)
        os.fsync(file.fileno())


def write_all(file: Any, array: Array) -> None:
    """All bytes of an array; a disk that is full takes some of them."""
    if not array.size:
        return
    view = np.ascontiguousarray(array).reshape(-1).view(np.uint8).data
    while view:
        view = view[file.write(view) :]


def stored(scaler: Standardiser | None) -> Scaled | None:
    """A standardiser as plain numbers."""
    if scaler is None:
        return None
    return tuple(scaler.mean.tolist()), tuple(scaler.scale.tolist()), scaler.eps, tuple(scaler.constant.tolist())


def restored(scaled: Scaled | None) -> Standardiser | None:
    """The standardiser of these numbers."""
    if scaled is None:
        return None
    mean, scale, eps, constant = scaled
    return Standardiser(np.array(mean), np.array(scale), eps, np.array(constant, dtype=bool))
