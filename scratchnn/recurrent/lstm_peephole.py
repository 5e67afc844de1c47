"""Long short-term memory with peepholes: the gates also see the cell state. Forward and backward through time.

Forward, for t = 1 .. T, from a given state (h_0, c_0). As in ``lstm.py``, but each sigmoid gate has weights p of its own on
the cell state, element-wise; the output gate sees the new state:

    a_t = x_t Wx + (h_{t-1} m) Wh + b                  a_t = [a_o, a_i, a_f, a_g]                                  (1)
    i_t = sigmoid(a_i + p_i c_{t-1})                   input gate: how much of g is written                        (2)
    f_t = sigmoid(a_f + p_f c_{t-1})                   forget gate: how much of the old cell is kept               (3)
    g_t = tanh(a_g)                                    candidate                                                   (4)
    c_t = f_t c_{t-1} + i_t g_t                        cell state                                                  (5)
    o_t = sigmoid(a_o + p_o c_t)                       output gate: how much of the cell is shown                  (6)
    h_t = o_t tanh(c_t)                                hidden state, which is also the output y_t                  (7)

m is the dropout mask on the recurrent product, the same at every step (Gal and Ghahramani, 2016).

Backward. dh_t is the gradient of the loss with respect to h_t, dc_t with respect to c_t, da_o with respect to a_o and so
on. At t = T, the gradients with respect to the final state take the place of what step t + 1 passes back:

    dh_t = dy_t + (da_{t+1} Wh^T) m                                                                                (8)
    da_o = dh_t tanh(c_t) o_t (1 - o_t)                                                                            (9)
    dc_t = (14) of step t + 1 + dh_t o_t (1 - tanh^2(c_t)) + da_o p_o                                             (10)
    da_i = dc_t g_t i_t (1 - i_t)                                                                                 (11)
    da_f = dc_t c_{t-1} f_t (1 - f_t)                                                                             (12)
    da_g = dc_t i_t (1 - g_t^2)                                                                                   (13)
    dc_t f_t + da_i p_i + da_f p_f                     is what step t passes back to c_{t-1}                      (14)
    dx_t = da_t Wx^T                                                                                              (15)
    dWx  = sum_t x_t^T da_t        dWh = sum_t (h_{t-1} m)^T da_t        db = sum_t da_t                          (16)
    dp_o = sum_t da_o c_t          dp_i = sum_t da_i c_{t-1}             dp_f = sum_t da_f c_{t-1}                (17)

A sequence that has ended takes no part in later steps (``steps.py``): its final states are those of its last step.

Shapes: x (N, T, D), h and c (N, H), Wx (D, 4H), Wh (H, 4H), b (4H,), p = [p_o, p_i, p_f] (3, H), m (N, H).
Gers and Schmidhuber, "Recurrent nets that time and count" (2000).
"""

from __future__ import annotations

from functools import partial
from typing import Any

from scratchnn.backend import Array, BufferPool, Lease, array_module
from scratchnn.core import Parameter
from scratchnn.core.nested import or_zeros
from scratchnn.functions import sigmoid
from scratchnn.recurrent.base import State
from scratchnn.recurrent.inputs import inputs_backward
from scratchnn.recurrent.lstm import LSTM
from scratchnn.recurrent.lstm_shared import lstm_through_time_backward, lstm_through_time_forward
from scratchnn.recurrent.tuning import gate_by_gate, sigmoid_from_tanh

# --- one step, as a textbook writes it -------------------------------------------------------------------------------


def lstm_peephole_step(
    x: Array, h: Array, c: Array, Wx: Array, Wh: Array, b: Array, p: Array, mask_h: Array | float = 1
) -> tuple[Array, Array, tuple]:
    """One step, equations (1) to (7): ``x`` (N, D), ``h`` and ``c`` (N, H) give the next h and c (N, H) and the cache."""
    xp = array_module(x)
    p_o, p_i, p_f = p
    h_seen = h * mask_h
    a = x @ Wx + h_seen @ Wh + b  # (1)  (N, D) @ (D, 4H) + (N, H) @ (H, 4H) -> (N, 4H)
    a_o, a_i, a_f, a_g = xp.split(a, 4, axis=1)  # (N, 4H) -> four of (N, H)
    i = sigmoid(a_i + p_i * c)  # (2)
    f = sigmoid(a_f + p_f * c)  # (3)
    g = xp.tanh(a_g)  # (4)
    c_next = f * c + i * g  # (5)
    o = sigmoid(a_o + p_o * c_next)  # (6)
    h_next = o * xp.tanh(c_next)  # (7)
    return h_next, c_next, (x, h_seen, c, c_next, o, i, f, g, Wx, Wh, p, mask_h)


