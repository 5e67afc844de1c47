"""Korean questions and answers about daily life and love: 11,823 pairs.

Y. Song, 2018, github.com/songys/Chatbot_data, MIT licence. A CSV file with the columns Q, A and label (0 daily life, 1
parting, 2 love; one label is followed by spaces). The origin speaks of 11,876 pairs; the file has 11,823. The parts are
split by the letters and digits of the question, see ``scratchnn.datasets.pairs``: no question is in two parts, though many
answers are.
"""

from __future__ import annotations

import csv
import io
from pathlib import Path

from scratchnn.datasets.pairs import PARTS, Pair, check_digest, letters_and_digits, pairs_of_part
from scratchnn.datasets.registry import DataSet, File
from scratchnn.errors import DataError
from scratchnn.text import read_text

SHA256 = "1475b6cd400587629532a037bab0e5cfe1966970f593be5f6711f81d1669a790"  # with line feeds as line ends
HEADER = ["Q", "A", "label"]


def load_chatbot(part: str, folder: str | Path | None = None) -> list[Pair]:
    """Questions and answers, as published.

    Args:
        part: ``"train"``, ``"valid"`` or ``"test"``.
        folder: see ``scratchnn.datasets.folder``; the file is named ``ChatbotData.csv``, plain or ``.gz``.

    Raises:
        DataError: the part is unknown, the file is missing, or it has another layout.
    """
    path = DATASET.find("pairs", folder)
    rows = list(csv.reader(io.StringIO(read_text(path), newline="")))
    if not rows or rows[0] != HEADER or any(len(row) != len(HEADER) for row in rows):
        raise DataError(f"{path} is not a CSV file with the columns {', '.join(HEADER)}; obtain it again")
    return pairs_of_part(((row[0], row[1]) for row in rows[1:]), part, key=lambda pair: letters_and_digits(pair[0]))


DATASET: DataSet = DataSet(
    name="chatbot",
    about="11,823 Korean questions with their answers",
    licence="MIT",
    source="https://github.com/songys/Chatbot_data",
    files={"pairs": File(("ChatbotData.csv", "ChatbotData.csv.gz"))},
    check=lambda part, folder: check_digest(DATASET.find(part, folder), SHA256, "lines with the header"),
    pairs=lambda part, direction, folder: load_chatbot(part, folder),
    parts=PARTS,
)
