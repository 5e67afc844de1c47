"""Korean and English sentences of Tatoeba, as manythings.org offers them for flash cards: 5,892 pairs.

Tatoeba contributors, tatoeba.org, CC BY 2.0 France; the third field of a line names the authors of its sentences. One
English sentence may have several Korean ones: there are 5,246 different English sentences. The parts are split by the
letters and digits of the English sentence, see ``scratchnn.datasets.pairs``, so that no English sentence is in two parts.
"""

from __future__ import annotations

from pathlib import Path

from scratchnn.datasets.pairs import PARTS, Pair, check_digest, letters_and_digits, pairs_of_part
from scratchnn.datasets.registry import DataSet, File
from scratchnn.errors import DataError
from scratchnn.text import read_text
from scratchnn.text.files import split_lines

SHA256 = "bfceeffb1243be135a72eae5208b113b51f186b7da56942a4e7fcfa9837a34c3"  # of the unpacked file
DIRECTIONS = ("ko-en", "en-ko")


def load_kor_eng(part: str, direction: str = "ko-en", folder: str | Path | None = None) -> list[Pair]:
    """Sources and targets, as published.

    Args:
        part: ``"train"``, ``"valid"`` or ``"test"``.
        direction: ``"ko-en"`` or ``"en-ko"``.
        folder: see ``scratchnn.datasets.folder``; the file is named ``tatoeba_kor.txt`` or ``kor.txt``, plain or ``.gz``.

    Raises:
        DataError: the part or the direction is unknown, the file is missing, or a line has another layout.
    """
    if direction not in DIRECTIONS:
        raise DataError(f"unknown direction {direction!r}; choose one of {', '.join(DIRECTIONS)}")
    path = DATASET.find("pairs", folder)
    pairs = []
    for number, line in enumerate(split_lines(read_text(path)), start=1):
        fields = line.split("\t")
        if len(fields) != 3:
            raise DataError(f"{path}: line {number} is not an English and a Korean sentence and their authors, with tabs")
        pairs.append((fields[0], fields[1]))
    found = pairs_of_part(pairs, part, key=lambda pair: letters_and_digits(pair[0]))
    return found if direction == "en-ko" else [(korean, english) for english, korean in found]


DATASET: DataSet = DataSet(
    name="kor_eng",
    about="5,892 pairs of Korean and English sentences (Tatoeba)",
    licence="CC BY 2.0 France, with the authors in each line",
    source="https://www.manythings.org/anki/ and https://tatoeba.org",
    files={"pairs": File(("tatoeba_kor.txt", "tatoeba_kor.txt.gz", "kor.txt", "kor.txt.gz"))},
    check=lambda part, folder: check_digest(DATASET.find(part, folder), SHA256, "pairs"),
    pairs=lambda part, direction, folder: load_kor_eng(part, direction, folder),
    directions=DIRECTIONS,
    parts=PARTS,
)
