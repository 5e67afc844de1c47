"""Gated recurrent unit with the reset gate after the product, forward and backward through time.

Forward, for t = 1 .. T, from a given state h_0. Two gates and the candidate are stacked z, r, n, the two sigmoids side by
side:

    a_t = x_t Wx + b                                   a_t = [a_z, a_r, a_n]                                       (1)
    s_t = (h_{t-1} m) Wh + [0, 0, bh]                  s_t = [s_z, s_r, s_n]                                       (2)
    z_t = sigmoid(a_z + s_z)                           update gate: how much of the old state is kept              (3)
    r_t = sigmoid(a_r + s_r)                           reset gate: how much of the old state the candidate sees    (4)
    n_t = tanh(a_n + r_t s_n)                          candidate                                                   (5)
    h_t = (1 - z_t) n_t + z_t h_{t-1}                  hidden state, which is also the output y_t                  (6)

The second bias bh belongs to the candidate alone. There r_t multiplies it, at each step by something else, so that it says
what b cannot. In (3) and (4) a second bias would only be added to the first. PyTorch and cuDNN store two biases of 3H all
the same; of these 6H numbers, 4H are independent.

m is the dropout mask on the recurrent product, the same at every step (Gal and Ghahramani, 2016). The state that (6)
carries over is not masked. Andrew Ng's Gamma_u is 1 - z_t, the part of the old state that is replaced.

Backward. dh_t is the gradient of the loss by h_t, da_z by a_z and so on:

    dh_t = dy_t + dh_{t+1} z_{t+1} + (ds_{t+1} Wh^T) m      at t = T, the gradient by the final h instead          (7)
    da_z = dh_t (h_{t-1} - n_t) z_t (1 - z_t)                                                                      (8)
    da_n = dh_t (1 - z_t) (1 - n_t^2)                                                                              (9)
    da_r = da_n s_n r_t (1 - r_t)                                                                                 (10)
    ds_t = [da_z, da_r, ds_n],  ds_n = da_n r_t                                                                   (11)
    dx_t = da_t Wx^T                                   da_t = [da_z, da_r, da_n]                                  (12)
    dWx  = sum_t x_t^T da_t                            dWh = sum_t (h_{t-1} m)^T ds_t                             (13)
    db   = sum_t da_t                                  dbh = sum_t ds_n                                           (14)

A sequence that has ended takes no part in later steps (``steps.py``): its final state is that of its last step.

Shapes: x (N, T, D), h (N, H), Wx (D, 3H), Wh (H, 3H), b (3H,), bh (H,), m (N, H).
The first version of Cho et al. (2014, arXiv:1406.1078v1); cuDNN and PyTorch kept it, because no product waits for r_t.
"""

from __future__ import annotations

from scratchnn.backend import Array, WorkArrays, array_module
from scratchnn.functions import sigmoid
from scratchnn.recurrent.steps import Steps, gate_by_gate, with_bias

# --- one step, as a textbook writes it -------------------------------------------------------------------------------


def gru_reset_after_step(x: Array, h: Array, Wx: Array, Wh: Array, b: Array, bh: Array) -> tuple[Array, tuple]:
    """Equations (1) to (6) for one step: ``x`` (N, D) and ``h`` (N, H) give the next h and the cache."""
    xp = array_module(x)
    H = h.shape[1]
    a_z, a_r, a_n = xp.split(x @ Wx + b, 3, axis=1)  # (N, D) @ (D, 3H) -> three of (N, H)
    s = h @ Wh  # (N, H) @ (H, 3H) -> (N, 3H)
    s_n = s[:, 2 * H :] + bh
    z = sigmoid(a_z + s[:, :H])
    r = sigmoid(a_r + s[:, H : 2 * H])
    n = xp.tanh(a_n + r * s_n)
    h_next = (1 - z) * n + z * h
    return h_next, (x, h, z, r, n, s_n, Wx, Wh)


def gru_reset_after_step_backward(dh_next: Array, cache: tuple) -> tuple[Array, ...]:
    """Equations (7) to (14) for one step: dx, dh, dWx, dWh, db, dbh."""
    x, h, z, r, n, s_n, Wx, Wh = cache
    xp = array_module(x)
    da_z = dh_next * (h - n) * z * (1 - z)  # (8)
    da_n = dh_next * (1 - z) * (1 - n * n)  # (9)
    da_r = da_n * s_n * r * (1 - r)  # (10)
    ds_n = da_n * r  # (11)
    da = xp.concatenate([da_z, da_r, da_n], axis=1)  # (N, 3H)
    ds = xp.concatenate([da_z, da_r, ds_n], axis=1)  # (N, 3H)
    dh = dh_next * z + ds @ Wh.T  # (7)
    return da @ Wx.T, dh, x.T @ da, h.T @ ds, da.sum(axis=0), ds_n.sum(axis=0)  # (12), (13), (14)


