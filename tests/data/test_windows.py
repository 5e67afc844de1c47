"""Windows of a series, against a plain loop over its rows."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scratchnn.data import SeriesWindows
from scratchnn.errors import DataError, ShapeError

SIZES = st.tuples(st.integers(1, 9), st.integers(1, 9), st.integers(1, 4), st.integers(1, 3))


def plain_windows(series, target, lookback, step, delay, horizon):
    """Equations (1) and (2) row by row, for as long as a window fits."""
    found, start = [], 0
    while True:
        rows = [start + k * step for k in range(lookback // step)]
        wanted = [rows[-1] + delay + k for k in range(horizon)]
        if wanted[-1] >= len(series):
            return found
        found.append(([series[row].tolist() for row in rows], [target[row] for row in wanted]))
        start += 1


@settings(deadline=None, max_examples=80)
@given(SIZES, st.integers(0, 12), st.integers(1, 7), st.integers(0, 3))
def test_they_are_those_of_a_plain_loop(sizes, extra, batch_size, epoch):
    lookback, step, delay, horizon = sizes
    step = min(step, lookback)
    needed = (lookback // step - 1) * step + delay + horizon
    series = np.random.default_rng(needed).standard_normal((needed + extra, 2))
    target = series[:, 1] * 3
    names = {"lookback": lookback, "step": step, "delay": delay, "horizon": horizon}
    expected = plain_windows(series, target, **names)
    assert len(expected) == extra + 1
    windows = SeriesWindows(series, target, batch_size, **names, seed=1)
    assert windows.count == len(expected)
    found = []
    for k in range(len(windows)):
        inputs, targets = windows.batch(epoch, k)
        assert inputs.shape == (len(inputs), lookback // step, 2)
        assert targets.shape == (len(inputs), horizon)
        assert len(inputs) == batch_size or k == len(windows) - 1
        found += [(a.tolist(), b.tolist()) for a, b in zip(inputs, targets, strict=True)]
    assert sorted(found) == sorted(expected)  # each of them once
    in_order = windows.pick(np.arange(windows.count))
    assert [(a.tolist(), b.tolist()) for a, b in zip(*in_order, strict=True)] == expected


def test_the_last_window_ends_at_the_last_row_and_needs_it():
    series = np.arange(10.0)[:, None]
    sizes = {"lookback": 6, "step": 2, "delay": 3, "horizon": 2}
    windows = SeriesWindows(series, series[:, 0], 4, **sizes)
    assert (windows.count, len(windows)) == (2, 1)
    inputs, targets = windows.pick(np.array([1]))
    np.testing.assert_array_equal(inputs[0, :, 0], [1, 3, 5])
    np.testing.assert_array_equal(targets, [[8, 9]])
    assert SeriesWindows(series[:9], series[:9, 0], 4, **sizes).count == 1
    with pytest.raises(DataError, match=r"a window needs 9 rows \(lookback 6, delay 3, horizon 2\), the series has 8"):
        SeriesWindows(series[:8], series[:8, 0], 4, **sizes)


def test_the_series_is_not_copied():
    series = np.zeros((200_000, 4))
    tracemalloc.start()
    windows = SeriesWindows(series, series[:, 0], 8, lookback=100)
    windows.batch(0, 0)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert windows.series is series
    assert windows.target.base is series
    assert peak < series.nbytes  # the order of the windows is kept, a quarter of the series
    inputs, _ = windows.batch(0, 0)
    inputs[:] = 1  # a batch is a copy: who changes it does not change the series
    assert not series.any()


@pytest.mark.parametrize("name", ["lookback", "step", "delay", "horizon", "batch_size"])
@pytest.mark.parametrize("value", [0, -1, 2.0])
def test_sizes_are_whole_numbers_of_one_or_more(name, value):
    sizes = {"batch_size": 2, "lookback": 3, name: value}
    with pytest.raises(DataError, match=f"SeriesWindows: {name} must be a whole number of 1 or more, got {value}"):
        SeriesWindows(np.zeros((9, 1)), np.zeros(9), **sizes)


def test_what_cannot_be_windows():
    with pytest.raises(DataError, match="a step of 4 rows leaves no input in a lookback of 3"):
        SeriesWindows(np.zeros((9, 1)), np.zeros(9), 2, lookback=3, step=4)
    with pytest.raises(ShapeError, match=r"series must be \(rows, C\), got shape \(9,\)"):
        SeriesWindows(np.zeros(9), np.zeros(9), 2, lookback=3)
    for target in (np.zeros(8), np.zeros(10), np.zeros((9, 1))):
        with pytest.raises(ShapeError, match=r"SeriesWindows: target must be \(9,\), got shape"):
            SeriesWindows(np.zeros((9, 1)), target, 2, lookback=3)


def test_only_the_windows_that_are_asked_for():
    series = np.arange(20, dtype=np.float32)[:, None]
    starts = np.array([2, 3, 7, 11])
    windows = SeriesWindows(series, series[:, 0], 3, lookback=4, seed=2, starts=starts)
    assert (windows.count, len(windows)) == (4, 2)
    found = np.concatenate([windows.batch(1, k)[0][:, 0, 0] for k in range(2)])
    assert sorted(found.tolist()) == starts.tolist()
    for bad in ([], [-1], [16]):
        with pytest.raises(DataError, match=r"SeriesWindows: starts must be at least one row, each of 0 .. 15"):
            SeriesWindows(series, series[:, 0], 3, lookback=4, starts=np.array(bad, dtype=int))
