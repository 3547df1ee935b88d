"""What block shuffle and streaming decide about the batches of a Spec, and what they cannot do."""

import msgspec

from thalweg.descent.spec import Batch, Spec
from thalweg.errors import SpecError
from thalweg.problems.blocks import usual_block
from thalweg.problems.fit import Fit
from thalweg.problems.objective import Objective
from thalweg.problems.sections import Section, Table
from thalweg.problems.sources.size import gigabytes, limit

SHARE = 0.25  # of the memory that training may use, for the buffer


def batch_settings(spec: Spec, section: Section, objective: Objective) -> Batch:
    """The batch section with the block's rows decided; a streamed table is always read in shuffled blocks."""
    batch = spec.batch
    streamed = isinstance(section, Table) and section.stream
    if streamed:
        refuse_unstreamed(spec)
        batch = msgspec.structs.replace(batch, sampling="blocks")
    if batch.sampling != "blocks":
        return batch
    row_bytes = bytes_of_row(objective)
    if not batch.block_rows:
        batch = msgspec.structs.replace(batch, block_rows=usual_block(row_bytes))
    if streamed:
        refuse_buffer(batch, row_bytes, objective.examples)
    return batch


def refuse_unstreamed(spec: Spec) -> None:
    """What needs all rows at hand."""
    if spec.method.rule == "newton":
        raise SpecError("newton needs all rows at every step, and a streamed table is not in memory; use adam or gd")
    if spec.batch.batch_size == 0:
        raise SpecError(
            "a streamed table is learned from in batches, and batch_size 0 means all rows at every step; say "
            "--batch-size 64"
        )
    if spec.batch.sampling in ("frozen", "replacement", "sequential"):
        raise SpecError(
            f"sampling {spec.batch.sampling} takes rows from anywhere, or in the order of the table, and a streamed "
            "table is read in shuffled blocks; leave out sampling, or say --sampling blocks"
        )


def refuse_buffer(batch: Batch, row_bytes: int, examples: int) -> None:
    """A buffer that holds less than a batch, or more than memory allows."""
    rows = batch.block_rows * batch.buffer_blocks
    if batch.batch_size > min(rows, examples):
        raise SpecError(
            f"batch_size {batch.batch_size:,} is over the {min(rows, examples):,} rows of the buffer; use a smaller one"
            f"{', or more buffer_blocks' if rows < examples else ''}"
        )
    if rows * row_bytes > SHARE * limit():
        raise SpecError(
            f"block_rows {batch.block_rows:,} × buffer_blocks {batch.buffer_blocks} is a buffer of "
            f"{gigabytes(rows * row_bytes)}; the limit is {gigabytes(int(SHARE * limit()))}: use fewer"
        )


def bytes_of_row(objective: Objective) -> int:
    """Of a row in memory or in its file; of a user's own data, unknown, as if it were 128 bytes."""
    if not isinstance(objective, Fit):
        return 128
    if objective.stream:
        return objective.stream.file.row_bytes
    X, y, weight = objective.splits["train"]
    return int(X[0].nbytes + y[0].nbytes + (0 if weight is None else weight[0].nbytes))
