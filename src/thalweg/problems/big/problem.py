"""The problem of a streamed table: from the cache where it is there, else converted first.

Two records spare work: a converted table, by what it was made from; and what was found out about a source (its sha256,
its task), by the source's files. Each is used only as long as the files are the very ones it was made from.
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from thalweg.errors import DataError
from thalweg.formulas.arrays import Array
from thalweg.formulas.losses import LOSSES
from thalweg.formulas.streams import Purpose, stream
from thalweg.problems import sections
from thalweg.problems.big.cache import Identity, cache_folder, identities, identity, read_signed, write_signed
from thalweg.problems.big.convert import ABOUT, PARTS, About, convert, restored
from thalweg.problems.big.file import RowFile
from thalweg.problems.big.reading import BigTable, open_big, refuse_unstreamable
from thalweg.problems.big.stream import Stream
from thalweg.problems.bundled import BUNDLED
from thalweg.problems.examples import Examples
from thalweg.problems.fit import Fit
from thalweg.problems.pairing import pairing_notices
from thalweg.problems.problem import Problem
from thalweg.problems.sources.engine import forget_disk
from thalweg.problems.sources.several import paths_of
from thalweg.problems.table import Table, read_source
from thalweg.problems.tabular import EVALUATED_ROWS, decided, model_of

FORMAT = 1
# What has no part in the rows that are written.
NOT_WRITTEN: dict[str, Any] = {
    "model": "linear", "hidden": (), "activation": "relu", "output": "linear", "batch_norm": False, "init": "",
    "loss": "", "l2": 0.0,
}  # fmt: skip


class Facts(msgspec.Struct, frozen=True):
    """What was found out about a source, and the files that it was read from."""

    files: dict[str, Identity]
    sha256: str
    target: str
    task: str
    positive: str


@dataclass(frozen=True, eq=False)
class Parts(Mapping[str, Examples]):
    """{part: rows}: of the training rows those in the buffer; the others are only read in pieces."""

    stream: Stream
    names: tuple[str, ...]

    def __getitem__(self, name: str) -> Examples:
        if name == "train":
            return self.stream.buffer
        if name not in self.names:
            raise KeyError(name)
        raise DataError(f"the {name} rows of a streamed table are not in memory; read them in pieces")

    def __contains__(self, name: object) -> bool:
        return name in self.names

    def __iter__(self) -> Iterator[str]:
        return iter(self.names)

    def __len__(self) -> int:
        return len(self.names)


@dataclass(frozen=True)
class Absent:
    """In place of the columns of a table whose rows are on the disk."""

    name: str

    def __getattr__(self, asked: str) -> Any:
        raise DataError(
            f"the columns of {self.name} are not in memory, because it is streamed; leave out stream for that, on a "
            "sample of the rows if need be"
        )


def resolve_streamed(section: sections.Table) -> sections.Table:
    """The section with all that was left open decided from the data."""
    refuse_unstreamable(section)
    facts = facts_of(section)
    if section.sha256 and section.sha256 != facts.sha256:
        raise DataError(
            f"{section.source} has changed: its sha256 is {facts.sha256[:12]}…, the spec expects "
            f"{section.sha256[:12]}…; restore the file, or empty sha256 in the spec to accept the new one"
        )
    return decided(
        section, sha256=facts.sha256, test_sha256="", target=facts.target, task=facts.task, positive=facts.positive
    )


def facts_of(section: sections.Table) -> Facts:
    """Looked up, or found by reading the source."""
    asked = as_read(section)
    path = cache_folder() / f"facts-{name_of(asked)}.json"
    files = files_of(section)
    known = read_signed(path, Facts) if files else None
    if known is not None and known.files == files:
        return known
    big = opened(asked)
    target = big.opened.target
    positive = target.classes[1] if target.task == "binary" else ""
    facts = Facts(files, big.opened.sha256, big.opened.roles.target, target.task, positive)
    decided_too = msgspec.structs.replace(asked, target=facts.target, task=target.task, positive=positive)
    OPENED[msgspec.json.encode(decided_too)] = big
    if files:
        write_signed(path, facts)
    return facts


def files_of(section: sections.Table) -> dict[str, Identity]:
    """The files of a source as they are now; none where a query names them by itself."""
    if not section.source:
        return {}
    paths = [BUNDLED[section.source].path] if section.source in BUNDLED else paths_of(section.source)
    return {str(path.absolute()): identity(path) for path in paths if path.is_file()}


OPENED: dict[bytes, BigTable] = {}  # the table that was looked through last, until it is converted


def opened(asked: sections.Table) -> BigTable:
    """Looked through, or as it was a moment ago: resolving and converting share one reading."""
    key = msgspec.json.encode(asked)
    if key not in OPENED:
        forget()
        OPENED[key] = open_big(asked)
    return OPENED[key]


def forget() -> None:
    """Lets go DuckDB's copy of the table, and what was kept of its columns."""
    OPENED.clear()
    read_source.cache_clear()
    forget_disk()


