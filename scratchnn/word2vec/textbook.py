"""CBOW and skip-gram in their textbook form: a projection and one of three outputs.

    CBOW         h = mean of the vectors of the context words;      the target is the word between them            (1)
    skip-gram    h = the vector of a word;      each of its context words is a target                              (2)

The table of the projection contains the word vectors; the table of the output (``FullSoftmax``, ``NegativeSampling`` or
``HierarchicalSoftmax``) is used in training only. These models show the method, one example at a time. Tests check that the
fast steps of ``skip_gram_block`` and ``cbow_block``, which are used for training, give the same results.

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
    """Base class of CBOW and skip-gram: a projection, then an output whose value is the loss."""

    projection: Layer
    output: Output

    def backward(self, dloss: Array | float) -> None:
        """Adds to the gradients of both tables."""
        self.projection.backward(self.output.backward(dloss))

    def loss(self, batch: tuple[Array, ...], state: Any = None) -> tuple[Array, int, None]:
        """Mean loss in nats of a batch (the arguments of ``forward``), its number of examples, and no state."""
        return self.forward(*batch), len(batch[0]), None

    def backward_loss(self, dloss: float = 1.0) -> None:
        """Backward from the last call of ``loss``."""
        self.backward(dloss)


class CBOW(Predictor):
    """Predicts a word from its context words.

    Args:
        vocabulary_size, size: V and D.
        output: the layer after the projection, of the same sizes.
        rng: draws the initial word vectors.
    """

    def __init__(self, vocabulary_size: int, size: int, output: Output, *, rng: np.random.Generator):
        super().__init__()
        self.projection = ContextMean(vocabulary_size, size, rng=rng)
        self.output = output

    def forward(self, contexts: Array, mask: Array | None, targets: Array, *negatives: Array) -> Array:
        """Mean loss in nats, of shape (), for contexts and mask (N, C), targets (N,) and noise words (N, K)."""
        return self.output.forward(self.projection.forward(contexts, mask), targets, *negatives)


class SkipGram(Predictor):
    """Predicts each context word of a word separately. Arguments as for ``CBOW``."""

    def __init__(self, vocabulary_size: int, size: int, output: Output, *, rng: np.random.Generator):
        super().__init__()
        table = rng.uniform(-0.5 / size, 0.5 / size, (vocabulary_size, size))
        self.projection = Embedding(vocabulary_size, size, table=table)
        self.output = output

    def forward(self, centres: Array, targets: Array, *negatives: Array) -> Array:
        """Mean loss in nats, of shape (), for centres and targets (N,) and noise words (N, K)."""
        return self.output.forward(self.projection.forward(centres), targets, *negatives)
