"""Made-up data of chapter 14: events in noise, a slow rise with a sudden fall or the other way round."""

from __future__ import annotations

import numpy as np

SLOW_RISE = 2.5 * np.arange(1, 8) / 7  # seven steps up, then back to zero at once
SUDDEN_RISE = SLOW_RISE[::-1]  # the same values in reverse order
NOISE = 0.5


def one_event(rng: np.random.Generator, N: int, T: int, first: int, last: int) -> tuple[np.ndarray, np.ndarray]:
    """N series (N, T, 1) of noise with one event that begins at a random step ``first`` .. ``last``, and which one (N,).

    0 is a slow rise with a sudden fall, 1 a sudden rise with a slow fall.
    """
    kinds = rng.integers(0, 2, N)
    x = NOISE * rng.standard_normal((N, T))
    for n, start in enumerate(rng.integers(first, last + 1, N)):
        x[n, start : start + 7] += SUDDEN_RISE if kinds[n] else SLOW_RISE
    return x[..., None].astype(np.float32), kinds


def two_events(rng: np.random.Generator, N: int, T: int) -> tuple[np.ndarray, np.ndarray]:
    """N series (N, T, 1) with one event of each kind, and whether the slow rise comes first (N,), 1 or 0.

    Each event is anywhere in its half of the series.
    """
    slow_first = rng.integers(0, 2, N)
    x = NOISE * rng.standard_normal((N, T))
    starts = rng.integers(0, T // 2 - 6, (N, 2)) + [0, T // 2]
    for n in range(N):
        events = (SLOW_RISE, SUDDEN_RISE) if slow_first[n] else (SUDDEN_RISE, SLOW_RISE)
        for start, event in zip(starts[n], events, strict=True):
            x[n, start : start + 7] += event
    return x[..., None].astype(np.float32), slow_first
