"""The neural probabilistic language model: it learns word vectors by predicting the next word.

The vectors of the n - 1 words before a word are looked up in one table, concatenated, and passed through a hidden layer:

    x = [C[w_1], ..., C[w_{n-1}]]     projection                                  (N, (n-1) D)                     (1)
    a = tanh(x H + d)                 hidden layer                                (N, M)                           (2)
    z = a U + x W + b                 logits; x W are the optional direct connections (N, V)                       (3)

The loss is the softmax cross-entropy of z with the next word. Backward, from dz:

    dU = a^T dz        db = sum dz         da = dz U^T                                                             (4)
    ds = da * (1 - a^2)                    dH = x^T ds         dd = sum ds                                         (5)
    dW = x^T dz        dx = ds H^T + dz W^T                                                                        (6)
    dC[v] = sum of the parts of dx that belong to word v                                                           (7)

Shapes: N examples of n - 1 words each, D dimensions, M hidden units, V words. Bengio, Ducharme, Vincent and Jauvin, "A
Neural Probabilistic Language Model" (2003), equation 1; y there is z here.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from scratchnn.backend import Array, array_module, check_axis, check_ids
from scratchnn.core import Model, Parameter, RowGradient
from scratchnn.errors import DataError
from scratchnn.losses import softmax_cross_entropy_backward, softmax_cross_entropy_forward


def nnlm_forward(
    words: Array, C: Array, H: Array, d: Array, U: Array, b: Array, W: Array | None = None
) -> tuple[Array, tuple]:
    """Logits over the next word.

    Args:
        words: ids of the n - 1 preceding words, in text order (N, n-1).
        C: word vectors (V, D).
        H, d: hidden layer ((n-1) D, M) and (M,).
        U, b: output layer (M, V) and (V,).
        W: direct connections ((n-1) D, V); no direct connections if None.

    Returns:
        Logits (N, V) and the cache for ``nnlm_backward``.
    """
    xp = array_module(C)
    x = C[words].reshape(words.shape[0], -1)  # (1)  (N, n-1, D) -> (N, (n-1) D)
    a = xp.tanh(x @ H + d)  # (2)
    z = a @ U + b  # (3)  (N, M) @ (M, V) -> (N, V)
    if W is not None:
        z = z + x @ W  # (3)
    return z, (words, x, a, C.shape, H, U, W)


def nnlm_backward(dz: Array, cache: tuple) -> tuple[RowGradient, Array, Array, Array, Array, Array | None]:
    """Equations (4) to (7): gradients with respect to C (as rows), H, d, U, b and W (None without W)."""
    words, x, a, shape, H, U, W = cache
    dU = a.T @ dz  # (4)  (M, N) @ (N, V) -> (M, V)
    db = dz.sum(axis=0)  # (4)
    ds = (dz @ U.T) * (1 - a * a)  # (4), (5)  (N, M)
    dH = x.T @ ds  # (5)
    dd = ds.sum(axis=0)  # (5)
    dx = ds @ H.T  # (6)  (N, M) @ (M, (n-1) D)
    dW = None if W is None else x.T @ dz  # (6)
    if W is not None:
        dx = dx + dz @ W.T  # (6)
    dC = RowGradient(words.reshape(-1), dx.reshape(-1, shape[1]), shape)  # (7)
    return dC, dH, dd, dU, db, dW


class NNLM(Model):
    """Ids (N, ``order`` - 1) -> logits (N, ``vocabulary_size``).

    Args:
        vocabulary_size, size, hidden_size: V, D and M.
        order: n; the model sees n - 1 words and predicts the n-th.
        rng: draws the initial weights; biases start at zero.
        direct: whether there are direct connections from the projection to the output.
    """

    def __init__(
        self,
        vocabulary_size: int,
        size: int,
        hidden_size: int,
        *,
        order: int,
        rng: np.random.Generator,
        direct: bool = True,
    ):
        super().__init__()
        if order < 2:
            raise DataError(f"NNLM: order must be 2 or more (one word to see, one to predict), got {order}")
        self.order = order
        self.C = Parameter.normal((vocabulary_size, size), 0.1, rng)
        self.H = Parameter.glorot(((order - 1) * size, hidden_size), rng)
        self.d = Parameter.zeros((hidden_size,))
        self.U = Parameter.glorot((hidden_size, vocabulary_size), rng)
        self.b = Parameter.zeros((vocabulary_size,))
        self.W = Parameter.glorot(((order - 1) * size, vocabulary_size), rng) if direct else None

    def forward(self, words: Array) -> Array:
        """Logits (N, V)."""
        check_axis(words, 1, self.order - 1, "NNLM", "order - 1")
        check_ids(words, self.C.shape[0], "NNLM")
        C, H, d, U, b = (p.data for p in (self.C, self.H, self.d, self.U, self.b))
        z, cache = nnlm_forward(words, C, H, d, U, b, None if self.W is None else self.W.data)
        self.push(cache)
        return z

    def backward(self, dz: Array) -> None:
        """Adds to all gradients; returns None, as ids have no gradient."""
        gradients = nnlm_backward(dz, self.pop())
        for parameter, gradient in zip((self.C, self.H, self.d, self.U, self.b, self.W), gradients, strict=True):
            if parameter is not None:
                parameter.accumulate(gradient)

    def loss(self, batch: tuple[Array, ...], state: Any = None) -> tuple[Array, int, None]:
        """Mean loss in nats of a batch (words (N, n-1), next words (N,)), their number, and no state."""
        words, targets = batch
        loss, cache = softmax_cross_entropy_forward(self.forward(words), targets)
        self.push(cache)
        return loss, targets.size, None

    def backward_loss(self, dloss: float = 1.0) -> None:
        """Backward from the last call of ``loss``."""
        self.backward(softmax_cross_entropy_backward(dloss, self.pop()))


def ngrams(ids: np.ndarray, order: int) -> tuple[np.ndarray, np.ndarray]:
    """All n = ``order`` adjacent words of a text (M,): the first n - 1, (M - n + 1, n-1), and the last, (M - n + 1,)."""
    if len(ids) < order:
        raise DataError(f"the text has {len(ids)} words, fewer than the {order} of one example")
    windows = np.lib.stride_tricks.sliding_window_view(ids, order)
    return windows[:, :-1], windows[:, -1]
