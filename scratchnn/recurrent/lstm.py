"""Long short-term memory, forward and backward through time.

Forward, for t = 1 .. T, from a given state (h_0, c_0). Four gates are computed in one product and stacked in the order
o, i, f, g, so that the three sigmoids are adjacent:

    a_t = x_t Wx + (h_{t-1} m) Wh + b                  a_t = [a_o, a_i, a_f, a_g]                                  (1)
    i_t = sigmoid(a_i)                                 input gate: how much of g is written                        (2)
    f_t = sigmoid(a_f)                                 forget gate: how much of the old cell is kept               (3)
    g_t = tanh(a_g)                                    candidate                                                   (4)
    c_t = f_t c_{t-1} + i_t g_t                        cell state                                                  (5)
    o_t = sigmoid(a_o)                                 output gate: how much of the cell is shown                  (6)
    h_t = o_t tanh(c_t)                                hidden state, which is also the output y_t                  (7)

m is the dropout mask on the recurrent product, the same at every step (Gal and Ghahramani, 2016).

Backward. dh_t is the gradient of the loss with respect to h_t, dc_t with respect to c_t, da_o with respect to a_o and so
on. At t = T, the gradients with respect to the final state take the place of what step t + 1 passes back:

    dh_t = dy_t + (da_{t+1} Wh^T) m                                                                                (8)
    da_o = dh_t tanh(c_t) o_t (1 - o_t)                                                                            (9)
    dc_t = dc_{t+1} f_{t+1} + dh_t o_t (1 - tanh^2(c_t))                                                          (10)
    da_i = dc_t g_t i_t (1 - i_t)                                                                                 (11)
    da_f = dc_t c_{t-1} f_t (1 - f_t)                                                                             (12)
    da_g = dc_t i_t (1 - g_t^2)                                                                                   (13)
    dc_t f_t                                           is what step t passes back to c_{t-1}                      (14)
    dx_t = da_t Wx^T                                                                                              (15)
    dWx  = sum_t x_t^T da_t        dWh = sum_t (h_{t-1} m)^T da_t        db = sum_t da_t                          (16)

The cell state goes back through (14) by an element-wise product with f_t alone: no matrix, no squashing slope. Where f_t is
near 1 the gradient keeps its size over many steps. That is the purpose of the cell, and the reason why the forget gate's
bias starts at 1 (Gers, Schmidhuber and Cummins, 2000; Jozefowicz et al., 2015).

A sequence that has ended takes no part in later steps (``steps.py``): its final states are those of its last step.

Shapes: x (N, T, D), h and c (N, H), Wx (D, 4H), Wh (H, 4H), b (4H,), m (N, H).
Hochreiter and Schmidhuber, "Long Short-Term Memory" (1997); the forget gate is from Gers et al. (2000).
"""

from __future__ import annotations

from scratchnn.backend import Array, BufferPool, Generator, Lease, array_module
from scratchnn.core import Parameter
from scratchnn.core.nested import or_zeros
from scratchnn.functions import sigmoid
from scratchnn.recurrent.base import Recurrent, State
from scratchnn.recurrent.inputs import inputs_backward
from scratchnn.recurrent.lstm_shared import lstm_through_time_backward, lstm_through_time_forward
from scratchnn.recurrent.tuning import sigmoid_from_tanh

# --- one step, as a textbook writes it -------------------------------------------------------------------------------


def lstm_step(
    x: Array, h: Array, c: Array, Wx: Array, Wh: Array, b: Array, mask_h: Array | float = 1
) -> tuple[Array, Array, tuple]:
    """One step, equations (1) to (7): ``x`` (N, D), ``h`` and ``c`` (N, H) give the next h and c (N, H) and the cache."""
    xp = array_module(x)
    h_seen = h * mask_h
    a = x @ Wx + h_seen @ Wh + b  # (1)  (N, D) @ (D, 4H) + (N, H) @ (H, 4H) -> (N, 4H)
    a_o, a_i, a_f, a_g = xp.split(a, 4, axis=1)  # (N, 4H) -> four of (N, H)
    i = sigmoid(a_i)  # (2)
    f = sigmoid(a_f)  # (3)
    g = xp.tanh(a_g)  # (4)
    c_next = f * c + i * g  # (5)
    o = sigmoid(a_o)  # (6)
    h_next = o * xp.tanh(c_next)  # (7)
    return h_next, c_next, (x, h_seen, c, c_next, o, i, f, g, Wx, Wh, mask_h)


