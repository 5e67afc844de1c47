"""The loops over time of the LSTM without and with peepholes (``lstm.py``, ``lstm_peephole.py``).

Forward, for t = 1 .. T:

    a_t = x_t Wx + (h_{t-1} m) Wh + b                  a_t = [a_o, a_i, a_f, a_g]                                  (1)
    o_t, i_t, f_t, g_t, c_t, h_t                       from a_t and c_{t-1}, by the cell's own equations           (2)

Backward, for t = T .. 1, with the gradients with respect to the final state in place of what step t + 1 passes back:

    dh_t = dy_t + (da_{t+1} Wh^T) m                                                                                (3)
    da_t, and what step t passes back to c_{t-1}       from dh_t, by the cell's own equations                      (4)

(4) multiplies the gradients with respect to h_t and c_t by factors that are known before the loop, the slopes
(``tuning.py``). They are computed for many steps at once, with the product o_t tanh(c_t) = h_t taken from the cache:

    slope_o = tanh(c_t) o_t (1 - o_t)      = h_t - h_t o_t                                                         (5)
    slope_c = o_t (1 - tanh^2(c_t))        = o_t - h_t tanh(c_t)                                                   (6)
    slope_i = g_t i_t (1 - i_t)            = i_t g_t - (i_t g_t) i_t                                               (7)
    slope_f = c_{t-1} f_t (1 - f_t)        = f_t c_{t-1} - (f_t c_{t-1}) f_t                                       (8)
    slope_g = i_t (1 - g_t^2)              = i_t - (i_t g_t) g_t                                                   (9)
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from scratchnn.backend import Array, BufferPool, Lease, array_module
from scratchnn.recurrent.inputs import inputs_forward
from scratchnn.recurrent.steps import masked, steps_of
from scratchnn.recurrent.tuning import gate_by_gate, halves, pieces, product_back


def lstm_through_time_forward(
    gates_forward: Callable[..., None],
    dtype: Any,
    x: Array,
    h0: Array,
    c0: Array,
    Wx: Array,
    Wh: Array,
    b: Array,
    lengths: Array | None,
    mask_h: Array | None,
    lease: Lease | None,
) -> tuple[Array, tuple[Array, Array], tuple]:
    """Equations (1) and (2) over whole sequences.

    Args:
        gates_forward: the cell's equations (2) for one step, with the arguments of ``lstm_gates_forward``.
        dtype: dtype of the results.
        x, h0, c0, Wx, Wh, b, lengths, mask_h, lease: as in ``lstm_forward``.

    Returns:
        As ``lstm_forward``.
    """
    xp = array_module(x)
    lease = lease or BufferPool().lease()
    N, H = h0.shape
    steps = steps_of(x, lengths)
    factors, half = halves(b, 3 * H)
    rows = steps.pack(x, lease, ones=1)  # (P, D + 1)
    from_x = lease.take(xp, (steps.P, 4 * H), dtype)
    inputs_forward(rows, Wx, b, [from_x], lease.pool, factors)  # (P, D + 1) @ (D + 1, 4H) -> (P, 4H)
    h, c = steps.states(h0, dtype, lease), steps.states(c0, dtype, lease)  # (N + P, H)
    mask = steps.sort(mask_h)
    with lease.pool.lease() as scratch:
        Wh_half, spare = scratch.product(Wh, factors), scratch.take(xp, (N, H), dtype)
        a = scratch.take(xp, (N, 4 * H), dtype)
        a_by_gate = gate_by_gate(a, 4)  # (4, N, H)
        for now, before, after, N_t in steps.forward([from_x], h, factors):
            if N_t < len(a):  # some sequences have ended
                a, a_by_gate, spare = a[:N_t], a_by_gate[:, :N_t], spare[:N_t]
            from_x_t = from_x[now]
            xp.matmul(masked(h[before], mask), Wh_half, out=a)
            a += from_x_t  # (1)
            gates_t = from_x_t.reshape(4, N_t, H)  # the same memory: the gates replace x_t Wx + b
            gates_forward(a_by_gate, c[before], half, gates_t, c[after], h[after], spare)  # (2)
    gates = from_x  # by now those of all steps (P, 4H)
    return steps.unpack(h[N:]), (steps.states_last(h), steps.states_last(c)), (rows, gates, h, c, steps, Wx, Wh, mask)


def lstm_through_time_backward(
    gates_backward: Callable[..., Array], dy: Array, dstate: tuple[Array, Array], cache: tuple, scratch: Lease
) -> tuple[Array, Array, Array]:
    """Equations (3) and (4) for all steps, the last one first.

    Args:
        gates_backward: the cell's equations (4) for one step, with the arguments of ``lstm_gates_backward``.
        dy, dstate, cache: as in ``lstm_backward``.
        scratch: provides da.

    Returns:
        da (P, 4H), dh0 and dc0 (N, H).
    """
    _, gates, h, c, steps, _, Wh, mask = cache
    xp = array_module(dy)
    dh_last, dc_last = dstate
    N, H = dh_last.shape
    dtype = xp.result_type(dy, *dstate, gates)
    da = scratch.take(xp, (steps.P, 4 * H), dtype)
    da_by_gate = gate_by_gate(da, 4)  # (4, P, H)
    c_before = steps.states_before(c)
    dh_all, dc_carried_all = xp.empty((N, H), dtype=dtype), steps.sort(dc_last).astype(dtype)
    with scratch.pool.lease() as loop:
        dy_rows = steps.pack(dy, loop)
        WhT, dh_carried_all = product_back(Wh, N, dtype, loop)  # (4H, H), (N, H)
        dh_carried_all[...] = steps.sort(dh_last)
        for piece, N_t, piece_steps in pieces(steps, gates):
            shape = len(piece_steps), N_t, H
            o_i_f_g = gates[piece].reshape(len(piece_steps), 4, N_t, H).transpose(1, 0, 2, 3)
            c_t_before, c_t, h_t = (state[piece].reshape(shape) for state in (c_before, c[N:], h[N:]))
            f, dh, dc_carried, dh_carried = o_i_f_g[2], dh_all[:N_t], dc_carried_all[:N_t], dh_carried_all[:N_t]
            with scratch.pool.lease() as of_piece:
                slopes, slopes_c = of_piece.take(xp, (4, *shape), dtype), of_piece.take(xp, shape, dtype)
                lstm_slopes_backward(o_i_f_g, c_t_before, c_t, h_t, slopes, slopes_c)
                for k, now in steps.backward(piece_steps, dy_rows, da):
                    xp.add(dh_carried, dy_rows[now], out=dh)  # (3)
                    da_by_gate[:, now] = gates_backward(slopes[:, k], slopes_c[k], f[k], dh, dc_carried)  # (4)
                    xp.matmul(da[now], WhT, out=dh_carried)  # (3)  (N_t, 4H) @ (4H, H) -> (N_t, H)
                    if mask is not None:
                        dh_carried *= mask[:N_t]  # (3)
    return da, steps.unsort(dh_carried_all), steps.unsort(dc_carried_all)


def lstm_slopes_backward(
    gates: Array, c_before: Array, c_after: Array, h_after: Array, slopes: Array, slopes_c: Array
) -> None:
    """Equations (5) and (7) to (9) into ``slopes`` (4, steps, N, H), (6) into ``slopes_c`` (steps, N, H).

    Shapes: ``gates`` (4, steps, N, H), all others (steps, N, H).
    """
    xp = array_module(gates)
    o, i, f, g = gates
    slope_o, slope_i, slope_f, slope_g = slopes
    h_o = xp.multiply(h_after, o, out=slope_o)
    xp.subtract(h_after, h_o, out=slope_o)  # (5)
    h_tanh_c = xp.tanh(c_after, out=slopes_c)
    h_tanh_c *= h_after
    xp.subtract(o, h_tanh_c, out=slopes_c)  # (6)
    i_g = i * g
    i_g_i = xp.multiply(i_g, i, out=slope_i)
    xp.subtract(i_g, i_g_i, out=slope_i)  # (7)
    i_g_g = xp.multiply(i_g, g, out=slope_g)
    xp.subtract(i, i_g_g, out=slope_g)  # (9)
    f_c = xp.multiply(f, c_before, out=i_g)  # i g is not needed any longer
    f_c_f = xp.multiply(f_c, f, out=slope_f)
    xp.subtract(f_c, f_c_f, out=slope_f)  # (8)
