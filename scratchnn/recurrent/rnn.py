"""Elman's recurrent layer, forward and backward through time.

Forward, for t = 1 .. T, from a given state h_0:

    a_t = x_t Wx + (h_{t-1} m) Wh + b                                                                              (1)
    h_t = tanh(a_t), or max(a_t, 0)                    hidden state, which is also the output y_t                  (2)

m is the dropout mask on the recurrent product, the same at every step (Gal and Ghahramani, 2016).

Backward. Write dh_t for the gradient of the loss by h_t. Two things used h_t, so two gradients arrive: dy_t from the layer
above and da_{t+1} from the next step; at t = T the second is the gradient by the final state instead.

    dh_t = dy_t + (da_{t+1} Wh^T) m                                                                                (3)
    da_t = dh_t (1 - h_t^2), or dh_t where h_t > 0 and 0 elsewhere                                                 (4)
    dx_t = da_t Wx^T                                                                                               (5)
    dWx  = sum_t x_t^T da_t        dWh = sum_t (h_{t-1} m)^T da_t        db = sum_t da_t                           (6)

Going back one step multiplies by 1 - h^2 <= 1 in (4) and by Wh^T in (3). Over many steps the first makes gradients vanish;
the second can make them vanish or explode. ReLU has a slope of 1 or 0 in (4), but then nothing bounds h (Le, Jaitly and
Hinton, 2015).

A sequence that has ended takes no part in later steps (``steps.py``): its final state is that of its last step.

Shapes: x (N, T, D), h (N, H), Wx (D, H), Wh (H, H), b (H,), m (N, H).
Elman, "Finding Structure in Time" (1990); Werbos, "Backpropagation Through Time" (1990).
"""

from __future__ import annotations

from scratchnn.backend import Array, Generator, WorkArrays, array_module
from scratchnn.core import Parameter
from scratchnn.errors import DataError
from scratchnn.functions import relu, tanh
from scratchnn.recurrent.base import Recurrent, State
from scratchnn.recurrent.steps import Steps, with_bias

ACTIVATIONS = ["tanh", "relu"]


def check_activation(activation: str) -> str:
    """``activation`` itself where it is one of ``ACTIVATIONS``; an error otherwise."""
    if activation not in ACTIVATIONS:
        raise DataError(f"RNN: unknown activation {activation!r}; choose one of {', '.join(ACTIVATIONS)}")
    return activation


# --- one step, as a textbook writes it -------------------------------------------------------------------------------


def rnn_step(x: Array, h: Array, Wx: Array, Wh: Array, b: Array, activation: str = "tanh") -> tuple[Array, tuple]:
    """Equations (1) and (2) for one step: ``x`` (N, D) and ``h`` (N, H) give the next h and the cache."""
    check_activation(activation)
    a = x @ Wx + h @ Wh + b  # (N, D) @ (D, H) + (N, H) @ (H, H) -> (N, H)
    h_next = tanh(a) if activation == "tanh" else relu(a)
    return h_next, (x, h, h_next, Wx, Wh, activation)


def rnn_step_backward(dh_next: Array, cache: tuple) -> tuple[Array, ...]:
    """Equations (4) to (6) for one step: dx, dh, dWx, dWh, db."""
    x, h, h_next, Wx, Wh, activation = cache
    slope = 1 - h_next * h_next if activation == "tanh" else h_next > 0  # (4)
    da = dh_next * slope  # (4)
    return da @ Wx.T, da @ Wh.T, x.T @ da, h.T @ da, da.sum(axis=0)  # (3), (5), (6)


# --- the whole sequence, the same equations made fast ----------------------------------------------------------------
# Only h_{t-1} Wh has to wait for the step before. x Wx + b is one large product over all steps before the loop, in which
# b is one more row of Wx, for an input that is always 1; (5) and (6) are large products after it: 2 T + 4 matrix products
# instead of 6 T. The first is written to where h will be, so that a_t turns into h_t in place. Sequences that have ended
# take no part in any of this (``steps.py``).


