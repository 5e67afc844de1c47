"""Attention: each step of one sequence, a query, reads a weighted average of all steps of another one, the memory.

The score s_ij says how much query i has to do with step j of the memory. Two scores, of queries q_i and keys k_j:

    s_ij = q_i . k_j                                      product: dot and general attention                       (1)
    s_ij = v . u_ij,    u_ij = tanh(q_i + k_j)            sum: additive attention                                  (2)

The weights and the average over the L real steps of the memory m:

    a_ij = exp(s_ij) / sum_l exp(s_il)                    its weight; a_ij = 0 for padded steps                    (3)
    c_i  = sum_j a_ij m_j                                 context vector                                           (4)

Backward:

    da_ij = dc_i . m_j                                    dm_j = sum_i a_ij dc_i                                   (5)
    ds_ij = a_ij (da_ij - sum_l a_il da_il)               softmax                                                  (6)
    dq_i  = sum_j ds_ij k_j                               dk_j = sum_i ds_ij q_i               of (1)              (7)
    dz_ij = ds_ij v * (1 - u_ij^2)                        the gradient with respect to q_i + k_j                   (8)
    dq_i  = sum_j dz_ij          dk_j = sum_i dz_ij       dv   = sum_ij ds_ij u_ij             of (2)              (9)

With all u_ij at once, (2) would need an array (N, T, S, A). It is computed for one query at a time instead, and computed
again in backward, so that the memory grows with T no faster than the scores. Where there are no real steps, a, c and all
gradients are zero. ``plain_loop.py`` has the same equations for one query at a time, as a textbook writes them.

Shapes: q (N, T, A), k (N, S, A), v (A,), m (N, S, C), s and a (N, T, S), c (N, T, C). Bahdanau, Cho and Bengio, "Neural
machine translation by jointly learning to align and translate" (2015) for (2); Luong, Pham and Manning, "Effective
approaches to attention-based neural machine translation" (2015) for (1).
"""

from __future__ import annotations

from scratchnn.backend import Array, array_module
from scratchnn.layers.attention_pooling import masked_softmax

# --- scores ----------------------------------------------------------------------------------------------------------


def product_scores_forward(q: Array, k: Array) -> tuple[Array, tuple]:
    """Equation (1): ``q`` (N, T, A) and ``k`` (N, S, A) give scores (N, T, S) and the cache."""
    return q @ k.transpose(0, 2, 1), (q, k)  # (1)  (N, T, A) @ (N, A, S) -> (N, T, S)


def product_scores_backward(ds: Array, cache: tuple) -> tuple[Array, Array]:
    """Equation (7): dq (N, T, A), dk (N, S, A)."""
    q, k = cache
    dq = ds @ k  # (7)  (N, T, S) @ (N, S, A) -> (N, T, A)
    dk = ds.transpose(0, 2, 1) @ q  # (7)  (N, S, T) @ (N, T, A) -> (N, S, A)
    return dq, dk


def additive_scores_forward(q: Array, k: Array, v: Array) -> tuple[Array, tuple]:
    """Equation (2): ``q`` (N, T, A), ``k`` (N, S, A) and ``v`` (A,) give scores (N, T, S) and the cache."""
    xp = array_module(q)
    N, T, A = q.shape
    S = k.shape[1]
    u = xp.empty((N, S, A), dtype=xp.result_type(q, k))
    s = xp.empty((N, T, S), dtype=xp.result_type(u, v))
    for i in range(T):
        tanh_of_sum(q[:, i], k, u)  # (2)
        s[:, i] = (u.reshape(N * S, A) @ v).reshape(N, S)  # (2)  (N S, A) @ (A,) -> (N S,)
    return s, (q, k, v)


def additive_scores_backward(ds: Array, cache: tuple) -> tuple[Array, Array, Array]:
    """Equations (8) and (9): dq (N, T, A), dk (N, S, A), dv (A,)."""
    q, k, v = cache
    xp = array_module(ds)
    N, T, A = q.shape
    S = k.shape[1]
    dtype = xp.result_type(ds, q, k, v)
    u, slopes = (xp.empty((N, S, A), dtype=dtype) for _ in range(2))
    dq, dk, dv = xp.empty((N, T, A), dtype=dtype), xp.zeros((N, S, A), dtype=dtype), xp.zeros(A, dtype=dtype)
    for i in range(T):
        tanh_of_sum(q[:, i], k, u)
        dv += ds[:, i].reshape(N * S) @ u.reshape(N * S, A)  # (9)  (N S,) @ (N S, A) -> (A,)
        xp.multiply(u, u, out=slopes)
        xp.subtract(1, slopes, out=slopes)
        slopes *= ds[:, i, :, None]  # (8), without v
        dq[:, i] = slopes.sum(axis=1)  # (9), without v  (N, S, A) -> (N, A)
        dk += slopes  # (9), without v
    return dq * v, dk * v, dv  # (8)


def tanh_of_sum(q: Array, k: Array, u: Array) -> None:
    """The u of (2) for one query of each sequence, ``q`` (N, A), into ``u`` (N, S, A)."""
    xp = array_module(q)
    xp.add(q[:, None], k, out=u)
    xp.tanh(u, out=u)


# --- weights and average ---------------------------------------------------------------------------------------------


def read_forward(s: Array, m: Array, real: Array | None = None) -> tuple[Array, tuple]:
    """Equations (3) and (4).

    Args:
        s: scores (N, T, S).
        m: memory (N, S, C), finite also where it is padded.
        real: whether a query may read a step, broadcast to (N, T, S); every query reads every step if None.

    Returns:
        Context vectors (N, T, C), and the cache, which begins with the weights (N, T, S).
    """
    a = masked_softmax(s, real)  # (3)
    return a @ m, (a, m)  # (4)  (N, T, S) @ (N, S, C) -> (N, T, C)


def read_backward(dc: Array, cache: tuple) -> tuple[Array, Array]:
    """Equations (5) and (6): ds (N, T, S), dm (N, S, C)."""
    return weights_backward(dc, cache), memory_backward(dc, cache[0])


def weights_backward(dc: Array, cache: tuple) -> Array:
    """Equations (5) and (6): ds (N, T, S)."""
    a, m = cache
    da = dc @ m.transpose(0, 2, 1)  # (5)  (N, T, C) @ (N, C, S) -> (N, T, S)
    return a * (da - (a * da).sum(axis=2, keepdims=True))  # (6)


def memory_backward(dc: Array, a: Array) -> Array:
    """Equation (5): dm (N, S, C), from the gradient with respect to c and the weights."""
    return a.transpose(0, 2, 1) @ dc  # (5)  (N, S, T) @ (N, T, C) -> (N, S, C)
