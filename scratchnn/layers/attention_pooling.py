"""Attention pooling: a weighted average of all steps of a sequence, with weights that are learned.

Forward, over the L real steps j = 0 .. L - 1:

    u_j  = tanh(x_j W + b)                                hidden units                               (A,)          (1)
    s_j  = u_j . v                                        its score                                                (2)
    a_j  = exp(s_j) / sum_i exp(s_i)                      its weight; a_j = 0 for padded steps                     (3)
    y    = sum_j a_j x_j                                                                             (D,)          (4)

Backward:

    da_j = dy . x_j                                                                                                (5)
    ds_j = a_j (da_j - sum_i a_i da_i)                    softmax                                                  (6)
    dz_j = ds_j v * (1 - u_j^2)                           the gradient with respect to x_j W + b                   (7)
    dv   = sum_j ds_j u_j                                 summed over all sequences                                (8)
    dW   = sum_j x_j^T dz_j        db = sum_j dz_j        summed over all sequences                                (9)
    dx_j = a_j dy + dz_j W^T                                                                                      (10)

The vector v is a query that every step is compared with, the same for all sequences. ``attention_weights`` returns a, for
figures. Padded steps have no effect, whatever they contain. For an empty sequence (L = 0), a and y are zero, and so are all
gradients.

Shapes: x (N, T, D), W (D, A), b (A,), v (A,), a (N, T), y (N, D). Yang et al., "Hierarchical attention networks for
document classification" (2016), equations 5 to 7; the score is that of Bahdanau, Cho and Bengio (2015).
"""

from __future__ import annotations

from typing import Any

from scratchnn.backend import Array, Generator, array_module, floating
from scratchnn.core import Layer, Parameter
from scratchnn.layers.sequences import check_lengths, check_sequences, real_steps

# --- one sequence, and the plain loop over all of them ---------------------------------------------------------------


def attention_pool_step(x: Array, W: Array, b: Array, v: Array) -> tuple[Array, tuple]:
    """Equations (1) to (4) for the real steps ``x`` (L, D) of one sequence: the output (D,) and the cache."""
    xp = array_module(x)
    u = xp.tanh(x @ W + b)  # (1)  (L, D) @ (D, A) -> (L, A)
    s = u @ v  # (2)  (L, A) @ (A,) -> (L,)
    e = xp.exp(s - s.real.max())
    a = e / e.sum()  # (3)  (L,)
    return a @ x, (x, W, v, u, a)  # (4)  (L,) @ (L, D) -> (D,)


def attention_pool_step_backward(dy: Array, cache: tuple) -> tuple[Array, ...]:
    """Equations (5) to (10) for one sequence: dx (L, D), dW (D, A), db (A,), dv (A,)."""
    x, W, v, u, a = cache
    da = (x * dy).sum(axis=1)  # (5)  (L,)
    ds = a * (da - (a * da).sum())  # (6)  (L,)
    dz = ds[:, None] * v * (1 - u * u)  # (7)  (L, A)
    dv = (ds[:, None] * u).sum(axis=0)  # (8)  (A,)
    dW = x.T @ dz  # (9)  (D, L) @ (L, A) -> (D, A)
    db = dz.sum(axis=0)  # (9)  (A,)
    dx = a[:, None] * dy + dz @ W.T  # (10)  (L, A) @ (A, D) -> (L, D)
    return dx, dW, db, dv


def attention_pool_loop_forward(x: Array, W: Array, b: Array, v: Array, lengths: list[int]) -> tuple[Array, tuple]:
    """What ``attention_pool_forward`` computes, one sequence after the other; ``lengths`` are N whole numbers."""
    xp = array_module(x)
    N, _, D = x.shape
    y, caches = xp.zeros((N, D), dtype=xp.result_type(x, W, b, v)), []
    for n, L in enumerate(lengths):
        cache = None
        if L:
            y[n], cache = attention_pool_step(x[n, :L], W, b, v)
        caches.append(cache)
    return y, (caches, lengths, x, W, v)


def attention_pool_loop_backward(dy: Array, cache: tuple) -> tuple[Array, ...]:
    """What ``attention_pool_backward`` computes, one sequence after the other."""
    caches, lengths, x, W, v = cache
    xp = array_module(dy)
    dtype = xp.result_type(dy, x, W, v)
    dx, dW, db, dv = (xp.zeros(array.shape, dtype=dtype) for array in (x, W, v, v))
    for n, L in enumerate(lengths):
        if L:
            dx[n, :L], dW_n, db_n, dv_n = attention_pool_step_backward(dy[n], caches[n])
            dW += dW_n  # (9)
            db += db_n  # (9)
            dv += dv_n  # (8)
    return dx, dW, db, dv


# --- all sequences at once -------------------------------------------------------------------------------------------


def masked_softmax(s: Array, real: Array | None) -> Array:
    """Equation (3): weights from scores ``s``, both (..., T); zero where ``real`` is false, also in a whole row.

    ``real`` is broadcast to (..., T).
    """
    xp = array_module(s)
    if s.size == 0:
        return s
    if real is not None:
        s = xp.where(real, s, -xp.inf)  # exp(-inf) = 0
    top = s.real.max(axis=-1, keepdims=True)  # -inf for an empty sequence
    e = xp.exp(s - xp.where(top == -xp.inf, 0, top))
    total = e.sum(axis=-1, keepdims=True)
    return e / xp.where(total == 0, 1, total)