def lstm_peephole_step_backward(dh_next: Array | None, dc_next: Array | None, cache: tuple) -> tuple[Array, ...]:
    """Backward through one step, equations (8) to (17): dx, dh, dc, dWx, dWh, db, dp."""
    x, h_seen, c, c_next, o, i, f, g, Wx, Wh, p, mask_h = cache
    xp = array_module(x)
    dh_given, dc_given = or_zeros((dh_next, dc_next), (c_next, c_next))  # zeros where None
    p_o, p_i, p_f = p
    tanh_c = xp.tanh(c_next)
    da_o = dh_given * tanh_c * o * (1 - o)  # (9)
    dc_total = dc_given + dh_given * o * (1 - tanh_c * tanh_c) + da_o * p_o  # (10)
    da_i = dc_total * g * i * (1 - i)  # (11)
    da_f = dc_total * c * f * (1 - f)  # (12)
    da_g = dc_total * i * (1 - g * g)  # (13)
    dc = dc_total * f + da_i * p_i + da_f * p_f  # (14)
    da = xp.concatenate([da_o, da_i, da_f, da_g], axis=1)  # four of (N, H) -> (N, 4H)
    dx = da @ Wx.T  # (15)  (N, 4H) @ (4H, D) -> (N, D)
    dh = da @ Wh.T * mask_h  # (8)  (N, 4H) @ (4H, H) -> (N, H)
    dWx = x.T @ da  # (16)  (D, N) @ (N, 4H) -> (D, 4H)
    dWh = h_seen.T @ da  # (16)  (H, N) @ (N, 4H) -> (H, 4H)
    db = da.sum(axis=0)  # (16)  (N, 4H) -> (4H,)
    dp_o = (da_o * c_next).sum(axis=0)  # (17)  (N, H) -> (H,)
    dp_i = (da_i * c).sum(axis=0)  # (17)  (N, H) -> (H,)
    dp_f = (da_f * c).sum(axis=0)  # (17)  (N, H) -> (H,)
    return dx, dh, dc, dWx, dWh, db, xp.stack([dp_o, dp_i, dp_f])


# --- the whole sequence, the same equations made fast ----------------------------------------------------------------
# These compute the same as the plain loop over the step (``plain_loop.py``), in fewer and larger operations.
#
# As in ``lstm.py``: the loops over time are the same, only what happens to the gates in each step differs.


def lstm_peephole_forward(
    x: Array,
    h0: Array,
    c0: Array,
    Wx: Array,  # (D, 4H)
    Wh: Array,  # (H, 4H)
    b: Array,  # (4H,)
    p: Array,
    lengths: Array | None = None,
    mask_h: Array | None = None,
    lease: Lease | None = None,
) -> tuple[Array, tuple[Array, Array], tuple]:
    """Run the LSTM with peepholes over whole sequences.

    Args:
        x, h0, c0, Wx, Wh, b, lengths, mask_h, lease: as in ``lstm_forward``.
        p: peephole weights (3, H), rows o, i, f.

    Returns:
        Outputs (N, T, H), final state ((N, H), (N, H)), and the cache for ``lstm_peephole_backward``.
    """
    dtype = array_module(x).result_type(x, h0, c0, Wx, Wh, b, p)
    gates_forward = partial(lstm_peephole_gates_forward, p / 2)
    y, last, cache = lstm_through_time_forward(gates_forward, dtype, x, h0, c0, Wx, Wh, b, lengths, mask_h, lease)
    return y, last, (*cache, p)


def lstm_peephole_gates_forward(
    p_half: Array, a: Array, c_before: Array, half: Array, gates: Array, c_after: Array, h_after: Array, spare: Array
) -> None:
    """Equations (2) to (7) for one step; see ``lstm_gates_forward``. ``p_half`` is p / 2 (3, H)."""
    xp = array_module(a)
    p_o, p_i, p_f = p_half
    a_o, a_i, a_f, _ = a
    o, i, f, g = gates
    a_i += p_i * c_before  # (2)
    a_f += p_f * c_before  # (3)
    xp.tanh(a[1:], out=gates[1:])  # (4)
    sigmoid_from_tanh(gates[1:3], half)  # (2), (3)
    xp.multiply(f, c_before, out=c_after)
    c_after += xp.multiply(i, g, out=spare)  # (5)
    xp.tanh(a_o + p_o * c_after, out=o)
    sigmoid_from_tanh(o, half)  # (6)
    xp.multiply(o, xp.tanh(c_after, out=spare), out=h_after)  # (7)


