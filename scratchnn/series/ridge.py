"""Ridge regression on windows, in closed form: the best linear forecast, with a penalty on large weights.

    f_n = [all measurements in window n, the calendar at its last row]                              (F,)           (1)
    minimise  sum_n |y_n - b - f_n w|^2 + alpha |w|^2                    y_n: the targets (h,)
    w = (sum_n (f_n - f)^T (f_n - f) + alpha I)^-1  sum_n (f_n - f)^T (y_n - y)                     (F, h)         (2)
    b = y - f w                                                          f, y: means over all n                    (3)

The sums of (2) are accumulated over blocks of windows. The memory is that of one block and of the (F, F) matrix; it does
not grow with the number of windows. Of very many windows, ``MOST_WINDOWS`` are used, evenly spaced: neighbours are nearly
equal. The inputs are scaled, so their means are near zero and the sums lose no digits. alpha is the one of ``ALPHAS`` with
the smallest mean absolute error on the validation windows.

Hoerl and Kennard, "Ridge regression: biased estimation for nonorthogonal problems" (1970).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from scratchnn.data import SeriesWindows

ALPHAS = (0.1, 1.0, 10.0, 100.0, 1_000.0, 10_000.0)
BLOCK = 1 << 21  # entries of the block of rows f_n that is in memory
MOST_WINDOWS = 50_000


class Ridge:
    """A linear forecast.

    Attributes:
        weights: w (F, h).
        bias: b (h,).
        measurements: the number of inputs that all rows of a window have; the others, of the calendar, only the last row.
        alpha: the penalty.
    """

    def __init__(self, weights: np.ndarray, bias: np.ndarray, measurements: int, alpha: float):
        self.weights, self.bias, self.measurements, self.alpha = weights, bias, measurements, alpha

    def __repr__(self) -> str:
        """Sizes and penalty."""
        return f"Ridge of {self.weights.shape[0]:,} inputs, {self.weights.shape[1]} targets, alpha {self.alpha:g}"

    @classmethod
    def fit(cls, windows: SeriesWindows, measurements: int, valid: SeriesWindows) -> Ridge:
        """Equations (2) and (3) for training windows, with the best penalty on the validation windows.

        Args:
            windows: the training windows, as the model has them.
            measurements: the number of the first inputs that are measurements; all others are features of the calendar.
            valid: the validation windows.
        """
        F = windows.width * measurements + windows.series.shape[1] - measurements
        gram, cross = np.zeros((F, F)), np.zeros((F, windows.horizon))
        total, target_total, count = np.zeros(F), np.zeros(windows.horizon), 0
        for f, y in blocks(windows, measurements, MOST_WINDOWS):
            gram += f.T @ f  # (2)  (F, M) @ (M, F) -> (F, F)
            cross += f.T @ y  # (2)  (F, M) @ (M, h) -> (F, h)
            total, target_total, count = total + f.sum(axis=0), target_total + y.sum(axis=0), count + len(y)
        mean, target_mean = total / count, target_total / count
        gram -= count * np.outer(mean, mean)
        cross -= count * np.outer(mean, target_mean)
        found = []
        for alpha in ALPHAS:
            weights = np.linalg.solve(gram + alpha * np.eye(F), cross)  # (2)
            bias = target_mean - mean @ weights  # (3)
            found.append(cls(weights, bias, measurements, alpha))
        errors = [0.0] * len(found)
        for f, y in blocks(valid, measurements, MOST_WINDOWS):
            for k, ridge in enumerate(found):
                errors[k] += float(np.abs(f @ ridge.weights + ridge.bias - y).sum())
        return found[int(np.argmin(errors))]

    def forecast(self, windows: SeriesWindows) -> np.ndarray:
        """The scaled forecasts (K, h) of all windows, in their order."""
        return np.concatenate([f @ self.weights + self.bias for f, _ in blocks(windows, self.measurements)])


def blocks(windows: SeriesWindows, measurements: int, most: int | None = None) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Equation (1) for a block of windows (M, F), and their targets (M, h), float64; at most ``most`` windows in all."""
    starts = np.arange(windows.count) if windows.starts is None else windows.starts
    if most is not None and len(starts) > most:
        starts = starts[np.linspace(0, len(starts) - 1, most).astype(int)]
    size = max(BLOCK // (windows.width * windows.series.shape[1]), 1)
    for k in range(0, len(starts), size):
        x, y = windows.pick(starts[k : k + size])
        f = np.concatenate([x[:, :, :measurements].reshape(len(x), -1), x[:, -1, measurements:]], axis=1)  # (1)
        yield f.astype(np.float64), y.astype(np.float64)