# --- the whole sequence, the same equations made fast ----------------------------------------------------------------
# Only h_{t-1} Wh has to wait for the step before. x Wx + b is two large products over all steps before the loop, for
# the gates and for the candidate, which later take its place; b is one more row of Wx, for an input that is always 1.
# (12) and (13) are large products after the loop: 2 T + 5 matrix products instead of 6 T. Because sigmoid(a) = (1 +
# tanh(a / 2)) / 2, halving the gates' columns of Wx, Wh and b once a call makes both gates one tanh. It writes them
# apart, (N, 2H) -> (2, N, H): all that follows then runs over unbroken memory. Sequences that have ended take no part
# in any of this (``steps.py``).


def gru_reset_after_forward(
    x: Array,
    h0: Array,
    Wx: Array,
    Wh: Array,
    b: Array,
    bh: Array,
    lengths: Array | None = None,
    mask_h: Array | None = None,
    work: WorkArrays | None = None,
) -> tuple[Array, Array, tuple]:
    """Run the layer over whole sequences.

    Args:
        x: inputs (N, T, D).
        h0: first state (N, H).
        Wx, Wh, b: weights (D, 3H), (H, 3H) and bias (3H,); stacked z, r, n.
        bh: the candidate's second bias (H,).
        lengths: number of real steps of each sequence (N,); all T where absent.
        mask_h: factors (N, H) on h_{t-1} in the recurrent product.
        work: where to take arrays from; the first five of the cache belong there once nobody needs the cache.

    Returns:
        Outputs (N, T, H), final state (N, H), and the cache for ``gru_reset_after_backward``.
    """
    xp = array_module(x)
    work = work or WorkArrays()
    N, H = h0.shape
    dtype = xp.result_type(x, h0, Wx, Wh, b, bh)
    halves = xp.ones(3 * H, dtype=b.real.dtype)
    halves[: 2 * H] = 0.5
    half = xp.asarray(halves[0])  # an array, since NumPy would make one of a number at each step
    steps = Steps(x, lengths)
    rows = steps.pack(x, work, ones=1)  # (P, D + 1)
    zr_all, n_all = work.take(xp, (steps.P, 2 * H), dtype), work.take(xp, (steps.P, H), dtype)
    Wx_half, Wh_half = with_bias(Wx, b, work, halves), work.product(Wh, halves)
    xp.matmul(rows, Wx_half[:, : 2 * H], out=zr_all)  # (1)  (P, D + 1) @ (D + 1, 2H) -> (P, 2H)
    xp.matmul(rows, Wx_half[:, 2 * H :], out=n_all)  # (1)  (P, D + 1) @ (D + 1, H) -> (P, H)
    s_n = work.take(xp, (steps.P, H), dtype)
    h = work.take(xp, (N + steps.P, H), dtype)
    h[:N] = steps.sort(h0)
    mask_h = None if mask_h is None else steps.sort(mask_h)
    s_all, room = work.take(xp, (N, 3 * H), dtype), work.take(xp, (N, H), dtype)
    s_all_zrn = gate_by_gate(s_all, 3)
    for now, before, after, N_t in steps:
        from_x, n, s, written = zr_all[now], n_all[now], s_all[:N_t], room[:N_t]
        zr = from_x.reshape(2, N_t, H)  # the gates will take the place of x_t Wx + b, and so will the candidate
        z, r = zr
        xp.matmul(h[before] if mask_h is None else h[before] * mask_h[:N_t], Wh_half, out=s)  # (2)
        s[:, : 2 * H] += from_x
        xp.tanh(s_all_zrn[:2, :N_t], out=zr)
        zr *= half
        zr += half  # (3), (4)
        n += xp.multiply(r, xp.add(s[:, 2 * H :], bh, out=s_n[now]), out=written)
        xp.tanh(n, out=n)  # (5)
        xp.subtract(h[before], n, out=written)
        written *= z
        xp.add(n, written, out=h[after])  # (6) as n + z (h - n): one product less
    work.give(Wx_half, Wh_half, s_all, room)
    return steps.unpack(h[N:]), steps.states_last(h), (rows, zr_all, n_all, s_n, h, steps, Wx, Wh, mask_h)


