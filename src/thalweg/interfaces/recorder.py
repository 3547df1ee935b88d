"""tw.Recorder: three lines in one's own loop give histories, a header and charts.

    rec = tw.Recorder("my-run", lr=0.1, rule="my adam")
    for step in range(1000):
        loss, grads = loss_and_gradients(params)
        rec.step(loss=loss, params=params, grads=grads)
        ...
    rec.close()

It only looks on: nothing of the loop's own is changed. Numbers go to descent/recording.py, files to
descent/recorded_folder.py, the page is interfaces/report/recorded_page.py.
"""

import atexit
import os
import sys
import warnings
from collections.abc import Mapping
from datetime import datetime
from difflib import get_close_matches
from math import inf, isnan, nan
from pathlib import Path
from time import perf_counter
from types import TracebackType
from typing import Any, NoReturn, Self

import msgspec
import numpy as np

from thalweg.descent.files import named_folder, numbered_folder
from thalweg.descent.header import git_commit, machine, versions
from thalweg.descent.log import Log
from thalweg.descent.recorded_folder import begun, load_recording
from thalweg.descent.recording import Recording, ended, ended_by
from thalweg.descent.stopping import Stopped
from thalweg.descent.trail import SIGNALS
from thalweg.errors import FolderError, SpecError
from thalweg.formulas.arrays import Array
from thalweg.formulas.registry import unknown
from thalweg.problems.own_function import number

SECONDS = 2.0  # between blocks of the logs
OURS = ("kind", "name", "started", "norms_of", "versions", "machine", "git_commit")  # of the header
_OPEN: set["Recorder"] = set()  # recorders with a folder that nobody has closed yet