def lstm_peephole_backward(
    dy: Array | None, dstate: tuple[Array | None, Array | None] | None, cache: tuple, pool: BufferPool | None = None
) -> tuple[Array, ...]:
    """Backward through whole sequences; see ``lstm_backward``. Returns dx, dh0, dc0, dWx, dWh, db, dp."""
    lstm_cache, p = cache[:-1], cache[-1]
    rows, _, h, c, steps, Wx, _, mask = lstm_cache
    xp = array_module(h)
    dy, dstate = steps.or_zeros(dy, dstate, h, c)
    gates_backward = partial(lstm_peephole_gates_backward, p)
    pool = pool or BufferPool()
    with pool.lease() as scratch:
        da, dh0, dc0 = lstm_through_time_backward(gates_backward, dy, dstate, lstm_cache, scratch)  # (8) to (14)
        dx, dWx, db = inputs_backward(da, rows, Wx, steps, pool)  # (15), (16)
        dWh = steps.seen(h, mask).T @ da  # (16)  (H, P) @ (P, 4H) -> (H, 4H)
        da_o, da_i, da_f, _ = gate_by_gate(da, 4)
        c_before, c_after = steps.states_before(c), c[len(dh0) :]  # (P, H)
        dp_o = (da_o * c_after).sum(axis=0)  # (17)  (P, H) -> (H,)
        dp_i = (da_i * c_before).sum(axis=0)  # (17)  (P, H) -> (H,)
        dp_f = (da_f * c_before).sum(axis=0)  # (17)  (P, H) -> (H,)
    return dx, dh0, dc0, dWx, dWh, db, xp.stack([dp_o, dp_i, dp_f])


def lstm_peephole_gates_backward(p: Array, slopes: Array, slope_c: Array, f: Array, dh: Array, dc_carried: Array) -> Array:
    """Equations (9) to (14) for one step, in place; see ``lstm_gates_backward``."""
    xp = array_module(slopes)
    p_o, p_i, p_f = p
    slope_o, slopes_ifg = slopes[0], slopes[1:]
    da_o = xp.multiply(slope_o, dh, out=slope_o)  # (9)
    dc_carried += xp.multiply(slope_c, dh, out=slope_c)  # (10)
    dc = xp.add(dc_carried, da_o * p_o, out=dc_carried)  # (10)
    da_i, da_f, _ = xp.multiply(slopes_ifg, dc, out=slopes_ifg)  # (11), (12), (13)
    xp.multiply(dc, f, out=dc_carried)  # (14)
    dc_carried += da_i * p_i + da_f * p_f  # (14)
    da = slopes  # the same memory: the gradients have replaced the slopes
    return da


# --- the layer: parameters, and a call to the pair -------------------------------------------------------------------


class LSTMPeephole(LSTM):
    """LSTM layer with peepholes, whose weights start at zero. Its arguments and state are those of ``LSTM``."""

    kernel = "lstm_peephole"

    def __init__(self, input_size: int, units: int, **options: Any):
        super().__init__(input_size, units, **options)
        self.p = Parameter.zeros((3, units))

    def weights(self) -> list[Parameter]:
        """Wx, Wh, b and p."""
        return [*super().weights(), self.p]

    def run(
        self, x: Array, state: State, lengths: Array | None, mask_h: Array | None, lease: Lease
    ) -> tuple[Array, State, tuple]:
        """``lstm_peephole_forward`` with this layer's parameters."""
        h0, c0 = state
        weights = self.Wx.data, self.Wh.data, self.b.data, self.p.data
        return lstm_peephole_forward(x, h0, c0, *weights, lengths, mask_h, lease)

    def run_backward(self, dy: Array, dstate: State, cache: tuple) -> tuple[Array, State]:
        """``lstm_peephole_backward``; adds to the parameters' gradients."""
        dx, dh0, dc0, *gradients = lstm_peephole_backward(dy, dstate, cache, self.pool)
        for parameter, gradient in zip((self.Wx, self.Wh, self.b, self.p), gradients, strict=True):
            parameter.accumulate(gradient)
        return dx, (dh0, dc0)
