"""Sequences of different lengths as one array, and batches of about the same length."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from scratchnn.errors import DataError, whole_number

SIDES = ("left", "right")


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
        length: T; the length of the longest sequence if None.
        padding_id: what is filled in.
        pad: the side that is filled, ``"left"`` or ``"right"``. Layers take ``lengths``, and so padding on the right.
        truncate: the side that loses what is too long.

    Returns:
        Ids (N, T), int32, and the lengths that are left (N,).

    Raises:
        DataError: a sequence has numbers that are not whole, which ids would cut off.
    """
    for name, side in (("pad", pad), ("truncate", truncate)):
        if side not in SIDES:
            raise DataError(f"{name} must be one of {', '.join(SIDES)}, got {side!r}")
    if length is not None:
        whole_number(length, "pad_sequences: length", 0)
    lengths = np.array([len(s) for s in sequences], dtype=np.int64)
    T = int(lengths.max(initial=0)) if length is None else length
    lengths = np.minimum(lengths, T)
    ids = np.full((len(sequences), T), padding_id, dtype=np.int32)
    for row, sequence, kept in zip(ids, sequences, lengths, strict=True):
        part = np.asarray(sequence[:kept] if truncate == "right" else sequence[len(sequence) - kept :])
        if part.dtype.kind == "f" and (part % 1).any():
            raise DataError(f"pad_sequences takes whole numbers, such as ids, got {part[part % 1 != 0][0]:g}")
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
        Arrays of positions; each position is in exactly one of them.
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
