"""What makes the whole-sequence functions fast on a CPU. None of it changes the equations that they compute.

Halved weights
    sigmoid(a) = (1 + tanh(a / 2)) / 2. With the sigmoid gates' columns of Wx, Wh and b halved once per call, one call of
    tanh computes all gates of a step; ``sigmoid_from_tanh`` does the rest.

Gates apart
    A matrix product returns the gates of a sequence side by side, (N, gates H). tanh writes them one gate after the other,
    (gates, N, H), so that everything after it runs over contiguous memory.

Bias as a row
    b is one more row of Wx, for an input that is always 1: one product computes x Wx + b, and one the gradients of both.

Slopes
    In the backward equations, what multiplies the gradients with respect to h_t and c_t does not depend on the steps after
    t. These factors, the slopes, are computed for as many steps as fit into the processor's cache. Each step is then left
    with a few products.

Product for da Wh^T
    The arrangement of Wh^T in memory that the matrix library multiplies fastest, see ``product_back``.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from scratchnn.backend import Array, Lease, array_module
from scratchnn.recurrent.steps import Step, Steps

PIECE = 1 << 18  # bytes of gates; together with what is computed from them, they fit into the second-level cache
MANY_UNITS = 128  # see product_back


def halves(b: Array, sigmoid_columns: int) -> tuple[Array, Array]:
    """Factors (columns,) for the columns of Wx, Wh and ``b`` (columns,): 1/2 for the first ``sigmoid_columns``, else 1.

    The second result is 1/2 as an array of shape (): NumPy would convert a Python number at every step.
    """
    xp = array_module(b)
    factors = xp.ones(len(b), dtype=b.real.dtype)
    factors[:sigmoid_columns] = 0.5
    return factors, xp.asarray(factors[0])


def sigmoid_from_tanh(values: Array, half: Array) -> None:
    """Turn tanh(a / 2) into sigmoid(a), in place."""
    values *= half
    values += half


def gate_by_gate(a: Array, gates: int) -> Array:
    """(N, gates H) -> (gates, N, H), a view of the same memory."""
    N, columns = a.shape
    return a.reshape(N, gates, columns // gates).transpose(1, 0, 2)


def with_bias(Wx: Array, b: Array, lease: Lease, factors: Array | float = 1) -> Array:
    """``Wx`` (D, columns) and ``b`` (columns,) as one array (D + 1, columns), times ``factors`` (columns,)."""
    xp = array_module(Wx)
    D, columns = Wx.shape
    Wx_b = lease.take(xp, (D + 1, columns), xp.result_type(Wx, b))
    xp.multiply(Wx, factors, out=Wx_b[:-1])
    xp.multiply(b, factors, out=Wx_b[-1])
    return Wx_b


def product_back(Wh: Array, N: int, dtype: Any, lease: Lease) -> tuple[Array, Array]:
    """Wh^T (4H, H), and an array (N, H) for the products ``da Wh^T``; the second does not belong to ``lease``.

    OpenBLAS multiplies two arrays with contiguous rows fastest, so Wh^T is copied. With large weights and few sequences, it
    is faster still if the columns of the product are contiguous: its threads then divide the weights among themselves,
    read them in place, and do not wait for each other. Measured in ``benchmarks/README.md``.
    """
    xp = array_module(Wh)
    H = len(Wh)
    if xp is np and max(MANY_UNITS, 4 * N) <= H:
        return Wh.T, np.empty((H, N), dtype=dtype).T
    return lease.copy(Wh.T), xp.empty((N, H), dtype=dtype)


def pieces(steps: Steps, *gates: Array) -> Iterator[tuple[slice, int, list[tuple[int, slice]]]]:
    """Pieces of consecutive steps with the same number of sequences, the last piece first.

    On a CPU the ``gates`` (P, ...) of a piece fit into its cache, and a piece has at most half of the steps, so that every
    gradient check crosses a boundary between two pieces. On a GPU, where each call costs much, a new piece begins only
    where the number of sequences changes.

    Yields:
        All rows of the piece; the number of sequences N_t; and for each of its steps, the last one first, the step's number
        in the piece and its rows in arrays of P rows.
    """
    most = len(steps.steps)
    if array_module(gates[0]) is np:
        most = min((most + 1) // 2, PIECE * most // max(sum(gate.nbytes for gate in gates), 1))
    found: list[list[Step]] = []  # in each, the last step first
    for step in reversed(steps):
        if not found or len(found[-1]) >= most or found[-1][0].N_t != step.N_t:
            found.append([])
        found[-1].append(step)
    for piece in found:
        rows = slice(piece[-1].rows.start, piece[0].rows.stop)
        numbers = reversed(range(len(piece)))
        yield rows, piece[0].N_t, [(k, step.rows) for k, step in zip(numbers, piece, strict=True)]
