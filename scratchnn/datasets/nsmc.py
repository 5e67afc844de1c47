"""The Naver sentiment movie corpus: 150,000 short Korean film reviews to train on, 50,000 to test, half of each positive.

L. Park, 2015, github.com/e9t/nsmc, CC0. A header line, then lines of id, document and label with tabs between them.
Quotation marks mean nothing there (623 lines of train hold three in a row): a CSV reader must not heed them.

All documents are kept, the empty ones too: 5 in train, 3 in test.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from scratchnn.datasets.folder import Published, find
from scratchnn.errors import DataError
from scratchnn.text import read_text

ORIGIN = "https://raw.githubusercontent.com/e9t/nsmc/master/"
PUBLISHED = {
    "train": Published(
        ORIGIN + "ratings_train.txt", 14_628_807, "e03b7d14e9e41be8d464a28057cd25d7396c53e67aa7fd5f7e552c59b0ee2940"
    ),
    "test": Published(
        ORIGIN + "ratings_test.txt", 4_893_335, "8ac9f64052f11dbf6ae0acb5e038f03d90a76f0eda7820cfb3a92d02edfcebda"
    ),
}
HEADER = "id\tdocument\tlabel"


def load_nsmc(split: str, folder: str | Path | None = None, download: bool = False) -> tuple[list[str], np.ndarray]:
    """Documents and labels, in the file's order.

    Args:
        split: ``"train"`` or ``"test"``.
        folder: see ``scratchnn.datasets.folder``; the file may be plain or ``.gz``.
        download: whether to fetch the file (15 MB, 5 MB) where it is not there.

    Returns:
        texts: N documents as published.
        labels: int8 (N,), 1 for positive, 0 for negative.

    Raises:
        DataError: no such split, nothing there, or a line that is not of this layout.
    """
    if split not in PUBLISHED:
        raise DataError(f"unknown split {split!r}; choose one of {', '.join(PUBLISHED)}")
    published = PUBLISHED[split]
    path = find("nsmc", [published.name, published.name + ".gz"], folder, published, download)
    header, *lines = read_text(path).removesuffix("\n").split("\n")  # splitlines would also cut at rarer line ends
    if header != HEADER:
        raise DataError(f"{path} does not begin with the line id, document, label")
    texts, labels = [], []
    for number, line in enumerate(lines, start=2):
        cells = line.split("\t")
        if len(cells) != 3 or cells[2] not in ("0", "1"):
            raise DataError(f"{path}: line {number} is not an id, a document and a label 0 or 1, with tabs between them")
        texts.append(cells[1])
        labels.append(cells[2] == "1")
    return texts, np.array(labels, dtype=np.int8)
