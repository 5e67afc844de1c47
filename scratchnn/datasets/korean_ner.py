"""Korean text in morphemes, with the names of ten types of entities (Korea Maritime and Ocean University).

Five columns between tabs: the form of the morpheme, its analysis, its part of speech, B for the first morpheme of a word
between spaces and I for the others, and the entity tag in IOB2. Types are persons (PER), places (LOC), organisations (ORG),
other proper nouns (POH), dates (DAT), times (TIM), durations (DUR), money (MNY), percentages (PNT) and other numbers (NOH).
12,869 sentences in train, 2,120 in valid and 4,274 in test.
"""

from __future__ import annotations

from scratchnn.datasets.registry import DataSet, File, Folder
from scratchnn.datasets.token_files import checked_part

SHA256 = {  # of the unpacked files
    "train": "88ea8ebd1b0ebd31566ec07b9c46d0e50e23d6949af9bdae83bd5660f46de5c9",
    "valid": "9fd1b05f38ddc7ea011652f83aeef9f1dfd350778c9c57fe7f8d85a8b2824de1",
    "test": "849250f197b59b4f41b02398e5399737b84090fc05f5c49b9e96ca0c056cf2d8",
}


def _check(part: str, folder: Folder) -> str:
    """Read one part and compare it with the expected file."""
    return checked_part(DATASET, part, folder, SHA256)


DATASET = DataSet(
    name="korean_ner",
    about="names in Korean text split into morphemes, ten types (KMOU)",
    licence="no commercial use",
    source="https://github.com/kmounlp/NER",
    files={part: File(tuple(f"{part}.conll{end}" for end in ("", ".gz"))) for part in SHA256},
    check=_check,
    layout="columns",
)
