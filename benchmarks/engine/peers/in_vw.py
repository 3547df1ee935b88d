"""Vowpal Wabbit: one pass of plain SGD over its own binary cache, which it reads faster than text."""

from pathlib import Path

import numpy as np
import vowpalwabbit

HEAD = "--loss_function logistic --quiet --sgd --power_t 0 --initial_t 1 --noconstant"


def write(path: Path, X: np.ndarray, y: np.ndarray) -> None:
    """Its text: X (N, D) with a last column of ones for the bias, y (N,) of 0 and 1."""
    with path.open("w") as file:
        for row, label in zip(X.tolist(), y.tolist(), strict=True):
            numbers = " ".join(f"{j}:{value:.9g}" for j, value in enumerate(row))
            file.write(f"{1 if label else -1} |f {numbers}\n")


def cache(path: Path, lr: float) -> str:
    """Make the cache; the arguments of a pass that reads it."""
    settings = f"{HEAD} -l {lr} -d {path} --cache_file {path}.cache"
    vowpalwabbit.Workspace(f"{settings} -k").finish()
    return settings


def one_pass(settings: str) -> None:
    vowpalwabbit.Workspace(settings).finish()


def raw_predictions(path: Path, lr: float, X: np.ndarray) -> np.ndarray:
    """The logits of X (N, D) after one pass over the text in `path`."""
    learner = vowpalwabbit.Workspace(f"{HEAD} -l {lr} --link identity")
    for line in path.read_text().splitlines():
        learner.learn(line)
    lines = (" ".join(f"{j}:{value:.9g}" for j, value in enumerate(row)) for row in X.tolist())
    found = np.array([learner.predict(f"|f {line}") for line in lines])
    learner.finish()
    return found
