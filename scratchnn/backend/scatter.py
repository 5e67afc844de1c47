"""Adding rows to a table at given ids, correctly if an id occurs more than once.

``table[ids] += rows`` keeps only the last of several rows with the same id. ``np.add.at`` is correct but slow on
two-dimensional rows. With NumPy the rows are therefore sorted by id, and ``np.add.reduceat`` sums each run of equal ids. On
a GPU a kernel sums the rows of each id in their order (``kernels/rows.cu``); for other dtypes and for very many ids,
``add.at`` adds atomically there, in an order that differs from run to run.
"""

from __future__ import annotations

import numpy as np

from scratchnn.backend.arrays import Array, array_module
from scratchnn.backend.kernels import MOST_IDS, kernel_device, sum_rows_on
from scratchnn.errors import DataError


def sum_rows(ids: Array, rows: Array) -> tuple[Array, Array]:
    """Sum the rows that share an id.

    Args:
        ids: integers (M,), in any order, repeats allowed.
        rows: one row per id (M, D).

    Returns:
        The distinct ids in rising order (K,) and the sum of the rows of each (K, D).
    """
    xp = array_module(rows)
    if xp is not np:
        distinct, position = xp.unique(ids, return_inverse=True)
        sums = xp.zeros((distinct.shape[0],) + rows.shape[1:], dtype=rows.dtype)
        xp.add.at(sums, position, rows)
        return distinct, sums
    if not ids.size:
        return ids, rows[:0]
    order = np.argsort(ids, kind="stable")  # stable: rows with the same id are always added in the same order
    ordered = ids[order]
    starts = np.flatnonzero(np.concatenate(([True], ordered[1:] != ordered[:-1])))
    counts = np.diff(starts, append=ids.size)
    sums = rows.take(order[starts], axis=0)
    repeated = counts > 1  # only these need a sum; in text, most ids of a batch occur once
    if repeated.any():
        runs = counts[repeated]
        members = rows.take(order[np.repeat(repeated, counts)], axis=0)
        sums[repeated] = np.add.reduceat(members, np.cumsum(runs) - runs, axis=0)
    return ordered[starts], sums


def merge_rows(ids: Array, rows: Array) -> tuple[Array, Array]:
    """``sum_rows`` without waiting for a GPU: the number of distinct ids is known only there.

    Returns:
        In host memory, what ``sum_rows`` returns. On a GPU possibly arrays of the length of ``ids``, with each sum in the
        place of the first of its rows; the ids of the others are -1 and their rows are zero.
    """
    device = kernel_device(rows) if ids.size <= MOST_IDS else None
    if device is None:
        return sum_rows(ids, rows)
    distinct, sums = sum_rows_on(device, ids, rows)
    return distinct, sums


def scatter_add(table: Array, ids: Array, rows: Array) -> None:
    """Add ``rows`` (M, D) to ``table`` (V, D) at ``ids`` (M,), in place; repeated ids add up.

    A negative id is a ``DataError`` in host memory: -1 and V - 1 would be two ids of one row.
    """
    xp = array_module(table)
    if xp is np:
        distinct, sums = sum_rows(ids, rows)
        if distinct.size and distinct[0] < 0:
            raise DataError(f"scatter_add: id {distinct[0]} is out of range 0 .. {len(table) - 1}")
        table[distinct] += sums
        return
    device = kernel_device(rows, table) if ids.size <= MOST_IDS and table.flags.c_contiguous else None
    if device is None:
        xp.add.at(table, ids, rows)
    else:
        sum_rows_on(device, ids, rows, table)
