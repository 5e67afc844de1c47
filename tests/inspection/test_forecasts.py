"""The figures of forecasts show what they are given."""

from __future__ import annotations

import warnings
from itertools import pairwise

import numpy as np
import pytest

from scratchnn.inspection.forecasts import MOST_ROWS, plot_comparison, plot_forecasts


def lines_of(axes):
    return {line.get_label(): line for line in axes.get_lines()}


def test_forecasts_beside_what_was_measured():
    rng = np.random.default_rng(0)
    targets = rng.standard_normal((400, 3))
    forecasts = {"this model": targets + 1, "ridge": targets - [1.0, 2.0, 3.0]}
    interval = np.stack([targets[:, 0], targets[:, 0] + 2], axis=1)
    figure = plot_forecasts(np.arange(400), targets, forecasts, 2, "load", interval)
    first, against, by_horizon, residuals = figure.axes
    shown = lines_of(first)
    np.testing.assert_array_equal(shown["measured"].get_ydata(), targets[-MOST_ROWS:, 0])
    np.testing.assert_array_equal(shown["ridge"].get_ydata(), targets[-MOST_ROWS:, 0] - 1)
    assert "interval" in first.get_legend_handles_labels()[1]
    np.testing.assert_array_equal(against.get_lines()[0].get_ydata(), targets[:, 0] + 1)
    heights = [bar.get_height() for bar in by_horizon.patches]
    np.testing.assert_allclose(heights, [1, 1, 1, 1, 2, 3])
    centres = [bar.get_x() + bar.get_width() / 2 for bar in by_horizon.patches]
    assert np.round(centres).tolist() == [2, 3, 4, 2, 3, 4]
    assert by_horizon.get_legend_handles_labels()[1] == ["this model, mean 1", "ridge, mean 2"]
    assert residuals.get_title() == "Residuals"


def test_labels_of_dates_are_apart():
    """A month that begins within the two weeks shown gets no label of its own."""
    hours = np.datetime64("2021-12-18T00:00:00") + np.arange(MOST_ROWS) * np.timedelta64(3600, "s")
    targets = np.sin(np.arange(MOST_ROWS))[:, None]
    figure = plot_forecasts(hours, targets, {"this model": targets}, 1, "load")
    figure.canvas.draw()
    panel = figure.axes[0].get_window_extent()
    boxes = [label.get_window_extent() for label in figure.axes[0].get_xticklabels()]
    boxes = [box for box in boxes if panel.x0 <= (box.x0 + box.x1) / 2 <= panel.x1]
    assert len(boxes) >= 3
    assert all(left.x1 < right.x0 for left, right in pairwise(boxes))


@pytest.mark.parametrize("minutes", [2.5, 150, 3350, 3480, 1_260_000])
def test_every_span_of_dates_has_labels(minutes):
    """336 rows of ten minutes are 56 hours: more than six labels every ten hours, fewer than three every day."""
    x = np.datetime64("2020-01-01T00:00:00") + (np.linspace(0, minutes * 60, 40)).astype("timedelta64[s]")
    values = np.arange(40.0)[:, None]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        figure = plot_forecasts(x, values, {"this model": values + 1}, 1, "load")
        figure.canvas.draw()
        texts = [label.get_text() for label in figure.axes[0].get_xticklabels()]
    assert 2 <= len([text for text in texts if text]) <= 7


def test_perfect_forecasts_can_be_drawn():
    targets = np.arange(5.0)[:, None]
    figure = plot_forecasts(np.arange(5), targets, {"this model": targets, "ridge": targets + 1e-17}, 1, "load")
    assert len(figure.axes) == 4


def test_models_by_size_and_time():
    rows = [
        {"name": name, "mae": mae, "parameters": size, "seconds": seconds}
        for name, mae, size, seconds in (("GRU", 2.0, 500, 30.0), ("GRU", 2.2, 500, 40.0), ("TCN", 1.9, 900, 50.0))
    ]
    figure = plot_comparison(rows, {"week": 4.0, "ridge": 2.1, "last value": 3.0}, "load")
    for axes, quantity in zip(figure.axes, ("parameters", "seconds"), strict=True):
        shown = lines_of(axes)
        assert list(shown) == ["GRU", "TCN", "ridge", "last value"]
        np.testing.assert_array_equal(shown["GRU"].get_xdata(), [row[quantity] for row in rows[:2]])
        np.testing.assert_array_equal(shown["GRU"].get_ydata(), [2.0, 2.2])
        assert axes.get_xscale() == "log"
