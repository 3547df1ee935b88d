"""How large the scenarios are. The goals are for FULL; a smaller table is for a look, and its goals are not judged."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Sizes:
    """rounds of each contest; least CPU seconds of one timing; then the sizes of the scenarios."""

    rounds: int
    least: float
    parameters: dict[str, int]
    epochs: int  # of the MLP scenarios in one timing, 64 batches each
    rows: int  # of the logistic scenarios
    sweep: tuple[int, int]  # rates and seeds
    sweep_epochs: dict[str, int]
    sweep_rounds: int
    stream: tuple[int, int]  # rows of the small and the large file
    stream_rounds: int
    growth_rows: tuple[int, ...]
    growth_features: tuple[int, ...]
    growth_parameters: tuple[int, ...]
    growth_members: tuple[int, ...]
    report: tuple[str, ...]  # further arguments of thalweg report
    judged: bool = True


DECADES = {
    "growth_rows": (1_000, 3_000, 10_000, 30_000, 100_000, 300_000, 1_000_000),
    "growth_features": (4, 12, 40, 120, 400, 1_200, 4_000),
    "growth_parameters": (10_000, 30_000, 100_000, 300_000, 1_000_000, 3_000_000, 10_000_000),
    "growth_members": (1, 3, 10, 30, 100, 300, 1_000),
}

FULL = Sizes(
    rounds=11,
    least=0.02,
    parameters={"1e4": 10_000, "1e6": 1_000_000, "1e7": 10_000_000},
    epochs=20,
    rows=300_000,
    sweep=(64, 5),
    sweep_epochs={"logistic": 30, "softmax": 20, "mlp": 8},
    sweep_rounds=5,
    stream=(1_000_000, 10_000_000),
    stream_rounds=3,
    report=(),
    **DECADES,
)

QUICK = Sizes(
    rounds=5,
    least=0.01,
    parameters={"1e4": 10_000, "1e6": 100_000, "1e7": 1_000_000},
    epochs=5,
    rows=30_000,
    sweep=(16, 2),
    sweep_epochs={"logistic": 10, "softmax": 3, "mlp": 2},
    sweep_rounds=3,
    stream=(100_000, 1_000_000),
    stream_rounds=1,
    growth_rows=(300, 1_000, 3_000, 10_000, 30_000),
    growth_features=(4, 12, 40, 120),
    growth_parameters=(1_000, 10_000, 100_000),
    growth_members=(1, 3, 10, 30),
    report=("iris",),
    judged=False,
)
