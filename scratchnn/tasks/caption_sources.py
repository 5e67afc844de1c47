"""Pictures with captions: those of folders, and generated scenes, of which it is known whether a caption is true.

    FOLDER                       pictures and ``captions.tsv``, see ``picture_files.py``
    generated                    generated scenes; also generated:valid, generated:test
    generated:unseen             scenes with pairs of a colour and a shape in relations that they never have in training;
                                 ``generated:unseen-valid`` has others of this kind, to compare settings by

To evaluate, ``generated`` alone is the test part.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from scratchnn.datasets.generated.scenes import Thing, is_true, scenes
from scratchnn.errors import DataError
from scratchnn.tasks.picture_files import Size, read_folder
from scratchnn.tasks.tables import GENERATED, SEEDS

PARTS = {  # of the generated scenes: how many, the seed, and whether they need combinations that training lacks
    "train": (4000, SEEDS["train"], False),
    "valid": (500, SEEDS["valid"], False),
    "test": (1000, SEEDS["test"], False),
    "unseen-valid": (500, SEEDS["valid"], True),
    "unseen": (1000, SEEDS["test"], True),
}
TRUE = "true and complete"


class Captioned(NamedTuple):
    """A picture, uint8 (P, Q, 3), with a caption; the things in it if it is a generated scene, else None."""

    picture: np.ndarray
    caption: str
    things: tuple[Thing, ...] | None = None


def is_scenes(source: str) -> bool:
    """Whether a source names generated scenes, and no folder."""
    return source.partition(":")[0] == GENERATED and not os.path.exists(source)


def size_of(examples: Sequence[Captioned]) -> Size:
    """Rows and columns of the first picture, which are those of all."""
    rows, columns, _ = examples[0].picture.shape
    return rows, columns


def known_scenes(count: int, seed: int, unseen: bool) -> list[Captioned]:
    """Generated scenes."""
    return [Captioned(scene.picture, scene.caption, scene.things) for scene in scenes(count, seed, unseen)]


def read_sources(sources: Sequence[str], size: Size | None, wanted_by: str = "the first picture has") -> list[Captioned]:
    """The pictures of folders and of parts of the generated scenes, such as ``generated:test``.

    Args:
        sources: names; ``generated`` alone is the test part.
        size: that all pictures must have; that of the first one if None.
        wanted_by: what has that size, for messages.
    """
    found: list[Captioned] = []
    for source in sources:
        if size is None and found:
            size = size_of(found)
        if is_scenes(source):
            part = source.partition(":")[2] or "test"
            if part not in PARTS:
                known = ", ".join(f"{GENERATED}:{one}" for one in PARTS)
                raise DataError(f"no generated data {source!r}; choose from {known}")
            found += known_scenes(*PARTS[part])
        else:
            found += [Captioned(*pair) for pair in read_folder(source, size, wanted_by)]
    return found


def digest_of(*parts: Sequence[Captioned]) -> str:
    """A digest of all pictures and captions, and of how they are divided into parts."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(f"{len(part)}\n".encode())
        for one in part:
            digest.update(one.picture.tobytes())
            digest.update(f"{one.picture.shape}{one.caption}\n".encode())
    return digest.hexdigest()


def true_share(texts: Sequence[str], examples: Sequence[Captioned]) -> dict[str, float]:
    """How many captions are true and complete, by ``scenes.is_true``; nothing if the scenes are not known."""
    known = [is_true(text, one.things) for text, one in zip(texts, examples, strict=True) if one.things is not None]
    return {TRUE: sum(known) / len(known)} if known else {}
