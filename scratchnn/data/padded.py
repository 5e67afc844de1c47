"""Sequences of different lengths as one array, and batches of about the same length."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from scratchnn.errors import DataError, ShapeError, whole_number

SIDES = ("left", "right")
LOWEST, HIGHEST = np.iinfo(np.int32).min, np.iinfo(np.int32).max


def as_ids(values: Sequence[int] | np.ndarray, what: str) -> np.ndarray:
    """``values`` as int32 (M,). Numbers that are no integers or do not fit are errors, which begin with ``what``."""
    ids = np.asarray(values)
    if ids.ndim != 1:
        raise ShapeError(f"{what} must be a sequence of ids (M,), got shape {ids.shape}")
    if not ids.size:
        return ids.astype(np.int32)
    if ids.dtype.kind not in "iu":
        raise ShapeError(f"{what} must be integers, got dtype {ids.dtype}")
    if not np.can_cast(ids.dtype, np.int32) and (ids.min() < LOWEST or ids.max() > HIGHEST):
        raise DataError(f"{what} must be between {LOWEST} and {HIGHEST}, got {ids.min()} to {ids.max()}")
    return ids.astype(np.int32, copy=False)


def pad_sequences(
    sequences: Sequence[Sequence[int] | np.ndarray],
    length: int | None = None,
    padding_id: int = 0,
    pad: str = "right",
    truncate: str = "right",
) -> tuple[np.ndarray, np.ndarray]:
    """Cut and fill up to one length.

    Args:
        sequences: N sequences of ids.
        length: T; defaults to the length of the longest sequence.
        padding_id: what is filled in.
        pad: the side that is filled, ``"left"`` or ``"right"``. Layers take ``lengths``, and so padding on the right.
        truncate: the side that loses what is too long.

    Returns:
        Ids (N, T), int32, and the lengths that remain (N,).

    Raises:
        ShapeError: a sequence is no sequence of integers.
        DataError: an id does not fit into int32, or a length or a side is none.
    """
    for name, side in (("pad", pad), ("truncate", truncate)):
        if side not in SIDES:
            raise DataError(f"{name} must be one of {', '.join(SIDES)}, got {side!r}")
    if length is not None:
        whole_number(length, "pad_sequences: length", 0)
    rows = [as_ids(sequence, f"pad_sequences: sequence {n}") for n, sequence in enumerate(sequences)]
    (fill,) = as_ids([padding_id], "pad_sequences: padding_id")
    lengths = np.array([len(row) for row in rows], dtype=np.int64)
    T = int(lengths.max(initial=0)) if length is None else length
    lengths = np.minimum(lengths, T)
    ids = np.full((len(rows), T), fill, dtype=np.int32)
    for row, sequence, kept in zip(ids, rows, lengths, strict=True):
        part = sequence[:kept] if truncate == "right" else sequence[len(sequence) - kept :]
        if pad == "right":
            row[:kept] = part
        else:
            row[T - kept :] = part
    return ids, lengths


def bucket_batches(
    lengths: Sequence[int] | np.ndarray, batch_size: int, rng: np.random.Generator | None = None, pool: int = 50
) -> list[np.ndarray]:
    """Positions of sequences in batches of similar length, so that little is padded.

    Args:
        lengths: length of each sequence (N,).
        batch_size: sequences in a batch; one batch may have fewer.
        rng: shuffles the sequences first and the batches last; without it, all are sorted by length.
        pool: with ``rng``, sequences are sorted within pools of that many batches, so that no epoch is like another.

    Returns:
        Arrays of positions; each position is in exactly one.
    """
    whole_number(batch_size, "bucket_batches: batch_size")
    whole_number(pool, "bucket_batches: pool")
    lengths = np.asarray(lengths)
    N = len(lengths)
    order = np.arange(N) if rng is None else rng.permutation(N)
    step = N if rng is None else batch_size * pool
    pools = [order[start : start + step] for start in range(0, N, max(step, 1))]
    order = np.concatenate([part[np.argsort(lengths[part], kind="stable")] for part in pools]) if pools else order
    batches = [order[start : start + batch_size] for start in range(0, N, batch_size)]
    if rng is not None:
        batches = [batches[k] for k in rng.permutation(len(batches))]
    return batches
