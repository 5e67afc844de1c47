"""Small series of measurements as CSV files, and short runs of ``train forecaster`` on them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from small_text import command

SIZES = ["--lookback", 12, "--hidden", 6, "--batch", 16, "--epochs", 2]


def hours(count: int, first: str = "2020-01-01T00", step: int = 1) -> list[str]:
    """Times at which hours begin, as ``2020-01-01 00:00:00``."""
    times = np.datetime64(first, "s") + step * 3600 * np.arange(count)
    return [text.replace("T", " ") for text in times.astype(str).tolist()]


def values_of(count: int, seed: int = 0) -> np.ndarray:
    """A wave of a day with noise (rows,)."""
    rng = np.random.default_rng(seed)
    return 10 + 3 * np.sin(2 * np.pi * np.arange(count) / 24) + 0.3 * rng.standard_normal(count)


def csv_text(columns: dict[str, Sequence[Any]]) -> str:
    """A CSV file with these columns."""
    rows = zip(*columns.values(), strict=True)
    return "\n".join([",".join(columns), *(",".join(map(str, row)) for row in rows), ""])


def small_table(count: int = 240, **more: Sequence[Any]) -> dict[str, Sequence[Any]]:
    """Columns ``time``, ``load`` and ``wind``, a row per hour, and ``more``."""
    wind = np.random.default_rng(1).uniform(0, 5, count).round(3).tolist()
    return {"time": hours(count), "load": values_of(count).round(4).tolist(), "wind": wind, **more}


def write_series(path: Path, columns: dict[str, Sequence[Any]] | None = None) -> Path:
    """A CSV file with these columns, those of ``small_table`` if None."""
    path.write_text(csv_text(small_table() if columns is None else columns), encoding="utf-8")
    return path


def train_series(*arguments: Any) -> int:
    """Exit status of a short ``train forecaster``."""
    return command("train", "forecaster", *SIZES, *arguments)
