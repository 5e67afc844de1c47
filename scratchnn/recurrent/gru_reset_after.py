"""Gated recurrent unit with the reset gate after the product, forward and backward through time.

Forward, for t = 1 .. T, from a given state h_0. Two gates and the candidate are stacked z, r, n, so that the two
sigmoids are adjacent:

    a_t = x_t Wx + b                                   a_t = [a_z, a_r, a_n]                                       (1)
    s_t = (h_{t-1} m) Wh + [0, 0, bh]                  s_t = [s_z, s_r, s_n]                                       (2)
    z_t = sigmoid(a_z + s_z)                           update gate: how much of the old state is kept              (3)
    r_t = sigmoid(a_r + s_r)                           reset gate: how much of the old state the candidate sees    (4)
    n_t = tanh(a_n + r_t s_n)                          candidate                                                   (5)
    h_t = (1 - z_t) n_t + z_t h_{t-1}                  hidden state, which is also the output y_t                  (6)

Only the candidate has a second bias, bh. r_t multiplies it, by a different number at each step, so that b cannot take its
place. In (3) and (4) a second bias would only be added to the first. PyTorch and cuDNN nevertheless store two biases of 3H;
of these 6H numbers, 4H are independent.

m is the dropout mask on the recurrent product, the same at every step (Gal and Ghahramani, 2016). The state that (6)
carries over is not masked. Andrew Ng's Gamma_u is 1 - z_t, the part of the old state that is replaced.

Backward. dh_t is the gradient of the loss with respect to h_t, da_z with respect to a_z and so on. At t = T, the gradient
with respect to the final state takes the place of what step t + 1 passes back:

    dh_t = dy_t + dh_{t+1} z_{t+1} + (ds_{t+1} Wh^T) m                                                             (7)
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

from scratchnn.backend import Array, BufferPool, Lease, array_module
from scratchnn.functions import sigmoid
from scratchnn.recurrent.gru_shared import (
    full_gru_slopes_backward,
    gru_candidate_forward,
    gru_epilogue_forward,
    gru_prologue_backward,
    gru_prologue_forward,
    gru_scratch_forward,
    gru_steps_backward,
)
from scratchnn.recurrent.inputs import inputs_backward
from scratchnn.recurrent.steps import masked
from scratchnn.recurrent.tuning import sigmoid_from_tanh

# --- one step, as a textbook writes it -------------------------------------------------------------------------------


def gru_reset_after_step(
    x: Array, h: Array, Wx: Array, Wh: Array, b: Array, bh: Array, mask_h: Array | float = 1
) -> tuple[Array, tuple]:
    """One step, equations (1) to (6): ``x`` (N, D) and ``h`` (N, H) give the next h (N, H) and the cache."""
    xp = array_module(x)
    h_seen = h * mask_h
    a = x @ Wx + b  # (1)  (N, D) @ (D, 3H) -> (N, 3H)
    s = h_seen @ Wh  # (2)  (N, H) @ (H, 3H) -> (N, 3H)
    a_z, a_r, a_n = xp.split(a, 3, axis=1)  # (N, 3H) -> three of (N, H)
    s_z, s_r, s_n_without_bias = xp.split(s, 3, axis=1)  # (N, 3H) -> three of (N, H)
    s_n = s_n_without_bias + bh  # (2)
    z = sigmoid(a_z + s_z)  # (3)
    r = sigmoid(a_r + s_r)  # (4)
    n = xp.tanh(a_n + r * s_n)  # (5)
    h_next = (1 - z) * n + z * h  # (6)
    return h_next, (x, h, h_seen, z, r, n, s_n, Wx, Wh, mask_h)


def gru_reset_after_step_backward(dh_next: Array, cache: tuple) -> tuple[Array, ...]:
    """Backward through one step, equations (7) to (14): dx, dh, dWx, dWh, db, dbh."""
    x, h, h_seen, z, r, n, s_n, Wx, Wh, mask_h = cache
    xp = array_module(x)
    da_z = dh_next * (h - n) * z * (1 - z)  # (8)
    da_n = dh_next * (1 - z) * (1 - n * n)  # (9)
    da_r = da_n * s_n * r * (1 - r)  # (10)
    ds_n = da_n * r  # (11)
    da = xp.concatenate([da_z, da_r, da_n], axis=1)  # three of (N, H) -> (N, 3H)
    ds = xp.concatenate([da_z, da_r, ds_n], axis=1)  # three of (N, H) -> (N, 3H)
    dx = da @ Wx.T  # (12)  (N, 3H) @ (3H, D) -> (N, D)
    dh = dh_next * z + ds @ Wh.T * mask_h  # (7)  (N, 3H) @ (3H, H) -> (N, H)
    dWx = x.T @ da  # (13)  (D, N) @ (N, 3H) -> (D, 3H)
    dWh = h_seen.T @ ds  # (13)  (H, N) @ (N, 3H) -> (H, 3H)
    db = da.sum(axis=0)  # (14)  (N, 3H) -> (3H,)
    dbh = ds_n.sum(axis=0)  # (14)  (N, H) -> (H,)
    return dx, dh, dWx, dWh, db, dbh


# --- the whole sequence, the same equations made fast ----------------------------------------------------------------
# These compute the same as the plain loop over the step (``plain_loop.py``), in fewer and larger operations.
#
# Only h_{t-1} Wh depends on the previous step. x Wx + b is two large products over all steps before the loop, for the gates
# and for the candidate; (12) and (13) are large products after it (``inputs.py``): 2 T + 5 matrix products instead of 6 T.
# Halved weights let one tanh compute both gates; the factors of dh_t in (8) to (11) are computed for many steps at once
# (``gru_shared.py``, ``tuning.py``).


def gru_reset_after_forward(
    x: Array,
    h0: Array,
    Wx: Array,  # (D, 3H)
    Wh: Array,  # (H, 3H)
    b: Array,  # (3H,)
    bh: Array,
    lengths: Array | None = None,
    mask_h: Array | None = None,
    lease: Lease | None = None,
) -> tuple[Array, Array, tuple]:
    """Run the GRU with the reset gate after the product over whole sequences.

    Args:
        x: inputs (N, T, D).
        h0: first state (N, H).
        Wx, Wh, b: weights (D, 3H), (H, 3H) and bias (3H,); stacked z, r, n.
        bh: the candidate's second bias (H,).
        lengths: number of real steps of each sequence (N,); T if None.
        mask_h: factors (N, H) on h_{t-1} in the recurrent product; no mask if None.
        lease: provides the large arrays of the cache, which is valid until the lease ends; fresh memory if None.

    Returns:
        Outputs (N, T, H), final state (N, H), and the cache for ``gru_reset_after_backward``.
    """
    xp = array_module(x)
    dtype, H = xp.result_type(x, h0, Wx, Wh, b, bh), h0.shape[1]
    start = gru_prologue_forward(dtype, x, h0, Wx, b, lengths, mask_h, lease)  # (1)
    (zr_from_x, n_from_x), h, mask = start.from_x, start.h, start.mask
    s_n_all = start.lease.take(xp, n_from_x.shape, dtype)
    with start.lease.pool.lease() as scratch:
        Wh_scaled, s, a_s_by_gate, spare = gru_scratch_forward(start, Wh, scratch)
        s_zr = s[:, : 2 * H]  # the same memory as a_s_by_gate: a_z + s_z and a_r + s_r replace s_z and s_r
        for now, before, after, N_t in start.steps.forward(start.from_x, h, start.factors):
            if N_t < len(s):  # some sequences have ended
                s, s_zr, a_s_by_gate, spare = s[:N_t], s_zr[:N_t], a_s_by_gate[:, :N_t], spare[:N_t]
            h_before, h_after, zr_from_x_t, n_from_x_t = h[before], h[after], zr_from_x[now], n_from_x[now]
            xp.matmul(masked(h_before, mask), Wh_scaled, out=s)  # (2)  (N_t, H) @ (H, 3H) -> (N_t, 3H)
            s_n = xp.add(s[:, 2 * H :], bh, out=s_n_all[now])  # (2)
            xp.add(s_zr, zr_from_x_t, out=s_zr)  # (3), (4)
            zr, n = zr_from_x_t.reshape(2, N_t, H), n_from_x_t  # the same memory: they replace x_t Wx + b
            gru_reset_after_gates_forward(a_s_by_gate, n_from_x_t, s_n, h_before, start.half, zr, n, h_after, spare)
    return gru_epilogue_forward(start, Wx, Wh, s_n_all)


def gru_reset_after_gates_forward(
    a_s: Array,
    a_n: Array,
    s_n: Array,
    h_before: Array,
    half: Array,
    gates: Array,
    n: Array,
    h_after: Array,
    spare: Array,
) -> None:
    """Equations (3) to (6) for one step, into ``gates`` (2, N, H), ``n`` and ``h_after`` (N, H).

    Args:
        a_s: half of a_z + s_z and of a_r + s_r (2, N, H).
        a_n, s_n: what x_t and h_{t-1} contribute to the candidate, with their biases, before the reset gate (N, H);
            ``a_n`` may be the memory of ``n``.
        h_before: h_{t-1} (N, H).
        half: 1/2 as an array ().
        spare: an array (N, H) for intermediate results.
    """
    xp = array_module(a_s)
    z, r = xp.tanh(a_s, out=gates)
    sigmoid_from_tanh(gates, half)  # (3), (4)
    r_s_n = xp.multiply(r, s_n, out=spare)  # (5)
    gru_candidate_forward(r_s_n, a_n, z, h_before, n, h_after)  # (5), (6)


def gru_reset_after_backward(
    dy: Array | None, dstate: Array | None, cache: tuple, pool: BufferPool | None = None
) -> tuple[Array, ...]:
    """Backward through whole sequences.

    Args:
        dy: gradient with respect to the outputs (N, T, H).
        dstate: gradient with respect to the final state (N, H).
        cache: from ``gru_reset_after_forward``.
        pool: provides scratch arrays; fresh memory if None.

    Returns:
        dx, dh0, dWx, dWh, db, dbh.
    """
    rows, _, _, _, h, steps, Wx, _, mask = cache
    dy, dstate = steps.or_zeros(dy, dstate, h)
    xp = array_module(dy)
    H = dstate.shape[1]
    pool = pool or BufferPool()
    with pool.lease() as scratch:
        d, dh0 = gru_reset_after_through_time_backward(dy, dstate, cache, scratch)  # (7) to (11)
        ds_nzr, da = d[:, : 3 * H], d[:, H:]
        dx, dWx, db = inputs_backward(da, rows, Wx, steps, pool)  # (12), (13), (14)
        dWh_nzr = steps.seen(h, mask).T @ ds_nzr  # (13)  (H, P) @ (P, 3H) -> (H, 3H)
        dWh = xp.concatenate([dWh_nzr[:, H:], dWh_nzr[:, :H]], axis=1)  # (13)
        dbh = ds_nzr[:, :H].sum(axis=0)  # (14)
    return dx, dh0, dWx, dWh, db, dbh


def gru_reset_after_through_time_backward(dy: Array, dstate: Array, cache: tuple, scratch: Lease) -> tuple[Array, Array]:
    """Equations (7) to (11) for all steps, the last one first.

    Returns:
        ds_n, da_z, da_r, da_n side by side (P, 4H), an array of ``scratch``: the first three are ds_t, the last three da_t;
        and dh0 (N, H).
    """
    _, zr_all, n_all, s_n_all, h, steps, _, Wh, mask = cache
    xp = array_module(dy)
    H = dstate.shape[1]
    d, d_by_gate, dh_carried_all = gru_prologue_backward(dy, dstate, zr_all, steps, 4, scratch)
    with scratch.pool.lease() as loop:
        dy_rows, WhT_nzr = steps.pack(dy, loop), loop.take(xp, (3 * H, H), Wh.dtype)  # stacked as ds_t is in d
        WhT_nzr[:H], WhT_nzr[H:] = Wh[:, 2 * H :].T, Wh[:, : 2 * H].T
        of_gates, others = (zr_all, n_all), (s_n_all, steps.states_before(h))
        back = gru_steps_backward(
            gru_reset_after_slopes_backward, d_by_gate, steps, of_gates, others, dy_rows, d[:, H:], loop.pool
        )
        for now, N_t, slopes, gates_t in back:
            dh_carried = dh_carried_all[:N_t]
            dh = xp.add(dh_carried, dy_rows[now], out=dh_carried)  # (7)
            d_by_gate[:, now] = gru_reset_after_gates_backward(slopes, gates_t[0], dh, dh_carried)  # (7) to (11)
            dh_recurrent = d[now, : 3 * H] @ WhT_nzr  # (7)  (N_t, 3H) @ (3H, H) -> (N_t, H)
            if mask is not None:
                dh_recurrent *= mask[:N_t]  # (7)
            dh_carried += dh_recurrent  # (7)
    return d, steps.unsort(dh_carried_all)


def gru_reset_after_gates_backward(slopes: Array, z: Array, dh: Array, dh_carried: Array) -> Array:
    """Equations (8) to (11) and dh_t z_t of (7) for one step: returns ds_n, da_z, da_r, da_n in the memory of ``slopes``.

    Args:
        slopes: the factors of dh_t in (11), (8), (10) and (9), in this order (4, N, H).
        z: update gate (N, H).
        dh: dh_t (N, H).
        dh_carried: receives dh_t z_t (N, H); may be the memory of ``dh``.
    """
    xp = array_module(slopes)
    d = xp.multiply(slopes, dh, out=slopes)  # (8), (9), (10), (11)
    xp.multiply(dh, z, out=dh_carried)  # (7)
    return d


def gru_reset_after_slopes_backward(z: Array, r: Array, n: Array, s_n: Array, h_before: Array, slopes: Array) -> None:
    """The factors of dh_t in (11), (8), (10) and (9), in this order, into ``slopes`` (4, steps, N, H)."""
    xp = array_module(z)
    slope_s, slope_z, slope_r, slope_n = slopes
    full_gru_slopes_backward(z, n, h_before, slope_z, slope_n)  # (8), (9)
    xp.multiply(slope_n, r, out=slope_s)  # (11)
    through_s_n = slope_s * s_n
    through_s_n_r = xp.multiply(through_s_n, r, out=slope_r)
    xp.subtract(through_s_n, through_s_n_r, out=slope_r)  # (10)  slope_n s_n r (1 - r)