def as_read(section: sections.Table) -> sections.Table:
    """What decides how a source is read: the model has no part in it."""
    return msgspec.structs.replace(section, **NOT_WRITTEN, sha256="", scale_target=None)


def streamed_problem(section: sections.Table, dtype: str) -> Problem:
    """The problem of a resolved section. Specs that differ in L2 alone share one buffer."""
    shared = _without_penalty(msgspec.json.encode(msgspec.structs.replace(section, l2=0.0)), dtype)
    return replace(shared, section=section, objective=replace(shared.objective, l2=section.l2))  # type: ignore[type-var]


@lru_cache(maxsize=2)
def _without_penalty(encoded: bytes, dtype: str) -> Problem:
    section = msgspec.json.decode(encoded, type=sections.Table)
    folder, about = converted(section, dtype)
    preparation = about.preparation
    file = RowFile(folder, dtype, about.widths)
    names = tuple(name for name, count in zip(PARTS, about.counts, strict=True) if count)
    train = Stream(file, about.counts)
    model = model_of(section, about.widths[0], about.widths[1])
    samples = {name: sample(file, about.counts, i) for i, name in enumerate(PARTS) if name in names[:2]}
    table = Table(
        about.source, about.sha256, preparation.names, Absent(about.source), np.empty((0, about.widths[1])), None,  # type: ignore[arg-type]
        preparation.target, preparation.task, preparation.classes, about.notices, preparation, np.empty(0, np.intp),
    )  # fmt: skip
    return Problem(
        section=section,
        objective=Fit(model, LOSSES.named(section.loss), Parts(train, names), 0.0, samples, train),
        start=lambda seed: model.init(stream(seed, Purpose.START)).astype(dtype),
        table=table,
        scaler=restored(about.scaler),
        target_scaler=restored(about.target_scaler),
        notices=(*about.notices, *pairing_notices(section)),
    )


def converted(section: sections.Table, dtype: str) -> tuple[Path, About]:
    """The folder of the converted table, made if it is not there."""
    written = msgspec.structs.replace(section, **NOT_WRITTEN)
    folder = cache_folder() / name_of(written, dtype)
    about = read_signed(folder / ABOUT, About)
    if about is not None and about.sha256 == section.sha256 and about.files == identities(folder):
        return folder, about
    try:
        about = convert(opened(as_read(section)), section, dtype, folder)
    finally:
        forget()
    if about.sha256 != section.sha256:
        raise DataError(f"{section.source} was changed while it was read; run the command again")
    return folder, about


def name_of(section: sections.Table, dtype: str = "") -> str:
    """A name for what the section makes of its source, which is known by its sha256 where that is known."""
    if section.sha256 and section.source:
        section = msgspec.structs.replace(section, source=Path(section.source).name)
    said = msgspec.json.encode([FORMAT, version("thalweg"), np.__version__, dtype, section])
    return hashlib.sha256(said).hexdigest()[:32]


def sample(file: RowFile, counts: tuple[int, int, int], i: int) -> Examples:
    """The rows of part i that an evaluation while training looks at: the same as of a table in memory."""
    begin, count = sum(counts[:i]), counts[i]
    if count <= EVALUATED_ROWS:
        return file.piece(begin, begin + count)
    rows = begin + np.sort(stream(0, Purpose.SAMPLE, i).choice(count, EVALUATED_ROWS, replace=False))
    return gathered(file, rows)


def gathered(file: RowFile, rows: Array) -> Examples:
    """Rows in growing order."""
    found = file.empty(len(rows))
    piece = 1 << 14
    for begin in range(int(rows[0]), int(rows[-1]) + 1, piece):
        first, last = np.searchsorted(rows, (begin, begin + piece))
        if first < last:
            held = file.piece(begin, int(rows[last - 1]) + 1)
            for array, of in zip(found, held.some(rows[first:last] - begin), strict=True):
                if array is not None and of is not None:
                    array[first:last] = of
    return found
