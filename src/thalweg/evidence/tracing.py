"""The search for a tensor whose gradient is wrong, point by point, and for the first entry that is.

A track keeps what was seen of one tensor. Directions have random signs and lengths; a difference found along one
is traced to its first entry by halving, and looked at once more a little further on.
"""

from dataclasses import dataclass
from math import prod

import numpy as np

from thalweg.evidence.contract import Counted, Point
from thalweg.evidence.differences import Finding, Line, Outcome, examine, is_kink, with_noise
from thalweg.formulas.arrays import Array

NEAR = 0.03  # the random move off a kink, as a share of a tensor's size


@dataclass(frozen=True)
class TensorCheck:
    """One tensor's verdict. Errors and tolerance are the worst over the points, in the measures of the field."""

    name: str
    size: int
    error: float  # ‖ĝ − g‖ / max(1, ‖ĝ‖ + ‖g‖), ĝ numeric, g analytic; from random directions
    entry_error: float  # |ĝ − g| / max(1, |g|, |ĝ|), the worst of the entries looked at; nan if none
    tolerance: float  # what `error` may be here: from dtype, measured rounding and the size of the gradient
    verdict: Outcome


@dataclass(frozen=True)
class Difference:
    """The first entry, in the tensor's own order, at which the gradients differ."""

    tensor: str
    index: tuple[int, ...]
    analytic: float
    numeric: float

    def __str__(self) -> str:
        place = f"[{', '.join(map(str, self.index))}]" if self.index else ""
        return f"{self.tensor}{place}: analytic {self.analytic:.6g}, numeric {self.numeric:.6g}"


@dataclass
class Track:
    """What was seen of one tensor so far."""

    name: str
    span: slice
    scale: float  # steps and moves are measured in this
    step: float | None = None  # the last step at which its slopes could be compared
    worst: tuple[float, float] | None = None  # error and its tolerance
    unsure: tuple[float, float] | None = None  # the same where nothing could be told
    sampled: tuple[float, float] | None = None  # the same of a wrong tensor's entries
    entry_error: float = np.nan
    outcomes: tuple[Outcome, ...] = ()

    @property
    def size(self) -> int:
        return self.span.stop - self.span.start

    def note(self, at: Point, found: Finding) -> None:
        """Keep the direction's error where it comes closest to its tolerance, or passes it; else any at all."""
        norm, numeric = float(np.linalg.norm(at.grad[self.span])), abs(found.slope) / self.scale
        unit = self.scale * max(1.0, norm + (norm if found.outcome == "agree" else numeric))
        error, tolerance = abs(found.residual) / unit, found.tolerance / unit
        if found.outcome not in ("agree", "differ"):
            self.unsure = self.unsure or (error, tolerance)
        elif not self.worst or error * self.worst[1] > self.worst[0] * tolerance:
            self.worst = (error, tolerance)

    def note_entry(self, analytic: float, numeric: float) -> None:
        error = abs(numeric - analytic) / max(1.0, abs(analytic), abs(numeric))
        self.entry_error = float(np.fmax(self.entry_error, error))

    def note_sample(self, at: Point, sample: list[int], residuals: list[float], found: Finding) -> None:
        """A wrong tensor against itself with the sampled entries put right: exact where all were sampled."""
        numeric = at.grad.copy()
        numeric[sample] += residuals
        g, right = at.grad[self.span], numeric[self.span]
        unit = max(1.0, float(np.linalg.norm(right) + np.linalg.norm(g)))
        self.sampled = (float(np.linalg.norm(right - g)) / unit, found.tolerance / self.scale / unit)

    def row(self) -> TensorCheck:
        order: tuple[Outcome, ...] = ("differ", "kink", "agree", "too rough to tell", "too small to tell")
        verdict = next(outcome for outcome in order if outcome in self.outcomes)
        seen = [pair for pair in (self.sampled, self.worst) if pair] or [self.unsure or (np.nan, np.nan)]
        error, tolerance = max(seen)
        return TensorCheck(self.name, self.size, error, self.entry_error, tolerance, verdict)