def lstm_step_backward(dh_next: Array | None, dc_next: Array | None, cache: tuple) -> tuple[Array, ...]:
    """Backward through one step, equations (8) to (16): dx, dh, dc, dWx, dWh, db."""
    x, h_seen, c, c_next, o, i, f, g, Wx, Wh, mask_h = cache
    xp = array_module(x)
    dh_given, dc_given = or_zeros((dh_next, dc_next), (c_next, c_next))  # zeros where None
    tanh_c = xp.tanh(c_next)
    da_o = dh_given * tanh_c * o * (1 - o)  # (9)
    dc_total = dc_given + dh_given * o * (1 - tanh_c * tanh_c)  # (10)
    da_i = dc_total * g * i * (1 - i)  # (11)
    da_f = dc_total * c * f * (1 - f)  # (12)
    da_g = dc_total * i * (1 - g * g)  # (13)
    dc = dc_total * f  # (14)
    da = xp.concatenate([da_o, da_i, da_f, da_g], axis=1)  # four of (N, H) -> (N, 4H)
    dx = da @ Wx.T  # (15)  (N, 4H) @ (4H, D) -> (N, D)
    dh = da @ Wh.T * mask_h  # (8)  (N, 4H) @ (4H, H) -> (N, H)
    dWx = x.T @ da  # (16)  (D, N) @ (N, 4H) -> (D, 4H)
    dWh = h_seen.T @ da  # (16)  (H, N) @ (N, 4H) -> (H, 4H)
    db = da.sum(axis=0)  # (16)  (N, 4H) -> (4H,)
    return dx, dh, dc, dWx, dWh, db


# --- the whole sequence, the same equations made fast ----------------------------------------------------------------
# These compute the same as the plain loop over the step (``plain_loop.py``), in fewer and larger operations.
#
# Only h_{t-1} Wh depends on the previous step. x Wx + b is one large product over all steps before the loop; (15) and (16)
# are large products after it (``inputs.py``): 2 T + 4 matrix products instead of 6 T. Halved weights let one tanh compute
# all four gates; the factors of dh_t and dc_t in (9) to (13) are computed for many steps at once (``tuning.py``). The loops
# over time are in ``lstm_shared.py``.


def lstm_forward(
    x: Array,
    h0: Array,
    c0: Array,
    Wx: Array,  # (D, 4H)
    Wh: Array,  # (H, 4H)
    b: Array,  # (4H,)
    lengths: Array | None = None,
    mask_h: Array | None = None,
    lease: Lease | None = None,
) -> tuple[Array, tuple[Array, Array], tuple]:
    """Run the LSTM over whole sequences.

    Args:
        x: inputs (N, T, D).
        h0, c0: first state (N, H) each.
        Wx, Wh, b: weights (D, 4H), (H, 4H) and bias (4H,); gates stacked o, i, f, g.
        lengths: number of real steps of each sequence (N,); T if None.
        mask_h: factors (N, H) on h_{t-1} in the recurrent product; no mask if None.
        lease: provides the large arrays of the cache, which is valid until the lease ends; fresh memory if None.

    Returns:
        Outputs (N, T, H), final state ((N, H), (N, H)), and the cache for ``lstm_backward``.
    """
    dtype = array_module(x).result_type(x, h0, c0, Wx, Wh, b)
    return lstm_through_time_forward(lstm_gates_forward, dtype, x, h0, c0, Wx, Wh, b, lengths, mask_h, lease)


def lstm_gates_forward(
    a: Array, c_before: Array, half: Array, gates: Array, c_after: Array, h_after: Array, spare: Array
) -> None:
    """Equations (2) to (7) for one step, into ``gates`` (4, N, H), ``c_after`` and ``h_after`` (N, H).

    Args:
        a: a_o / 2, a_i / 2, a_f / 2 and a_g (4, N, H).
        c_before: c_{t-1} (N, H).
        half: 1/2 as an array ().
        spare: an array (N, H) for intermediate results.
    """
    xp = array_module(a)
    o, i, f, g = gates
    xp.tanh(a, out=gates)  # (4)
    sigmoid_from_tanh(gates[:3], half)  # (2), (3), (6)
    xp.multiply(f, c_before, out=c_after)
    c_after += xp.multiply(i, g, out=spare)  # (5)
    xp.multiply(o, xp.tanh(c_after, out=spare), out=h_after)  # (7)


