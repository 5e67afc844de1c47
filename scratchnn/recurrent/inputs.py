"""What the inputs contribute to all steps at once: one large product before the loop over time, its gradients after it.

Only the product h_{t-1} Wh has to wait for the previous step. For the P packed rows of x (``steps.py``):

    from_x = x Wx + b                                                                                              (1)
    dx     = da Wx^T                                                                                               (2)
    dWx    = x^T da        db = sum of all rows of da                                                              (3)

``rows`` is x with a column of ones behind it. With b as the last row of Wx, (1) is one product, and so is (3).

Shapes: rows (P, D + 1), Wx (D, columns), b (columns,), da (P, columns).
"""

from __future__ import annotations

from collections.abc import Sequence

from scratchnn.backend import Array, BufferPool, array_module
from scratchnn.recurrent.steps import Steps
from scratchnn.recurrent.tuning import with_bias


def inputs_forward(
    rows: Array, Wx: Array, b: Array, outputs: Sequence[Array], pool: BufferPool, factors: Array | float = 1
) -> None:
    """Equation (1), times ``factors`` (columns,), into ``outputs`` (P, ...), which share the columns from left to right."""
    xp = array_module(rows)
    with pool.lease() as scratch:
        Wx_b = with_bias(Wx, b, scratch, factors)
        start = 0
        for from_x in outputs:
            stop = start + from_x.shape[1]
            xp.matmul(rows, Wx_b[:, start:stop], out=from_x)  # (1)  (P, D + 1) @ (D + 1, columns) -> (P, columns)
            start = stop


def inputs_backward(da: Array, rows: Array, Wx: Array, steps: Steps, pool: BufferPool) -> tuple[Array, Array, Array]:
    """Equations (2) and (3): dx (N, T, D), dWx, db."""
    xp = array_module(da)
    with pool.lease() as scratch:
        dx_rows = scratch.take(xp, (len(da), len(Wx)), da.dtype)
        dx = steps.unpack(xp.matmul(da, Wx.T, out=dx_rows))  # (2)  (P, columns) @ (columns, D) -> (P, D)
    dWx_b = rows.T @ da  # (3)  (D + 1, P) @ (P, columns) -> (D + 1, columns)
    return dx, dWx_b[:-1], dWx_b[-1]
