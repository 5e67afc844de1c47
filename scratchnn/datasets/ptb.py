"""The Penn Treebank as a text for language models: 10,000 different words, ``<unk>`` for all others, ``N`` for numbers.

Marcus et al., 1993, in the form of Mikolov's language models (2012). Each line is a sentence, with a space at both ends.
There are 929,589 words in train, 73,760 in valid and 82,430 in test, with one ``<eos>`` counted per line. The text is
licensed, so it cannot be downloaded here: put the files into a folder.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

from scratchnn.datasets.registry import DataSet, File
from scratchnn.errors import DataError
from scratchnn.text import read_text
from scratchnn.text.files import split_lines

SHA256 = {  # of the unpacked files
    "train": "fcea919f6cf83f35d4d00c6cbf08040d13d4155226340912e2fef9c9c4102cbf",
    "valid": "c9fe6985fe0d4ccb578183407d7668fc6066c20700cb4cf87d8ff1cc34df1bf2",
    "test": "dd65dff31e70846b2a6030a87482edcd5d199130cdcfa1f3dccbb033728deee0",
}


def load_ptb(split: str, folder: str | Path | None = None) -> str:
    """The text of one split; ``tokenize(text, "word")`` splits it into words, with ``<eos>`` at the end of each line.

    Args:
        split: ``"train"``, ``"valid"`` or ``"test"``.
        folder: see ``scratchnn.datasets.folder``; files are named ``ptb.train.txt`` or ``train.txt``, plain or ``.gz``.

    Raises:
        DataError: the split is unknown, or the file is missing.
    """
    if split not in SHA256:
        raise DataError(f"unknown split {split!r}; choose one of {', '.join(SHA256)}")
    return read_text(DATASET.find(split, folder))


def _check(part: str, folder: str | Path | None) -> str:
    """Read one split and compare it with the standard text."""
    text = load_ptb(part, folder)
    found = f"{text.count(chr(10)):,} lines"
    if hashlib.sha256(text.encode("utf-8")).hexdigest() != SHA256[part]:
        raise DataError(f"{DATASET.find(part, folder)} has {found} but is not the standard text; obtain it again")
    return f"{found}, SHA-256 as expected"


def _lines(folder: str | Path | None) -> Iterator[str]:
    """The training text, without the spaces at both ends of each line."""
    yield from map(str.strip, split_lines(load_ptb("train", folder)))


DATASET = DataSet(
    name="ptb",
    about="Penn Treebank as a text for language models, 10,000 different words",
    licence="licensed by the Linguistic Data Consortium, LDC99T42",
    source="https://catalog.ldc.upenn.edu/LDC99T42, in Mikolov's form (2012)",
    files={
        split: File(tuple(stem + end for stem in (f"ptb.{split}.txt", f"{split}.txt") for end in ("", ".gz")))
        for split in SHA256
    },
    check=_check,
    lines=_lines,
)
