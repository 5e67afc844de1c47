"""What is reported of forecasts: a table of errors beside simple forecasts, a figure, and the forecasts as CSV.

Errors of neighbouring forecasts are alike: with delay d and horizon h, two of them share what happened if they are less
than d + h - 1 rows apart. The standard error of a mean is computed from the means m_j of blocks of d + h - 1 windows:

    standard error = sqrt(sum_j (m_j - m)^2 / (J (J - 1)))           J blocks, m: the mean of their means          (1)
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from scratchnn.data import SeriesWindows
from scratchnn.inspection.forecasts import plot_forecasts
from scratchnn.metrics import mean_absolute_error, mean_quantile_error, root_mean_squared_error
from scratchnn.series import Baselines, Section, Table
from scratchnn.series.scale import Column
from scratchnn.series.times import written

if TYPE_CHECKING:
    from matplotlib.figure import Figure

NAME = 20  # columns of a name
DIGITS = 4  # of a forecast that is printed, in units of the target's deviation


def standard_error(errors: np.ndarray, block: int) -> float:
    """Equation (1) for the errors of windows in order of time (K, ...); NaN with fewer than two whole blocks."""
    each = errors.reshape(len(errors), -1).mean(axis=1)
    blocks = len(each) // block
    if blocks < 2:
        return math.nan
    means = each[: blocks * block].reshape(blocks, block).mean(axis=1)
    return float(means.std(ddof=1) / math.sqrt(blocks))  # (1)


def score_lines(
    forecasts: Mapping[str, np.ndarray],
    targets: np.ndarray,
    windows: SeriesWindows,
    baselines: Baselines,
    quantiles: np.ndarray | None,
    levels: Sequence[float],
) -> Iterator[str]:
    """A table of all forecasts.

    Args:
        forecasts: (K, h) by name, the first of which is the model's.
        targets: (K, h), in the same unit.
        windows: whose targets these are.
        baselines: their residuals make intervals.
        quantiles: the model's (K, h, Q), if it has any.
        levels: their levels (Q,).
    """
    block = windows.delay + windows.horizon - 1
    yield ""
    yield f"{'forecast':{NAME}} {'MAE':>10} {'std. error':>12} {'RMSE':>10}"
    for name, values in forecasts.items():
        error = standard_error(np.abs(values - targets), block)
        mae, rmse = mean_absolute_error(values, targets), root_mean_squared_error(values, targets)
        yield f"{name:{NAME}} {mae:10.4f} {'' if math.isnan(error) else f'{error:.4f}':>12} {rmse:10.4f}"
    yield ""
    if quantiles is None:
        return
    names = {"this model": quantiles}
    for name, values in forecasts.items():
        if name in baselines.residuals:
            names[name] = values[:, :, None] + baselines.residuals[name]
    yield f"{'quantiles':{NAME}} {'error':>10} {f'in {levels[0]:g} .. {levels[-1]:g}':>14}"
    for name, found in names.items():
        inside = (targets >= found[:, :, 0]) & (targets <= found[:, :, -1])
        yield f"{name:{NAME}} {mean_quantile_error(found, targets, levels):10.4f} {inside.mean():14.1%}"
    yield ""


def figure_of(
    forecasts: Mapping[str, np.ndarray],
    section: Section,
    rows: np.ndarray,
    windows: SeriesWindows,
    best: str,
    target: str,
    quantiles: np.ndarray | None,
) -> Figure:
    """A figure of a model's forecasts (K, h) and of the best simple ones.

    ``rows`` (K, h) are their targets; ``quantiles`` (K, h, Q) are the model's, if it has any.
    """
    interval = None if quantiles is None else quantiles[:, 0, [0, -1]]
    names = ["this model", best if best in forecasts else "ridge"]
    x = rows[:, 0] if section.table.times is None else section.table.times[rows[:, 0]]
    shown_forecasts = {name: forecasts[name] for name in names}
    return plot_forecasts(x, section.target[rows], shown_forecasts, windows.delay, target, interval)


def forecast_lines(
    table: Table,
    rows: np.ndarray,
    values: np.ndarray,
    target: Column,
    levels: Sequence[float],
    measured: np.ndarray | None,
) -> Iterator[str]:
    """Forecasts as the lines of a CSV file.

    Args:
        table: whose rows, and those after them, are forecast.
        rows: that are forecast (M,), increasing.
        values: the forecasts (M,), or (M, Q) with quantiles.
        target: the column, whose deviation says how many decimals mean something.
        levels: of the quantiles (Q,).
        measured: the values of the target in the table (rows,), written beside the forecasts; not if None.
    """
    names = [f"{target.name} {level:g}" for level in levels] if levels else [f"{target.name} forecast"]
    yield csv_line(["row" if table.times is None else "time", *([] if measured is None else [target.name]), *names])
    decimals = max(DIGITS - 1 - math.floor(math.log10(target.deviation)), 0)
    after = table.times_after(int(rows.max()) + 1 - table.count)
    for row, forecast in zip(rows.tolist(), values.reshape(len(rows), -1).tolist(), strict=True):
        if table.times is None or after is None:
            cells = [str(row + 1)]
        else:
            cells = [written(table.times[row] if row < table.count else after[row - table.count], table.step)]
        if measured is not None:
            known = row < table.count and not math.isnan(measured[row])
            cells.append(f"{measured[row]:.15g}" if known else "")
        yield csv_line([*cells, *(f"{number:.{decimals}f}" for number in forecast)])


def csv_line(cells: Sequence[str]) -> str:
    """Cells as one line of a CSV file, without its end."""
    text = io.StringIO()
    csv.writer(text, lineterminator="").writerow(cells)
    return text.getvalue()
