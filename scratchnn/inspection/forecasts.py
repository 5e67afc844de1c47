"""Figures of forecasts: beside what was measured, their error by horizon, and their residuals; models compared."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from scratchnn.plot import COLOURS, label, new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST_ROWS = 336  # of the line of forecasts: two weeks of hours
BINS = 50


def plot_forecasts(
    x: np.ndarray,
    targets: np.ndarray,
    forecasts: Mapping[str, np.ndarray],
    delay: int,
    target: str,
    interval: np.ndarray | None = None,
) -> Figure:
    """Four panels: the last forecasts beside what was measured, all of them against it, error by horizon, residuals.

    Args:
        x: the row or the time of the first target of each forecast (K,).
        targets: what was measured (K, h).
        forecasts: (K, h) by name, the first of which is the model's.
        delay: rows from the last known one to the first target.
        target: the name of what is forecast.
        interval: the lowest and the highest quantile of the first target (K, 2), drawn as an area; not if None.
    """
    figure, axes = new_figure(12.0, 8.0, nrows=2, ncols=2)
    # after the first figure
    from matplotlib.dates import HOURLY, MINUTELY, MONTHLY, SECONDLY, AutoDateFormatter, AutoDateLocator
    from matplotlib.ticker import MaxNLocator

    real, k = targets[:, 0], slice(max(len(x) - MOST_ROWS, 0), None)
    axes[0, 0].plot(x[k], real[k], color="black", linewidth=1, label="measured")
    if interval is not None:
        axes[0, 0].fill_between(x[k], interval[k, 0], interval[k, 1], color=COLOURS[0], alpha=0.2, label="interval")
    reach = delay + np.arange(targets.shape[1])
    residuals = [values - targets for values in forecasts.values()]
    low, high = min(map(np.min, residuals)), max(map(np.max, residuals))
    edges = np.linspace(low, max(high, low + 1e-6 * max(abs(low), 1)), BINS + 1)  # of bins, also if all are the same
    width = 0.8 / len(forecasts)  # of a bar
    for place, ((name, values), colour) in enumerate(zip(forecasts.items(), COLOURS, strict=False)):
        axes[0, 0].plot(x[k], values[k, 0], color=colour, linewidth=1, label=name)
        error = np.abs(values - targets).mean(axis=0)
        bars = reach + (place + 0.5) * width - 0.4
        axes[1, 0].bar(bars, error, width, color=colour, label=f"{name}, mean {error.mean():.4g}")
        axes[1, 1].hist((values - targets).ravel(), bins=edges, histtype="step", color=colour, label=name)
    ahead = f"{delay} row{'s' if delay > 1 else ''} ahead"
    label(axes[0, 0], f"The last forecasts, {ahead}", "", target)
    if np.issubdtype(np.asarray(x).dtype, np.datetime64):
        dates = AutoDateLocator(minticks=3, maxticks=6, interval_multiples=False)  # all as far apart: no label on another
        for unit, more in ((SECONDLY, 60), (MINUTELY, 60), (HOURLY, 24), (MONTHLY, 12)):
            dates.intervald[unit] = [*dates.intervald[unit], more]  # or no interval fits spans such as 56 hours
        axes[0, 0].xaxis.set_major_locator(dates)
        axes[0, 0].xaxis.set_major_formatter(AutoDateFormatter(dates))
    first = next(iter(forecasts.values()))[:, 0]
    axes[0, 1].plot(real, first, ".", markersize=2, color=COLOURS[0])
    ends = [min(real.min(), first.min()), max(real.max(), first.max())]
    axes[0, 1].plot(ends, ends, color="black", linewidth=1, label="perfect")
    label(axes[0, 1], f"All forecasts of the model, {ahead}", f"measured {target}", f"forecast {target}")
    label(axes[1, 0], "Error by horizon", "rows ahead", f"mean absolute error of {target}")
    axes[1, 0].set_xlim(reach[0] - 1, reach[-1] + 1)
    axes[1, 0].set_ylim(top=1.25 * axes[1, 0].get_ylim()[1])  # above the bars, the legend
    axes[1, 0].xaxis.set_major_locator(MaxNLocator(7, integer=True))
    label(axes[1, 1], "Residuals", f"forecast minus measured {target}", "forecasts")
    for panel in axes.ravel():
        panel.legend()
    return figure


def plot_comparison(rows: Sequence[Mapping[str, Any]], simple: Mapping[str, float], target: str) -> Figure:
    """Validation error of several models against their parameters and their training time.

    Args:
        rows: for each trained model ``name``, ``mae``, ``parameters`` and ``seconds``; a name may occur once per seed.
        simple: the errors of simple forecasts by name; the two smallest are drawn as lines.
        target: the name of what is forecast.
    """
    figure, axes = new_figure(12.0, 4.6, ncols=2, sharey=True)
    names = list(dict.fromkeys(row["name"] for row in rows))
    for axis, quantity in zip(axes, ("parameters", "seconds"), strict=True):
        for k, name in enumerate(names):
            mine = [row for row in rows if row["name"] == name]
            style = {"color": COLOURS[k % len(COLOURS)], "marker": "os^Dv"[k // len(COLOURS) % 5], "linestyle": "none"}
            axis.plot([row[quantity] for row in mine], [row["mae"] for row in mine], label=name, **style)
        for name, line in zip(sorted(simple, key=simple.__getitem__), ("-", "--"), strict=False):
            axis.axhline(simple[name], color="gray", linestyle=line, linewidth=1, label=name)
        axis.set_xscale("log")
        label(axis, f"Error against {quantity}", f"{quantity} of training" if quantity == "seconds" else quantity, "")
    axes[0].set_ylabel(f"validation MAE of {target}")
    axes[1].legend(fontsize="small", loc="center left", bbox_to_anchor=(1.0, 0.5))
    return figure
