"""Gated recurrent unit with an update gate only, forward and backward through time.

Forward, for t = 1 .. T, from a given state h_0. Gate and candidate are computed in one product and stacked z, n:

    a_t = x_t Wx + (h_{t-1} m) Wh + b                  a_t = [a_z, a_n]                                            (1)
    z_t = sigmoid(a_z)                                 update gate: how much of the old state is kept              (2)
    n_t = tanh(a_n)                                    candidate                                                   (3)
    h_t = (1 - z_t) n_t + z_t h_{t-1}                  hidden state, which is also the output y_t                  (4)

m is the dropout mask on the recurrent product, the same at every step (Gal and Ghahramani, 2016). The state that (4)
carries over is not masked. Andrew Ng's lectures, the source of this form, write Gamma_u = 1 - z_t, the part of the old
state that is replaced: the same layer with opposite signs in the update gate's weights and bias.

Backward. dh_t is the gradient of the loss with respect to h_t, da_z with respect to a_z and so on. At t = T, the gradient
with respect to the final state takes the place of what step t + 1 passes back:

    dh_t = dy_t + dh_{t+1} z_{t+1} + (da_{t+1} Wh^T) m                                                             (5)
    da_z = dh_t (h_{t-1} - n_t) z_t (1 - z_t)                                                                      (6)
    da_n = dh_t (1 - z_t) (1 - n_t^2)                                                                              (7)
    dx_t = da_t Wx^T                                                                                               (8)
    dWx  = sum_t x_t^T da_t        dWh = sum_t (h_{t-1} m)^T da_t        db = sum_t da_t                           (9)

The term dh_{t+1} z_{t+1} in (5) is an element-wise product with z alone: no matrix, no squashing slope. Where z is near 1
the gradient keeps its size over many steps.

A sequence that has ended takes no part in later steps (``steps.py``): its final state is that of its last step.

Shapes: x (N, T, D), h (N, H), Wx (D, 2H), Wh (H, 2H), b (2H,), m (N, H).
"""

from __future__ import annotations

from scratchnn.backend import Array, BufferPool, Lease, array_module
from scratchnn.functions import sigmoid
from scratchnn.recurrent.gru_shared import (
    gru_epilogue_forward,
    gru_prologue_backward,
    gru_prologue_forward,
    gru_scratch_forward,
    gru_steps_backward,
    gru_update_forward,
)
from scratchnn.recurrent.inputs import inputs_backward
from scratchnn.recurrent.steps import masked
from scratchnn.recurrent.tuning import sigmoid_from_tanh

# --- one step, as a textbook writes it -------------------------------------------------------------------------------


def gru_simplified_step(
    x: Array, h: Array, Wx: Array, Wh: Array, b: Array, mask_h: Array | float = 1
) -> tuple[Array, tuple]:
    """One step, equations (1) to (4): ``x`` (N, D) and ``h`` (N, H) give the next h (N, H) and the cache."""
    xp = array_module(x)
    h_seen = h * mask_h
    a = x @ Wx + h_seen @ Wh + b  # (1)  (N, D) @ (D, 2H) + (N, H) @ (H, 2H) -> (N, 2H)
    a_z, a_n = xp.split(a, 2, axis=1)  # (N, 2H) -> two of (N, H)
    z = sigmoid(a_z)  # (2)
    n = xp.tanh(a_n)  # (3)
    h_next = (1 - z) * n + z * h  # (4)
    return h_next, (x, h, h_seen, z, n, Wx, Wh, mask_h)


