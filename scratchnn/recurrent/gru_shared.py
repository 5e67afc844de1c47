"""What the forms of the GRU share.

What all three forms do before, between and after their products is here, with the tuning for a CPU (``tuning.py``): the
contribution of the inputs, halved weights, gates apart, slopes of many steps. They update the state by (2). The two full
forms (``gru_reset_before.py``, ``gru_reset_after.py``) also share the candidate:

    n_t = tanh(x_t Wx_n + b_n + q_t)                   candidate; q_t is what h_{t-1} contributes                  (1)
    h_t = n_t + z_t (h_{t-1} - n_t)                    (1 - z_t) n_t + z_t h_{t-1} with one product less           (2)

Backward, they share two slopes (``tuning.py``). For z_t = sigmoid(a_z) and n_t = tanh(a_n), the gradients are
da_z = dh_t slope_z and da_n = dh_t slope_n:

    slope_z = (h_{t-1} - n_t) z_t (1 - z_t)                                                                        (3)
    slope_n = (1 - z_t) (1 - n_t^2)                                                                                (4)
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from scratchnn.backend import Array, BufferPool, Lease, array_module
from scratchnn.recurrent.inputs import inputs_forward
from scratchnn.recurrent.steps import Steps, steps_of
from scratchnn.recurrent.tuning import gate_by_gate, halves, pieces

# --- pointwise equations ---------------------------------------------------------------------------------------------


def gru_update_forward(z: Array, n: Array, h_before: Array, h_after: Array, spare: Array) -> None:
    """Equation (2) for one step, into ``h_after``; all arrays (N, H), ``spare`` for an intermediate result."""
    xp = array_module(z)
    replaced = xp.subtract(h_before, n, out=spare)
    replaced *= z
    xp.add(n, replaced, out=h_after)  # (2)


def gru_candidate_forward(q: Array, from_x: Array, z: Array, h_before: Array, n: Array, h_after: Array) -> None:
    """Equations (1) and (2) for one step, into ``n`` and ``h_after``; all arrays (N, H), ``q`` is overwritten."""
    xp = array_module(q)
    a_n = xp.add(from_x, q, out=q)
    xp.tanh(a_n, out=n)  # (1)
    gru_update_forward(z, n, h_before, h_after, spare=q)  # (2)


def full_gru_slopes_backward(z: Array, n: Array, h_before: Array, slope_z: Array, slope_n: Array) -> None:
    """Equations (3) and (4), into ``slope_z`` and ``slope_n``; all arrays (steps, N, H)."""
    xp = array_module(z)
    one_minus_z = 1 - z
    xp.subtract(h_before, n, out=slope_z)
    slope_z *= z
    slope_z *= one_minus_z  # (3)
    n_n = xp.multiply(n, n, out=slope_n)
    n_n *= one_minus_z
    xp.subtract(one_minus_z, n_n, out=slope_n)  # (4)


# --- before, between and after the products --------------------------------------------------------------------------


class Prologue(NamedTuple):
    """What is known before the loop over time, in arrays of ``lease``.

    Attributes:
        rows: the packed rows of x with a column of ones (P, D + 1).
        from_x: x Wx + b, the gates' columns halved; in the simplified form, z and n (P, 2H); in the full forms, z and r
            (P, 2H), and n (P, H).
        h: all states (N + P, H), of which the first N are filled in.
        mask: factors (N, H) on h_{t-1}, in the order of the packed rows.
        factors: 1/2 for the columns of the gates and 1 for those of the candidate, from ``halves``.
        half: 1/2 as an array ().
    """

    lease: Lease
    steps: Steps
    rows: Array
    from_x: list[Array]
    h: Array
    mask: Array | None
    factors: Array
    half: Array


def gru_prologue_forward(
    dtype: Any,
    x: Array,
    h0: Array,
    Wx: Array,
    b: Array,
    lengths: Array | None,
    mask_h: Array | None,
    lease: Lease | None,
) -> Prologue:
    """Pack the sequences and compute what the inputs contribute to all steps.

    Args:
        dtype: dtype of the results.
        x, h0, Wx, b, lengths, mask_h, lease: as in the form's forward function.
    """
    lease = lease or BufferPool().lease()
    H = h0.shape[1]
    steps = steps_of(x, lengths)
    factors, half = halves(b, len(b) - H)
    rows = steps.pack(x, lease, ones=1)
    widths = [2 * H] if len(b) == 2 * H else [2 * H, H]
    from_x = [lease.take(array_module(x), (steps.P, width), dtype) for width in widths]
    inputs_forward(rows, Wx, b, from_x, lease.pool, factors)  # (P, D + 1) @ (D + 1, columns) -> (P, columns)
    return Prologue(lease, steps, rows, from_x, steps.states(h0, dtype, lease), steps.sort(mask_h), factors, half)


def gru_scratch_forward(start: Prologue, Wh: Array, scratch: Lease) -> tuple[Array, Array, Array, Array]:
    """Arrays of ``scratch`` for the products of a step.

    Args:
        Wh: the first two or all three blocks of the recurrent weights (H, columns).

    Returns:
        ``Wh`` with the gates' columns halved; an array (N, columns) for its products; the first two blocks of that array,
        one after the other (2, N, H), a view of the same memory; an array (N, H) for intermediate results.
    """
    xp = array_module(Wh)
    N, (H, columns), dtype = start.steps.N, Wh.shape, start.h.dtype
    products = scratch.take(xp, (N, columns), dtype)
    products_by_gate = gate_by_gate(products[:, : 2 * H], 2)
    return scratch.product(Wh, start.factors[:columns]), products, products_by_gate, scratch.take(xp, (N, H), dtype)


def gru_epilogue_forward(start: Prologue, Wx: Array, Wh: Array, *others: Array) -> tuple[Array, Array, tuple]:
    """Outputs (N, T, H), final state (N, H), and the cache, with the ``others`` (P, H) of the form after its gates."""
    steps, h = start.steps, start.h
    gates = start.from_x  # by now the gates and candidates of all steps
    cache = (start.rows, *gates, *others, h, steps, Wx, Wh, start.mask)
    return steps.unpack(h[steps.N :]), steps.states_last(h), cache


def gru_prologue_backward(
    dy: Array, dstate: Array, gates: Array, steps: Steps, blocks: int, scratch: Lease
) -> tuple[Array, Array, Array]:
    """Arrays for the gradients.

    Returns:
        da (P, blocks H), an array of ``scratch`` that the loop fills in; the same memory gate by gate (blocks, P, H); and
        what step t + 1 passes to h_t, at first the gradient with respect to the final state (N, H).
    """
    xp = array_module(dy)
    dtype = xp.result_type(dy, dstate, gates)
    da = scratch.take(xp, (steps.P, blocks * dstate.shape[1]), dtype)
    return da, gate_by_gate(da, blocks), steps.sort(dstate).astype(dtype)


def gru_steps_backward(
    compute_slopes: Callable[..., None],
    da_by_gate: Array,
    steps: Steps,
    gates: Sequence[Array],
    others: Sequence[Array],
    dy_rows: Array,
    da: Array,
    pool: BufferPool,
) -> Iterator[tuple[slice, int, Array, Array]]:
    """All steps, the last one first, with their slopes, which are computed for a piece of consecutive steps at once.

    Args:
        compute_slopes: computes the form's slopes from the blocks of ``gates`` and ``others`` (steps, N_t, H), into its
            last argument (blocks, steps, N_t, H).
        da_by_gate: an array (blocks, P, H) for the gradients; only its shape and dtype matter.
        gates: the gates and candidates of all steps, the first array (P, 2H).
        others: other arrays of all steps (P, H).
        dy_rows: the packed gradient with respect to the outputs (P, H).
        da: the gradient with respect to x Wx + b (P, columns), which the loop fills in.

    Yields:
        The step's rows in arrays of P rows; N_t; its slopes (blocks, N_t, H), which may be overwritten; and its part of the
        first of ``gates`` (2, N_t, H).
    """
    blocks, _, H = da_by_gate.shape
    for piece, N_t, piece_steps in pieces(steps, *gates):
        shape = len(piece_steps), N_t, H
        stacked = [array[piece].reshape(shape[0], -1, N_t, H).transpose(1, 0, 2, 3) for array in (*gates, *others)]
        first_gates = stacked[0]  # (2, steps, N_t, H)
        with pool.lease() as of_piece:
            slopes = of_piece.take(array_module(first_gates), (blocks, *shape), da_by_gate.dtype)
            compute_slopes(*(block for arrays in stacked for block in arrays), slopes)
            for k, now in steps.backward(piece_steps, dy_rows, da):
                yield now, N_t, slopes[:, k], first_gates[:, k]
