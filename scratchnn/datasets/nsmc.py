"""The Naver sentiment movie corpus: 150,000 short Korean film reviews for training and 50,000 for testing, half of each
positive.

L. Park, 2015, github.com/e9t/nsmc, CC0. A header line, then lines of id, document and label, separated by tabs. Quotation
marks have no special meaning (623 lines of train contain three in a row), so a CSV reader must not interpret them.

All documents are kept, including the empty ones: 5 in train, 3 in test.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from scratchnn.datasets.folder import Published
from scratchnn.datasets.registry import DataSet, File
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
        download: whether to download the file (15 MB, 5 MB) if it is missing.

    Returns:
        texts: N documents as published.
        labels: int8 (N,), 1 for positive, 0 for negative.

    Raises:
        DataError: the split is unknown, the file is missing, or a line has another layout.
    """
    if split not in DATASET.files:
        raise DataError(f"unknown split {split!r}; choose one of {', '.join(DATASET.files)}")
    path = DATASET.find(split, folder, download)
    return _parse(read_text(path), path)


def _parse(text: str, path: Path) -> tuple[list[str], np.ndarray]:
    header, *lines = text.removesuffix("\n").split("\n")  # splitlines would also split at rarer line ends
    if header != HEADER:
        raise DataError(f"{path} does not begin with the line id, document, label")
    texts, labels = [], []
    for number, line in enumerate(lines, start=2):
        cells = line.split("\t")
        if len(cells) != 3 or cells[2] not in ("0", "1"):
            raise DataError(f"{path}: line {number} is not an id, a document and a label 0 or 1, separated by tabs")
        texts.append(cells[1])
        labels.append(cells[2] == "1")
    return texts, np.array(labels, dtype=np.int8)


def _check(part: str, folder: str | Path | None) -> str:
    """Read one split and compare it with the published file."""
    path = DATASET.find(part, folder)
    text = read_text(path)
    documents, _ = _parse(text, path)
    published = DATASET.files[part].published
    if published is not None and hashlib.sha256(text.encode("utf-8")).hexdigest() != published.sha256:
        raise DataError(f"{path} has {len(documents):,} documents but is not the published file; download it again")
    return f"{len(documents):,} documents, SHA-256 as published"


def _lines(folder: str | Path | None, part: str | None = None) -> Iterator[str]:
    """The documents that are not empty, with single spaces: those of one part, or train and test."""
    for split in DATASET.files if part is None else (part,):
        yield from filter(None, (" ".join(document.split()) for document in load_nsmc(split, folder)[0]))


def _labelled(part: str, folder: str | Path | None) -> tuple[list[str], list[str]]:
    """Documents and their labels, 0 and 1 as in the file."""
    texts, labels = load_nsmc(part, folder)
    return texts, [str(label) for label in labels]


DATASET = DataSet(
    name="nsmc",
    about="200,000 short Korean film reviews, labelled (Naver sentiment corpus)",
    licence="CC0 1.0",
    source="https://github.com/e9t/nsmc",
    files={split: File((file.name, file.name + ".gz"), file) for split, file in PUBLISHED.items()},
    check=_check,
    lines=_lines,
    labelled=_labelled,
    parts=tuple(PUBLISHED),
)
