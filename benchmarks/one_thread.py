"""One thread for every library: CPU times of different libraries are compared, and threads would be counted twice."""

import os

SETTINGS = {
    **dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"), "1"),
    "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1",
    "JAX_PLATFORMS": "cpu",
}


def hold_to_one_thread() -> None:
    """Libraries read these when they are imported, so call it before."""
    for name, value in SETTINGS.items():
        os.environ.setdefault(name, value)
