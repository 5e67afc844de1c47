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

A padded step carries both states on and outputs zero; its dy_t counts for nothing, dh_t and dc_t go back unchanged.

Shapes: x (N, T, D), h and c (N, H), Wx (D, 4H), Wh (H, 4H), b (4H,), p (3, H), m (N, H).
Hochreiter and Schmidhuber, "Long Short-Term Memory" (1997); the forget gate is from Gers et al. (2000).
"""

from __future__ import annotations

from scratchnn.backend import Array, Generator, array_module
from scratchnn.core import Parameter
from scratchnn.functions import sigmoid
from scratchnn.recurrent.base import Recurrent, State, batch_first, padding, time_first

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
# Only h_{t-1} Wh has to wait for the step before. x Wx is one large product over all steps before the loop; (15) to (17)
# are large products after it: 2 T + 4 matrix products instead of 6 T. Everything in the loop happens in arrays that exist
# already. Because sigmoid(a) = (1 + tanh(a / 2)) / 2, halving the columns of the three sigmoids in Wx, Wh and b, once a
# call, lets one tanh over (N, 4H) serve all four gates.


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
) -> tuple[Array, tuple[Array, Array], tuple]:
    """Run the layer over whole sequences.

    Args:
        x: inputs (N, T, D).
        h0, c0: first state (N, H) each.
        Wx, Wh, b: weights (D, 4H), (H, 4H) and bias (4H,); gates stacked o, i, f, g.
        lengths: number of real steps of each sequence (N,); all T where absent.
        p: peephole weights (3, H), rows o, i, f.
        mask_h: factors (N, H) on h_{t-1} in the recurrent product.

    Returns:
        Outputs (N, T, H), final state ((N, H), (N, H)), and the cache for ``lstm_backward``.
    """
    xp = array_module(x)
    N, T, D = x.shape
    H = h0.shape[1]
    dtype = xp.result_type(x, h0, c0, Wx, Wh, b) if p is None else xp.result_type(x, h0, c0, Wx, Wh, b, p)
    half = xp.ones(4 * H, dtype=b.real.dtype)
    half[: 3 * H] = 0.5
    rows = time_first(x).reshape(T * N, D)
    gates = xp.empty((T, N, 4 * H), dtype=dtype)
    xp.matmul(rows, Wx * half, out=gates.reshape(T * N, 4 * H))  # (T N, D) @ (D, 4H) -> (T N, 4H)
    gates += b * half
    Wh_half = Wh * half
    h = xp.empty((T + 1, N, H), dtype=dtype)
    c = xp.empty((T + 1, N, H), dtype=dtype)
    h[0], c[0] = h0, c0
    pad = padding(lengths, T)
    product, written = xp.empty((N, 4 * H), dtype=dtype), xp.empty((N, H), dtype=dtype)
    for t in range(T):
        a = gates[t]  # (N, 4H), turned in place into the gates
        o, i, f, g = a[:, :H], a[:, H : 2 * H], a[:, 2 * H : 3 * H], a[:, 3 * H :]
        a += xp.matmul(h[t] if mask_h is None else h[t] * mask_h, Wh_half, out=product)
        if p is not None:
            i += (0.5 * p[1]) * c[t]
            f += (0.5 * p[2]) * c[t]
        ready = a if p is None else a[:, H:]  # with peepholes the output gate has to wait for c_t
        xp.tanh(ready, out=ready)
        ready = ready[:, :-H]
        ready *= 0.5
        ready += 0.5
        xp.multiply(f, c[t], out=c[t + 1])
        c[t + 1] += xp.multiply(i, g, out=written)
        if p is not None:
            o += (0.5 * p[0]) * c[t + 1]
            xp.tanh(o, out=o)
            o *= 0.5
            o += 0.5
        xp.multiply(o, xp.tanh(c[t + 1], out=written), out=h[t + 1])
        if pad is not None:
            xp.copyto(c[t + 1], c[t], where=pad[t])
            xp.copyto(h[t + 1], h[t], where=pad[t])
    y = batch_first(h[1:] if pad is None else h[1:] * ~pad)
    return y, (h[T].copy(), c[T].copy()), (rows, gates, h, c, pad, Wx, Wh, p, mask_h)


def lstm_backward(dy: Array, dstate: tuple[Array, Array], cache: tuple) -> tuple[Array, ...]:
    """From the gradients by the outputs (N, T, H) and by the final state: dx, dh0, dc0, dWx, dWh, db (and dp).

    What multiplies dh_t and dc_t in (9) to (13) does not depend on the steps after t, so it is computed for all steps at
    once, straight into the array that will hold da. The loop is left with a few products a step.
    """
    rows, gates, h, c, pad, Wx, Wh, p, mask_h = cache
    xp = array_module(dy)
    N, T, H = dy.shape
    o, i, f, g = (gates[:, :, k * H : (k + 1) * H] for k in range(4))
    c_before, c_after = c[:-1], c[1:]
    tanh_c = xp.tanh(c_after)  # (T, N, H)
    da = xp.empty_like(gates)  # (T, N, 4H): the slopes first, then, step by step, the gradients
    da[:, :, : 3 * H] = gates[:, :, : 3 * H] * (1 - gates[:, :, : 3 * H])  # the slopes of (9), (11), (12)
    da[:, :, :H] *= tanh_c  # (9)
    da[:, :, H : 2 * H] *= g  # (11)
    da[:, :, 2 * H : 3 * H] *= c_before  # (12)
    da[:, :, 3 * H :] = i * (1 - g * g)  # (13)
    through = o * (1 - tanh_c * tanh_c)  # (10)
    if pad is not None:
        da *= ~pad
        through *= ~pad
    dh, dc = dstate
    dc = dc.copy()
    for t in reversed(range(T)):
        dh = dh + (dy[:, t] if pad is None else dy[:, t] * ~pad[t])  # (8)
        da_o, da_ifg = da[t, :, :H], da[t, :, H:].reshape(N, 3, H)
        da_o *= dh  # (9)
        dc += dh * through[t]  # (10)
        if p is not None:
            dc += da_o * p[0]  # (10)
        da_ifg *= dc[:, None]  # (11), (12), (13)
        if pad is None:
            dc *= f[t]  # (14)
        else:
            dc *= xp.where(pad[t], 1, f[t])  # (14)
        if p is not None:
            dc += da_ifg[:, 0] * p[1] + da_ifg[:, 1] * p[2]  # (14)
        dh_through = da[t] @ Wh.T  # (8)  (N, 4H) @ (4H, H) -> (N, H)
        if mask_h is not None:
            dh_through *= mask_h  # (8)
        dh = dh_through if pad is None else dh_through + dh * pad[t]  # (8)
    flat = da.reshape(T * N, 4 * H)
    dx = batch_first((flat @ Wx.T).reshape(T, N, Wx.shape[0]))  # (15)  (T N, 4H) @ (4H, D) -> (T N, D)
    dWx = rows.T @ flat  # (16)  (D, T N) @ (T N, 4H) -> (D, 4H)
    h_before = h[:-1] if mask_h is None else h[:-1] * mask_h
    dWh = h_before.reshape(T * N, H).T @ flat  # (16)  (H, T N) @ (T N, 4H) -> (H, 4H)
    db = flat.sum(axis=0)  # (16)
    if p is None:
        return dx, dh, dc, dWx, dWh, db
    dp_o = (da[:, :, :H] * c_after).sum(axis=(0, 1))  # (17)
    dp_i = (da[:, :, H : 2 * H] * c_before).sum(axis=(0, 1))  # (17)
    dp_f = (da[:, :, 2 * H : 3 * H] * c_before).sum(axis=(0, 1))  # (17)
    return dx, dh, dc, dWx, dWh, db, xp.stack([dp_o, dp_i, dp_f])


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
        return lstm_forward(x, state[0], state[1], self.Wx.data, self.Wh.data, self.b.data, lengths, p, mask_h)

    def run_backward(self, dy: Array, dstate: State, cache: tuple) -> tuple[Array, State]:
        """``lstm_backward``; the weight gradients go to the parameters."""
        dx, dh0, dc0, dWx, dWh, db, *dp = lstm_backward(dy, dstate, cache)
        self.Wx.accumulate(dWx)
        self.Wh.accumulate(dWh)
        self.b.accumulate(db)
        if self.p is not None:
            self.p.accumulate(dp[0])
        return dx, (dh0, dc0)
