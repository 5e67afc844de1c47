"""The Penn Treebank as a text for language models: 10,000 different words, ``<unk>`` for the others, ``N`` for numbers.

Marcus et al., 1993, in the form of Mikolov's language models (2012). A line is a sentence, with a space at both ends; there
are 929,589 words in train, 73,760 in valid and 82,430 in test, each line's end counted as one. The text is licensed, so
there is no download here: put the files into a folder.
"""

from __future__ import annotations

from pathlib import Path

from scratchnn.datasets.folder import find
from scratchnn.errors import DataError
from scratchnn.text import read_text

SPLITS = ("train", "valid", "test")


def load_ptb(split: str, folder: str | Path | None = None) -> str:
    """The text of one split; ``tokenize(text, "word")`` makes words of it, with ``<eos>`` at the end of each line.

    Args:
        split: ``"train"``, ``"valid"`` or ``"test"``.
        folder: see ``scratchnn.datasets.folder``; files are named ``ptb.train.txt`` or ``train.txt``, plain or ``.gz``.

    Raises:
        DataError: no such split, or nothing there.
    """
    if split not in SPLITS:
        raise DataError(f"unknown split {split!r}; choose one of {', '.join(SPLITS)}")
    names = [stem + end for stem in (f"ptb.{split}.txt", f"{split}.txt") for end in ("", ".gz")]
    return read_text(find("ptb", names, folder))
