"""Gated recurrent unit with an update gate only, forward and backward through time.

Forward, for t = 1 .. T, from a given state h_0. Gate and candidate are computed in one product and stacked z, n:

    a_t = x_t Wx + (h_{t-1} m) Wh + b                  a_t = [a_z, a_n]                                            (1)
    z_t = sigmoid(a_z)                                 update gate: how much of the old state is kept              (2)
    n_t = tanh(a_n)                                    candidate                                                   (3)
    h_t = (1 - z_t) n_t + z_t h_{t-1}                  hidden state, which is also the output y_t                  (4)

m is the dropout mask on the recurrent product, the same at every step (Gal and Ghahramani, 2016). The state that (4)
carries over is not masked. Andrew Ng's lectures, from which this form is, write Gamma_u = 1 - z_t, the part of the old
state that is replaced: the same layer with the signs of the update gate's weights and bias turned round.

Backward. dh_t is the gradient of the loss by h_t, da_z by a_z and so on:

    dh_t = dy_t + dh_{t+1} z_{t+1} + (da_{t+1} Wh^T) m      at t = T, the gradient by the final h instead          (5)
    da_z = dh_t (h_{t-1} - n_t) z_t (1 - z_t)                                                                      (6)
    da_n = dh_t (1 - z_t) (1 - n_t^2)                                                                              (7)
    dx_t = da_t Wx^T                                                                                               (8)
    dWx  = sum_t x_t^T da_t        dWh = sum_t (h_{t-1} m)^T da_t        db = sum_t da_t                           (9)

The first way back in (5) is an entry-wise product with z alone: no matrix, no squashing slope. Where z is near 1 the
gradient keeps its size over many steps.

A sequence that has ended takes no part in later steps (``steps.py``): its final state is that of its last step.

Shapes: x (N, T, D), h (N, H), Wx (D, 2H), Wh (H, 2H), b (2H,), m (N, H).
"""

from __future__ import annotations

from scratchnn.backend import Array, WorkArrays, array_module
from scratchnn.functions import sigmoid
from scratchnn.recurrent.steps import Steps, gate_by_gate, with_bias

# --- one step, as a textbook writes it -------------------------------------------------------------------------------


def gru_simplified_step(x: Array, h: Array, Wx: Array, Wh: Array, b: Array) -> tuple[Array, tuple]:
    """Equations (1) to (4) for one step: ``x`` (N, D) and ``h`` (N, H) give the next h and the cache."""
    xp = array_module(x)
    H = h.shape[1]
    a = x @ Wx + h @ Wh + b  # (N, D) @ (D, 2H) + (N, H) @ (H, 2H) -> (N, 2H)
    z = sigmoid(a[:, :H])
    n = xp.tanh(a[:, H:])
    h_next = (1 - z) * n + z * h
    return h_next, (x, h, z, n, Wx, Wh)


def gru_simplified_step_backward(dh_next: Array, cache: tuple) -> tuple[Array, ...]:
    """Equations (5) to (9) for one step: dx, dh, dWx, dWh, db."""
    x, h, z, n, Wx, Wh = cache
    xp = array_module(x)
    da_z = dh_next * (h - n) * z * (1 - z)  # (6)
    da_n = dh_next * (1 - z) * (1 - n * n)  # (7)
    da = xp.concatenate([da_z, da_n], axis=1)  # (N, 2H)
    dh = dh_next * z + da @ Wh.T  # (5)
    return da @ Wx.T, dh, x.T @ da, h.T @ da, da.sum(axis=0)  # (8), (9)


# --- the whole sequence, the same equations made fast ----------------------------------------------------------------
# Only h_{t-1} Wh has to wait for the step before. x Wx + b is one large product over all steps before the loop, in which
# b is one more row of Wx, for an input that is always 1; (8) and (9) are large products after it: 2 T + 4 matrix products
# instead of 6 T. Because sigmoid(a) = (1 + tanh(a / 2)) / 2, halving the update gate's columns of Wx, Wh and b, once a
# call, lets one tanh serve gate and candidate. It writes them apart, (N, 2H) -> (2, N, H): all that follows then runs
# over unbroken memory. Sequences that have ended take no part in any of this (``steps.py``).


