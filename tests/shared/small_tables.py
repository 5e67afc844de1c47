"""Small files of labelled texts and of pairs, and small runs on them, as they would be typed."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

from small_text import command

GOOD, BAD, NEUTRAL = ("good", "fine", "great"), ("bad", "awful", "poor"), ("the", "film", "plot", "was", "and")
NUMBERS = "zero one two three four five six seven eight nine ten eleven".split()
PAIRS = [(str(number), word) for number, word in enumerate(NUMBERS)]
OPTIONS = {
    "classifier": ["--hidden", 6, "--embed", 5, "--batch", 8, "--epochs", 6, "--lr", 0.03],
    "tagger": [
        *("--hidden", 12, "--embed", 10, "--character-embed", 6, "--character-hidden", 6),
        *("--batch", 8, "--epochs", 6, "--lr", 0.03, "--dropout", 0),
    ],
    "seq2seq": ["--hidden", 24, "--embed", 8, "--batch", 4, "--epochs", 40, "--lr", 0.02],
}


def reviews(count: int = 60, seed: int = 0) -> list[tuple[str, str]]:
    """Texts of one to six words, one of which decides whether the label is ``pos`` or ``neg``."""
    rng = random.Random(seed)
    found = []
    for k in range(count):
        words = [rng.choice(NEUTRAL) for _ in range(rng.randrange(6))]
        words.insert(rng.randrange(len(words) + 1), rng.choice((GOOD, BAD)[k % 2]))
        found.append((" ".join(words), ("pos", "neg")[k % 2]))
    return found


def write_columns(path: Path, sentences: list[tuple[list[str], list[str]]]) -> Path:
    """A file with one word and its tag per line, and an empty line after each sentence."""
    lines = ["".join(f"{word}\t{tag}\n" for word, tag in zip(*one, strict=True)) for one in sentences]
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def write_pairs(path: Path, pairs: list[tuple[str, str]]) -> Path:
    """A file with one pair per line, a tab between its two parts."""
    path.write_text("".join(f"{first}\t{second}\n" for first, second in pairs), encoding="utf-8")
    return path


def train_task(kind: str, *arguments: Any) -> int:
    """Exit status of a short ``train``; what is given last counts."""
    return command("train", kind, *OPTIONS[kind], *arguments)
