"""Gated recurrent unit with the reset gate before the product, forward and backward through time.

Forward, for t = 1 .. T, from a given state h_0. What x_t gives to the two gates and the candidate is computed in one
product and stacked z, r, n; Wh = [Wh_zr, Wh_n] is stacked the same way:

    [a_z, a_r] = x_t Wx_zr + (h_{t-1} m) Wh_zr + b_zr                                                              (1)
    z_t = sigmoid(a_z)                                 update gate: how much of the old state is kept              (2)
    r_t = sigmoid(a_r)                                 reset gate: how much of the old state the candidate sees    (3)
    k_t = r_t h_{t-1} m                                what is left of the old state                               (4)
    n_t = tanh(a_n),  a_n = x_t Wx_n + k_t Wh_n + b_n  candidate                                                   (5)
    h_t = (1 - z_t) n_t + z_t h_{t-1}                  hidden state, which is also the output y_t                  (6)

m is the dropout mask, the same at every step (Gal and Ghahramani, 2016): it acts on h_{t-1} in both recurrent products,
not on the state that (6) carries over. Andrew Ng's Gamma_u is 1 - z_t, the part of the old state that is replaced.

Backward. dh_t is the gradient of the loss by h_t, da_z by a_z and so on:

    dh_t = dy_t + dh_{t+1} z_{t+1} + (dk_{t+1} r_{t+1} + [da_z, da_r]_{t+1} Wh_zr^T) m
                                                       at t = T, the gradient by the final h instead               (7)
    da_z = dh_t (h_{t-1} - n_t) z_t (1 - z_t)                                                                      (8)
    da_n = dh_t (1 - z_t) (1 - n_t^2)                                                                              (9)
    dk_t = da_n Wh_n^T                                                                                            (10)
    da_r = dk_t h_{t-1} m r_t (1 - r_t)                                                                           (11)
    dx_t = da_t Wx^T                                   da_t = [da_z, da_r, da_n]                                  (12)
    dWx  = sum_t x_t^T da_t                            db = sum_t da_t                                            (13)
    dWh_zr = sum_t (h_{t-1} m)^T [da_z, da_r]          dWh_n = sum_t k_t^T da_n                                   (14)

The candidate waits for the reset gate, so a step is two products one after the other, where the other forms need one.

A sequence that has ended takes no part in later steps (``steps.py``): its final state is that of its last step.

Shapes: x (N, T, D), h and k (N, H), Wx (D, 3H), Wh (H, 3H), b (3H,), m (N, H).
Cho et al., "Learning Phrase Representations using RNN Encoder-Decoder" (2014), equations 5 to 8.
"""

from __future__ import annotations

from scratchnn.backend import Array, WorkArrays, array_module
from scratchnn.functions import sigmoid
from scratchnn.recurrent.steps import Steps, gate_by_gate, with_bias

# --- one step, as a textbook writes it -------------------------------------------------------------------------------


def gru_reset_before_step(x: Array, h: Array, Wx: Array, Wh: Array, b: Array) -> tuple[Array, tuple]:
    """Equations (1) to (6) for one step: ``x`` (N, D) and ``h`` (N, H) give the next h and the cache."""
    xp = array_module(x)
    H = h.shape[1]
    a_x = x @ Wx + b  # (N, D) @ (D, 3H) -> (N, 3H)
    a_zr = a_x[:, : 2 * H] + h @ Wh[:, : 2 * H]  # (N, H) @ (H, 2H) -> (N, 2H)
    z = sigmoid(a_zr[:, :H])
    r = sigmoid(a_zr[:, H:])
    k = r * h
    n = xp.tanh(a_x[:, 2 * H :] + k @ Wh[:, 2 * H :])  # (N, H) @ (H, H) -> (N, H)
    h_next = (1 - z) * n + z * h
    return h_next, (x, h, z, r, k, n, Wx, Wh)


