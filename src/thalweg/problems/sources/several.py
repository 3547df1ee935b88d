"""Several files of one format as one table, one under the other: named by a pattern, sorted by name."""

import glob
import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from thalweg.errors import DataError
from thalweg.problems.sources.relation import Relation
from thalweg.problems.sources.sql import select
from thalweg.problems.sources.typed import kind_of
from thalweg.problems.words import counted, listed

SIGNS = "*?["


def paths_of(source: str) -> list[Path]:
    """The files that are meant: one by its name, or all that fit a pattern."""
    path = expanded(source)
    if not any(sign in source for sign in SIGNS) or exists(path):
        return [path]
    found = sorted(Path(match) for match in glob.glob(str(path), recursive=True) if Path(match).is_file())  # noqa: PTH207
    if not found:
        raise DataError(f"no file fits {source[:200]}; check the pattern, and put it in quotation marks")
    return found


def expanded(source: str) -> Path:
    """The path with ~ for the home folder; a name that only starts with ~ is left as it is."""
    try:
        return Path(source).expanduser()
    except RuntimeError:
        return Path(source)


def exists(path: Path) -> bool:
    """Whether there is such a file; a name that no file can have is a pattern."""
    try:
        return path.exists()
    except (OSError, ValueError):
        return False


def labels(paths: Sequence[Path]) -> list[str]:
    """File names, with as much of their folders as tells them apart."""
    if len({path.name for path in paths}) == len(paths):
        return [path.name for path in paths]
    common = os.path.commonpath([path.parent for path in paths])
    return [os.path.relpath(path, common) for path in paths]


def stacked(paths: Sequence[Path], name: str, read: Callable[[Path, str], Relation]) -> Relation:
    """The rows of all files, columns matched by name. read(path, label): the rows of one."""
    parts = [read(path, label) for path, label in zip(paths, labels(paths), strict=True)]
    first = parts[0]
    for part in parts[1:]:
        refuse_other_columns(first, part)
    rows = sum(part.rows or 0 for part in parts)
    own = [notice for part in parts for notice in part.notices]
    return replace(
        first,
        sql=f"({' UNION ALL '.join(in_order(part, first.names) for part in parts)})",
        types=tuple(common_type(parts, column) for column in first.names),
        name=name,
        rows=rows,
        separator=first.separator if len({part.separator for part in parts}) == 1 else ",",
        blanks="".join(sorted({blank for part in parts for blank in part.blanks})),
        notices=(f"read {len(paths)} files ({counted(rows, 'row')}): {listed(labels(paths), 4)}", *dict.fromkeys(own)),
    )


def in_order(part: Relation, names: Sequence[str]) -> str:
    """SQL of the rows of one file with its columns in the order of the names."""
    columns = ", ".join(f"c{part.names.index(name)} AS c{i}" for i, name in enumerate(names))
    return select(columns, part.sql)


def common_type(parts: Sequence[Relation], column: str) -> str:
    """The type that all files have; where numbers are of several types, the widest."""
    types = {part.types[part.names.index(column)] for part in parts}
    if len(types) == 1:
        return types.pop()
    kind = kind_of(next(iter(types)))
    return {"number": "DOUBLE", "date": "TIMESTAMP", "time": "TIME"}.get(kind, "VARCHAR")


def refuse_other_columns(first: Relation, part: Relation) -> None:
    """Every file has the columns of the first, and each is of the same kind."""
    if lacking := [column for column in first.names if column not in part.names]:
        raise DataError(
            f"{part.name} lacks column {listed(lacking)}, which {first.name} has; expected the same columns"
        )
    if extra := [column for column in part.names if column not in first.names]:
        raise DataError(f"{part.name} has column {listed(extra)}, which {first.name} lacks; expected the same columns")
    for column, type_ in zip(first.names, first.types, strict=True):
        other = part.types[part.names.index(column)]
        if kind_of(other) != kind_of(type_):
            raise DataError(
                f"column {column!r} is {kind_of(type_)} in {first.name} and {kind_of(other)} in {part.name}; "
                "expected the same kind in all files"
            )
