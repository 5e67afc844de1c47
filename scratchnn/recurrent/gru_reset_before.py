"""Gated recurrent unit with the reset gate before the product, forward and backward through time.

Forward, for t = 1 .. T, from a given state h_0. What x_t contributes to the two gates and the candidate is stacked
z, r, n, and so are the weights: Wx = [Wx_zr, Wx_n], Wh = [Wh_zr, Wh_n]:

    [a_z, a_r] = x_t Wx_zr + (h_{t-1} m) Wh_zr + b_zr                                                              (1)
    z_t = sigmoid(a_z)                                 update gate: how much of the old state is kept              (2)
    r_t = sigmoid(a_r)                                 reset gate: how much of the old state the candidate sees    (3)
    k_t = r_t h_{t-1} m                                the part of the old state that the candidate sees           (4)
    n_t = tanh(a_n),  a_n = x_t Wx_n + k_t Wh_n + b_n  candidate                                                   (5)
    h_t = (1 - z_t) n_t + z_t h_{t-1}                  hidden state, which is also the output y_t                  (6)

m is the dropout mask, the same at every step (Gal and Ghahramani, 2016): it acts on h_{t-1} in both recurrent products,
not on the state that (6) carries over. Andrew Ng's Gamma_u is 1 - z_t, the part of the old state that is replaced.

Backward. dh_t is the gradient of the loss with respect to h_t, da_z with respect to a_z and so on. At t = T, the gradient
with respect to the final state takes the place of what step t + 1 passes back:

    dh_t = dy_t + dh_{t+1} z_{t+1} + (dk_{t+1} r_{t+1} + [da_z, da_r]_{t+1} Wh_zr^T) m                             (7)
    da_z = dh_t (h_{t-1} - n_t) z_t (1 - z_t)                                                                      (8)
    da_n = dh_t (1 - z_t) (1 - n_t^2)                                                                              (9)
    dk_t = da_n Wh_n^T                                                                                            (10)
    da_r = dk_t h_{t-1} m r_t (1 - r_t)                                                                           (11)
    dx_t = da_t Wx^T                                   da_t = [da_z, da_r, da_n]                                  (12)
    dWx  = sum_t x_t^T da_t                            db = sum_t da_t                                            (13)
    dWh_zr = sum_t (h_{t-1} m)^T [da_z, da_r]          dWh_n = sum_t k_t^T da_n                                   (14)

The candidate needs the reset gate first, so a step has two products, one after the other; the other forms need one.

A sequence that has ended takes no part in later steps (``steps.py``): its final state is that of its last step.

Shapes: x (N, T, D), h and k (N, H), Wx (D, 3H), Wh (H, 3H), b (3H,), m (N, H).
Cho et al., "Learning Phrase Representations using RNN Encoder-Decoder" (2014), equations 5 to 8.
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


def gru_reset_before_step(
    x: Array, h: Array, Wx: Array, Wh: Array, b: Array, mask_h: Array | float = 1
) -> tuple[Array, tuple]:
    """One step, equations (1) to (6): ``x`` (N, D) and ``h`` (N, H) give the next h (N, H) and the cache."""
    xp = array_module(x)
    H = h.shape[1]
    Wh_zr, Wh_n = Wh[:, : 2 * H], Wh[:, 2 * H :]  # (H, 2H), (H, H)
    h_seen = h * mask_h
    from_x = x @ Wx + b  # (1)  (N, D) @ (D, 3H) -> (N, 3H)
    from_h = h_seen @ Wh_zr  # (1)  (N, H) @ (H, 2H) -> (N, 2H)
    z = sigmoid(from_x[:, :H] + from_h[:, :H])  # (2)
    r = sigmoid(from_x[:, H : 2 * H] + from_h[:, H:])  # (3)
    k = r * h_seen  # (4)
    n = xp.tanh(from_x[:, 2 * H :] + k @ Wh_n)  # (5)  (N, H) @ (H, H) -> (N, H)
    h_next = (1 - z) * n + z * h  # (6)
    return h_next, (x, h, h_seen, z, r, k, n, Wx, Wh, mask_h)


def gru_reset_before_step_backward(dh_next: Array, cache: tuple) -> tuple[Array, ...]:
    """Backward through one step, equations (7) to (14): dx, dh, dWx, dWh, db."""
    x, h, h_seen, z, r, k, n, Wx, Wh, mask_h = cache
    xp = array_module(x)
    H = h.shape[1]
    Wh_zr, Wh_n = Wh[:, : 2 * H], Wh[:, 2 * H :]  # (H, 2H), (H, H)
    da_z = dh_next * (h - n) * z * (1 - z)  # (8)
    da_n = dh_next * (1 - z) * (1 - n * n)  # (9)
    dk = da_n @ Wh_n.T  # (10)  (N, H) @ (H, H) -> (N, H)
    da_r = dk * h_seen * r * (1 - r)  # (11)
    da_zr = xp.concatenate([da_z, da_r], axis=1)  # two of (N, H) -> (N, 2H)
    da = xp.concatenate([da_zr, da_n], axis=1)  # (N, 2H), (N, H) -> (N, 3H)
    dx = da @ Wx.T  # (12)  (N, 3H) @ (3H, D) -> (N, D)
    dh = dh_next * z + (dk * r + da_zr @ Wh_zr.T) * mask_h  # (7)  (N, 2H) @ (2H, H) -> (N, H)
    dWx = x.T @ da  # (13)  (D, N) @ (N, 3H) -> (D, 3H)
    db = da.sum(axis=0)  # (13)  (N, 3H) -> (3H,)
    dWh_zr = h_seen.T @ da_zr  # (14)  (H, N) @ (N, 2H) -> (H, 2H)
    dWh_n = k.T @ da_n  # (14)  (H, N) @ (N, H) -> (H, H)
    return dx, dh, dWx, xp.concatenate([dWh_zr, dWh_n], axis=1), db


# --- the whole sequence, the same equations made fast ----------------------------------------------------------------
# These compute the same as the plain loop over the step (``plain_loop.py``), in fewer and larger operations.
#
# Only the products with Wh depend on the previous step. x Wx + b is two large products over all steps before the loop, for
# the gates and for the candidate; (12) to (14) are large products after it (``inputs.py``): 4 T + 6 matrix products instead
# of 9 T. Halved weights let one tanh compute both gates; the factors of dh_t and dk_t in (8), (9) and (11) are computed for
# many steps at once (``gru_shared.py``, ``tuning.py``). The product in the middle of a step divides its element-wise
# equations into two functions in each direction.


def gru_reset_before_forward(
    x: Array,
    h0: Array,
    Wx: Array,  # (D, 3H)
    Wh: Array,  # (H, 3H)
    b: Array,  # (3H,)
    lengths: Array | None = None,
    mask_h: Array | None = None,
    lease: Lease | None = None,
) -> tuple[Array, Array, tuple]:
    """Run the GRU with the reset gate before the product over whole sequences.

    Args:
        x: inputs (N, T, D).
        h0: first state (N, H).
        Wx, Wh, b: weights (D, 3H), (H, 3H) and bias (3H,); stacked z, r, n.
        lengths: number of real steps of each sequence (N,); T if None.
        mask_h: factors (N, H) on h_{t-1} in the recurrent products; no mask if None.
        lease: provides the large arrays of the cache, which is valid until the lease ends; fresh memory if None.

    Returns:
        Outputs (N, T, H), final state (N, H), and the cache for ``gru_reset_before_backward``.
    """
    xp = array_module(x)
    dtype, H = xp.result_type(x, h0, Wx, Wh, b), h0.shape[1]
    start = gru_prologue_forward(dtype, x, h0, Wx, b, lengths, mask_h, lease)
    (zr_from_x, n_from_x), h, mask = start.from_x, start.h, start.mask
    k_all = start.lease.take(xp, n_from_x.shape, dtype)
    with start.lease.pool.lease() as scratch:
        Wh_zr, a, a_by_gate, q = gru_scratch_forward(start, Wh[:, : 2 * H], scratch)
        Wh_n = scratch.copy(Wh[:, 2 * H :])
        for now, before, after, N_t in start.steps.forward(start.from_x, h, start.factors):
            if N_t < len(a):  # some sequences have ended
                a, a_by_gate, q = a[:N_t], a_by_gate[:, :N_t], q[:N_t]
            h_before, zr_from_x_t, n_from_x_t, k = h[before], zr_from_x[now], n_from_x[now], k_all[now]
            h_seen = masked(h_before, mask)
            xp.matmul(h_seen, Wh_zr, out=a)  # (N_t, H) @ (H, 2H) -> (N_t, 2H)
            a += zr_from_x_t  # (1)
            zr, n = zr_from_x_t.reshape(2, N_t, H), n_from_x_t  # the same memory: they replace x_t Wx + b
            gru_reset_before_gates_forward(a_by_gate, h_seen, start.half, zr, k)  # (2), (3), (4)
            xp.matmul(k, Wh_n, out=q)  # (N_t, H) @ (H, H) -> (N_t, H)
            gru_candidate_forward(q, n_from_x_t, zr[0], h_before, n, h[after])  # (5), (6)
    return gru_epilogue_forward(start, Wx, Wh, k_all)


def gru_reset_before_gates_forward(a: Array, h_seen: Array, half: Array, gates: Array, k: Array) -> None:
    """Equations (2) to (4) for one step, into ``gates`` (2, N, H) and ``k`` (N, H).

    Args:
        a: a_z / 2 and a_r / 2 (2, N, H).
        h_seen: h_{t-1} m (N, H).
        half: 1/2 as an array ().
    """
    xp = array_module(a)
    xp.tanh(a, out=gates)
    sigmoid_from_tanh(gates, half)  # (2), (3)
    xp.multiply(gates[1], h_seen, out=k)  # (4)


def gru_reset_before_backward(
    dy: Array | None, dstate: Array | None, cache: tuple, pool: BufferPool | None = None
) -> tuple[Array, ...]:
    """Backward through whole sequences.

    Args:
        dy: gradient with respect to the outputs (N, T, H).
        dstate: gradient with respect to the final state (N, H).
        cache: from ``gru_reset_before_forward``.
        pool: provides scratch arrays; fresh memory if None.

    Returns:
        dx, dh0, dWx, dWh, db.
    """
    rows, _, _, k_all, h, steps, Wx, _, mask = cache
    dy, dstate = steps.or_zeros(dy, dstate, h)
    H = dstate.shape[1]
    pool = pool or BufferPool()
    with pool.lease() as scratch:
        da, dh0 = gru_reset_before_through_time_backward(dy, dstate, cache, scratch)  # (7) to (11)
        dx, dWx, db = inputs_backward(da, rows, Wx, steps, pool)  # (12), (13)
        dWh_zr = steps.seen(h, mask).T @ da[:, : 2 * H]  # (14)  (H, P) @ (P, 2H) -> (H, 2H)
        dWh_n = k_all.T @ da[:, 2 * H :]  # (14)  (H, P) @ (P, H) -> (H, H)
    return dx, dh0, dWx, array_module(dy).concatenate([dWh_zr, dWh_n], axis=1), db


def gru_reset_before_through_time_backward(dy: Array, dstate: Array, cache: tuple, scratch: Lease) -> tuple[Array, Array]:
    """Equations (7) to (11) for all steps, the last one first: da (P, 3H), an array of ``scratch``, and dh0 (N, H)."""
    _, zr_all, n_all, k_all, h, steps, _, Wh, mask = cache
    xp = array_module(dy)
    H = dstate.shape[1]
    da, da_by_gate, dh_carried_all = gru_prologue_backward(dy, dstate, zr_all, steps, 3, scratch)
    with scratch.pool.lease() as loop:
        dy_rows = steps.pack(dy, loop)
        WhT_zr, WhT_n = loop.copy(Wh[:, : 2 * H].T), loop.copy(Wh[:, 2 * H :].T)  # (2H, H), (H, H)
        of_gates, others = (zr_all, n_all), (k_all, steps.states_before(h))
        back = gru_steps_backward(
            gru_reset_before_slopes_backward, da_by_gate, steps, of_gates, others, dy_rows, da, loop.pool
        )
        for now, N_t, slopes, gates_t in back:
            dh_carried = dh_carried_all[:N_t]
            dh = xp.add(dh_carried, dy_rows[now], out=dh_carried)  # (7)
            da_n = gru_reset_before_candidate_backward(slopes, dh)  # (8), (9)
            dk = da_n @ WhT_n  # (10)  (N_t, H) @ (H, H) -> (N_t, H)
            da_t, dh_recurrent = gru_reset_before_gates_backward(slopes, gates_t, dh, dk, dh_carried)  # (7), (11)
            da_by_gate[:, now] = da_t
            dh_recurrent += da[now, : 2 * H] @ WhT_zr  # (7)  (N_t, 2H) @ (2H, H) -> (N_t, H)
            if mask is not None:
                dh_recurrent *= mask[:N_t]  # (7)
            dh_carried += dh_recurrent  # (7)
    return da, steps.unsort(dh_carried_all)


def gru_reset_before_candidate_backward(slopes: Array, dh: Array) -> Array:
    """Equations (8) and (9) for one step, in place: returns da_n (N, H) in the memory of ``slopes``.

    Args:
        slopes: the factors of dh_t in (8), of dk_t in (11) and of dh_t in (9) (3, N, H); afterwards, da_z and da_n are in
            the places of the first and the last.
        dh: dh_t (N, H).
    """
    xp = array_module(slopes)
    slope_z, _, slope_n = slopes
    xp.multiply(slope_z, dh, out=slope_z)  # (8)
    return xp.multiply(slope_n, dh, out=slope_n)  # (9)


def gru_reset_before_gates_backward(
    slopes: Array, gates: Array, dh: Array, dk: Array, dh_carried: Array
) -> tuple[Array, Array]:
    """Equation (11) and the element-wise products of (7) for one step, after the product (10), in place.

    Args:
        slopes: da_z, the factor of dk_t in (11), and da_n (3, N, H).
        gates: z_t and r_t (2, N, H).
        dh, dk: dh_t and dk_t (N, H); ``dk`` is overwritten.
        dh_carried: receives dh_t z_t (N, H); may be the memory of ``dh``.

    Returns:
        da_z, da_r, da_n (3, N, H) in the memory of ``slopes``; dk_t r_t (N, H) in the memory of ``dk``.
    """
    xp = array_module(slopes)
    z, r = gates
    slope_r = slopes[1]
    xp.multiply(slope_r, dk, out=slope_r)  # (11)
    da = slopes  # the same memory: the gradients have replaced the slopes
    dh_recurrent = xp.multiply(dk, r, out=dk)  # (7)
    xp.multiply(dh, z, out=dh_carried)  # (7)
    return da, dh_recurrent


def gru_reset_before_slopes_backward(z: Array, r: Array, n: Array, k: Array, h_before: Array, slopes: Array) -> None:
    """The factors of dh_t in (8), of dk_t in (11) and of dh_t in (9), into ``slopes`` (3, steps, N, H)."""
    xp = array_module(z)
    slope_z, slope_r, slope_n = slopes
    full_gru_slopes_backward(z, n, h_before, slope_z, slope_n)  # (8), (9)
    k_r = xp.multiply(k, r, out=slope_r)
    xp.subtract(k, k_r, out=slope_r)  # (11)  h m r (1 - r) = k - k r
