"""A process that dies by SIGKILL at its Nth file operation, for every N: what is left behind?

    for trial in deaths(write_something, folder_for):
        ... look at trial.folder ...

Each trial forks the warmed-up process, so that N deaths cost milliseconds each. Operations are counted as Python
reports them: opening for writing, renaming, removing, truncating and making folders by audit events, os.write and
os.fsync by wrappers. A write dies before it, and also half written. What a library written in C does inside is one
operation of the disk's own; the death before and after it is tried.
"""

import os
import signal
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
EVENTS = ("os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.truncate", "os.link", "os.symlink")
SURVIVED, FAILED, NO_WRITE = 0, 3, 4


@dataclass(frozen=True)
class Trial:
    """One life: the folder it worked in, the operation it died at, and whether that was half done."""

    folder: Path
    number: int
    half: bool
    died: bool

    def __str__(self) -> str:
        return f"operation {self.number}{', half written' if self.half else ''}"


@dataclass
class Reaper:
    """Counts operations below `folder` and ends this process at number `number`."""

    folder: Path
    number: int
    half: bool
    count: int = 0
    write: Callable[[int, bytes], int] = os.write

    def strike(self, data: bytes | None = None, handle: int = -1) -> None:
        """Count one operation; if it is the one, die here. A write (of `data`) may be half done first."""
        self.count += 1
        if self.count < self.number:
            return
        if self.half and data is None:
            os._exit(NO_WRITE)
        if self.half:
            self.write(handle, bytes(data)[: len(data) // 2])
        os.kill(os.getpid(), signal.SIGKILL)

    def watch(self) -> None:
        """From now on, for the rest of this process."""
        fsync, inside = os.fsync, str(self.folder)

        def counted_write(handle: int, data: bytes) -> int:
            self.strike(data, handle)
            return self.write(handle, data)

        def counted_fsync(handle: int) -> None:
            self.strike()
            fsync(handle)

        def audit(event: str, args: tuple[object, ...]) -> None:
            if event == "open":
                path, _, flags = args
                below = isinstance(path, str | bytes | os.PathLike) and os.fsdecode(path).startswith(inside)
                if below and isinstance(flags, int) and flags & WRITING:
                    self.strike()
            elif event in EVENTS and (isinstance(args[0], int) or os.fsdecode(args[0]).startswith(inside)):
                self.strike()

        os.write, os.fsync = counted_write, counted_fsync
        sys.addaudithook(audit)


def life(work: Callable[[Path], object], folder: Path, number: int, half: bool = False) -> Trial | None:
    """`work(folder)` in a process of its own that dies at operation `number`, if it gets that far.

    None where it was to die in the middle of a write and that operation is none.
    """
    child = os.fork()
    if child == 0:
        code = FAILED
        try:
            Reaper(folder, number, half).watch()
            work(folder)
            code = SURVIVED
        except BaseException as error:  # the child must not return into the test
            sys.__stderr__.write(f"{type(error).__name__}: {error}\n")
        finally:
            os._exit(code)
    _, status = os.waitpid(child, 0)
    died = os.WIFSIGNALED(status)
    if not died and os.WEXITSTATUS(status) == NO_WRITE:
        return None
    if not died and os.WEXITSTATUS(status) != SURVIVED:
        raise AssertionError(f"the work itself failed in {folder}")
    return Trial(folder, number, half, died)


def deaths(work: Callable[[Path], object], folder_for: Callable[[str], Path]) -> Iterator[Trial]:
    """A trial for every operation, and for every write half done, up to the life in which nothing is left to hit.

    `folder_for(name)` makes a new folder for `work` to write into. The last trial survived.
    """
    number, survived = 0, False
    while not survived:
        number += 1
        trial = life(work, folder_for(f"{number}"), number)
        survived = not trial.died
        yield trial
        if not survived and (trial := life(work, folder_for(f"{number}-half"), number, half=True)):
            yield trial
