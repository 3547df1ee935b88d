"""Small answers that reports and tables need about a finished run."""

from dataclasses import dataclass

import numpy as np

from thalweg.descent.run import Run

NEAR_BEST = 0.01  # of the best watched loss
CALM = 0.05  # standard deviation of the late training loss, as a share of all it fell


@dataclass(frozen=True)
class FastAndStable:
    """Within 1% of the best watched loss at step `reached`, no divergence, a calm loss at the end. (SPEC S3.7)"""

    reached: int
    within: int
    diverged: bool
    late_noise: float
    holds: bool
    sentence: str


def fast_and_stable(run: Run, within: int) -> FastAndStable:
    """Did the run come within 1% of its best in `within` steps, without divergence, and end calm?"""
    name = "validation_loss" if "validation_loss" in run.evaluations[0] else "train_loss"
    t, watched = run.history(name)
    near = watched <= run.best_value + NEAR_BEST * abs(run.best_value)
    reached = int(t[np.argmax(near)]) if near.any() else run.state.t
    losses = run.history("train_loss")[1]
    late, fall = losses[len(losses) * 3 // 4 :], float(losses[0] - np.nanmin(losses))
    noise = float(np.std(late)) / fall if fall > 0 else float("inf")
    holds = reached <= within and not run.diverged and noise <= CALM
    sentence = (
        f"{'Fast and stable' if holds else 'Not fast and stable'}: within {NEAR_BEST:.0%} of its best "
        f"{name.replace('_', ' ')} at step {reached} (asked: {within}), "
        f"{'diverged' if run.diverged else 'no divergence'}, late training loss varies by {noise:.1%} of its fall "
        f"(asked: {CALM:.0%})."
    )
    return FastAndStable(reached, within, run.diverged, noise, holds, sentence)


def suggest_clip(run: Run) -> float:
    """The 95th percentile of a stable run's gradient norms, a common choice for clip_norm. (SPEC S3.4)"""
    return float(np.percentile(run.grad_norm_history, 95))
