"""Elman's recurrent layer, forward and backward through time.

Forward, for t = 1 .. T, from a given state h_0:

    a_t = x_t Wx + (h_{t-1} m) Wh + b                                                                              (1)
    h_t = tanh(a_t), or max(a_t, 0)                    hidden state, which is also the output y_t                  (2)

m is the dropout mask on the recurrent product, the same at every step (Gal and Ghahramani, 2016).

Backward. dh_t is the gradient of the loss with respect to h_t. h_t is used twice, so two gradients arrive: dy_t from the
layer above and da_{t+1} Wh^T from the next step. At t = T the second is the gradient with respect to the final state.

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

from scratchnn.backend import Array, BufferPool, Generator, Lease, array_module
from scratchnn.core import Parameter
from scratchnn.errors import DataError
from scratchnn.functions import relu, tanh
from scratchnn.recurrent.base import Recurrent, State
from scratchnn.recurrent.inputs import inputs_backward, inputs_forward
from scratchnn.recurrent.steps import masked, steps_of

ACTIVATIONS = ["tanh", "relu"]


def check_activation(activation: str) -> str:
    """``activation`` itself; raises ``DataError`` unless it is one of ``ACTIVATIONS``."""
    if activation not in ACTIVATIONS:
        raise DataError(f"RNN: unknown activation {activation!r}; choose one of {', '.join(ACTIVATIONS)}")
    return activation


# --- one step, as a textbook writes it -------------------------------------------------------------------------------


def rnn_step(
    x: Array, h: Array, Wx: Array, Wh: Array, b: Array, activation: str = "tanh", mask_h: Array | float = 1
) -> tuple[Array, tuple]:
    """One step, equations (1) and (2): ``x`` (N, D) and ``h`` (N, H) give the next h (N, H) and the cache."""
    check_activation(activation)
    h_seen = h * mask_h
    a = x @ Wx + h_seen @ Wh + b  # (1)  (N, D) @ (D, H) + (N, H) @ (H, H) -> (N, H)
    h_next = tanh(a) if activation == "tanh" else relu(a)  # (2)
    return h_next, (x, h_seen, h_next, Wx, Wh, activation, mask_h)


def rnn_step_backward(dh_next: Array, cache: tuple) -> tuple[Array, ...]:
    """Backward through one step, equations (3) to (6): dx, dh, dWx, dWh, db."""
    x, h_seen, h_next, Wx, Wh, activation, mask_h = cache
    slope = 1 - h_next * h_next if activation == "tanh" else h_next > 0  # (4)
    da = dh_next * slope  # (4)
    dx = da @ Wx.T  # (5)  (N, H) @ (H, D) -> (N, D)
    dh = da @ Wh.T * mask_h  # (3)  (N, H) @ (H, H) -> (N, H)
    dWx = x.T @ da  # (6)  (D, N) @ (N, H) -> (D, H)
    dWh = h_seen.T @ da  # (6)  (H, N) @ (N, H) -> (H, H)
    db = da.sum(axis=0)  # (6)  (N, H) -> (H,)
    return dx, dh, dWx, dWh, db


# --- the whole sequence, the same equations made fast ----------------------------------------------------------------
# These compute the same as the plain loop over the step (``plain_loop.py``), in fewer and larger operations.
#
# Only h_{t-1} Wh depends on the previous step. x Wx + b is one large product over all steps before the loop; (5) and (6)
# are large products after it (``inputs.py``): 2 T + 4 matrix products instead of 6 T. The factors of dh_t in (4) are
# computed for all steps at once.


def rnn_forward(
    x: Array,
    h0: Array,
    Wx: Array,  # (D, H)
    Wh: Array,  # (H, H)
    b: Array,  # (H,)
    lengths: Array | None = None,
    activation: str = "tanh",
    mask_h: Array | None = None,
    lease: Lease | None = None,
) -> tuple[Array, Array, tuple]:
    """Run Elman's layer over whole sequences.

    Args:
        x: inputs (N, T, D).
        h0: first state (N, H).
        Wx, Wh, b: weights (D, H), (H, H) and bias (H,).
        lengths: number of real steps of each sequence (N,); T if None.
        activation: ``"tanh"`` or ``"relu"``.
        mask_h: factors (N, H) on h_{t-1} in the recurrent product; no mask if None.
        lease: provides the large arrays of the cache, which is valid until the lease ends; fresh memory if None.

    Returns:
        Outputs (N, T, H), final state (N, H), and the cache for ``rnn_backward``.
    """
    check_activation(activation)
    xp = array_module(x)
    lease = lease or BufferPool().lease()
    N, H = h0.shape
    steps = steps_of(x, lengths)
    rows = steps.pack(x, lease, ones=1)  # (P, D + 1)
    h = steps.states(h0, xp.result_type(x, h0, Wx, Wh, b), lease)  # (N + P, H)
    from_x = h[N:]  # the memory of the states after each step
    inputs_forward(rows, Wx, b, [from_x], lease.pool)  # (P, D + 1) @ (D + 1, H) -> (P, H)
    mask = steps.sort(mask_h)
    from_h = xp.empty((N, H), dtype=h.dtype)
    for _, before, after, N_t in steps.forward([from_x], h):
        if N_t < len(from_h):  # some sequences have ended
            from_h = from_h[:N_t]
        h_after = from_x_t = h[after]  # the same memory: h_t replaces x_t Wx + b
        xp.matmul(masked(h[before], mask), Wh, out=from_h)
        rnn_units_forward(from_x_t, from_h, activation, h_after)  # (1), (2)
    return steps.unpack(h[N:]), steps.states_last(h), (rows, h, steps, Wx, Wh, activation, mask)


def rnn_units_forward(from_x: Array, from_h: Array, activation: str, h_after: Array) -> None:
    """Equations (1) and (2) for one step, from x_t Wx + b and (h_{t-1} m) Wh, into ``h_after``; all (N, H)."""
    xp = array_module(from_x)
    a = xp.add(from_x, from_h, out=from_h)  # (1)
    if activation == "tanh":
        xp.tanh(a, out=h_after)  # (2)
    else:
        h_after[...] = relu(a)  # (2)


def rnn_backward(dy: Array | None, dstate: Array | None, cache: tuple, pool: BufferPool | None = None) -> tuple[Array, ...]:
    """Backward through whole sequences.

    Args:
        dy: gradient with respect to the outputs (N, T, H).
        dstate: gradient with respect to the final state (N, H).
        cache: from ``rnn_forward``.
        pool: provides scratch arrays; fresh memory if None.

    Returns:
        dx, dh0, dWx, dWh, db.
    """
    rows, h, steps, Wx, _, _, mask = cache
    dy, dstate = steps.or_zeros(dy, dstate, h)
    pool = pool or BufferPool()
    with pool.lease() as scratch:
        da, dh0 = rnn_through_time_backward(dy, dstate, cache, scratch)  # (3), (4)
        dx, dWx, db = inputs_backward(da, rows, Wx, steps, pool)  # (5), (6)
        dWh = steps.seen(h, mask).T @ da  # (6)  (H, P) @ (P, H) -> (H, H)
    return dx, dh0, dWx, dWh, db


def rnn_through_time_backward(dy: Array, dstate: Array, cache: tuple, scratch: Lease) -> tuple[Array, Array]:
    """Equations (3) and (4) for all steps, the last one first: da (P, H), an array of ``scratch``, and dh0 (N, H)."""
    _, h, steps, _, Wh, activation, mask = cache
    xp = array_module(dy)
    N, H = dstate.shape
    dtype = xp.result_type(dy, dstate, h)
    slopes = scratch.take(xp, (steps.P, H), dtype)
    rnn_slopes_backward(h[N:], activation, slopes)
    da = slopes  # the same memory: step by step, the gradients of (4) replace the slopes
    dh_carried_all = steps.sort(dstate).astype(dtype)  # what step t + 1 passes to h_t
    with scratch.pool.lease() as loop:
        dy_rows, WhT = steps.pack(dy, loop), loop.copy(Wh.T)
        for N_t, now in steps.backward([(step.N_t, step.rows) for step in reversed(steps)], dy_rows, da):
            dh_carried = dh_carried_all[:N_t]
            dh = xp.add(dh_carried, dy_rows[now], out=dh_carried)  # (3)
            da_t = rnn_units_backward(slopes[now], dh, da[now])  # (4)
            xp.matmul(da_t, WhT, out=dh_carried)  # (3)  (N_t, H) @ (H, H) -> (N_t, H)
            if mask is not None:
                dh_carried *= mask[:N_t]  # (3)
    return da, steps.unsort(dh_carried_all)


def rnn_units_backward(slope: Array, dh: Array, da: Array) -> Array:
    """Equation (4) for one step, from the factor of dh_t and dh_t, into ``da``, which is returned; all (N, H)."""
    return array_module(slope).multiply(slope, dh, out=da)  # (4)


def rnn_slopes_backward(h_after: Array, activation: str, slopes: Array) -> None:
    """The factors of dh_t in (4), into ``slopes``; both (P, H)."""
    xp = array_module(h_after)
    if activation == "tanh":
        xp.multiply(h_after, h_after, out=slopes)  # (4)
        xp.subtract(1, slopes, out=slopes)  # (4)
    else:
        slopes[...] = h_after > 0  # (4)


# --- the layer: parameters, and a call to the pair -------------------------------------------------------------------


class RNN(Recurrent):
    """Elman's layer; its state is h. For other arguments and calls see ``Recurrent``.

    Args:
        activation: ``"tanh"`` or ``"relu"``.
    """

    def __init__(
        self,
        input_size: int,
        units: int,
        *,
        rng: Generator | None = None,
        activation: str = "tanh",
        return_sequences: bool = True,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
    ):
        super().__init__(input_size, units, rng, return_sequences, dropout, recurrent_dropout)
        self.activation = check_activation(activation)
        self.kernel = f"rnn_{activation}"
        self.Wx = Parameter.glorot((input_size, units), rng)
        self.Wh = Parameter.orthogonal((units, units), rng)  # keeps the norms of h and dh at initialisation
        self.b = Parameter.zeros((units,))

    def weights(self) -> list[Parameter]:
        """Wx, Wh and b."""
        return [self.Wx, self.Wh, self.b]

    def run(
        self, x: Array, state: State, lengths: Array | None, mask_h: Array | None, lease: Lease
    ) -> tuple[Array, State, tuple]:
        """``rnn_forward`` with this layer's parameters."""
        return rnn_forward(x, state, self.Wx.data, self.Wh.data, self.b.data, lengths, self.activation, mask_h, lease)

    def run_backward(self, dy: Array, dstate: State, cache: tuple) -> tuple[Array, State]:
        """``rnn_backward``; adds to the parameters' gradients."""
        dx, dh0, dWx, dWh, db = rnn_backward(dy, dstate, cache, self.pool)
        self.Wx.accumulate(dWx)
        self.Wh.accumulate(dWh)
        self.b.accumulate(db)
        return dx, dh0
