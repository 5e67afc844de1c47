"""Simple forecasts that a model has to be better than. Row a is the last one that is known, row a + d + k is forecast.

    last value        v[a]                                                                                         (1)
    a season earlier  v[a + d + k - S n],   n = ceil((d + k) / S), the fewest seasons of S rows that lead back     (2)
                      to a known row
    ridge             the best linear function of the same inputs as the model's, see ``ridge.py``

v is the target with missing values filled in as the model reads them: by the last one before, or the mean of training. An
interval around a simple forecast is the forecast plus constant quantiles of its residuals on the validation section, one
for each target k.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

from scratchnn.data import SeriesWindows
from scratchnn.series.json_part import JsonPart
from scratchnn.series.ridge import Ridge
from scratchnn.series.scale import Scale
from scratchnn.series.section import Section
from scratchnn.series.times import PERIODS, Step


class Baselines(JsonPart):
    """The simple forecasts of a run, a part of it.

    Attributes:
        ridge: the linear forecast.
        errors: mean absolute error of each forecast on the validation section, by name, in the target's unit.
        residuals: quantiles (h, Q) of the residuals of each forecast there, by name, in the target's unit.
    """

    FORMAT: ClassVar[str] = "scratchnn baselines 1"

    def __init__(self, ridge: Ridge, errors: Mapping[str, float], residuals: Mapping[str, np.ndarray]):
        self.ridge, self.errors, self.residuals = ridge, dict(errors), dict(residuals)

    def __repr__(self) -> str:
        """Their validation errors."""
        return f"Baselines: {', '.join(f'{name} {error:.4g}' for name, error in self.errors.items())}"

    @classmethod
    def fit(
        cls, train: SeriesWindows, valid: SeriesWindows, section: Section, scale: Scale, levels: Sequence[float]
    ) -> Baselines:
        """The ridge for training windows, and the errors of all forecasts on the validation section.

        Args:
            train, valid: windows of the training and of the validation section.
            section: the validation section.
            scale: of the series.
            levels: of the quantiles (Q,).
        """
        measurements = train.series.shape[1] - 2 * len(scale.periods)
        found = cls(Ridge.fit(train, measurements, valid), {}, {})
        targets = section.target[target_rows(valid)]
        for name, forecast in found.forecasts(valid, section, scale).items():
            residuals = targets - forecast
            found.errors[name] = float(np.abs(residuals).mean())
            found.residuals[name] = np.quantile(residuals, levels, axis=0).T if levels else np.zeros((valid.horizon, 0))
        return found

    @property
    def best(self) -> str:
        """The name of the forecast with the smallest validation error."""
        return min(self.errors, key=self.errors.__getitem__)

    def forecasts(self, windows: SeriesWindows, section: Section, scale: Scale) -> dict[str, np.ndarray]:
        """All forecasts (K, h) of windows of a section by name, in the target's unit."""
        ends = (np.arange(windows.count) if windows.starts is None else windows.starts) + windows.last
        found = simple_forecasts(section.known(scale.target.mean), ends, windows.delay, windows.horizon, scale.step)
        return {**found, "ridge": scale.in_units(self.ridge.forecast(windows))}

    # --- a part of a run ---------------------------------------------------------------------------------------------

    def document(self) -> dict[str, Any]:
        """All numbers."""
        return {
            "errors": self.errors,
            "residuals": {name: quantiles.tolist() for name, quantiles in self.residuals.items()},
            "measurements": self.ridge.measurements,
            "alpha": self.ridge.alpha,
            "bias": self.ridge.bias.tolist(),
            "weights": self.ridge.weights.tolist(),
        }

    @classmethod
    def from_document(cls, document: dict[str, Any]) -> Baselines:
        """The forecasts with these numbers."""
        weights, bias = (np.array(document[name], dtype=np.float64) for name in ("weights", "bias"))
        if weights.ndim != 2 or bias.shape != weights.shape[1:]:
            raise ValueError(f"weights {weights.shape} and bias {bias.shape} do not belong together")
        ridge = Ridge(weights, bias, int(document["measurements"]), float(document["alpha"]))
        errors = {str(name): float(error) for name, error in document["errors"].items()}
        shape = (len(bias), -1)
        return cls(ridge, errors, {name: np.array(rows).reshape(shape) for name, rows in document["residuals"].items()})


def target_rows(windows: SeriesWindows) -> np.ndarray:
    """The rows (K, h) of the targets of all windows, in their order."""
    starts = np.arange(windows.count) if windows.starts is None else windows.starts
    return starts[:, None] + windows.last + windows.delay + np.arange(windows.horizon)


def seasons(step: Step | None) -> dict[str, int]:
    """The rows S of each season by name: ``a day earlier``, ``a week earlier``, ``a year earlier``."""
    if step is None:
        return {}
    return {f"a {period} earlier": step.rows_in(period) for period in PERIODS if step.rows_in(period)}


def last_value(values: np.ndarray, ends: np.ndarray, horizon: int) -> np.ndarray:
    """Equation (1) for the last known rows ``ends`` (M,): forecasts (M, h)."""
    return np.repeat(values[ends][:, None], horizon, axis=1)  # (1)


def season_earlier(values: np.ndarray, ends: np.ndarray, delay: int, horizon: int, season: int) -> np.ndarray:
    """Equation (2) for the last known rows ``ends`` (M,): forecasts (M, h), NaN before the first row."""
    ahead = delay + np.arange(horizon)
    rows = ends[:, None] + ahead - season * -(-ahead // season)  # (2)  (M, h)
    return np.where(rows >= 0, values[np.maximum(rows, 0)], np.nan)


def simple_forecasts(
    values: np.ndarray, ends: np.ndarray, delay: int, horizon: int, step: Step | None
) -> dict[str, np.ndarray]:
    """Equations (1) and (2) by name, each (M, h); no season that is the last value or needs rows before the first."""
    found = {"last value": last_value(values, ends, horizon)}
    for name, season in seasons(step).items():
        forecast = season_earlier(values, ends, delay, horizon, season)
        if not np.isnan(forecast).any() and not np.array_equal(forecast, found["last value"]):
            found[name] = forecast
    return found
