"""Skip-gram with negative sampling for a whole block of text at once: one small matrix of scores.

word2vec.c processes one pair of words after the other, each with a few products of vectors. For a block of neighbouring
positions, the same arithmetic is three matrix products, which a CPU computes much faster. Let X be the input vectors of the
distinct words in the block, Z the output vectors of their distinct neighbours and of the noise words, and Y_rc the number
of pairs in which word c is a neighbour of word r (``scratchnn.word2vec.blocks``):

    S  = X Z^T                     scores                                                                          (1)
    W  = Y + (n - Y) q             n_r = sum_c Y_rc, the pairs of word r; q_c is the weight of word c as noise     (2)
    L  = sum (W softplus(S) - Y S)                                                                                 (3)

(3) is sum Y (-log sigmoid(S)) + sum (n - Y) q (-log sigmoid(-S)): in each pair, the true word is distinguished from all
noise words of the block, with q_c = K_c negative / K if word c was drawn K_c times out of K. The expected value is that of
``negative`` draws per pair, as in word2vec.c. A noise word equal to the true word is left out: that is the - Y in (2).

    dS = W sigmoid(S) - Y                                                                                          (4)
    dX = dS Z          dZ = dS^T X                                                                                 (5)

Shapes: M and R distinct words, D dimensions; X (M, D), Z (R, D), Y, W and S (M, R), n (M,), q (R,). Sharing noise among
neighbours is from Ji, Satish, Li and Dubey, "Parallelizing Word2Vec in Shared and Distributed Memory" (2016); the loss is
equation 4 of Mikolov et al. (2013b).
"""

from __future__ import annotations

from scratchnn.backend import Array, array_module
from scratchnn.functions import sigmoid


def skip_gram_scores_forward(X: Array, Z: Array) -> tuple[Array, tuple]:
    """Equation (1): scores (M, R) and the cache."""
    return X @ Z.T, (X, Z)  # (1)  (M, D) @ (D, R) -> (M, R)


def skip_gram_scores_backward(dS: Array, cache: tuple) -> tuple[Array, Array]:
    """Equation (5): gradients with respect to ``X`` (M, D) and ``Z`` (R, D)."""
    X, Z = cache
    return dS @ Z, dS.T @ X  # (5)


def skip_gram_weights(Y: Array, n: Array, q: Array) -> Array:
    """Equation (2): W (M, R)."""
    W = n[:, None] - Y
    W *= q
    W += Y
    return W


def skip_gram_loss_forward(S: Array, Y: Array, W: Array) -> tuple[Array, tuple]:
    """Equation (3): the loss in nats, summed over all pairs of the block, and the cache."""
    return (W * softplus(S) - Y * S).sum(), (S, Y, W)  # (3)


def skip_gram_loss_backward(dloss: Array | float, cache: tuple) -> Array:
    """Equation (4): gradient with respect to the scores (M, R). A step without the loss starts here, with (S, Y, W)."""
    S, Y, W = cache
    dS = sigmoid(S)
    dS *= W  # (4)
    dS -= Y  # (4)
    return dS * dloss


def softplus(x: Array) -> Array:
    """log(1 + exp(x)) = max(x, 0) + log1p(exp(-|x|)), which cannot overflow; the branch depends on the real part."""
    xp = array_module(x)
    negative = xp.where(x.real > 0, -x, x)
    return x * (x.real > 0) + xp.log1p(xp.exp(negative))
