"""The training text of word vectors, written as one plain file so that both contestants read the same words."""

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
LONGEST = 10_000  # words per line; gensim cuts longer lines
WORD = re.compile(r"[a-z0-9']+")


def default_text() -> Path | None:
    """The training text of the Penn Treebank in the data folder; None if there is none."""
    try:
        return find("ptb", PTB)
    except DataError:
        return None


def lines(path: Path | None) -> Iterator[list[str]]:
    """The words of each line of a file, plain or ``.gz``; of the manual that comes with Python if ``path`` is None."""
    if path is None:
        for line in python_manual().lower().split("\n"):
            yield WORD.findall(line)
        return
    for piece in read_pieces([path]):
        for line in piece.split("\n"):
            yield line.split()


def write_text(path: Path | None, out: Path, words: int | None = None) -> int:
    """Write the first ``words`` words (all if None) to ``out``, separated by single spaces; returns their number."""
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
