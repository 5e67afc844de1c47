"""Output layers of CBOW and skip-gram: three ways to predict a word from the hidden vector h.

Full softmax scores every word of the vocabulary (Mikolov et al., 2013a):

    z_n = h_n W^T                       dW = dz^T h            dh = dz W                                           (1)
    L   = mean over n of softmax cross-entropy (z_n, target o_n)                                                   (2)

Negative sampling decides "true word or noise?" for the true word and K randomly drawn words (Mikolov et al., 2013b,
equation 4). Hierarchical softmax decides "left or right?" at each node on the path down a binary tree to the word (equation
3 there). Both score a few rows w_nk of a table against h_n:

    z_nk = W[w_nk] . h_n                                                                                           (3)
    dh_n = sum_k dz_nk W[w_nk]          dW[v] = sum of dz_nk h_n over all n, k with w_nk = v                       (4)

The loss is the sigmoid cross-entropy of each score, summed over k:

    L    = 1/N sum_n sum_k m_nk (softplus(z_nk) - t_nk z_nk)         -log sigmoid(z) if t = 1,                     (5)
    dz_nk = m_nk (sigmoid(z_nk) - t_nk) / N                          -log sigmoid(-z) if t = 0                     (6)

    negative sampling       w_n0 = o_n, t = 1;   w_nk drawn, t = 0, k = 1 .. K;   m = 0 if w_nk = o_n
    hierarchical softmax    w_nk the k-th node on the path to o_n, t = 1 if it goes left; m = 0 beyond its end

If the true word is drawn as noise, it would be pushed away from h. Such a draw is left out, not repeated, as in word2vec.c.

Shapes: h (N, D), targets o (N,), words w and scores z (N, K). Mikolov, Chen, Corrado and Dean (2013a); Mikolov, Sutskever,
Chen, Corrado and Dean, "Distributed Representations of Words and Phrases and their Compositionality" (2013b).
"""

from __future__ import annotations

import numpy as np

from scratchnn.backend import Array, array_module, check_ids
from scratchnn.core import Layer, Parameter, RowGradient
from scratchnn.losses import (
    sigmoid_cross_entropy_backward,
    sigmoid_cross_entropy_forward,
    softmax_cross_entropy_backward,
    softmax_cross_entropy_forward,
)
from scratchnn.word2vec.huffman import HuffmanTree

# --- pure pairs ------------------------------------------------------------------------------------------------------


def full_softmax_forward(h: Array, targets: Array, W: Array) -> tuple[Array, tuple]:
    """Equations (1) and (2): the loss, shape (), and the cache, from ``h`` (N, D), ids (N,) and the table (V, D)."""
    loss, inner = softmax_cross_entropy_forward(h @ W.T, targets)  # (1), (2)  (N, D) @ (D, V) -> (N, V)
    return loss, (h, W, inner)


def full_softmax_backward(dloss: Array | float, cache: tuple) -> tuple[Array, Array]:
    """Gradients with respect to ``h`` (N, D) and ``W`` (V, D)."""
    h, W, inner = cache
    dz = softmax_cross_entropy_backward(dloss, inner)  # (2)
    return dz @ W, dz.T @ h  # (1)


def chosen_scores_forward(h: Array, words: Array, W: Array) -> tuple[Array, tuple]:
    """Equation (3): scores (N, K) and the cache, from ``h`` (N, D), ids (N, K) and the table (V, D)."""
    rows = W[words]  # (N, K, D)
    z = (rows * h[:, None, :]).sum(axis=2)  # (3)
    return z, (h, words, rows, W.shape)


def chosen_scores_backward(dz: Array, cache: tuple) -> tuple[Array, RowGradient]:
    """Equation (4): gradients with respect to ``h`` (N, D) and, as rows, to ``W``."""
    h, words, rows, shape = cache
    dh = (dz[:, :, None] * rows).sum(axis=1)  # (4)
    drows = dz[:, :, None] * h[:, None, :]  # (4)  (N, K, D)
    return dh, RowGradient(words.reshape(-1), drows.reshape(-1, shape[1]), shape)  # (4)


