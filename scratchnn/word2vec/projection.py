"""The projection of CBOW: the mean of the vectors of the context words.

    h_n = sum_c s_nc W[w_nc]       s_nc = 1 / C_n if w_nc is present (mask), else 0                                (1)
    dW[v] = sum of s_nc dh_n over all n, c with w_nc = v                                                           (2)

C_n is the number of context words that are present; if it is 0, h_n = 0. Textbooks write W[w] as onehot(w) W, a product in
which all rows of W but one are multiplied by zero: the look-up gives the same result without them. Skip-gram starts from
one word, so it needs only the look-up (``scratchnn.layers.Embedding``).

Shapes: contexts w (N, C), mask (N, C), W (V, D), h (N, D). Mikolov, Chen, Corrado and Dean, "Efficient Estimation of Word
Representations in Vector Space" (2013), section 3.1.
"""

from __future__ import annotations

import numpy as np

from scratchnn.backend import Array, array_module, check_ids
from scratchnn.core import Layer, Parameter, RowGradient
from scratchnn.errors import ShapeError


def context_mean_forward(contexts: Array, mask: Array | None, W: Array) -> tuple[Array, tuple]:
    """Equation (1): means (N, D) and the cache, from ids (N, C), a mask (N, C) or None for all, and the table (V, D)."""
    xp = array_module(W)
    mask = xp.ones(contexts.shape, dtype=bool) if mask is None else mask
    share = (mask / xp.maximum(mask.sum(axis=1, keepdims=True), 1)).astype(W.real.dtype)  # (N, C)
    h = (share[:, :, None] * W[contexts]).sum(axis=1)  # (1)  (N, C, D) -> (N, D)
    return h, (contexts, share, W.shape)


def context_mean_backward(dh: Array, cache: tuple) -> RowGradient:
    """Equation (2) before the sum: the rows (N C, D) and their ids (N C,)."""
    contexts, share, shape = cache
    rows = share[:, :, None] * dh[:, None, :]  # (2)  (N, C, D)
    return RowGradient(contexts.reshape(-1), rows.reshape(-1, shape[1]), shape)  # (2)


class ContextMean(Layer):
    """Table of ``vocabulary_size`` vectors of ``size`` dimensions; ids (N, C) and a mask -> means (N, ``size``)."""

    def __init__(self, vocabulary_size: int, size: int, *, rng: np.random.Generator):
        super().__init__()
        self.W = Parameter.uniform((vocabulary_size, size), 0.5 / size, rng)  # as in word2vec.c

    def forward(self, contexts: Array, mask: Array | None = None) -> Array:
        """Means (N, ``size``)."""
        check_ids(contexts, self.W.shape[0], "ContextMean")
        if mask is not None and mask.shape != contexts.shape:
            raise ShapeError(f"ContextMean: mask has shape {tuple(mask.shape)}, contexts {tuple(contexts.shape)}")
        h, cache = context_mean_forward(contexts, mask, self.W.data)
        self.push(cache)
        return h

    def backward(self, dh: Array) -> None:
        """Adds to the table's gradient; returns None, as ids have no gradient."""
        self.W.accumulate(context_mean_backward(dh, self.pop()))
