"""One column in memory, of whatever type, as an array that DuckDB takes: numbers, booleans, times or text.

Missing values are NaN, NaT, masked or None, in the way of each library; afterwards they are all the same.
"""

import datetime
import decimal
from typing import Any

import numpy as np

from thalweg.errors import DataError
from thalweg.formulas.arrays import Array

DATES = (datetime.date, datetime.datetime, np.datetime64)
NUMBERS = (int, float, decimal.Decimal, np.integer, np.floating)


def plain_values(values: Any, name: str) -> Array:
    """(N,) float64, int64, uint64, bool (masked where missing), datetime64[us], or objects: str or None."""
    array = to_numpy(values)
    if array.ndim != 1:
        raise DataError(f"column {name!r} has shape {array.shape}; expected one value per row")
    kind = array.dtype.kind
    if kind == "O":
        return from_objects(array, name)
    if kind in "biu":
        return array if array.dtype.itemsize <= 8 else array.astype(np.float64)
    if kind == "f":
        return array.astype(np.float64)
    if kind == "M":
        return array.astype("M8[us]")
    if kind == "m":
        return seconds(array)
    if kind == "U":
        return objects(array.tolist())
    what = {"c": "complex numbers", "S": "bytes"}.get(kind, f"values of type {array.dtype}")
    raise DataError(f"column {name!r} holds {what}; expected numbers, true/false, dates or text")


def to_numpy(values: Any) -> Array:
    """The values as an array; text and categories of frames as objects, times with a zone in UTC."""
    if np.ma.isMaskedArray(values):
        if values.dtype.kind in "OUMm":
            return objects(values.tolist())
        return values
    dtype = str(getattr(values, "dtype", ""))
    if dtype == "category":  # pandas' categories are levels, also where they are numbers
        levels = [None if is_missing(level) else str(level) for level in values.cat.categories]
        return objects([*levels, None])[values.cat.codes.to_numpy()]
    if hasattr(values, "dt") and getattr(getattr(values, "dtype", None), "tz", None) is not None:
        values = values.dt.tz_convert("UTC").dt.tz_localize(None)
    elif dtype.startswith("Datetime(") and "time_zone" in dtype and "time_zone=None" not in dtype:
        values = values.dt.convert_time_zone("UTC").dt.replace_time_zone(None)
    elif getattr(getattr(values, "dtype", None), "na_value", None) is not None and not isinstance(
        getattr(values, "dtype", None), np.dtype
    ):
        # pandas' own nullable types: their missing value is no float.
        return np.asarray(values.to_numpy(dtype=object, na_value=None))
    if hasattr(values, "to_numpy"):
        return np.asarray(values.to_numpy())
    return np.asarray(values) if not isinstance(values, list | tuple) else from_list(values)


def from_list(values: Any) -> Array:
    """Of a list: an array of its type, or of objects where the types are mixed."""
    kinds = {type(value) for value in values}
    if kinds <= {int, float} or kinds in ({bool}, {str}):
        return np.asarray(values)
    return objects(values)


def objects(values: Any) -> Array:
    """(N,) objects, even where NumPy would make more dimensions of them."""
    array = np.empty(len(values), dtype=object)
    array[:] = list(values)
    return array


def from_objects(array: Array, name: str) -> Array:
    """Objects of one sort, missing ones apart; of several sorts as text."""
    missing = np.array([is_missing(value) for value in array], dtype=bool)
    present = array[~missing]
    if all(isinstance(value, bool | np.bool_) for value in present):
        return np.ma.masked_array(np.where(missing, False, array).astype(bool), missing)
    if all(isinstance(value, NUMBERS) and not isinstance(value, bool) for value in present):
        return numbers(array, missing, present)
    if all(isinstance(value, DATES) for value in present):
        found = np.full(len(array), np.datetime64("NaT"), dtype="M8[us]")
        found[~missing] = [moment(value) for value in present]
        return found
    if any(isinstance(value, bytes) for value in present):
        raise DataError(f"column {name!r} holds bytes; decode them to text first")
    if all(isinstance(value, datetime.time) for value in present):
        return objects([None if gone else value for gone, value in zip(missing, array, strict=True)])
    if any(
        isinstance(value, list | tuple | dict | set | np.ndarray) or hasattr(value, "to_numpy") for value in present
    ):
        # A list of anything: DuckDB keeps it, and it is of a kind that is not learned from.
        return objects([None if gone else [str(value)] for gone, value in zip(missing, array, strict=True)])
    texts = np.empty(len(array), dtype=object)
    texts[~missing] = [written(value) for value in present]
    return texts


def numbers(array: Array, missing: Array, present: Array) -> Array:
    """int64 where all are whole and none is missing more than a mask can say, else float64."""
    if all(isinstance(value, int | np.integer) and -(2**63) <= value < 2**63 for value in present):
        whole = np.zeros(len(array), dtype=np.int64)
        whole[~missing] = [int(value) for value in present]
        return np.ma.masked_array(whole, missing)
    found = np.full(len(array), np.nan)
    found[~missing] = [float(value) for value in present]
    return found


def is_missing(value: Any) -> bool:
    """None, NaN, NaT and pandas' NA: the values that are not equal to themselves."""
    if value is None or str(type(value).__name__) == "NAType":
        return True
    try:
        return bool(value != value)  # noqa: PLR0124
    except (TypeError, ValueError):
        return False


def moment(value: Any) -> np.datetime64:
    """A date or time in UTC."""
    if isinstance(value, datetime.datetime) and value.tzinfo is not None:
        value = value.astimezone(datetime.UTC).replace(tzinfo=None)
    return np.datetime64(value, "us")


def written(value: Any) -> str:
    """A value of mixed columns as text: true as in files, dates as ISO."""
    if isinstance(value, bool | np.bool_):
        return "true" if value else "false"
    return str(value)


def seconds(array: Array) -> Array:
    """Lengths of time in seconds."""
    found = array.astype("m8[ns]").astype(np.float64) / 1e9
    found[np.isnat(array)] = np.nan
    return found
