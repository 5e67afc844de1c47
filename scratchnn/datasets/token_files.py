"""What the data sets with one token per line share: reading a part, and checking it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path

from scratchnn.datasets.registry import DataSet, Folder
from scratchnn.errors import DataError
from scratchnn.text import read_text
from scratchnn.text.columns import Rows, read_columns, read_conllu

READERS: Mapping[str, Callable[[str | Path], list[Rows]]] = {"columns": read_columns, "conllu": read_conllu}


def read_part(dataset: DataSet, part: str, folder: Folder = None) -> list[Rows]:
    """The sentences of one part; ``DataError`` if it is unknown or missing."""
    if part not in dataset.files:
        raise DataError(f"{dataset.name} has no part {part!r}; choose from {', '.join(dataset.files)}")
    return READERS[dataset.layout](dataset.find(part, folder))


def checked_part(dataset: DataSet, part: str, folder: Folder, digests: Mapping[str, str]) -> str:
    """What one part contains; raises unless the unpacked file has the SHA-256 of ``digests``."""
    path = dataset.find(part, folder)
    sentences = read_part(dataset, part, folder)
    found = f"{len(sentences):,} sentences, {sum(len(one.lines) for one in sentences):,} tokens"
    if hashlib.sha256(read_text(path).encode("utf-8")).hexdigest() != digests[part]:
        raise DataError(f"{path} has {found}, but is not the expected file; obtain it again")
    return f"{found}, SHA-256 as expected"
