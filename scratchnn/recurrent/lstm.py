"""Long short-term memory, forward and backward through time.

Forward, for t = 1 .. T, from a given state (h_0, c_0). Four gates are computed in one product and stacked in the order
o, i, f, g, so that the three sigmoids lie side by side, and so do the three gates that the cell state feeds:

    a_t = x_t Wx + (h_{t-1} m) Wh + b                  a_t = [a_o, a_i, a_f, a_g]                                  (1)
    i_t = sigmoid(a_i + p_i c_{t-1})                   input gate: how much of g is written                        (2)
    f_t = sigmoid(a_f + p_f c_{t-1})                   forget gate: how much of the old cell is kept               (3)
    g_t = tanh(a_g)                                    candidate                                                   (4)
    c_t = f_t c_{t-1} + i_t g_t                        cell state                                                  (5)
    o_t = sigmoid(a_o + p_o c_t)                       output gate: how much of the cell is shown                  (6)
    h_t = o_t tanh(c_t)                                hidden state, which is also the output y_t                  (7)

The peephole weights p = [p_o, p_i, p_f] are optional (Gers and Schmidhuber, 2000), and so is m, the dropout mask on the
recurrent product, the same at every step (Gal and Ghahramani, 2016).

Backward. dh_t is the gradient of the loss by h_t, dc_t by c_t, da_o by a_o and so on:

    dh_t  = dy_t + (da_{t+1} Wh^T) m                   at t = T, the gradient by the final h instead               (8)
    da_o  = dh_t tanh(c_t) o_t (1 - o_t)                                                                           (9)
    dc_t  = dc_t (from step t + 1) + dh_t o_t (1 - tanh^2(c_t)) + da_o p_o                                        (10)
    da_i  = dc_t g_t i_t (1 - i_t)                                                                                (11)
    da_f  = dc_t c_{t-1} f_t (1 - f_t)                                                                            (12)
    da_g  = dc_t i_t (1 - g_t^2)                                                                                  (13)
    dc_{t-1} = dc_t f_t + da_i p_i + da_f p_f                                                                     (14)
    dx_t  = da_t Wx^T                                                                                             (15)
    dWx   = sum_t x_t^T da_t        dWh = sum_t (h_{t-1} m)^T da_t        db = sum_t da_t                         (16)
    dp_o  = sum_t da_o c_t          dp_i = sum_t da_i c_{t-1}             dp_f = sum_t da_f c_{t-1}               (17)

Without peepholes the cell state goes back through (14) by an entry-wise product with f_t alone: no matrix, no squashing
slope. Where f_t is near 1 the gradient keeps its size over many steps. That is the whole point of the cell, and why the
forget gate's bias starts at 1 (Gers, Schmidhuber and Cummins, 2000; Jozefowicz et al., 2015).

A sequence that has ended takes no part in later steps (``steps.py``): its final states are those of its last step.

Shapes: x (N, T, D), h and c (N, H), Wx (D, 4H), Wh (H, 4H), b (4H,), p (3, H), m (N, H).
Hochreiter and Schmidhuber, "Long Short-Term Memory" (1997); the forget gate is from Gers et al. (2000).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from scratchnn.backend import Array, Generator, WorkArrays, array_module
from scratchnn.core import Parameter
from scratchnn.functions import sigmoid
from scratchnn.recurrent.base import Recurrent, State
from scratchnn.recurrent.steps import Steps, gate_by_gate, with_bias

MANY_UNITS = 128  # see product_back

# --- one step, as a textbook writes it -------------------------------------------------------------------------------


def lstm_step(
    x: Array, h: Array, c: Array, Wx: Array, Wh: Array, b: Array, p: Array | None = None
) -> tuple[Array, Array, tuple]:
    """Equations (1) to (7) for one step: ``x`` (N, D), ``h`` and ``c`` (N, H) give the next h, c and the cache."""
    xp = array_module(x)
    H = h.shape[1]
    a = x @ Wx + h @ Wh + b  # (N, D) @ (D, 4H) + (N, H) @ (H, 4H) -> (N, 4H)
    a_o, a_i, a_f, a_g = (a[:, k * H : (k + 1) * H] for k in range(4))
    p_o, p_i, p_f = (0, 0, 0) if p is None else p
    i = sigmoid(a_i + p_i * c)
    f = sigmoid(a_f + p_f * c)
    g = xp.tanh(a_g)
    c_next = f * c + i * g
    o = sigmoid(a_o + p_o * c_next)
    h_next = o * xp.tanh(c_next)
    return h_next, c_next, (x, h, c, c_next, o, i, f, g, Wx, Wh, p)


def lstm_step_backward(dh_next: Array, dc_next: Array, cache: tuple) -> tuple[Array, ...]:
    """Equations (9) to (17) for one step: dx, dh, dc, dWx, dWh, db, and dp where there are peepholes."""
    x, h, c, c_next, o, i, f, g, Wx, Wh, p = cache
    xp = array_module(x)
    p_o, p_i, p_f = (0, 0, 0) if p is None else p
    tanh_c = xp.tanh(c_next)
    da_o = dh_next * tanh_c * o * (1 - o)  # (9)
    dc = dc_next + dh_next * o * (1 - tanh_c * tanh_c) + da_o * p_o  # (10)
    da_i = dc * g * i * (1 - i)  # (11)
    da_f = dc * c * f * (1 - f)  # (12)
    da_g = dc * i * (1 - g * g)  # (13)
    dc_prev = dc * f + da_i * p_i + da_f * p_f  # (14)
    da = xp.concatenate([da_o, da_i, da_f, da_g], axis=1)  # (N, 4H)
    gradients = da @ Wx.T, da @ Wh.T, dc_prev, x.T @ da, h.T @ da, da.sum(axis=0)  # (8), (15), (16)
    if p is None:
        return gradients
    dp = xp.stack([(da_o * c_next).sum(axis=0), (da_i * c).sum(axis=0), (da_f * c).sum(axis=0)])  # (17)
    return *gradients, dp


# --- the whole sequence, the same equations made fast ----------------------------------------------------------------
# Only h_{t-1} Wh has to wait for the step before. x Wx + b is one large product over all steps before the loop, in which
# b is one more row of Wx, for an input that is always 1; (15) to (17) are large products after it: 2 T + 4 matrix
# products instead of 6 T. Everything in the loop happens in arrays that exist already. Because sigmoid(a) = (1 + tanh(a /
# 2)) / 2, halving the columns of the three sigmoids in Wx, Wh and b, once a call, lets one tanh serve all four gates. It
# writes them apart, (N, 4H) -> (4, N, H): all that follows then runs over unbroken memory. Sequences that have ended take
# no part in any of this (``steps.py``).


def lstm_forward(
    x: Array,
    h0: Array,
    c0: Array,
    Wx: Array,
    Wh: Array,
    b: Array,
    lengths: Array | None = None,
    p: Array | None = None,
    mask_h: Array | None = None,
    work: WorkArrays | None = None,
) -> tuple[Array, tuple[Array, Array], tuple]:
    """Run the layer over whole sequences.

    Args:
        x: inputs (N, T, D).
        h0, c0: first state (N, H) each.
        Wx, Wh, b: weights (D, 4H), (H, 4H) and bias (4H,); gates stacked o, i, f, g.
        lengths: number of real steps of each sequence (N,); all T where absent.
        p: peephole weights (3, H), rows o, i, f.
        mask_h: factors (N, H) on h_{t-1} in the recurrent product.
        work: where to take arrays from; the first four of the cache belong there once nobody needs the cache.

    Returns:
        Outputs (N, T, H), final state ((N, H), (N, H)), and the cache for ``lstm_backward``.
    """
    xp = array_module(x)
    work = work or WorkArrays()
    N, H = h0.shape
    dtype = xp.result_type(x, h0, c0, Wx, Wh, b, *([] if p is None else [p]))
    halves = xp.ones(4 * H, dtype=b.real.dtype)
    halves[: 3 * H] = 0.5
    half = xp.asarray(halves[0])  # an array, since NumPy would make one of a number at each step
    steps = Steps(x, lengths)
    rows = steps.pack(x, work, ones=1)  # (P, D + 1)
    gates = work.take(xp, (steps.P, 4 * H), dtype)
    Wx_half, Wh_half = with_bias(Wx, b, work, halves), work.product(Wh, halves)
    xp.matmul(rows, Wx_half, out=gates)  # (P, D + 1) @ (D + 1, 4H) -> (P, 4H)
    h = work.take(xp, (N + steps.P, H), dtype)
    c = work.take(xp, (N + steps.P, H), dtype)
    h[:N], c[:N] = steps.sort(h0), steps.sort(c0)
    mask_h = None if mask_h is None else steps.sort(mask_h)
    a_all, room = work.take(xp, (N, 4 * H), dtype), work.take(xp, (N, H), dtype)
    a_all_oifg = gate_by_gate(a_all, 4)
    for now, before, after, N_t in steps:
        from_x, a, a_oifg = gates[now], a_all[:N_t], a_all_oifg[:, :N_t]
        gate = from_x.reshape(4, N_t, H)  # the gates will take the place of x_t Wx + b
        o, i, f, g = gate
        c_before, c_next, written = c[before], c[after], room[:N_t]
        xp.matmul(h[before] if mask_h is None else h[before] * mask_h[:N_t], Wh_half, out=a)
        a += from_x  # (1)
        if p is None:
            xp.tanh(a_oifg, out=gate)
            sigmoids = gate[:3]
        else:  # the output gate has to wait for c_t
            a_oifg[1] += (half * p[1]) * c_before
            a_oifg[2] += (half * p[2]) * c_before
            xp.tanh(a_oifg[1:], out=gate[1:])
            sigmoids = gate[1:3]
        sigmoids *= half
        sigmoids += half  # (2), (3)
        xp.multiply(f, c_before, out=c_next)
        c_next += xp.multiply(i, g, out=written)  # (5)
        if p is not None:
            xp.tanh(a_oifg[0] + (half * p[0]) * c_next, out=o)
            o *= half
            o += half  # (6)
        xp.multiply(o, xp.tanh(c_next, out=written), out=h[after])  # (7)
    work.give(Wx_half, Wh_half, a_all, room)
    y = steps.unpack(h[N:])
    return y, (steps.states_last(h), steps.states_last(c)), (rows, gates, h, c, steps, Wx, Wh, p, mask_h)


def lstm_backward(
    dy: Array, dstate: tuple[Array, Array], cache: tuple, work: WorkArrays | None = None
) -> tuple[Array, ...]:
    """From the gradients by the outputs (N, T, H) and by the final state: dx, dh0, dc0, dWx, dWh, db (and dp).

    What multiplies dh_t and dc_t in (9) to (13), the slopes, does not depend on the steps after t. So the slopes of as many
    steps as fit into the processor's cache are computed at once, with o tanh(c_t) = h_t read from the cache, and each step
    is left with a few products.
    """
    rows, gates, h, c, steps, Wx, Wh, p, mask_h = cache
    xp = array_module(dy)
    work = work or WorkArrays()
    dh_last, dc_last = dstate
    N, H = dh_last.shape
    dtype = xp.result_type(dy, *dstate, gates)
    dy_rows = steps.pack(dy, work)
    da = work.take(xp, (steps.P, 4 * H), dtype)
    da_oifg = gate_by_gate(da, 4)  # (4, P, H)
    c_before = steps.states_before(c)
    WhT, dh_next, copies = product_back(Wh, N, dtype, work)  # (4H, H), (N, H)
    dh_next[...] = steps.sort(dh_last)
    dh_all, dc_all = xp.empty((N, H), dtype=dtype), steps.sort(dc_last).astype(dtype)
    for piece, N_t, piece_steps in steps.pieces_backward(gates):
        shape = len(piece_steps), N_t, H
        o_i_f_g = gates[piece].reshape(len(piece_steps), 4, N_t, H)
        c_t_before, c_t, h_t = (state[piece].reshape(shape) for state in (c_before, c[N:], h[N:]))
        slopes, through = work.take(xp, (4, *shape), dtype), work.take(xp, shape, dtype)
        lstm_slopes_backward(o_i_f_g, c_t_before, c_t, h_t, slopes, through)
        dh, dc, from_next = dh_all[:N_t], dc_all[:N_t], dh_next[:N_t]
        for k, now in piece_steps:
            da_o, da_ifg = slopes[0, k], slopes[1:, k]  # the slopes become the gradients, (N_t, H) and (3, N_t, H)
            xp.add(from_next, dy_rows[now], out=dh)  # (8)
            da_o *= dh  # (9)
            dh *= through[k]
            dc += dh  # (10)
            if p is not None:
                dc += da_o * p[0]  # (10)
            da_ifg *= dc  # (11), (12), (13)
            dc *= o_i_f_g[k, 2]  # (14)
            if p is not None:
                dc += da_ifg[0] * p[1] + da_ifg[1] * p[2]  # (14)
            da_oifg[:, now] = slopes[:, k]
            xp.matmul(da[now], WhT, out=from_next)  # (8)  (N_t, 4H) @ (4H, H) -> (N_t, H)
            if mask_h is not None:
                from_next *= mask_h[:N_t]  # (8)
        work.give(slopes, through)
    work.give(dy_rows)
    dx_rows = work.take(xp, (steps.P, len(Wx)), dtype)
    dx = steps.unpack(xp.matmul(da, Wx.T, out=dx_rows))  # (15)  (P, 4H) @ (4H, D) -> (P, D)
    dWx_b = rows.T @ da  # (16)  (D + 1, P) @ (P, 4H) -> (D + 1, 4H)
    dWh = steps.seen(h, mask_h).T @ da  # (16)  (H, P) @ (P, 4H) -> (H, 4H)
    dp = []
    if p is not None:
        da_o, da_i, da_f, _ = da_oifg
        dp = [xp.stack([(da_o * c[N:]).sum(axis=0), (da_i * c_before).sum(axis=0), (da_f * c_before).sum(axis=0)])]  # (17)
    work.give(da, dx_rows, *copies)
    return dx, steps.unsort(dh_next), steps.unsort(dc_all), dWx_b[:-1], dWh, dWx_b[-1], *dp


def product_back(Wh: Array, N: int, dtype: Any, work: WorkArrays) -> tuple[Array, Array, list[Array]]:
    """What the products ``da Wh^T`` of (8) need: Wh^T (4H, H), room for one of them (N, H), and what ``work`` gets back.

    OpenBLAS multiplies two arrays whose rows are unbroken fastest, so Wh^T is copied. With large weights and few sequences
    it is faster still where the columns of the product are unbroken: its threads then share out the weights, which may be
    read as they are, and need not wait for each other. Measured in ``benchmarks/README.md``.
    """
    xp = array_module(Wh)
    H = len(Wh)
    if xp is np and max(MANY_UNITS, 4 * N) <= H:
        return Wh.T, np.empty((H, N), dtype=dtype).T, []
    WhT = work.copy(Wh.T)
    return WhT, xp.empty((N, H), dtype=dtype), [WhT]


def lstm_slopes_backward(
    gates: Array, c_before: Array, c_after: Array, h_after: Array, slopes: Array, through: Array
) -> None:
    """The factors of dh_t in (9) and (10) and of dc_t in (11) to (13), into ``slopes`` (4, steps, N, H) and ``through``."""
    xp = array_module(gates)
    o, i, f, g = gates.transpose(1, 0, 2, 3)
    slope_o, slope_i, slope_f, slope_g = slopes
    xp.multiply(h_after, o, out=slope_o)
    xp.subtract(h_after, slope_o, out=slope_o)  # (9)  tanh(c) o (1 - o) = h - h o
    xp.tanh(c_after, out=through)
    through *= h_after  # (10)
    xp.subtract(o, through, out=through)  # (10)  o (1 - tanh^2(c)) = o - h tanh(c)
    written = i * g
    xp.multiply(written, i, out=slope_i)
    xp.subtract(written, slope_i, out=slope_i)  # (11)  g i (1 - i) = i g - (i g) i
    xp.multiply(written, g, out=slope_g)
    xp.subtract(i, slope_g, out=slope_g)  # (13)  i (1 - g^2) = i - (i g) g
    xp.multiply(f, c_before, out=written)  # (12)
    xp.multiply(written, f, out=slope_f)
    xp.subtract(written, slope_f, out=slope_f)  # (12)  c f (1 - f) = f c - (f c) f


# --- the layer: parameters, and a call to the pair -------------------------------------------------------------------


class LSTM(Recurrent):
    """LSTM layer; its state is (h, c). For arguments and calls see ``Recurrent``.

    Args:
        forget_bias: value at which the forget gate's bias starts.
        peepholes: whether the gates see the cell state; their weights start at zero.
    """

    state_parts = 2

    def __init__(
        self,
        input_size: int,
        units: int,
        *,
        rng: Generator,
        forget_bias: float = 1.0,
        peepholes: bool = False,
        return_sequences: bool = True,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
    ):
        super().__init__(
            input_size,
            units,
            rng=rng,
            return_sequences=return_sequences,
            dropout=dropout,
            recurrent_dropout=recurrent_dropout,
        )
        self.Wx = Parameter.glorot((input_size, 4 * units), rng)
        self.Wh = Parameter.orthogonal((units, 4 * units), rng)
        self.b = Parameter.zeros((4 * units,))
        self.b.data[2 * units : 3 * units] = forget_bias
        self.p = Parameter.zeros((3, units)) if peepholes else None

    def zero_state(self, x: Array) -> State:
        """(h, c), both zero."""
        h = super().zero_state(x)
        return h, h.copy()

    def hidden(self, state: State) -> Array:
        """The h of (h, c)."""
        return state[0]

    def add_to_hidden(self, dstate: State, dh: Array) -> State:
        """``dh`` added to the first of the two."""
        return dstate[0] + dh, dstate[1]

    def run(self, x: Array, state: State, lengths: Array | None, mask_h: Array | None) -> tuple[Array, State, tuple]:
        """``lstm_forward`` with this layer's parameters."""
        p = None if self.p is None else self.p.data
        weights = self.Wx.data, self.Wh.data, self.b.data
        return lstm_forward(x, state[0], state[1], *weights, lengths, p, mask_h, self.work)

    def run_backward(self, dy: Array, dstate: State, cache: tuple) -> tuple[Array, State]:
        """``lstm_backward``; the weight gradients go to the parameters."""
        dx, dh0, dc0, dWx, dWh, db, *dp = lstm_backward(dy, dstate, cache, self.work)
        self.Wx.accumulate(dWx)
        self.Wh.accumulate(dWh)
        self.b.accumulate(db)
        if self.p is not None:
            self.p.accumulate(dp[0])
        return dx, (dh0, dc0)

    def release(self, cache: tuple) -> None:
        """The arrays over all steps are free again."""
        rows, gates, h, c, *_ = cache
        self.work.give(rows, gates, h, c)
