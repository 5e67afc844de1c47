"""The text that word vectors are trained on: one plain file that both contestants read, so that they read the same."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path

from scratchnn.datasets import python_manual
from scratchnn.datasets.folder import find
from scratchnn.errors import DataError
from scratchnn.word2vec.corpus import read_pieces

PTB = ("ptb.train.txt", "ptb.train.txt.gz", "train.txt", "train.txt.gz")
LONGEST = 10_000  # words in a line; gensim cuts longer ones itself
WORD = re.compile(r"[a-z0-9']+")


def default_text() -> Path | None:
    """PTB's training text, where there is one in the usual folder."""
    try:
        return find("ptb", PTB)
    except DataError:
        return None


def lines(path: Path | None) -> Iterator[list[str]]:
    """The words of each line of a file, plain or ``.gz``; without a file, of the manual that every Python carries."""
    if path is None:
        for line in python_manual().lower().split("\n"):
            yield WORD.findall(line)
        return
    for piece in read_pieces([path]):
        for line in piece.split("\n"):
            yield line.split()


def write_text(path: Path | None, out: Path, words: int | None = None) -> int:
    """Write the first ``words`` words (all where absent) to ``out``, one space between two; returns how many there were."""
    written = 0
    with open(out, "w", encoding="utf-8") as file:
        for line in lines(path):
            kept = line if words is None else line[: words - written]
            for start in range(0, len(kept), LONGEST):
                file.write(" ".join(kept[start : start + LONGEST]) + "\n")
            written += len(kept)
            if written == words:
                break
    return written


def digest(path: Path) -> str:
    """SHA-256 of a file."""
    found = hashlib.sha256()
    with open(path, "rb") as file:
        while block := file.read(1 << 20):
            found.update(block)
    return found.hexdigest()
