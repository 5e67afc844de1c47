"""A recurrent decoder with attention: at each step it reads what it needs of the source.

    h_t, s_t = cells([x_t, f_{t-1}], s_{t-1})          f_{t-1} only with input feeding                             (1)
    c_t      = attention(h_t, m)                       context vector, ``layers.py``                               (2)
    f_t      = tanh([h_t, c_t] W + b)                  attention vector, which is the output                       (3)

Without input feeding, all h_t are known before the first query, so (2) and (3) are a few large products over all steps.
With input feeding, the cells also see what the decoder attended to at the step before. Then (1) to (3) run step by step.
Padded steps keep s and f; their outputs are zero.

Backward, for t = T .. 1, with df_t = dy_t + what step t + 1 passes to f_t:

    da_t = df_t (1 - f_t^2)                                                                                        (4)
    [dh_t, dc_t] = da_t W^T        dW = sum_t [h_t, c_t]^T da_t        db = sum_t da_t                             (5)
    dh_t also gets what (2) passes to its query; dm is summed over all steps                                       (6)
    [dx_t, df_{t-1}] and ds_{t-1} from the cells' backward pass                                                    (7)

Shapes: x (N, T, D), h (N, T, H), m (N, S, C), c (N, T, C), W (H + C, A), b (A,), f (N, T, A).
Luong, Pham and Manning, "Effective approaches to attention-based neural machine translation" (2015), equation 5 and
section 3.3.
"""

from __future__ import annotations

from typing import Any

from scratchnn.attention.layers import Attention, Memory
from scratchnn.backend import Array, Generator, array_module
from scratchnn.core import Layer
from scratchnn.errors import ShapeError
from scratchnn.layers import Dense, Tanh
from scratchnn.layers.sequences import check_lengths, real_steps
from scratchnn.recurrent.base import SequenceLayer, State


