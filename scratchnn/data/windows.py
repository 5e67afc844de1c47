"""A long series as windows: what was measured before, and what is to be forecast.

    window s:    inputs   x[s], x[s + r], ... x[s + (W - 1) r]          W = lookback // r rows, one every r = step   (1)
                 last input at row  a = s + (W - 1) r
                 targets  y[a + d], ... y[a + d + h - 1]                delay d, horizon h                           (2)

The windows are views: the series is stored once, and only the rows of one batch are copied.
"""

from __future__ import annotations

import numpy as np

from scratchnn.backend import seed_from
from scratchnn.errors import DataError, ShapeError, whole_number


class SeriesWindows:
    """Batches (inputs (M, W, C), targets (M, horizon)) of a series, the windows in another order in each epoch.

    Args:
        series: measurements (rows, C).
        target: the column to be forecast (rows,).
        batch_size: windows per batch.
        lookback: rows that a window looks back on.
        step: one input every so many rows.
        delay: rows from the last input to the first target.
        horizon: number of targets.
        seed: of the order of the windows.
        starts: first rows (K,) of the windows that are used, such as those without a missing target; all if None.
    """

    def __init__(
        self,
        series: np.ndarray,
        target: np.ndarray,
        batch_size: int,
        *,
        lookback: int,
        step: int = 1,
        delay: int = 1,
        horizon: int = 1,
        seed: int = 0,
        starts: np.ndarray | None = None,
    ):
        sizes = {"batch_size": batch_size, "lookback": lookback, "step": step, "delay": delay, "horizon": horizon}
        for name, size in sizes.items():
            whole_number(size, f"SeriesWindows: {name}")
        if series.ndim != 2:
            raise ShapeError(f"SeriesWindows: series must be (rows, C), got shape {series.shape}")
        if target.shape != series.shape[:1]:
            raise ShapeError(f"SeriesWindows: target must be {series.shape[:1]}, got shape {target.shape}")
        if step > lookback:
            raise DataError(f"SeriesWindows: a step of {step} rows leaves no input in a lookback of {lookback}")
        self.width = lookback // step
        self.last = (self.width - 1) * step  # a - s
        self.count = len(series) - self.last - delay - horizon + 1
        if self.count < 1:
            raise DataError(
                f"a window needs {self.last + delay + horizon} rows (lookback {lookback}, delay {delay}, horizon "
                f"{horizon}), the series has {len(series)}; use a longer series or a shorter lookback"
            )
        self.starts = starts
        if starts is not None:
            if not len(starts) or starts.min() < 0 or starts.max() >= self.count:
                raise DataError(f"SeriesWindows: starts must be at least one row, each of 0 .. {self.count - 1}")
            self.count = len(starts)
        self.series, self.target, self.batch_size, self.seed = series, target, batch_size, seed
        self.step, self.delay, self.horizon = step, delay, horizon
        self._epoch, self._order = -1, np.zeros(0, dtype=int)

    def __len__(self) -> int:
        """Number of batches in an epoch."""
        return -(-self.count // self.batch_size)

    def batch(self, epoch: int, k: int) -> tuple[np.ndarray, np.ndarray]:
        """Batch ``k`` of an epoch."""
        if epoch != self._epoch:
            self._epoch = epoch
            self._order = np.random.default_rng(seed_from(self.seed, epoch)).permutation(self.count)
        places = self._order[k * self.batch_size : (k + 1) * self.batch_size]
        return self.pick(places if self.starts is None else self.starts[places])

    def pick(self, starts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The windows that start at these rows (M,) as one batch."""
        inputs = starts[:, None] + self.step * np.arange(self.width)  # (1)  (M, W)
        targets = starts[:, None] + self.last + self.delay + np.arange(self.horizon)  # (2)  (M, horizon)
        return self.series[inputs], self.target[targets]