def gru_simplified_forward(
    x: Array,
    h0: Array,
    Wx: Array,
    Wh: Array,
    b: Array,
    lengths: Array | None = None,
    mask_h: Array | None = None,
    work: WorkArrays | None = None,
) -> tuple[Array, Array, tuple]:
    """Run the layer over whole sequences.

    Args:
        x: inputs (N, T, D).
        h0: first state (N, H).
        Wx, Wh, b: weights (D, 2H), (H, 2H) and bias (2H,); stacked z, n.
        lengths: number of real steps of each sequence (N,); all T where absent.
        mask_h: factors (N, H) on h_{t-1} in the recurrent product.
        work: where to take arrays from; the first three of the cache belong there once nobody needs the cache.

    Returns:
        Outputs (N, T, H), final state (N, H), and the cache for ``gru_simplified_backward``.
    """
    xp = array_module(x)
    work = work or WorkArrays()
    N, H = h0.shape
    dtype = xp.result_type(x, h0, Wx, Wh, b)
    halves = xp.ones(2 * H, dtype=b.real.dtype)
    halves[:H] = 0.5
    half = xp.asarray(halves[0])  # an array, since NumPy would make one of a number at each step
    steps = Steps(x, lengths)
    rows = steps.pack(x, work, ones=1)  # (P, D + 1)
    gates = work.take(xp, (steps.P, 2 * H), dtype)
    Wx_half, Wh_half = with_bias(Wx, b, work, halves), work.product(Wh, halves)
    xp.matmul(rows, Wx_half, out=gates)  # (P, D + 1) @ (D + 1, 2H) -> (P, 2H)
    h = work.take(xp, (N + steps.P, H), dtype)
    h[:N] = steps.sort(h0)
    mask_h = None if mask_h is None else steps.sort(mask_h)
    a_all, room = xp.empty((N, 2 * H), dtype=dtype), xp.empty((N, H), dtype=dtype)
    a_all_zn = gate_by_gate(a_all, 2)
    for now, before, after, N_t in steps:
        from_x, a, written = gates[now], a_all[:N_t], room[:N_t]
        xp.matmul(h[before] if mask_h is None else h[before] * mask_h[:N_t], Wh_half, out=a)
        a += from_x  # (1)
        z, n = xp.tanh(a_all_zn[:, :N_t], out=from_x.reshape(2, N_t, H))  # z and n take the place of x_t Wx + b
        z *= half
        z += half  # (2)
        xp.subtract(h[before], n, out=written)
        written *= z
        xp.add(n, written, out=h[after])  # (4) as n + z (h - n): one product less
    work.give(Wx_half, Wh_half)
    return steps.unpack(h[N:]), steps.states_last(h), (rows, gates, h, steps, Wx, Wh, mask_h)


def gru_simplified_backward(dy: Array, dstate: Array, cache: tuple, work: WorkArrays | None = None) -> tuple[Array, ...]:
    """From the gradients by the outputs (N, T, H) and by the final state (N, H): dx, dh0, dWx, dWh, db.

    What multiplies dh_t in (6) and (7), the slopes, does not depend on the steps after t. So the slopes of as many steps as
    fit into the processor's cache are computed at once, and each step is left with a few products.
    """
    rows, gates, h, steps, Wx, Wh, mask_h = cache
    xp = array_module(dy)
    work = work or WorkArrays()
    H = dstate.shape[1]
    dtype = xp.result_type(dy, dstate, gates)
    dy_rows = steps.pack(dy, work)
    da = work.take(xp, (steps.P, 2 * H), dtype)
    da_zn = gate_by_gate(da, 2)  # (2, P, H)
    h_before = steps.states_before(h)
    WhT = work.copy(Wh.T)  # (2H, H)
    dh_all = steps.sort(dstate).astype(dtype)
    for piece, N_t, piece_steps in steps.pieces_backward(gates):
        z, n = gates[piece].reshape(-1, 2, N_t, H).transpose(1, 0, 2, 3)  # (steps, N_t, H) each
        slopes = work.take(xp, (2, len(piece_steps), N_t, H), dtype)
        slopes[0] = (h_before[piece].reshape(-1, N_t, H) - n) * z * (1 - z)  # (6)
        slopes[1] = (1 - z) * (1 - n * n)  # (7)
        dh = dh_all[:N_t]
        for k, now in piece_steps:
            dh += dy_rows[now]  # (5)
            da_t = slopes[:, k]  # the slopes become the gradients, (2, N_t, H)
            da_t *= dh  # (6), (7)
            da_zn[:, now] = da_t
            dh *= z[k]  # (5)
            dh_through = da[now] @ WhT  # (5)  (N_t, 2H) @ (2H, H) -> (N_t, H)
            if mask_h is not None:
                dh_through *= mask_h[:N_t]  # (5)
            dh += dh_through  # (5)
        work.give(slopes)
    work.give(dy_rows)
    dx_rows = work.take(xp, (steps.P, len(Wx)), dtype)
    dx = steps.unpack(xp.matmul(da, Wx.T, out=dx_rows))  # (8)  (P, 2H) @ (2H, D) -> (P, D)
    dWx_b = rows.T @ da  # (9)  (D + 1, P) @ (P, 2H) -> (D + 1, 2H)
    dWh = steps.seen(h, mask_h).T @ da  # (9)  (H, P) @ (P, 2H) -> (H, 2H)
    work.give(da, dx_rows, WhT)
    return dx, steps.unsort(dh_all), dWx_b[:-1], dWh, dWx_b[-1]