class Search:
    """One check on its way: the tensors' tracks, and the first difference once there is one."""

    def __init__(self, f: Counted, start: Point, rng: np.random.Generator, entries: int, eps: float | None):
        self.f, self.rng, self.entries, self.eps = f, rng, entries, eps
        sizes = {name: _rms(start.w[span]) for name, span in f.tensors.spans.items()}
        usual = _rms(start.w) or 1.0
        self.reach = np.ones_like(start.w)  # how far a random move goes in each parameter
        self.tracks: dict[str, Track] = {}
        for name, span in f.tensors.spans.items():
            self.reach[span] = sizes[name] or usual
            self.tracks[name] = Track(name, span, max(1.0, sizes[name]))
        self.first: Difference | None = None
        self.start = self.measured(start)

    def measured(self, at: Point) -> Point:
        """The point with its rounding measured, along all tensors at once."""
        direction = np.empty_like(at.w)
        for track in self.tracks.values():
            direction[track.span] = track.scale * self.lengths(track.size)
        return with_noise(self.f, at, direction)

    def lengths(self, size: int) -> Array:
        """Random signs and lengths from ½ to 1½, mean square 1: no two entries can cancel by being alike."""
        lengths = self.rng.uniform(0.5, 1.5, size) * self.rng.choice([-1.0, 1.0], size)
        return np.asarray(lengths / np.sqrt(13 / 12))

    def moved(self, at: Point, move: float) -> Point | None:
        """A random place around a point; nearer where the function is not defined; None if nowhere near."""
        for share in (move, 0.1 * move, 0.01 * move) if move else ():
            away = at.w + share * self.reach * self.rng.standard_normal(at.w.size)
            point = self.f.elsewhere(self.f.tensors.rounded(away))
            if point is not None:
                relative = at.noise / abs(at.loss) if at.loss else 0.0
                return point._replace(noise=max(relative, self.f.roundoff) * abs(point.loss))
        return None if move else at

    def line(self, track: Track, at: Point, part: slice) -> Line:
        """A random direction over some entries of a tensor."""
        direction = np.zeros_like(at.w)
        size = part.stop - part.start
        direction[part] = track.scale * (self.lengths(size) if size > 1 or track.size == 1 else 1.0)
        norm = float(np.linalg.norm(at.grad[track.span]))
        return Line(self.f, at, direction, track.scale * (norm if size > 1 else norm / np.sqrt(track.size)))

    def step(self, track: Track) -> float:
        return track.step or self.eps or self.f.step

    def look(self, at: Point, entry_too: bool) -> None:
        """Every tensor at one point: a random direction, and perhaps a random entry."""
        sure = at is self.start
        for track in self.tracks.values():
            parts = [track.span]
            if entry_too and track.size > 1:
                i = int(self.rng.integers(track.span.start, track.span.stop))
                parts.append(slice(i, i + 1))
            for part in parts:
                if "differ" not in track.outcomes:
                    at, sure = self.compare(track, at, part, sure)

    def compare(self, track: Track, at: Point, part: slice, sure: bool) -> tuple[Point, bool]:
        """Examine one direction or entry; with the rounding measured here first if it does not simply agree."""
        line = self.line(track, at, part)
        found = examine(line, self.step(track))
        if found.outcome != "agree" and not sure:
            at, sure = self.measured(at), True
            line = self.line(track, at, part)
            found = examine(line, self.step(track))
        if found.outcome == "differ":
            found = found._replace(outcome=self.confirmed(track, at, part, found))
        elif found.outcome == "agree":
            track.step = found.step
        track.outcomes += (found.outcome,)
        if part == track.span:
            track.note(at, found)
        if part.stop - part.start == 1 and found.outcome in ("agree", "differ"):
            track.note_entry(float(at.grad[part][0]), found.slope / float(line.direction[part][0]))
        return at, sure

    def confirmed(self, track: Track, at: Point, part: slice, found: Finding) -> Outcome:
        """What a difference is, looked at once more a little further on.

        Gone there, and left and right slopes disagree here: a kink. Lost in rounding there, or gone in single
        precision, whose steps are too long to show a kink close by: nothing can be told.
        """
        where = self.locate(track, at, part, found.step)
        near = self.moved(at, NEAR)
        again = examine(self.line(track, self.measured(near), part), self.step(track)) if near else found
        if again.outcome not in ("agree", "differ"):
            return again.outcome
        if again.outcome == "agree" and is_kink(self.line(track, at, slice(where, where + 1)), found.step):
            return "kink"
        if again.outcome == "agree" and self.f.bytes <= 4:
            return "too rough to tell"
        sample = self.sample(track, where)
        lines = [self.line(track, at, slice(i, i + 1)) for i in sample]
        off = [line.residual(found.step) / line.direction[i] for i, line in zip(sample, lines, strict=True)]
        for i, residual in zip(sample, off, strict=True):
            track.note_entry(float(at.grad[i]), float(at.grad[i] + residual))
        track.note_sample(at, sample, off, found)
        if self.first is None:
            analytic = float(at.grad[where])
            self.first = Difference(track.name, self.index(track, where), analytic, float(analytic + off[0]))
        return "differ"

    def locate(self, track: Track, at: Point, part: slice, h: float) -> int:
        """The first entry that differs, by halving: a random direction over the first half says which half."""
        low, high = part.start, part.stop
        while high - low > 1:
            middle = (low + high) // 2
            line = self.line(track, at, slice(low, middle))
            r = line.residual(h)
            low, high = (low, middle) if abs(r) > 3 * line.tolerance(h, r) else (middle, high)
        return int(low)

    def sample(self, track: Track, where: int) -> list[int]:
        """The located entry, then others at random."""
        others = self.rng.permutation(track.size)[: self.entries] + track.span.start
        return [where, *(int(i) for i in others if i != where)][: self.entries]

    def index(self, track: Track, i: int) -> tuple[int, ...]:
        shape = self.f.tensors.shapes[track.name]
        return tuple(int(k) for k in np.unravel_index(i - track.span.start, shape)) if prod(shape) else ()


def _rms(values: Array) -> float:
    return float(np.sqrt(np.mean(values**2)))