def binary_choices_forward(z: Array, labels: Array, mask: Array) -> tuple[Array, tuple]:
    """Equation (5): the loss, shape (), and the cache, from scores, labels 0 or 1 and a boolean mask, (N, K) each."""
    mean, inner = sigmoid_cross_entropy_forward(z, labels, mask)
    choices = mask.sum() / z.shape[0]  # per example: ``mean`` is over all choices, (5) over examples
    choices = choices.astype(z.real.dtype)
    return mean * choices, (choices, inner)  # (5)


def binary_choices_backward(dloss: Array | float, cache: tuple) -> Array:
    """Equation (6): gradient with respect to the scores (N, K)."""
    choices, inner = cache
    return sigmoid_cross_entropy_backward(dloss * choices, inner)  # (6)


# --- layers: a table and calls to the pure pairs ---------------------------------------------------------------------


class FullSoftmax(Layer):
    """Hidden vectors (N, ``size``) and targets (N,) -> mean loss in nats."""

    def __init__(self, vocabulary_size: int, size: int):
        super().__init__()
        self.W = Parameter.zeros((vocabulary_size, size))

    def forward(self, h: Array, targets: Array) -> Array:
        """Equation (2)."""
        loss, cache = full_softmax_forward(h, targets, self.W.data)
        self.push(cache)
        return loss

    def backward(self, dloss: Array | float) -> Array:
        """Gradient with respect to ``h``."""
        dh, dW = full_softmax_backward(dloss, self.pop())
        self.W.accumulate(dW)
        return dh


class ChosenWords(Layer):
    """Base class of the two outputs that score a few rows of their table."""

    W: Parameter

    def choose(self, h: Array, words: Array, labels: Array, mask: Array) -> Array:
        """Equations (3) and (5)."""
        z, scores = chosen_scores_forward(h, words, self.W.data)
        loss, choices = binary_choices_forward(z, labels.astype(z.real.dtype), mask)
        self.push((scores, choices))
        return loss

    def backward(self, dloss: Array | float) -> Array:
        """Gradient with respect to ``h``."""
        scores, choices = self.pop()
        dh, dW = chosen_scores_backward(binary_choices_backward(dloss, choices), scores)
        self.W.accumulate(dW)
        return dh


class NegativeSampling(ChosenWords):
    """Hidden vectors (N, ``size``), targets (N,) and noise words (N, K) -> mean loss in nats."""

    def __init__(self, vocabulary_size: int, size: int):
        super().__init__()
        self.W = Parameter.zeros((vocabulary_size, size))

    def forward(self, h: Array, targets: Array, negatives: Array) -> Array:
        """Equations (3) and (5) for negative sampling; a noise word equal to its target is left out."""
        xp = array_module(h)
        words = xp.concatenate([targets[:, None], negatives], axis=1)  # (N, 1 + K)
        check_ids(words, self.W.shape[0], "NegativeSampling")
        true = xp.arange(words.shape[1]) == 0  # (1 + K,)
        return self.choose(h, words, xp.broadcast_to(true, words.shape), true | (words != targets[:, None]))


class HierarchicalSoftmax(ChosenWords):
    """Hidden vectors (N, ``size``) and targets (N,) -> mean loss in nats; frequent words have short paths.

    Args:
        counts: how often each word occurs (V,); the table has one row for each of the V - 1 inner nodes of their tree.
        size: D.
    """

    def __init__(self, counts: np.ndarray, size: int):
        super().__init__()
        self.tree = HuffmanTree(counts)
        self.W = Parameter.zeros((len(counts) - 1, size))

    def forward(self, h: Array, targets: Array) -> Array:
        """Equations (3) and (5) for the path to each target."""
        check_ids(targets, self.tree.vocabulary_size, "HierarchicalSoftmax")
        nodes, left, mask = self.tree.paths(targets)
        return self.choose(h, nodes, left, mask)
