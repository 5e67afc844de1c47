"""A recurrent decoder with attention: at each step it reads what it needs of the source.

    h_t, s_t = cells(x_t, s_{t-1})                                                                                 (1)
    c_t      = attention(h_t)                          context vector, ``layers.py``                               (2)
    f_t      = tanh([h_t, c_t] W + b)                  attention vector, which is the output                       (3)

All h_t are known before the first query, so (2) and (3) are a few large products over all steps. With input feeding, the
cell also reads f_{t-1}, what the decoder attended to at the step before, and (1) to (3) run step by step (``feeding.py``).
Padded steps keep the state; their outputs are zero.

Backward:

    dg_t = df_t (1 - f_t^2)                                                                                        (4)
    [dh_t, dc_t] = dg_t W^T        dW = sum_t [h_t, c_t]^T dg_t        db = sum_t dg_t                             (5)
    dh_t also gets what (2) passes to its query                                                                    (6)

Shapes: x (N, T, D), h (N, T, H), c (N, T, C), W (H + C, A), b (A,), f (N, T, A). Luong, Pham and Manning, "Effective
approaches to attention-based neural machine translation" (2015), equation 5 and section 3.3.
"""

from __future__ import annotations

from typing import Any

from scratchnn.attention.feeding import FedSteps, Feed
from scratchnn.attention.layers import Attention, Memory
from scratchnn.attention.scores import memory_backward
from scratchnn.backend import Array, BufferPool, Generator, array_module, floating
from scratchnn.core import Layer, Parameter
from scratchnn.core.nested import flatten
from scratchnn.errors import DataError, ShapeError
from scratchnn.layers import Dense, Tanh
from scratchnn.layers.sequences import check_lengths, real_steps
from scratchnn.recurrent.base import Recurrent, SequenceLayer, State


