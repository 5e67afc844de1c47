"""What the forms of the GRU share.

All three forms update the state by (2). The two full forms (``gru_reset_before.py``, ``gru_reset_after.py``) also share the
contribution of the inputs to gates and candidate, and the candidate itself:

    n_t = tanh(x_t Wx_n + b_n + q_t)                   candidate; q_t is what h_{t-1} contributes                  (1)
    h_t = n_t + z_t (h_{t-1} - n_t)                    (1 - z_t) n_t + z_t h_{t-1} with one product less           (2)

Backward, they share two slopes (``tuning.py``). For z_t = sigmoid(a_z) and n_t = tanh(a_n), the gradients are
da_z = dh_t slope_z and da_n = dh_t slope_n:

    slope_z = (h_{t-1} - n_t) z_t (1 - z_t)                                                                        (3)
    slope_n = (1 - z_t) (1 - n_t^2)                                                                                (4)
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from scratchnn.backend import Array, Lease, array_module
from scratchnn.recurrent.inputs import inputs_forward
from scratchnn.recurrent.steps import Steps
from scratchnn.recurrent.tuning import pieces


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


def full_gru_inputs_forward(
    steps: Steps, x: Array, Wx: Array, b: Array, factors: Array, dtype: Any, lease: Lease
) -> tuple[Array, Array, Array]:
    """What the inputs contribute to both gates and to the candidate, in arrays of ``lease``.

    Args:
        x, Wx, b: inputs (N, T, D), weights (D, 3H) and bias (3H,), stacked z, r, n.
        factors: 1/2 for the columns of the gates and 1 for those of the candidate (3H,), from ``halves``.

    Returns:
        The packed rows of x with a column of ones (P, D + 1); x Wx + b for z and r, halved (P, 2H), and for n (P, H).
    """
    xp = array_module(x)
    H = len(b) // 3
    rows = steps.pack(x, lease, ones=1)
    zr_from_x, n_from_x = lease.take(xp, (steps.P, 2 * H), dtype), lease.take(xp, (steps.P, H), dtype)
    inputs_forward(rows, Wx, b, [zr_from_x, n_from_x], lease.pool, factors)
    return rows, zr_from_x, n_from_x


def full_gru_pieces_backward(
    steps: Steps, zr: Array, n: Array, other: Array, h: Array
) -> Iterator[tuple[list[Array], int, list[tuple[int, slice]]]]:
    """The pieces of ``pieces`` with their parts of the cache.

    Args:
        zr, n, other: gates (P, 2H), candidates (P, H), and a third array of the cell (P, H).
        h: all states (N + P, H).

    Yields:
        z, r, n, other and h_{t-1} of the piece's steps, (steps, N_t, H) each; N_t; and the list of steps.
    """
    H = n.shape[1]
    h_before = steps.states_before(h)
    for piece, N_t, piece_steps in pieces(steps, zr, n):
        z, r = zr[piece].reshape(-1, 2, N_t, H).transpose(1, 0, 2, 3)
        yield [z, r, *(array[piece].reshape(-1, N_t, H) for array in (n, other, h_before))], N_t, piece_steps


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
