"""Where ticks go: at 1, 2, 2.5 or 5 times a power of ten, or at decades on a log axis (Heckbert 1990)."""

import math
from dataclasses import dataclass

from thalweg.interfaces.report.charts.wording import exponential, grouped

_NICE = (1.0, 2.0, 2.5, 5.0, 10.0)


@dataclass(frozen=True)
class Tick:
    """A place on an axis. A minor tick has no label."""

    value: float
    label: str = ""


def nice_step(span: float, target: int) -> float:
    """The nice step that cuts `span` into at most about `target` pieces."""
    raw = span / max(1, target)
    power = 10.0 ** math.floor(math.log10(raw))
    return next(factor * power for factor in _NICE if factor * power >= raw * (1 - 1e-9))


def linear_ticks(lo: float, hi: float, target: int, least: float = 0.0) -> tuple[Tick, ...]:
    """Nice ticks inside [lo, hi], at least `least` apart, labelled with just the digits that tell them apart."""
    step = max(least, nice_step(hi - lo, target))
    if least and step % least:  # 2.5 is no step of a count
        step = nice_step(2 * step, 1)
    first, last = math.ceil(lo / step - 1e-9), math.floor(hi / step + 1e-9)
    values = [min(hi, max(lo, index * step)) for index in range(first, last + 1)]
    return tuple(Tick(value, label) for value, label in zip(values, _labels(values, step), strict=True))


def _labels(values: list[float], step: float) -> list[str]:
    largest = max((abs(value) for value in values), default=0.0)
    finest = _place_of_last_digit(step)
    if largest >= 1e6 or (0 < largest < 1e-3):
        place = math.floor(math.log10(largest))
        return ["0" if abs(v) < step / 2 else exponential(v, max(0, place - finest)) for v in values]
    return [grouped(value, max(0, -finest)) for value in values]


def _place_of_last_digit(step: float) -> int:
    """The power of ten of the last digit of a nice step: 0.25 has −2, 20 has 1."""
    place = math.floor(math.log10(step) + 1e-9)
    return place - 1 if round(step / 10.0**place, 6) == 2.5 else place


def log_ticks(lo: float, hi: float, target: int) -> tuple[Tick, ...]:
    """Decades inside [lo, hi] > 0, thinned to about `target`; under two decades also 2, 5 and minor ticks."""
    decades = math.log10(hi) - math.log10(lo)
    if decades < 0.7:
        return linear_ticks(lo, hi, target)
    if decades < 2:
        return _fine_log_ticks(lo, hi)
    stride = math.ceil(decades / max(1, target))
    first, last = math.ceil(math.log10(lo) - 1e-9), math.floor(math.log10(hi) + 1e-9)
    powers = [power for power in range(first, last + 1) if power % stride == 0]
    return tuple(Tick(min(hi, max(lo, 10.0**power)), log_label(10.0**power)) for power in powers)


def _fine_log_ticks(lo: float, hi: float) -> tuple[Tick, ...]:
    powers = range(math.floor(math.log10(lo)), math.ceil(math.log10(hi)) + 1)
    found = [(factor, factor * 10.0**power) for power in powers for factor in range(1, 10)]
    inside = [(factor, min(hi, max(lo, v))) for factor, v in found if lo * (1 - 1e-9) <= v <= hi * (1 + 1e-9)]
    return tuple(Tick(value, log_label(value) if factor in (1, 2, 5) else "") for factor, value in inside)


def log_label(value: float) -> str:
    """One significant digit: 0.001 … 1000 written out, the rest as 1e-5."""
    if 0.00099 <= value < 9999:
        return f"{float(f'{value:.1g}'):g}"
    return exponential(value, 0)
