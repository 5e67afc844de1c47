"""Simple forecasts against their definitions, row by row; ridge against scikit-learn's formula and in bounded memory."""

from __future__ import annotations

import json
import tracemalloc

import numpy as np
import pytest
from small_series import csv_text, hours, small_table, values_of

from scratchnn.data import SeriesWindows
from scratchnn.errors import DataError
from scratchnn.series import Baselines, Scale, Section, Step, read_table
from scratchnn.series import ridge as ridge_module
from scratchnn.series.baselines import season_earlier, seasons, simple_forecasts, target_rows
from scratchnn.series.ridge import ALPHAS, Ridge, blocks

HOUR = Step(3600, "second")


@pytest.mark.parametrize(("delay", "horizon", "season"), [(1, 1, 24), (24, 1, 24), (5, 30, 24), (3, 4, 2)])
def test_a_season_earlier_is_the_latest_one_that_is_known(delay, horizon, season):
    values = np.arange(200.0)
    ends = np.array([100, 150])
    found = season_earlier(values, ends, delay, horizon, season)
    for row, a in enumerate(ends):
        for k in range(horizon):
            wanted = a + delay + k
            while wanted > a:  # not known yet
                wanted -= season
            assert found[row, k] == values[wanted]


def test_which_simple_forecasts_there_are():
    values, ends = values_of(400), np.array([170, 300])
    assert list(simple_forecasts(values, ends, 1, 1, HOUR)) == ["last value", "a day earlier", "a week earlier"]
    assert list(simple_forecasts(values, ends, 24, 1, HOUR)) == ["last value", "a week earlier"]  # a day earlier is it
    assert list(simple_forecasts(values, ends - 10, 1, 1, HOUR)) == ["last value", "a day earlier"]  # no week before
    assert list(simple_forecasts(values, ends, 1, 1, None)) == ["last value"]
    assert seasons(Step(1, "month")) == {"a year earlier": 12}
    np.testing.assert_array_equal(
        simple_forecasts(values, ends, 2, 3, None)["last value"], values[ends][:, None].repeat(3, 1)
    )


def windows_of(count=400, calendar=3, horizon=2, seed=0):
    rng = np.random.default_rng(seed)
    series = rng.standard_normal((count, 2 + calendar)).astype(np.float32)
    target = np.concatenate([np.zeros(3), (series[:-3, 0] - 2 * series[:-3, 3])]) + 0.1 * rng.standard_normal(count)
    sizes = {"lookback": 6, "step": 2, "delay": 3, "horizon": horizon}
    make = lambda starts: SeriesWindows(series, target.astype(np.float32), 16, **sizes, starts=starts)  # noqa: E731
    every = np.arange(count - 4 - 3 - horizon + 1)
    return make(every[:250]), make(every[250:])


def test_ridge_is_the_minimum_of_its_objective(monkeypatch):
    train, valid = windows_of()
    ridge = Ridge.fit(train, 2, valid)
    monkeypatch.setattr(ridge_module, "BLOCK", 7 * 15)  # seven windows at a time
    small = Ridge.fit(train, 2, valid)
    np.testing.assert_allclose(small.weights, ridge.weights, rtol=1e-9, atol=1e-12)
    assert ridge.weights.shape == (3 * 2 + 3, 2)
    assert repr(ridge) == f"Ridge of 9 inputs, 2 targets, alpha {ridge.alpha:g}"
    f, y = (np.concatenate(parts) for parts in zip(*blocks(train, 2), strict=True))
    assert f.shape == (250, 9)
    x, _ = train.pick(train.starts[:1])
    np.testing.assert_array_equal(f[0], [*x[0, :, :2].ravel(), *x[0, -1, 2:]])
    slope = f.T @ (f @ ridge.weights + ridge.bias - y) + ridge.alpha * ridge.weights  # half the gradient of the objective
    np.testing.assert_allclose(slope, 0, atol=1e-8)
    np.testing.assert_allclose((f @ ridge.weights + ridge.bias - y).mean(axis=0), 0, atol=1e-10)
    errors = []
    for alpha in ALPHAS:
        monkeypatch.setattr(ridge_module, "ALPHAS", (alpha,))
        one = Ridge.fit(train, 2, valid)
        errors.append(np.abs(one.forecast(valid) - valid.pick(valid.starts)[1]).mean())
    assert ridge.alpha == ALPHAS[int(np.argmin(errors))]


