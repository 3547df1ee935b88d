"""sha256 of what a table holds, for sources that are no plain file: names, kinds, values and their order."""

import hashlib

from thalweg.problems.sources.columns import Columns


def contents_hash(columns: Columns, beside: str = "") -> str:
    """The same on every machine. beside: what else made the table, as the text of a query."""
    digest = hashlib.sha256(repr((beside, columns.rows)).encode())
    for name in columns.names:
        kind = columns.kinds[name]
        digest.update(repr((name, kind)).encode())
        if kind in ("number", "boolean"):
            digest.update(columns.numbers(name).astype("<f8").tobytes())
        elif kind in ("date", "time"):
            digest.update(columns.times(name).astype("<f8").tobytes())
        else:
            codes, levels = columns.codes(name)
            digest.update(repr(levels).encode("utf-8", "surrogatepass"))
            digest.update(codes.astype("<i8").tobytes())
    return digest.hexdigest()


def combined(hashes: list[str]) -> str:
    """One hash of several files, in their order."""
    return hashlib.sha256(" ".join(hashes).encode()).hexdigest() if len(hashes) > 1 else hashes[0]
