"""Files with one example per line, its fields separated by tabs, and what tasks on such examples share."""

from __future__ import annotations

import hashlib
import os
import unicodedata
from collections.abc import Sequence
from typing import TypeVar

import numpy as np

from scratchnn.backend import seed_from
from scratchnn.errors import DataError
from scratchnn.text import read_text
from scratchnn.training.settings import Setting

T = TypeVar("T")

GENERATED = "generated"  # the name of the data that a task makes up
SEEDS = {"train": 0, "valid": 1, "test": 2}  # of its parts

VALID_PART = 10  # one example in so many is kept for validation, if no file is given
EXAMPLES = Setting(
    "--data", "data", [], "examples, one per line (default: generated ones)", metavar="FILE", many=True, identity=False
)
VALID = Setting("--valid", "valid", None, "validation examples (default: a tenth)", metavar="FILE", identity=False)


def read_pairs(files: Sequence[str], what: str) -> list[tuple[str, str]]:
    """Two fields of each line, separated by a tab; empty lines are left out.

    Args:
        files: UTF-8 text, plain or .gz.
        what: the two fields, for messages: "a text and its label".
    """
    if not files:
        raise DataError("no data: name one or more files with --data FILE")
    pairs = []
    for file in files:
        text = unicodedata.normalize("NFC", read_text(file))  # a label in two forms would be two labels
        for number, line in enumerate(text.split("\n"), start=1):
            fields = line.split("\t")
            if line and len(fields) != 2:
                raise DataError(f"{file}: line {number} is not {what} with one tab between them")
            if line:
                pairs.append((fields[0], fields[1]))
    if not pairs:
        raise DataError(f"no examples in {', '.join(files)}; a line is {what} with one tab between them")
    return pairs


def generated_seed(source: str, part: str) -> int | None:
    """The seed of the generated data that ``source`` names, such as ``generated:test``; None if it names something else.

    Args:
        source: what the user wrote.
        part: what ``generated`` alone means: ``train``, ``valid`` or ``test``.
    """
    name, _, wanted = source.partition(":")
    if name != GENERATED or os.path.exists(source):
        return None
    if (wanted or part) not in SEEDS:
        raise DataError(f"no generated data {source!r}; choose from {', '.join(f'{GENERATED}:{one}' for one in SEEDS)}")
    return SEEDS[wanted or part]


def split(examples: Sequence[T], seed: int) -> tuple[list[T], list[T]]:
    """Training and validation part: a random tenth, by the seed, is kept for validation."""
    if len(examples) < 2:
        raise DataError("one example cannot be split into a training and a validation part; give more, or --valid FILE")
    order = np.random.default_rng(seed_from(seed, 1)).permutation(len(examples))
    cut = max(len(examples) // VALID_PART, 1)
    return [examples[k] for k in sorted(order[cut:])], [examples[k] for k in sorted(order[:cut])]


def digest_of(*parts: Sequence[tuple[str, str]]) -> str:
    """A digest of all examples and of how they are divided into parts."""
    return hashlib.sha256(repr(parts).encode("utf-8", "surrogatepass")).hexdigest()
