"""Large arrays one block at a time: intermediate results for a block stay in the CPU's cache until they are used."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from scratchnn.backend.arrays import Array

BLOCK = 1 << 15  # entries


def blocks(*arrays: Array, entries: int | None = None) -> Iterator[Sequence[Array]]:
    """Views of the arrays, all of one length, split along the first axis.

    Each view of the first array has about ``entries`` entries, ``BLOCK`` if None. On a GPU each array is one block: there a
    call costs more than the memory traffic that it saves.
    """
    first = arrays[0]
    entries = entries or BLOCK
    if first.size <= entries or not isinstance(first, np.ndarray):
        yield arrays
        return
    rows = max(1, entries * first.shape[0] // first.size)
    for start in range(0, first.shape[0], rows):
        yield [array[start : start + rows] for array in arrays]
