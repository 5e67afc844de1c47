"""A small file of tunes, and short runs of ``train music``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from small_text import command

from scratchnn.datasets.generated import generated_tunes

OPTIONS = ["--hidden", 24, "--embed", 8, "--batch", 4, "--window", 16, "--dropout", 0, "--lr", 0.01]


def write_tunes(path: Path, count: int = 40) -> Path:
    """A file of generated tunes in ABC notation."""
    path.write_text(generated_tunes(count, seed=3), encoding="utf-8")
    return path


def train_music(*options: Any) -> int:
    """Exit status of a short training."""
    return command("train", "music", *OPTIONS, *options)
