"""Made-up data of chapter 13: the best possible forecast of the solar roof from its power alone, and a random walk.

The roof is that of ``datasets/generated/solar.py``. The power at row t depends on a hidden number g_t, the clouds:

    g_{t+1} = 0.97 g_t + 0.35 a_t,   v_t = 10 s_t (1 - 0.8 / (1 + exp(-g_t))) + 0.5 e_t      s_t: the sun          (1)

a_t and e_t are independent standard normal numbers. If the clouds are not measured, all that is known of g_t is a
probability for each of its values. It is updated with every row, here on a grid of values (a Bayes filter):

    P(g_t | v_0 .. v_t) = c P(v_t | g_t) sum over g_{t-1} of P(g_t | g_{t-1}) P(g_{t-1} | v_0 .. v_{t-1})          (2)

where c makes the sum over all values of g_t equal to 1.

Its forecast is the whole distribution of v_{t+d}, and its quantiles are the best there are: no forecast that knows only the
power can have a smaller expected error.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from scratchnn.datasets.generated.solar import NOISE
from scratchnn.functions import sigmoid

STAY, SHOCK, PEAK, SHADE = 0.97, 0.35, 10.0, 0.8  # the numbers of (1)
CLOUDS = np.linspace(-6, 6, 121)  # values of g, more than four standard deviations in both directions
POWERS = np.linspace(-3, 13, 801)  # kW, values of v


def sun(rows: int) -> np.ndarray:
    """s_t of the first rows (rows,), which begin at midnight: 0 at night, 1 at noon."""
    return np.maximum(0, np.sin(2 * np.pi * (np.arange(rows) % 24 - 6) / 24))


def best_quantiles(power: np.ndarray, ahead: int, levels: Sequence[float]) -> np.ndarray:
    """Quantiles (rows, Q) of the power ``ahead`` rows after each row, if (1) and the ``power`` (rows,) so far are known."""
    move = np.exp(-((CLOUDS - STAY * CLOUDS[:, None]) ** 2) / (2 * SHOCK**2))
    move /= move.sum(axis=1, keepdims=True)  # (from, to)
    rows = len(power)
    expected = PEAK * sun(rows + ahead)[:, None] * (1 - SHADE * sigmoid(CLOUDS))  # (rows + ahead, values of g)
    belief = (np.abs(CLOUDS) < 1e-9).astype(float)  # g_0 = 0
    beliefs = np.empty((rows, len(CLOUDS)))
    for t in range(rows):
        belief *= np.exp(-((power[t] - expected[t]) ** 2) / (2 * NOISE**2))  # (2)
        belief /= belief.sum()
        beliefs[t] = belief
        belief = belief @ move  # (2)
    beliefs = beliefs @ np.linalg.matrix_power(move, ahead)  # of g at the row that is forecast
    found = np.empty((rows, len(levels)))
    for hour in range(24):
        at = (np.arange(rows) + ahead) % 24 == hour
        mean = expected[hour]  # the same every day
        density = np.exp(-((POWERS - mean[:, None]) ** 2) / (2 * NOISE**2))
        density /= density.sum(axis=1, keepdims=True)
        below = np.cumsum(beliefs[at] @ density, axis=1)  # (days, values of v)
        for k, level in enumerate(levels):
            found[at, k] = POWERS[(below < level).sum(axis=1)]
    return found


def random_walk(rows: int, seed: int) -> np.ndarray:
    """A price that begins at 100 and changes by a standard normal number at each step (rows,)."""
    return 100 + np.cumsum(np.random.default_rng(seed).standard_normal(rows))
