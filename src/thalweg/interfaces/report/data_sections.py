"""The section about the data: what was read, what was done to it, and who sees which rows."""

from collections.abc import Sequence

import numpy as np

from thalweg.evidence.workup import Workup
from thalweg.interfaces.report.blocks import Block, Facts, Table
from thalweg.interfaces.report.sections import sentence_case
from thalweg.problems.table import Table as Rows

MOST_COLUMNS = 40  # in the table of how columns became inputs


def data_blocks(workup: Workup) -> list[Block]:
    """What was read, what was done to it, and who sees which rows."""
    table, split = workup.problem.table, workup.problem.split
    assert table is not None  # noqa: S101 - a report is about a table
    assert split is not None  # noqa: S101
    section = workup.run.spec.problem
    parts = [("training", split.train), ("validation", split.validation), ("test", split.test)]
    header: tuple[str, ...] = ("split", "rows")
    rows = [[name, len(part)] for name, part in parts]
    if table.classes:
        header += table.classes if len(table.classes) <= 12 else ()
        y = table.y if table.y.shape[1] > 1 else np.concatenate([1 - table.y, table.y], 1)
        if len(header) > 2:
            rows = [[name, len(part), *(int(n) for n in y[part].sum(0))] for name, part in parts]
    facts = [
        ("source", table.source),
        ("target", f"{table.target} ({table.task})"),
        ("inputs", f"{len(table.names)}: {shortened(table.names)}"),
        ("standardised", "with the training rows' means and deviations" if workup.problem.scaler else "no"),
        ("sha256", table.sha256),
    ]
    caption = f"Rows are split by seed {getattr(section, 'split_seed', 0)}, apart from the seeds of the runs."
    if getattr(section, "time", "") or getattr(section, "group", ""):
        caption = ""
    return [Facts(facts), *what_was_done(workup), Table(header, rows, caption=caption), *column_table(table)]


def what_was_done(workup: Workup) -> list[Block]:
    """Every notice about the data, a line each."""
    table = workup.problem.table
    names = (*table.names, *table.columns.names) if table else ()
    said = [[sentence_case(notice, names) + "."] for notice in workup.problem.notices]
    return [Table(("what was done to the data",), said)] if said else []


def column_table(table: Rows) -> list[Block]:
    """How each column became inputs, where it took more than scaling."""
    blocks = [block for block in table.preparation.blocks if len(block.kept) > 1 or block.part.use != "number"]
    if not blocks:
        return []
    rows = [[b.part.column, b.part.use, len(b.kept), shortened(b.names)] for b in blocks[:MOST_COLUMNS]]
    more = len(blocks) - MOST_COLUMNS
    caption = f"and {more} more columns" if more > 0 else "Columns that are not here are used as they are."
    return [Table(("column", "used as", "inputs", "their names"), rows, caption=caption)]


def shortened(names: Sequence[str], most: int = 8) -> str:
    shown = ", ".join(names[:most])
    return shown + (f", … and {len(names) - most} more" if len(names) > most else "")
