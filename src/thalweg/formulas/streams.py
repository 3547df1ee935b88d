"""Random numbers from four 32-bit words [seed low, seed high, purpose, index].

No generator is carried from step to step: whoever needs numbers makes one from what it is for. So a stopped
run continues bit for bit, and no two purposes ever draw from the same stream. Exactly four words fill
NumPy's SeedSequence pool, where shorter lists padded with zeros could collide.
"""

from enum import IntEnum

import numpy as np


class Purpose(IntEnum):
    """What random numbers are drawn for. A number never changes its meaning."""

    START = 1  # initial parameters
    ORDER = 2  # the order of an epoch
    REPLACEMENT = 3  # rows drawn with replacement
    SPLIT = 4  # rows into training, validation and test
    SAMPLE = 5  # a fixed sample of rows where all are too many
    PROBE = 6  # directions and points of a gradient check
    LABELS = 7  # shuffled labels of the preflight
    RESAMPLE = 8  # bootstrap intervals
    BLOCKS = 9  # the order of blocks in an epoch
    BUFFER = 10  # the order of rows inside a buffer of blocks


def stream(seed: int, purpose: Purpose, index: int = 0) -> np.random.Generator:
    """The generator for (seed, purpose, index). seed in [0, 2⁶⁴), index in [0, 2³²)."""
    if not 0 <= seed < 2**64:
        raise ValueError(f"seed is {seed}; expected a whole number from 0 to 2**64 - 1")
    if not 0 <= index < 2**32:
        raise ValueError(f"index is {index}; expected a whole number from 0 to 2**32 - 1")
    return np.random.default_rng([seed & 0xFFFFFFFF, seed >> 32, int(purpose), index])
