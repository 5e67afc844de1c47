"""Attention as a textbook writes it: one query after the other, equations (1) to (9) of ``scores.py``.

The functions of ``scores.py`` compute the same for all queries at once. Tests compare them with this loop.
"""

from __future__ import annotations

from scratchnn.backend import Array, array_module


def attention_step(q: Array, k: Array, m: Array, v: Array | None = None) -> tuple[Array, tuple]:
    """Equations (1) to (4) for one query ``q`` (A,), the real keys ``k`` (L, A) and memory ``m`` (L, C).

    The score is (1) if ``v`` (A,) is None, else (2). Returns c (C,) and the cache.
    """
    xp = array_module(q)
    u = None if v is None else xp.tanh(q + k)  # (2)  (A,) + (L, A) -> (L, A)
    s = k @ q if v is None else u @ v  # (1), (2)  (L, A) @ (A,) -> (L,)
    e = xp.exp(s - s.real.max())
    a = e / e.sum()  # (3)  (L,)
    return a @ m, (q, k, m, v, u, a)  # (4)  (L,) @ (L, C) -> (C,)


def attention_step_backward(dc: Array, cache: tuple) -> tuple[Array, Array, Array, Array | None]:
    """Equations (5) to (9) for one query: dq (A,), dk (L, A), dm (L, C), and dv (A,), None for (1)."""
    q, k, m, v, u, a = cache
    da = (m * dc).sum(axis=1)  # (5)  (L, C) -> (L,)
    dm = a[:, None] * dc  # (5)  (L, C)
    ds = a * (da - (a * da).sum())  # (6)  (L,)
    if v is None:
        return (ds[:, None] * k).sum(axis=0), ds[:, None] * q, dm, None  # (7)
    dz = ds[:, None] * v * (1 - u * u)  # (8)  (L, A)
    return dz.sum(axis=0), dz, dm, (ds[:, None] * u).sum(axis=0)  # (9)


def attention_loop_forward(
    q: Array, k: Array, m: Array, v: Array | None, lengths: list[int], memory_lengths: list[int]
) -> tuple[Array, tuple]:
    """All queries, one after the other.

    Args:
        q, k, m, v: arrays (N, T, A), (N, S, A), (N, S, C), and (A,) or None.
        lengths, memory_lengths: numbers of real queries and of real steps of the memory, N whole numbers each.

    Returns:
        Context vectors (N, T, C), zero for padded queries and for an empty memory, and the cache.
    """
    xp = array_module(q)
    N, T, _ = q.shape
    c, caches = xp.zeros((N, T, m.shape[2]), dtype=xp.result_type(q, k, m, *[v] * (v is not None))), []
    for n in range(N):
        L = memory_lengths[n]
        for i in range(lengths[n] if L else 0):
            c[n, i], cache = attention_step(q[n, i], k[n, :L], m[n, :L], v)
            caches.append((n, i, L, cache))
    return c, (caches, q, k, m, v)


def attention_loop_backward(dc: Array, cache: tuple) -> tuple[Array, Array, Array, Array | None]:
    """The gradients with respect to q, k, m and v, from that with respect to the context vectors."""
    caches, q, k, m, v = cache
    xp = array_module(dc)
    dq, dk, dm = (xp.zeros(array.shape, dtype=xp.result_type(dc, array)) for array in (q, k, m))
    dv = None if v is None else xp.zeros(v.shape, dtype=xp.result_type(dc, v))
    for n, i, L, cache_of_step in caches:
        dq[n, i], dk_step, dm_step, dv_step = attention_step_backward(dc[n, i], cache_of_step)
        dk[n, :L] += dk_step
        dm[n, :L] += dm_step
        if dv is not None:
            dv += dv_step
    return dq, dk, dm, dv
