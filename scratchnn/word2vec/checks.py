"""Gradient checks of the word vector models, losses included."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from scratchnn.backend import array_module
from scratchnn.core import Layer
from scratchnn.gradcheck import Problem, case, layer_problem, pair_problem
from scratchnn.models.checks import BatchLoss
from scratchnn.word2vec.cbow_block import (
    cbow_loss_backward,
    cbow_loss_forward,
    cbow_scores_backward,
    cbow_scores_forward,
)
from scratchnn.word2vec.nnlm import NNLM
from scratchnn.word2vec.outputs import FullSoftmax, HierarchicalSoftmax, NegativeSampling
from scratchnn.word2vec.skip_gram_block import (
    skip_gram_loss_backward,
    skip_gram_loss_forward,
    skip_gram_scores_backward,
    skip_gram_scores_forward,
    skip_gram_weights,
)
from scratchnn.word2vec.textbook import CBOW, SkipGram

V, D = 6, 3
WORDS = np.array([[1, 4], [0, 1], [1, 1]])  # (N, n - 1), a word twice in one row and in two
CONTEXTS = np.array([[1, 4, 1], [0, 3, 1], [2, 2, 5]])  # (N, C)
MASK = np.array([[1, 1, 1], [1, 0, 1], [0, 0, 0]], dtype=bool)  # the last one has no neighbours
TARGETS = np.array([2, 4, 2])
NEGATIVES = np.array([[5, 2, 5], [0, 3, 0], [4, 4, 1]])  # one equals its target, one is drawn twice
CENTRES = np.array([1, 3, 1])
COUNTS = np.array([40, 20, 11, 5, 2, 1])


def register(name: str, make: Callable[[np.random.Generator], Layer], *batch: np.ndarray | None) -> None:
    """A model whose ``forward(*batch)`` is its loss or its logits. Ids have no gradient, only parameters are checked."""

    @case(name)
    def build(rng: np.random.Generator) -> Problem:
        return layer_problem(make(rng), {}, fixed=batch)


def cbow(output: Any, rng: np.random.Generator) -> CBOW:
    """Six words, three dimensions."""
    return CBOW(V, D, output, rng=rng)


def skip_gram(output: Any, rng: np.random.Generator) -> SkipGram:
    """Six words, three dimensions."""
    return SkipGram(V, D, output, rng=rng)


register("nnlm", lambda rng: NNLM(V, D, 4, order=3, rng=rng), WORDS)
register("nnlm/no-direct", lambda rng: NNLM(V, D, 4, order=3, rng=rng, direct=False), WORDS)
register("nnlm/training-step", lambda rng: BatchLoss(NNLM(V, D, 4, order=3, rng=rng)), WORDS, TARGETS)
register("cbow/full-softmax", lambda rng: cbow(FullSoftmax(V, D), rng), CONTEXTS, MASK, TARGETS)
register("cbow/no-mask", lambda rng: cbow(FullSoftmax(V, D), rng), CONTEXTS, None, TARGETS)
register("cbow/negative-sampling", lambda rng: cbow(NegativeSampling(V, D), rng), CONTEXTS, MASK, TARGETS, NEGATIVES)
register("cbow/hierarchical", lambda rng: cbow(HierarchicalSoftmax(COUNTS, D), rng), CONTEXTS, MASK, TARGETS)
register("skip-gram/full-softmax", lambda rng: skip_gram(FullSoftmax(V, D), rng), CENTRES, TARGETS)
register("skip-gram/negative-sampling", lambda rng: skip_gram(NegativeSampling(V, D), rng), CENTRES, TARGETS, NEGATIVES)
register("skip-gram/hierarchical", lambda rng: skip_gram(HierarchicalSoftmax(COUNTS, D), rng), CENTRES, TARGETS)
register("skip-gram/training-step", lambda rng: BatchLoss(skip_gram(FullSoftmax(V, D), rng)), CENTRES, TARGETS)


# --- the fast steps --------------------------------------------------------------------------------------------------

COUNTED = np.array([[0, 2, 0, 1, 0], [3, 0, 0, 1, 0], [0, 1, 1, 1, 0]], dtype=float)  # Y (M, R)
NOISE = np.array([0, 1.5, 0, 0.5, 2])  # q (R,): two words are both noise and true
MEANS = np.array([[0.5, 0.5, 0], [1, 0, 0], [0, 0, 1], [0.25, 0, 0.75]])  # A (M, U)
WEIGHTS = np.array([[1.5, 0.5], [0, 0.5], [1.5, 0], [1.5, 0.5]])  # Q (M, K)


def skip_gram_forward(X: Any, Z: Any) -> tuple[Any, tuple]:
    """The loss of a block: both forward functions in sequence."""
    S, scores = skip_gram_scores_forward(X, Z)
    xp = array_module(Z)
    Y, q = xp.asarray(COUNTED), xp.asarray(NOISE)
    loss, inner = skip_gram_loss_forward(S, Y, skip_gram_weights(Y, Y.sum(axis=1), q))
    return loss, (scores, inner)


def skip_gram_backward(dloss: Any, cache: tuple) -> tuple[Any, Any]:
    """Its gradients: both backward functions in sequence."""
    scores, inner = cache
    return skip_gram_scores_backward(skip_gram_loss_backward(dloss, inner), scores)


def cbow_forward(X: Any, T: Any, N: Any) -> tuple[Any, tuple]:
    """The loss of a block: both forward functions in sequence."""
    xp = array_module(X)
    s, R, scores = cbow_scores_forward(X, T, N, xp.asarray(MEANS))
    loss, inner = cbow_loss_forward(s, R, xp.asarray(WEIGHTS))
    return loss, (scores, inner)


def cbow_backward(dloss: Any, cache: tuple) -> tuple[Any, Any, Any]:
    """Its gradients: both backward functions in sequence."""
    scores, inner = cache
    ds, dR = cbow_loss_backward(dloss, inner)
    return cbow_scores_backward(ds, dR, scores)


@case("skip-gram-block")
def skip_gram_block(rng: np.random.Generator) -> Problem:
    """With a word that is both true word and noise, and a pair that occurs more than once."""
    arrays = {"X": rng.standard_normal((3, D)), "Z": rng.standard_normal((5, D))}
    return pair_problem(skip_gram_forward, skip_gram_backward, arrays)


@case("cbow-block")
def cbow_block(rng: np.random.Generator) -> Problem:
    """With noise that is left out because it is the true word."""
    arrays = {"X": rng.standard_normal((3, D)), "T": rng.standard_normal((4, D)), "N": rng.standard_normal((2, D))}
    return pair_problem(cbow_forward, cbow_backward, arrays)
