"""The Large Movie Review Dataset: 25,000 film reviews to train on, 25,000 to test, half of each positive; 50,000 more.

Maas, Daly, Pham, Huang, Ng and Potts, "Learning word vectors for sentiment analysis", ACL 2011. Each review is a file,
``aclImdb/train/pos/ID_RATING.txt``. The 50,000 more, in ``train/unsup``, have no label. All are read from the published
archive, or from the folder that it unpacks to.

Texts stand as published, with ``<br />`` and some control characters in them. Some reviews occur twice: 96 in train, 199 in
test, and 123 of train again in test.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from scratchnn.datasets.archive import read_members
from scratchnn.datasets.folder import Published, data_folder, find
from scratchnn.errors import DataError

PUBLISHED = Published(
    "https://ai.stanford.edu/~amaas/data/sentiment/aclImdb_v1.tar.gz",
    84_125_825,
    "c40f74a18d3b61f90feba1e17730e0d38e8b97c05fde7008942e91923d1658fe",
)
SPLITS = {  # sub-folders and how many reviews each holds
    "train": {"train/pos": 12_500, "train/neg": 12_500},
    "test": {"test/pos": 12_500, "test/neg": 12_500},
    "unsup": {"train/unsup": 50_000},
}
REVIEW = re.compile(r"aclImdb/((?:train|test)/(?:pos|neg|unsup))/(\d+)_\d+\.txt")
WORD = re.compile(r"[a-z0-9]+(?:'[a-z]+)?")


def load_imdb(split: str, folder: str | Path | None = None, download: bool = False) -> tuple[list[str], np.ndarray | None]:
    """Reviews and labels.

    Args:
        split: ``"train"``, ``"test"`` or ``"unsup"``.
        folder: see ``scratchnn.datasets.folder``; it may also be ``aclImdb`` itself.
        download: whether to fetch the archive (84 MB) where it is not there.

    Returns:
        texts: N reviews, the positive ones first, in the order of their ids.
        labels: int8 (N,), 1 for positive, 0 for negative; ``None`` for ``"unsup"``.

    Raises:
        DataError: no such split, nothing there, or not all of it.
    """
    if split not in SPLITS:
        raise DataError(f"unknown split {split!r}; choose one of {', '.join(SPLITS)}")
    path = data_folder(folder)
    if not os.path.isdir(path / "train/pos"):  # it may be aclImdb itself
        path = find("imdb", [PUBLISHED.name, "aclImdb"], folder, PUBLISHED, download)
    found: dict[str, list[tuple[int, bytes]]] = {part: [] for part in SPLITS[split]}
    for part, number, content in _from_folder(path, list(found)) if path.is_dir() else _from_archive(path, list(found)):
        found[part].append((number, content))
    for part, count in SPLITS[split].items():
        if len(found[part]) != count:
            raise DataError(f"{path} holds {len(found[part]):,} reviews in {part}, not {count:,}; fetch or unpack it again")
    texts = [_decode(content, path) for part in found.values() for _, content in sorted(part)]
    if split == "unsup":
        return texts, None
    return texts, np.repeat(np.array([1, 0], dtype=np.int8), list(SPLITS[split].values()))


def plain_words(text: str) -> str:
    """The words of a text in lower case, one space between them: letters and digits, with an apostrophe inside (it's)."""
    return " ".join(WORD.findall(text.lower().replace("<br />", " ")))


def _from_archive(path: Path, parts: list[str]) -> Iterator[tuple[str, int, bytes]]:
    """Sub-folder, id and content of each review that lies in one of ``parts``."""
    prefixes = tuple(f"aclImdb/{part}/" for part in parts)
    for name, content in read_members(path, lambda name: name.startswith(prefixes)):
        if match := REVIEW.fullmatch(name):
            yield match[1], int(match[2]), content


def _from_folder(path: Path, parts: list[str]) -> Iterator[tuple[str, int, bytes]]:
    """The same from the unpacked folder."""
    for part in parts:
        try:
            for name in os.listdir(path / part):
                if match := REVIEW.fullmatch(f"aclImdb/{part}/{name}"):
                    with open(os.path.join(path, part, name), "rb") as file:
                        yield part, int(match[2]), file.read()
        except OSError as error:
            raise DataError(f"cannot read {path / part}: {error.strerror or error}") from None


def _decode(content: bytes, path: Path) -> str:
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise DataError(f"a review in {path} is not UTF-8 ({error.reason}); fetch or unpack it again") from None