def gru_reset_after_backward(dy: Array, dstate: Array, cache: tuple, work: WorkArrays | None = None) -> tuple[Array, ...]:
    """From the gradients by the outputs (N, T, H) and by the final state (N, H): dx, dh0, dWx, dWh, db, dbh.

    What multiplies dh_t in (8) to (11), the slopes, does not depend on the steps after t. So the slopes of as many steps as
    fit into the processor's cache are computed at once, and each step is left with a few products. The gradients of a step
    are stacked ds_n, da_z, da_r, da_n: the first three are ds_t, the last three da_t.
    """
    rows, zr_all, n_all, s_n, h, steps, Wx, Wh, mask_h = cache
    xp = array_module(dy)
    work = work or WorkArrays()
    H = dstate.shape[1]
    dtype = xp.result_type(dy, dstate, zr_all)
    dy_rows = steps.pack(dy, work)
    d = work.take(xp, (steps.P, 4 * H), dtype)
    d_nzrn = gate_by_gate(d, 4)  # (4, P, H)
    h_before = steps.states_before(h)
    WhT = work.take(xp, (3 * H, H), Wh.dtype)  # stacked as ds_t is
    WhT[:H], WhT[H:] = Wh[:, 2 * H :].T, Wh[:, : 2 * H].T
    dh_all = steps.sort(dstate).astype(dtype)
    for piece, N_t, piece_steps in steps.pieces_backward(zr_all, n_all):
        z, r = zr_all[piece].reshape(-1, 2, N_t, H).transpose(1, 0, 2, 3)  # (steps, N_t, H) each
        n, s_t, h_t_before = (state[piece].reshape(-1, N_t, H) for state in (n_all, s_n, h_before))
        slopes = work.take(xp, (4, len(piece_steps), N_t, H), dtype)
        gru_reset_after_slopes_backward(z, r, n, s_t, h_t_before, slopes)
        dh = dh_all[:N_t]
        for k, now in piece_steps:
            dh += dy_rows[now]  # (7)
            d_t = slopes[:, k]  # the slopes become the gradients, (4, N_t, H)
            d_t *= dh  # (8), (9), (10), (11)
            d_nzrn[:, now] = d_t
            dh *= z[k]  # (7)
            dh_through = d[now, : 3 * H] @ WhT  # (7)  (N_t, 3H) @ (3H, H) -> (N_t, H)
            if mask_h is not None:
                dh_through *= mask_h[:N_t]  # (7)
            dh += dh_through  # (7)
        work.give(slopes)
    ds, da = d[:, : 3 * H], d[:, H:]
    work.give(dy_rows)
    dx_rows = work.take(xp, (steps.P, len(Wx)), dtype)
    dx = steps.unpack(xp.matmul(da, Wx.T, out=dx_rows))  # (12)  (P, 3H) @ (3H, D) -> (P, D)
    dWx_b = rows.T @ da  # (13), (14)  (D + 1, P) @ (P, 3H) -> (D + 1, 3H)
    dWh_nzr = steps.seen(h, mask_h).T @ ds  # (13)  (H, P) @ (P, 3H) -> (H, 3H)
    dWh = xp.concatenate([dWh_nzr[:, H:], dWh_nzr[:, :H]], axis=1)  # (13)
    dbh = ds[:, :H].sum(axis=0)  # (14)
    work.give(d, dx_rows, WhT)
    return dx, steps.unsort(dh_all), dWx_b[:-1], dWh, dWx_b[-1], dbh


def gru_reset_after_slopes_backward(z: Array, r: Array, n: Array, s_n: Array, h_before: Array, slopes: Array) -> None:
    """The factors of dh_t in (11), (8), (10) and (9), in this order, into ``slopes`` (4, steps, N, H)."""
    xp = array_module(z)
    slope_s, slope_z, slope_r, slope_n = slopes
    rest = 1 - z
    xp.subtract(h_before, n, out=slope_z)
    slope_z *= z  # (8)
    slope_z *= rest  # (8)
    xp.multiply(n, n, out=slope_n)
    slope_n *= rest
    xp.subtract(rest, slope_n, out=slope_n)  # (9)  (1 - z) (1 - n^2)
    xp.multiply(slope_n, r, out=slope_s)  # (11)
    xp.multiply(slope_s, s_n, out=rest)  # (10)
    xp.multiply(rest, r, out=slope_r)
    xp.subtract(rest, slope_r, out=slope_r)  # (10)  with factor 1 - r
