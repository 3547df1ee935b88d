"""Which rows of an opened table are trained on, chosen by and tested on: at random, in time, by group, or as given."""

import numpy as np

from thalweg.errors import DataError
from thalweg.formulas.arrays import Array
from thalweg.formulas.streams import Purpose, stream
from thalweg.problems.sections import Table
from thalweg.problems.split import Split, split_rows
from thalweg.problems.split_groups import split_by_group
from thalweg.problems.split_time import split_in_time
from thalweg.problems.table import Opened
from thalweg.problems.targets import throughout
from thalweg.problems.words import counted, listed


def split_of(opened: Opened) -> Split:
    """Of the rows that count, numbered from 0; at most `train_rows` of the training rows, drawn once."""
    parts = at_most(whole_split(opened), opened.section)
    refuse_one_value(opened, parts.train)
    return parts


def at_most(parts: Split, section: Table) -> Split:
    """With `train_rows` of the training rows, where there are more."""
    most = section.train_rows
    if not 0 < most < len(parts.train):
        return parts
    drawn = stream(section.split_seed, Purpose.SPLIT, 1).choice(len(parts.train), most, replace=False)
    return Split(parts.train[np.sort(drawn)], parts.validation, parts.test)


def refuse_one_value(opened: Opened, train: Array) -> None:
    """Training rows in which the target never changes."""
    y, target = opened.target.y[train], opened.target
    if (y == y[0]).all():
        code = int(y[0].argmax()) if target.task == "multiclass" else int(y[0, 0])
        value = repr(target.classes[code]) if target.classes else f"{y[0, 0]:g}"
        raise DataError(
            f"target {opened.section.target!r} is {value} {throughout(len(train), 'training row')}; there is nothing "
            "to learn from that: split in another way, or train on more rows"
        )


def whole_split(opened: Opened) -> Split:
    """With every training row. A file of test rows gives the test part, the last rows."""
    section, count = opened.section, len(opened.rows)
    if not section.test_file:
        return split_first(opened, count, section.validation, section.test)
    if not opened.later:
        raise DataError(f"no row of {section.test_file} can be tested on: its target {section.target!r} is missing")
    if opened.later == count:
        raise DataError(f"no row of {section.source} has a target {section.target!r}; nothing is left to train on")
    first = count - opened.later
    parts = split_first(opened, first, section.validation, 0.0)
    return Split(parts.train, parts.validation, np.arange(first, count))


def split_first(opened: Opened, count: int, validation: float, test: float) -> Split:
    """The split of the first `count` rows that count."""
    section, shares = opened.section, {"validation": validation, "test": test}
    if section.time:
        return split_in_time(moments(opened)[:count], **shares)
    if section.group:
        return split_by_group(group_codes(opened)[:count], **shares, seed=section.split_seed)
    stratify = opened.target.task != "regression"
    return split_rows(opened.target.y[:count], **shares, seed=section.split_seed, stratify=stratify)


def moments(opened: Opened) -> Array:
    """What orders the rows that count: dates as seconds, numbers as they are."""
    columns, name = opened.columns, opened.section.time
    values = columns.numbers(name) if columns.kinds[name] == "number" else columns.times(name)
    return values[opened.rows]


def split_notices(opened: Opened, split: Split) -> tuple[str, ...]:
    """How the rows were split, where it was not simply at random, and what training does not see of it."""
    section = opened.section
    found = []
    sizes = ", ".join(
        f"{counted(len(getattr(split, part)), 'row')} for {purpose}"
        for part, purpose in (("train", "training"), ("validation", "choosing"), ("test", "the test"))
    )
    if section.time:
        found.append(f"split in the order of {section.time!r}, the latest rows last: {sizes}")
    if section.group:
        missing = int((group_codes(opened) < 0).sum())
        alone = f"; {counted(missing, 'row')} without one count as groups of one" if missing else ""
        found.append(f"split by {section.group!r}, a group never on two sides: {sizes}{alone}")
    if section.test_file:
        found.append(f"test rows are those of {section.test_file}: {counted(opened.later, 'row')}")
        found += shared_groups(opened, split)
    left = len(opened.rows) - sum(map(len, (split.train, split.validation, split.test)))
    if left:
        found.append(f"trained on {len(split.train):,} rows drawn from {len(split.train) + left:,} (train_rows)")
    return (*found, *unseen_classes(opened, split))


def unseen_classes(opened: Opened, split: Split) -> list[str]:
    """Classes of which no row is trained on, so that none can be predicted."""
    if opened.target.task != "multiclass":
        return []
    counts = opened.target.y[split.train].sum(axis=0)
    never = [name for name, count in zip(opened.target.classes, counts, strict=True) if not count]
    return [f"no training row is of class {listed(never)}: it cannot be predicted"] if never else []


def shared_groups(opened: Opened, split: Split) -> list[str]:
    """Groups of a file of test rows that are trained on as well."""
    if not opened.section.group:
        return []
    codes = group_codes(opened)
    both = np.intersect1d(codes[split.test], np.concatenate([codes[split.train], codes[split.validation]]))
    count = int((both >= 0).sum())
    return [f"{counted(count, 'group')} of the test rows occur among the other rows too"] if count else []


def group_codes(opened: Opened) -> Array:
    """The group of each row that counts, −1 where it has none."""
    return opened.columns.codes(opened.section.group)[0][opened.rows]
