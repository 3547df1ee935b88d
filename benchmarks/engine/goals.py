"""What the engine must reach, line by line. Scenarios look it up here; a line without a figure is printed too."""

from math import inf
from typing import NamedTuple

from benchmarks.rows import Row
from benchmarks.timing import Spread

FAST = "× as fast"
TIME = "× the time"


class Goal(NamedTuple):
    scenario: str
    measure: str
    peer: str
    goal: float
    unit: str = FAST
    at_least: bool = True

    def reached(self, spread: Spread, note: str = "") -> Row:
        """The row of this goal with a measured value."""
        return Row(self.scenario, self.measure, spread.value, self.unit, self.peer, self.goal, self.at_least,
                   spread.low, spread.high, note)  # fmt: skip


SMALL, WIDE = "MLP 30-16-1, batch 32", "MLP 64-128-10, batch 128"
ONE_ROW, BATCHES = "logistic, 300k × 30, batch 1", "logistic, 300k × 30, batch 32"
SWEEP = "sweep 64 rates × 5 seeds"
STREAM = "1e7 × 30 float32 rows streamed"
REPORT = "compiling, in thalweg report"
STEP, EPOCH, RUNS = "one training step", "one epoch", "all 320 runs"
LINEAR = 1.05  # linear, and what a fit over three decades errs by

GOALS: dict[str, dict[str, Goal]] = {
    "updates": {
        "adam 1e4": Goal("Adam update, float32, 1e4 parameters", "one update", "torch fused", 8),
        "adam 1e6": Goal("Adam update, float32, 1e6 parameters", "one update", "torch fused", 1.8),
        "adam 1e7": Goal("Adam update, float32, 1e7 parameters", "one update", "torch fused", 1.0),
        "traffic": Goal("Adam update, float32, 1e6 parameters", "one update", "a bare loop moving the same bytes",
                        1.15, TIME, False),
        "rmsprop 1e6": Goal("RMSProp update, float32, 1e6 parameters", "one update", "optax jit", 2.3),
        "rmsprop 1e7": Goal("RMSProp update, float32, 1e7 parameters", "one update", "optax jit", 1.8),
    },
    "mlp": {
        "off": Goal(SMALL, f"{STEP}, compiled, signals off", "JAX lax.scan", 2.5),
        "on": Goal(SMALL, f"{STEP}, compiled, signals on", "JAX lax.scan", 2.3),
        "torch": Goal(SMALL, f"{STEP}, compiled, signals on", "torch eager", 80),
        "numpy": Goal(SMALL, f"{STEP}, NumPy engine", "torch eager", 12),
        "wide": Goal(WIDE, STEP, "JAX lax.scan", 1.0),
        "wide torch": Goal(WIDE, STEP, "torch eager", 5),
    },
    "logistic": {
        "permutation": Goal(ONE_ROW, f"{EPOCH}, full permutation", "scikit-learn SGDClassifier", 1.5),
        "blocks": Goal(ONE_ROW, f"{EPOCH}, block shuffle", "scikit-learn SGDClassifier", 2.3),
        "vw": Goal(ONE_ROW, f"{EPOCH}, full permutation", "Vowpal Wabbit", 4),
        "jax": Goal(BATCHES, f"{EPOCH}, full permutation", "JAX lax.scan", 3.5),
        "torch": Goal(BATCHES, f"{EPOCH}, full permutation", "torch eager", 60),
    },
    "sweeps": {
        "float32": Goal(f"{SWEEP}, logistic 569×30, 30 epochs, float32", RUNS, "JAX vmap(scan)", 2),
        "float64": Goal(f"{SWEEP}, logistic 569×30, 30 epochs, float64", RUNS, "JAX vmap(scan)", 1.6),
        "sklearn": Goal(f"{SWEEP}, logistic 569×30, 30 epochs, float32", RUNS, "scikit-learn loop", 45),
        "softmax": Goal(f"{SWEEP}, softmax on digits, 20 epochs, float32", RUNS, "JAX vmap(scan)", 1.35),
        "mlp": Goal(f"{SWEEP}, MLP 64-64-10 on digits, 8 epochs, float32", RUNS, "JAX vmap(scan)", 1.5),
    },
    "signals": {
        "wide": Goal(f"always-on signals, {WIDE}", STEP, "the same step without them", 1.05, TIME, False),
        "small": Goal(f"always-on signals, {SMALL}", f"{STEP}, compiled", "the same step without them",
                      1.12, TIME, False),
        "small numpy": Goal(f"always-on signals, {SMALL}", f"{STEP}, NumPy engine", "the same step without them",
                            1.12, TIME, False),
    },
    "streaming": {
        "rows": Goal(STREAM, "rows a second", "scikit-learn partial_fit", 2.8),
        "memory": Goal(STREAM, "peak memory", "–", 250, "MB", False),
        "memory 1e6": Goal("1e6 × 30 float32 rows streamed", "peak memory", "–", 250, "MB", False),
        "same": Goal(STREAM, "peak memory over that of 1e6 rows", "–", 1.05, "×", False),
    },
    "compiling": {
        "cold": Goal(REPORT, "with a cold cache", "–", 4, "s", False),
        "warm": Goal(REPORT, "with a warm cache", "–", 0.7, "s", False),
    },
    "growth": {
        "rows": Goal("cost against rows", "exponent over three decades, full batch", "–", LINEAR, "", False),
        "epoch": Goal("cost against rows", "exponent over three decades, an epoch of batches", "–", LINEAR, "", False),
        "members": Goal("cost against members of a population", "exponent over three decades", "–", LINEAR, "", False),
        "features": Goal("cost against features", "exponent over three decades", "–", inf, "", False),
        "parameters": Goal("cost against parameters", "exponent over three decades", "–", inf, "", False),
    },
}  # fmt: skip
