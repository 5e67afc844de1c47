"""Input feeding: at each step the cell also reads what the decoder attended to at the step before.

For t = 1 .. T, from a given f_0, with the cell's own equations in between:

    a_t  = x_t Wx + b + f_{t-1} Wf                     the cell's gates before h_{t-1} Wh is added                 (1)
    h_t                                                from a_t, h_{t-1} (and c_{t-1}), by the cell                (2)
    c_t  = attention(h_t)                              context vector, ``layers.py``                               (3)
    f_t  = tanh([h_t, c_t] W + b_f)                    attention vector, which is the output                       (4)

Backward, for t = T .. 1:

    df_t = dy_t + da_{t+1} Wf^T                        at t = T, the gradient with respect to the final f_T        (5)
    dg_t = df_t (1 - f_t^2)                                                                                        (6)
    [dh_t, dc_t] = dg_t W^T                            dh_t also gets what (3) passes to its query                 (7)
    da_t                                               from dh_t and da_{t+1}, by the cell                         (8)
    dWf  = sum_t f_{t-1}^T da_t        dW = sum_t [h_t, c_t]^T dg_t        db_f = sum_t dg_t                       (9)

The cells loop over time themselves (``recurrent/``). They ask ``FedSteps`` for one step after the other, and what has to
happen between two steps happens there: (1), (3) and (4) in ``forward``, (5) to (7) in ``backward``. x_t Wx is one product
for all steps before the loop, the sums of (9) are products for all steps after it, and padding takes no time.

Shapes: x (N, T, D), Wx (D, columns), f (N, T, A), Wf (A, columns), h (N, T, H), c (N, T, C), W (H + C, A), b_f (A,).
Luong, Pham and Manning (2015), section 3.3.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from scratchnn.attention.layers import Attention, Memory
from scratchnn.attention.scores import read_forward, weights_backward
from scratchnn.backend import Array, Lease, array_module
from scratchnn.recurrent.steps import Step, Steps


class Feed(NamedTuple):
    """What is between two steps: the attention layer, and the arrays Wf, W and b_f."""

    attention: Attention
    Wf: Array
    W: Array
    b: Array


class FedSteps(Steps):
    """Steps of inputs (N, T, D) that read what was attended to at the step before.

    Args:
        x: the inputs; only their shape, dtype and backend matter.
        lengths: number of real steps of each sequence (N,); T if None.
        feed: weights and attention.
        memory: what is read, of n sequences; N / n rows one after the other read each of them.
        first: f_0 (N, A).
        lease: provides the arrays of all steps, which are valid until it ends.

    Attributes:
        f: all attention vectors (N + P, A), as ``Steps.states`` arranges them.
        both: h and c of all steps (P, H + C).
        a: the weights of all steps (P, S).
        scored: the cache of the scores of each step, by its first row.
    """

    def __init__(self, x: Array, lengths: Array | None, feed: Feed, memory: Memory, first: Array, lease: Lease):
        super().__init__(x, lengths)
        xp = array_module(x)
        self.feed, self.lease = feed, lease
        self.memory = memory if self.even else Memory(*(part[self.order] for part in memory))
        self.f = self.states(first, x.dtype, lease)
        self.both = lease.take(xp, (self.P, len(feed.W)), x.dtype)
        self.a = lease.take(xp, (self.P, memory.values.shape[1]), x.dtype)
        self.scored: dict[int, tuple] = {}
        self.dWf: Array | None = None

    def read_by(self, rows: int) -> Memory:
        """What the first ``rows`` sequences read: a memory each, or all memories if several rows read one."""
        return Memory(*(part[:rows] for part in self.memory))

    def forward(self, from_x: Sequence[Array], h: Array, factors: Array | float = 1) -> Iterator[Step]:
        """All steps, with equations (1), (3) and (4) around them; see ``Steps.forward``."""
        xp = array_module(h)
        attention, Wf, W, b = self.feed
        H = h.shape[1]
        with self.lease.pool.lease() as scratch:
            scaled = scratch.product(Wf, factors)
            ends = np.cumsum([part.shape[1] for part in from_x])
            blocks = [scratch.copy(scaled[:, end - part.shape[1] : end]) for part, end in zip(from_x, ends, strict=True)]
            for step in self.steps:
                now, before, after, N_t = step
                for part, block in zip(from_x, blocks, strict=True):
                    part[now] += self.f[before] @ block  # (1)  (N_t, A) @ (A, columns) -> (N_t, columns)
                yield step
                memory, h_t, both_t, f_t = self.read_by(N_t), h[after], self.both[now], self.f[after]
                q = attention.queries(h_t)
                s, self.scored[now.start] = attention.scores(q.reshape(len(memory.values), -1, q.shape[1]), memory.keys)
                c, (a, _) = read_forward(s, memory.values, memory.real[:, None])  # (3)
                both_t[:, :H], both_t[:, H:], self.a[now] = h_t, c.reshape(N_t, -1), a.reshape(N_t, -1)
                xp.matmul(both_t, W, out=f_t)  # (N_t, H + C) @ (H + C, A) -> (N_t, A)
                f_t += b
                xp.tanh(f_t, out=f_t)  # (4)

    # --- backward ----------------------------------------------------------------------------------------------------

    def start_backward(self, dy: Array, dlast: Array, scratch: Lease) -> None:
        """Set out with the gradients with respect to all f (N, T, A) and to the last (N, A); ``scratch`` provides arrays.

        After the loop, these attributes are known:
            dg, dc, dq: gradients of all steps, (6), (7), and with respect to the queries (P, ...).
            dk: with respect to the keys (N, S, A), in the order of the packed rows.
            dWf: as in (9); None if there is no step.
            carried: with respect to f_0, in the order of the packed rows.
        """
        xp, dtype = array_module(dy), dy.dtype
        keys = self.memory.keys
        self.dy, self.carried = self.pack(dy, scratch), self.sort(dlast).copy()
        self.dg = scratch.take(xp, self.dy.shape, dtype)
        self.dc = scratch.take(xp, (self.P, self.memory.values.shape[2]), dtype)
        self.dq = scratch.take(xp, (self.P, keys.shape[2]), dtype)
        self.dk = xp.zeros(keys.shape, dtype=dtype)

    def backward(self, items: Iterable[tuple[Any, slice]], dy_rows: Array, da: Array) -> Iterator[tuple[Any, slice]]:
        """The ``items``, with equations (5) to (7) around them; see ``Steps.backward``."""
        xp = array_module(da)
        attention, Wf, W, _ = self.feed
        H = dy_rows.shape[1]
        for item in items:
            now = item[1]
            N_t = now.stop - now.start
            after = slice(self.N + now.start, self.N + now.stop)
            memory, carried = self.read_by(N_t), self.carried[:N_t]
            df = xp.add(carried, self.dy[now], out=carried)  # (5)
            slope = 1 - self.f[after] * self.f[after]
            dg = xp.multiply(df, slope, out=self.dg[now])  # (6)
            dboth = dg @ W.T  # (7)  (N_t, A) @ (A, H + C) -> (N_t, H + C)
            dc = self.dc[now]
            dc[...] = dboth[:, H:]
            ds = weights_backward(dc[:, None], (self.a[now][:, None], memory.values))  # (N_t, 1, S)
            dq, dk = attention.scores_backward(ds, self.scored[now.start])
            self.dq[now] = dq[:, 0]
            self.dk[:N_t] += dk
            dy_rows[now] = dboth[:, :H] + attention.queries_backward(dq[:, 0])  # (7), all that the loss sees of h_t
            yield item
            xp.matmul(da[now], Wf.T, out=carried)  # (5)  (N_t, columns) @ (columns, A) -> (N_t, A)
            if now.start == 0:
                self.dWf = self.states_before(self.f).T @ da  # (9)  (A, P) @ (P, columns) -> (A, columns)
