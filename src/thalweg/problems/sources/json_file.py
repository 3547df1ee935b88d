"""JSON files: records one after the other, an array of records, or one object of columns; also gzipped.

Every value of every record is looked at. Objects within a record become columns of their own, named
`address.city`, one level deep; what is nested deeper or is a list cannot be learned from.
"""

import codecs
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from thalweg.errors import DataError
from thalweg.problems.sources import size
from thalweg.problems.sources.csv_file import unpacked_size
from thalweg.problems.sources.csv_text import blocks, refuse_twice
from thalweg.problems.sources.engine import plain
from thalweg.problems.sources.relation import Relation, ask, run
from thalweg.problems.sources.sql import file, quoted, select
from thalweg.problems.sources.typed import WRITTEN
from thalweg.problems.words import listed

LARGEST = 64 << 20  # bytes of one record, or of a file that is one object
NUMBERS = {"BIGINT", "UBIGINT", "HUGEINT", "DOUBLE"}


def json_rows(con: Any, paths: Sequence[Path], name: str, most: int) -> Relation:
    """The records of one or several files. most: rows that are wanted (0: all)."""
    for path in paths:
        check_text(path)
    head = next(blocks(paths[0]), b"").decode("utf-8", "ignore").lstrip("\ufeff \t\r\n")
    about = estimated_rows(paths, head)
    size.require_room(min(most or about, about), max(1, head[:10_000].split("}")[0].count(":")), name, "about ")
    files = ", ".join(file(path) for path in paths)
    format_ = "array" if head.startswith("[") else "auto"
    source = f"read_json_objects([{files}], format='{format_}', maximum_object_size={LARGEST})"
    relation = Relation(f"({select('json AS j', source)})", (), (), name, sentence=broken)
    (records,) = ask(con, relation, select("count(*)", relation.sql))
    if records == 1 and head.startswith("{"):
        return one_object(con, relation, name)
    if records == 0:
        raise DataError(f'{name} holds no records; expected objects such as {{"a": 1}}, in an array or one per line')
    return from_records(con, relation, records)


def from_records(con: Any, relation: Relation, records: int) -> Relation:
    """The columns that the records' keys make."""
    refuse_odd_records(con, relation)
    keys = key_paths(con, relation, "", "")
    types = value_types(con, relation, [path for _, path in keys])
    columns = []
    for (key, path), found in zip(keys, types, strict=True):
        if found == {"OBJECT"}:
            below = key_paths(con, relation, path, f"{key}.")
            columns += list(zip(below, value_types(con, relation, [p for _, p in below]), strict=True))
        else:
            columns.append(((key, path), found))
    names = tuple(key for (key, _), _ in columns)
    refuse_twice(names, relation.name)
    kinds = tuple(type_of(found) for _, found in columns)
    paths = ", ".join(quoted(path) for (_, path), _ in columns)
    values = ", ".join(typed(f"l[{i + 1}]", type_, f"c{i}") for i, type_ in enumerate(kinds))
    nested = [name for name, type_ in zip(names, kinds, strict=True) if type_ == "JSON"]
    notices = (f"lists and nested objects cannot be learned from: {listed(nested)}",) if nested else ()
    lists = select(f"json_extract_string(j, [{paths}]) AS l", relation.sql)
    return Relation(
        f"({select(values, f'({lists})')})", names, kinds, relation.name, rows=records, notices=notices, sentence=broken
    )


def refuse_odd_records(con: Any, relation: Relation) -> None:
    """Records that are no objects, or have a key twice."""
    twice = "len(json_keys(j)) <> len(list_distinct(json_keys(j)))"
    numbered = select(f"row_number() OVER () AS row, json_type(j) AS type, {twice} AS twice", relation.sql)
    first = "WHERE type <> 'OBJECT' OR twice ORDER BY row LIMIT 1"
    odd = run(con, relation, select("row, type", f"({numbered})", first))
    for row, type_ in odd.fetchall():
        if type_ == "OBJECT":
            raise DataError(f"record {row:,} of {relation.name} has a key twice; give each value its own key")
        what = {"ARRAY": "a list", "NULL": "null", "VARCHAR": "text", "BOOLEAN": "true or false"}.get(type_, "a number")
        raise DataError(f'record {row:,} of {relation.name} is {what}; expected objects such as {{"a": 1}}')


