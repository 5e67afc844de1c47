"""CBOW with negative sampling for a whole block of text at once: two small matrices, of means and of scores.

word2vec.c processes one word of the text after the other and, for each, its neighbours and its noise words in turn. For a
block of neighbouring positions, the same arithmetic is a few matrix products, which a CPU computes much faster. Let X be
the input vectors of the distinct words of the block, A the weight 1 / C of each word among the C neighbours of a position,
T the output vector of the true word at each position, and N those of the block's noise words
(``scratchnn.word2vec.blocks``):

    H  = A X                       means of the vectors of the neighbours of each position                         (1)
    s  = sum_d H T                 scores of the true words                                                        (2)
    R  = H N^T                     scores of the noise words                                                       (3)
    L  = sum softplus(-s) + sum Q softplus(R)                                                                      (4)

where softplus(-s) = -log sigmoid(s), and Q_tk is the weight of noise word k at position t: K_k negative / K if it was drawn
K_k times out of K, so that the expected value is that of ``negative`` draws per position, as in word2vec.c; and 0 if it is
the true word itself.

    ds = sigmoid(s) - 1            dR = Q sigmoid(R)                                                               (5)
    dT = ds H                      dN = dR^T H                                                                     (6)
    dH = ds T + dR N               dX = A^T dH                                                                     (7)

Shapes: M positions, U distinct words, K noise words, D dimensions; A (M, U), X (U, D), T and H (M, D), N (K, D), s (M,), Q
and R (M, K). Sharing noise words among neighbours is from Ji, Satish, Li and Dubey, "Parallelizing Word2Vec in Shared and
Distributed Memory" (2016); the loss is equation 4 of Mikolov et al. (2013b).
"""

from __future__ import annotations

from scratchnn.backend import Array, array_module
from scratchnn.functions import sigmoid
from scratchnn.word2vec.skip_gram_block import softplus


def cbow_scores_forward(X: Array, T: Array, N: Array, A: Array) -> tuple[Array, Array, tuple]:
    """Equations (1) to (3): scores (M,) and (M, K), and the cache."""
    xp = array_module(X)
    H = A @ X  # (1)  (M, U) @ (U, D) -> (M, D)
    s = xp.einsum("td,td->t", H, T)  # (2)
    R = H @ N.T  # (3)  (M, D) @ (D, K) -> (M, K)
    return s, R, (A, H, T, N)


def cbow_scores_backward(ds: Array, dR: Array, cache: tuple) -> tuple[Array, Array, Array]:
    """Equations (6) and (7): gradients with respect to ``X`` (U, D), ``T`` (M, D) and ``N`` (K, D)."""
    A, H, T, N = cache
    dT = ds[:, None] * H  # (6)
    dN = dR.T @ H  # (6)  (K, M) @ (M, D) -> (K, D)
    dH = dR @ N  # (7)  (M, K) @ (K, D) -> (M, D)
    dH += ds[:, None] * T  # (7)
    return A.T @ dH, dT, dN  # (7)


def cbow_loss_forward(s: Array, R: Array, Q: Array) -> tuple[Array, tuple]:
    """Equation (4): the loss in nats, summed over all positions of the block, and the cache."""
    return softplus(-s).sum() + (Q * softplus(R)).sum(), (s, R, Q)  # (4)


def cbow_loss_backward(dloss: Array | float, cache: tuple) -> tuple[Array, Array]:
    """Equation (5): gradients with respect to the scores (M,) and (M, K). If the loss is not needed, a step starts here."""
    s, R, Q = cache
    ds = sigmoid(s) - 1  # (5)
    dR = sigmoid(R)
    dR *= Q  # (5)
    return ds * dloss, dR * dloss