class AttentionDecoder(Layer):
    """Inputs (N, T, D) and memory -> attention vectors (N, T, ``units``), and the state (cells' state, f (N, ``units``)).

    Args:
        cells: reads [x_t, f_{t-1}] of size D + ``units`` with input feeding, x_t of size D without.
        attention: its queries have the size of the cells' outputs.
        units: A, the size of an attention vector.
        input_feeding: whether f_{t-1} is an input of step t. If not, the state has None in place of f.
        rng: draws W (Glorot uniform); b starts at zero.
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
        self.units, self.input_feeding = units, bool(input_feeding)

    # --- equations (2) and (3) ---------------------------------------------------------------------------------------

    def look(self, h: Array, memory: Memory) -> tuple[Array, Array]:
        """Attention vectors (N, T, A) of hidden states (N, T, H), and the weights (N, T, S).

        With a memory of fewer sequences, n, the same number of rows one after the other reads each of them: the beams of a
        search. They are then queries of one sequence, and the memory is not copied.
        """
        n = len(memory.values)
        c, a = self.attention.attend(h.reshape(n, -1, h.shape[2]), memory)  # (2)
        both = array_module(h).concatenate([h, c.reshape(*h.shape[:2], c.shape[2])], axis=2)  # (N, T, H + C)
        return self.squash.forward(self.combine.forward(both)), a.reshape(*h.shape[:2], a.shape[2])  # (3)

    def look_backward(self, df: Array) -> tuple[Array, tuple[Array, Array]]:
        """The gradients with respect to hidden states and memory."""
        dboth = self.combine.backward(self.squash.backward(df))  # (4), (5)
        H = self.cells.units
        dq, dmemory = self.attention.attend_backward(dboth[:, :, H:])
        return dboth[:, :, :H] + dq, dmemory  # (6)

    # --- the layer ---------------------------------------------------------------------------------------------------

    def zero_state(self, x: Array) -> State:
        """The state before the first step: zeros, one row per sequence of ``x``, in its dtype."""
        fed = array_module(x).zeros((len(x), self.units), dtype=x.dtype) if self.input_feeding else None
        return self.cells.zero_state(x), fed

    def forward(self, x: Array, memory: Memory, state: State, lengths: Any = None) -> tuple[Array, State]:
        """Attention vectors (N, T, A), and the state after the last step.

        Args:
            x: inputs (N, T, D).
            memory: from ``attention.prepare``.
            state: the state before the first step.
            lengths: number of real steps of each sequence (N,); T if None.
        """
        lengths = check_lengths(lengths, x, "AttentionDecoder")
        y, _, state = self.run(x, memory, state, lengths)
        self.push((lengths, memory.values.shape, memory.keys.shape), y)
        return y, state

    def weights(self, x: Array, memory: Memory, state: State, lengths: Any = None) -> Array:
        """The weights (N, T, S) that the same steps give to the memory, for figures; call it in evaluation mode."""
        return self.run(x, memory, state, check_lengths(lengths, x, "AttentionDecoder"))[1]

    def run(self, x: Array, memory: Memory, state: State, lengths: Array | None) -> tuple[Array, Array, State]:
        """Attention vectors (N, T, A), weights (N, T, S) and the state after the last step; zeros at padded steps."""
        xp = array_module(x)
        cells, fed = state
        if self.input_feeding:
            y, a, state = self.run_fed(x, memory, cells, fed, lengths)
        else:
            h, cells = self.cells.forward(x, cells, lengths)
            y, a = self.look(h, memory)
            state = cells, None
        if lengths is None:
            return y, a, state
        real = real_steps(lengths, x.shape[1])
        return xp.where(real, y, 0), xp.where(real, a, 0), state

    def run_fed(
        self, x: Array, memory: Memory, cells: State, fed: Array, lengths: Array | None
    ) -> tuple[Array, Array, State]:
        """Equations (1) to (3) step by step."""
        xp = array_module(x)
        vectors = [xp.zeros((len(x), 0, self.units), dtype=x.dtype)]  # of no step: there may be none
        weights = [xp.zeros((len(x), 0, memory.values.shape[1]), dtype=x.dtype)]
        for t in range(x.shape[1]):
            now = None if lengths is None else lengths > t  # (N,)
            both = xp.concatenate([x[:, t], fed], axis=1)[:, None]  # (N, 1, D + A)
            h, cells = self.cells.forward(both, cells, None if now is None else now.astype("int64"))  # (1)
            f, a = self.look(h, memory)  # (2), (3)  (N, 1, A), (N, 1, S)
            vectors.append(f)
            weights.append(a)
            fed = f[:, 0] if now is None else xp.where(now[:, None], f[:, 0], fed)
        return xp.concatenate(vectors, axis=1), xp.concatenate(weights, axis=1), (cells, fed)

    def backward(self, dy: Array, dstate: State | None = None) -> tuple[Array, tuple[Array, Array], State]:
        """The gradients with respect to inputs, memory (its values and its keys) and first state.

        ``attention.prepare_backward`` turns the gradients with respect to values and keys into that with respect to m.
        """
        lengths, *shapes = self.pop(dy)
        dcells, dfed = (None, None) if dstate is None else dstate
        if self.input_feeding:
            sums = [array_module(dy).zeros(shape, dtype=dy.dtype) for shape in shapes]
            dx, dstate = self.backward_fed(dy, dcells, dfed, lengths, sums)
            return dx, tuple(sums), dstate
        if lengths is not None:
            dy = array_module(dy).where(real_steps(lengths, dy.shape[1]), dy, 0)
        dh, dmemory = self.look_backward(dy)
        dx, dcells = self.cells.backward(dh, dcells)  # (7)
        return dx, dmemory, (dcells, None)

    def backward_fed(
        self, dy: Array, dcells: State | None, dfed: Array | None, lengths: Array | None, dmemory: list[Array]
    ) -> tuple[Array, tuple[State, Array]]:
        """Equations (4) to (7) step by step, the last step first; adds to the gradients in ``dmemory``."""
        xp = array_module(dy)
        N, T, A = dy.shape
        D = self.cells.input_size - A
        dx = xp.zeros((N, T, D), dtype=dy.dtype)
        dfed = xp.zeros((N, A), dtype=dy.dtype) if dfed is None else dfed
        for t in reversed(range(T)):
            df, kept = dfed + dy[:, t], 0
            if lengths is not None:  # a padded step keeps what was fed
                now = (lengths > t)[:, None]
                df, kept = xp.where(now, df, 0), xp.where(now, 0, dfed)
            dh, dmemory_t = self.look_backward(df[:, None])
            dboth, dcells = self.cells.backward(dh, dcells)  # (7)
            dx[:, t], dfed = dboth[:, 0, :D], dboth[:, 0, D:] + kept  # (7)
            for total, part in zip(dmemory, dmemory_t, strict=True):
                total += part  # (6)
        return dx, (dcells, dfed)
