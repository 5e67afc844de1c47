"""Nottingham folk tunes: 1,034 British and American folk tunes in ABC notation.

The Nottingham Music Database of Eric Foxley; the cleaned version of github.com/jukedeck/nottingham-dataset, GPL 3. It is
published without parts. Each tune belongs to train, valid or test by the SHA-256 of its text: a tenth each to valid and
test, the rest to train. Two tunes are left out: one has no metre, one has a line that is not ABC notation.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path

from scratchnn.datasets.registry import DataSet, File
from scratchnn.errors import DataError
from scratchnn.text import read_text

NAMES = ("nottingham.abc", "nottingham.abc.gz")
SHA256 = "7158e042ef542655f146a4fc2aff757b30fce99ff2053873dbc2d0d2e534c177"  # of the unpacked file
LEFT_OUT = ("Fram Apon Him", "Dance All Night")
PARTS = ("train", "valid", "test")


def load_music(split: str, folder: str | Path | None = None) -> str:
    """The tunes of one part as a text in ABC notation, a blank line between two of them.

    Raises:
        DataError: the split is unknown, or the file is missing.
    """
    if split not in PARTS:
        raise DataError(f"unknown split {split!r}; choose one of {', '.join(PARTS)}")
    text = read_text(DATASET.find("tunes", folder))
    return "\n\n".join(tune for tune in _tunes(text) if _part(tune) == split) + "\n"


def _tunes(text: str) -> Iterator[str]:
    """The tunes of the file, without those that are left out."""
    for tune in re.split(r"\n\s*\n", text.strip()):
        if not any(f"T:{title}\n" in tune for title in LEFT_OUT):
            yield tune


def _part(tune: str) -> str:
    """Which part a tune belongs to."""
    number = hashlib.sha256(tune.encode("utf-8")).digest()[0]  # 0 .. 255
    return "test" if number < 26 else "valid" if number < 52 else "train"


def _check(part: str, folder: str | Path | None) -> str:
    """Read the file and compare it with the published one."""
    path = DATASET.find(part, folder)
    text = read_text(path)
    count = len(list(_tunes(text)))
    if hashlib.sha256(text.encode("utf-8")).hexdigest() != SHA256:
        raise DataError(f"{path} has {count:,} tunes but is not the published file")
    return f"{count:,} tunes, SHA-256 as published"


DATASET = DataSet(
    name="music",
    about="1,034 British and American folk tunes in ABC notation",
    licence="GPL 3",
    source="https://github.com/jukedeck/nottingham-dataset",
    files={"tunes": File(NAMES)},
    check=_check,
    parts=PARTS,
    tunes=load_music,
)
