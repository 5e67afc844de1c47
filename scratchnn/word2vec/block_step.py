"""Skip-gram and CBOW with negative sampling for a whole block of text at once: three matrix products and their transposes.

word2vec.c walks through the text pair by pair, each a few products of vectors. A block of B neighbouring positions has the
same arithmetic in a few small matrices, which is what a CPU is fast at. With X the input vectors and Z the output vectors of
the distinct words that occur, and matrices of counts that say who meets whom (``scratchnn.word2vec.blocks``):

    H = A X                        CBOW: means of the vectors around each position; skip-gram: H = X               (1)
    S = H Z^T                      scores                                                                          (2)
    W = Y + (n - Y) q              n_r = sum_c Y_rc, the true words of row r; q_c the weight of column c as noise  (3)
    L = sum (W softplus(S) - Y S)                                                                                  (4)

(4) is sum Y (-log sigmoid(S)) + sum (n - Y) q (-log sigmoid(-S)): each of the n_r true words of a row is told from all noise
of the block, q_c = K_c negative / K where word c was drawn K_c times out of K. The expected value is that of ``negative``
draws a pair, as in word2vec.c. Where noise and true word are the same, the noise is left out: that is the - Y in (3).

    dS = W sigmoid(S) - Y                                                                                          (5)
    dH = dS Z          dZ = dS^T H                                                                                 (6)
    dX = A^T dH                                                                                                    (7)

Shapes: M rows (CBOW: positions, skip-gram: distinct words), U input words, R output words, D numbers a word; A (M, U), X (U, D),
Z (R, D), H (M, D), Y, W and S (M, R), n (M,), q (R,).

Sharing noise among neighbours is from Ji, Satish, Li and Dubey, "Parallelizing Word2Vec in Shared and Distributed Memory"
(2016); the loss is equation 4 of Mikolov et al. (2013b).
"""

from __future__ import annotations

import numpy as np

from scratchnn.backend import Array, array_module, backend_name
from scratchnn.core import Layer, Parameter
from scratchnn.functions import sigmoid
from scratchnn.word2vec.blocks import Block


def block_scores_forward(X: Array, Z: Array, A: Array | None) -> tuple[Array, tuple]:
    """Equations (1) and (2): scores (M, R) and the cache; where ``A`` is ``None``, H = X."""
    H = X if A is None else A @ X  # (1)  (M, U) @ (U, D) -> (M, D)
    return H @ Z.T, (A, H, Z)  # (2)  (M, D) @ (D, R) -> (M, R)


def block_scores_backward(dS: Array, cache: tuple) -> tuple[Array, Array]:
    """Equations (6) and (7): gradients by ``X`` (U, D) and by ``Z`` (R, D)."""
    A, H, Z = cache
    dH = dS @ Z  # (6)  (M, R) @ (R, D) -> (M, D)
    dZ = dS.T @ H  # (6)  (R, M) @ (M, D) -> (R, D)
    return dH if A is None else A.T @ dH, dZ  # (7)


def block_weights(Y: Array, n: Array, q: Array) -> Array:
    """Equation (3)."""
    W = n[:, None] - Y
    W *= q
    W += Y
    return W


def block_loss_forward(S: Array, Y: Array, W: Array) -> tuple[Array, tuple]:
    """Equation (4): the loss in nats, summed over all true words of the block, and the cache."""
    xp = array_module(S)
    away = xp.where(S.real > 0, -S, S)  # -|S|, by the real part
    softplus = S * (S.real > 0) + xp.log1p(xp.exp(away))
    return (W * softplus - Y * S).sum(), (S, Y, W)  # (4)


def block_loss_backward(dloss: float, cache: tuple) -> Array:
    """Equation (5): gradient by the scores (M, R). Training begins here, with (S, Y, W), where nobody asks for the loss."""
    S, Y, W = cache
    dS = sigmoid(S)
    dS *= W  # (5)
    dS -= Y  # (5)
    return dS * dloss


class BlockModel(Layer):
    """The two tables, and the step that trains them.

    The gradient (7) of a context word of CBOW is its share 1 / C of dH. word2vec.c leaves the share out there, though not
    in (1), and so goes about window + 1 times as far, window + 1 being the mean of C. We keep to the gradient, and let the
    learning rate of W_in be this many times that of W_out; the vectors get better (İrsoy, Benton and Stratos, "Corrected
    CBOW Performs as well as Skip-gram", 2021).

    Args:
        vocabulary_size, size: V and D.
        rng: draws the word vectors, uniform in +- 1 / 2 D as in word2vec.c; the output vectors start at zero.

    Attributes:
        W_in: word vectors (V, D).
        W_out: output vectors (V, D), needed for training only.
    """

    def __init__(self, vocabulary_size: int, size: int, *, rng: np.random.Generator):
        super().__init__()
        self.W_in = Parameter.uniform((vocabulary_size, size), 0.5 / size, rng)
        self.W_out = Parameter.zeros((vocabulary_size, size))

    def step(self, block: Block, lr: float, factor: float = 1.0, with_loss: bool = False) -> Array | None:
        """Move both tables down the gradient of the block's loss.

        Args:
            block: what ``Blocks.block`` made.
            lr: learning rate of W_out.
            factor: how many times larger that of W_in is.
            with_loss: whether to compute the loss, before the step; it costs time, and training does not need it.

        Returns:
            Loss (4) and the number of true words it is the sum over, (2,), if asked for.
        """
        W_in, W_out = self.W_in.data, self.W_out.data
        xp = array_module(W_in)
        if xp is not np:
            block = block.to(backend_name(W_in))
        X, Z = W_in.take(block.inputs, axis=0), W_out.take(block.outputs, axis=0)  # (U, D), (R, D)
        S, scores = block_scores_forward(X, Z, block.A)
        W = block_weights(block.Y, block.n, block.q)
        loss = xp.stack([block_loss_forward(S, block.Y, W)[0], block.n.sum()]) if with_loss else None
        dX, dZ = block_scores_backward(block_loss_backward(lr, (S, block.Y, W)), scores)
        W_in[block.inputs] = X - (dX if factor == 1 else factor * dX)  # the rows are distinct, so nothing is lost
        W_out[block.outputs] = Z - dZ
        return loss
