"""Large arrays, one block at a time: the results for a block stay in the CPU's cache until they have been used."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from scratchnn.backend.arrays import Array

BLOCK = 1 << 15  # entries


def blocks(*arrays: Array, entries: int | None = None) -> Iterator[Sequence[Array]]:
    """Views of arrays of equal length, cut along the first axis.

    A GPU gets each array in one piece: there a call costs more than the memory accesses that it saves.

    Args:
        arrays: of any shapes with the same first axis.
        entries: approximate number of entries of the first array in each block; defaults to ``BLOCK``.
    """
    first = arrays[0]
    entries = entries or BLOCK
    if first.size <= entries or not isinstance(first, np.ndarray):
        yield arrays
        return
    rows = max(1, entries * first.shape[0] // first.size)
    for start in range(0, first.shape[0], rows):
        yield [array[start : start + rows] for array in arrays]
