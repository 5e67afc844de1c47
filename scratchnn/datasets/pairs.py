"""What data sets of pairs share: the check of a file, and parts that a rule decides.

Sets without a published split are split by a key of each pair, such as its source: a tenth of the keys belongs to the test
part, a twentieth to the validation part, the others to the training part,

    part(key) = test if h(key) < 2, valid if h(key) = 2, train otherwise                                           (1)
    h(key)    = (the first four bytes of the SHA-256 of the key, as a number) mod 20                               (2)

so that no key is in two parts, and the part of a pair depends on nothing but its key: neither on a seed nor on the order or
the number of the other pairs.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from pathlib import Path

from scratchnn.errors import DataError
from scratchnn.text import read_text

PARTS = ("train", "valid", "test")

Pair = tuple[str, str]  # source and target


def part_of(key: str) -> str:
    """Equations (1) and (2)."""
    number = int.from_bytes(hashlib.sha256(key.encode("utf-8")).digest()[:4], "big") % 20  # (2)
    return "test" if number < 2 else "valid" if number == 2 else "train"


def letters_and_digits(text: str) -> str:
    """A key of a sentence: its letters and digits in lower case, so that "Go." and "go!" are in the same part."""
    return "".join(filter(str.isalnum, text.casefold()))


def pairs_of_part(pairs: Iterable[Pair], part: str, key: Callable[[Pair], str]) -> list[Pair]:
    """The pairs of one part, in their order; repeated pairs are left out."""
    if part not in PARTS:
        raise DataError(f"unknown part {part!r}; choose one of {', '.join(PARTS)}")
    return [pair for pair in dict.fromkeys(pairs) if part_of(key(pair)) == part]


def check_digest(path: Path, sha256: str, what: str) -> str:
    """Compare a text file, unpacked and with line feeds as line ends, with its digest; returns what it contains.

    Args:
        path: the file.
        sha256: of the text as it was published.
        what: of a line, in the plural: "pairs".
    """
    text = read_text(path)
    found = f"{text.removesuffix(chr(10)).count(chr(10)) + 1:,} {what}"
    if hashlib.sha256(text.encode("utf-8")).hexdigest() != sha256:
        raise DataError(f"{path} has {found} but is not the published file; obtain it again")
    return f"{found}, SHA-256 as published"
