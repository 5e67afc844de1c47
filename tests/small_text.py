"""Small texts to learn, and small runs of ``train lm`` on them."""

from __future__ import annotations

import random
from pathlib import Path

WORDS = "the cat sat on a mat and dog ran to it".split()
SMALL = ["--hidden", "8", "--batch", "4", "--window", "8", "--epochs", "2", "--lr", "0.01", "--checkpoint-every", "3"]


def small_text(lines: int = 60, seed: int = 0) -> str:
    """Lines of six words drawn from eleven, the same ones for the same seed."""
    rng = random.Random(seed)
    return "".join(" ".join(rng.choice(WORDS) for _ in range(6)) + "\n" for _ in range(lines))


def write_text(path: Path, lines: int = 60, seed: int = 0) -> Path:
    """A file of it."""
    path.write_text(small_text(lines, seed), encoding="utf-8")
    return path
