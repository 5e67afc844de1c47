"""What the checkpoints of all trainers share: who wrote them, and which run they belong to.

A trainer's identity is everything that a resumed run must have in common with the one that was interrupted: architecture,
settings, the digest of the data. A checkpoint of another run is refused with the first value that differs.
"""

from __future__ import annotations

import functools
import json
import os
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from scratchnn.backend import Array
from scratchnn.errors import CheckpointError
from scratchnn.training.checkpoint import damage_in, load_arrays, save_arrays

COUNTS = ("seed", "epoch", "position", "step", "skipped", "best_epoch", "piece", "words")  # of any trainer, from 0


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
    check_plain(path, meta)
    return arrays, meta


def check_plain(path: str | Path, meta: Mapping[str, Any]) -> None:
    """Raise unless the plain values of a checkpoint are of the kinds that training goes on with."""
    history = meta.get("history", meta)  # word2vec has no other figures than its history
    rows = history["rows"]
    wrong = [name for name in COUNTS if name in meta and not _is_count(meta[name])]
    wrong += [name for name in ("best", "schedule") if not _are_numbers((meta.get(name) or {}).values())]
    if not _are_numbers(history["open"]) or not all(_are_numbers(row.values()) for row in rows):
        wrong.append("history")
    if wrong:
        raise CheckpointError(f"{path} is damaged: its {wrong[0]} is {meta.get(wrong[0], rows)!r:.60}")


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= sys.maxsize


def _are_numbers(values: Iterable[object]) -> bool:
    """Whether all are numbers or None."""
    return all(value is None or (isinstance(value, int | float) and not isinstance(value, bool)) for value in values)


def refuses_damage(resume: Callable[[Any], bool]) -> Callable[[Any], bool]:
    """A trainer's ``resume`` that raises ``CheckpointError`` for anything that its checkpoint makes it raise."""

    @functools.wraps(resume)
    def guarded(trainer: Any) -> bool:
        with damage_in(trainer.checkpoint):
            return resume(trainer)

    return guarded
