"""The environment in which CuPy is the stand-in of ``stand_in/``: programs for a GPU run, on kernels that are emulated."""

from __future__ import annotations

import os
from pathlib import Path

SHARED = Path(__file__).resolve().parent
ROOT = SHARED.parents[1]


def stand_in() -> dict[str, str]:
    """Environment variables of a process."""
    path = os.pathsep.join(map(str, (ROOT, SHARED, SHARED / "stand_in")))
    return {**os.environ, "PYTHONPATH": path, "OPENBLAS_NUM_THREADS": "1"}