def attention_scores(x: Array, W: Array, b: Array, v: Array) -> tuple[Array, Array]:
    """Equations (1) and (2): s (N, T) and u (N, T, A)."""
    N, T, D = x.shape
    u = array_module(x).tanh(x.reshape(N * T, D) @ W + b)  # (1)  (N T, D) @ (D, A) -> (N T, A)
    return (u @ v).reshape(N, T), u.reshape(N, T, len(v))  # (2)  (N T, A) @ (A,) -> (N T,)


def attention_weights(x: Array, W: Array, b: Array, v: Array, lengths: Array | None = None) -> Array:
    """The weights a (N, T) of equation (3); arguments are those of ``attention_pool_forward``."""
    real = real_steps(lengths, x.shape[1])
    if real is not None:
        x = array_module(x).where(real, x, 0)
    return masked_softmax(attention_scores(x, W, b, v)[0], None if real is None else real[:, :, 0])


def attention_pool_forward(x: Array, W: Array, b: Array, v: Array, lengths: Array | None = None) -> tuple[Array, tuple]:
    """Equations (1) to (4).

    Args:
        x: inputs (N, T, D).
        W, b, v: weights (D, A), bias (A,) and query (A,).
        lengths: number of real steps of each sequence (N,); T if None.

    Returns:
        Outputs (N, D) and the cache for ``attention_pool_backward``.
    """
    x = floating(x, "AttentionPool: input")
    real = real_steps(lengths, x.shape[1])
    if real is not None:
        x = array_module(x).where(real, x, 0)  # 0 times NaN would be NaN in (4)
    s, u = attention_scores(x, W, b, v)
    a = masked_softmax(s, None if real is None else real[:, :, 0])  # (3)
    y = (a[:, None] @ x)[:, 0]  # (4)  (N, 1, T) @ (N, T, D) -> (N, D)
    return y, (x, W, v, u, a)


def attention_pool_backward(dy: Array, cache: tuple) -> tuple[Array, ...]:
    """Equations (5) to (10): dx (N, T, D), dW (D, A), db (A,), dv (A,)."""
    x, W, v, u, a = cache
    N, T, D = x.shape
    A = len(v)
    da = (x @ dy[:, :, None])[:, :, 0]  # (5)  (N, T, D) @ (N, D, 1) -> (N, T)
    ds = a * (da - (a * da).sum(axis=1, keepdims=True))  # (6)  (N, T)
    dz = ds[:, :, None] * v * (1 - u * u)  # (7)  (N, T, A)
    dv = ds.reshape(N * T) @ u.reshape(N * T, A)  # (8)  (N T,) @ (N T, A) -> (A,)
    dz = dz.reshape(N * T, A)
    dW = x.reshape(N * T, D).T @ dz  # (9)  (D, N T) @ (N T, A) -> (D, A)
    db = dz.sum(axis=0)  # (9)
    dx = a[:, :, None] * dy[:, None] + (dz @ W.T).reshape(N, T, D)  # (10)  (N T, A) @ (A, D) -> (N, T, D)
    return dx, dW, db, dv


# --- the layer: parameters, and a call to the pair -------------------------------------------------------------------


class AttentionPool(Layer):
    """Attention pooling (N, T, ``input_size``) -> (N, ``input_size``).

    Args:
        input_size: D.
        attention_size: A, the number of units that compute the score of a step.
        rng: draws W and v (Glorot uniform); b starts at zero.
    """

    takes_lengths = True

    def __init__(self, input_size: int, attention_size: int, *, rng: Generator | None = None):
        super().__init__()
        self.W = Parameter.glorot((input_size, attention_size), rng)
        self.b = Parameter.zeros((attention_size,))
        self.v = Parameter.uniform((attention_size,), (6 / (attention_size + 1)) ** 0.5, rng)

    def __repr__(self) -> str:
        """Class, size of the last axis, and number of units of the score."""
        return f"AttentionPool({self.W.shape[0]}, attention_size={self.W.shape[1]})"

    def check(self, x: Array, lengths: Any) -> Array | None:
        """``lengths`` as an array on the backend of ``x``; an error unless both fit this layer."""
        check_sequences(x, "AttentionPool", self.W.shape[0])
        return check_lengths(lengths, x, "AttentionPool")

    def weights(self, x: Array, lengths: Any = None) -> Array:
        """The weights (N, T) of the steps of ``x``, for figures; no cache is kept."""
        return attention_weights(x, self.W.data, self.b.data, self.v.data, self.check(x, lengths))

    def forward(self, x: Array, lengths: Any = None) -> Array:
        """Outputs (N, ``input_size``) for ``x`` (N, T, ``input_size``) and ``lengths`` (N,), T if None."""
        lengths = self.check(x, lengths)
        y, cache = attention_pool_forward(x, self.W.data, self.b.data, self.v.data, lengths)
        self.push(cache, y)
        return y

    def out_lengths(self, lengths: Array) -> None:
        """None: the outputs have no steps."""

    def backward(self, dy: Array) -> Array:
        """The gradient with respect to x (N, T, ``input_size``)."""
        dx, dW, db, dv = attention_pool_backward(dy, self.pop(dy))
        self.W.accumulate(dW)
        self.b.accumulate(db)
        self.v.accumulate(dv)
        return dx
