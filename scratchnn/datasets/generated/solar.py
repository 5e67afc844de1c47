"""The power of a solar roof, one row per hour, generated: a series whose best possible forecast is known.

    s_t = max(0, sin(2 pi (hour_t - 6) / 24))                        the sun                                       (1)
    c_t = 1 / (1 + exp(-g_t)),   g_t = 0.97 g_{t-1} + 0.35 a_t       cloud, measured without error                 (2)
    p_t = 10 s_t (1 - 0.8 c_{t-1}) + 0.5 e_t                         power in kW                                   (3)

a_t and e_t are independent standard normal numbers. One row ahead, everything in (3) but e_t is known, so that no forecast
has a smaller mean absolute error than 0.5 sqrt(2 / pi), 0.399 kW, nor a smaller root mean squared error than 0.5 kW. The
product in (3) is beyond a linear forecast.
"""

from __future__ import annotations

import math

import numpy as np

from scratchnn.errors import whole_number

NOISE = 0.5  # kW
BEST = NOISE * math.sqrt(2 / math.pi)  # mean absolute error of the best possible forecast, one row ahead


def generated_solar(rows: int, seed: int) -> str:
    """A CSV file with the columns ``time``, ``cloud`` and ``power``.

    Args:
        rows: hours, at least 2, from 2021-01-01 00:00 on.
        seed: of all random numbers; the same rows and seed give the same file.
    """
    whole_number(rows, "generated_solar: rows", 2)
    rng = np.random.default_rng(whole_number(seed, "generated_solar: seed", 0))
    g = np.zeros(rows + 1)
    for t, a in enumerate(rng.standard_normal(rows)):
        g[t + 1] = 0.97 * g[t] + 0.35 * a  # (2)
    cloud = 1 / (1 + np.exp(-g))  # (2)
    hours = np.arange(rows)
    sun = np.maximum(0, np.sin(2 * np.pi * (hours % 24 - 6) / 24))  # (1)
    power = 10 * sun * (1 - 0.8 * cloud[:-1]) + NOISE * rng.standard_normal(rows)  # (3)
    times = (np.datetime64("2021-01-01T00", "h") + hours).astype(str).tolist()
    lines = [f"{time.replace('T', ' ')}:00,{c:.5f},{p:.5f}" for time, c, p in zip(times, cloud[1:], power, strict=True)]
    return "\n".join(["time,cloud,power", *lines, ""])