def key_paths(con: Any, relation: Relation, under: str, prefix: str) -> list[tuple[str, str]]:
    """(name, JSON pointer) of all keys, in the order in which they first appear."""
    keys = f"json_keys(j, {quoted(under)})" if under else "json_keys(j)"
    numbered = select("row_number() OVER () AS row, j", relation.sql)
    each = select(f"row, unnest({keys}) AS k, generate_subscripts({keys}, 1) AS place", f"({numbered})")
    found = run(con, relation, select("k", f"({each})", "GROUP BY k ORDER BY min((row, place))")).fetchall()
    return [(prefix + key, f"{under}/{key.replace('~', '~0').replace('/', '~1')}") for (key,) in found]


def value_types(con: Any, relation: Relation, paths: Sequence[str]) -> list[set[str]]:
    """For each path the JSON types of its values, null apart."""
    if not paths:
        return []
    asked = ", ".join(f"list(DISTINCT l[{i + 1}])" for i in range(len(paths)))
    types = select(f"json_type(j, [{', '.join(map(quoted, paths))}]) AS l", relation.sql)
    answer = ask(con, relation, select(asked, f"({types})"))
    return [set(found or ()) - {"NULL", None} for found in answer]


def type_of(found: set[str]) -> str:
    """The DuckDB type for values of these JSON types; text is looked at, since JSON has no dates."""
    if found & {"OBJECT", "ARRAY"}:
        return "JSON"
    if found and found <= NUMBERS:
        return "DOUBLE" if "DOUBLE" in found else "HUGEINT"
    return "BOOLEAN" if found == {"BOOLEAN"} else WRITTEN


def typed(value: str, type_: str, c: str) -> str:
    """SQL of a column from the text of its values."""
    return f"{value} AS {c}" if type_ in (WRITTEN, "JSON") else f"TRY_CAST({value} AS {type_}) AS {c}"


def one_object(con: Any, relation: Relation, name: str) -> Relation:
    """{"a": [1, 2], "b": [3, 4]}, pandas' {"a": {"0": 1, "1": 2}}, or records under a single key."""
    (text,) = ask(con, relation, select("CAST(j AS VARCHAR)", relation.sql))
    found = json.loads(text)
    values = list(found.values())
    if len(values) == 1 and isinstance(values[0], list) and values[0] and isinstance(values[0][0], dict):
        records: list[Any] = values[0]
    elif values and all(isinstance(value, list) for value in values):
        refuse_uneven({key: len(value) for key, value in found.items()}, name)
        records = [dict(zip(found, row, strict=True)) for row in zip(*values, strict=True)]
    elif values and all(isinstance(value, dict) and list(value) == list(values[0]) for value in values):
        records = [{key: column[row] for key, column in found.items()} for row in values[0]]
    else:
        records = [found]
    texts = np.empty(len(records), dtype=object)
    texts[:] = [json.dumps(record) for record in records]
    con.register("arriving", {"j": texts})
    con.execute("CREATE OR REPLACE TEMP TABLE records AS SELECT CAST(j AS JSON) AS j FROM arriving")
    con.unregister("arriving")
    kept = Relation("records", (), (), name, sentence=broken)
    return replace(from_records(con, kept, len(records)), passing="records")


def refuse_uneven(lengths: dict[str, int], name: str) -> None:
    """Columns of different lengths."""
    if len(set(lengths.values())) > 1:
        shown = listed(f"{key} ({length:,})" for key, length in lengths.items())
        raise DataError(f"the columns of {name} have different lengths: {shown}; expected one value per row in each")


def check_text(path: Path) -> None:
    """UTF-8 without NUL bytes."""
    decoder, line = codecs.getincrementaldecoder("utf-8")(), 1
    empty = True
    for block in blocks(path):
        if empty and block.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            raise DataError(f"{path.name} is UTF-16 text; expected UTF-8: iconv -f UTF-16 -t UTF-8 converts it")
        empty, bad = False, block.find(b"\0")
        try:
            decoder.decode(block)
        except UnicodeDecodeError as problem:
            bad = max(0, problem.start)
        if bad >= 0:
            at = line + block[:bad].count(b"\n")
            raise DataError(f"{path.name} is not UTF-8 text in line {at}; save it again as UTF-8")
        line += block.count(b"\n")
    if empty:
        raise DataError(f"{path.name} is empty; expected JSON records")


def estimated_rows(paths: Sequence[Path], head: str) -> int:
    """About how many records there are: by how often the first key comes up in the first megabyte."""
    start = head.find('"')
    key = head[start : head.find('"', start + 1) + 1]
    times = max(1, head.count(key + ":") + head.count(key + " :")) if start >= 0 else 1
    return int(sum(unpacked_size(path) for path in paths) / (len(head) / times)) if head else 1


def broken(problem: Exception, name: str) -> DataError:
    """What DuckDB says about JSON."""
    return plain(problem, f"{name} cannot be read as JSON", "mend it or write it again")
