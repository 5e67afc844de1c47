"""Measure a step within a process: warm up, repeat, take the median; and the peak memory of the process."""

from __future__ import annotations

import math
import resource
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from scratchnn.backend.arrays import load_backend
from scratchnn.backend.precision import set_precision

LEAST, MOST = 5, 5000  # repeats per measurement
WARM_UP = 3  # calls at least, and a tenth of the measurement's time


def measure(
    step: Callable[[], object], settings: dict[str, Any], synchronise: Callable[[], object] | None = None
) -> dict[str, Any]:
    """The median time of a step.

    Args:
        step: what to time.
        settings: ``seconds`` is the approximate total time of the repeats.
        synchronise: waits until the device has finished; called before the clock is read. Not needed on a CPU.

    Returns:
        ``value``, the median time in milliseconds, and ``repeats``, their number.
    """

    def once() -> float:
        start = time.perf_counter()
        step()
        if synchronise is not None:
            synchronise()
        return time.perf_counter() - start

    fastest, spent, calls = math.inf, 0.0, 0
    while calls < WARM_UP or spent < settings["seconds"] / 10:
        taken = once()
        fastest, spent, calls = min(fastest, taken), spent + taken, calls + 1
    repeats = min(max(math.ceil(settings["seconds"] / max(fastest, 1e-9)), LEAST), MOST)
    times = [once() for _ in range(repeats)]
    return {"value": 1000 * statistics.median(times), "repeats": repeats}


def our_library(settings: dict[str, Any]) -> tuple[str, Callable[[], object] | None]:
    """The name of our array library for the device, and a function that waits for the device, None on a CPU."""
    if settings["device"] == "cpu":
        return "numpy", None
    xp = load_backend("cupy")
    set_precision(settings.get("precision", "float32"))
    return "cupy", xp.cuda.get_current_stream().synchronize


def peak_memory() -> float:
    """The peak memory of this process so far, in MB of 2^20 bytes.

    On Linux it is read from ``/proc``: there, ``ru_maxrss`` can include the memory of the process that started this one.
    """
    try:
        status = Path("/proc/self/status").read_text()
    except OSError:
        unit = 1 if sys.platform == "darwin" else 1024
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**20
    return int(status.split("VmHWM:")[1].split()[0]) / 1024
