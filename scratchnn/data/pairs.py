"""Pairs of sequences with teacher forcing: a source, and a target that the decoder reads shifted by one step.

target       y_1 y_2 ... y_L
inputs  <bos> y_1 ... y_L                what the decoder reads: the true tokens so far                        (1)
outputs  y_1 y_2 ... y_L <eos>           what it has to predict at each step                                   (2)
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from scratchnn.data.examples import Shuffled
from scratchnn.data.padded import as_ids, pad_sequences
from scratchnn.errors import DataError


class Pairs:
    """Batches (source (M, S), source lengths (M,), inputs (M, T), target lengths (M,), outputs (M, T)).

    Args:
        sources, targets: N sequences of ids each, of any lengths.
        batch_size: pairs per batch, of similar source length.
        begin, end: ids of ``<bos>`` and ``<eos>`` in the target vocabulary.
        seed: of the order of the pairs.
    """

    def __init__(
        self,
        sources: Sequence[np.ndarray],
        targets: Sequence[np.ndarray],
        batch_size: int,
        *,
        begin: int,
        end: int,
        seed: int = 0,
    ):
        if len(sources) != len(targets):
            raise DataError(f"{len(sources)} sources have {len(targets)} targets; each source needs one")
        self.sources = sources
        targets = [as_ids(target, f"target {n}") for n, target in enumerate(targets)]  # an empty list would be of floats
        self.inputs = [np.concatenate([[begin], target]) for target in targets]  # (1)
        self.outputs = [np.concatenate([target, [end]]) for target in targets]  # (2)
        self.order = Shuffled([len(source) for source in sources], batch_size, seed)

    def __len__(self) -> int:
        """Number of batches in an epoch."""
        return len(self.order)

    def batch(self, epoch: int, k: int) -> tuple[np.ndarray, ...]:
        """Batch ``k`` of an epoch."""
        return self.pick(self.order.positions(epoch, k))

    def pick(self, positions: np.ndarray) -> tuple[np.ndarray, ...]:
        """The pairs at these positions (M,) as one batch."""
        return (*pad_sequences([self.sources[p] for p in positions]), *self.pick_targets(positions))

    def pick_targets(self, positions: np.ndarray) -> tuple[np.ndarray, ...]:
        """Inputs (M, T), target lengths (M,) and outputs (M, T) of the pairs at these positions (M,)."""
        inputs, lengths = pad_sequences([self.inputs[p] for p in positions])
        outputs, _ = pad_sequences([self.outputs[p] for p in positions])
        return inputs, lengths, outputs
