"""The two tables of word2vec, and the steps that train them, one block per step."""

from __future__ import annotations

import numpy as np

from scratchnn.backend import Array, array_module, backend_name, move
from scratchnn.core import Layer, Parameter
from scratchnn.word2vec.blocks import CBOWBlock, SkipGramBlock
from scratchnn.word2vec.cbow_block import (
    cbow_loss_backward,
    cbow_loss_forward,
    cbow_scores_backward,
    cbow_scores_forward,
)
from scratchnn.word2vec.skip_gram_block import (
    skip_gram_loss_backward,
    skip_gram_loss_forward,
    skip_gram_scores_backward,
    skip_gram_scores_forward,
    skip_gram_weights,
)


class Tables(Layer):
    """Word vectors and output vectors.

    Each step is one gradient descent step on the loss of the block, the sum over all its pairs. It returns the loss before
    the step if ``with_loss`` is true; the loss takes time to compute, and training does not need it. Rows are written back
    with ``W[words] = ...``, which is correct because the words of a block are distinct.

    Args:
        vocabulary_size, size: V and D.
        rng: draws the initial word vectors, uniform in +- 1 / (2 D) as in word2vec.c; the output vectors start at zero.

    Attributes:
        W_in: word vectors (V, D).
        W_out: output vectors (V, D), used in training only.
    """

    def __init__(self, vocabulary_size: int, size: int, *, rng: np.random.Generator):
        super().__init__()
        self.W_in = Parameter.uniform((vocabulary_size, size), 0.5 / size, rng)
        self.W_out = Parameter.zeros((vocabulary_size, size))

    def step_skip_gram(self, block: SkipGramBlock, lr: float, with_loss: bool = False) -> Array | None:
        """One step of skip-gram; returns the loss, shape (), or None."""
        W_in, W_out = self.W_in.data, self.W_out.data
        inputs, outputs, Y, n, q = on_device(block[:5], W_in)
        X, Z = W_in.take(inputs, axis=0), W_out.take(outputs, axis=0)
        S, scores = skip_gram_scores_forward(X, Z)
        W = skip_gram_weights(Y, n, q)
        loss = skip_gram_loss_forward(S, Y, W)[0] if with_loss else None
        dX, dZ = skip_gram_scores_backward(skip_gram_loss_backward(lr, (S, Y, W)), scores)
        W_in[inputs] = X - dX
        W_out[outputs] = Z - dZ
        return loss

    def step_cbow(self, block: CBOWBlock, lr: float, factor: float, with_loss: bool = False) -> Array | None:
        """One step of CBOW; returns the loss, shape (), or None.

        The learning rate of W_in is ``factor`` times ``lr``. A word's weight in a mean of C vectors is 1 / C, also in the
        gradient; word2vec.c omits it there, so its steps are C times as large. Here the gradient is exact, and ``factor``,
        the mean of C, compensates for its size. This gives better vectors (İrsoy, Benton and Stratos, "Corrected CBOW
        Performs as well as Skip-gram", 2021).
        """
        W_in, W_out = self.W_in.data, self.W_out.data
        words, noise, A, Q, columns, P = on_device(block, W_in)
        X, Z, N = W_in.take(words, axis=0), W_out.take(words, axis=0), W_out.take(noise, axis=0)
        s, R, scores = cbow_scores_forward(X, Z.take(columns, axis=0), N, A)
        loss = cbow_loss_forward(s, R, Q)[0] if with_loss else None
        dX, dT, dN = cbow_scores_backward(*cbow_loss_backward(lr, (s, R, Q)), scores)
        dX *= factor
        W_in[words] = X - dX
        W_out[words] = Z - P.T @ dT  # the sum of all rows of a word  (U, M) @ (M, D)
        W_out[noise] = W_out.take(noise, axis=0) - dN  # looked up again, as noise words may be among ``words``
        return loss


def on_device(arrays: tuple, table: Array) -> tuple:
    """The arrays, moved to the device of the table."""
    if array_module(table) is np:
        return arrays
    return tuple(move(array, backend_name(table)) for array in arrays)
