"""What can go wrong by a user's hand. Each message says what came, what was expected, what to do.

    ThalwegError
    ├── UnknownName      a name that is in no registry; the nearest ones are offered
    ├── SpecError        settings that contradict each other or lie out of range
    ├── DataError        a table that cannot be read or used as asked
    │   └── ShapeError   arrays whose shapes do not fit
    └── FolderError      a run or study folder, or a checkpoint, that cannot be read or written

Divergence is not here: it is data, recorded by the run.
"""


class ThalwegError(Exception):
    """Any mistake in what was asked; the command line prints it as one sentence and exits with 2."""


class UnknownName(ThalwegError, LookupError):
    """A name that is in no registry."""


class SpecError(ThalwegError, ValueError):
    """Settings that contradict each other or lie out of range."""


class DataError(ThalwegError, ValueError):
    """A table that cannot be read or used as asked."""


class ShapeError(DataError):
    """Arrays whose shapes do not fit."""


class FolderError(ThalwegError, OSError):
    """A run or study folder, or a checkpoint, that cannot be read or written."""