def gru_simplified_step_backward(dh_next: Array, cache: tuple) -> tuple[Array, ...]:
    """Backward through one step, equations (5) to (9): dx, dh, dWx, dWh, db."""
    x, h, h_seen, z, n, Wx, Wh, mask_h = cache
    xp = array_module(x)
    da_z = dh_next * (h - n) * z * (1 - z)  # (6)
    da_n = dh_next * (1 - z) * (1 - n * n)  # (7)
    da = xp.concatenate([da_z, da_n], axis=1)  # two of (N, H) -> (N, 2H)
    dx = da @ Wx.T  # (8)  (N, 2H) @ (2H, D) -> (N, D)
    dh = dh_next * z + da @ Wh.T * mask_h  # (5)  (N, 2H) @ (2H, H) -> (N, H)
    dWx = x.T @ da  # (9)  (D, N) @ (N, 2H) -> (D, 2H)
    dWh = h_seen.T @ da  # (9)  (H, N) @ (N, 2H) -> (H, 2H)
    db = da.sum(axis=0)  # (9)  (N, 2H) -> (2H,)
    return dx, dh, dWx, dWh, db


# --- the whole sequence, the same equations made fast ----------------------------------------------------------------
# These compute the same as the plain loop over the step (``plain_loop.py``), in fewer and larger operations.
#
# Only h_{t-1} Wh depends on the previous step. x Wx + b is one large product over all steps before the loop; (8) and (9)
# are large products after it (``inputs.py``): 2 T + 4 matrix products instead of 6 T. Halved weights let one tanh compute
# gate and candidate; the factors of dh_t in (6) and (7) are computed for many steps at once
# (``gru_shared.py``, ``tuning.py``).


def gru_simplified_forward(
    x: Array,
    h0: Array,
    Wx: Array,  # (D, 2H)
    Wh: Array,  # (H, 2H)
    b: Array,  # (2H,)
    lengths: Array | None = None,
    mask_h: Array | None = None,
    lease: Lease | None = None,
) -> tuple[Array, Array, tuple]:
    """Run the GRU with an update gate only over whole sequences.

    Args:
        x: inputs (N, T, D).
        h0: first state (N, H).
        Wx, Wh, b: weights (D, 2H), (H, 2H) and bias (2H,); stacked z, n.
        lengths: number of real steps of each sequence (N,); T if None.
        mask_h: factors (N, H) on h_{t-1} in the recurrent product; no mask if None.
        lease: provides the large arrays of the cache, which is valid until the lease ends; fresh memory if None.

    Returns:
        Outputs (N, T, H), final state (N, H), and the cache for ``gru_simplified_backward``.
    """
    xp = array_module(x)
    dtype, H = xp.result_type(x, h0, Wx, Wh, b), h0.shape[1]
    start = gru_prologue_forward(dtype, x, h0, Wx, b, lengths, mask_h, lease)
    (from_x,), h, mask = start.from_x, start.h, start.mask
    with start.lease.pool.lease() as scratch:
        Wh_scaled, a, a_by_gate, spare = gru_scratch_forward(start, Wh, scratch)
        for now, before, after, N_t in start.steps.forward(start.from_x, h, start.factors):
            if N_t < len(a):  # some sequences have ended
                a, a_by_gate, spare = a[:N_t], a_by_gate[:, :N_t], spare[:N_t]
            h_before, from_x_t = h[before], from_x[now]
            xp.matmul(masked(h_before, mask), Wh_scaled, out=a)  # (N_t, H) @ (H, 2H) -> (N_t, 2H)
            a += from_x_t  # (1)
            gates_t = from_x_t.reshape(2, N_t, H)  # the same memory: gate and candidate replace x_t Wx + b
            gru_simplified_gates_forward(a_by_gate, h_before, start.half, gates_t, h[after], spare)  # (2), (3), (4)
    return gru_epilogue_forward(start, Wx, Wh)


def gru_simplified_gates_forward(
    a: Array, h_before: Array, half: Array, gates: Array, h_after: Array, spare: Array
) -> None:
    """Equations (2) to (4) for one step, into ``gates`` (2, N, H) and ``h_after`` (N, H).

    Args:
        a: a_z / 2 and a_n (2, N, H).
        h_before: h_{t-1} (N, H).
        half: 1/2 as an array ().
        spare: an array (N, H) for intermediate results.
    """
    z, n = array_module(a).tanh(a, out=gates)  # (3)
    sigmoid_from_tanh(z, half)  # (2)
    gru_update_forward(z, n, h_before, h_after, spare)  # (4)


