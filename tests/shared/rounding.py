"""What the tensor cores of a GPU see of float32 numbers."""

from __future__ import annotations

import numpy as np

BITS = {"tf32": 10, "bfloat16": 7}  # after the leading one


def rounded(array: np.ndarray, precision: str) -> np.ndarray:
    """Finite float32 numbers rounded to the nearest of that precision, ties away from zero; float32 as it is."""
    if precision == "float32":
        return array
    dropped = 23 - BITS[precision]
    bits = np.ascontiguousarray(array, dtype=np.float32).view(np.uint32)
    return ((bits + np.uint32(1 << (dropped - 1))) >> dropped << dropped).view(np.float32)
