"""What the checkpoints of all trainers share: who wrote them, and which run they belong to.

A trainer's identity is everything that a resumed run must have in common with the one that was interrupted: architecture,
settings, the digest of the data. A checkpoint of another run is refused with the first value that differs.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from scratchnn.backend import Array
from scratchnn.errors import CheckpointError
from scratchnn.training.checkpoint import load_arrays, save_arrays


def plain(identity: Mapping[str, Any]) -> dict[str, Any]:
    """The values as they come back from a checkpoint: tuples as lists, keys as strings."""
    return json.loads(json.dumps(identity))


def save_progress(
    path: str | Path, trainer: str, identity: Mapping[str, Any], arrays: Mapping[str, Array], meta: Mapping[str, Any]
) -> None:
    """Write a checkpoint of the trainer with that name: ``arrays``, and plain values ``meta``."""
    save_arrays(path, arrays, {"trainer": trainer, "identity": identity, **meta})


def load_progress(
    path: str | Path | None, trainer: str, identity: Mapping[str, Any]
) -> tuple[dict[str, np.ndarray], dict[str, Any]] | None:
    """The arrays and plain values of a checkpoint; ``None`` if there is no file.

    Raises:
        CheckpointError: the file is damaged, from another trainer or version, or from a run with another identity.
    """
    if path is None or not os.path.exists(path):
        return None
    arrays, meta = load_arrays(path)
    if "identity" not in meta:
        raise CheckpointError(f"{path} is not a training checkpoint")
    if "trainer" not in meta:
        raise CheckpointError(
            f"{path} was written by scratchnn 0.1, whose runs cannot be resumed by this version; its model still works "
            "with evaluate and sample; choose another --out to train anew"
        )
    if meta["trainer"] != trainer:
        raise CheckpointError(f"{path} is a checkpoint of {meta['trainer']}, not of {trainer}")
    for key, value in identity.items():
        if meta["identity"].get(key) != value:
            raise CheckpointError(f"{path} was written with {key} = {meta['identity'].get(key)!r}, this run has {value!r}")
    return arrays, meta
