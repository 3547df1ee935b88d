"""How the runs of a study are made: by default all at once, or kept in a folder so that none is ever run twice.

A Run is a pure function of its Spec, so a kept run can stand for any later one of the same Spec, in this study,
in another, or in the same study continued after an interruption.
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from thalweg.descent.folder import Writer, load_run
from thalweg.descent.run import Run
from thalweg.descent.spec import Spec
from thalweg.descent.train import resolved, train_all
from thalweg.errors import FolderError

RunAll = Callable[[Sequence[Spec]], list[Run]]


@dataclass
class Kept:
    """Runs the Specs that are not in its folder yet, and keeps them there as soon as they are finished."""

    folder: Path
    loaded: dict[str, Run] = field(default_factory=dict)

    def __call__(self, specs: Sequence[Spec]) -> list[Run]:
        """One Run for each Spec, in their order."""
        keys = [self._key(spec) for spec in specs]
        wanted = {key: spec for key, spec in zip(keys, specs, strict=True) if not self._known(key)}
        for key, run in zip(wanted, train_all(list(wanted.values())), strict=True):
            (own := self.folder / key).mkdir(parents=True, exist_ok=True)
            Writer(own).save(run)
            self.loaded[key] = run
        return [self.loaded[key] for key in keys]

    def _known(self, key: str) -> bool:
        """Is this run here, whole? A damaged or unfinished one is run again."""
        if key not in self.loaded and (self.folder / key).is_dir():
            try:
                run = load_run(self.folder / key, trust=True)  # of a Spec that is wanted now
            except FolderError:
                return False
            if not run.unfinished:
                self.loaded[key] = run
        return key in self.loaded

    @staticmethod
    def _key(spec: Spec) -> str:
        return hashlib.sha256(resolved(spec).to_toml().encode()).hexdigest()[:16]
