"""The command line with a clock on Numba: python -m benchmarks.engine.compiling_in_report report …

The last line on stderr is JSON: seconds (importing and compiling together), importing, kernels, report (all of it).
"""

import json
import sys
import time
from collections.abc import Callable
from typing import Any

from benchmarks.one_thread import hold_to_one_thread

hold_to_one_thread()


class Clock:
    """CPU seconds spent inside calls that it wraps, the outermost only."""

    def __init__(self) -> None:
        self.seconds, self.calls, self._depth = 0.0, 0, 0

    def on(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def timed(*arguments: Any, **named: Any) -> Any:
            if self._depth:
                return function(*arguments, **named)
            self._depth, began = 1, time.process_time()
            try:
                return function(*arguments, **named)
            finally:
                self.seconds, self.calls = self.seconds + time.process_time() - began, self.calls + 1
                self._depth = 0

        return timed


def main(arguments: list[str]) -> int:
    """Run the command; its exit code."""
    began = time.process_time()
    import numpy  # noqa: F401 - thalweg needs it in any case

    started, clock = time.process_time(), Clock()
    try:
        from numba.core.dispatcher import Dispatcher
    except ModuleNotFoundError:
        Dispatcher = None
    importing = time.process_time() - started
    if Dispatcher:
        for name in ("_compile_for_args", "compile"):  # the ways by which a kernel gets its machine code
            setattr(Dispatcher, name, clock.on(getattr(Dispatcher, name)))
    from thalweg.interfaces.cli import run as command

    code = command(arguments)
    spent = {"seconds": importing + clock.seconds, "importing": importing, "kernels": clock.calls}
    print("\n" + json.dumps(spent | {"report": time.process_time() - began}), file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
