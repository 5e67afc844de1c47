"""Dates as they are written, and in ISO form: ``Monday, May 7, 1990`` and ``1990-05-07``. 50,000 dates from 1970 to 2017 in
four forms of writing; 8,422 of the lines are repeated.

K. Saitoh, *Deep Learning from Scratch 2* (2018), MIT licence. The file has the layout of ``addition``.

The parts are split by the ISO date, see ``scratchnn.datasets.pairs``: no date of the test part occurs in the training part,
in whatever form. Repeated lines are left out.
"""

from __future__ import annotations

from pathlib import Path

from scratchnn.datasets.addition import read_fixed_width
from scratchnn.datasets.pairs import PARTS, Pair, check_digest, pairs_of_part
from scratchnn.datasets.registry import DataSet, File

SHA256 = "62e66a301ce8537868e725512d2a45663fc366526b7e42028cb703bda2b1c79a"  # of the unpacked file


def load_dates(part: str, folder: str | Path | None = None) -> list[Pair]:
    """Sources and targets without the spaces around them.

    Args:
        part: ``"train"``, ``"valid"`` or ``"test"``.
        folder: see ``scratchnn.datasets.folder``; the file is named ``date.txt`` or ``date.txt.gz``.

    Raises:
        DataError: the part is unknown, the file is missing, or a line has another layout.
    """
    path = DATASET.find("file", folder)
    return pairs_of_part(read_fixed_width(path), part, key=lambda pair: pair[1])


DATASET: DataSet = DataSet(
    name="dates",
    about="50,000 dates in four forms of writing, and in ISO form",
    licence="MIT",
    source="https://github.com/oreilly-japan/deep-learning-from-scratch-2",
    files={"file": File(("date.txt", "date.txt.gz"))},
    check=lambda part, folder: check_digest(DATASET.find(part, folder), SHA256, "pairs"),
    pairs=lambda part, direction, folder: load_dates(part, folder),
    parts=PARTS,
)
