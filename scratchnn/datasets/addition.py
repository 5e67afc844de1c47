"""Sums of two numbers of one to three digits: ``52+607`` and ``659``. 50,000 questions, no two with the same two numbers.

K. Saitoh, *Deep Learning from Scratch 2* (2018), MIT licence. A line of the file is a source and its target with an
underscore before the target, each filled with spaces: ``52+607 _659 ``.

The parts are split by the question, see ``scratchnn.datasets.pairs``. The book's own split is a random one by a seed.
"""

from __future__ import annotations

from pathlib import Path

from scratchnn.datasets.pairs import PARTS, Pair, check_digest, pairs_of_part
from scratchnn.datasets.registry import DataSet, File
from scratchnn.errors import DataError
from scratchnn.text import read_text
from scratchnn.text.files import split_lines

SHA256 = "34e0746f5014c11311c9452ee9050bf14e38eca44ec4aaf4d81eba2b38674009"  # of the unpacked file


def load_addition(part: str, folder: str | Path | None = None) -> list[Pair]:
    """Sources and targets without the spaces around them.

    Args:
        part: ``"train"``, ``"valid"`` or ``"test"``.
        folder: see ``scratchnn.datasets.folder``; the file is named ``addition.txt`` or ``addition.txt.gz``.

    Raises:
        DataError: the part is unknown, the file is missing, or a line has another layout.
    """
    path = DATASET.find("file", folder)
    return pairs_of_part(read_fixed_width(path), part, key=lambda pair: pair[0])


def read_fixed_width(path: Path) -> list[Pair]:
    """The pairs of a file with an underscore before each target."""
    pairs = []
    for number, line in enumerate(split_lines(read_text(path)), start=1):
        source, mark, target = line.partition("_")
        if not mark:
            raise DataError(f"{path}: line {number} has no underscore between a source and its target")
        pairs.append((source.strip(), target.strip()))
    return pairs


DATASET: DataSet = DataSet(
    name="addition",
    about="50,000 sums of two numbers of up to three digits",
    licence="MIT",
    source="https://github.com/oreilly-japan/deep-learning-from-scratch-2",
    files={"file": File(("addition.txt", "addition.txt.gz"))},
    check=lambda part, folder: check_digest(DATASET.find(part, folder), SHA256, "pairs"),
    pairs=lambda part, direction, folder: load_addition(part, folder),
    parts=PARTS,
)