class Recorder:
    """Records a loop of one's own: losses, norms, measures, time, and when it diverged.

    name: of a new folder under `out`; without a name or `out` everything stays in memory, with `out` alone the
    folder gets a number. All other settings are the header's: rule, lr (of every step that does not say its
    own), batch_size, seed, anything. Use it as `with Recorder(...) as rec:` and an exception in the loop, Ctrl-C
    too, is recorded as the reason for its end.

    >>> rec = Recorder(rule="gd", lr=0.25)
    >>> w = 0.0
    >>> for step in range(3):
    ...     rec.step(loss=(w - 3) ** 2, params=w, grads=2 * (w - 3))
    ...     w -= 0.25 * 2 * (w - 3)
    >>> rec.loss_history.tolist(), rec.step_norm_history.tolist()
    ([9.0, 2.25, 0.5625], [1.5, 0.75, nan])
    >>> rec.close(params=w).happened(3)["update_norm"]
    0.375
    """

    def __init__(self, name: str | None = None, *, out: Path | str | None = None, **about: Any):
        if clash := [key for key in about if key in OURS]:
            raise SpecError(f"{clash[0]} is written into the header by the recorder itself; choose another word for it")
        self._about = msgspec.to_builtins(about, enc_hook=_plain, str_keys=True)
        self._lr = float(about["lr"]) if isinstance(about.get("lr"), int | float | np.number) else nan
        self._log = Log()
        self._stopped: Stopped | None = None
        self._started = datetime.now().astimezone()
        self._process = os.getpid()
        self._warned: set[str] = set()
        self.folder = _new_folder(name, out)
        self.name = self.folder.name if self.folder else "recording"
        self._writer = begun(self.folder, self.header) if self.folder else None
        if self._writer:
            _OPEN.add(self)
        self._begun = perf_counter()
        self._due = self._begun + SECONDS if self._writer else inf

    def __repr__(self) -> str:
        return f"Recorder({self.name!r}: {self._stopped.sentence if self._stopped else f'{self.t} steps so far'})"

    # What the loop says

    def step(self, loss: Any = None, *, params: Any = None, grads: Any = None, lr: Any = None, **others: Any) -> None:
        """One step of the loop, told before its update: the loss, and if you like params, grads and lr.

        params and grads are arrays, or dictionaries or lists of arrays; either may be left out. Norms are taken
        of what is given; the update is the difference to the next step's params, for which they are copied.
        Where that costs too much, leave params out, or give them now and then.
        """
        if self._stopped or others or loss is None:
            self._refuse_step(others)
        now = perf_counter()
        value = loss if type(loss) is float else number("loss", loss)
        rate = self._lr if lr is None else lr if type(lr) is float else number("lr", lr)
        if self._log.step(now - self._begun, rate, value, params, grads):
            self._warn("step {}: {}".format(*self._log.broken), stacklevel=3)
        if now >= self._due:
            self._flush()

    def evaluate(self, measures: Mapping[str, Any] | None = None, /, **more: Any) -> None:
        """Measures of the model after the last step: any numbers, whenever you like.

        validation_loss, val_loss or train_loss says which step was the best.
        """
        given = {**measures, **more} if isinstance(measures, Mapping) else more
        if self._stopped or not given or any(name in SIGNALS for name in given):
            self._refuse_evaluation(given)
        numbers = {str(name): number(str(name), value) for name, value in given.items()}
        now = perf_counter()
        self._log.evaluations.append({"t": self.t, "seconds": now - self._begun, **numbers})
        if now >= self._due:
            self._flush()

    def close(self, *, params: Any = None) -> Recording:
        """Nothing more comes: write what is left, the steps as Parquet, and report.html. Gives the whole recording.

        params: where the last update led, so that its norm is known too. Closing twice does no harm.
        """
        if params is not None and not self._stopped:
            self._log.led_to(params)
        return self._end(ended("closed", self.t))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            self.close()
            return
        try:
            self._end(ended_by(error, self.t))
        except FolderError as broken:  # the loop's own exception goes first
            warnings.warn(str(broken), RuntimeWarning, stacklevel=2)

    # What was recorded

    @staticmethod
    def load(folder: Path | str) -> Recording:
        """A recording's folder, closed or not."""
        return load_recording(folder)

    @property
    def run(self) -> Recording:
        """All that was recorded so far, as a copy that stays as it is."""
        stopped, log = self._stopped or ended("running", self.t), self._log
        return Recording(self.name, self.header, log.steps(), tuple(log.evaluations), stopped, self.folder)

    @property
    def header(self) -> dict[str, Any]:
        """What the loop said of itself, and what it ran on."""
        said = {"kind": "recorded", "rule": "recorded", **self._about, "name": self.name}
        if "lr" not in said and self.t and not isnan(first := float(self._log.rows.filled[0, SIGNALS.index("lr")])):
            said["lr"] = first
        said |= {"started": self._started.isoformat(timespec="seconds")}
        if self._log.measurer:
            said["norms_of"] = self._log.measurer.sentence
        return said | {"versions": versions(), "machine": machine(), "git_commit": git_commit()}

    @property
    def t(self) -> int:
        """Steps so far."""
        return self._log.t

    @property
    def diverged(self) -> bool:
        """Was the last loss, gradient or parameter not finite?"""
        return self._log.broken[0] > 0

    @property
    def loss_history(self) -> Array:
        """(T,)"""
        return self._column("loss")

    @property
    def grad_norm_history(self) -> Array:
        """(T,) nan where no gradient was given."""
        return self._column("grad_norm")

    @property
    def step_norm_history(self) -> Array:
        """(T,) the norms of the updates; nan for the last, which nobody has seen yet."""
        return self._column("update_norm")

    def history(self, measure: str) -> tuple[Array, Array]:
        """(t, value) of what was evaluated under this name, or of a column of the steps."""
        run = self.run
        if measure not in (*run.measures, *run.steps.columns):
            raise unknown("measure", measure, [*run.measures, *SIGNALS])
        return run.history(measure)

    def happened(self, t: int) -> dict[str, Any]:
        """What happened on step t, from 1."""
        return self.run.happened(t)

    def _column(self, name: str) -> Array:
        return self._log.rows.filled[:, SIGNALS.index(name)].copy()

    # How it is done

    def _flush(self) -> None:
        """A block of the logs. What cannot be written now is tried again; the loop goes on."""
        self._due = perf_counter() + SECONDS
        try:
            self._write(self._log.complete)
        except FolderError as error:
            self._warn(f"{error}. The recording goes on in memory and tries again.", stacklevel=4)

    def _write(self, rows: Array) -> None:
        writer, columns = self._writer, self._log.rows.columns
        if writer and writer.columns != columns:
            writer.widen(columns, rows)
        if writer:
            writer.write(rows, self._log.evaluations)

    def _warn(self, sentence: str, stacklevel: int) -> None:
        """Once for each sentence, at the line of the loop."""
        if sentence not in self._warned:
            self._warned.add(sentence)
            warnings.warn(sentence, RuntimeWarning, stacklevel=stacklevel)

    def _end(self, stopped: Stopped) -> Recording:
        if self._stopped:
            return self.run
        since, what = self._log.broken
        self._stopped = ended("diverged", since, what) if since and stopped.kind in ("closed", "left") else stopped
        try:
            self._write_last()
        except BaseException:
            self._stopped = None  # close() may be tried again
            raise
        _OPEN.discard(self)
        return self.run

    def _write_last(self) -> None:
        from thalweg.interfaces.report.recorded_page import write_recorded_page

        if self._writer:
            run = self.run
            self._write(run.steps.rows)
            self._writer.head(run.header)
            self._writer.end(run)
            write_recorded_page(run, self._writer.folder)

    def _refuse_step(self, others: Mapping[str, Any]) -> NoReturn:
        self._refuse_closed()
        if others:
            name = next(iter(others))
            if near := get_close_matches(name, ("loss", "params", "grads", "lr"), n=1):
                raise SpecError(f"step() takes no {name}; did you mean {near[0]}?")
            raise SpecError(f"step() takes loss, params, grads and lr, not {name}; say evaluate({name}=…) for it")
        raise SpecError("step() came without a loss; say step(loss=…), one number")

    def _refuse_evaluation(self, given: Mapping[str, Any]) -> NoReturn:
        self._refuse_closed()
        if given:
            name = next(name for name in given if name in SIGNALS)
            raise SpecError(f"{name} is a column of the steps; evaluate it under another name, such as train_{name}")
        raise SpecError("evaluate() came without measures; say evaluate(validation_loss=…), one number each")

    def _refuse_closed(self) -> None:
        if self._stopped:
            raise SpecError(f"this recording is over ({self._stopped.sentence}); make another Recorder to go on")


def _new_folder(name: str | None, out: Path | str | None) -> Path | None:
    """out/name; a number where there is no name; nothing where there is neither."""
    if name is None:
        return None if out is None else numbered_folder(Path(out), "recorded")
    return named_folder(Path("runs" if out is None else out), str(name))


def _plain(value: Any) -> Any:
    """What a header can hold of anything."""
    return value.tolist() if isinstance(value, np.generic | np.ndarray) else str(getattr(value, "__name__", value))


@atexit.register
def _close_all() -> None:
    """Recorders that were left open when the program ends; a process that was forked off leaves them alone."""
    error = None if hasattr(sys, "ps1") else getattr(sys, "last_value", None)
    for recorder in list(_OPEN):
        if recorder._process == os.getpid():
            try:
                recorder._end(ended_by(error, recorder.t) if error else ended("left", recorder.t))
            except FolderError as broken:
                print(f"thalweg: {broken}", file=sys.stderr)
