"""The figures of chapter 13, Time series."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from scratchnn.book.figures.boxes import FILLS, arrow, box, drawing
from scratchnn.book.figures.strips import CELL, bracket, strip
from scratchnn.plot import COLOURS, label, new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

BEST = "best possible"
GREY = "#bbbbbb"

# --- the series ------------------------------------------------------------------------------------------------------


def answer(measured: np.ndarray, interval: np.ndarray, errors: Mapping[str, float]) -> Figure:
    """Four days of power (rows,) with forecast quantiles (rows, 3), and mean absolute errors by name."""
    figure, (left, right) = new_figure(11, 3.8, ncols=2, width_ratios=(3, 2))
    hours = np.arange(len(measured))
    left.fill_between(hours, interval[:, 0], interval[:, 2], color=COLOURS[0], alpha=0.25, label="interval of 80 %")
    left.plot(hours, interval[:, 1], color=COLOURS[0], label="forecast six hours before")
    left.plot(hours, measured, ".", color="black", markersize=5, label="measured")
    left.set_xticks(np.arange(0, len(measured) + 1, 12), [f"{k % 24}:00" for k in range(0, len(measured) + 1, 12)])
    left.set_ylim(top=1.35 * max(measured.max(), interval.max()))
    left.legend(loc="upper left", ncols=3, fontsize=8)
    label(left, "Four days of the test part", "hour of the day", "power (kW)")
    _bars(right, errors)
    return figure


def _bars(axes: Any, errors: Mapping[str, float]) -> None:
    """Horizontal bars of errors with their values; the best possible one is the last, and grey."""
    names = sorted(errors, key=lambda name: name == BEST)
    colours = [GREY if name == BEST else COLOURS[0] for name in names]
    axes.barh(np.arange(len(names)), [errors[name] for name in names], color=colours)
    axes.set_yticks(np.arange(len(names)), names)
    axes.invert_yaxis()
    axes.set_xlim(0, 1.18 * max(errors.values()))
    for k, name in enumerate(names):
        style = {"facecolor": "white", "edgecolor": "none", "pad": 1}
        place = errors[name] + 0.03 * max(errors.values()), k
        axes.text(*place, f"{errors[name]:.2f}", va="center", fontsize=9, bbox=style)
    label(axes, "Wrong by, on average", "mean absolute error (kW)", "")


def errors(values: Mapping[str, float]) -> Figure:
    """Mean absolute errors by name, as bars."""
    figure, axes = new_figure(7.5, 0.9 + 0.36 * len(values))
    _bars(axes, values)
    return figure


def look(power: np.ndarray) -> Figure:
    """The highest power of each day, and the first two weeks hour by hour."""
    figure, (top, bottom) = new_figure(10, 5, nrows=2)
    days = power[: len(power) // 24 * 24].reshape(-1, 24).max(axis=1)
    top.plot(days, color=COLOURS[0], linewidth=1)
    label(top, "A year of days", "day", "highest power (kW)")
    bottom.plot(np.arange(336) / 24, power[:336], color=COLOURS[0], linewidth=1)
    bottom.set_xticks(range(15))
    label(bottom, "Two weeks of hours", "day", "power (kW)")
    return figure


def periods(lags: np.ndarray, hours: np.ndarray, spectrum: np.ndarray) -> Figure:
    """Autocorrelation for 0 .. K steps, and the amplitude for each period in hours."""
    figure, (left, right) = new_figure(10, 3.6, ncols=2)
    left.axhline(0, color="black", linewidth=0.8)
    left.plot(lags, ".-", color=COLOURS[0])
    left.set_xticks(range(0, len(lags), 12))
    label(left, "The series and its shifted copy", "shift $k$ (hours)", "autocorrelation $r_k$")
    right.plot(24 / hours, spectrum, color=COLOURS[0])
    right.set_xticks([1, 2, 3, 4, 5], ["1\n24 h", "2\n12 h", "3\n8 h", "4\n6 h", "5\n4.8 h"])
    label(right, "The waves in the series", "cycles per day, and their period", "amplitude $A_\\nu$ (kW)")
    return figure


# --- diagrams --------------------------------------------------------------------------------------------------------


def windows() -> Figure:
    """Two windows of a series as rows of an array, and the three parts of a series in order of time."""
    figure, axes = drawing(10, 4.9)
    blue, orange, white = FILLS["data"], "#f6c9a0", "white"
    left, series = 0.5, [f"$v_{{{k}}}$" for k in range(12)]
    strip(axes, left, 4.2, [white] * 12, series)
    axes.text(left + 12 * CELL + 0.15, 4.38, "the series", va="center", fontsize=9)
    for n, y in enumerate((3.45, 2.7)):
        x = left + n * CELL
        strip(axes, x, y, [blue] * 5, series[n : n + 5])
        strip(axes, x + 6 * CELL, y, [orange], [series[n + 6]])
        axes.annotate(
            "", (x + 6 * CELL, y + 0.18), (x + 5 * CELL, y + 0.18), arrowprops={"arrowstyle": "->", "color": "grey"}
        )
    bracket(axes, left + CELL, left + 6 * CELL, 2.6, "$T = 5$ steps", COLOURS[0])
    bracket(axes, left + 6 * CELL, left + 8 * CELL, 2.6, "$d = 2$", COLOURS[1])
    arrow(axes, (4.6, 3.25), (5.7, 3.25), "stack")
    box(axes, (6.6, 3.55), "inputs x\n(N, T, D)", "data", 1.5, 0.6)
    box(axes, (6.6, 2.8), "targets\n(N,)", "layer", 1.5, 0.6)
    axes.text(7.6, 3.55, "D numbers per step:\npower, sine, cosine", va="center", fontsize=9)
    parts = (
        ("training: learn", 0.5, 5.6, blue),
        ("validation: choose", 5.6, 7.6, "#dcefe6"),
        ("test: once", 7.6, 9.5, orange),
    )
    from matplotlib.patches import Rectangle

    for name, start, end, colour in parts:
        axes.add_patch(Rectangle((start, 0.85), end - start, 0.45, facecolor=colour, edgecolor="grey"))
        axes.text((start + end) / 2, 1.075, name, ha="center", va="center", fontsize=9)
    axes.annotate("", (9.5, 1.62), (0.5, 1.62), arrowprops={"arrowstyle": "->", "color": "grey"})
    axes.text(0.5, 1.7, "time", fontsize=9, color="grey")
    bracket(axes, 0.5, 5.6, 0.6, "mean and deviation from here only", COLOURS[0])
    axes.plot([5.0, 5.75], [1.45, 1.45], color=COLOURS[0], linewidth=3)
    axes.plot(5.95, 1.45, "s", color=COLOURS[1])
    axes.text(6.1, 1.47, "a validation window and its target", va="center", fontsize=9)
    return figure


def reader() -> Figure:
    """From a window to a forecast: GRU, dense layer, last value, with shapes."""
    figure, axes = drawing(10, 3.4)
    xs = [1.0, 2.6, 5.6]
    names = ["$x_1$", "$x_2$", "$x_T$"]
    for x, name in zip(xs, names, strict=True):
        box(axes, (x, 0.55), f"{name} (N, D)", "data", 1.15, 0.45)
        box(axes, (x, 1.75), "GRU", "state", 0.9, 0.5)
        arrow(axes, (x, 0.78), (x, 1.5))
    arrow(axes, (1.45, 1.75), (2.15, 1.75), "$h_1$")
    arrow(axes, (3.05, 1.75), (3.75, 1.75), "$h_2$")
    axes.text(4.1, 1.75, "...", ha="center", va="center", fontsize=14)
    axes.text(4.1, 0.55, "...", ha="center", va="center", fontsize=14)
    arrow(axes, (4.45, 1.75), (5.15, 1.75))
    arrow(axes, (6.05, 1.75), (7.0, 1.75), "$h_T$\n(N, H)")
    box(axes, (7.6, 1.75), "dense", "layer", 1.1, 0.5)
    arrow(axes, (8.15, 1.75), (8.62, 1.75))
    axes.plot(8.8, 1.75, "o", markersize=17, color="white", markeredgecolor="black", zorder=2)
    axes.text(8.8, 1.75, "+", ha="center", va="center", fontsize=13, zorder=3)
    arrow(axes, (8.8, 1.94), (8.8, 2.55))
    box(axes, (8.8, 2.82), "y: (N, 1) or (N, Q)", "data", 1.9, 0.5)
    axes.plot([6.18, 8.8], [0.55, 0.55], color=COLOURS[1])
    arrow(axes, (8.8, 0.55), (8.8, 1.56), colour=COLOURS[1])
    axes.text(7.5, 0.65, "the last value", ha="center", va="bottom", fontsize=9, color=COLOURS[1])
    axes.text(1.0, 2.45, "encode: scaled values, a clock", fontsize=9, ha="left")
    axes.text(4.6, 2.45, "sum up the time", fontsize=9, ha="left")
    axes.text(7.6, 2.45, "decode", fontsize=9, ha="center")
    return figure


# --- training and intervals ------------------------------------------------------------------------------------------


def dropout(left: Mapping[str, np.ndarray], curves: Mapping[str, Sequence[float]]) -> Figure:
    """Which entries of states (N, T, H) that begin as 1 are left at each step, and validation errors by epoch."""
    figure, (shares, errors_by_epoch) = new_figure(10, 3.6, ncols=2)
    for (name, states), colour in zip(left.items(), (COLOURS[0], COLOURS[3]), strict=True):
        share = np.r_[1, (states > 0).mean(axis=(0, 2))]
        shares.plot(np.arange(len(share)), 100 * share, ".-", color=colour, label=name)
    shares.set_ylim(-5, 112)
    shares.legend(loc="center right")
    label(shares, "What is left of a memory", "step", "entries that are left (%)")
    for (name, curve), colour in zip(curves.items(), (COLOURS[1], COLOURS[0]), strict=True):
        errors_by_epoch.plot(np.arange(1, len(curve) + 1), curve, color=colour, label=name)
    errors_by_epoch.legend()
    label(errors_by_epoch, "A GRU that learns from two months", "epoch", "validation error (kW)")
    return figure


def pinball(constants: np.ndarray, losses: Mapping[float, Sequence[float]], sample: np.ndarray) -> Figure:
    """The loss of one measurement for each level, and the mean loss of a constant forecast for a sample."""
    figure, (left, right) = new_figure(10, 3.6, ncols=2)
    away = np.linspace(-2, 2, 101)  # forecast minus measurement
    for (level, values), colour in zip(losses.items(), COLOURS, strict=False):
        left.plot(away, np.maximum(-level * away, (1 - level) * away), color=colour, label=f"$q = {level}$")
        right.plot(constants, values, color=colour)
        right.axvline(np.quantile(sample, level), color=colour, linestyle=":")
        right.plot(constants[int(np.argmin(values))], min(values), "o", color=colour)
    left.legend()
    label(left, "One measurement", "forecast minus measurement", "pinball loss")
    label(right, "Many measurements", "constant forecast", "mean pinball loss")
    return figure


def coverage(shares: Mapping[str, np.ndarray]) -> Figure:
    """The share of measurements inside the interval by hour of the day (24,), for each kind of interval."""
    figure, axes = new_figure(8.5, 3.8)
    styles = ((COLOURS[1], "o-"), (COLOURS[0], "o-"), (GREY, "--"))
    for (name, values), (colour, style) in zip(shares.items(), styles, strict=True):
        axes.plot(np.arange(24), 100 * values, style, color=colour, markersize=4, label=name)
    axes.axhline(80, color="black", linewidth=1, label="promised: 80 %")
    axes.set_xticks(range(0, 24, 3))
    axes.set_ylim(30, 105)
    axes.legend(loc="lower left", fontsize=9)
    label(axes, "Does the interval keep its promise?", "hour of the day", "measurements inside (%)")
    return figure


# --- the random walk -------------------------------------------------------------------------------------------------


def walk(price: np.ndarray, said: np.ndarray, before: np.ndarray) -> Figure:
    """Forecasts of a price: over all days, over thirty of them, and the changes against each other."""
    figure, (left, middle, right) = new_figure(11, 3.6, ncols=3)
    for axes, part, style in ((left, slice(None), "-"), (middle, slice(100, 130), ".-")):
        days = np.arange(len(price))[part]
        axes.plot(days, price[part], style, color="black", linewidth=1, label="price")
        axes.plot(days, said[part], style, color=COLOURS[1], linewidth=1, label="forecast, one day before")
    left.legend(fontsize=8)
    label(left, "Impressive", "day", "price")
    label(middle, "Thirty days of it", "day", "price")
    right.plot(said - before, price - before, ".", markersize=3, color=COLOURS[0])
    limit = 1.05 * np.abs(price - before).max()
    right.plot([-limit, limit], [-limit, limit], color="black", linewidth=0.8, label="perfect")
    right.set(xlim=(-limit, limit), ylim=(-limit, limit))
    right.legend(fontsize=8)
    label(right, "Changes", "change that was forecast", "change that came")
    return figure


def leaks(errors: Mapping[str, float], last: float, split: Mapping[str, tuple[float, float]]) -> Figure:
    """Errors one step ahead by preparation, and five steps ahead by split, each beside that of the last value."""
    figure, (left, right) = new_figure(11, 3.2, ncols=2, width_ratios=(3, 2))
    _bars(left, errors)
    left.axvline(last, color="black", linestyle="--", label="last value")
    label(left, "One step ahead, ridge", "mean absolute error", "")
    _bars(right, {name: found[0] for name, found in split.items()})
    for k, found in enumerate(split.values()):
        right.plot(
            [found[1], found[1]], [k - 0.4, k + 0.4], color="black", linestyle="--", label="last value" if k == 0 else ""
        )
    label(right, "Five steps ahead, two neighbours", "mean absolute error", "")
    left.legend(fontsize=8, loc="lower right")
    right.legend(fontsize=8, loc="lower right")
    return figure