def gru_simplified_backward(
    dy: Array | None, dstate: Array | None, cache: tuple, pool: BufferPool | None = None
) -> tuple[Array, ...]:
    """Backward through whole sequences.

    Args:
        dy: gradient with respect to the outputs (N, T, H).
        dstate: gradient with respect to the final state (N, H).
        cache: from ``gru_simplified_forward``.
        pool: provides scratch arrays; fresh memory if None.

    Returns:
        dx, dh0, dWx, dWh, db.
    """
    rows, _, h, steps, Wx, _, mask = cache
    dy, dstate = steps.or_zeros(dy, dstate, h)
    pool = pool or BufferPool()
    with pool.lease() as scratch:
        da, dh0 = gru_simplified_through_time_backward(dy, dstate, cache, scratch)  # (5), (6), (7)
        dx, dWx, db = inputs_backward(da, rows, Wx, steps, pool)  # (8), (9)
        dWh = steps.seen(h, mask).T @ da  # (9)  (H, P) @ (P, 2H) -> (H, 2H)
    return dx, dh0, dWx, dWh, db


def gru_simplified_through_time_backward(dy: Array, dstate: Array, cache: tuple, scratch: Lease) -> tuple[Array, Array]:
    """Equations (5) to (7) for all steps, the last one first: da (P, 2H), an array of ``scratch``, and dh0 (N, H)."""
    _, gates, h, steps, _, Wh, mask = cache
    xp = array_module(dy)
    da, da_by_gate, dh_carried_all = gru_prologue_backward(dy, dstate, gates, steps, 2, scratch)
    with scratch.pool.lease() as loop:
        dy_rows, WhT = steps.pack(dy, loop), loop.copy(Wh.T)
        of_gates, others = (gates,), (steps.states_before(h),)
        back = gru_steps_backward(
            gru_simplified_slopes_backward, da_by_gate, steps, of_gates, others, dy_rows, da, loop.pool
        )
        for now, N_t, slopes, gates_t in back:
            dh_carried = dh_carried_all[:N_t]
            dh = xp.add(dh_carried, dy_rows[now], out=dh_carried)  # (5)
            da_by_gate[:, now] = gru_simplified_gates_backward(slopes, gates_t[0], dh, dh_carried)  # (5), (6), (7)
            dh_recurrent = da[now] @ WhT  # (5)  (N_t, 2H) @ (2H, H) -> (N_t, H)
            if mask is not None:
                dh_recurrent *= mask[:N_t]  # (5)
            dh_carried += dh_recurrent  # (5)
    return da, steps.unsort(dh_carried_all)


def gru_simplified_gates_backward(slopes: Array, z: Array, dh: Array, dh_carried: Array) -> Array:
    """Equations (6), (7) and dh_t z_t of (5) for one step: returns da_z and da_n (2, N, H) in the memory of ``slopes``.

    Args:
        slopes: the factors of dh_t in (6) and (7) (2, N, H).
        z: update gate (N, H).
        dh: dh_t (N, H).
        dh_carried: receives dh_t z_t (N, H); may be the memory of ``dh``.
    """
    xp = array_module(slopes)
    da = xp.multiply(slopes, dh, out=slopes)  # (6), (7)
    xp.multiply(dh, z, out=dh_carried)  # (5)
    return da


def gru_simplified_slopes_backward(z: Array, n: Array, h_before: Array, slopes: Array) -> None:
    """The factors of dh_t in (6) and (7), into ``slopes`` (2, steps, N, H); all others (steps, N, H)."""
    slopes[0] = (h_before - n) * z * (1 - z)  # (6)
    slopes[1] = (1 - z) * (1 - n * n)  # (7)