def test_ridge_is_that_of_scikit_learn():
    linear = pytest.importorskip("sklearn.linear_model", reason="scikit-learn is not installed")
    train, valid = windows_of()
    ridge = Ridge.fit(train, 2, valid)
    f, y = (np.concatenate(parts) for parts in zip(*blocks(train, 2), strict=True))
    theirs = linear.Ridge(alpha=ridge.alpha, solver="cholesky").fit(f, y)
    np.testing.assert_allclose(ridge.weights, theirs.coef_.T, rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(ridge.bias, theirs.intercept_, rtol=1e-6, atol=1e-9)


def test_the_memory_of_ridge_does_not_grow_with_lookback_times_windows(monkeypatch):
    monkeypatch.setattr(ridge_module, "BLOCK", 1 << 15)
    monkeypatch.setattr(ridge_module, "MOST_WINDOWS", 10**9)
    peaks = []
    for rows in (2_000, 20_000):
        series = np.random.default_rng(0).standard_normal((rows, 2)).astype(np.float32)
        windows = SeriesWindows(series, series[:, 0], 16, lookback=100)
        tracemalloc.start()
        Ridge.fit(windows, 2, windows)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.2 * peaks[0] + 20_000 * 16  # the numbers of the windows; all windows have 32 MB
    assert peaks[1] < 8e6


def fitted(levels=(0.1, 0.5, 0.9)):
    table = read_table("f.csv", csv_text(small_table(400)))
    valid = Section.of("valid", table, Scale.fit(table, 250, "load", None, True), 250, 330)
    scale = Scale.fit(table, 250, "load", None, True)
    sizes = {"lookback": 24, "step": 1, "delay": 2, "horizon": 3}
    train_windows, valid_windows = valid.part("train", 0, 250).windows(16, sizes), valid.windows(16, sizes)
    return Baselines.fit(train_windows, valid_windows, valid, scale, levels), valid, valid_windows, scale


def test_errors_and_residuals_are_those_of_the_validation_section():
    baselines, valid, windows, scale = fitted()
    forecasts = baselines.forecasts(windows, valid, scale)
    assert list(baselines.errors) == list(forecasts) == ["last value", "a day earlier", "a week earlier", "ridge"]
    targets = valid.target[target_rows(windows)]
    for name, forecast in forecasts.items():
        assert baselines.errors[name] == pytest.approx(np.abs(forecast - targets).mean(), rel=1e-12)
        below = (targets[:, :, None] <= forecast[:, :, None] + baselines.residuals[name]).mean(axis=0)
        np.testing.assert_allclose(below, np.tile([0.1, 0.5, 0.9], (3, 1)), atol=0.02)
    assert baselines.best == "ridge"
    assert baselines.errors["ridge"] < 0.6 * baselines.errors["last value"]


def test_saved_and_loaded(tmp_path):
    for levels in ((0.1, 0.5), ()):
        baselines, valid, windows, scale = fitted(levels)
        baselines.save(tmp_path / "baselines.json")
        again = Baselines.load(tmp_path / "baselines.json")
        assert again.digest() == baselines.digest()
        assert repr(again) == repr(baselines)
        for name, forecast in baselines.forecasts(windows, valid, scale).items():
            np.testing.assert_array_equal(again.forecasts(windows, valid, scale)[name], forecast)
            np.testing.assert_array_equal(again.residuals[name], baselines.residuals[name])
    document = json.loads((tmp_path / "baselines.json").read_text())
    for change in ({"bias": [1.0]}, {"weights": "none"}, {"format": "scratchnn ridge"}, {"errors": None}):
        (tmp_path / "baselines.json").write_text(json.dumps({**document, **change}))
        with pytest.raises(DataError, match=r"baselines.json is damaged"):
            Baselines.load(tmp_path / "baselines.json")


def test_last_value_uses_the_last_known_value_if_the_last_row_is_missing():
    loads = [1.0, 2.0, "NA", 4.0, 5.0, 7.0]
    table = read_table("f.csv", csv_text({"time": hours(6), "load": loads}))
    section = Section.of("all", table, Scale.fit(table, 6, "load", None, False), 0, 6)
    windows = section.windows(4, {"lookback": 2, "step": 1, "delay": 1, "horizon": 1})
    found = simple_forecasts(section.known(0.0), windows.starts + windows.last, 1, 1, HOUR)["last value"]
    assert found[:, 0].tolist() == [2.0, 4.0, 5.0]
    assert section.target[target_rows(windows)][:, 0].tolist() == [4.0, 5.0, 7.0]