def gru_reset_before_step_backward(dh_next: Array, cache: tuple) -> tuple[Array, ...]:
    """Equations (7) to (14) for one step: dx, dh, dWx, dWh, db."""
    x, h, z, r, k, n, Wx, Wh = cache
    xp = array_module(x)
    H = h.shape[1]
    da_z = dh_next * (h - n) * z * (1 - z)  # (8)
    da_n = dh_next * (1 - z) * (1 - n * n)  # (9)
    dk = da_n @ Wh[:, 2 * H :].T  # (10)
    da_r = dk * h * r * (1 - r)  # (11)
    da_zr = xp.concatenate([da_z, da_r], axis=1)  # (N, 2H)
    dh = dh_next * z + dk * r + da_zr @ Wh[:, : 2 * H].T  # (7)
    da = xp.concatenate([da_zr, da_n], axis=1)  # (N, 3H)
    dWh = xp.concatenate([h.T @ da_zr, k.T @ da_n], axis=1)  # (14)
    return da @ Wx.T, dh, x.T @ da, dWh, da.sum(axis=0)  # (12), (13)


# --- the whole sequence, the same equations made fast ----------------------------------------------------------------
# x Wx + b is two large products over all steps before the loop, for the gates and for the candidate, which later take
# its place; b is one more row of Wx, for an input that is always 1. (12) to (14) are large products after the loop: 4
# T + 6 matrix products instead of 9 T. Because sigmoid(a) = (1 + tanh(a / 2)) / 2, halving the gates' columns of Wx,
# Wh and b once a call makes both gates one tanh. It writes them apart, (N, 2H) -> (2, N, H): all that follows then
# runs over unbroken memory. Sequences that have ended take no part in any of this (``steps.py``).


