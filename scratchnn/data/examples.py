"""Labelled sequences of different lengths as padded batches of about the same length.

An epoch's batches are drawn by ``bucket_batches`` with a generator that starts anew from (seed, epoch), so that batch k of
an epoch is the same whenever it is asked for, and no epoch has the batches of another.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from scratchnn.backend import seed_from
from scratchnn.data.padded import bucket_batches, pad_sequences
from scratchnn.errors import DataError, whole_number


class Shuffled:
    """The order of N examples: batches of similar length, another order in each epoch.

    Args:
        lengths: the length of each example (N,).
        batch_size: examples per batch; the last batch may have fewer.
        seed: of the order.
    """

    def __init__(self, lengths: Sequence[int] | np.ndarray, batch_size: int, seed: int = 0):
        whole_number(batch_size, "batch_size")
        if not len(lengths):
            raise DataError("there are no examples to make batches of")
        self.lengths, self.batch_size, self.seed = np.asarray(lengths), batch_size, seed
        self._epoch, self._batches = -1, [np.zeros(0, dtype=int)]

    def __len__(self) -> int:
        """Number of batches in an epoch."""
        return -(-len(self.lengths) // self.batch_size)

    def positions(self, epoch: int, k: int) -> np.ndarray:
        """Positions of the examples of batch ``k`` of an epoch (M,)."""
        if epoch != self._epoch:
            rng = np.random.default_rng(seed_from(self.seed, epoch))
            self._epoch, self._batches = epoch, bucket_batches(self.lengths, self.batch_size, rng)
        return self._batches[k]


class ShuffledByWords(Shuffled):
    """The order of N sentences in batches that have about the same number of words, padding counted.

    All are sorted by length; those of one length come in another order in each epoch, and so do the batches. So the number
    of batches is that of the first epoch.

    Args:
        lengths: the number of words of each sentence (N,).
        batch_size: words per batch at most; a longer sentence is a batch by itself.
        seed: of the order.
    """

    def __init__(self, lengths: Sequence[int] | np.ndarray, batch_size: int, seed: int = 0):
        super().__init__(lengths, batch_size, seed)
        self.starts = [0]
        for n, length in enumerate(np.sort(self.lengths).tolist()):
            if (n + 1 - self.starts[-1]) * length > batch_size and n > self.starts[-1]:
                self.starts.append(n)

    def __len__(self) -> int:
        """Number of batches in an epoch."""
        return len(self.starts)

    def positions(self, epoch: int, k: int) -> np.ndarray:
        """Positions of the sentences of batch ``k`` of an epoch (M,)."""
        if epoch != self._epoch:
            rng = np.random.default_rng(seed_from(self.seed, epoch))
            order = rng.permutation(len(self.lengths))
            order = order[np.argsort(self.lengths[order], kind="stable")]
            batches = np.split(order, self.starts[1:])
            self._epoch, self._batches = epoch, [batches[place] for place in rng.permutation(len(batches))]
        return self._batches[k]


class PaddedExamples:
    """Batches (ids (M, T), lengths (M,), targets) of sequences with their targets.

    Args:
        sequences: N sequences of ids.
        targets: an array with one row per sequence (N, ...), or a list with one target per step of each sequence.
        batch_size: sequences per batch.
        padding_id: fills short sequences, in ids and in targets per step; the lengths say what counts.
        seed: of the order of the sequences.
    """

    def __init__(
        self,
        sequences: Sequence[np.ndarray],
        targets: np.ndarray | Sequence[np.ndarray],
        batch_size: int,
        *,
        padding_id: int = 0,
        seed: int = 0,
    ):
        if len(sequences) != len(targets):
            raise DataError(f"{len(sequences)} sequences have {len(targets)} targets; one target per sequence is needed")
        self.sequences, self.targets, self.padding_id = sequences, targets, padding_id
        self.order = Shuffled([len(sequence) for sequence in sequences], batch_size, seed)

    def __len__(self) -> int:
        """Number of batches in an epoch."""
        return len(self.order)

    def batch(self, epoch: int, k: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Batch ``k`` of an epoch."""
        return self.pick(self.order.positions(epoch, k))

    def pick(self, positions: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The examples at these positions (M,) as one batch."""
        ids, lengths = pad_sequences([self.sequences[p] for p in positions], padding_id=self.padding_id)
        if isinstance(self.targets, np.ndarray):
            return ids, lengths, self.targets[positions]
        targets, _ = pad_sequences([self.targets[p] for p in positions], padding_id=self.padding_id)
        return ids, lengths, targets
