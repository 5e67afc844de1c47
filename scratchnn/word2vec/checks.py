"""Gradient checks of the word vector models, losses included."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from scratchnn.core import Layer
from scratchnn.gradcheck import Problem, case, layer_problem
from scratchnn.models.checks import Trained
from scratchnn.word2vec.nnlm import NNLM
from scratchnn.word2vec.outputs import FullSoftmax, HierarchicalSoftmax, NegativeSampling
from scratchnn.word2vec.textbook import CBOW, SkipGram

V, D = 6, 3
WORDS = np.array([[1, 4], [0, 1], [1, 1]])  # (N, n - 1), a word twice in one row and in two
CONTEXTS = np.array([[1, 4, 1], [0, 3, 1], [2, 2, 5]])  # (N, C)
MASK = np.array([[1, 1, 1], [1, 0, 1], [0, 0, 0]], dtype=bool)  # the last has nothing around it
TARGETS = np.array([2, 4, 2])
NEGATIVES = np.array([[5, 2, 5], [0, 3, 0], [4, 4, 1]])  # one equals its target, one is drawn twice
CENTRES = np.array([1, 3, 1])
COUNTS = np.array([40, 20, 11, 5, 2, 1])


def register(name: str, make: Callable[[np.random.Generator], Layer], *batch: np.ndarray | None) -> None:
    """A model whose ``forward(*batch)`` is its loss or its logits; ids have no gradient, so by its parameters alone."""

    @case(name)
    def build(rng: np.random.Generator) -> Problem:
        return layer_problem(make(rng), {}, fixed=batch)


def cbow(output: Any, rng: np.random.Generator) -> CBOW:
    """Six words, three numbers a word."""
    return CBOW(V, D, output, rng=rng)


def skip_gram(output: Any, rng: np.random.Generator) -> SkipGram:
    """Six words, three numbers a word."""
    return SkipGram(V, D, output, rng=rng)


register("nnlm", lambda rng: NNLM(V, D, 4, order=3, rng=rng), WORDS)
register("nnlm/no-direct", lambda rng: NNLM(V, D, 4, order=3, rng=rng, direct=False), WORDS)
register("nnlm/training-step", lambda rng: Trained(NNLM(V, D, 4, order=3, rng=rng)), WORDS, TARGETS)
register("cbow/full-softmax", lambda rng: cbow(FullSoftmax(V, D), rng), CONTEXTS, MASK, TARGETS)
register("cbow/no-mask", lambda rng: cbow(FullSoftmax(V, D), rng), CONTEXTS, None, TARGETS)
register("cbow/negative-sampling", lambda rng: cbow(NegativeSampling(V, D), rng), CONTEXTS, MASK, TARGETS, NEGATIVES)
register("cbow/hierarchical", lambda rng: cbow(HierarchicalSoftmax(COUNTS, D), rng), CONTEXTS, MASK, TARGETS)
register("skip-gram/full-softmax", lambda rng: skip_gram(FullSoftmax(V, D), rng), CENTRES, TARGETS)
register("skip-gram/negative-sampling", lambda rng: skip_gram(NegativeSampling(V, D), rng), CENTRES, TARGETS, NEGATIVES)
register("skip-gram/hierarchical", lambda rng: skip_gram(HierarchicalSoftmax(COUNTS, D), rng), CENTRES, TARGETS)
register("skip-gram/training-step", lambda rng: Trained(skip_gram(FullSoftmax(V, D), rng)), CENTRES, TARGETS)