class AttentionDecoder(Layer):
    """Inputs (N, T, D) and memory -> attention vectors (N, T, ``units``), and the state.

    The state is that of the cells, or with input feeding (the cell's state, f (N, ``units``)).

    Args:
        cells: reads the inputs; with input feeding one recurrent layer, no composed one.
        attention: its queries have the size of the cells' outputs.
        units: A, the size of an attention vector.
        input_feeding: whether f_{t-1} is an input of step t, through weights Wf (A, columns of the cell).
        rng: draws W and Wf (Glorot uniform); b starts at zero.
    """

    takes_lengths = True
    returns_state = True

    def __init__(
        self, cells: SequenceLayer, attention: Attention, units: int, *, input_feeding: bool = False, rng: Generator
    ):
        super().__init__()
        if attention.query_size != cells.units:
            raise ShapeError(
                f"AttentionDecoder: the cells' outputs have size {cells.units}, the queries {attention.query_size}"
            )
        self.cells, self.attention = cells, attention
        self.combine = Dense(cells.units + attention.memory_size, units, rng=rng)
        self.squash = Tanh()
        self.units = units
        self.Wf: Any = None  # a Parameter with input feeding
        if input_feeding:
            columns = getattr(cells, "Wx", None)
            if not isinstance(cells, Recurrent) or columns is None:
                raise DataError(
                    f"AttentionDecoder: input feeding runs one recurrent layer step by step, not a {type(cells).__name__} "
                    "layer; use one layer, or no input feeding"
                )
            self.Wf = Parameter.glorot((units, columns.shape[1]), rng)
        self.pool = BufferPool()

    # --- equations (2) and (3) ---------------------------------------------------------------------------------------

    def look(self, h: Array, memory: Memory) -> tuple[Array, Array]:
        """Attention vectors (N, T, A) of hidden states (N, T, H), and the weights (N, T, S).

        With a memory of fewer sequences, n, the same number of rows one after the other reads each of them: the beams of a
        search. They are then queries of one sequence, and the memory is not copied.
        """
        N, T, H = h.shape
        n = len(memory.values)
        c, a = self.attention.attend(h.reshape(n, (N // n if n else 1) * T, H), memory)  # (2)
        both = array_module(h).concatenate([h, c.reshape(N, T, c.shape[2])], axis=2)  # (N, T, H + C)
        return self.squash.forward(self.combine.forward(both)), a.reshape(N, T, a.shape[2])  # (3)

    def look_backward(self, df: Array) -> tuple[Array, tuple[Array, Array]]:
        """The gradients with respect to hidden states and memory."""
        dboth = self.combine.backward(self.squash.backward(df))  # (4), (5)
        H = self.cells.units
        dq, dmemory = self.attention.attend_backward(dboth[:, :, H:])
        return dboth[:, :, :H] + dq, dmemory  # (6)

    # --- the layer ---------------------------------------------------------------------------------------------------

    def with_fed(self, cells: State, like: Array) -> State:
        """The state from that of the cells, with f = 0 beside it if it is fed; in the dtype of ``like``, an array."""
        if self.Wf is None:
            return cells
        return cells, array_module(like).zeros((len(like), self.units), dtype=like.dtype)

    def zero_state(self, x: Array) -> State:
        """The state before the first step: zeros, one row per sequence of ``x``, in its dtype."""
        return self.with_fed(self.cells.zero_state(x), x)

    def forward(self, x: Array, memory: Memory, state: State, lengths: Any = None) -> tuple[Array, State]:
        """Attention vectors (N, T, A), and the state after the last step.

        Args:
            x: inputs (N, T, D).
            memory: from ``attention.prepare``.
            state: the state before the first step.
            lengths: number of real steps of each sequence (N,); T if None.
        """
        y, _, state = self.run(x, memory, state, lengths)
        return y, state

    def run(self, x: Array, memory: Memory, state: State, lengths: Any = None) -> tuple[Array, Array, State]:
        """As ``forward``, with the weights (N, T, S) that each step gives to the memory; zero at padded steps."""
        x = floating(x, "AttentionDecoder: input")
        lengths = check_lengths(lengths, x, "AttentionDecoder")
        n = len(memory.values)
        if n != len(x) and (lengths is not None or not n or len(x) % n):
            raise ShapeError(
                f"AttentionDecoder: {len(x)} sequences read {n} memories; give each sequence one, or, without lengths, the "
                "same number of sequences for each memory"
            )
        if self.Wf is not None:
            return self.run_fed(x, memory, state, lengths)
        h, state = self.cells.forward(x, state, lengths)
        y, a = self.look(h, memory)
        real = real_steps(lengths, x.shape[1])
        if real is not None:
            xp = array_module(x)
            y, a = xp.where(real, y, 0), xp.where(real, a, 0)
        self.push((real, y.shape), y)
        return y, a, state

    def backward(self, dy: Array | None, dstate: State | None = None) -> tuple[Array, tuple[Array, Array], State]:
        """The gradients with respect to inputs, memory (its values and its keys) and first state.

        One of the gradients with respect to the outputs and the final state may be None, for zeros.

        ``attention.prepare_backward`` turns the second into the gradient with respect to what was prepared.
        """
        if self.Wf is not None:
            return self.backward_fed(dy, dstate)
        real, shape = self.pop(dy)
        dy = self.cells.zeros_for_none(dy, dstate, shape)
        dh, dmemory = self.look_backward(dy if real is None else array_module(dy).where(real, dy, 0))
        dx, dstate = self.cells.backward(dh, dstate)
        return dx, dmemory, dstate

    # --- with input feeding, see ``feeding.py`` ----------------------------------------------------------------------

    def run_fed(self, x: Array, memory: Memory, state: State, lengths: Array | None) -> tuple[Array, Array, State]:
        """``run`` step by step."""
        cells, first = state
        lease = self.pool.lease()
        b: Any = self.combine.b
        feed = Feed(self.attention, self.Wf.data, self.combine.W.data, b.data)
        arrays = [x, *flatten(state), *memory[:2], *(parameter.data for parameter in self.parameters())]
        x = x.astype(array_module(x).result_type(*arrays), copy=False)
        steps = FedSteps(x, lengths, feed, memory, first, lease)
        _, cells = self.cells.forward(x, cells, steps=steps)
        y, a, last = steps.unpack(steps.f[steps.N :]), steps.unpack(steps.a), steps.states_last(steps.f)
        self.push((steps, lease, y.shape), y)
        if not self.training:
            lease.end()
        return y, a, (cells, last)

    def backward_fed(self, dy: Array | None, dstate: State | None) -> tuple[Array, tuple[Array, Array], State]:
        """``backward`` step by step."""
        steps, lease, shape = self.pop(dy)
        dy = self.cells.zeros_for_none(dy, dstate, shape)
        xp = array_module(dy)
        b: Any = self.combine.b
        dcells, dlast = (None, None) if dstate is None else dstate
        dlast = xp.zeros((len(dy), self.units), dtype=dy.dtype) if dlast is None else dlast
        with self.pool.lease() as scratch:
            steps.start_backward(dy, dlast, scratch)
            dh = xp.broadcast_to(xp.zeros((), dtype=dy.dtype), (*dy.shape[:2], self.cells.units))
            dx, dcells = self.cells.backward(dh, dcells)
            if steps.dWf is not None:
                self.Wf.accumulate(steps.dWf)
            self.combine.W.accumulate(steps.both.T @ steps.dg)  # (5)  (H + C, P) @ (P, A) -> (H + C, A)
            b.accumulate(steps.dg.sum(axis=0))  # (5)
            self.attention.query_weights_backward(steps.dq, steps.both[:, : self.cells.units])
            dm = memory_backward(steps.unpack(steps.dc), steps.unpack(steps.a))
        lease.end()
        return dx, (dm, steps.unsort(steps.dk)), (dcells, steps.unsort(steps.carried))
