"""Attention layers: how queries and memory become queries and keys of one size, and which score compares them.

    dot         k_j = m_j                                              s_ij = q_i . k_j                            (1)
    general     k_j = m_j W                                            s_ij = q_i . k_j                            (2)
    additive    k_j = m_j W + b              q'_i = q_i U              s_ij = v . tanh(q'_i + k_j)                 (3)

The weights, the average, and their gradients are in ``scores.py``. The keys do not depend on the queries. A decoder that
asks one query at a time calls ``prepare`` once per batch and ``attend`` once per step; in backward ``attend_backward`` once
per step, the last one first, then ``prepare_backward`` with the sums of the gradients. ``forward`` and ``backward`` do all
this for queries that are known from the start.

Shapes: q (N, T, Q), m (N, S, C), k (N, S, Q) in (1) and (2), (N, S, A) in (3); W (C, Q), in (3) (C, A), b (A,), U (Q, A),
v (A,). Luong, Pham and Manning (2015), equation 8, for (1) and (2); Bahdanau, Cho and Bengio (2015) for (3).
"""

from __future__ import annotations

from typing import Any, NamedTuple

from scratchnn.attention.scores import (
    additive_scores_backward,
    additive_scores_forward,
    product_scores_backward,
    product_scores_forward,
    read_backward,
    read_forward,
)
from scratchnn.backend import Array, Generator, array_module, floating
from scratchnn.core import Layer, Parameter
from scratchnn.errors import DataError, ShapeError
from scratchnn.layers import Dense
from scratchnn.layers.sequences import check_lengths, check_sequences, real_steps


class Memory(NamedTuple):
    """What the queries read: N sequences of S steps.

    Attributes:
        values: the steps m (N, S, C), zero where they are padded.
        keys: what a query is compared with (N, S, A).
        real: whether a step is real (N, S).
    """

    values: Array
    keys: Array
    real: Array


class Attention(Layer):
    """Base of the attention layers: queries (N, T, ``query_size``) and memory (N, S, ``memory_size``) -> (N, T, C).

    Attributes:
        query_size, memory_size: sizes of the last axes Q and C.
    """

    takes_lengths = True

    def __init__(self, query_size: int, memory_size: int):
        super().__init__()
        self.query_size, self.memory_size = query_size, memory_size

    def __repr__(self) -> str:
        """Class and sizes of the last axis of queries and memory."""
        return f"{type(self).__name__}({self.query_size}, {self.memory_size})"

    # --- what a score defines ----------------------------------------------------------------------------------------

    def keys(self, m: Array) -> Array:
        """What a query is compared with, from the memory (N, S, C)."""
        return m

    def keys_backward(self, dk: Array) -> Array:
        """The gradient with respect to the memory, from that with respect to the keys."""
        return dk

    def queries(self, h: Array) -> Array:
        """What the keys are compared with, from the queries (..., Q)."""
        return h

    def queries_backward(self, dq: Array) -> Array:
        """The gradient with respect to the queries h, from that with respect to what the keys are compared with."""
        return dq

    def query_weights_backward(self, dq: Array, h: Array) -> None:
        """Adds to the gradients of the weights in ``queries``, from rows of dq and of h."""

    def scores(self, q: Array, k: Array) -> tuple[Array, tuple]:
        """Scores (N, T, S) of ``queries(h)``, and a cache."""
        return product_scores_forward(q, k)

    def scores_backward(self, ds: Array, cache: tuple) -> tuple[Array, Array]:
        """The gradients with respect to ``queries(h)`` and keys."""
        return product_scores_backward(ds, cache)

    # --- one query or several at a time ------------------------------------------------------------------------------

    def prepare(self, m: Array, lengths: Any = None) -> Memory:
        """Keys and memory from ``m`` (N, S, C) and its numbers of real steps ``lengths`` (N,); S if None."""
        owner = type(self).__name__
        check_sequences(m, owner, self.memory_size)
        m = floating(m, f"{owner}: memory")
        xp = array_module(m)
        real = real_steps(check_lengths(lengths, m, owner), m.shape[1])
        if real is None:
            real = xp.ones((*m.shape[:2], 1), dtype=bool)
        m = xp.where(real, m, 0)  # 0 times NaN would be NaN
        return Memory(m, self.keys(m), real[:, :, 0])

    def prepare_backward(self, dmemory: tuple[Array, Array]) -> Array:
        """The gradient with respect to ``m``, from those with respect to values and keys; zero at padded steps."""
        dm, dk = dmemory
        return dm + self.keys_backward(dk)

    def attend(self, q: Array, memory: Memory) -> tuple[Array, Array]:
        """Context vectors (N, T, C) of queries ``q`` (N, T, Q), all of them real, and the weights (N, T, S)."""
        s, cache = self.scores(self.queries(q), memory.keys)
        c, read_cache = read_forward(s, memory.values, memory.real[:, None])
        self.push((q, cache, read_cache), c)
        return c, read_cache[0]

    def attend_backward(self, dc: Array) -> tuple[Array, tuple[Array, Array]]:
        """The gradients with respect to queries and memory (values and keys), from that with respect to the context."""
        q, cache, read_cache = self.pop(dc)
        ds, dm = read_backward(dc, read_cache)
        dq, dk = self.scores_backward(ds, cache)
        self.query_weights_backward(dq.reshape(-1, dq.shape[2]), q.reshape(-1, q.shape[2]))
        return self.queries_backward(dq), (dm, dk)

    # --- all queries at once -----------------------------------------------------------------------------------------

    def forward(self, q: Array, m: Array, lengths: Any = None, memory_lengths: Any = None) -> Array:
        """Context vectors (N, T, C).

        Args:
            q: queries (N, T, Q).
            m: memory (N, S, C).
            lengths: number of real queries of each sequence (N,); T if None. The outputs of the others are zero.
            memory_lengths: number of real steps of each memory (N,); S if None.
        """
        owner = type(self).__name__
        check_sequences(q, owner, self.query_size)
        q = floating(q, f"{owner}: queries")
        xp = array_module(q)
        real = real_steps(check_lengths(lengths, q, owner), q.shape[1])
        memory = self.prepare(m, memory_lengths)
        if len(q) != len(m):
            raise ShapeError(f"{owner}: {len(q)} sequences of queries have {len(m)} memories; each needs one")
        c, _ = self.attend(q if real is None else xp.where(real, q, 0), memory)
        c = c if real is None else xp.where(real, c, 0)
        self.push(real, c)
        return c

    def backward(self, dc: Array) -> tuple[Array, Array]:
        """The gradients with respect to queries and memory."""
        real = self.pop(dc)
        dq, dmemory = self.attend_backward(dc if real is None else array_module(dc).where(real, dc, 0))
        return dq, self.prepare_backward(dmemory)


