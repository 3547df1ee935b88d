"""Numbers as a person reads them, and how much room a text takes."""

import math
import unicodedata

THIN_SPACE = "\u202f"
MINUS = "−"
_WIDE_LETTER = 1.05  # in units of the font size
_NARROW_LETTER = 0.61  # a digit of a wide system font; most letters are narrower


def short(value: float, digits: int = 4) -> str:
    """A number with so many significant digits: `short(12345.6)` is 12 346, `short(1.5e-5)` is 1.5e-5."""
    if not math.isfinite(value):
        return "not finite"
    size = abs(value)
    if size and not 1e-3 <= size < 1e6:
        return exponential(value, digits - 1)
    if size >= 10 ** (digits - 1):
        return grouped(value, 0)
    rounded = float(f"{value:.{digits}g}")
    return grouped(rounded, _decimals(rounded))


def exponential(value: float, decimals: int) -> str:
    """`exponential(-0.00002, 3) == "−2e-5"`: the exponent as code writes it, without padding."""
    mantissa, exponent = f"{value:.{decimals}e}".split("e")
    if "." in mantissa:
        mantissa = mantissa.rstrip("0").rstrip(".")
    return f"{mantissa.replace('-', MINUS)}e{int(exponent)}"


def grouped(value: float, decimals: int) -> str:
    """Fixed decimals, thin spaces from 10 000 on, a proper minus."""
    written = f"{abs(value):,.{decimals}f}" if abs(value) >= 1e4 else f"{abs(value):.{decimals}f}"
    sign = MINUS if value < 0 and float(f"{value:.{decimals}f}") != 0 else ""
    return sign + written.replace(",", THIN_SPACE)


def _decimals(value: float) -> int:
    written = f"{abs(value):.10f}".rstrip("0")
    return len(written.split(".")[1])


def width(label: str, size: float = 12) -> float:
    """About how many pixels `label` takes in a font of `size` pixels; rather too many than too few."""
    wide = sum(unicodedata.east_asian_width(letter) in "WF" for letter in label)
    return size * (_WIDE_LETTER * wide + _NARROW_LETTER * (len(label) - wide))


def truncated(label: str, most: int) -> str:
    """At most `most` letters; where some are left out it is from the middle, as names differ at their ends."""
    if len(label) <= most:
        return label
    tail = (most - 1) // 2
    return f"{label[: most - 1 - tail].rstrip()}…{label[len(label) - tail :].lstrip()}"