def rnn_forward(
    x: Array,
    h0: Array,
    Wx: Array,
    Wh: Array,
    b: Array,
    lengths: Array | None = None,
    activation: str = "tanh",
    mask_h: Array | None = None,
    work: WorkArrays | None = None,
) -> tuple[Array, Array, tuple]:
    """Run the layer over whole sequences.

    Args:
        x: inputs (N, T, D).
        h0: first state (N, H).
        Wx, Wh, b: weights (D, H), (H, H) and bias (H,).
        lengths: number of real steps of each sequence (N,); all T where absent.
        activation: ``"tanh"`` or ``"relu"``.
        mask_h: factors (N, H) on h_{t-1} in the recurrent product.
        work: where to take arrays from; the first two of the cache belong there once nobody needs the cache.

    Returns:
        Outputs (N, T, H), final state (N, H), and the cache for ``rnn_backward``.
    """
    check_activation(activation)
    xp = array_module(x)
    work = work or WorkArrays()
    N, H = h0.shape
    dtype = xp.result_type(x, h0, Wx, Wh, b)
    steps = Steps(x, lengths)
    rows = steps.pack(x, work, ones=1)  # (P, D + 1)
    h = work.take(xp, (N + steps.P, H), dtype)
    h[:N] = steps.sort(h0)
    Wx_b = with_bias(Wx, b, work)
    xp.matmul(rows, Wx_b, out=h[N:])  # (P, D + 1) @ (D + 1, H) -> (P, H)
    mask_h = None if mask_h is None else steps.sort(mask_h)
    product = xp.empty((N, H), dtype=dtype)
    for _, before, after, N_t in steps:
        a = h[after]  # (N_t, H), turned in place into h_t
        a += xp.matmul(h[before] if mask_h is None else h[before] * mask_h[:N_t], Wh, out=product[:N_t])  # (1)
        if activation == "tanh":
            xp.tanh(a, out=a)  # (2)
        else:
            a *= a.real > 0  # (2)
    work.give(Wx_b)
    return steps.unpack(h[N:]), steps.states_last(h), (rows, h, steps, Wx, Wh, activation, mask_h)


def rnn_backward(dy: Array, dstate: Array, cache: tuple, work: WorkArrays | None = None) -> tuple[Array, ...]:
    """From the gradients by the outputs (N, T, H) and by the final state (N, H): dx, dh0, dWx, dWh, db.

    The slopes of (4) do not depend on the steps after t, so they are computed for all steps at once, straight into the
    array that will hold da.
    """
    rows, h, steps, Wx, Wh, activation, mask_h = cache
    xp = array_module(dy)
    work = work or WorkArrays()
    N, H = dstate.shape
    dtype = xp.result_type(dy, dstate, h)
    dy_rows = steps.pack(dy, work)
    h_after = h[N:]
    da = work.take(xp, (steps.P, H), dtype)  # the slopes first, then, step by step, the gradients
    if activation == "tanh":
        xp.multiply(h_after, h_after, out=da)
        xp.subtract(1, da, out=da)  # (4)
    else:
        da[...] = h_after > 0  # (4)
    WhT = work.copy(Wh.T)
    dh_all = steps.sort(dstate).astype(dtype)
    for now, _, _, N_t in reversed(steps):
        dh, da_t = dh_all[:N_t], da[now]
        dh += dy_rows[now]  # (3)
        da_t *= dh  # (4)
        xp.matmul(da_t, WhT, out=dh)  # (3)  (N_t, H) @ (H, H) -> (N_t, H)
        if mask_h is not None:
            dh *= mask_h[:N_t]  # (3)
    work.give(dy_rows)
    dx_rows = work.take(xp, (steps.P, len(Wx)), dtype)
    dx = steps.unpack(xp.matmul(da, Wx.T, out=dx_rows))  # (5)  (P, H) @ (H, D) -> (P, D)
    dWx_b = rows.T @ da  # (6)  (D + 1, P) @ (P, H) -> (D + 1, H)
    dWh = steps.seen(h, mask_h).T @ da  # (6)  (H, P) @ (P, H) -> (H, H)
    work.give(da, dx_rows, WhT)
    return dx, steps.unsort(dh_all), dWx_b[:-1], dWh, dWx_b[-1]


# --- the layer: parameters, and a call to the pair -------------------------------------------------------------------


class RNN(Recurrent):
    """Elman's layer; its state is h. For arguments and calls see ``Recurrent``.

    Args:
        activation: ``"tanh"`` or ``"relu"``.
    """

    def __init__(
        self,
        input_size: int,
        units: int,
        *,
        rng: Generator,
        activation: str = "tanh",
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
        self.activation = check_activation(activation)
        self.Wx = Parameter.glorot((input_size, units), rng)
        self.Wh = Parameter.orthogonal((units, units), rng)  # keeps the norms of h and dh at the start
        self.b = Parameter.zeros((units,))

    def run(self, x: Array, state: State, lengths: Array | None, mask_h: Array | None) -> tuple[Array, State, tuple]:
        """``rnn_forward`` with this layer's parameters."""
        return rnn_forward(x, state, self.Wx.data, self.Wh.data, self.b.data, lengths, self.activation, mask_h, self.work)

    def run_backward(self, dy: Array, dstate: State, cache: tuple) -> tuple[Array, State]:
        """``rnn_backward``; the weight gradients go to the parameters."""
        dx, dh0, dWx, dWh, db = rnn_backward(dy, dstate, cache, self.work)
        self.Wx.accumulate(dWx)
        self.Wh.accumulate(dWh)
        self.b.accumulate(db)
        return dx, dh0

    def release(self, cache: tuple) -> None:
        """The arrays over all steps are free again."""
        rows, h, *_ = cache
        self.work.give(rows, h)
