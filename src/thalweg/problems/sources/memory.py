"""Tables in memory: pandas and polars frames, dictionaries of arrays, structured and plain NumPy arrays.

`hold` copies them, so that they stay what they were, and names them by their contents: memory:0123456789abcdef.
"""

import datetime
import secrets
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from thalweg.errors import DataError, ShapeError
from thalweg.formulas.arrays import Array
from thalweg.problems.sources import engine
from thalweg.problems.sources.columns import Columns
from thalweg.problems.sources.csv_text import refuse_twice
from thalweg.problems.sources.digest import contents_hash
from thalweg.problems.sources.loading import load
from thalweg.problems.sources.relation import Relation
from thalweg.problems.sources.size import require_room
from thalweg.problems.sources.sql import select
from thalweg.problems.sources.values import plain_values
from thalweg.problems.words import counted, listed

PREFIX = "memory:"
HELD: dict[str, Relation] = {}


def hold(data: Any, y: Any = None) -> Columns:
    """The columns of data in memory, under a name (`Columns.name`) by which `open_source` finds them again.

    data: a pandas or polars frame, a dictionary of arrays, a structured array, or an array (N, D), whose columns
    are called x1, x2, …. y (N,): a column of its own, called as it is called or "y". NaN, None, NaT and masked
    values are missing.

    >>> columns = hold({"width": [1.0, 2.0, None], "kind": ["a", "b", "a"]})
    >>> columns.kinds, columns.name[:7]
    ({'width': 'number', 'kind': 'text'}, 'memory:')
    """
    named, notices = named_columns(data)
    if y is not None:
        name, values = target_column(y)
        if name in named:
            raise DataError(f"y is called {name!r} and data has a column of that name; leave it out of one of them")
        named[name] = values
    rows = refuse_uneven(named)
    require_room(rows, len(named), "the table in memory")
    arrays = {f"c{i}": plain_values(values, name) for i, (name, values) in enumerate(named.items())}
    chosen = ", ".join(as_stored(c, array) for c, array in arrays.items())
    token = f"held_{secrets.token_hex(8)}"
    con = engine.cursor()
    con.register("arriving", arrays)
    # A table of the process, not of the cursor, so that it can be opened again.
    con.execute(f"CREATE TABLE memory.main.{token} AS {select(chosen, 'arriving')}")
    con.unregister("arriving")
    described = con.execute(f"DESCRIBE memory.main.{token}").fetchall()
    types = tuple(type_ for _, type_, *_ in described)
    relation = Relation(f"memory.main.{token}", tuple(named), types, "the table in memory", rows=rows, notices=notices)
    columns = load(con, relation, how={})
    sha256 = contents_hash(columns)
    key = f"{PREFIX}{sha256[:16]}"
    if key in HELD:
        con.execute(f"DROP TABLE memory.main.{token}")
    else:
        HELD[key] = replace(relation, name=key, sha256=sha256)
    return replace(columns, name=key, sha256=sha256)


def look(data: Any, y: Any = None) -> Columns:
    """The columns of data in memory, which are not held beyond them."""
    before = set(HELD)
    columns = hold(data, y)
    if columns.name not in before:
        engine.cursor().execute(f"DROP TABLE {HELD.pop(columns.name).sql}")
    return replace(columns, name="the data")


def as_stored(c: str, array: Array) -> str:
    """SQL of a column as it arrives; DuckDB takes times of day for text."""
    times = array.dtype.kind == "O" and any(isinstance(value, datetime.time) for value in array[:1000])
    return f"CAST({c} AS TIME) AS {c}" if times else c


def held_rows(source: str) -> Relation:
    """What was held under this name."""
    if source not in HELD:
        raise DataError(
            f"{source} names data that were in the memory of another program; this one has not got them: "
            "hand them over again (the same values get the same name), or write them to a Parquet file and use that"
        )
    return HELD[source]


def named_columns(data: Any) -> tuple[dict[str, Any], tuple[str, ...]]:
    """{name: values (N,)} of a table in any of its usual forms, and notices."""
    if hasattr(data, "collect") and hasattr(data, "lazy"):
        raise DataError("the data are a lazy frame; collect() them first")
    if hasattr(data, "toarray"):
        raise DataError("the data are a sparse matrix; expected values for every cell: use .toarray()")
    if isinstance(data, Mapping):
        return from_pairs(list(data.items()))
    if hasattr(data, "columns") and hasattr(data, "dtypes"):  # pandas and polars
        names = list(data.columns)
        refuse_twice([str(name) for name in names], "the data")
        return from_pairs([(name, data[name]) for name in names], index_notice(data))
    if hasattr(data, "to_frame") and hasattr(data, "to_numpy"):  # a single column of a frame
        return from_pairs([(data.name if data.name is not None else "x1", data)])
    if hasattr(data, "to_pydict") and hasattr(data, "column_names"):  # an Arrow table
        return from_pairs(list(data.to_pydict().items()))
    return from_array(data)


def from_pairs(pairs: list[tuple[Any, Any]], notices: tuple[str, ...] = ()) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Named columns, each one-dimensional."""
    if not pairs:
        raise DataError("the data have no columns; expected some")
    return {str(name): values for name, values in pairs}, notices


def from_array(data: Any) -> tuple[dict[str, Any], tuple[str, ...]]:
    """The columns of an array: by their names in a structured one, else x1, x2, …."""
    array = data if np.ma.isMaskedArray(data) else np.asarray(data)
    if array.dtype.names:
        return from_pairs([(name, array[name]) for name in array.dtype.names])
    if array.ndim == 1:
        array = array[:, None]
    if array.ndim != 2 or 0 in array.shape:
        raise ShapeError(f"data has shape {array.shape}; expected (rows, columns) with at least one of each")
    return from_pairs([(f"x{i + 1}", array[:, i]) for i in range(array.shape[1])])


def index_notice(frame: Any) -> tuple[str, ...]:
    """pandas' index is no column; one that counts the rows is not worth a word."""
    index = getattr(frame, "index", None)
    names = [str(name) for name in getattr(index, "names", ()) if name is not None]
    return (f"the index ({listed(names)}) is not read; reset_index() makes it a column",) if names else ()


def target_column(y: Any) -> tuple[str, Any]:
    """The name and the values of y."""
    if hasattr(y, "columns") and len(y.columns) == 1:
        y = y[y.columns[0]]
    name = getattr(y, "name", None)
    values = y if hasattr(y, "to_numpy") or np.ma.isMaskedArray(y) else np.asarray(y)
    if getattr(values, "ndim", 1) == 2 and values.shape[1] == 1:
        values = values[:, 0]
    if getattr(values, "ndim", 1) != 1:
        raise ShapeError(f"y has shape {values.shape}; expected (rows,)")
    return (str(name) if isinstance(name, str) and name else "y"), values


def refuse_uneven(named: Mapping[str, Any]) -> int:
    """The number of rows that all columns have."""
    for name, values in named.items():
        if not hasattr(values, "__len__") or isinstance(values, str):
            raise DataError(f"column {name!r} is a single value, {values!r}; expected one for each row")
    lengths = {name: len(values) for name, values in named.items()}
    rows = next(iter(lengths.values()))
    for name, length in lengths.items():
        if length != rows:
            first = next(iter(lengths))
            raise ShapeError(
                f"{name} has {counted(length, 'row')} but {first} has {rows:,}; expected the same rows in each"
            )
    if rows == 0:
        raise DataError("the data have columns but no rows; expected some")
    return rows