class DotAttention(Attention):
    """Equation (1): queries and memory are of one size."""

    def __init__(self, query_size: int, memory_size: int):
        super().__init__(query_size, memory_size)
        if query_size != memory_size:
            raise ShapeError(
                f"DotAttention: queries have size {query_size}, the memory {memory_size}; make them equal, or use "
                "GeneralAttention"
            )


class GeneralAttention(Attention):
    """Equation (2); W is Glorot uniform, drawn by ``rng``."""

    def __init__(self, query_size: int, memory_size: int, *, rng: Generator):
        super().__init__(query_size, memory_size)
        self.key = Dense(memory_size, query_size, rng=rng, bias=False)

    def keys(self, m: Array) -> Array:
        """Equation (2) or (3): m W, in (3) plus b."""
        return self.key.forward(m)

    def keys_backward(self, dk: Array) -> Array:
        """The gradient with respect to m; adds to those of W and b."""
        return self.key.backward(dk)


class AdditiveAttention(GeneralAttention):
    """Equation (3) with A = ``size`` hidden units; W, U and v are Glorot uniform, drawn by ``rng``, b starts at zero."""

    def __init__(self, query_size: int, memory_size: int, size: int, *, rng: Generator):
        Attention.__init__(self, query_size, memory_size)
        self.key = Dense(memory_size, size, rng=rng)
        self.U = Parameter.glorot((query_size, size), rng)
        self.v = Parameter.uniform((size,), (6 / (size + 1)) ** 0.5, rng)

    def queries(self, h: Array) -> Array:
        """The q' of equation (3): h U."""
        return h @ self.U.data

    def queries_backward(self, dq: Array) -> Array:
        """The gradient with respect to h."""
        return dq @ self.U.data.T

    def query_weights_backward(self, dq: Array, h: Array) -> None:
        """Adds to the gradient of U."""
        self.U.accumulate(h.T @ dq)

    def scores(self, q: Array, k: Array) -> tuple[Array, tuple]:
        """Equation (3)."""
        return additive_scores_forward(q, k, self.v.data)

    def scores_backward(self, ds: Array, cache: tuple) -> tuple[Array, Array]:
        """The gradients with respect to q' and keys; adds to that of v."""
        dq, dk, dv = additive_scores_backward(ds, cache)
        self.v.accumulate(dv)
        return dq, dk


SCORES = ("dot", "general", "additive")


def make_attention(score: str, query_size: int, memory_size: int, size: int, rng: Generator) -> Attention:
    """The attention layer with that score; ``size`` is A of (3)."""
    if score == "dot":
        return DotAttention(query_size, memory_size)
    if score == "general":
        return GeneralAttention(query_size, memory_size, rng=rng)
    if score == "additive":
        return AdditiveAttention(query_size, memory_size, size, rng=rng)
    raise DataError(f"unknown attention {score!r}; choose one of {', '.join(SCORES)}")
