"""Solutions to the exercises of chapter 13; ``python -m scratchnn exercise 13.2 --solution`` prints one."""

import numpy as np


# 13.1: equation (1); a constant series is nowhere away from its mean
def autocorrelation(v, k):
    away = v - v.mean()
    total = away @ away
    return away[: len(v) - k] @ away[k:] / total if total > 0 else 0.0


# 13.2: equation (3); the last known row of the first window is T - 1
def make_windows(v, T, d):
    N = max(len(v) - (T - 1 + d), 0)
    rows = np.arange(N)[:, None] + np.arange(T)  # (N, T)
    return v[rows], v[len(v) - N :]


# 13.3: as many seasons back as it takes to reach a known row
def season_earlier(v, t, d, S):
    seasons = -(-d // S)  # d / S, rounded up
    return v[t + d - S * seasons]


# 13.4: measured on the training part, applied to all rows
def scale(x, train):
    mean, deviation = x[:train].mean(axis=0), x[:train].std(axis=0)
    return (x - mean) / np.where(deviation > 0, deviation, 1)


# 13.5: equation (8)
def pinball_gradient(y, v, q):
    away = v[:, None] - y  # (N, Q)
    return np.where(away > 0, -q, 1 - q) / away.size
