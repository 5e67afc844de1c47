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

A padded step carries the state on and outputs zero; its dy_t counts for nothing, dh_t goes back unchanged.

Shapes: x (N, T, D), h and k (N, H), Wx (D, 3H), Wh (H, 3H), b (3H,), m (N, H).
Cho et al., "Learning Phrase Representations using RNN Encoder-Decoder" (2014), equations 5 to 8.
"""

from __future__ import annotations

from scratchnn.backend import Array, WorkArrays, array_module
from scratchnn.functions import sigmoid
from scratchnn.recurrent.base import batch_first, gate_by_gate, padding, pieces_backward, time_first

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
# x Wx is one large product over all steps before the loop; (12) to (14) are large products after it: 4 T + 5 matrix
# products instead of 9 T. Because sigmoid(a) = (1 + tanh(a / 2)) / 2, halving the gates' columns of Wx, Wh and b once a
# call makes both gates one tanh. Gates and candidate are kept apart, (3, N, H), so that what is done to one of them runs
# over unbroken memory.


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
        work: where to take arrays from; the first four of the cache belong there once nobody needs the cache.

    Returns:
        Outputs (N, T, H), final state (N, H), and the cache for ``gru_reset_before_backward``.
    """
    xp = array_module(x)
    work = work or WorkArrays()
    N, T, D = x.shape
    H = h0.shape[1]
    dtype = xp.result_type(x, h0, Wx, Wh, b)
    half = xp.ones(3 * H, dtype=b.real.dtype)
    half[: 2 * H] = 0.5
    rows = time_first(x, work)  # (T, N, D)
    from_x = work.take(xp, (T, N, 3 * H), dtype)
    xp.matmul(rows.reshape(T * N, D), Wx * half, out=from_x.reshape(T * N, 3 * H))  # (T N, D) @ (D, 3H) -> (T N, 3H)
    from_x += b * half
    Wh_zr, Wh_n = Wh[:, : 2 * H] * half[: 2 * H], xp.ascontiguousarray(Wh[:, 2 * H :])
    gates = work.take(xp, (T, 3, N, H), dtype)
    k = work.take(xp, (T, N, H), dtype)
    h = work.take(xp, (T + 1, N, H), dtype)
    h[0] = h0
    pad = padding(lengths, T)
    product, written = xp.empty((N, 2 * H), dtype=dtype), xp.empty((N, H), dtype=dtype)
    product_zr = gate_by_gate(product, 2)
    for t in range(T):
        zr, n, h_next = gates[t, :2], gates[t, 2], h[t + 1]
        x_zrn = gate_by_gate(from_x[t], 3)
        seen = h[t] if mask_h is None else h[t] * mask_h
        xp.matmul(seen, Wh_zr, out=product)
        xp.add(product_zr, x_zrn[:2], out=zr)
        xp.tanh(zr, out=zr)
        zr *= 0.5
        zr += 0.5
        z, r = zr
        xp.matmul(xp.multiply(r, seen, out=k[t]), Wh_n, out=n)
        n += x_zrn[2]
        xp.tanh(n, out=n)
        xp.subtract(h[t], n, out=written)
        written *= z
        xp.add(n, written, out=h_next)  # (6) as n + z (h - n): one product less
        if pad is not None:
            xp.copyto(h_next, h[t], where=pad[t])
    work.give(from_x)
    y = batch_first(h[1:] if pad is None else h[1:] * ~pad)
    return y, h[T].copy(), (rows, gates, k, h, pad, Wx, Wh, mask_h)


def gru_reset_before_backward(dy: Array, dstate: Array, cache: tuple, work: WorkArrays | None = None) -> tuple[Array, ...]:
    """From the gradients by the outputs (N, T, H) and by the final state (N, H): dx, dh0, dWx, dWh, db.

    What multiplies dh_t in (8) and (9) and dk_t in (11), the slopes, does not depend on the steps after t. So the slopes of
    as many steps as fit into the processor's cache are computed at once, and each step is left with a few products.
    """
    rows, gates, k, h, pad, Wx, Wh, mask_h = cache
    xp = array_module(dy)
    work = work or WorkArrays()
    N, T, H = dy.shape
    dtype = xp.result_type(dy, dstate, gates)
    da = work.take(xp, (T, N, 3 * H), dtype)
    WhT_zr, WhT_n = xp.ascontiguousarray(Wh[:, : 2 * H].T), xp.ascontiguousarray(Wh[:, 2 * H :].T)  # (2H, H), (H, H)
    dh = dstate.astype(dtype)
    for first, last in pieces_backward(gates):
        z, r, n = gates[first:last].transpose(1, 0, 2, 3)  # (steps, N, H) each
        slopes = work.take(xp, (3, last - first, N, H), dtype)
        gru_reset_before_slopes_backward(z, r, n, k[first:last], h[first:last], slopes)
        if pad is not None:
            slopes *= ~pad[first:last]
        for t in reversed(range(first, last)):
            j = t - first
            da_z, da_r, da_n = gate_by_gate(da[t], 3)  # (N, H) each
            dh += dy[:, t] if pad is None else dy[:, t] * ~pad[t]  # (7)
            xp.multiply(slopes[0, j], dh, out=da_z)  # (8)
            xp.multiply(slopes[2, j], dh, out=da_n)  # (9)
            dk = da_n @ WhT_n  # (10)  (N, H) @ (H, H) -> (N, H)
            xp.multiply(slopes[1, j], dk, out=da_r)  # (11)
            dh *= z[j] if pad is None else xp.where(pad[t], 1, z[j])  # (7)
            dk *= r[j]  # (7)
            dk += da[t, :, : 2 * H] @ WhT_zr  # (7)  (N, 2H) @ (2H, H) -> (N, H)
            if mask_h is not None:
                dk *= mask_h  # (7)
            dh += dk  # (7)
        work.give(slopes)
    flat = da.reshape(T * N, 3 * H)
    D = Wx.shape[0]
    dx = batch_first((flat @ Wx.T).reshape(T, N, D))  # (12)  (T N, 3H) @ (3H, D) -> (T N, D)
    dWx = rows.reshape(T * N, D).T @ flat  # (13)  (D, T N) @ (T N, 3H) -> (D, 3H)
    db = flat.sum(axis=0)  # (13)
    seen = h[:-1] if mask_h is None else h[:-1] * mask_h  # (T, N, H)
    dWh_zr = seen.reshape(T * N, H).T @ flat[:, : 2 * H]  # (14)  (H, T N) @ (T N, 2H) -> (H, 2H)
    dWh_n = k.reshape(T * N, H).T @ flat[:, 2 * H :]  # (14)  (H, T N) @ (T N, H) -> (H, H)
    work.give(da)
    return dx, dh, dWx, xp.concatenate([dWh_zr, dWh_n], axis=1), db


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
