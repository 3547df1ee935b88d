"""Numbers as people write them: `12,345`, `0.0312`, `1.2e9`, `3.4%`."""

from collections.abc import Sequence

import numpy as np

from thalweg.problems.words import listed


def brief(value: float, digits: int = 4) -> str:
    """A number with so many significant digits; whole ones up to a million whole."""
    if not np.isfinite(value):
        return str(value)
    size = abs(value)
    if size and not 1e-4 <= size < 1e6:
        mantissa, _, exponent = f"{value:.{max(digits - 2, 1)}e}".partition("e")
        mantissa = mantissa.rstrip("0").rstrip(".") if "." in mantissa else mantissa
        return f"{mantissa}e{int(exponent)}"
    if value == np.rint(value):
        return f"{value:,.0f}" if size >= 10_000 else f"{value:.0f}"  # 2013 is a year
    decimals = max(0, digits - 1 - int(np.floor(np.log10(size)))) if size else 0
    text = f"{value:,.{decimals}f}" if size >= 10_000 else f"{value:.{decimals}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def mean_and_sd(mean: float, sd: float) -> str:
    """`43.9 ± 5.5`: the spread with two or three digits, the mean with as many decimals."""
    if not (np.isfinite(mean) and np.isfinite(sd)) or sd == 0:
        return brief(mean)
    largest = max(abs(mean), sd)
    if not (largest < 1e6 and sd >= 1e-4):
        return f"{brief(mean, 3)} ± {brief(sd, 3)}"
    decimals = max(0, 1 - int(np.floor(np.log10(sd))))
    comma = "," if largest >= 10_000 else ""
    return f"{mean:{comma}.{decimals}f} ± {sd:{comma}.{decimals}f}"


def percent(part: float, whole: float) -> str:
    """`3.4%`; never 0% of something, nor 100% of less than all."""
    if not whole or not part:
        return "0%"
    share = 100 * part / whole
    if part != whole and share >= 99.5:
        return f"{share:.1f}%" if share < 99.95 else ">99.9%"
    return f"{share:.0f}%" if share >= 10 else f"{share:.1f}%" if share >= 0.1 else "<0.1%"


def named(names: Sequence[str], most: int = 5) -> str:
    """`a, b and c`, or the first few and how many more."""
    if len(names) <= 1 or len(names) > most:
        return listed(names, most)
    return f"{', '.join(names[:-1])} and {names[-1]}"
