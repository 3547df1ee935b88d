"""Ctrl-C that waits for the end of the step, so that the state it leaves is exact. A second one ends at once."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass
class Interrupt:
    """Has somebody asked to stop?"""

    asked: bool = False


@contextmanager
def interruptible() -> Iterator[Interrupt]:
    """While in this block, the first SIGINT sets `asked` instead of raising KeyboardInterrupt.

    Outside the main thread, where Python takes no signals, nothing changes.
    """
    interrupt = Interrupt()
    if threading.current_thread() is not threading.main_thread():
        yield interrupt
        return
    former = signal.getsignal(signal.SIGINT)

    def ask(number: int, frame: object) -> None:
        interrupt.asked = True
        signal.signal(signal.SIGINT, signal.default_int_handler)

    signal.signal(signal.SIGINT, ask)
    try:
        yield interrupt
    finally:
        signal.signal(signal.SIGINT, former)
