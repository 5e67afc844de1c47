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

A padded step carries the state on and outputs zero; its dy_t counts for nothing, dh_t goes back unchanged.

Shapes: x (N, T, D), h (N, H), Wx (D, H), Wh (H, H), b (H,), m (N, H).
Elman, "Finding Structure in Time" (1990); Werbos, "Backpropagation Through Time" (1990).
"""

from __future__ import annotations

from scratchnn.backend import Array, Generator, WorkArrays, array_module
from scratchnn.core import Parameter
from scratchnn.errors import DataError
from scratchnn.functions import relu, tanh
from scratchnn.recurrent.base import Recurrent, State, batch_first, padding, time_first

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
# Only h_{t-1} Wh has to wait for the step before. x Wx is one large product over all steps before the loop; (5) and (6)
# are large products after it: 2 T + 4 matrix products instead of 6 T. x Wx is written to where h will be, so that a_t
# turns into h_t in place.


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
    N, T, D = x.shape
    H = h0.shape[1]
    dtype = xp.result_type(x, h0, Wx, Wh, b)
    rows = time_first(x, work)  # (T, N, D)
    h = work.take(xp, (T + 1, N, H), dtype)
    h[0] = h0
    xp.matmul(rows.reshape(T * N, D), Wx, out=h[1:].reshape(T * N, H))  # (T N, D) @ (D, H) -> (T N, H)
    h[1:] += b
    pad = padding(lengths, T)
    product = xp.empty((N, H), dtype=dtype)
    for t in range(T):
        a = h[t + 1]  # (N, H), turned in place into h_t
        a += xp.matmul(h[t] if mask_h is None else h[t] * mask_h, Wh, out=product)
        if activation == "tanh":
            xp.tanh(a, out=a)
        else:
            a *= a.real > 0
        if pad is not None:
            xp.copyto(a, h[t], where=pad[t])
    y = batch_first(h[1:] if pad is None else h[1:] * ~pad)
    return y, h[T].copy(), (rows, h, pad, Wx, Wh, activation, mask_h)


def rnn_backward(dy: Array, dstate: Array, cache: tuple, work: WorkArrays | None = None) -> tuple[Array, ...]:
    """From the gradients by the outputs (N, T, H) and by the final state (N, H): dx, dh0, dWx, dWh, db.

    The slopes of (4) do not depend on the steps after t, so they are computed for all steps at once, straight into the
    array that will hold da.
    """
    rows, h, pad, Wx, Wh, activation, mask_h = cache
    xp = array_module(dy)
    work = work or WorkArrays()
    N, T, H = dy.shape
    h_after = h[1:]
    da = work.take(xp, (T, N, H), xp.result_type(dy, dstate, h))  # the slopes first, then, step by step, the gradients
    if activation == "tanh":
        xp.multiply(h_after, h_after, out=da)
        xp.subtract(1, da, out=da)  # (4)
    else:
        da[...] = h_after > 0  # (4)
    if pad is not None:
        da *= ~pad
    WhT = xp.ascontiguousarray(Wh.T)
    dh = dstate
    for t in reversed(range(T)):
        dh = dh + (dy[:, t] if pad is None else dy[:, t] * ~pad[t])  # (3)
        da_t = da[t]  # (N, H)
        da_t *= dh  # (4)
        dh_through = da_t @ WhT  # (3)  (N, H) @ (H, H) -> (N, H)
        if mask_h is not None:
            dh_through *= mask_h  # (3)
        dh = dh_through if pad is None else dh_through + dh * pad[t]  # (3)
    flat = da.reshape(T * N, H)
    D = Wx.shape[0]
    dx = batch_first((flat @ Wx.T).reshape(T, N, D))  # (5)  (T N, H) @ (H, D) -> (T N, D)
    dWx = rows.reshape(T * N, D).T @ flat  # (6)  (D, T N) @ (T N, H) -> (D, H)
    h_before = h[:-1] if mask_h is None else h[:-1] * mask_h
    dWh = h_before.reshape(T * N, H).T @ flat  # (6)  (H, T N) @ (T N, H) -> (H, H)
    db = flat.sum(axis=0)  # (6)
    work.give(da)
    return dx, dh, dWx, dWh, db


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