def gru_reset_before_forward(
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
        Wx, Wh, b: weights (D, 3H), (H, 3H) and bias (3H,); stacked z, r, n.
        lengths: number of real steps of each sequence (N,); all T where absent.
        mask_h: factors (N, H) on h_{t-1} in the recurrent products.
        work: where to take arrays from; the first five of the cache belong there once nobody needs the cache.

    Returns:
        Outputs (N, T, H), final state (N, H), and the cache for ``gru_reset_before_backward``.
    """
    xp = array_module(x)
    work = work or WorkArrays()
    N, H = h0.shape
    dtype = xp.result_type(x, h0, Wx, Wh, b)
    halves = xp.ones(3 * H, dtype=b.real.dtype)
    halves[: 2 * H] = 0.5
    half = xp.asarray(halves[0])  # an array, since NumPy would make one of a number at each step
    steps = Steps(x, lengths)
    rows = steps.pack(x, work, ones=1)  # (P, D + 1)
    zr_all, n_all = work.take(xp, (steps.P, 2 * H), dtype), work.take(xp, (steps.P, H), dtype)
    Wx_half = with_bias(Wx, b, work, halves)
    xp.matmul(rows, Wx_half[:, : 2 * H], out=zr_all)  # (P, D + 1) @ (D + 1, 2H) -> (P, 2H)
    xp.matmul(rows, Wx_half[:, 2 * H :], out=n_all)  # (P, D + 1) @ (D + 1, H) -> (P, H)
    Wh_zr, Wh_n = work.product(Wh[:, : 2 * H], half), work.copy(Wh[:, 2 * H :])
    k = work.take(xp, (steps.P, H), dtype)
    h = work.take(xp, (N + steps.P, H), dtype)
    h[:N] = steps.sort(h0)
    mask_h = None if mask_h is None else steps.sort(mask_h)
    a_all, room = work.take(xp, (N, 2 * H), dtype), work.take(xp, (N, H), dtype)
    a_all_zr = gate_by_gate(a_all, 2)
    for now, before, after, N_t in steps:
        from_x, n, a, written = zr_all[now], n_all[now], a_all[:N_t], room[:N_t]
        zr = from_x.reshape(2, N_t, H)  # the gates will take the place of x_t Wx + b, and so will the candidate
        z, r = zr
        seen = h[before] if mask_h is None else h[before] * mask_h[:N_t]
        xp.matmul(seen, Wh_zr, out=a)
        a += from_x  # (1)
        xp.tanh(a_all_zr[:, :N_t], out=zr)
        zr *= half
        zr += half  # (2), (3)
        n += xp.matmul(xp.multiply(r, seen, out=k[now]), Wh_n, out=written)  # (4)
        xp.tanh(n, out=n)  # (5)
        xp.subtract(h[before], n, out=written)
        written *= z
        xp.add(n, written, out=h[after])  # (6) as n + z (h - n): one product less
    work.give(Wx_half, Wh_zr, Wh_n, a_all, room)
    return steps.unpack(h[N:]), steps.states_last(h), (rows, zr_all, n_all, k, h, steps, Wx, Wh, mask_h)


def gru_reset_before_backward(dy: Array, dstate: Array, cache: tuple, work: WorkArrays | None = None) -> tuple[Array, ...]:
    """From the gradients by the outputs (N, T, H) and by the final state (N, H): dx, dh0, dWx, dWh, db.

    What multiplies dh_t in (8) and (9) and dk_t in (11), the slopes, does not depend on the steps after t. So the slopes of
    as many steps as fit into the processor's cache are computed at once, and each step is left with a few products.
    """
    rows, zr_all, n_all, k, h, steps, Wx, Wh, mask_h = cache
    xp = array_module(dy)
    work = work or WorkArrays()
    H = dstate.shape[1]
    dtype = xp.result_type(dy, dstate, zr_all)
    dy_rows = steps.pack(dy, work)
    da = work.take(xp, (steps.P, 3 * H), dtype)
    da_zrn = gate_by_gate(da, 3)  # (3, P, H)
    h_before = steps.states_before(h)
    WhT_zr, WhT_n = work.copy(Wh[:, : 2 * H].T), work.copy(Wh[:, 2 * H :].T)  # (2H, H), (H, H)
    dh_all = steps.sort(dstate).astype(dtype)
    for piece, N_t, piece_steps in steps.pieces_backward(zr_all, n_all):
        z, r = zr_all[piece].reshape(-1, 2, N_t, H).transpose(1, 0, 2, 3)  # (steps, N_t, H) each
        n, k_t, h_t_before = (state[piece].reshape(-1, N_t, H) for state in (n_all, k, h_before))
        slopes = work.take(xp, (3, len(piece_steps), N_t, H), dtype)
        gru_reset_before_slopes_backward(z, r, n, k_t, h_t_before, slopes)
        dh = dh_all[:N_t]
        for j, now in piece_steps:
            da_z, da_r, da_n = slopes[:, j]  # the slopes become the gradients, (N_t, H) each
            dh += dy_rows[now]  # (7)
            da_z *= dh  # (8)
            da_n *= dh  # (9)
            dk = da_n @ WhT_n  # (10)  (N_t, H) @ (H, H) -> (N_t, H)
            da_r *= dk  # (11)
            da_zrn[:, now] = slopes[:, j]
            dh *= z[j]  # (7)
            dk *= r[j]  # (7)
            dk += da[now, : 2 * H] @ WhT_zr  # (7)  (N_t, 2H) @ (2H, H) -> (N_t, H)
            if mask_h is not None:
                dk *= mask_h[:N_t]  # (7)
            dh += dk  # (7)
        work.give(slopes)
    work.give(dy_rows)
    dx_rows = work.take(xp, (steps.P, len(Wx)), dtype)
    dx = steps.unpack(xp.matmul(da, Wx.T, out=dx_rows))  # (12)  (P, 3H) @ (3H, D) -> (P, D)
    dWx_b = rows.T @ da  # (13)  (D + 1, P) @ (P, 3H) -> (D + 1, 3H)
    dWh_zr = steps.seen(h, mask_h).T @ da[:, : 2 * H]  # (14)  (H, P) @ (P, 2H) -> (H, 2H)
    dWh_n = k.T @ da[:, 2 * H :]  # (14)  (H, P) @ (P, H) -> (H, H)
    work.give(da, dx_rows, WhT_zr, WhT_n)
    return dx, steps.unsort(dh_all), dWx_b[:-1], xp.concatenate([dWh_zr, dWh_n], axis=1), dWx_b[-1]


def gru_reset_before_slopes_backward(z: Array, r: Array, n: Array, k: Array, h_before: Array, slopes: Array) -> None:
    """The factors of dh_t in (8), of dk_t in (11) and of dh_t in (9), into ``slopes`` (3, steps, N, H)."""
    xp = array_module(z)
    slope_z, slope_r, slope_n = slopes
    rest = 1 - z
    xp.subtract(h_before, n, out=slope_z)
    slope_z *= z  # (8)
    slope_z *= rest  # (8)
    xp.multiply(k, r, out=slope_r)
    xp.subtract(k, slope_r, out=slope_r)  # (11)  h m r (1 - r) = k - k r
    xp.multiply(n, n, out=slope_n)
    slope_n *= rest
    xp.subtract(rest, slope_n, out=slope_n)  # (9)  (1 - z) (1 - n^2)
