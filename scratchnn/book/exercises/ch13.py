"""Chapter 13, time series."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from scratchnn.book.exercises.answer import Answer, compare
from scratchnn.book.exercises.registry import exercise

# --- 13.1 ------------------------------------------------------------------------------------------------------------


@exercise(
    "13.1",
    "autocorrelation",
    "autocorrelation(v, k)",
    hints=(
        "Subtract the mean of the whole series first. Then the series without its last k values meets the series "
        "without its first k values.",
        "With away = v - v.mean(), the numerator is away[: len(v) - k] @ away[k:], and the denominator away @ away. "
        "Return 0.0 before you divide by zero.",
    ),
)
def check_autocorrelation(answer: Answer) -> Iterator[str]:
    """Return the autocorrelation of the series v (M,) for a shift of k steps,
    equation (1) of the chapter: the sum of (v_t - m) (v_{t+k} - m) over all t
    for which both values exist, divided by the sum of (v_t - m)^2 over all t,
    where m is the mean of v. If all values of v are the same, return 0.0.

        autocorrelation(np.array([1.0, -1.0, 1.0, -1.0]), 1)    gives -0.75
    """

    def right(v: np.ndarray, k: int) -> float:
        away = v - v.mean()
        total = float(away @ away)
        return float(away[: len(v) - k] @ away[k:]) / total if total else 0.0

    def raw(v: np.ndarray, k: int) -> float:
        return float(v[: len(v) - k] @ v[k:]) / float(v @ v)

    def circular(v: np.ndarray, k: int) -> float:
        away = v - v.mean()
        return float(away @ np.roll(away, -k)) / max(float(away @ away), 1e-300)

    def means(v: np.ndarray, k: int) -> float:
        away = v - v.mean()
        return float((away[: len(v) - k] * away[k:]).mean()) / max(float((away**2).mean()), 1e-300)

    def divides(v: np.ndarray, k: int) -> float:
        away = v - v.mean()
        with np.errstate(all="ignore"):
            return float(np.float64(away[: len(v) - k] @ away[k:]) / np.float64(away @ away))

    mistakes = {
        "The mean is not subtracted; every series of positive numbers would look periodic.": raw,
        "The shifted series goes on at its beginning. Sum only over the steps for which both values exist.": circular,
        "You divide each sum by its own number of terms. Equation (1) divides the sums themselves.": means,
        "A constant series divides by zero; its autocorrelation is 0.0 here.": divides,
    }
    rng = np.random.default_rng(0)
    trials = [
        (5 + rng.standard_normal(20), 3),
        (np.sin(np.arange(12)), 0),
        (rng.standard_normal(7), 6),
        (np.full(6, 2.0), 2),
    ]
    yield from compare(answer, right, mistakes, trials)


# --- 13.2 ------------------------------------------------------------------------------------------------------------


@exercise(
    "13.2",
    "windows and targets",
    "make_windows(v, T, d)",
    hints=(
        "How many windows fit? The first target is row T - 1 + d, the last one the last row of v.",
        "Rows of all windows at once: first = np.arange(N)[:, None], rows = first + np.arange(T). The targets are "
        "v[T - 1 + d :].",
    ),
)
def check_make_windows(answer: Answer) -> Iterator[str]:
    """Cut the series v (M,) into all windows of T steps, each with the value d
    steps after its last step as its target. Return the windows (N, T), in
    order of time, and the targets (N,). If not even one window and its target
    fit, return arrays of the shapes (0, T) and (0,).

        make_windows(np.arange(6), 3, 2)
            gives [[0, 1, 2], [1, 2, 3]] and [4, 5]
    """

    def cut(v: np.ndarray, T: int, d: int, first: int) -> tuple:
        count = max(len(v) - first, 0)
        rows = np.arange(count)[:, None] + np.arange(T)
        return v[rows].reshape(count, T), v[first : first + count]

    def right(v: np.ndarray, T: int, d: int) -> tuple:
        return cut(v, T, d, T - 1 + d)

    def from_the_end(v: np.ndarray, T: int, d: int) -> tuple:
        return cut(v, T, d, T + d)

    def inside(v: np.ndarray, T: int, d: int) -> tuple:
        x, _ = right(v, T, d)
        return x, v[T - 2 + d : T - 2 + d + len(x)]

    def apart(v: np.ndarray, T: int, d: int) -> tuple:
        x, targets = right(v, T, d)
        return x[::T], targets[::T]

    def backwards(v: np.ndarray, T: int, d: int) -> tuple:
        x, targets = right(v, T, d)
        return x[:, ::-1], targets

    def one_short(v: np.ndarray, T: int, d: int) -> tuple:
        x, targets = right(v, T, d)
        return x[:-1], targets[:-1]

    mistakes = {
        "The target is d + 1 steps after the last step of the window: the window ends at row T - 1, not at row T.": (
            from_the_end
        ),
        "The target is d - 1 steps after the last step. With d = 1 it is the last step itself: the answer leaks.": inside,
        "Your windows do not overlap. Begin one at every row.": apart,
        "The steps of each window are in reverse order; the latest one is last.": backwards,
        "The last window is missing.": one_short,
    }
    rng = np.random.default_rng(0)
    trials = [(rng.standard_normal(12), 3, 2), (rng.standard_normal(9), 4, 1), (np.arange(5.0), 3, 3)]
    yield from compare(answer, right, mistakes, trials, ("the windows", "the targets"))


# --- 13.3 ------------------------------------------------------------------------------------------------------------


@exercise(
    "13.3",
    "a season earlier",
    "season_earlier(v, t, d, S)",
    hints=(
        "Row t is known. Which of the rows t + d - S, t + d - 2 S, t + d - 3 S ... is the first that you know?",
        "You need the fewest seasons n with d - S n <= 0. That is d / S rounded up: -(-d // S) in whole numbers.",
    ),
)
def check_season_earlier(answer: Answer) -> Iterator[str]:
    """At row t, all values up to v[t] are known. Forecast the value d rows
    later by the value at the same place of an earlier season of S rows: the
    latest such value that is known at row t. Return that value.

        v = np.arange(100)
        season_earlier(v, 50, 6, 24)     gives 32
        season_earlier(v, 50, 30, 24)    gives 32
        season_earlier(v, 50, 24, 24)    gives 50
    """
    mistakes = {
        "If d is more than S, one season earlier is still in the future. Go back as many seasons as it takes.": (
            lambda v, t, d, S: v[t + d - S]
        ),
        "This is a season before now, not a season before the target.": lambda v, t, d, S: v[t - S],
        "If d is a multiple of S, you go back one season too many: the value of row t itself is known.": (
            lambda v, t, d, S: v[t + d - S * (d // S + 1)]
        ),
        "This is the last value, without a season.": lambda v, t, d, S: v[t],
    }
    v = np.random.default_rng(0).standard_normal(120)
    trials = [(v, 60, 6, 24), (v, 70, 30, 24), (v, 80, 24, 24), (v, 65, 48, 24), (v, 90, 1, 7), (v, 60, 15, 7)]
    yield from compare(answer, lambda v, t, d, S: v[t + d - S * -(-d // S)], mistakes, trials)


# --- 13.4 ------------------------------------------------------------------------------------------------------------


@exercise(
    "13.4",
    "a scale without a leak",
    "scale(x, train)",
    hints=(
        "Mean and deviation come from x[:train], one of each per column, but all rows are scaled with them.",
        "Use mean(axis=0) and std(axis=0). Replace a deviation of zero by 1 before you divide: np.where(s > 0, s, 1).",
    ),
)
def check_scale(answer: Answer) -> Iterator[str]:
    """The array x (rows, D) contains D measurements per row, in order of time;
    the first ``train`` rows are the training part. Return all rows, each
    column minus its mean and divided by its standard deviation in the training
    part. A column that is constant in the training part is not divided: its
    mean is subtracted, no more.

        scale(np.array([[0.0], [2.0], [5.0]]), 2)    gives [[-1], [1], [4]]
    """

    def apply(x: np.ndarray, part: np.ndarray) -> np.ndarray:
        s = part.std(axis=0)
        return (x - part.mean(axis=0)) / np.where(s > 0, s, 1)

    def right(x: np.ndarray, train: int) -> np.ndarray:
        return apply(x, x[:train])

    def one_number(x: np.ndarray, train: int) -> np.ndarray:
        return (x - x[:train].mean()) / x[:train].std()

    def divides(x: np.ndarray, train: int) -> np.ndarray:
        return (x - x[:train].mean(axis=0)) / x[:train].std(axis=0)

    def no_mean(x: np.ndarray, train: int) -> np.ndarray:
        return x / np.where((s := x[:train].std(axis=0)) > 0, s, 1)

    mistakes = {
        "Mean and deviation come from all rows: the test part has leaked into the inputs.": lambda x, train: apply(x, x),
        "You use one mean and one deviation for all columns. Columns have different units; use axis=0.": one_number,
        "A column that is constant in the training part divides by zero. Do not divide it.": divides,
        "The mean is not subtracted.": no_mean,
        "Only the training rows are returned; the others need the same scale.": lambda x, train: apply(
            x[:train], x[:train]
        ),
    }
    rng = np.random.default_rng(0)
    drift = rng.standard_normal((10, 2)) * [1, 50] + np.arange(10)[:, None]
    constant = np.stack([np.r_[np.full(5, 3.0), 4.0, 5.0], rng.standard_normal(7)], axis=1)
    yield from compare(answer, right, mistakes, [(drift, 6), (constant, 5)])


# --- 13.5 ------------------------------------------------------------------------------------------------------------


@exercise(
    "13.5",
    "the gradient of the pinball loss",
    "pinball_gradient(y, v, q)",
    hints=(
        "Per entry the derivative has one of two values. Which of them belongs to a measurement above the forecast?",
        "away = v[:, None] - y has the shape (N, Q). The gradient is np.where(away > 0, -q, 1 - q), divided by the number "
        "of entries.",
    ),
)
def check_pinball_gradient(answer: Answer) -> Iterator[str]:
    """The forecasts y (N, Q) contain Q quantiles for each of N windows, the
    measurements are v (N,), the levels q (Q,). The loss is the mean over all n
    and all levels of

        max(q (v_n - y_nq), (q - 1) (v_n - y_nq))

    Return the gradient of the loss with respect to y (N, Q). No measurement is
    equal to a forecast.
    """

    def slopes(y: np.ndarray, v: np.ndarray, q: np.ndarray) -> np.ndarray:
        return np.where(v[:, None] > y, -q, 1 - q)

    def right(y: np.ndarray, v: np.ndarray, q: np.ndarray) -> np.ndarray:
        return slopes(y, v, q) / y.size

    mistakes = {
        "The sign is wrong: if the measurement is above the forecast, a higher forecast makes the loss smaller.": (
            lambda y, v, q: -right(y, v, q)
        ),
        "The loss is a mean over N Q entries; divide by their number.": slopes,
        "You divide by N only; the mean is over windows and levels.": lambda y, v, q: slopes(y, v, q) / len(y),
        "q and 1 - q are swapped: a high level makes it expensive to be too low.": lambda y, v, q: right(y, v, 1 - q),
        "This is the slope of the absolute error, the same for all levels.": (
            lambda y, v, q: np.where(v[:, None] > y, -0.5, 0.5) / y.size
        ),
    }
    rng = np.random.default_rng(0)
    trials = [
        (rng.standard_normal((N, len(q))), rng.standard_normal(N), np.array(q)) for N, q in ((5, [0.1, 0.6]), (4, [0.8]))
    ]
    trials.append((np.array([[-1e6, 1e6]]), np.array([0.0]), np.array([0.05, 0.95])))
    yield from compare(answer, right, mistakes, trials)
