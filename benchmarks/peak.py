"""The machine's peak speed of matrix products, an upper bound for every training step."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.measure import measure, our_library
from scratchnn.backend import move

SIZE = {"cpu": 2048, "gpu": 8192}  # rows and columns of the square matrices


def product(case: dict[str, Any], settings: dict[str, Any]) -> dict[str, Any]:
    """Time the product of two float32 matrices (n, n): n^3 multiply-adds, 2 n^3 operations; ``value`` is in GFLOP/s."""
    n = case["size"]
    library, synchronise = our_library(settings)
    rng = np.random.default_rng(0)
    a, b = (move(rng.standard_normal((n, n), dtype=np.float32), library) for _ in "ab")
    out = a.copy()
    result = measure(lambda: a.__matmul__(b) if library == "cupy" else np.matmul(a, b, out=out), settings, synchronise)
    return {**result, "value": 2 * n**3 / result["value"] / 1e6}
