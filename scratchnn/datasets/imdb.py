"""The Large Movie Review Dataset: 25,000 film reviews for training and 25,000 for testing, half of each positive; 50,000
more without a label.

Maas, Daly, Pham, Huang, Ng and Potts, "Learning word vectors for sentiment analysis", ACL 2011. Each review is a file,
``aclImdb/train/pos/ID_RATING.txt``; the unlabelled ones are in ``train/unsup``. They are read from the published archive or
from the folder that it unpacks to.

Texts are returned as published, with ``<br />`` and some control characters. Some reviews are repeated: 96 in train, 199 in
test, and 123 of train occur in test too.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from scratchnn.datasets.archive import read_members
from scratchnn.datasets.folder import BLOCK, Published
from scratchnn.datasets.registry import DataSet, File
from scratchnn.errors import DataError

PUBLISHED = Published(
    "https://ai.stanford.edu/~amaas/data/sentiment/aclImdb_v1.tar.gz",
    84_125_825,
    "c40f74a18d3b61f90feba1e17730e0d38e8b97c05fde7008942e91923d1658fe",
)
SPLITS = {  # sub-folders and the number of reviews in each
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
        download: whether to download the archive (84 MB) if it is missing.

    Returns:
        texts: N reviews, the positive ones first, in the order of their ids.
        labels: int8 (N,), 1 for positive, 0 for negative; None for ``"unsup"``.

    Raises:
        DataError: the split is unknown, or the data set is missing or incomplete.
    """
    if split not in SPLITS:
        raise DataError(f"unknown split {split!r}; choose one of {', '.join(SPLITS)}")
    texts = _read(DATASET.find("archive", folder, download), [split])[split]
    if split == "unsup":
        return texts, None
    return texts, np.repeat(np.array([1, 0], dtype=np.int8), list(SPLITS[split].values()))


def plain_words(text: str) -> str:
    """The words of a text in lower case, separated by single spaces: letters and digits, with inner apostrophes (it's)."""
    return " ".join(WORD.findall(text.lower().replace("<br />", " ")))


def _read(path: Path, splits: Iterable[str]) -> dict[str, list[str]]:
    """The reviews of each split, from the archive or the folder, which is read once."""
    counts = {part: count for split in splits for part, count in SPLITS[split].items()}
    found: dict[str, list[tuple[int, bytes]]] = {part: [] for part in counts}
    for part, number, content in (
        _from_folder(path, list(found)) if os.path.isdir(path) else _from_archive(path, list(found))
    ):
        found[part].append((number, content))
    for part, count in counts.items():
        if len(found[part]) != count:
            raise DataError(
                f"{path} has {len(found[part]):,} reviews in {part}, not {count:,}; download or unpack it again"
            )
    return {
        split: [_decode(content, path) for part in SPLITS[split] for _, content in sorted(found[part])] for split in splits
    }


def _from_archive(path: Path, parts: list[str]) -> Iterator[tuple[str, int, bytes]]:
    """Sub-folder, id and content of each review in one of ``parts``."""
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
        raise DataError(f"a review in {path} is not UTF-8 ({error.reason}); download or unpack it again") from None


def _check(part: str, folder: str | Path | None) -> str:
    """Read all reviews; say how many there are, and whether the archive is the published one."""
    path = DATASET.find(part, folder)
    reviews = _read(path, SPLITS)
    found = f"{sum(map(len, reviews.values())):,} reviews"
    published = DATASET.files[part].published
    if os.path.isdir(path) or published is None:
        return f"{found} in a folder"
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while block := file.read(BLOCK):
            digest.update(block)
    same = digest.hexdigest() == published.sha256
    return f"{found}, {'SHA-256 as published' if same else 'in an archive that was packed again'}"


def _lines(folder: str | Path | None, part: str | None = None) -> Iterator[str]:
    """Reviews as lower-case words: those of one part, or train, test, and those without a label."""
    for split in SPLITS if part is None else (part,):
        yield from map(plain_words, load_imdb(split, folder)[0])


def _labelled(part: str, folder: str | Path | None) -> tuple[list[str], list[str]]:
    """Reviews and their labels, neg and pos."""
    texts, labels = load_imdb(part, folder)
    if labels is None:
        raise DataError(f"imdb:{part} has no labels; use imdb:train or imdb:test")
    return texts, ["pos" if label else "neg" for label in labels]


DATASET = DataSet(
    name="imdb",
    about="100,000 English film reviews, 50,000 of them labelled",
    licence="for research; cite Maas et al. (2011)",
    source="https://ai.stanford.edu/~amaas/data/sentiment/",
    files={"archive": File((PUBLISHED.name, "aclImdb"), PUBLISHED, unpacked="train/pos")},
    check=_check,
    lines=_lines,
    labelled=_labelled,
    parts=tuple(SPLITS),
)
