"""``forecaster``: an epoch of a forecaster of a series, with a GRU or with a temporal convolutional network.

An epoch is ``BATCHES`` batches of windows, drawn from one series. For each: the rows of the windows, reader, output layer,
mean absolute error; their backward passes; clipping by norm; Adam; reading the loss. PyTorch gets the same windows and has
the same layers, residual blocks included.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from typing import Any

import numpy as np

from benchmarks.contest import Row
from benchmarks.epoch import adam_epoch
from benchmarks.measure import measure, our_library
from scratchnn.backend import move
from scratchnn.data import SeriesWindows
from scratchnn.models.forecaster import Forecaster

OPPONENTS = ("torch",)
Case = dict[str, Any]

SIZES, QUICK_SIZES = (128, 48, 16, 32), (3, 9, 2, 4)  # N windows per batch, W rows, C inputs, H units
BATCHES, QUICK_BATCHES = 20, 2
READERS = {"recurrent": "GRU", "tcn": "TCN"}
KERNEL = 3
LR, MAX_NORM = 0.002, 1.0


def rows(name: str, options: argparse.Namespace, settings: dict[str, Any]) -> list[Row]:
    """One row per reader."""
    theirs = "benchmarks.forecaster_torch:theirs" if "torch" in options.against else ""
    N, W, C, H = QUICK_SIZES if options.quick else SIZES
    count = QUICK_BATCHES if options.quick else BATCHES
    found = []
    for reader, title in READERS.items():
        case = {"reader": reader, "sizes": [N, W, C, H], "batches": count}
        if reader == "tcn":
            per_step = C * H + 2 * KERNEL * H * H * len(dilations(W))
        else:
            per_step = (C + H) * 3 * H
        label = f"{title}, {count} x {N} windows, {W}, {C}, {H}"
        found.append(Row("forecaster", label, case, "benchmarks.forecaster:ours", theirs, 6 * count * N * W * per_step))
    return found


def dilations(width: int) -> list[int]:
    """Those of the blocks of a network that sees a whole window."""
    found = [1]
    while 1 + 2 * (KERNEL - 1) * (2 * found[-1] - 1) < width:
        found.append(2 * found[-1])
    return found


def windows(case: Case) -> SeriesWindows:
    """As many windows as the batches of an epoch have."""
    N, W, C, _ = case["sizes"]
    series = np.random.default_rng(0).standard_normal((N * case["batches"] + W, C)).astype(np.float32)
    return SeriesWindows(series, series[:, 0], N, lookback=W, starts=np.arange(N * case["batches"]))


def ours(case: Case, settings: dict[str, Any]) -> dict[str, Any]:
    """Time our epoch."""
    library, synchronise = our_library(settings)
    _, W, C, H = case["sizes"]
    options = {"hidden_size": H, "reader": case["reader"], "kernel_size": KERNEL}
    model = Forecaster(C, W, 1, **options, rng=np.random.default_rng(0))
    model.to(library)
    batches = windows(case)

    def moved() -> Iterator[Any]:
        return (tuple(move(part, library) for part in batches.batch(0, k)) for k in range(len(batches)))

    return measure(adam_epoch(model, moved, LR, MAX_NORM), settings, synchronise)
