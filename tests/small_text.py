"""Small texts to learn, and small runs of ``train lm`` on them."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

from scratchnn.files import write_atomically

WORDS = ["the", "cat", "sat", "on", "a", "mat", "and", "dog", "ran", "to", "it"]


def small_text(lines: int = 60, seed: int = 0) -> str:
    """Lines of six words drawn from eleven, the same ones for the same seed."""
    rng = random.Random(seed)
    return "".join(" ".join(rng.choice(WORDS) for _ in range(6)) + "\n" for _ in range(lines))


def write_text(path: Path, lines: int = 60, seed: int = 0) -> Path:
    """A file of it."""
    path.write_text(small_text(lines, seed), encoding="utf-8")
    return path


def make_quick(monkeypatch: Any) -> None:
    """No waiting for the disk, which only a power cut would need, and a file of three bytes in place of the figure."""
    monkeypatch.setattr("os.fsync", lambda number: None)
    monkeypatch.setattr("scratchnn.commands.train_lm.save_figure", lambda figure, path: write_atomically(path, b"PNG"))
    monkeypatch.setattr("scratchnn.commands.train_lm.plot_history", lambda history, title: None)