def lstm_backward(
    dy: Array | None, dstate: tuple[Array | None, Array | None] | None, cache: tuple, pool: BufferPool | None = None
) -> tuple[Array, ...]:
    """Backward through whole sequences.

    Args:
        dy: gradient with respect to the outputs (N, T, H).
        dstate: gradients with respect to the final h and c (N, H) each.
        cache: from ``lstm_forward``.
        pool: provides scratch arrays; fresh memory if None.

    Returns:
        dx, dh0, dc0, dWx, dWh, db.
    """
    rows, _, h, c, steps, Wx, _, mask = cache
    dy, dstate = steps.or_zeros(dy, dstate, h, c)
    pool = pool or BufferPool()
    with pool.lease() as scratch:
        da, dh0, dc0 = lstm_through_time_backward(lstm_gates_backward, dy, dstate, cache, scratch)  # (8) to (14)
        dx, dWx, db = inputs_backward(da, rows, Wx, steps, pool)  # (15), (16)
        dWh = steps.seen(h, mask).T @ da  # (16)  (H, P) @ (P, 4H) -> (H, 4H)
    return dx, dh0, dc0, dWx, dWh, db


def lstm_gates_backward(slopes: Array, slope_c: Array, f: Array, dh: Array, dc_carried: Array) -> Array:
    """Equations (9) to (14) for one step, in place: returns da_o, da_i, da_f, da_g (4, N, H) in the memory of ``slopes``.

    Args:
        slopes, slope_c: the factors of dh_t in (9) and of dc_t in (11) to (13) (4, N, H); that of dh_t in (10) (N, H).
        f: forget gate (N, H).
        dh: dh_t (N, H).
        dc_carried: what step t + 1 passes to c_t (N, H); afterwards, what step t passes to c_{t-1}.
    """
    xp = array_module(slopes)
    slope_o, slopes_ifg = slopes[0], slopes[1:]
    xp.multiply(slope_o, dh, out=slope_o)  # (9)
    dc = xp.add(dc_carried, xp.multiply(slope_c, dh, out=slope_c), out=dc_carried)  # (10)
    xp.multiply(slopes_ifg, dc, out=slopes_ifg)  # (11), (12), (13)
    xp.multiply(dc, f, out=dc_carried)  # (14)
    da = slopes  # the same memory: the gradients have replaced the slopes
    return da


# --- the layer: parameters, and a call to the pair -------------------------------------------------------------------


class LSTM(Recurrent):
    """LSTM layer; its state is (h, c). For other arguments and calls see ``Recurrent``.

    Args:
        forget_bias: initial bias of the forget gate.
    """

    state_parts = 2
    kernel = "lstm"

    def __init__(
        self,
        input_size: int,
        units: int,
        *,
        rng: Generator | None = None,
        forget_bias: float = 1.0,
        return_sequences: bool = True,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
    ):
        super().__init__(input_size, units, rng, return_sequences, dropout, recurrent_dropout)
        self.Wx = Parameter.glorot((input_size, 4 * units), rng)
        self.Wh = Parameter.orthogonal((units, 4 * units), rng)
        self.b = Parameter.zeros((4 * units,))
        self.b.data[2 * units : 3 * units] = forget_bias

    def zero_state(self, x: Array) -> State:
        """(h, c), both zero."""
        h = super().zero_state(x)
        return h, h.copy()

    def hidden(self, state: State) -> Array:
        """The h of (h, c)."""
        return state[0]

    def add_to_hidden(self, dstate: State, dh: Array) -> State:
        """``dstate`` with ``dh`` added to its h."""
        return dstate[0] + dh, dstate[1]

    def weights(self) -> list[Parameter]:
        """Wx, Wh and b."""
        return [self.Wx, self.Wh, self.b]

    def run(
        self, x: Array, state: State, lengths: Array | None, mask_h: Array | None, lease: Lease
    ) -> tuple[Array, State, tuple]:
        """``lstm_forward`` with this layer's parameters."""
        h0, c0 = state
        return lstm_forward(x, h0, c0, self.Wx.data, self.Wh.data, self.b.data, lengths, mask_h, lease)

    def run_backward(self, dy: Array, dstate: State, cache: tuple) -> tuple[Array, State]:
        """``lstm_backward``; adds to the parameters' gradients."""
        dx, dh0, dc0, dWx, dWh, db = lstm_backward(dy, dstate, cache, self.pool)
        self.Wx.accumulate(dWx)
        self.Wh.accumulate(dWh)
        self.b.accumulate(db)
        return dx, (dh0, dc0)
