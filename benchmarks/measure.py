"""What a contestant does in its process: warm up, repeat, take the median; and how much memory it has taken."""

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

LEAST, MOST = 5, 5000  # repeats of a measurement
WARM_UP = 3  # calls, at least; and a tenth of the measurement's time


def measure(
    step: Callable[[], object], settings: dict[str, Any], synchronise: Callable[[], object] | None = None
) -> dict[str, Any]:
    """The median time of a step.

    Args:
        step: what to time.
        settings: ``seconds`` is about how long the repeats may take in all.
        synchronise: waits until the device has done its work; called before the clock is read.

    Returns:
        ``value``, the time in milliseconds, and the number of ``repeats`` it is the median of.
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
    """Our array library for the device, and how to wait for it."""
    if settings["device"] == "cpu":
        return "numpy", None
    xp = load_backend("cupy")
    return "cupy", xp.cuda.get_current_stream().synchronize


def peak_memory() -> float:
    """The most memory that this process has held so far, in MB of 2^20 bytes.

    Linux tells it by itself. Its ``ru_maxrss``, which other systems offer, would count the process that started this one.
    """
    try:
        status = Path("/proc/self/status").read_text()
    except OSError:
        unit = 1 if sys.platform == "darwin" else 1024
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**20
    return int(status.split("VmHWM:")[1].split()[0]) / 1024
