"""The run header: everything one must know to believe a run, and to run it again."""

import os
import platform
import subprocess
import sys
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import msgspec
import numpy as np

from thalweg.descent.batches import Batches
from thalweg.descent.method_section import known_hyper
from thalweg.descent.spec import Spec
from thalweg.problems.fit import Fit
from thalweg.problems.problem import Problem

THREAD_VARIABLES = ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS")
PACKAGES = ("thalweg", "numpy", "duckdb", "numba", "scipy", "safetensors", "msgspec")


def header(spec: Spec, problem: Problem) -> dict[str, Any]:
    """Of a resolved Spec and its problem, as plain data for header.json."""
    method, examples = spec.method, problem.objective.examples
    whole = Batches(examples, spec.batch.batch_size, spec.batch.sampling).full
    return {
        "rule": method.rule,
        "hyperparameters": {**known_hyper(method.rule), **method.hyper},
        "lr": method.lr,
        "schedule": method.schedule,
        "warmup": method.warmup,
        "clip_norm": method.clip_norm or None,
        "clip_value": method.clip_value or None,
        "phases": msgspec.to_builtins(method.phases),
        "batch_size": examples if whole else spec.batch.batch_size,
        "sampling": "every row, every step" if whole else spec.batch.sampling,
        "last_batch": spec.batch.last_batch,
        "steps": spec.stop.steps,
        "stop_rules": {k: v for k, v in msgspec.to_builtins(spec.stop).items() if v and k not in ("steps", "every")},
        "evaluated_every": spec.stop.every,
        "seed": spec.seed,
        "seeded": ["thalweg's own streams", "numpy.random", "random"],
        "dtype": spec.dtype,
        "engine": spec.engine,
        "threads": threads(spec),
        "problem": problem_header(problem),
        "versions": versions(),
        "machine": machine(),
        "git_commit": git_commit(),
    }


def problem_header(problem: Problem) -> dict[str, Any]:
    """What was minimised, and from where."""
    found: dict[str, Any] = {k: v for k, v in msgspec.to_builtins(problem.section).items() if v not in ("", [], None)}
    found["parameters"] = problem.objective.size
    if isinstance(problem.objective, Fit) and problem.table:
        found["rows"] = problem.counts
        found["columns"] = list(problem.table.names)
        found["classes"] = list(problem.table.classes)
        found["notices"] = list(problem.notices)
    return found


def threads(spec: Spec) -> dict[str, Any]:
    """How many threads BLAS was told to use. They decide the last bits of a matrix product."""
    told = {name: os.environ[name] for name in THREAD_VARIABLES if name in os.environ}
    return {"asked": spec.threads, "environment": told or "not pinned: BLAS chooses"}


@cache
def versions() -> dict[str, str]:
    """Python and the packages that numbers depend on."""
    found = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


@cache
def machine() -> dict[str, Any]:
    """What the numbers were made on; another kind of processor may give other last bits."""
    features: list[str] = []
    config: Any = np.show_config(mode="dicts")
    if isinstance(config, dict):
        features = config.get("SIMD Extensions", {}).get("found", [])
    blas = config.get("Build Dependencies", {}).get("blas", {}).get("name", "") if isinstance(config, dict) else ""
    return {
        "system": f"{platform.system()} {platform.machine()}",
        "cores": os.cpu_count(),
        "blas": blas,
        "simd": features,
        "byteorder": sys.byteorder,
    }


@cache
def git_commit() -> str:
    """The commit of the folder one works in, with + where it has uncommitted changes; empty outside git."""
    try:
        ask = ["git", "describe", "--always", "--dirty=+", "--abbrev=12", "--exclude=*"]
        said = subprocess.run(ask, capture_output=True, text=True, timeout=5, check=True)  # noqa: S603
    except (OSError, subprocess.SubprocessError):
        return ""
    return said.stdout.strip()
