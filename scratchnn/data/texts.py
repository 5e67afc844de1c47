"""Many texts as batches for truncated BPTT, each text read from the state zero.

A text of M ids has M - 1 targets, each the id after an input. It is cut into windows of T steps; the last one is padded,
and the mask says which targets count:

    window w of a text:  input ids[w T + t], target ids[w T + t + 1],   t = 0 .. T - 1                             (1)

An epoch has the windows of all texts one after the other, the texts in an order drawn from (seed, epoch). N streams side by
side each read a part of K windows; up to N - 1 windows at the end are left out. Batch k has window k of each part. A stream
restarts, so that its state is zero, where a text begins, and at the start of its part:

    stream n restarts before batch k of an epoch    if k = 0 or its window is the first one of a text              (2)

``TokenStreams`` is for one long text. A model that reads short texts joined to one learns to begin a text after another,
and has rarely seen the state zero there. But that is the state from which it is evaluated and from which it writes.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from scratchnn.backend import seed_from
from scratchnn.errors import DataError, whole_number


class Texts:
    """Batches (inputs, targets, mask) of texts: int32 (N, T, ...) twice, and booleans (N, T), true if a target counts.

    Args:
        texts: one array of ids (M,), or of rows of several ids (M, ...), per text; M is at least 2.
        batch_size: N, the number of streams.
        window: T, steps per batch.
        seed: of the order of the texts.
    """

    carries_state = True  # batch k + 1 continues the streams of batch k

    def __init__(self, texts: Sequence[np.ndarray], batch_size: int, window: int, *, seed: int = 0):
        self.streams = whole_number(batch_size, "Texts: batch_size")
        T = whole_number(window, "Texts: window")
        if short := [n for n, ids in enumerate(texts) if len(ids) < 2]:
            raise DataError(f"text {short[0]} has fewer than two tokens, so it has nothing to predict; leave it out")
        counts = [-(-(len(ids) - 1) // T) for ids in texts]  # windows of each text
        self.ends = np.cumsum(counts)
        total = sum(counts)
        if total < batch_size:
            raise DataError(
                f"the texts have {total} windows of {T} tokens, a batch needs {batch_size}; use more texts, a smaller "
                "batch, or a shorter window"
            )
        self.seed, self.counts = seed, np.array(counts)
        self.inputs = np.zeros((total * T, *texts[0].shape[1:]), dtype=np.int32)
        self.targets = np.zeros_like(self.inputs)
        self.mask = np.zeros(total * T, dtype=bool)
        for ids, first in zip(texts, T * (self.ends - self.counts), strict=True):
            places = slice(first, first + len(ids) - 1)
            self.inputs[places], self.targets[places], self.mask[places] = ids[:-1], ids[1:], True
        self.inputs, self.targets, self.mask = (
            array.reshape(total, T, *array.shape[1:]) for array in (self.inputs, self.targets, self.mask)
        )
        self._epoch, self._order = -1, np.zeros((0, 0), dtype=int)

    def __len__(self) -> int:
        """Number of batches in an epoch, K."""
        return len(self.mask) // self.streams

    def windows(self, epoch: int, k: int) -> np.ndarray:
        """The windows of batch ``k`` of an epoch (N,), counted over all texts as they were given."""
        if epoch != self._epoch:
            order = np.random.default_rng(seed_from(self.seed, epoch)).permutation(len(self.counts))
            found = np.concatenate([np.arange(self.ends[n] - self.counts[n], self.ends[n]) for n in order])
            self._epoch, self._order = epoch, found[: self.streams * len(self)].reshape(self.streams, len(self))
        return self._order[:, k]

    def batch(self, epoch: int, k: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Batch ``k`` of an epoch, equation (1)."""
        found = self.windows(epoch, k)
        return self.inputs[found], self.targets[found], self.mask[found]

    def restarts(self, epoch: int, k: int) -> np.ndarray:
        """Which streams start batch ``k`` of an epoch from the state zero, booleans (N,), equation (2)."""
        return np.isin(self.windows(epoch, k), self.ends - self.counts) | (k == 0)
