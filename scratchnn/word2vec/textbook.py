"""CBOW and skip-gram as textbooks have them: a projection, and one of three outputs.

    CBOW         h = mean of the vectors of the words around a position;      the target is the word there         (1)
    skip-gram    h = the vector of the word at a position;      the target is a word around it, one by one         (2)

The table of the projection holds the word vectors; that of the output (``FullSoftmax``, ``NegativeSampling`` or
``HierarchicalSoftmax``) is needed for training only. These models show the idea, one example after the other; the fast step
of ``skip_gram_block`` and ``cbow_block``, which trains, is held equal to them.

Mikolov, Chen, Corrado and Dean (2013a), sections 3.1 and 3.2.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from scratchnn.backend import Array
from scratchnn.core import Layer, Model
from scratchnn.layers import Embedding
from scratchnn.word2vec.outputs import FullSoftmax, HierarchicalSoftmax, NegativeSampling
from scratchnn.word2vec.projection import ContextMean

Output = FullSoftmax | NegativeSampling | HierarchicalSoftmax


class Predictor(Model):
    """What CBOW and skip-gram have in common: a projection, then an output that is a loss."""

    projection: Layer
    output: Output

    def backward(self, dloss: Array | float) -> None:
        """Adds to the gradients of both tables."""
        self.projection.backward(self.output.backward(dloss))

    def loss(self, batch: tuple[Array, ...], state: Any = None) -> tuple[Array, int, None]:
        """Mean loss in nats of a batch (the arguments of ``forward``), its number of examples, and no state."""
        return self.forward(*batch), len(batch[0]), None

    def backward_loss(self, dloss: float = 1.0) -> None:
        """Backward from the latest ``loss``."""
        self.backward(dloss)


class CBOW(Predictor):
    """Predicts a word from those around it.

    Args:
        vocabulary_size, size: V and D.
        output: what follows the projection, of the same sizes.
        rng: draws the word vectors.
    """

    def __init__(self, vocabulary_size: int, size: int, output: Output, *, rng: np.random.Generator):
        super().__init__()
        self.projection = ContextMean(vocabulary_size, size, rng=rng)
        self.output = output

    def forward(self, contexts: Array, mask: Array | None, targets: Array, *negatives: Array) -> Array:
        """Mean loss in nats, of shape (), for contexts and mask (N, C), targets (N,) and noise words (N, K)."""
        return self.output.forward(self.projection.forward(contexts, mask), targets, *negatives)


class SkipGram(Predictor):
    """Predicts the words around a word, each by itself. Arguments as for ``CBOW``."""

    def __init__(self, vocabulary_size: int, size: int, output: Output, *, rng: np.random.Generator):
        super().__init__()
        table = rng.uniform(-0.5 / size, 0.5 / size, (vocabulary_size, size))
        self.projection = Embedding(vocabulary_size, size, table=table)
        self.output = output

    def forward(self, centres: Array, targets: Array, *negatives: Array) -> Array:
        """Mean loss in nats, of shape (), for centres and targets (N,) and noise words (N, K)."""
        return self.output.forward(self.projection.forward(centres), targets, *negatives)
